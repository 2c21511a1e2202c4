"""Both Redises: ElastiCache says how the cache is, ECS how the state is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ("unhealthy", "wait_until_healthy")

PAUSE_S: Final = 15.0
MAX_ATTEMPTS: Final = 20
SERVING: Final = {"available", "modifying", "snapshotting"}
"""A cache whose shards are being added or whose password is being changed answers all the while."""


def wait_until_healthy(
    check: Callable[[], list[str]], *, report: Callable[[str], None], sleep: Callable[[float], None]
) -> bool:
    """Whether both were well within five minutes: a task that has just started is not yet known to be."""
    last_problems: list[str] = []
    for _ in range(MAX_ATTEMPTS):
        problems = check()
        if not problems:
            return True
        if problems != last_problems:
            for problem in problems:
                report(problem)
            last_problems = problems
        sleep(PAUSE_S)
    return False


def unhealthy(elasticache: Any, ecs: Any, *, replication_group: str, cluster: str, state_service: str) -> list[str]:
    """What is wrong with them, a line each; nothing when both are well."""
    problems = []
    group = elasticache.describe_replication_groups(ReplicationGroupId=replication_group)["ReplicationGroups"][0]
    if group["Status"] not in SERVING:
        problems.append(f"the cache {replication_group} is {group['Status']}")
    problems += [
        f"shard {shard['NodeGroupId']} of the cache is {shard['Status']}"
        for shard in group.get("NodeGroups", ())
        if shard["Status"] not in SERVING
    ]
    arns = ecs.list_tasks(cluster=cluster, serviceName=state_service, desiredStatus="RUNNING")["taskArns"]
    if len(arns) != 1:
        problems.append(f"the state has {len(arns)} running tasks, and must have one")
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    problems += [
        f"the state's task is {task.get('healthStatus', 'UNKNOWN').lower()}"
        for task in tasks
        if task.get("healthStatus") != "HEALTHY"
    ]
    return problems
