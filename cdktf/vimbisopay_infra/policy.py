"""IAM policies as JSON text, so that they can be reviewed and tested in the synthesised stacks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ("PolicyStatement", "assume_role_policy_for", "policy")

Conditions = dict[str, dict[str, str | list[str]]]


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """One statement of a policy; only resource policies have a `principal`."""

    actions: Sequence[str]
    resources: Sequence[str] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    sid: str = ""
    principal: dict[str, str | list[str]] | Literal["*"] | None = None
    conditions: Conditions = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The statement as a JSON object."""
        statement: dict[str, Any] = {"Effect": self.effect, "Action": sorted(self.actions)}
        if self.sid:
            statement = {"Sid": self.sid, **statement}
        if self.principal is not None:
            statement["Principal"] = self.principal
        if self.resources:
            statement["Resource"] = list(self.resources)
        if self.conditions:
            statement["Condition"] = self.conditions
        return statement


def policy(*statements: PolicyStatement) -> str:
    """The JSON of a policy. Terraform references contain no quotes, so they need no escaping."""
    return json.dumps({"Version": "2012-10-17", "Statement": [each.document() for each in statements]})


def assume_role_policy_for(service: str, *, account: str | None = None) -> str:
    """The trust policy that lets an AWS service assume a role.

    With `account`, the service may do so only on behalf of that account, which prevents the confused deputy problem.
    AWS Backup does not pass the source account.
    """
    conditions: Conditions = {"StringEquals": {"aws:SourceAccount": account}} if account else {}
    return policy(PolicyStatement(["sts:AssumeRole"], principal={"Service": service}, conditions=conditions))
