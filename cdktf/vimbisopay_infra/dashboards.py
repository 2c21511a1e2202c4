"""What operators look at: a dashboard each for containers, load balancer, application, container insights and Redis."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from service.observability import metrics
from vimbisopay_infra.alarms import LOG_ERRORS
from vimbisopay_infra.environment import REGION
from vimbisopay_infra.readings import Reading, Subjects
from vimbisopay_infra.tf import Construct, cloudwatch_dashboard

__all__ = ("Dashboards",)

WIDTH, HEIGHT, ACROSS = 8, 6, 3


@dataclass(frozen=True, slots=True)
class Graph:
    """One picture: `lines` are readings, or expressions of CloudWatch's search."""

    title: str
    lines: Sequence[Reading | str]


def _codes(environment: str) -> str:
    """Failures by WhatsApp's code: which codes there are is not known beforehand."""
    dimensions = f"{metrics.NAMESPACE},{metrics.ENVIRONMENT},{metrics.CODE}"
    found = f'MetricName="{metrics.SEND_FAILURES.name}" {metrics.ENVIRONMENT}="{environment}"'
    return f"SEARCH('{{{dimensions}}} {found}', 'Sum', 60)"


def _pages(on: Subjects) -> dict[str, list[Graph]]:
    app, both = on.app, (on.web, on.state)
    return {
        "ecs": [
            Graph("CPU %", [on.ecs(service, "CPUUtilization") for service in both]),
            Graph("Memory %", [on.ecs(service, "MemoryUtilization") for service in both]),
            Graph("Errors in the log", [Reading(metrics.NAMESPACE, LOG_ERRORS, {}, "Sum")]),
        ],
        "alb": [
            Graph("Requests", [on.alb("RequestCount")]),
            Graph(
                "Answers",
                [on.target(f"HTTPCode_Target_{kind}_Count", "Sum") for kind in ("2XX", "4XX", "5XX")]
                + [on.alb("HTTPCode_ELB_5XX_Count")],
            ),
            Graph("Time to answer, s", [on.target("TargetResponseTime", which) for which in ("p50", "p99")]),
            Graph("Tasks", [on.target("HealthyHostCount", "Minimum"), on.target("UnHealthyHostCount", "Maximum")]),
            Graph("Requests per task", [on.target("RequestCountPerTarget", "Sum")]),
            Graph(
                "Blocked by the firewall",
                [
                    Reading(
                        "AWS/WAFV2",
                        "BlockedRequests",
                        {"WebACL": on.environment.prefix, "Region": REGION, "Rule": "ALL"},
                        "Sum",
                    )
                ],
            ),
        ],
        "application": [
            Graph("Messages", [app(metrics.MESSAGES_RECEIVED), app(metrics.MESSAGES_SENT), app(metrics.TURNS)]),
            Graph("Reply time, ms", [app(metrics.REPLY_MS, "p50"), app(metrics.REPLY_MS, "p99")]),
            Graph("Failures by code", [_codes(on.environment.name)]),
            Graph("Age of inbox and outbox, ms", [app(metrics.INBOX_AGE_MS), app(metrics.OUTBOX_AGE_MS)]),
            Graph("Dead letters", [app(metrics.DEAD_LETTERS)]),
            Graph("Sending stopped", [app(metrics.SENDING_STOPPED)]),
        ],
        "container-insights": [
            Graph("Tasks running", [on.insight(service, "RunningTaskCount") for service in both]),
            Graph("Tasks pending", [on.insight(service, "PendingTaskCount") for service in both]),
            Graph("CPU units", [on.insight(service, "CpuUtilized") for service in both]),
            Graph("Memory, MiB", [on.insight(service, "MemoryUtilized") for service in both]),
            Graph("Network in, bytes/s", [on.insight(service, "NetworkRxBytes") for service in both]),
            Graph("Network out, bytes/s", [on.insight(service, "NetworkTxBytes") for service in both]),
        ],
        "redis": [
            Graph("State: memory, bytes", [app(metrics.STATE_USED_MEMORY), app(metrics.STATE_MAX_MEMORY)]),
            Graph("State: CPU %", [app(metrics.STATE_CPU_PERCENT)]),
            Graph("State: network, bytes", [app(metrics.STATE_NETWORK_IN), app(metrics.STATE_NETWORK_OUT)]),
            Graph("State: hit rate %", [app(metrics.STATE_HIT_RATE)]),
            Graph("State: clients", [app(metrics.STATE_CLIENTS)]),
            Graph(
                "State: evictions, failed writes, up",
                [app(metrics.STATE_EVICTED_KEYS), app(metrics.STATE_AOF_FAILED), app(metrics.STATE_UP)],
            ),
            Graph("Cache: memory %", on.cache("DatabaseMemoryUsageCountedForEvictPercentage")),
            Graph("Cache: CPU %", on.cache("EngineCPUUtilization")),
            Graph("Cache: network, bytes", [*on.cache("NetworkBytesIn", "Sum"), *on.cache("NetworkBytesOut", "Sum")]),
            Graph("Cache: hit rate %", on.cache("CacheHitRate", "Average")),
            Graph("Cache: clients", on.cache("CurrConnections")),
            Graph("Cache: evictions", on.cache("Evictions", "Sum")),
        ],
    }


def _body(graphs: Sequence[Graph]) -> str:
    widgets = [
        {
            "type": "metric",
            "x": at % ACROSS * WIDTH,
            "y": at // ACROSS * HEIGHT,
            "width": WIDTH,
            "height": HEIGHT,
            "properties": {
                "title": graph.title,
                "region": REGION,
                "period": 60,
                "view": "timeSeries",
                "metrics": [
                    [{"expression": line, "id": f"e{number}"}] if isinstance(line, str) else line.drawn()
                    for number, line in enumerate(graph.lines)
                ],
            },
        }
        for at, graph in enumerate(graphs)
    ]
    return json.dumps({"widgets": widgets})


class Dashboards(Construct):
    """The dashboards, named `<prefix>-<page>`."""

    def __init__(self, scope: Construct, name: str, on: Subjects) -> None:
        """Create them."""
        super().__init__(scope, name)
        for page, graphs in _pages(on).items():
            cloudwatch_dashboard.CloudwatchDashboard(
                self, page, dashboard_name=f"{on.environment.prefix}-{page}", dashboard_body=_body(graphs)
            )
