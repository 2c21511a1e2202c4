"""Synthesised stacks, as tests and reviewers read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ("ENVIRONMENT_NAMES", "PARTS", "Resource", "Stack", "readable", "text_of")

ENVIRONMENT_NAMES = ("staging", "production")
PARTS = ("bootstrap", "base", "application")
Json = dict[str, Any]


def readable(value: Any) -> Any:
    """Without cdktf's own notes, and with JSON in strings (policies, containers, dashboards) as JSON."""
    if isinstance(value, dict):
        return {key: readable(each) for key, each in value.items() if key != "//"}
    if isinstance(value, list):
        return [readable(each) for each in value]
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return readable(json.loads(value))
        except json.JSONDecodeError:
            return value
    return value


def text_of(stack: Json) -> str:
    """A stack as its snapshot holds it."""
    return json.dumps(readable(stack), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: where it is, and what it is given."""

    stack: str
    kind: str
    name: str
    given: Json

    @property
    def address(self) -> str:
        """As Terraform says it."""
        return f"{self.kind}.{self.name}"


@dataclass(frozen=True, slots=True)
class Stack:
    """All stacks of one environment, seen together."""

    environment: str
    parts: dict[str, Json]

    @classmethod
    def read(cls, environment: str, file_of: dict[str, Path]) -> Stack:
        """From files by the stack's name."""
        return cls(
            environment,
            {part: readable(json.loads(file_of[f"{environment}-{part}"].read_text("utf-8"))) for part in PARTS},
        )

    def all(self, kind: str = "", *, part: str = "") -> list[Resource]:
        """Resources, of one kind or all, of one stack or all."""
        return [
            found
            for found in self._resources()
            if (not kind or found.kind == kind) and (not part or found.stack == part)
        ]

    def one(self, kind: str) -> Json:
        """What the only resource of its kind is given."""
        (found,) = self.all(kind)
        return found.given

    def named(self, kind: str, ending: str) -> Json:
        """What the resource is given whose `name` ends so."""
        (found,) = [each for each in self.all(kind) if str(each.given.get("name", "")).endswith(ending)]
        return found.given

    def policies(self) -> Iterator[tuple[str, Json]]:
        """Every policy document: where it stands, and itself."""
        for found in self.all():
            for key, value in found.given.items():
                if key in {"policy", "assume_role_policy"} and isinstance(value, dict) and "Statement" in value:
                    yield f"{found.address}.{key}", value

    def _resources(self) -> Iterator[Resource]:
        for part, stack in self.parts.items():
            for kind, each in stack.get("resource", {}).items():
                for name, given in each.items():
                    yield Resource(part, kind, name, given)
