"""A response of Credex core: the envelopes of all its generations are opened here."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

_BEARER = re.compile(r"Bearer\s+(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CoreResponse:
    """Status, JSON object and the relevant headers. Its repr shows nothing of the content.

    Attributes:
        body: the JSON object; empty if there was none.
        renewed: the newer token in the header, if any.
        retry_after: the header, unparsed.
    """

    status: int
    body: Mapping[str, Any] = field(repr=False)
    renewed: str | None = field(default=None, repr=False)
    retry_after: str | None = None

    @property
    def data(self) -> Mapping[str, Any]:
        return mapping(self.body.get("data"))

    @property
    def action(self) -> Mapping[str, Any]:
        """The action that core reports; empty in the older generations."""
        return mapping(self.data.get("action")) or mapping(self.body.get("action"))

    @property
    def action_type(self) -> str:
        """The action's type, such as ``CREDEX_CREATED``; empty if there is none."""
        return text(self.action.get("type")).strip().upper()

    @property
    def details(self) -> Mapping[str, Any]:
        return mapping(self.action.get("details"))

    @property
    def token(self) -> str | None:
        """The token that a login or a registration returns, in the place that this generation uses."""
        places = (self.details, self.action, self.data, self.body)
        named = next((token for place in places if (token := text(place.get("token")))), None)
        return named or self.renewed

    @property
    def words(self) -> str:
        """Core's own words about a failure: for classification and logs, never for members."""
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


def parse_response(response: httpx.Response) -> CoreResponse:
    """Parse a complete response. Numbers become int or Decimal, never float."""
    bearer = _BEARER.fullmatch(response.headers.get("Authorization", "").strip())
    return CoreResponse(
        status=response.status_code,
        body=_parsed(response.content),
        renewed=bearer.group(1) if bearer else None,
        retry_after=response.headers.get("Retry-After"),
    )


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        # NaN and Infinity are neither JSON nor money.
        value = json.loads(content, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError, ArithmeticError):
        return {}
    # The oldest core returns a ledger as a bare list.
    return {"ledger": value} if isinstance(value, list) else mapping(value)


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def unwrapped(value: object) -> object:
    """The value inside any number of ``{"success", "data", "message"}`` wrappers."""
    while isinstance(value, dict) and "data" in value and value.keys() <= {"success", "data", "message"}:
        value = value["data"]
    return value
