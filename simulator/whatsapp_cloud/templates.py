"""Template messages: checked against the approved template, and filled in for the person's screen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .errors import RefusedError
from .kinds.template import IN_HEADER
from .limits import LIMITS
from .values import ApprovedTemplate, Bubble, Choice, Json, TemplateButton

__all__ = ("fill", "placeholders")

_PLACEHOLDER: Final = re.compile(r"\{\{(\w+)\}\}")
_FORBIDDEN: Final = re.compile(r"[\n\r\t]| {5}")


def placeholders(text: str) -> list[str]:
    """The names of the placeholders in a text, in order and without repetition."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def fill(bubble: Bubble, approved: Sequence[ApprovedTemplate] | None) -> ApprovedTemplate | None:
    """Fill in a template's texts and buttons. Without a list of approved templates, any name is accepted.

    Returns:
        The template, if there is a list.

    Raises:
        RefusedError: there is no such template in this language, or the parameters do not match it.
    """
    template = bubble.payload["template"]
    components = template.get("components") or []
    values = _values("body", components)
    given = dict(_buttons(components))
    if approved is None:
        bubble.body = " ".join([f"[{template['name']}]", *values.values()])
        payloads = [(at, payload) for at, (kind, payload) in sorted(given.items()) if kind == "quick_reply"]
        bubble.choices = tuple(Choice(payload, payload) for _, payload in payloads)
        return None
    found = _look_up(template["name"], template["language"]["code"], approved)
    bubble.header = _header(found, components)
    bubble.body = _filled("body", found.body, values)
    _tappable(bubble, found, given)
    return found


def _look_up(name: str, language: str, approved: Sequence[ApprovedTemplate]) -> ApprovedTemplate:
    for template in approved:
        if (template.name, template.language) == (name, language):
            if template.status == "PAUSED":
                raise RefusedError(132015, details=f"template ({name}) is paused due to low quality")
            if template.status == "DISABLED":
                raise RefusedError(
                    132016, details=f"template ({name}) has been paused too often and is disabled for good"
                )
            return template
    raise RefusedError(132001, details=f"template name ({name}) does not exist in {language}")


def _filled(part: str, text: str, values: Mapping[str, str]) -> str:
    expected = placeholders(text)
    if len(values) != len(expected):
        raise RefusedError(
            132000,
            details=f"{part}: number of localizable_params ({len(values)}) does not match the expected number of "
            f"params ({len(expected)})",
        )
    if set(values) != set(expected):
        raise RefusedError(132012, details=f"{part}: parameters {sorted(values)} do not fit {sorted(expected)}")
    filled = _PLACEHOLDER.sub(lambda match: values[match[1]], text)
    limit = LIMITS[f"template.{part}"]
    if len(filled) > limit.most:
        raise RefusedError(limit.code, details=limit.said())
    return filled


def _header(found: ApprovedTemplate, components: Sequence[Json]) -> str:
    """Check the header: a text with parameters, or the file or location that the template requires."""
    parameters = _parameters("header", components)
    if not found.media:
        wrong = next((one["type"] for one in parameters if one["type"].lower() in {*IN_HEADER, "location"}), None)
        if wrong is not None:
            details = f"header: Format mismatch, expected TEXT, received {wrong.upper()}"
            raise RefusedError(132012, details=details)
        return _filled("header", found.header, _values("header", components))
    given = parameters[0]["type"].lower() if parameters else "unknown"
    if len(parameters) != 1 or given != found.media:
        details = f"header: Format mismatch, expected {found.media.upper()}, received {given.upper()}"
        raise RefusedError(132012, details=details)
    return f"[{found.media}]"


def _parameters(part: str, components: Sequence[Json]) -> list[Json]:
    return [
        parameter
        for component in components
        if component["type"].lower() == part
        for parameter in component.get("parameters") or []
    ]


def _values(part: str, components: Sequence[Json]) -> dict[str, str]:
    """The parameters of a component by name; unnamed ones are called 1, 2, ... in order."""
    return {
        str(parameter.get("parameter_name") or place): _value(part, parameter)
        for place, parameter in enumerate(_parameters(part, components), 1)
    }


def _value(part: str, parameter: Json) -> str:
    kind = parameter["type"].lower()
    if kind in {"currency", "date_time"}:
        return str(parameter[kind]["fallback_value"])
    if kind != "text":
        if part == "body":
            raise RefusedError(132012, details=f"body: Format mismatch, expected TEXT, received {kind.upper()}")
        return f"[{kind}]"
    text = parameter.get("text")
    if not text:
        raise RefusedError(131008, details="Parameter of type text is missing text value")
    if _FORBIDDEN.search(text):
        raise RefusedError(
            132018, details="Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        )
    return str(text)


_CALLED: Final[Mapping[str, str]] = {
    "quick_reply": "QuickReply",
    "url": "Url",
    "copy_code": "CopyCode",
    "flow": "Flow",
    "phone_number": "PhoneNumber",
}
_TAKES: Final[Mapping[str, str]] = {
    "quick_reply": "payload",
    "url": "text",
    "copy_code": "coupon_code",
    "flow": "action",
}


def _missing(index: int, kind: str) -> RefusedError:
    return RefusedError(
        131008, details=f"buttons: Button at index {index} of type {_CALLED[kind]} requires a parameter"
    )


def _buttons(components: Sequence[Json]) -> list[tuple[int, tuple[str, Any]]]:
    """The buttons of a request: index, kind and value of each."""
    found: list[tuple[int, tuple[str, Any]]] = []
    limit = LIMITS["template.button_payload"]
    for component in components:
        if component["type"].lower() != "button":
            continue
        kind, index = component["sub_type"].lower(), int(component["index"])
        parameters = component.get("parameters") or []
        value = parameters[0].get(_TAKES[kind]) if parameters else None
        if kind != "flow" and (value is None or (value == "" and kind != "quick_reply")):
            raise _missing(index, kind)
        if kind == "quick_reply" and not limit.keeps(len(str(value))):
            raise RefusedError(limit.code, details=limit.said())
        found.append((index, (kind, value)))
    return found


def _tappable(bubble: Bubble, found: ApprovedTemplate, given: Mapping[int, tuple[str, Any]]) -> None:
    """Check the buttons of a request against the template, and return the choices."""
    buttons = [TemplateButton("quick_reply", one) if isinstance(one, str) else one for one in found.buttons]
    for index, (kind, _) in given.items():
        if index >= len(buttons):
            raise RefusedError(132018, details=f"buttons: the template has no button at index {index}")
        if kind != buttons[index].kind:
            details = f"buttons: Button at index {index} is of type {_CALLED[buttons[index].kind]}, not {_CALLED[kind]}"
            raise RefusedError(132018, details=details)
    for index, button in enumerate(buttons):
        if index not in given and (button.kind == "copy_code" or placeholders(button.url)):
            raise _missing(index, button.kind)
        if index in given and button.kind == "url" and not placeholders(button.url):
            details = f"buttons: Button at index {index} of type Url does not require parameters"
            raise RefusedError(132018, details=details)
    # A quick reply without a payload returns its text.
    bubble.choices = tuple(
        Choice(str(given[index][1]) if index in given else button.text, button.text)
        for index, button in enumerate(buttons)
        if button.kind == "quick_reply"
    )
    others = [f"[{button.text}]" for button in buttons if button.kind != "quick_reply"]
    bubble.footer = "\n".join(part for part in (found.footer, *others) if part)
