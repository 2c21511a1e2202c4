"""What a flow has learnt from the member: a frozen struct per flow, stored as a map of strings in the session.

The stored map is `msgspec`'s names to text: ``"yes"`` or ``""`` for a bool, ISO 8601 for a date, `str` for the rest.
A None is left out. Keys that this release does not know are dropped when the flow learns something more. A tuple of
structs is stored flat, with the item's number after each of its names: ``amount_1``, ``amount_2``.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from types import NoneType
from typing import Any, ClassVar, Final, TypeVar, get_args, get_origin

import msgspec

from service.domain import Denomination, Money

_T = TypeVar("_T")
_S = TypeVar("_S", bound=msgspec.Struct)


class Answers(msgspec.Struct, frozen=True):
    """The base of every flow's answers; each field has a default, for nothing is known at the beginning.

    Attributes:
        OMITTED: fields that are not stored while they are empty. The previous release must read them by `get`.
        target: the argument of the button that led here; empty when there was none.
    """

    OMITTED: ClassVar[frozenset[str]] = frozenset({"target"})

    target: str = ""


_TEXT: Final[Mapping[type, tuple[Callable[[Any], str], Callable[[str], Any]]]] = {
    str: (str, str),
    bool: (lambda value: "yes" if value else "", bool),
    int: (str, int),
    date: (date.isoformat, date.fromisoformat),
    Denomination: (str, Denomination),
    Money: (str, Money.displayed),
}
"""How a value of each type is written and read."""


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    # Cached, because msgspec evaluates the annotations anew at each call.
    return msgspec.structs.fields(kind)


def known(value: _T | None) -> _T:
    """The value, which the steps before made sure of; a ValueError, because there is none, is a defect of the flow."""
    if value is None:
        raise ValueError("an answer is used before it was given")
    return value


def to_record(answers: msgspec.Struct, suffix: str = "") -> dict[str, str]:
    """The answers as the session stores them."""
    record: dict[str, str] = {}
    omitted = answers.OMITTED if isinstance(answers, Answers) else ()
    for each in _fields(type(answers)):
        value = getattr(answers, each.name)
        if isinstance(value, tuple):
            for number, item in enumerate(value, 1):
                record |= to_record(item, f"_{number}")
        elif value is not None and (value or each.name not in omitted):
            record[each.encode_name + suffix] = _TEXT[type(value)][0](value)
    return record


def from_record(kind: type[_S], record: Mapping[str, str], suffix: str = "") -> _S:
    """The answers of a stored session; what is missing has its default.

    Raises:
        ValueError: a stored text is not of its field's type.
    """
    values: dict[str, Any] = {}
    for each in _fields(kind):
        if get_origin(each.type) is tuple:
            values[each.name] = tuple(_items(get_args(each.type)[0], record))
            continue
        base = next((part for part in get_args(each.type) if part is not NoneType), each.type)
        text = record.get(each.encode_name + suffix)
        if text or (text is not None and base in {str, bool}):
            values[each.name] = _TEXT[base][1](text)
    return kind(**values)


def _items(kind: type[_S], record: Mapping[str, str]) -> list[_S]:
    first = _fields(kind)[0].encode_name
    items: list[_S] = []
    while f"{first}_{len(items) + 1}" in record:
        items.append(from_record(kind, record, f"_{len(items) + 1}"))
    return items
