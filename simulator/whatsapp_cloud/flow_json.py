"""Validation of Flow JSON, as by Meta's validator.

Rules and limits: Meta's pages on Flow JSON, its components and its versions, read March 2026; that digits are refused
in screen ids was observed in production. Error texts are ours and follow the pattern of `validation_errors`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from .values import Json

__all__ = ("INPUTS", "LONGEST_AREA", "LONGEST_INPUT", "OPTIONS", "PUBLISHABLE", "components", "problems", "screen_ids")

PUBLISHABLE: Final = frozenset({"5.1", "6.0", "6.1", "6.2", "6.3", "7.0", "7.1", "7.2", "7.3"})
LARGEST: Final = 10 * 1024 * 1024
MOST_COMPONENTS: Final = 50
MOST_OPT_INS: Final = 5

_SCREEN: Final = re.compile(r"[A-Za-z_]+")
_PATTERNS_FROM: Final = (6, 2)
"""The version from which inputs may have a pattern."""

_INPUT_TYPES: Final = frozenset({"text", "number", "email", "password", "passcode", "phone"})
_SIZES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"TextInput": ("min-chars", "max-chars"), "TextArea": ("max-length",)}
)
_REFERENCE: Final = re.compile(r"\$\{([^}]*)\}")

_TEXTS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "TextHeading": {"text": 80},
        "TextSubheading": {"text": 80},
        "TextBody": {"text": 4096},
        "TextCaption": {"text": 409},
        "TextInput": {"label": 20, "helper-text": 80, "error-message": 30},
        "TextArea": {"label": 20, "helper-text": 80},
        "Dropdown": {"label": 20},
        "RadioButtonsGroup": {"label": 30},
        "CheckboxGroup": {"label": 30},
        "DatePicker": {"label": 40, "helper-text": 80},
        "OptIn": {"label": 120},
        "Footer": {"label": 35},
    }
)
_NEEDED: Final[Mapping[str, str]] = MappingProxyType(
    {"TextHeading": "text", "TextSubheading": "text", "TextBody": "text", "TextCaption": "text"}
)
OPTIONS: Final[Mapping[str, int]] = MappingProxyType({"Dropdown": 200, "RadioButtonsGroup": 20, "CheckboxGroup": 20})
INPUTS: Final = frozenset({"TextInput", "TextArea", "DatePicker", "OptIn", *OPTIONS})
LONGEST_INPUT: Final = 80
LONGEST_AREA: Final = 600
"""The default maximum lengths of a TextInput and a TextArea."""

OPTION_TITLE: Final = 30
OPTION_DESCRIPTION: Final = 300


def problems(source: str) -> list[Json]:
    """All errors, as in `validation_errors` of Meta's answers; empty if the form can be published."""
    return [
        {"error": error, "error_type": "FLOW_JSON_ERROR", "message": message, "pointers": [{"path": path}]}
        for error, path, message in _found(source)
    ]


def screen_ids(source: str) -> list[str]:
    """The screen ids; empty if there are errors."""
    return [] if problems(source) else [str(screen["id"]) for screen in json.loads(source)["screens"]]


_Problem = tuple[str, str, str]


def _found(source: str) -> Iterator[_Problem]:
    if len(source.encode()) > LARGEST:
        yield "INVALID_SIZE", "", f"Flow JSON is larger than {LARGEST} bytes."
        return
    try:
        definition = json.loads(source)
    except ValueError:
        yield "JSON_PARSE_ERROR", "", "Flow JSON cannot be parsed."
        return
    screens = definition.get("screens") if isinstance(definition, dict) else None
    if not isinstance(screens, list) or not screens or not all(isinstance(each, dict) for each in screens):
        yield "REQUIRED_PROPERTY_MISSING", "screens", "Property 'screens' must be a list of one screen or more."
        return
    if definition.get("version") not in PUBLISHABLE:
        yield "INVALID_PROPERTY_VALUE", "version", f"Version {definition.get('version')!r} cannot be published."
    if ("data_api_version" in definition) != ("routing_model" in definition):
        yield "INVALID_PROPERTY_VALUE", "", "'data_api_version' and 'routing_model' belong together, to an endpoint."
    yield from _ids(screens)
    inputs = {str(screen.get("id")): set(_names(screen)) for screen in screens}
    for place, screen in enumerate(screens):
        yield from _screen(f"screens[{place}]", screen, inputs)
    if _version(definition) < _PATTERNS_FROM:
        yield from _too_new(screens)
    if not any(screen.get("terminal") for screen in screens):
        yield "MISSING_TERMINAL_SCREEN", "screens", "A form needs a terminal screen."


