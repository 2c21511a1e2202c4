"""One answer of Credex core, parsed as far as it can be: the envelopes of all its generations opened in one place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

__all__ = ("CoreResponse", "mapping", "read_answer", "text", "unwrapped")

_BEARER = re.compile(r"Bearer\s+(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CoreResponse:
    """Status, JSON object and the headers that matter. Nothing of the content shows in its repr.

    Attributes:
        body: the JSON object; empty where there was none.
        renewed: the newer token in the header, if any.
        retry_after: the header as it came.
    """

    status: int
    body: Mapping[str, Any] = field(repr=False)
    renewed: str | None = field(default=None, repr=False)
    retry_after: str | None = None

    @property
    def data(self) -> Mapping[str, Any]:
        """What stands under ``data``."""
        return mapping(self.body.get("data"))

    @property
    def action(self) -> Mapping[str, Any]:
        """What core says that happened; empty in the older generations."""
        return mapping(self.data.get("action")) or mapping(self.body.get("action"))

    @property
    def kind(self) -> str:
        """The action's type, such as ``CREDEX_CREATED``; empty if there is none."""
        return text(self.action.get("type")).strip().upper()

    @property
    def details(self) -> Mapping[str, Any]:
        """The action's details."""
        return mapping(self.action.get("details"))

    @property
    def token(self) -> str | None:
        """The token that a login or a registration gives, wherever this generation puts it."""
        places = (self.details, self.action, self.data, self.body)
        named = next((token for place in places if (token := text(place.get("token")))), None)
        return named or self.renewed

    @property
    def words(self) -> str:
        """Core's own words about a failure: for judging and for logs."""
        error = self.body.get("error")
        candidates = (
            self.details.get("reason"),
            self.details.get("message"),
            self.body.get("message"),
            error,
            mapping(error).get("message"),
            self.data.get("message"),
        )
        said = [text(candidate) for candidate in candidates]
        return " / ".join(dict.fromkeys(word for word in said if word))


def read_answer(response: httpx.Response) -> CoreResponse:
    """Parse a response that was read to its end. Numbers become int or Decimal, never float."""
    bearer = _BEARER.fullmatch(response.headers.get("Authorization", "").strip())
    return CoreResponse(
        status=response.status_code,
        body=_parsed(response.content),
        renewed=bearer.group(1) if bearer else None,
        retry_after=response.headers.get("Retry-After"),
    )


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        # No NaN and no Infinity: they are no JSON, and no money.
        value = json.loads(content, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError, ArithmeticError):
        return {}
    # The oldest core answers one question, that for a ledger, with a bare list.
    return {"ledger": value} if isinstance(value, list) else mapping(value)


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def unwrapped(value: object) -> object:
    """What is inside ``{"success", "data", "message"}``, however often it was wrapped."""
    while isinstance(value, dict) and "data" in value and value.keys() <= {"success", "data", "message"}:
        value = value["data"]
    return value
