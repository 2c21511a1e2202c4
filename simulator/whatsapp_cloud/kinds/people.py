"""Contacts, locations and reactions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..errors import RefusedError
from ..schema import Field, Schema, closed, text
from ..values import Json
from .kind import Found, Kind

__all__ = ("CONTACTS", "LOCATION", "REACTION")

_NAME_PARTS: Final = ("first_name", "last_name", "middle_name", "suffix", "prefix")
_ENDS: Final[Mapping[str, int]] = MappingProxyType({"latitude": 90, "longitude": 180})


def _listed(*keys: str) -> Field:
    return Field("array", schema=Schema({key: Field() for key in keys}))


_CONTACT: Final = Schema(
    {
        "name": closed({"formatted_name": text(), **{part: Field() for part in _NAME_PARTS}}),
        "phones": _listed("phone", "type", "wa_id"),
        "emails": _listed("email", "type"),
        "urls": _listed("url", "type"),
        "addresses": _listed("street", "city", "state", "zip", "country", "country_code", "type"),
        "org": closed({"company": Field(), "department": Field(), "title": Field()}, required=False),
        "birthday": Field(),
    }
)


def _contacts(content: list[Json], found: Found) -> None:
    for place, contact in enumerate(content):
        if not any(contact["name"].get(part) for part in _NAME_PARTS):
            details = f"contacts[{place}]['name'] needs formatted_name and at least one other part of the name"
            raise RefusedError(131009, details=details)
    found.bubble.header = "[contact]" if len(content) == 1 else f"[{len(content)} contacts]"
    found.bubble.body = "\n".join(_told(contact) for contact in content)


def _told(contact: Json) -> str:
    phones = [phone.get("phone") or phone.get("wa_id") for phone in contact.get("phones") or []]
    return " ".join([contact["name"]["formatted_name"], *(phone for phone in phones if phone)])


def _location(content: Json, found: Found) -> None:
    for part, end in _ENDS.items():
        if not -end <= float(content[part]) <= end:
            raise RefusedError(131009, details=f"location {part} must be between -{end} and {end}")
    found.bubble.header = "[location]"
    place = f"{content['latitude']}, {content['longitude']}"
    found.bubble.body = "\n".join(told for told in (content.get("name"), content.get("address"), place) if told)


def _reaction(content: Json, found: Found) -> None:
    if found.bubble.quotes is not None:
        raise RefusedError(131009, details="Reaction messages cannot have a context")
    found.target, found.emoji = content["message_id"], content["emoji"]


CONTACTS: Final = Kind(Field("array", required=True, limit="contacts.count", schema=_CONTACT), _contacts)
LOCATION: Final = Kind(
    closed(
        {
            "latitude": Field("number", required=True),
            "longitude": Field("number", required=True),
            "name": Field(),
            "address": Field(),
        }
    ),
    _location,
)
REACTION: Final = Kind(closed({"message_id": text(), "emoji": text()}), _reaction)
