"""The CloudWatch alarms: their metrics, thresholds and descriptions. `alarms.py` creates them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from service.observability import metrics as names
from vimbisopay_infra.cloudwatch import LOG_ERRORS_METRIC, CloudWatchMetric, MonitoredResources

__all__ = ("Alarm", "alarm_definitions")

ROUTE53_METRICS_REGION: Final = "us-east-1"
"""Route 53 publishes the metrics of its health checks only here."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One CloudWatch alarm.

    Attributes:
        name: the last part of the alarm's name.
        description: what the alarm means for members and what the operator should do first.
        metrics: the metrics; if there are several, `expression` combines them under the ids m0, m1, ...
        greater_than: the threshold of an alarm that is raised by larger values.
        less_than: the threshold of an alarm that is raised by smaller values. Exactly one of the two is given.
        expression: a CloudWatch metric math expression over `metrics`; empty if there is one metric.
        period_minutes: the length of a period.
        evaluation_periods: the number of successive periods that must breach the threshold.
        treat_missing_data: how a period without data is evaluated.
        region: the region of the metric and of the alarm, if it is not the stack's.
    """

    name: str
    description: str
    metrics: Sequence[CloudWatchMetric]
    greater_than: float | None = None
    less_than: float | None = None
    expression: str = ""
    period_minutes: int = 1
    evaluation_periods: int = 1
    treat_missing_data: Literal["breaching", "notBreaching", "missing"] = "notBreaching"
    region: str | None = None


def alarm_definitions(resources: MonitoredResources) -> list[Alarm]:
    """All alarms of an environment."""
    groups = (
        _message_alarms,
        _state_redis_alarms,
        _task_alarms,
        _load_balancer_alarms,
        _cache_alarms,
        _other_alarms,
    )
    return [alarm for group in groups for alarm in group(resources)]


def _message_alarms(resources: MonitoredResources) -> list[Alarm]:
    """Alarms on what the service publishes about messages."""
    service = resources.service_metric
    return [
        Alarm(
            "inbox-age",
            "Members wait for an answer: workers stand still or core is slow.",
            [service(names.INBOX_AGE_MS)],
            greater_than=60_000,
            evaluation_periods=3,
            treat_missing_data="breaching",
        ),
        Alarm(
            "outbox-age",
            "Answers are not delivered: WhatsApp refuses, slows us down, or is away.",
            [service(names.OUTBOX_AGE_MS)],
            greater_than=120_000,
            evaluation_periods=3,
            treat_missing_data="breaching",
        ),
        Alarm(
            "dead-letters",
            "A message could not be handled and was given up: look at it, put it back or drop it.",
            [service(names.DEAD_LETTERS)],
            greater_than=0,
        ),
        Alarm(
            "sending-stopped",
            "WhatsApp has stopped all our sending (token, block or payment). The outbox is kept.",
            [service(names.SENDING_STOPPED)],
            greater_than=0,
        ),
        Alarm(
            "reply-time",
            "One reply in a hundred takes longer than a turn may.",
            [service(names.REPLY_MS)],
            greater_than=25_000,
            period_minutes=5,
            evaluation_periods=3,
        ),
        Alarm(
            "send-failures",
            "WhatsApp refuses many messages: the dashboard shows their codes.",
            [service(names.SEND_FAILURES), service(names.MESSAGES_SENT)],
            expression="IF(m0 > 20, 100 * m0 / (m0 + FILL(m1, 0)), 0)",
            greater_than=10,
            period_minutes=5,
            evaluation_periods=2,
        ),
    ]


def _state_redis_alarms(resources: MonitoredResources) -> list[Alarm]:
    """Alarms on what the service publishes about the state Redis."""
    service = resources.service_metric
    return [
        Alarm(
            "state-away",
            "The state Redis does not answer: nothing is stored, Meta will deliver again.",
            [service(names.STATE_UP)],
            less_than=1,
            evaluation_periods=3,
            treat_missing_data="breaching",
        ),
        Alarm(
            "state-memory",
            "The state Redis fills up. At 100 % no message is stored any more: make it larger.",
            [service(names.STATE_MEMORY_PERCENT)],
            greater_than=resources.environment.state.alarm_percent,
            evaluation_periods=5,
        ),
        Alarm(
            "state-evictions",
            "The state Redis evicts keys: its policy is not noeviction. Stop and repair this.",
            [service(names.STATE_EVICTED_KEYS)],
            greater_than=0,
        ),
        Alarm(
            "state-aof",
            "The state Redis cannot write its append-only file: it acknowledges nothing any more.",
            [service(names.STATE_AOF_FAILED)],
            greater_than=0,
        ),
    ]


def _task_alarms(resources: MonitoredResources) -> list[Alarm]:
    """Alarms on the tasks of both services, and on errors in the service's log."""
    ecs, target_group = resources.ecs_metric, resources.target_group_metric
    web, state = resources.web_service, resources.state_service
    return [
        Alarm(
            "errors",
            "Errors in the log spike.",
            [CloudWatchMetric(names.NAMESPACE, LOG_ERRORS_METRIC, {}, "Sum")],
            greater_than=resources.environment.errors_per_5_minutes,
            period_minutes=5,
        ),
        Alarm(
            "web-cpu",
            "The tasks are busy although there are as many as may be.",
            [ecs(web, "CPUUtilization")],
            greater_than=90,
            period_minutes=5,
            evaluation_periods=2,
        ),
        Alarm(
            "web-memory",
            "The tasks are short of memory.",
            [ecs(web, "MemoryUtilization")],
            greater_than=90,
            period_minutes=5,
            evaluation_periods=2,
        ),
        Alarm(
            "state-cpu",
            "The state Redis is busy: it has one core.",
            [ecs(state, "CPUUtilization")],
            greater_than=80,
            period_minutes=5,
            evaluation_periods=2,
        ),
        Alarm(
            "state-task-memory",
            "The task of the state Redis is short of memory: it may be ended.",
            [ecs(state, "MemoryUtilization")],
            greater_than=85,
            period_minutes=5,
            evaluation_periods=2,
        ),
        Alarm(
            "unhealthy-tasks",
            "Tasks fail their health check.",
            [target_group("UnHealthyHostCount", "Maximum")],
            greater_than=0,
            evaluation_periods=5,
        ),
        Alarm(
            "too-few-tasks",
            "Fewer tasks serve than should.",
            [target_group("HealthyHostCount", "Minimum")],
            less_than=resources.environment.tasks.min_capacity,
            evaluation_periods=10,
            treat_missing_data="breaching",
        ),
    ]


