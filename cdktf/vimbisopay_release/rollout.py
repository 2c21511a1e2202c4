"""Amazon ECS: the image that a service runs, the result of its newest deployment, and why tasks stopped.

Shapes: boto3's ECS client, ``describe_services``, ``describe_tasks``, ``describe_task_definition`` (2026).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ("NotStableError", "image_tag", "stop_reasons", "wait_until_stable")

PAUSE_S: Final = 15.0
MAX_ATTEMPTS: Final = 80
"""Twenty minutes: longer than the circuit breaker takes to fail a deployment."""


class NotStableError(RuntimeError):
    """The deployment failed; the text contains the reason that ECS gives."""


def image_tag(ecs: Any, *, cluster: str, service: str, container: str) -> str:
    """The tag of the image that the service runs; empty if the service or the cluster does not exist yet."""
    try:
        found = ecs.describe_services(cluster=cluster, services=[service])["services"]
    except ecs.exceptions.ClusterNotFoundException:
        return ""
    if not found or found[0]["status"] != "ACTIVE":
        return ""
    definition = ecs.describe_task_definition(taskDefinition=found[0]["taskDefinition"])["taskDefinition"]
    images = [each["image"] for each in definition["containerDefinitions"] if each["name"] == container]
    return str(images[0]).rpartition(":")[2] if images else ""


def wait_until_stable(
    ecs: Any,
    *,
    cluster: str,
    service: str,
    task_definition: str,
    report: Callable[[str], None],
    sleep: Callable[[float], None],
) -> None:
    """Wait until the only deployment is complete and has this task definition.

    The task definition is compared because a service is also stable after the circuit breaker has rolled it back.

    Raises:
        NotStableError: the deployment failed, was rolled back, or took too long.
    """
    last_report = ""
    for _ in range(MAX_ATTEMPTS):
        found = ecs.describe_services(cluster=cluster, services=[service])["services"]
        if not found:
            raise NotStableError(f"there is no service {service} in {cluster}")
        deployments = found[0]["deployments"]
        newest = next(each for each in deployments if each["status"] == "PRIMARY")
        if newest["taskDefinition"] != task_definition:
            raise NotStableError(_rollback_message(service, newest, deployments))
        state = newest.get("rolloutState", "IN_PROGRESS")
        progress = f"{service}: {newest['runningCount']} of {newest['desiredCount']} run, {state.lower()}"
        if progress != last_report:
            report(progress)
            last_report = progress
        if state == "FAILED":
            raise NotStableError(f"{service}: {newest.get('rolloutStateReason', 'ECS gives no reason')}")
        if state == "COMPLETED" and len(deployments) == 1:
            return
        sleep(PAUSE_S)
    raise NotStableError(f"{service} was not stable after {MAX_ATTEMPTS * PAUSE_S / 60:.0f} minutes: {last_report}")


def _rollback_message(service: str, newest: dict[str, Any], deployments: list[dict[str, Any]]) -> str:
    reasons = [each["rolloutStateReason"] for each in deployments if each.get("rolloutState") == "FAILED"]
    reason = (reasons or [newest.get("rolloutStateReason", "ECS gives no reason")])[0]
    return f"{service} does not run what was deployed, but {newest['taskDefinition'].rpartition('/')[2]}: {reason}"


def stop_reasons(ecs: Any, *, cluster: str, service: str) -> list[str]:
    """One line for each stopped task of the service; ECS keeps stopped tasks for about an hour."""
    arns = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus="STOPPED")["taskArns"]
    if not arns:
        return []
    lines = []
    for task in ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]:
        ended = [
            f"{each['name']} exited {each['exitCode']}" if "exitCode" in each else f"{each['name']}: {each['reason']}"
            for each in task["containers"]
            if "exitCode" in each or "reason" in each
        ]
        name = task["taskArn"].rpartition("/")[2]
        lines.append("; ".join([f"{name}: {task.get('stoppedReason', 'no reason given')}", *ended]))
    return lines
