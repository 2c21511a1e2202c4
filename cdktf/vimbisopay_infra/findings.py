"""Accepted findings of checkov: each is declared next to its resource, with the reason."""

from __future__ import annotations

import json
from typing import Any, Final

from vimbisopay_infra.tf import Construct, TerraformResource, TerraformStack

__all__ = ("accept", "accepted")

_KEY: Final = "accepted finding"


def accept(resource: TerraformResource, *checks: str, reason: str) -> None:
    """Accept that these checkov checks fail for this resource.

    A test fails if an accepted finding no longer occurs.
    """
    for check in checks:
        resource.node.add_metadata(_KEY, json.dumps({"check": check, "because": reason}))


def accepted(root: Construct) -> list[dict[str, str]]:
    """All accepted findings below `root`: stack, address, check, reason."""
    found: list[dict[str, str]] = []
    for node in root.node.find_all():
        if not isinstance(node, TerraformResource):
            continue
        for entry in node.node.metadata:
            if entry.type == _KEY:
                said: dict[str, Any] = json.loads(entry.data)
                stack = TerraformStack.of(node).node.id
                address = f"{node.terraform_resource_type}.{node.friendly_unique_id}"
                found.append({"stack": stack, "address": address, **said})
    return sorted(found, key=lambda each: (each["stack"], each["address"], each["check"]))
