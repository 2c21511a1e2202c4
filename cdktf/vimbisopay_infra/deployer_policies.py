"""The deployer's permissions, in pieces that AWS takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from vimbisopay_infra.environment import Environment

__all__ = ("MAX_POLICY_CHARACTERS", "PERMISSIONS", "deployer_policies")

PERMISSIONS: Final = Path(__file__).parents[1] / "vimbisopay-permissions.json"
MAX_POLICY_CHARACTERS: Final = 6_144
"""Characters of a managed policy, white space not counted."""


def deployer_policies(environment: Environment, account: str) -> list[str]:
    """The deployer's permissions as policies that AWS takes, each shorter than its limit.

    Args:
        environment: fills in `${environment}`.
        account: fills in `${account}`.

    Raises:
        ValueError: one statement alone is longer than a policy may be.
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
