"""What the firewall does with a request: the statements that we use, as AWS describes them.

Source: AWS WAF developer guide, "Rule statements". A managed group's own rules are Amazon's; of them only this is known
here: they refuse a body beyond 8 KB, and words that look like an attack.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ("INSPECTED", "Request", "decides")

INSPECTED = 8 * 1024
"""Bytes of a body that the firewall reads before a load balancer."""


@dataclass(frozen=True, slots=True)
class Request:
    """What reaches the load balancer; `in_window` is how many came from the same address within five minutes."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    in_window: int = 1


def decides(acl: dict[str, Any], request: Request) -> str:
    """The name of the rule that blocks the request, or `allowed`."""
    for rule in sorted(acl["rule"], key=lambda each: each["priority"]):
        if matches(rule["statement"], request):
            return str(rule["name"])
    assert "allow" in acl["default_action"]
    return "allowed"


def matches(statement: dict[str, Any], request: Request) -> bool:  # noqa: PLR0911 - one per kind
    """Whether a statement is true of a request."""
    ((kind, said),) = statement.items()
    if kind == "not_statement":
        return not matches(said["statement"][0], request)
    if kind == "and_statement":
        return all(matches(each, request) for each in said["statement"])
    if kind == "or_statement":
        return any(matches(each, request) for each in said["statement"])
    if kind == "rate_based_statement":
        return matches(said["scope_down_statement"], request) and request.in_window > int(said["limit"])
    if kind == "managed_rule_group_statement":
        return matches(said["scope_down_statement"], request) and _looks_bad(request)
    part = _part(said["field_to_match"], request)
    if kind == "byte_match_statement":
        assert said["positional_constraint"] == "EXACTLY"
        return bool(part == said["search_string"])
    if kind == "size_constraint_statement":
        assert said["comparison_operator"] == "GT"
        return part is not None and len(part) > int(said["size"])
    raise AssertionError(f"this test does not know {kind}")


def _part(field_to_match: dict[str, Any], request: Request) -> str | None:
    ((part, said),) = field_to_match.items()
    if part == "uri_path":
        return request.path
    if part == "method":
        return request.method
    assert part == "single_header"
    return request.headers.get(said["name"])


def _looks_bad(request: Request) -> bool:
    return len(request.body) > INSPECTED or b"<script>" in request.body or b"${jndi:" in request.body
