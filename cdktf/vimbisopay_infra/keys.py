"""KMS keys and their key policies."""

from __future__ import annotations

from vimbisopay_infra.environment import REGION, Environment
from vimbisopay_infra.policy import PolicyStatement, policy
from vimbisopay_infra.tf import Construct, TerraformResourceLifecycle, kms_alias, kms_key

__all__ = ("Key", "prevent_destroy")


def prevent_destroy(environment: Environment) -> TerraformResourceLifecycle | None:
    """The lifecycle of resources with data or names and of their keys: Terraform refuses to replace them."""
    return TerraformResourceLifecycle(prevent_destroy=True) if environment.deletion_protection else None


def delegate_to_iam(account: str) -> PolicyStatement:
    """Delegate access control to IAM policies; without this statement a key could become unmanageable."""
    return PolicyStatement(
        ["kms:*"], ["*"], sid="AccountDecidesByItsPolicies", principal={"AWS": f"arn:aws:iam::{account}:root"}
    )


class Key(Construct):
    """A key with yearly rotation.

    Args:
        purpose: the last part of its alias, `alias/<prefix>-<purpose>`.
        services: the principals of AWS services that use the key on behalf of this account.
        region: the key's region; the topic for Route 53's alarms is in us-east-1.
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
            # No condition: CloudWatch and EventBridge do not pass a source account to KMS.
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
        """The ARN of the key."""
        return self.key.arn
