"""The health of both Redises: ElastiCache reports the cache's, ECS the state's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ("unhealthy", "wait_until_healthy")

PAUSE_S: Final = 15.0
MAX_ATTEMPTS: Final = 20
SERVING: Final = {"available", "modifying", "snapshotting"}
"""In these states the cache answers, also while shards are added or its password is changed."""


def wait_until_healthy(
    check: Callable[[], list[str]], *, report: Callable[[str], None], sleep: Callable[[float], None]
) -> bool:
    """Whether both became healthy within five minutes; a new task has no health status at first."""
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
    """The problems of both Redises, one line each; empty if both are healthy."""
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
