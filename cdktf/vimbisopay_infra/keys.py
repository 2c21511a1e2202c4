"""The environment's encryption keys, and who may use them."""

from __future__ import annotations

from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.policy import PolicyStatement, policy
from vimbisopay_infra.tf import Construct, TerraformResourceLifecycle, kms_alias, kms_key

__all__ = ("Key", "prevent_destroy")


def prevent_destroy(environment: Environment) -> TerraformResourceLifecycle | None:
    """For what holds data or a name, and what that is encrypted with: no plan that would end or replace it is made."""
    return TerraformResourceLifecycle(prevent_destroy=True) if environment.deletion_protection else None


def delegate_to_iam(account: str) -> PolicyStatement:
    """The account's own IAM policies decide; without this statement a key could be lost for ever."""
    return PolicyStatement(
        ["kms:*"], ["*"], sid="AccountDecidesByItsPolicies", principal={"AWS": f"arn:aws:iam::{account}:root"}
    )


class Key(Construct):
    """A key that rotates every year.

    Args:
        purpose: ends its alias, `alias/<prefix>-<purpose>`.
        services: AWS services that encrypt with it on behalf of this account, by their principal.
        region: where it is; SNS topics for alarms of Route 53 live in us-east-1.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        environment: Environment,
        *,
        account: str,
        purpose: str,
        services: tuple[str, ...] = (),
        region: str = REGION,
    ) -> None:
        """Create the key and its alias."""
        super().__init__(scope, name)
        statements = [delegate_to_iam(account)]
        logs = f"logs.{REGION}.amazonaws.com"
        encrypting_services = [each for each in services if each != logs]
        use = ["kms:Decrypt", "kms:GenerateDataKey*"]
        if logs in services:
            group = f"arn:aws:logs:{REGION}:{account}:log-group:*"
            statements.append(
                PolicyStatement(
                    [*use, "kms:DescribeKey", "kms:Encrypt", "kms:ReEncrypt*"],
                    ["*"],
                    sid="Logs",
                    principal={"Service": logs},
                    conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}},
                )
            )
        if encrypting_services:
            # CloudWatch and EventBridge name no account when they ask for a key.
            statements.append(PolicyStatement(use, ["*"], sid="Services", principal={"Service": encrypting_services}))
        region_override = None if region == REGION else region
        self.key = kms_key.KmsKey(
            self,
            "key",
            description=f"{environment.prefix}: {purpose}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy(*statements),
            region=region_override,
            lifecycle=prevent_destroy(environment),
        )
        kms_alias.KmsAlias(
            self,
            "alias",
            name=f"alias/{environment.prefix}-{purpose}",
            target_key_id=self.key.key_id,
            region=region_override,
        )

    @property
    def arn(self) -> str:
        """Of the key."""
        return self.key.arn
