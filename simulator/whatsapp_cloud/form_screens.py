"""A form on a phone: its screens, the checks of its fields, and the answers that are submitted.

Rules: Meta's pages on Flow JSON and its components, read March 2026. That an optional field left empty is
submitted as an empty value of its type is inferred.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from .errors import NotFilledInError
from .flow_json import INPUTS, LONGEST_AREA, LONGEST_INPUT, OPTIONS, components, problems
from .values import FormField, Json

__all__ = ("OpenForm",)

_REFERENCE: Final = re.compile(r"\$\{([^}]*)\}")
_TEXTS: Final = frozenset({"TextHeading", "TextSubheading", "TextBody", "TextCaption"})
_KINDS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "number": (re.compile(r"[0-9]+([.,][0-9]+)?"), "a number"),
    "phone": (re.compile(r"[0-9+() -]+"), "a phone number"),
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an email address"),
    "passcode": (re.compile(r"[0-9]+"), "digits"),
}
_YES: Final = frozenset({"true", "yes"})
_NO: Final = frozenset({"false", "no", ""})


@dataclass(slots=True)
class OpenForm:
    """An open form on one phone.

    Attributes:
        screens: by id.
        start: the id of the first screen.
        data: the initial data from the message.
        filled: the answers, by screen.
        shown: the filled-in screens, line by line.
    """

    screens: Mapping[str, Json]
    start: str
    data: Json
    filled: dict[str, Json] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, source: str, parameters: Mapping[str, Any]) -> OpenForm:
        """Open a form from its Flow JSON, with the parameters of the message that sent it.

        Raises:
            NotFilledInError: the Flow JSON is invalid, or has no such screen.
        """
        if found := problems(source):
            raise NotFilledInError(f"no phone can show this form: {found[0]['message']}")
        listed = json.loads(source)["screens"]
        screens = {str(screen["id"]): screen for screen in listed}
        payload = parameters.get("flow_action_payload") or {}
        start = str(payload.get("screen") or listed[0]["id"])
        if start not in screens:
            raise NotFilledInError(f"the form has no screen {start!r}; it has {', '.join(screens)}")
        return cls(screens, start, dict(payload.get("data") or {}))

    def fields(self) -> list[FormField]:
        """The fields of all screens."""
        return [
            FormField(
                str(screen_id),
                str(one["name"]),
                str(one["type"]),
                self._told(one, "label", {}),
                bool(one.get("required")),
                tuple(str(option["id"]) for option in _options(one, self.data)),
            )
            for screen_id, screen in self.screens.items()
            for one in _inputs(screen)
        ]

    def submit(self, answers: Mapping[str, Any]) -> Json:
        """Fill it in, screen by screen, and submit it. Returns the answers for the bot.

        Raises:
            NotFilledInError: a field rejects its answer, or no field asks for an answer.
        """
        screen_id, data, left = self.start, self.data, dict(answers)
        while True:
            if screen_id in self.filled:
                raise NotFilledInError(f"the form comes back to its screen {screen_id}: it cannot be submitted")
            screen = self.screens[screen_id]
            answered = {str(one["name"]): _taken(one, left.pop(one["name"], None), data) for one in _inputs(screen)}
            self.filled[screen_id] = answered
            self.shown += self._drawn(screen, data)
            action = _way_on(screen)
            payload = self._resolved(action.get("payload") or {}, answered, data)
            if action["name"] == "complete":
                self._check_all_asked(left)
                return dict(payload)
            if action["name"] != "navigate":
                raise NotFilledInError(f"the form's screen {screen_id} asks an endpoint, and none is played here")
            screen_id, data = str(action["next"]["name"]), payload

    def unchecked(self, answers: Mapping[str, Any]) -> Json:
        """The submission of a client that skips the form's checks: the answers and the form's own values."""
        constant = {
            key: value
            for screen in self.screens.values()
            for one in components(screen)
            if (action := one.get("on-click-action") or {}).get("name") == "complete"
            for key, value in (action.get("payload") or {}).items()
            if isinstance(value, str) and not _REFERENCE.search(value)
        }
        return {**constant, **answers}

    def _check_all_asked(self, left: Mapping[str, Any]) -> None:
        if left:
            asked = ", ".join(name for answers in self.filled.values() for name in answers)
            raise NotFilledInError(f"the form does not ask for {', '.join(left)}; it asks for {asked}")

    def _drawn(self, screen: Json, data: Json) -> Iterator[str]:
        answered = self.filled[str(screen["id"])]
        yield str(screen.get("title", ""))
        for one in components(screen):
            label = self._told(one, "label", data)
            if one["type"] in _TEXTS:
                yield self._told(one, "text", data)
            elif one["type"] == "OptIn":
                yield f"{'☑' if answered[one['name']] else '☐'} {label}"
            elif one["type"] in INPUTS:
                yield f"{label}: {_words(one, answered[one['name']], data)}"
            elif one["type"] == "Footer":
                yield f"[ {label} ]"

    def _told(self, one: Json, key: str, data: Json) -> str:
        told = one.get(key, "")
        return str(self._resolved(told, {}, {**self.data, **data})) if isinstance(told, str) else ""

    def _resolved(self, value: Any, answered: Json, data: Json) -> Any:
        """A value with its references replaced; a value that is one reference keeps the referenced type."""
        if isinstance(value, dict):
            return {key: self._resolved(part, answered, data) for key, part in value.items()}
        if isinstance(value, list):
            return [self._resolved(part, answered, data) for part in value]
        if not isinstance(value, str):
            return value
        if whole := _REFERENCE.fullmatch(value):
            return self._referred(whole[1], answered, data)
        return _REFERENCE.sub(lambda found: str(self._referred(found[1], answered, data)), value)

    def _referred(self, reference: str, answered: Json, data: Json) -> Any:
        match reference.split("."):
            case ["form", name]:
                return answered.get(name, "")
            case ["screen", screen_id, "form", name]:
                return self.filled.get(screen_id, {}).get(name, "")
            case ["data", name]:
                return data.get(name, "")
            case _:
                return ""


def _way_on(screen: Json) -> Json:
    """The action of its Footer."""
    footer = next((one for one in components(screen) if one["type"] == "Footer"), None)
    if footer is None:
        raise NotFilledInError(f"the form's screen {screen['id']} has no button that leads on")
    action: Json = footer["on-click-action"]
    return action


def _inputs(screen: Json) -> list[Json]:
    return [one for one in components(screen) if one["type"] in INPUTS]


def _options(one: Json, data: Json) -> list[Json]:
    source = one.get("data-source", [])
    if isinstance(source, str):
        source = data.get(source.removeprefix("${data.").removesuffix("}"), [])
    return source if isinstance(source, list) else []


def _words(one: Json, value: Any, data: Json) -> str:
    """An answer as shown on the screen: options by their titles."""
    titles = {str(option["id"]): str(option.get("title", option["id"])) for option in _options(one, data)}
    chosen = value if isinstance(value, list) else [value]
    return ", ".join(titles.get(str(each), str(each)) for each in chosen)


def _taken(one: Json, given: Any, data: Json) -> Any:
    """Convert a person's input to the value of a field.

    Raises:
        NotFilledInError: the field rejects it.
    """
    called = f"{one['name']} ({one.get('label', '')})"
    match one["type"]:
        case "OptIn":
            return _ticked(one, given, called)
        case "CheckboxGroup":
            return _several(one, given, called, data)
        case kind:
            text = "" if given is None else str(given)
            if not text:
                if one.get("required"):
                    raise NotFilledInError(f"the form needs {called}")
                return ""
            if kind in OPTIONS:
                return _chosen(one, text, called, data)
            if kind == "DatePicker":
                return _day(one, text, called)
            return _written(one, text, called)


def _ticked(one: Json, given: Any, called: str) -> bool:
    said = str(given if given is not None else "").lower()
    if said not in _YES | _NO:
        raise NotFilledInError(f"{called} is ticked (true) or not (false), and nothing else: {given!r}")
    if one.get("required") and said in _NO:
        raise NotFilledInError(f"the form needs {called} to be ticked")
    return said in _YES


def _several(one: Json, given: Any, called: str, data: Json) -> list[str]:
    listed = given if isinstance(given, list | tuple) else [part.strip() for part in str(given or "").split(",")]
    chosen = [_chosen(one, str(each), called, data) for each in listed if each]
    least = max(int(one.get("min-selected-items", 0)), int(bool(one.get("required"))))
    most = int(one.get("max-selected-items", len(chosen)))
    if not least <= len(chosen) <= most or len(set(chosen)) != len(chosen):
        raise NotFilledInError(f"{called} takes {least} to {most} options, each once, not {len(chosen)}")
    return chosen


def _chosen(one: Json, text: str, called: str, data: Json) -> str:
    """The id of the option with this id or title."""
    there = _options(one, data)
    found = next((option for option in there if text in (str(option["id"]), option.get("title"))), None)
    if found is None:
        raise NotFilledInError(
            f"{called} has no option {text!r}; it has {', '.join(str(each['id']) for each in there)}"
        )
    return str(found["id"])


def _day(one: Json, text: str, called: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotFilledInError(f"{called} is a day such as 2026-11-02, not {text!r}") from None
    if not str(one.get("min-date", text)) <= day.isoformat() <= str(one.get("max-date", text)):
        raise NotFilledInError(f"{called} is from {one.get('min-date', 'ever')} to {one.get('max-date', 'ever')}")
    return day.isoformat()


def _written(one: Json, text: str, called: str) -> str:
    area = one["type"] == "TextArea"
    least = int(one.get("min-chars", 0))
    most = int(one.get("max-length", LONGEST_AREA) if area else one.get("max-chars", LONGEST_INPUT))
    if not least <= len(text) <= most:
        raise NotFilledInError(f"{called} takes {least} to {most} characters, not {len(text)}: {text[:40]!r}")
    kind, what = _KINDS.get(str(one.get("input-type")), (None, ""))
    if kind is not None and not kind.fullmatch(text):
        raise NotFilledInError(f"{called} takes {what}, not {text!r}")
    pattern = one.get("pattern")
    if isinstance(pattern, str) and not re.fullmatch(pattern, text):
        raise NotFilledInError(f"{called} does not take {text!r}: {one.get('helper-text', pattern)}")
    return text
