"""The SNS topic for alarms: encrypted, with an e-mail subscription."""

from __future__ import annotations

from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.keys import Key
from vimbisopay_infra.policy import PolicyStatement, policy
from vimbisopay_infra.tf import Construct, sns_topic, sns_topic_policy, sns_topic_subscription

__all__ = ("AlarmTopic",)


class AlarmTopic(Construct):
    """A topic to which this account's CloudWatch alarms and EventBridge may publish.

    Route 53 publishes its metrics in us-east-1 only, so its alarms need a topic there (`region`).
    """

    def __init__(
        self, scope: Construct, name: str, environment: Environment, *, account: str, email: str, region: str = REGION
    ) -> None:
        """Create key, topic and subscription; the owner of the address must confirm the subscription once."""
        super().__init__(scope, name)
        region_override = None if region == REGION else region
        publishers = ("cloudwatch.amazonaws.com", "events.amazonaws.com")
        key = Key(self, "key", environment, account=account, purpose="alerts", services=publishers, region=region)
        self.topic = sns_topic.SnsTopic(
            self,
            "topic",
            name=f"{environment.prefix}-alerts",
            kms_master_key_id=key.arn,
            region=region_override,
        )
        alarms = f"arn:aws:cloudwatch:{region}:{account}:alarm:{environment.prefix}-*"
        sns_topic_policy.SnsTopicPolicy(
            self,
            "policy",
            arn=self.topic.arn,
            region=region_override,
            policy=policy(
                PolicyStatement(
                    ["sns:Publish"],
                    [self.topic.arn],
                    sid="Cloudwatch",
                    principal={"Service": "cloudwatch.amazonaws.com"},
                    conditions={"ArnLike": {"aws:SourceArn": alarms}},
                ),
                # No condition: EventBridge does not pass its source account or rule to SNS, so any condition would
                # deny it (AWS, "Using resource-based policies for Amazon EventBridge", Amazon SNS permissions).
                PolicyStatement(
                    ["sns:Publish"],
                    [self.topic.arn],
                    sid="Events",
                    principal={"Service": "events.amazonaws.com"},
                ),
            ),
        )
        sns_topic_subscription.SnsTopicSubscription(
            self, "operators", topic_arn=self.topic.arn, protocol="email", endpoint=email, region=region_override
        )

    @property
    def arn(self) -> str:
        """The ARN of the topic."""
        return self.topic.arn
