"""Generated cases: each limit at and beyond its bounds; each key missing, of a wrong type, or unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from .case import Case, changed, without
from .observed import Json
from .reference import FREE, NULLABLE, OPTIONAL, SIZES, Size
from .samples import READ, SAMPLES

__all__ = ("BUILDERS", "limit_cases", "schema_cases", "sizes_of")

_ACTION: Final = ("interactive", "action")
_BODY: Final = ("template", "components", 1, "parameters", 0, "text")
_HEADER: Final = ("template", "components", 0, "parameters", 0, "text")
_PAYLOAD: Final = ("template", "components", 2, "parameters", 0, "payload")


def _letters(kind: str, *path: str | int) -> tuple[str, Callable[[int], Json]]:
    """A sample with a text of this length at a path."""
    return kind, lambda size: changed(SAMPLES[kind], *path, to="x" * size)


def _many(kind: str, make: Callable[[int], Json], *path: str | int) -> tuple[str, Callable[[int], Json]]:
    """A sample with this many elements at a path."""
    return kind, lambda size: changed(SAMPLES[kind], *path, to=[make(number) for number in range(size)])


def _button(number: int) -> Json:
    return {"type": "reply", "reply": {"id": f"id {number}", "title": f"title {number}"}}


def _row(number: int) -> Json:
    return {"id": f"id {number}", "title": f"title {number}"}


def _section(number: int) -> Json:
    return {"title": f"section {number}", "rows": [_row(number)]}


def _contact(number: int) -> Json:
    return {"name": {"formatted_name": f"Number {number}", "first_name": "Number"}}


BUILDERS: Final[Mapping[str, tuple[str, Callable[[int], Json]]]] = MappingProxyType(
    {
        "text.body": _letters("text", "text", "body"),
        "biz_opaque_callback_data": _letters("text", "biz_opaque_callback_data"),
        "interactive.header": _letters("button", "interactive", "header", "text"),
        "interactive.body": _letters("list", "interactive", "body", "text"),
        "interactive.footer": _letters("cta_url", "interactive", "footer", "text"),
        "button.count": _many("button", _button, *_ACTION, "buttons"),
        "button.title": _letters("button", *_ACTION, "buttons", 0, "reply", "title"),
        "button.id": _letters("button", *_ACTION, "buttons", 0, "reply", "id"),
        "list.button": _letters("list", *_ACTION, "button"),
        "list.sections": _many("list", _section, *_ACTION, "sections"),
        "list.rows": (
            "list",
            lambda size: changed(
                SAMPLES["list"], *_ACTION, "sections", to=[{"rows": [_row(number) for number in range(size)]}]
            ),
        ),
        "section.title": _letters("list", *_ACTION, "sections", 0, "title"),
        "row.title": _letters("list", *_ACTION, "sections", 0, "rows", 0, "title"),
        "row.id": _letters("list", *_ACTION, "sections", 0, "rows", 0, "id"),
        "row.description": _letters("list", *_ACTION, "sections", 0, "rows", 0, "description"),
        "cta_url.text": _letters("cta_url", *_ACTION, "parameters", "display_text"),
        "flow.cta": _letters("flow", *_ACTION, "parameters", "flow_cta"),
        "image.caption": _letters("image", "image", "caption"),
        "video.caption": _letters("video", "video", "caption"),
        "document.caption": _letters("document", "document", "caption"),
        "contacts.count": _many("contacts", _contact, "contacts"),
        "template.name": (
            "template",
            lambda size: without(
                changed(SAMPLES["template"], "template", "name", to="x" * size), "template", "components"
            ),
        ),
        "template.button_payload": _letters("template", *_PAYLOAD),
        "template.header": _letters("template", *_HEADER),
        "template.body": _letters("template", *_BODY),
    }
)
"""Builders of messages of a given size, by the name of the limit."""

_SECTIONS_NAMED: Final = "section.title"


def sizes_of(size: Size) -> dict[int, int | None]:
    """The sizes to try, with the expected code: the bounds, one within them, and one beyond each."""
    codes: dict[int, int | None] = {}
    if size.below is not None:
        codes[size.least - 1] = size.below
    within = (size.least, size.least + 1, size.most - 1, size.most)
    codes |= {one: None for one in within if size.least <= one <= size.most}
    codes[size.most + 1] = size.above
    return codes


def limit_cases() -> Iterator[Case]:
    """Messages at, one below and one above each bound of each limit."""
    for part, (kind, make) in BUILDERS.items():
        size = SIZES[part]
        for one, code in sizes_of(size).items():
            expected = code
            if part == _SECTIONS_NAMED and one == 0:
                expected = 131009  # a list with two sections needs titles
            text = size.text if one > size.most and code is not None else ""
            yield Case(kind, f"{part}: {one} of {size.least} to {size.most}", expected, make(one), text=text)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, value
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _paths(one, (*path, key))


def _wrong(value: Any) -> Any:
    """A value of another type."""
    return "yes" if isinstance(value, bool) else [] if isinstance(value, dict) else {"wrong": 1}


def schema_cases() -> Iterator[Case]:
    """Each key of each sample missing, null, or of a wrong type; each object with an unknown key."""
    for kind, sample in {**SAMPLES, "mark_as_read": READ}.items():
        yield Case(kind, "in order", None, sample)
        for path, value in _paths(sample):
            named = ".".join(map(str, path))
            if isinstance(value, dict) and named not in FREE:
                yield Case(kind, f"{named or 'request'}: an unknown key", 100, changed(sample, *path, "surprise", to=1))
            if not path or any(named.startswith(f"{free}.") for free in FREE):
                continue
            yield Case(kind, f"{named}: of a wrong type", 100, changed(sample, *path, to=_wrong(value)))
            if isinstance(path[-1], str):
                yield from _missing(kind, sample, path, named)


def _missing(kind: str, sample: Json, path: tuple[str | int, ...], named: str) -> Iterator[Case]:
    code = None if named in OPTIONAL else NULLABLE.get(named, 100)
    if (kind, named) == ("text", "type"):
        code = None  # a message without a type is a text
    yield Case(kind, f"{named}: missing", code, without(sample, *path))
    yield Case(kind, f"{named}: null", code, changed(sample, *path, to=None))
