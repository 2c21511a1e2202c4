"""EventBridge rules: events of AWS services that are published to the alarm topic."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.tf import Construct, cloudwatch_event_rule, cloudwatch_event_target

__all__ = ("EventRules",)


@dataclass(frozen=True, slots=True)
class EventRule:
    """One EventBridge rule; `pattern` selects the events."""

    name: str
    description: str
    pattern: dict[str, object]


def _event_rules(environment: Environment, account: str) -> list[EventRule]:
    cluster = f"arn:aws:ecs:{REGION}:{account}:cluster/{environment.prefix}"
    services = f"arn:aws:ecs:{REGION}:{account}:service/{environment.prefix}/"
    return [
        EventRule(
            "failed-deployment",
            "A deployment failed and was rolled back: the workflow has the logs.",
            {
                "source": ["aws.ecs"],
                "detail-type": ["ECS Deployment State Change"],
                "resources": [{"prefix": services}],
                "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            },
        ),
        EventRule(
            "task-trouble",
            "A task of a service could not be started, or ended by itself.",
            {
                "source": ["aws.ecs"],
                "detail-type": ["ECS Task State Change"],
                "detail": {
                    "clusterArn": [cluster],
                    # Tasks that operators start with `aws ecs run-task` also stop by themselves; they are excluded.
                    "group": [{"prefix": "service:"}],
                    "lastStatus": ["STOPPED"],
                    "stopCode": ["TaskFailedToStart", "EssentialContainerExited"],
                },
            },
        ),
        EventRule(
            "failed-backup",
            "A backup, a restore or the weekly test of one failed.",
            {
                "source": ["aws.backup"],
                "detail-type": ["Backup Job State Change", "Restore Job State Change"],
                # Backup events have `state`, restore events have `status`.
                "detail": {
                    "$or": [
                        {"state": ["FAILED", "ABORTED", "EXPIRED", "PARTIAL"]},
                        {"status": ["FAILED", "ABORTED"]},
                    ]
                },
            },
        ),
        EventRule(
            "certificate-trouble",
            "The certificate is about to end, or its renewal needs something from us.",
            {
                "source": ["aws.acm"],
                "detail-type": ["ACM Certificate Approaching Expiration", "ACM Certificate Renewal Action Required"],
            },
        ),
    ]


class EventRules(Construct):
    """The EventBridge rules, each with the alarm topic as its target."""

    def __init__(self, scope: Construct, name: str, environment: Environment, *, account: str, topic_arn: str) -> None:
        """Create the rules and their targets."""
        super().__init__(scope, name)
        for event in _event_rules(environment, account):
            rule = cloudwatch_event_rule.CloudwatchEventRule(
                self,
                event.name,
                name=f"{environment.prefix}-{event.name}",
                description=event.description,
                event_pattern=json.dumps(event.pattern),
            )
            cloudwatch_event_target.CloudwatchEventTarget(
                self, f"{event.name}-heard", rule=rule.name, target_id="alerts", arn=topic_arn
            )
