"""The CloudWatch dashboards: ECS, load balancer, application, Container Insights and Redis."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from service.observability import metrics as names
from vimbisopay_infra.cloudwatch import LOG_ERRORS_METRIC, CloudWatchMetric, MonitoredResources
from vimbisopay_infra.environment import REGION
from vimbisopay_infra.tf import Construct, cloudwatch_dashboard

__all__ = ("Dashboards",)

WIDTH, HEIGHT, COLUMNS = 8, 6, 3


@dataclass(frozen=True, slots=True)
class GraphWidget:
    """A line graph of metrics; a string is a metric math or search expression."""

    title: str
    metrics: Sequence[CloudWatchMetric | str]


def _send_failures_by_code(environment: str) -> str:
    """A search expression, because WhatsApp's error codes are not known in advance."""
    dimensions = f"{names.NAMESPACE},{names.ENVIRONMENT},{names.CODE}"
    filters = f'MetricName="{names.SEND_FAILURES.name}" {names.ENVIRONMENT}="{environment}"'
    return f"SEARCH('{{{dimensions}}} {filters}', 'Sum', 60)"


def _ecs(resources: MonitoredResources) -> list[GraphWidget]:
    services = (resources.web_service, resources.state_service)
    return [
        GraphWidget("CPU %", [resources.ecs_metric(service, "CPUUtilization") for service in services]),
        GraphWidget("Memory %", [resources.ecs_metric(service, "MemoryUtilization") for service in services]),
        GraphWidget("Errors in the log", [CloudWatchMetric(names.NAMESPACE, LOG_ERRORS_METRIC, {}, "Sum")]),
    ]


def _load_balancer(resources: MonitoredResources) -> list[GraphWidget]:
    load_balancer, target_group = resources.load_balancer_metric, resources.target_group_metric
    web_acl = {"WebACL": resources.environment.prefix, "Region": REGION, "Rule": "ALL"}
    return [
        GraphWidget("Requests", [load_balancer("RequestCount")]),
        GraphWidget(
            "Answers",
            [target_group(f"HTTPCode_Target_{status}_Count", "Sum") for status in ("2XX", "4XX", "5XX")]
            + [load_balancer("HTTPCode_ELB_5XX_Count")],
        ),
        GraphWidget(
            "Time to answer, s", [target_group("TargetResponseTime", percentile) for percentile in ("p50", "p99")]
        ),
        GraphWidget(
            "Tasks", [target_group("HealthyHostCount", "Minimum"), target_group("UnHealthyHostCount", "Maximum")]
        ),
        GraphWidget("Requests per task", [target_group("RequestCountPerTarget", "Sum")]),
        GraphWidget("Blocked by the firewall", [CloudWatchMetric("AWS/WAFV2", "BlockedRequests", web_acl, "Sum")]),
    ]


def _application(resources: MonitoredResources) -> list[GraphWidget]:
    metric = resources.service_metric
    return [
        GraphWidget("Messages", [metric(names.MESSAGES_RECEIVED), metric(names.MESSAGES_SENT), metric(names.TURNS)]),
        GraphWidget("Reply time, ms", [metric(names.REPLY_MS, "p50"), metric(names.REPLY_MS, "p99")]),
        GraphWidget("Failures by code", [_send_failures_by_code(resources.environment.name)]),
        GraphWidget("Age of inbox and outbox, ms", [metric(names.INBOX_AGE_MS), metric(names.OUTBOX_AGE_MS)]),
        GraphWidget("Dead letters", [metric(names.DEAD_LETTERS)]),
        GraphWidget("Sending stopped", [metric(names.SENDING_STOPPED)]),
    ]


def _container_insights(resources: MonitoredResources) -> list[GraphWidget]:
    services = (resources.web_service, resources.state_service)
    return [
        GraphWidget(title, [resources.container_insights_metric(service, metric) for service in services])
        for title, metric in (
            ("Tasks running", "RunningTaskCount"),
            ("Tasks pending", "PendingTaskCount"),
            ("CPU units", "CpuUtilized"),
            ("Memory, MiB", "MemoryUtilized"),
            ("Network in, bytes/s", "NetworkRxBytes"),
            ("Network out, bytes/s", "NetworkTxBytes"),
        )
    ]


def _redis(resources: MonitoredResources) -> list[GraphWidget]:
    metric, cache = resources.service_metric, resources.cache_node_metrics
    return [
        GraphWidget("State: memory, bytes", [metric(names.STATE_USED_MEMORY), metric(names.STATE_MAX_MEMORY)]),
        GraphWidget("State: CPU %", [metric(names.STATE_CPU_PERCENT)]),
        GraphWidget("State: network, bytes", [metric(names.STATE_NETWORK_IN), metric(names.STATE_NETWORK_OUT)]),
        GraphWidget("State: hit rate %", [metric(names.STATE_HIT_RATE)]),
        GraphWidget("State: clients", [metric(names.STATE_CLIENTS)]),
        GraphWidget(
            "State: evictions, failed writes, up",
            [metric(names.STATE_EVICTED_KEYS), metric(names.STATE_AOF_FAILED), metric(names.STATE_UP)],
        ),
        GraphWidget("Cache: memory %", cache("DatabaseMemoryUsageCountedForEvictPercentage")),
        GraphWidget("Cache: CPU %", cache("EngineCPUUtilization")),
        GraphWidget("Cache: network, bytes", [*cache("NetworkBytesIn", "Sum"), *cache("NetworkBytesOut", "Sum")]),
        GraphWidget("Cache: hit rate %", cache("CacheHitRate", "Average")),
        GraphWidget("Cache: clients", cache("CurrConnections")),
        GraphWidget("Cache: evictions", cache("Evictions", "Sum")),
    ]


DASHBOARDS = {
    "ecs": _ecs,
    "alb": _load_balancer,
    "application": _application,
    "container-insights": _container_insights,
    "redis": _redis,
}


def _dashboard_body(widgets: Sequence[GraphWidget]) -> str:
    """The JSON of a dashboard, with the widgets in three columns."""
    definitions = [
        {
            "type": "metric",
            "x": index % COLUMNS * WIDTH,
            "y": index // COLUMNS * HEIGHT,
            "width": WIDTH,
            "height": HEIGHT,
            "properties": {
                "title": widget.title,
                "region": REGION,
                "period": 60,
                "view": "timeSeries",
                "metrics": [
                    [{"expression": metric, "id": f"e{number}"}]
                    if isinstance(metric, str)
                    else metric.as_widget_metric()
                    for number, metric in enumerate(widget.metrics)
                ],
            },
        }
        for index, widget in enumerate(widgets)
    ]
    return json.dumps({"widgets": definitions})


class Dashboards(Construct):
    """The dashboards, named `<prefix>-<title>`."""

    def __init__(self, scope: Construct, name: str, resources: MonitoredResources) -> None:
        """Create the dashboards."""
        super().__init__(scope, name)
        for title, widgets in DASHBOARDS.items():
            cloudwatch_dashboard.CloudwatchDashboard(
                self,
                title,
                dashboard_name=f"{resources.environment.prefix}-{title}",
                dashboard_body=_dashboard_body(widgets(resources)),
            )
