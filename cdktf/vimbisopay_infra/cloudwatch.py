"""CloudWatch metrics of the deployed resources, shared by alarms and dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from service.observability.metrics import ENVIRONMENT, NAMESPACE, Metric
from vimbisopay_infra.environment import Environment

__all__ = ("LOG_ERRORS_METRIC", "CloudWatchMetric", "MonitoredResources", "cache_node_ids")

LOG_ERRORS_METRIC: Final = "log_errors"
"""The number of errors in the service's log, which a metric filter counts."""


@dataclass(frozen=True, slots=True)
class CloudWatchMetric:
    """A CloudWatch metric with its dimensions, and the statistic that aggregates the values of a period."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str

    def as_widget_metric(self) -> list[object]:
        """An element of the `metrics` array of a dashboard widget."""
        dimensions = [part for pair in self.dimensions.items() for part in pair]
        return [self.namespace, self.name, *dimensions, {"stat": self.statistic}]


@dataclass(frozen=True, slots=True)
class MonitoredResources:
    """The names and ids of the monitored resources, as they appear in CloudWatch dimensions."""

    environment: Environment
    cluster_name: str
    web_service: str
    state_service: str
    load_balancer: str
    target_group: str
    file_system_id: str
    health_check_id: str
    certificate_arn: str

    def ecs_metric(self, service: str, metric: str, statistic: str = "Average") -> CloudWatchMetric:
        """A metric of an ECS service: CPUUtilization or MemoryUtilization."""
        return CloudWatchMetric(
            "AWS/ECS", metric, {"ClusterName": self.cluster_name, "ServiceName": service}, statistic
        )

    def container_insights_metric(self, service: str, metric: str, statistic: str = "Average") -> CloudWatchMetric:
        """A metric that Container Insights publishes for an ECS service."""
        dimensions = {"ClusterName": self.cluster_name, "ServiceName": service}
        return CloudWatchMetric("ECS/ContainerInsights", metric, dimensions, statistic)

    def load_balancer_metric(self, metric: str, statistic: str = "Sum") -> CloudWatchMetric:
        """A metric of the load balancer."""
        return CloudWatchMetric("AWS/ApplicationELB", metric, {"LoadBalancer": self.load_balancer}, statistic)

    def target_group_metric(self, metric: str, statistic: str) -> CloudWatchMetric:
        """A metric of the target group, which contains the tasks."""
        dimensions = {"LoadBalancer": self.load_balancer, "TargetGroup": self.target_group}
        return CloudWatchMetric("AWS/ApplicationELB", metric, dimensions, statistic)

    def service_metric(self, metric: Metric, statistic: str = "") -> CloudWatchMetric:
        """A metric that the service publishes; `statistic` overrides the metric's own."""
        dimensions = {ENVIRONMENT: self.environment.name}
        return CloudWatchMetric(NAMESPACE, metric.name, dimensions, statistic or metric.statistic)

    def cache_node_metrics(self, metric: str, statistic: str = "Maximum") -> list[CloudWatchMetric]:
        """A metric of every node that the cache can have; nodes that do not exist publish no data."""
        return [
            CloudWatchMetric("AWS/ElastiCache", metric, {"CacheClusterId": node}, statistic)
            for node in cache_node_ids(self.environment)
        ]


def cache_node_ids(environment: Environment) -> list[str]:
    """The ids that ElastiCache gives to the nodes, for the largest number of shards."""
    cache, group = environment.cache, f"{environment.prefix}-cache"
    shards = [f"{group}-{shard:04d}" for shard in range(1, cache.max_shards + 1)] if cache.cluster else [group]
    return [f"{shard}-{node:03d}" for shard in shards for node in range(1, cache.replicas + 2)]