def _too_new(screens: list[Json]) -> Iterator[_Problem]:
    for place, screen in enumerate(screens):
        if any("pattern" in child for child in components(screen)):
            yield "INVALID_PROPERTY_KEY", f"screens[{place}].layout", "'pattern' is there from version 6.2 on."


def _version(definition: Json) -> tuple[int, ...]:
    version = str(definition.get("version"))
    return tuple(int(part) for part in version.split(".")) if version in PUBLISHABLE else _PATTERNS_FROM


def _ids(screens: list[Json]) -> Iterator[_Problem]:
    ids = [str(screen.get("id", "")) for screen in screens]
    for place, screen_id in enumerate(ids):
        path = f"screens[{place}].id"
        if not _SCREEN.fullmatch(screen_id):
            yield "INVALID_PROPERTY_VALUE", path, f"The id {screen_id!r} may have letters and underscores only."
        if screen_id == "SUCCESS":
            yield "INVALID_PROPERTY_VALUE", path, "The id SUCCESS is reserved."
        if screen_id in ids[:place]:
            yield "DUPLICATE_SCREEN_IDS", path, f"Two screens have the id {screen_id}."


def components(screen: Json) -> list[Json]:
    """The components of a screen, including those within a Form component."""
    layout = screen.get("layout")
    listed = layout.get("children") if isinstance(layout, dict) else None
    found: list[Json] = []
    for child in listed if isinstance(listed, list) else []:
        if isinstance(child, dict):
            inner = child.get("children") if child.get("type") == "Form" else None
            found += [each for each in inner if isinstance(each, dict)] if isinstance(inner, list) else [child]
    return found


def _names(screen: Json) -> list[str]:
    return [str(child.get("name", "")) for child in components(screen) if child.get("type") in INPUTS]


def _screen(path: str, screen: Json, inputs: Mapping[str, set[str]]) -> Iterator[_Problem]:
    if not isinstance(screen.get("layout"), dict) or screen["layout"].get("type") != "SingleColumnLayout":
        yield "INVALID_PROPERTY_VALUE", f"{path}.layout", "The layout must be a SingleColumnLayout."
    children, kinds = components(screen), [child.get("type") for child in components(screen)]
    if not 1 <= len(children) <= MOST_COMPONENTS:
        yield "INVALID_PROPERTY_VALUE", f"{path}.layout", f"A screen has 1 to {MOST_COMPONENTS} components."
    if kinds.count("Footer") > 1:
        yield "INVALID_PROPERTY_VALUE", f"{path}.layout", "A screen has one Footer at most."
    if screen.get("terminal") and "Footer" not in kinds:
        yield "MISSING_FOOTER", f"{path}.layout", "A terminal screen needs a Footer."
    if kinds.count("OptIn") > MOST_OPT_INS:
        yield "INVALID_PROPERTY_VALUE", f"{path}.layout", f"A screen has {MOST_OPT_INS} OptIns at most."
    names = _names(screen)
    if len(set(names)) != len(names) or "" in names:
        yield "INVALID_PROPERTY_VALUE", f"{path}.layout", "Each input needs a name of its own."
    yield from _data(path, screen)
    for place, child in enumerate(children):
        at = f"{path}.layout.children[{place}]"
        yield from _component(at, child)
        yield from _action(f"{at}.on-click-action", child.get("on-click-action"), screen, inputs)
        yield from _references(at, child, screen, inputs)


def _data(path: str, screen: Json) -> Iterator[_Problem]:
    data = screen.get("data", {})
    for name, field in data.items() if isinstance(data, dict) else ():
        if not isinstance(field, dict) or "__example__" not in field:
            yield "REQUIRED_PROPERTY_MISSING", f"{path}.data.{name}", "Property '__example__' is missing."


