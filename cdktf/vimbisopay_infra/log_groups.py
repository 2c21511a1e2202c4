"""Log groups with encryption and retention."""

from __future__ import annotations

from typing import Final

from vimbisopay_infra.environment import Environment
from vimbisopay_infra.findings import accept
from vimbisopay_infra.tf import Construct, cloudwatch_log_group

__all__ = ("log_group",)

YEAR: Final = 365


def log_group(
    scope: Construct, id_: str, environment: Environment, *, name: str, key_arn: str
) -> cloudwatch_log_group.CloudwatchLogGroup:
    """A log group with the retention of the environment."""
    made = cloudwatch_log_group.CloudwatchLogGroup(
        scope, id_, name=name, retention_in_days=environment.log_retention_days, kms_key_id=key_arn
    )
    if environment.log_retention_days < YEAR:
        accept(made, "CKV_AWS_338", reason="staging has only invented members, so a month of logs is enough")
    return made
