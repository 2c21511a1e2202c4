"""Cases of forms' definitions (Flow JSON): what can be published, and what cannot.

Each uploads a definition and publishes it. Meta keeps a draft with errors; what it refuses is to publish it (139002).
Numbers: Meta's pages on Flow JSON and its components, read March 2026.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from .case import Case, Play, changed, without
from .observed import Json, Observed
from .place import BUSINESS, FORM_JSON, SimulatedPlace, given

__all__ = ("formed",)

UNPUBLISHABLE: Final = 139002
_CHILDREN: Final = ("screens", 0, "layout", "children")
_FOOTER: Final = (*_CHILDREN, 1)
_OPTION: Final = {"id": "1", "title": "One"}
_CHOOSING: Final = {"name": "choice", "data-source": [_OPTION]}

_LENGTHS: Final[tuple[tuple[Json, str, int], ...]] = (
    ({"type": "TextHeading"}, "text", 80),
    ({"type": "TextSubheading"}, "text", 80),
    ({"type": "TextBody"}, "text", 4096),
    ({"type": "TextCaption"}, "text", 409),
    ({"type": "TextInput", "name": "other"}, "label", 20),
    ({"type": "TextInput", "name": "other", "label": "Other"}, "helper-text", 80),
    ({"type": "TextInput", "name": "other", "label": "Other"}, "error-message", 30),
    ({"type": "Dropdown", **_CHOOSING}, "label", 20),
    ({"type": "RadioButtonsGroup", **_CHOOSING}, "label", 30),
    ({"type": "CheckboxGroup", **_CHOOSING}, "label", 30),
    ({"type": "OptIn", "name": "agreed"}, "label", 120),
)
"""Texts of components, and the most characters of each."""

_OPTIONS: Final[Mapping[str, int]] = MappingProxyType({"Dropdown": 200, "RadioButtonsGroup": 20, "CheckboxGroup": 20})


def formed() -> Iterator[Case]:
    """All of them."""
    for make in (_lengths, _counts, _screens, _references):
        yield from make()


def _published(definition: Any) -> Play:
    async def scene(place: SimulatedPlace) -> Observed:
        source = definition if isinstance(definition, str) else json.dumps(definition)
        name = f"form {len(place.cloud.account.forms)}"
        made = {"name": name, "categories": ["OTHER"], "flow_json": source}
        answer = await place.ask("POST", f"/v25.0/{BUSINESS.business_id}/flows", json=made)
        return given(await place.ask("POST", f"/v25.0/{answer.json()['id']}/publish"))

    return scene


def _case(rule: str, definition: Any, *, right: bool) -> Case:
    return Case("form", rule, None if right else UNPUBLISHABLE, play=_published(definition))


def _with(*components: Json) -> Json:
    return changed(FORM_JSON, *_CHILDREN, to=[*components, *FORM_JSON["screens"][0]["layout"]["children"]])


def _lengths() -> Iterator[Case]:
    for component, key, most in _LENGTHS:
        for size in (0, 1, most - 1, most, most + 1):
            rule = f"{component['type']} {key}: {size} of 1 to {most}"
            yield _case(rule, _with({**component, key: "x" * size}), right=1 <= size <= most)
        if key in {"text", "label"}:
            yield _case(f"{component['type']} {key}: missing", _with(component), right=False)
    for size in (0, 1, 34, 35, 36):
        footer = changed(FORM_JSON, *_FOOTER, "label", to="x" * size)
        yield _case(f"Footer label: {size} of 1 to 35", footer, right=1 <= size <= 35)  # noqa: PLR2004


def _counts() -> Iterator[Case]:
    for kind, most in _OPTIONS.items():
        for size in (0, 1, most - 1, most, most + 1):
            options = [{"id": str(number), "title": str(number)} for number in range(size)]
            choosing = {"type": kind, "name": "choice", "label": "Choice", "data-source": options}
            yield _case(f"{kind} options: {size} of 1 to {most}", _with(choosing), right=1 <= size <= most)
    choosing = {"type": "Dropdown", "name": "choice", "label": "Choice"}
    for key, most in (("title", 30), ("description", 300)):
        for size in (most - 1, most, most + 1):
            listed = {**choosing, "data-source": [{**_OPTION, key: "x" * size}]}
            yield _case(f"option {key}: {size} of {most}", _with(listed), right=size <= most)
    for size in (49, 50, 51):
        texts = [{"type": "TextBody", "text": "x"}] * (size - 2)
        yield _case(f"components on a screen: {size} of 50", _with(*texts), right=size <= 50)  # noqa: PLR2004
    for size in (4, 5, 6):
        agreed = [{"type": "OptIn", "name": f"agreed_{letter}", "label": "I agree"} for letter in "abcdef"[:size]]
        yield _case(f"OptIns on a screen: {size} of 5", _with(*agreed), right=size <= 5)  # noqa: PLR2004


def _screens() -> Iterator[Case]:
    screen = ("screens", 0)
    yield _case("in order", FORM_JSON, right=True)
    for version, right in (("7.3", True), ("6.0", True), ("5.1", True), ("5.0", False), ("99.0", False)):
        yield _case(f"version {version}", changed(FORM_JSON, "version", to=version), right=right)
    for name, right in (("FIRST", True), ("First_Screen", True), ("FIRST1", False), ("MY-SCREEN", False), ("", False)):
        yield _case(f"screen id {name!r}", changed(FORM_JSON, *screen, "id", to=name), right=right)
    yield _case("the reserved id SUCCESS", changed(FORM_JSON, *screen, "id", to="SUCCESS"), right=False)
    twice = changed(FORM_JSON, "screens", to=FORM_JSON["screens"] * 2)
    yield _case("two screens with one id", twice, right=False)
    yield _case("no terminal screen", without(FORM_JSON, *screen, "terminal"), right=False)
    yield _case("a terminal screen without a Footer", without(FORM_JSON, *_FOOTER), right=False)
    footer = FORM_JSON["screens"][0]["layout"]["children"][1]
    yield _case("two Footers", _with(footer), right=False)
    yield _case("no screens", changed(FORM_JSON, "screens", to=[]), right=False)
    yield _case("no JSON", "{", right=False)
    yield _case("a list", "[]", right=False)
    yield _case("a pattern without a helper text", _with(_input(pattern="[a-z]+")), right=False)
    helped = _input(pattern="[a-z]+", **{"helper-text": "Letters"})
    yield _case("a pattern with a helper text", _with(helped), right=True)
    for version, right in (("6.1", False), ("6.2", True)):
        older = {**_with(helped), "version": version}
        yield _case(f"a pattern in version {version}", older, right=right)
    for kind, right in (("email", True), ("passcode", True), ("colour", False)):
        yield _case(f"an input of type {kind}", _with(_input(**{"input-type": kind})), right=right)
    for least, right in ((79, True), (80, True), (81, False)):
        size = {"min-chars": least}
        yield _case(f"an input of at least {least} of 80 characters", _with(_input(**size)), right=right)
    yield _case("a Footer that does nothing", without(FORM_JSON, *_FOOTER, "on-click-action"), right=False)
    yield _case("two inputs with one name", _with(_input(name="name")), right=False)
    yield _case("an input without a name", _with(without(_input(), "name")), right=False)
    yield _case("a component that is none", _with({"type": "Wizard"}), right=False)
    yield _case("an endpoint's version alone", {**FORM_JSON, "data_api_version": "3.0"}, right=False)
    whole = {**FORM_JSON, "data_api_version": "3.0", "routing_model": {"REGISTER": []}}
    yield _case("an endpoint's version and its routes", whole, right=True)


def _input(**changes: Any) -> Json:
    return {"type": "TextInput", "name": "other", "label": "Other", **changes}


def _references() -> Iterator[Case]:
    data = ("screens", 0, "data")
    action = (*_FOOTER, "on-click-action")
    for reference, right in (
        ("${form.name}", True),
        ("${data.hint}", True),
        ("${screen.REGISTER.form.name}", True),
        ("${form.nobody}", False),
        ("${data.nothing}", False),
        ("${screen.NOWHERE.form.name}", False),
    ):
        payload = changed(FORM_JSON, *action, "payload", "name", to=reference)
        yield _case(f"a reference {reference}", payload, right=right)
    yield _case("data without __example__", without(FORM_JSON, *data, "hint", "__example__"), right=False)
    nowhere = {"name": "navigate", "next": {"type": "screen", "name": "NOWHERE"}, "payload": {}}
    yield _case("a way to a screen that is not there", changed(FORM_JSON, *action, to=nowhere), right=False)
    yield _case("an action that is none", changed(FORM_JSON, *action, "name", to="fly"), right=False)
    first = {**FORM_JSON["screens"][0], "id": "FIRST", "terminal": False}
    both = changed(FORM_JSON, "screens", to=[first, *FORM_JSON["screens"]])
    yield _case("complete on a screen that is not terminal", both, right=False)
