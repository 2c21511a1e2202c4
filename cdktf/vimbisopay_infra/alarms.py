"""Creates the CloudWatch alarms, and the metric filter that counts errors in the service's log."""

from __future__ import annotations

from typing import Any, Final

from service.observability import metrics
from vimbisopay_infra.alarm_definitions import Alarm, alarm_definitions
from vimbisopay_infra.cloudwatch import LOG_ERRORS_METRIC, MonitoredResources
from vimbisopay_infra.tf import Construct, cloudwatch_log_metric_filter, cloudwatch_metric_alarm

__all__ = ("ERRORS_FILTER_PATTERN", "Alarms")

ERRORS_FILTER_PATTERN: Final = '{ $.level = "error" || $.level = "critical" }'
"""Matches the JSON lines that structlog writes."""


class Alarms(Construct):
    """The alarms, and the metric filter that counts errors in the log."""

    def __init__(
        self, scope: Construct, name: str, resources: MonitoredResources, *, topic_arn: str, global_topic_arn: str
    ) -> None:
        """Create them; alarms in us-east-1 notify `global_topic_arn`."""
        super().__init__(scope, name)
        self._resources = resources
        cloudwatch_log_metric_filter.CloudwatchLogMetricFilter(
            self,
            "errors-in-the-log",
            name=f"{resources.environment.prefix}-errors",
            log_group_name=resources.environment.log_group,
            pattern=ERRORS_FILTER_PATTERN,
            metric_transformation=cloudwatch_log_metric_filter.CloudwatchLogMetricFilterMetricTransformation(
                namespace=metrics.NAMESPACE, name=LOG_ERRORS_METRIC, value="1", default_value="0", unit="Count"
            ),
        )
        for alarm in alarm_definitions(resources):
            self._alarm(alarm, global_topic_arn if alarm.region else topic_arn)

    def _alarm(self, alarm: Alarm, topic_arn: str) -> None:
        threshold = alarm.greater_than if alarm.greater_than is not None else alarm.less_than
        shared: dict[str, Any] = {
            "alarm_name": f"{self._resources.environment.prefix}-{alarm.name}",
            "alarm_description": alarm.description,
            "comparison_operator": "GreaterThanThreshold" if alarm.greater_than is not None else "LessThanThreshold",
            "threshold": threshold,
            "evaluation_periods": alarm.evaluation_periods,
            "treat_missing_data": alarm.treat_missing_data,
            "alarm_actions": [topic_arn],
            "ok_actions": [topic_arn],
            "region": alarm.region,
        }
        if not alarm.expression:
            (metric,) = alarm.metrics
            percentile = metric.statistic.startswith("p")
            cloudwatch_metric_alarm.CloudwatchMetricAlarm(
                self,
                alarm.name,
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions=dict(metric.dimensions),
                statistic=None if percentile else metric.statistic,
                extended_statistic=metric.statistic if percentile else None,
                period=alarm.period_minutes * 60,
                **shared,
            )
            return
        query = cloudwatch_metric_alarm.CloudwatchMetricAlarmMetricQuery
        metric_queries = [
            query(
                id=f"m{index}",
                metric=cloudwatch_metric_alarm.CloudwatchMetricAlarmMetricQueryMetric(
                    namespace=metric.namespace,
                    metric_name=metric.name,
                    dimensions=dict(metric.dimensions),
                    stat=metric.statistic,
                    period=alarm.period_minutes * 60,
                ),
            )
            for index, metric in enumerate(alarm.metrics)
        ]
        result_query = query(id="judged", expression=alarm.expression, label=alarm.name, return_data=True)
        cloudwatch_metric_alarm.CloudwatchMetricAlarm(
            self, alarm.name, metric_query=[*metric_queries, result_query], **shared
        )
