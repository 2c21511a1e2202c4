"""What operators are told of. Each alarm says what is wrong and where to read on; each has somebody who hears it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from service.observability import metrics
from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.readings import Reading, Subjects
from vimbisopay_infra.tf import (
    Construct,
    cloudwatch_event_rule,
    cloudwatch_event_target,
    cloudwatch_log_metric_filter,
    cloudwatch_metric_alarm,
)

__all__ = ("ERRORS_PATTERN", "LOG_ERRORS", "Alarms", "Events")

ERRORS_PATTERN: Final = '{ $.level = "error" || $.level = "critical" }'
"""Of structlog's JSON lines."""
LOG_ERRORS: Final = "log_errors"
GLOBAL: Final = "us-east-1"
"""Where the values of Route 53's health checks are."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """When somebody is told.

    Attributes:
        name: ends the alarm's name.
        about: what it means for members, and what to do first.
        readings: what is measured; with several, `expression` makes one of them (they are named m0, m1, ...).
        above: or `below`: the threshold that is crossed.
        minutes: of each period.
        periods: that have to be bad, one after another.
        silence: what no values mean.
    """

    name: str
    about: str
    readings: Sequence[Reading]
    above: float | None = None
    below: float | None = None
    expression: str = ""
    minutes: int = 1
    periods: int = 1
    silence: Literal["breaching", "notBreaching", "missing"] = "notBreaching"
    region: str | None = field(default=None)


def _service(on: Subjects) -> list[Alarm]:
    """What the service says of itself."""
    app = on.app
    return [
        Alarm("inbox-age", "Members wait for an answer: workers stand still or core is slow.",
              [app(metrics.INBOX_AGE_MS)], above=60_000, periods=3, silence="breaching"),
        Alarm("outbox-age", "Answers are not delivered: WhatsApp refuses, slows us down, or is away.",
              [app(metrics.OUTBOX_AGE_MS)], above=120_000, periods=3, silence="breaching"),
        Alarm("dead-letters", "A message could not be handled and was given up: look at it, put it back or drop it.",
              [app(metrics.DEAD_LETTERS)], above=0),
        Alarm("sending-stopped", "WhatsApp has stopped all our sending (token, block or payment). The outbox is kept.",
              [app(metrics.SENDING_STOPPED)], above=0),
        Alarm("reply-time", "One reply in a hundred takes longer than a turn may.",
              [app(metrics.REPLY_MS)], above=25_000, minutes=5, periods=3),
        Alarm("send-failures", "WhatsApp refuses many messages: the dashboard shows their codes.",
              [app(metrics.SEND_FAILURES), app(metrics.MESSAGES_SENT)],
              expression="IF(m0 > 20, 100 * m0 / (m0 + FILL(m1, 0)), 0)", above=10, minutes=5, periods=2),
        Alarm("state-away", "The state Redis does not answer: nothing is stored, Meta will deliver again.",
              [app(metrics.STATE_UP)], below=1, periods=3, silence="breaching"),
        Alarm("state-memory", "The state Redis fills up. At 100 % no message is stored any more: make it larger.",
              [app(metrics.STATE_MEMORY_PERCENT)], above=on.environment.state.alarm_percent, periods=5),
        Alarm("state-evictions", "The state Redis evicts keys: its policy is not noeviction. Stop and repair this.",
              [app(metrics.STATE_EVICTED_KEYS)], above=0),
        Alarm("state-aof", "The state Redis cannot write its append-only file: it acknowledges nothing any more.",
              [app(metrics.STATE_AOF_FAILED)], above=0),
        Alarm("errors", "Errors in the log spike.",
              [Reading(metrics.NAMESPACE, LOG_ERRORS, {}, "Sum")],
              above=on.environment.errors_in_5_minutes, minutes=5),
    ]  # fmt: skip


def _machines(on: Subjects) -> list[Alarm]:
    """What AWS measures of tasks, load balancer, cache and name."""
    cache_memory, cache_cpu, evictions = (
        on.cache("DatabaseMemoryUsageCountedForEvictPercentage"),
        on.cache("EngineCPUUtilization"),
        on.cache("Evictions", "Sum"),
    )
    both = ", ".join(f"m{at}" for at in range(len(cache_memory)))
    return [
        Alarm("web-cpu", "The tasks are busy although there are as many as may be.",
              [on.ecs(on.web, "CPUUtilization")], above=90, minutes=5, periods=2),
        Alarm("web-memory", "The tasks are short of memory.",
              [on.ecs(on.web, "MemoryUtilization")], above=90, minutes=5, periods=2),
        Alarm("state-cpu", "The state Redis is busy: it has one core.",
              [on.ecs(on.state, "CPUUtilization")], above=80, minutes=5, periods=2),
        Alarm("state-task-memory", "The task of the state Redis is short of memory: it may be ended.",
              [on.ecs(on.state, "MemoryUtilization")], above=85, minutes=5, periods=2),
        Alarm("unhealthy-tasks", "Tasks fail their health check.",
              [on.target("UnHealthyHostCount", "Maximum")], above=0, periods=5),
        Alarm("too-few-tasks", "Fewer tasks serve than should.",
              [on.target("HealthyHostCount", "Minimum")], below=on.environment.tasks.least, periods=10,
              silence="breaching"),
        Alarm("server-errors", "More than one request in twenty is answered with 5xx.",
              [on.alb("HTTPCode_Target_5XX_Count"), on.alb("HTTPCode_ELB_5XX_Count"), on.alb("RequestCount")],
              # RequestCount leaves out what the load balancer answered by itself, for want of a task.
              expression="IF(FILL(m2, 0) + FILL(m1, 0) > 20,"
              " 100 * (FILL(m0, 0) + FILL(m1, 0)) / (FILL(m2, 0) + FILL(m1, 0)), 0)", above=5, minutes=5),
        Alarm("cache-memory", "The cache is full although it has all its shards: it forgets sooner, all goes on.",
              cache_memory, expression=f"MAX([{both}])", above=90, minutes=5, periods=3),
        Alarm("cache-cpu", "A node of the cache is busy.",
              cache_cpu, expression=f"MAX([{both}])", above=90, minutes=5, periods=3),
        Alarm("cache-evictions", "The cache evicts much.",
              evictions, expression=f"SUM([{both}])", above=10_000, minutes=5, periods=3),
        Alarm("certificate", "The certificate ends within 30 days: the validating record must have gone.",
              [Reading("AWS/CertificateManager", "DaysToExpiry", {"CertificateArn": on.certificate_arn}, "Minimum")],
              below=30, minutes=24 * 60),
        Alarm("health", "From three continents the service cannot be reached through its public name.",
              [Reading("AWS/Route53", "HealthCheckStatus", {"HealthCheckId": on.health_check}, "Minimum")],
              below=1, periods=2, silence="breaching", region=GLOBAL),
        Alarm("files-io", "The file system of the state Redis is at its limit: every write waits for it.",
              [Reading("AWS/EFS", "PercentIOLimit", {"FileSystemId": on.files}, "Maximum")],
              above=80, minutes=5, periods=2),
    ]  # fmt: skip


class Alarms(Construct):
    """The alarms, and the filter that counts errors in the log."""

    def __init__(self, scope: Construct, name: str, on: Subjects, *, topic_arn: str, global_topic_arn: str) -> None:
        """Create them; `global_topic_arn` hears those of us-east-1."""
        super().__init__(scope, name)
        self._on = on
        cloudwatch_log_metric_filter.CloudwatchLogMetricFilter(
            self,
            "errors-in-the-log",
            name=f"{on.environment.prefix}-errors",
            log_group_name=on.environment.log_group,
            pattern=ERRORS_PATTERN,
            metric_transformation=cloudwatch_log_metric_filter.CloudwatchLogMetricFilterMetricTransformation(
                namespace=metrics.NAMESPACE, name=LOG_ERRORS, value="1", default_value="0", unit="Count"
            ),
        )
        for alarm in (*_service(on), *_machines(on)):
            self._alarm(alarm, global_topic_arn if alarm.region else topic_arn)

    def _alarm(self, alarm: Alarm, topic_arn: str) -> None:
        threshold = alarm.above if alarm.above is not None else alarm.below
        shared: dict[str, Any] = {
            "alarm_name": f"{self._on.environment.prefix}-{alarm.name}",
            "alarm_description": alarm.about,
            "comparison_operator": "GreaterThanThreshold" if alarm.above is not None else "LessThanThreshold",
            "threshold": threshold,
            "evaluation_periods": alarm.periods,
            "treat_missing_data": alarm.silence,
            "alarm_actions": [topic_arn],
            "ok_actions": [topic_arn],
            "region": alarm.region,
        }
        if not alarm.expression:
            (reading,) = alarm.readings
            percentile = reading.statistic.startswith("p")
            cloudwatch_metric_alarm.CloudwatchMetricAlarm(
                self,
                alarm.name,
                namespace=reading.namespace,
                metric_name=reading.name,
                dimensions=dict(reading.dimensions),
                statistic=None if percentile else reading.statistic,
                extended_statistic=reading.statistic if percentile else None,
                period=alarm.minutes * 60,
                **shared,
            )
            return
        query = cloudwatch_metric_alarm.CloudwatchMetricAlarmMetricQuery
        measured = [
            query(
                id=f"m{at}",
                metric=cloudwatch_metric_alarm.CloudwatchMetricAlarmMetricQueryMetric(
                    namespace=reading.namespace,
                    metric_name=reading.name,
                    dimensions=dict(reading.dimensions),
                    stat=reading.statistic,
                    period=alarm.minutes * 60,
                ),
            )
            for at, reading in enumerate(alarm.readings)
        ]
        judged = query(id="judged", expression=alarm.expression, label=alarm.name, return_data=True)
        cloudwatch_metric_alarm.CloudwatchMetricAlarm(self, alarm.name, metric_query=[*measured, judged], **shared)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that AWS reports as it happens."""

    name: str
    about: str
    pattern: dict[str, object]


