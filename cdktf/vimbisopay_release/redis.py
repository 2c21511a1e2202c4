"""Both Redises: ElastiCache says how the cache is, ECS how the state is."""

from __future__ import annotations

from typing import Any

__all__ = ("unhealthy",)


def unhealthy(elasticache: Any, ecs: Any, *, replication_group: str, cluster: str, state_service: str) -> list[str]:
    """What is wrong with them, a line each; nothing when both are well."""
    problems = []
    group = elasticache.describe_replication_groups(ReplicationGroupId=replication_group)["ReplicationGroups"][0]
    if group["Status"] != "available":
        problems.append(f"the cache {replication_group} is {group['Status']}")
    problems += [
        f"shard {shard['NodeGroupId']} of the cache is {shard['Status']}"
        for shard in group.get("NodeGroups", ())
        if shard["Status"] != "available"
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
