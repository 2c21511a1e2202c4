"""Schemas of requests as data, and the function that checks a request.

A schema is a closed object: unknown keys are refused, as Meta's OpenAPI file says of most objects. A key with the value
null counts as absent, because clients in use send such keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from .errors import RefusedError
from .limits import LIMITS, Limit

__all__ = ("Field", "Schema", "check", "closed", "measure", "text", "violation")

INVALID: Final = 100
Type = Literal["string", "boolean", "number", "index", "url", "object", "array"]

_TYPE_NAMES: Final[Mapping[str, str]] = {
    "string": "a string",
    "url": "a string",
    "boolean": "a boolean",
    "number": "a number",
    "index": "an integer",
    "object": "a JSON object",
    "array": "an array",
}
_NUMBER: Final = re.compile(r"-?\d{1,3}(\.\d+)?", re.ASCII)
_INDEX: Final = re.compile(r"\d{1,2}", re.ASCII)
_URL: Final = re.compile(r"https?://[^\s/?#.][^\s/?#]*([/?#]\S*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """One key of an object.

    Attributes:
        type: the type of its value. A ``number`` or an ``index`` may be a string of digits; a ``url`` begins with
            http:// or https://.
        required: it must be present and not null.
        limit: the name of the limit on its length or number.
        choices: the allowed values, compared case-insensitively.
        schema: the schema of an object, or of each object of an array.
    """

    type: Type = "string"
    required: bool = False
    limit: str = ""
    choices: tuple[str, ...] = ()
    schema: Schema | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A closed object.

    Attributes:
        fields: its keys, in the order in which they are checked.
        by: the key that selects the variant; ``default``: the variant if the key is absent.
        variants: the keys that each variant adds.
    """

    fields: Mapping[str, Field]
    by: str = ""
    variants: Mapping[str, Schema] = field(default_factory=dict)
    default: str = ""

    def of(self, value: Mapping[str, Any]) -> Mapping[str, Field]:
        """The keys that this object may have, given its variant."""
        if not self.by:
            return self.fields
        variant = str(value.get(self.by) or self.default).lower()
        return {**self.fields, **self.variants[variant].of(value)}


def text(limit: str = "", *, required: bool = True) -> Field:
    """A string, required by default."""
    return Field("string", required, limit)


def closed(fields: Mapping[str, Field], *, required: bool = True) -> Field:
    """A closed object with these keys."""
    return Field("object", required, schema=Schema(fields))


def check(value: Any, schema: Schema, path: str, warnings: list[str]) -> None:
    """Check a JSON value. Texts that only a stricter count of characters would refuse are added to ``warnings``.

    Raises:
        RefusedError: a key is unknown or missing, or a value has a wrong type or length.
    """
    if not isinstance(value, dict):
        raise RefusedError(INVALID, message=f"Param {path} must be a JSON object.")
    if schema.by:
        chooser = Field(required=not schema.default, choices=tuple(schema.variants))
        _field(value, schema.by, chooser, _at(path, schema.by), warnings)
    fields = schema.of(value)
    for key in value:
        if key not in fields and key != schema.by:
            on = f' on param "{path}"' if path else ""
            raise RefusedError(INVALID, message=f'Unexpected key "{key}"{on}.')
    for key, one in fields.items():
        _field(value, key, one, _at(path, key), warnings)


def _at(path: str, key: str) -> str:
    return f"{path}['{key}']" if path else key


def _field(value: Mapping[str, Any], key: str, field_: Field, path: str, warnings: list[str]) -> None:
    found = value.get(key)
    if found is None:
        if field_.required:
            raise RefusedError(INVALID, message=f"The parameter {path} is required.")
        return
    if not _is(found, field_.type):
        raise RefusedError(INVALID, message=f"Param {path} must be {_TYPE_NAMES[field_.type]}.")
    if field_.type == "url" and not _URL.fullmatch(found):
        raise RefusedError(131009, details=f"{path} is not a valid URL. It must begin with http:// or https://")
    if field_.choices and found.lower() not in field_.choices:
        choices = ", ".join(sorted(choice.upper() for choice in field_.choices))
        raise RefusedError(INVALID, message=f'Param {path} must be one of {{{choices}}} - got "{found}".')
    if field_.limit:
        measure(found, LIMITS[field_.limit], path, warnings)
    if field_.schema is not None:
        for place, one in _objects(found, path):
            check(one, field_.schema, place, warnings)


def _objects(found: Any, path: str) -> Iterable[tuple[str, Any]]:
    if isinstance(found, list):
        return ((f"{path}[{index}]", one) for index, one in enumerate(found))
    return ((path, found),)


def _is(found: Any, wanted: Type) -> bool:
    match wanted:
        case "string" | "url":
            return isinstance(found, str)
        case "boolean":
            return isinstance(found, bool)
        case "number":
            number = isinstance(found, int | float) and not isinstance(found, bool)
            return number or (isinstance(found, str) and _NUMBER.fullmatch(found) is not None)
        case "index":
            return not isinstance(found, bool) and (
                isinstance(found, int) or (isinstance(found, str) and _INDEX.fullmatch(found) is not None)
            )
        case "object":
            return isinstance(found, dict)
        case "array":
            return isinstance(found, list)


def measure(found: str | list[Any], limit: Limit, path: str, warnings: list[str]) -> None:
    """Refuse a value that violates its limit."""
    if not found and limit.least and limit.code == INVALID:
        raise RefusedError(INVALID, message=f"The parameter {path} is required.")
    if not limit.keeps(len(found)):
        raise violation(limit)
    if isinstance(found, str):
        units = len(found.encode("utf-16-le", "surrogatepass")) // 2
        if units > limit.most:
            warnings.append(f"{path} has {units} UTF-16 units; the limit is {limit.most}")


def violation(limit: Limit) -> RefusedError:
    """The error for a violated limit."""
    return (
        RefusedError(INVALID, message=limit.said())
        if limit.code == INVALID
        else RefusedError(limit.code, details=limit.said())
    )