def _events(environment: Environment, account: str) -> list[Event]:
    cluster = f"arn:aws:ecs:{REGION}:{account}:cluster/{environment.prefix}"
    services = f"arn:aws:ecs:{REGION}:{account}:service/{environment.prefix}/"
    return [
        Event(
            "failed-deployment",
            "A deployment failed and was rolled back: the workflow has the logs.",
            {
                "source": ["aws.ecs"],
                "detail-type": ["ECS Deployment State Change"],
                "resources": [{"prefix": services}],
                "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            },
        ),
        Event(
            "task-trouble",
            "A task of a service could not be started, or ended by itself.",
            {
                "source": ["aws.ecs"],
                "detail-type": ["ECS Task State Change"],
                "detail": {
                    "clusterArn": [cluster],
                    # What operators run by hand (`aws ecs run-task`) ends by itself, too.
                    "group": [{"prefix": "service:"}],
                    "lastStatus": ["STOPPED"],
                    "stopCode": ["TaskFailedToStart", "EssentialContainerExited"],
                },
            },
        ),
        Event(
            "failed-backup",
            "A backup, a restore or the weekly test of one failed.",
            {
                "source": ["aws.backup"],
                "detail-type": ["Backup Job State Change", "Restore Job State Change"],
                # One of the two keys is in each kind of event.
                "detail": {
                    "$or": [
                        {"state": ["FAILED", "ABORTED", "EXPIRED", "PARTIAL"]},
                        {"status": ["FAILED", "ABORTED"]},
                    ]
                },
            },
        ),
        Event(
            "certificate-trouble",
            "The certificate is about to end, or its renewal needs something from us.",
            {
                "source": ["aws.acm"],
                "detail-type": ["ACM Certificate Approaching Expiration", "ACM Certificate Renewal Action Required"],
            },
        ),
    ]


class Events(Construct):
    """Rules of EventBridge whose events go to the topic."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str, topic_arn: str) -> None:
        """Create rules and targets."""
        super().__init__(scope, name)
        for event in _events(environment, account):
            rule = cloudwatch_event_rule.CloudwatchEventRule(
                self,
                event.name,
                name=f"{environment.prefix}-{event.name}",
                description=event.about,
                event_pattern=json.dumps(event.pattern),
            )
            cloudwatch_event_target.CloudwatchEventTarget(
                self, f"{event.name}-heard", rule=rule.name, target_id="alerts", arn=topic_arn
            )