def _component(path: str, child: Json) -> Iterator[_Problem]:
    kind = child.get("type")
    limits = _TEXTS.get(str(kind))
    if limits is None:
        yield "INVALID_PROPERTY_VALUE", f"{path}.type", f"There is no component {kind!r}."
        return
    for name, most in limits.items():
        text = child.get(name)
        if text is None and (name == "label" or _NEEDED.get(str(kind)) == name):
            yield "REQUIRED_PROPERTY_MISSING", f"{path}.{name}", f"Property '{name}' is missing."
        if isinstance(text, str) and not 1 <= len(text) <= most:
            yield "INVALID_PROPERTY_VALUE", f"{path}.{name}", f"'{name}' has 1 to {most} characters."
    if kind == "TextInput" and "pattern" in child and "helper-text" not in child:
        yield "REQUIRED_PROPERTY_MISSING", f"{path}.helper-text", "'pattern' needs a 'helper-text'."
    if kind == "Footer" and not isinstance(child.get("on-click-action"), dict):
        yield "REQUIRED_PROPERTY_MISSING", f"{path}.on-click-action", "Property 'on-click-action' is missing."
    if kind == "TextInput" and child.get("input-type", "text") not in _INPUT_TYPES:
        yield "INVALID_PROPERTY_VALUE", f"{path}.input-type", f"There is no input-type {child['input-type']!r}."
    yield from _sizes(path, child, _SIZES.get(str(kind), ()))
    if kind in OPTIONS:
        yield from _options(path, child, OPTIONS[str(kind)])


def _sizes(path: str, child: Json, names: tuple[str, ...]) -> Iterator[_Problem]:
    """Check the length properties of an input."""
    for name in names:
        size = child.get(name, 1)
        if not str(size).isdecimal():
            yield "INVALID_PROPERTY_VALUE", f"{path}.{name}", f"'{name}' is a whole number, not {size!r}."
            return
    if len(names) > 1 and int(child.get(names[0], 0)) > int(child.get(names[1], LONGEST_INPUT)):
        yield "INVALID_PROPERTY_VALUE", f"{path}.{names[0]}", f"'{names[0]}' is more than '{names[1]}'."


def _options(path: str, child: Json, most: int) -> Iterator[_Problem]:
    options = child.get("data-source")
    if isinstance(options, str):
        return
    if not isinstance(options, list) or not 1 <= len(options) <= most:
        yield "INVALID_PROPERTY_VALUE", f"{path}.data-source", f"There are 1 to {most} options."
        return
    for place, option in enumerate(options):
        at = f"{path}.data-source[{place}]"
        if not isinstance(option, dict) or not option.get("id"):
            yield "REQUIRED_PROPERTY_MISSING", f"{at}.id", "Property 'id' is missing."
            continue
        if not 1 <= len(str(option.get("title", ""))) <= OPTION_TITLE:
            yield "INVALID_PROPERTY_VALUE", f"{at}.title", f"'title' has 1 to {OPTION_TITLE} characters."
        if len(str(option.get("description", ""))) > OPTION_DESCRIPTION:
            yield "INVALID_PROPERTY_VALUE", f"{at}.description", f"It has {OPTION_DESCRIPTION} characters at most."


def _action(path: str, action: Any, screen: Json, inputs: Mapping[str, set[str]]) -> Iterator[_Problem]:
    if not isinstance(action, dict):
        return
    name = action.get("name")
    if name not in {"complete", "navigate", "data_exchange", "open_url", "update_data"}:
        yield "INVALID_PROPERTY_VALUE", f"{path}.name", f"There is no action {name!r}."
    if name == "complete" and not screen.get("terminal"):
        yield "INVALID_PROPERTY_VALUE", f"{path}.name", "'complete' belongs on a terminal screen."
    following = action.get("next")
    wanted = following.get("name") if isinstance(following, dict) else None
    if name == "navigate" and wanted not in inputs:
        yield "INVALID_PROPERTY_VALUE", f"{path}.next", f"There is no screen {wanted!r}."


def _references(path: str, child: Json, screen: Json, inputs: Mapping[str, set[str]]) -> Iterator[_Problem]:
    data = screen.get("data")
    known = {
        *(f"form.{name}" for name in inputs[str(screen.get("id"))]),
        *(f"data.{name}" for name in (data if isinstance(data, dict) else {})),
        *(f"screen.{where}.form.{name}" for where, names in inputs.items() for name in names),
    }
    for reference in _REFERENCE.findall(json.dumps(child)):
        if reference not in known:
            yield "INVALID_PROPERTY_VALUE", path, f"${{{reference}}} refers to nothing."
