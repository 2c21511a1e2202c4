"""IAM policies as text that can be read, and checked, in what is synthesised."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ("PolicyStatement", "assume_role_policy_for", "policy")

Conditions = dict[str, dict[str, str | list[str]]]


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """One statement; `principal` only in policies of resources."""

    actions: Sequence[str]
    resources: Sequence[str] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    sid: str = ""
    principal: dict[str, str | list[str]] | Literal["*"] | None = None
    conditions: Conditions = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As AWS writes it."""
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
    """A policy's JSON. Resources may hold references of Terraform: those have no quotes that JSON would mind."""
    return json.dumps({"Version": "2012-10-17", "Statement": [each.document() for each in statements]})


def assume_role_policy_for(service: str, *, account: str | None = None) -> str:
    """A role's trust in one AWS service; with `account`, only when it acts for that account (no confused deputy).

    Not every service says for whom it acts: AWS Backup does not.
    """
    conditions: Conditions = {"StringEquals": {"aws:SourceAccount": account}} if account else {}
    return policy(PolicyStatement(["sts:AssumeRole"], principal={"Service": service}, conditions=conditions))