def _load_balancer_alarms(resources: MonitoredResources) -> list[Alarm]:
    """Alarms on the requests that the load balancer answers."""
    load_balancer = resources.load_balancer_metric
    return [
        Alarm(
            "server-errors",
            "More than one request in twenty is answered with 5xx.",
            [
                load_balancer("HTTPCode_Target_5XX_Count"),
                load_balancer("HTTPCode_ELB_5XX_Count"),
                load_balancer("RequestCount"),
            ],
            # RequestCount excludes requests that the load balancer answered itself because no task was available.
            expression="IF(FILL(m2, 0) + FILL(m1, 0) > 20,"
            " 100 * (FILL(m0, 0) + FILL(m1, 0)) / (FILL(m2, 0) + FILL(m1, 0)), 0)",
            greater_than=5,
            period_minutes=5,
        ),
    ]


def _cache_alarms(resources: MonitoredResources) -> list[Alarm]:
    """Alarms on the nodes of the cache: the worst node, or the sum of all nodes."""
    memory = resources.cache_node_metrics("DatabaseMemoryUsageCountedForEvictPercentage")
    cpu = resources.cache_node_metrics("EngineCPUUtilization")
    evictions = resources.cache_node_metrics("Evictions", "Sum")
    nodes = ", ".join(f"m{index}" for index in range(len(memory)))
    return [
        Alarm(
            "cache-memory",
            "The cache is full although it has all its shards: it forgets sooner, all goes on.",
            memory,
            expression=f"MAX([{nodes}])",
            greater_than=90,
            period_minutes=5,
            evaluation_periods=3,
        ),
        Alarm(
            "cache-cpu",
            "A node of the cache is busy.",
            cpu,
            expression=f"MAX([{nodes}])",
            greater_than=90,
            period_minutes=5,
            evaluation_periods=3,
        ),
        Alarm(
            "cache-evictions",
            "The cache evicts much.",
            evictions,
            expression=f"SUM([{nodes}])",
            greater_than=10_000,
            period_minutes=5,
            evaluation_periods=3,
        ),
    ]


def _other_alarms(resources: MonitoredResources) -> list[Alarm]:
    """Alarms on the certificate, the public name and the file system of the state Redis."""
    certificate = {"CertificateArn": resources.certificate_arn}
    health_check = {"HealthCheckId": resources.health_check_id}
    return [
        Alarm(
            "certificate",
            "The certificate ends within 30 days: the validating record must have gone.",
            [CloudWatchMetric("AWS/CertificateManager", "DaysToExpiry", certificate, "Minimum")],
            less_than=30,
            period_minutes=24 * 60,
        ),
        Alarm(
            "health",
            "From three continents the service cannot be reached through its public name.",
            [CloudWatchMetric("AWS/Route53", "HealthCheckStatus", health_check, "Minimum")],
            less_than=1,
            evaluation_periods=2,
            treat_missing_data="breaching",
            region=ROUTE53_METRICS_REGION,
        ),
        Alarm(
            "files-io",
            "The file system of the state Redis is at its limit: every write waits for it.",
            [CloudWatchMetric("AWS/EFS", "PercentIOLimit", {"FileSystemId": resources.file_system_id}, "Maximum")],
            greater_than=80,
            period_minutes=5,
            evaluation_periods=2,
        ),
    ]
