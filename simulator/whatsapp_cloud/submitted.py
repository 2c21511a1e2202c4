"""Submitted templates: the checks on submission, and the template's JSON afterwards.

Rules: Meta's pages on message templates, read September 2026. Error texts follow Meta's pattern.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .errors import RefusedError
from .limits import LIMITS
from .templates import placeholders
from .values import ApprovedTemplate, Json, TemplateButton

__all__ = ("SubmittedTemplate", "check_submitted")

CATEGORIES: Final = ("AUTHENTICATION", "MARKETING", "UTILITY")
_HEADERS: Final = ("TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION")
_PARTS: Final = ("HEADER", "BODY", "FOOTER", "BUTTONS")
_BUTTONS: Final = ("QUICK_REPLY", "URL", "PHONE_NUMBER", "FLOW", "COPY_CODE")
_NAME: Final = re.compile(r"[a-z0-9_]+")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")


@dataclass
class SubmittedTemplate:
    """A template: it is under review for a while, then approved.

    Attributes:
        rejected: the reviewers refused it.
        stopped: PAUSED or DISABLED, after complaints.
    """

    id: str
    name: str
    language: str
    category: str
    components: list[Json]
    approved_ms: int
    rejected: bool = False
    stopped: str = ""

    def status(self, now_ms: int) -> str:
        """Its status at this time."""
        if self.rejected:
            return "REJECTED"
        return (self.stopped or "APPROVED") if now_ms >= self.approved_ms else "PENDING"

    def approved(self) -> ApprovedTemplate:
        """The approved template, as messages use it.

        Raises:
            RefusedError: it violates a limit.
        """
        header = self._part("HEADER")
        kind = str(header.get("format", "TEXT")).lower()
        try:
            return ApprovedTemplate(
                self.name,
                self.language,
                str(self._part("BODY").get("text", "")),
                tuple(_button(one) for one in self._part("BUTTONS").get("buttons", [])),
                header=str(header.get("text", "")),
                footer=str(self._part("FOOTER").get("text", "")),
                media="" if kind == "text" else kind,
                category=self.category,
                status=self.stopped or "APPROVED",
            )
        except ValueError as error:
            raise _wrong(str(error)) from None

    def _part(self, kind: str) -> Json:
        return next((part for part in self.components if str(part.get("type")).upper() == kind), {})

    def to_json(self, now_ms: int) -> Json:
        """Its JSON in the Graph API."""
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "category": self.category,
            "status": self.status(now_ms),
            "components": self.components,
        }


def _button(given: Json) -> str | TemplateButton:
    kind = str(given.get("type", "QUICK_REPLY")).lower()
    text = str(given.get("text", "Copy offer code" if kind == "copy_code" else ""))
    return text if kind == "quick_reply" else TemplateButton(kind, text, str(given.get("url", "")))


def _wrong(details: str) -> RefusedError:
    return RefusedError(100, message="Invalid parameter", details=details)


def check_submitted(given: Mapping[str, Any]) -> list[Json]:
    """Check a submission. Returns the components.

    Raises:
        RefusedError: a part is missing, unknown or too long, or a variable has no example.
    """
    for name in ("name", "language", "category", "components"):
        if not given.get(name):
            raise RefusedError(100, message=f"The parameter {name} is required.")
    name, language, components = given["name"], given["language"], given["components"]
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not LIMITS["template.name"].keeps(len(name)):
        most = LIMITS["template.name"].most
        raise _wrong(f"Param name has up to {most} lower-case letters, digits and underscores")
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise RefusedError(100, message=f'Param language must be a code of a language - got "{language}".')
    if given["category"] not in CATEGORIES:
        raise RefusedError(100, message=f"Param category must be one of {{{', '.join(CATEGORIES)}}}")
    if not isinstance(components, list) or not all(isinstance(part, dict) for part in components):
        raise RefusedError(100, message="Param components must be an array of JSON objects.")
    _check_parts(components, authentication=given["category"] == "AUTHENTICATION")
    return components


def _check_parts(components: list[Json], *, authentication: bool) -> None:
    kinds = [str(part.get("type")).upper() for part in components]
    for kind in kinds:
        if kind not in _PARTS:
            raise RefusedError(
                100, message=f'Param components type must be one of {{{", ".join(_PARTS)}}} - got "{kind}".'
            )
        if kinds.count(kind) > 1:
            raise _wrong(f"A template has one component of type {kind} at most")
    if "BODY" not in kinds:
        raise _wrong("A template needs a component of type BODY")
    for kind, part in zip(kinds, components, strict=True):
        if kind == "BUTTONS":
            _check_buttons(part)
        elif kind == "HEADER" and part.get("format", "TEXT") != "TEXT":
            _check_file(part)
        elif not authentication:
            _check_text(kind, part)


def _check_text(kind: str, part: Json) -> None:
    text = part.get("text")
    limit = LIMITS[{"BODY": "template.body_text", "HEADER": "template.header_text", "FOOTER": "template.footer"}[kind]]
    if not isinstance(text, str) or not text:
        raise _wrong(f"component of type {kind} is missing expected field(s) (text)")
    if not limit.keeps(len(text)):
        raise _wrong(limit.said())
    names = placeholders(text)
    if names and kind == "FOOTER":
        raise _wrong("The footer can't have variables")
    if kind == "HEADER" and len(names) > 1:
        raise _wrong("The header can have one variable at most")
    if kind == "BODY" and (text.startswith("{{") or text.endswith("}}")):
        raise _wrong("Variables can't be at the start or end")
    numbered = [name for name in names if name.isdecimal()]
    if numbered and (len(numbered) < len(names) or sorted(map(int, numbered)) != list(range(1, len(names) + 1))):
        raise _wrong("Variables are {{1}}, {{2}}, ... without a gap, or all have names")
    if names and _examples(kind.lower(), part.get("example")) != len(names):
        raise _wrong(f"component of type {kind} is missing expected field(s) (example)")


def _examples(kind: str, example: Any) -> int:
    """How many variables an example has values for."""
    given = example if isinstance(example, dict) else {}
    found = given.get(f"{kind}_text_named_params") or given.get(f"{kind}_text") or []
    if found and isinstance(found[0], list):
        found = found[0]
    return len(found)


def _check_file(part: Json) -> None:
    kind = part["format"]
    if kind not in _HEADERS:
        raise RefusedError(100, message=f'Param format must be one of {{{", ".join(_HEADERS)}}} - got "{kind}".')
    example = part.get("example")
    if kind != "LOCATION" and not (isinstance(example, dict) and example.get("header_handle")):
        raise _wrong("component of type HEADER is missing expected field(s) (example)")


def _check_buttons(part: Json) -> None:
    buttons = part.get("buttons")
    if not isinstance(buttons, list) or not buttons or not all(isinstance(one, dict) for one in buttons):
        raise _wrong("component of type BUTTONS is missing expected field(s) (buttons)")
    for button in buttons:
        kind = button.get("type")
        if kind not in _BUTTONS:
            raise RefusedError(
                100, message=f'Param button type must be one of {{{", ".join(_BUTTONS)}}} - got "{kind}".'
            )
        url = button.get("url", "")
        if kind == "URL" and not (isinstance(url, str) and url.startswith(("https://", "http://"))):
            raise _wrong("A button of type URL needs an address that begins with http:// or https://")
        if kind == "URL" and placeholders(url) and not (url.endswith("{{1}}") and button.get("example")):
            raise _wrong("A button's address has one variable at its end, and an example")
