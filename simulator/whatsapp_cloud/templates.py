"""Templates: whether a filled one fits what was approved, and what the person sees of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.whatsapp_cloud.errors import Refused
from simulator.whatsapp_cloud.limits import LIMITS
from simulator.whatsapp_cloud.values import Approved, Bubble, Choice, Json

__all__ = ("fill",)

_PLACEHOLDER: Final = re.compile(r"\{\{(\w+)\}\}")
_FORBIDDEN: Final = re.compile(r"[\n\t]| {5}")


def fill(bubble: Bubble, approved: Sequence[Approved] | None) -> None:
    """Fill in what the person will read and can tap. Without a list of approved templates, any name will do.

    Raises:
        Refused: no such template in this language, or the parameters do not fit it.
    """
    template = bubble.payload["template"]
    components = template.get("components", [])
    values, headers = (_values(components, part) for part in ("body", "header"))
    payloads = dict(_payloads(components))
    if approved is None:
        bubble.body = " ".join([f"[{template['name']}]", *values.values()])
        bubble.choices = tuple(Choice(payload, payload) for _, payload in sorted(payloads.items()))
        return
    found = _look_up(template["name"], template["language"]["code"], approved)
    bubble.header = _filled("header", found.header, headers)
    bubble.body = _filled("body", found.body, values)
    bubble.footer = found.footer
    if not set(payloads) <= set(range(len(found.buttons))):
        raise Refused(132018, details=f"buttons: the template has {len(found.buttons)} quick reply buttons")
    # A quick reply without a payload of its own sends its text back.
    bubble.choices = tuple(Choice(payloads.get(at, title), title) for at, title in enumerate(found.buttons))


def _look_up(name: str, language: str, approved: Sequence[Approved]) -> Approved:
    for template in approved:
        if (template.name, template.language) == (name, language):
            return template
    raise Refused(132001, details=f"template name ({name}) does not exist in {language}")


def _filled(part: str, text: str, values: dict[str, str]) -> str:
    expected = set(_PLACEHOLDER.findall(text))
    if len(values) != len(expected):
        raise Refused(
            132000,
            details=f"{part}: number of localizable_params ({len(values)}) does not match the expected number of "
            f"params ({len(expected)})",
        )
    if set(values) != expected:
        raise Refused(132012, details=f"{part}: parameters {sorted(values)} do not fit {sorted(expected)}")
    filled = _PLACEHOLDER.sub(lambda match: values[match[1]], text)
    limit = LIMITS[f"template.{part}"]
    if len(filled) > limit.most:
        raise Refused(limit.code, details=limit.said())
    return filled


def _values(components: list[Json], part: str) -> dict[str, str]:
    """The parameters of a part by name; those without one are called 1, 2, ... in their order."""
    parameters = [
        parameter
        for component in components
        if component["type"].lower() == part
        for parameter in component.get("parameters", [])
    ]
    return {
        str(parameter.get("parameter_name", place)): _value(parameter) for place, parameter in enumerate(parameters, 1)
    }


def _value(parameter: Json) -> str:
    if parameter.get("type", "text") != "text":
        return f"[{parameter['type']}]"
    text = parameter.get("text")
    if not isinstance(text, str) or not text:
        raise Refused(131008, details="Parameter of type text is missing text value")
    if _FORBIDDEN.search(text):
        raise Refused(
            132018, details="Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        )
    return text


def _payloads(components: list[Json]) -> Iterator[tuple[int, str]]:
    limit = LIMITS["template.button_payload"]
    for component in components:
        if component["type"].lower() != "button" or component.get("sub_type", "").lower() != "quick_reply":
            continue
        index = str(component.get("index", ""))
        parameters = component.get("parameters", [])
        if not index.isdecimal() or not parameters:
            raise Refused(131008, details=f"buttons: Button at index {index} of type QuickReply requires a parameter")
        payload = parameters[0].get("payload")
        if not isinstance(payload, str) or not limit.least <= len(payload) <= limit.most:
            raise Refused(limit.code, details=limit.said())
        yield int(index), payload
