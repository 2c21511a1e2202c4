"""What can be measured, as alarms and dashboards both name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.observability.metrics import ENVIRONMENT, NAMESPACE, Metric
from vimbisopay_infra.environment import Environment

__all__ = ("Reading", "Subjects", "cache_nodes", "of_service")


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric of CloudWatch: what it is about, and how its values of a period make one."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str

    def drawn(self, label: str = "") -> list[object]:
        """As a dashboard's widget wants it."""
        flat = [part for pair in self.dimensions.items() for part in pair]
        return [self.namespace, self.name, *flat, {"stat": self.statistic, **({"label": label} if label else {})}]


@dataclass(frozen=True, slots=True)
class Subjects:
    """The resources that are watched, by the names that CloudWatch knows them by."""

    environment: Environment
    cluster: str
    web: str
    state: str
    balancer: str
    targets: str
    files: str
    health_check: str
    certificate_arn: str

    def ecs(self, service: str, metric: str, statistic: str = "Average") -> Reading:
        """Of an ECS service: CPUUtilization, MemoryUtilization."""
        return Reading("AWS/ECS", metric, {"ClusterName": self.cluster, "ServiceName": service}, statistic)

    def insight(self, service: str, metric: str, statistic: str = "Average") -> Reading:
        """Of Container Insights."""
        dimensions = {"ClusterName": self.cluster, "ServiceName": service}
        return Reading("ECS/ContainerInsights", metric, dimensions, statistic)

    def alb(self, metric: str, statistic: str = "Sum") -> Reading:
        """Of the load balancer as a whole."""
        return Reading("AWS/ApplicationELB", metric, {"LoadBalancer": self.balancer}, statistic)

    def target(self, metric: str, statistic: str) -> Reading:
        """Of the tasks behind it."""
        dimensions = {"LoadBalancer": self.balancer, "TargetGroup": self.targets}
        return Reading("AWS/ApplicationELB", metric, dimensions, statistic)

    def app(self, metric: Metric, statistic: str = "") -> Reading:
        """Of the service's own."""
        return of_service(metric, self.environment, statistic)

    def cache(self, metric: str, statistic: str = "Maximum") -> list[Reading]:
        """Of each node that the cache can have; a node that is not there has no values."""
        return [
            Reading("AWS/ElastiCache", metric, {"CacheClusterId": node}, statistic)
            for node in cache_nodes(self.environment)
        ]


def of_service(metric: Metric, environment: Environment, statistic: str = "") -> Reading:
    """A metric of our list, as the service publishes it."""
    return Reading(NAMESPACE, metric.name, {ENVIRONMENT: environment.name}, statistic or metric.statistic)


def cache_nodes(environment: Environment) -> list[str]:
    """The nodes that ElastiCache names so, with as many shards as there may be."""
    cache, group = environment.cache, f"{environment.prefix}-cache"
    shards = [f"{group}-{shard:04d}" for shard in range(1, cache.most_shards + 1)] if cache.cluster else [group]
    return [f"{shard}-{node:03d}" for shard in shards for node in range(1, cache.replicas + 2)]
