"""The deployer's permissions, divided into managed policies within AWS's size limit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from vimbisopay_infra.environment import Environment

__all__ = ("MAX_POLICY_CHARACTERS", "PERMISSIONS", "deployer_policies")

PERMISSIONS: Final = Path(__file__).parents[1] / "vimbisopay-permissions.json"
MAX_POLICY_CHARACTERS: Final = 6_144
"""The limit of a managed policy; IAM does not count white space."""


def deployer_policies(environment: Environment, account: str) -> list[str]:
    """The deployer's permissions as documents of managed policies.

    Args:
        environment: the value of `${environment}`.
        account: the value of `${account}`.

    Raises:
        ValueError: a single statement exceeds the limit.
    """
    text = PERMISSIONS.read_text("utf-8").replace("${environment}", environment.name)
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    made: list[list[dict[str, Any]]] = [[]]
    for statement in statements:
        if len(_policy([statement], "0" * 12)) > MAX_POLICY_CHARACTERS:
            raise ValueError(f"the statement {statement['Sid']} is too long for a policy: split it")
        if len(_policy([*made[-1], statement], "0" * 12)) > MAX_POLICY_CHARACTERS:
            made.append([])
        made[-1].append(statement)
    return [_policy(each, account) for each in made]


def _policy(statements: list[dict[str, Any]], account: str) -> str:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    return text.replace("${account}", account)
