"""Cases for Flow JSON: what can be published, and what cannot.

Each case uploads Flow JSON and publishes it. Meta keeps a draft with errors, and refuses to publish it (139002).
Numbers: Meta's pages on Flow JSON and its components, read March 2026.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from .api_under_test import BUSINESS, FORM_JSON, SimulatedApi, observe
from .case import Case, Scenario, changed, without
from .observed import Json, Observed

__all__ = ("form_cases",)

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
"""The texts of components, with their maximum lengths."""

_OPTIONS: Final[Mapping[str, int]] = MappingProxyType({"Dropdown": 200, "RadioButtonsGroup": 20, "CheckboxGroup": 20})


def form_cases() -> Iterator[Case]:
    """All cases of this module."""
    for make in (_lengths, _counts, _screens, _references):
        yield from make()


def _published(definition: Any) -> Scenario:
    async def scene(api: SimulatedApi) -> Observed:
        source = definition if isinstance(definition, str) else json.dumps(definition)
        name = f"form {len(api.cloud.account.forms)}"
        made = {"name": name, "categories": ["OTHER"], "flow_json": source}
        answer = await api.request("POST", f"/v25.0/{BUSINESS.business_id}/flows", json=made)
        return observe(await api.request("POST", f"/v25.0/{answer.json()['id']}/publish"))

    return scene


def _case(rule: str, definition: Any, *, passed: bool) -> Case:
    return Case("form", rule, None if passed else UNPUBLISHABLE, scenario=_published(definition))


def _with(*components: Json) -> Json:
    return changed(FORM_JSON, *_CHILDREN, to=[*components, *FORM_JSON["screens"][0]["layout"]["children"]])


def _lengths() -> Iterator[Case]:
    for component, key, most in _LENGTHS:
        for size in (0, 1, most - 1, most, most + 1):
            rule = f"{component['type']} {key}: {size} of 1 to {most}"
            yield _case(rule, _with({**component, key: "x" * size}), passed=1 <= size <= most)
        if key in {"text", "label"}:
            yield _case(f"{component['type']} {key}: missing", _with(component), passed=False)
    for size in (0, 1, 34, 35, 36):
        footer = changed(FORM_JSON, *_FOOTER, "label", to="x" * size)
        yield _case(f"Footer label: {size} of 1 to 35", footer, passed=1 <= size <= 35)  # noqa: PLR2004


def _counts() -> Iterator[Case]:
    for kind, most in _OPTIONS.items():
        for size in (0, 1, most - 1, most, most + 1):
            options = [{"id": str(number), "title": str(number)} for number in range(size)]
            choosing = {"type": kind, "name": "choice", "label": "Choice", "data-source": options}
            yield _case(f"{kind} options: {size} of 1 to {most}", _with(choosing), passed=1 <= size <= most)
    choosing = {"type": "Dropdown", "name": "choice", "label": "Choice"}
    for key, most in (("title", 30), ("description", 300)):
        for size in (most - 1, most, most + 1):
            listed = {**choosing, "data-source": [{**_OPTION, key: "x" * size}]}
            yield _case(f"option {key}: {size} of {most}", _with(listed), passed=size <= most)
    for size in (49, 50, 51):
        texts = [{"type": "TextBody", "text": "x"}] * (size - 2)
        yield _case(f"components on a screen: {size} of 50", _with(*texts), passed=size <= 50)  # noqa: PLR2004
    for size in (4, 5, 6):
        agreed = [{"type": "OptIn", "name": f"agreed_{letter}", "label": "I agree"} for letter in "abcdef"[:size]]
        yield _case(f"OptIns on a screen: {size} of 5", _with(*agreed), passed=size <= 5)  # noqa: PLR2004


def _screens() -> Iterator[Case]:
    screen = ("screens", 0)
    yield _case("in order", FORM_JSON, passed=True)
    for version, passed in (("7.3", True), ("6.0", True), ("5.1", True), ("5.0", False), ("99.0", False)):
        yield _case(f"version {version}", changed(FORM_JSON, "version", to=version), passed=passed)
    for name, passed in (("FIRST", True), ("First_Screen", True), ("FIRST1", False), ("MY-SCREEN", False), ("", False)):
        yield _case(f"screen id {name!r}", changed(FORM_JSON, *screen, "id", to=name), passed=passed)
    yield _case("the reserved id SUCCESS", changed(FORM_JSON, *screen, "id", to="SUCCESS"), passed=False)
    twice = changed(FORM_JSON, "screens", to=FORM_JSON["screens"] * 2)
    yield _case("two screens with one id", twice, passed=False)
    yield _case("no terminal screen", without(FORM_JSON, *screen, "terminal"), passed=False)
    yield _case("a terminal screen without a Footer", without(FORM_JSON, *_FOOTER), passed=False)
    footer = FORM_JSON["screens"][0]["layout"]["children"][1]
    yield _case("two Footers", _with(footer), passed=False)
    yield _case("no screens", changed(FORM_JSON, "screens", to=[]), passed=False)
    yield _case("no JSON", "{", passed=False)
    yield _case("a list", "[]", passed=False)
    yield _case("a pattern without a helper text", _with(_input(pattern="[a-z]+")), passed=False)
    helped = _input(pattern="[a-z]+", **{"helper-text": "Letters"})
    yield _case("a pattern with a helper text", _with(helped), passed=True)
    for version, passed in (("6.1", False), ("6.2", True)):
        older = {**_with(helped), "version": version}
        yield _case(f"a pattern in version {version}", older, passed=passed)
    for kind, passed in (("email", True), ("passcode", True), ("colour", False)):
        yield _case(f"an input of type {kind}", _with(_input(**{"input-type": kind})), passed=passed)
    for least, passed in ((79, True), (80, True), (81, False)):
        size = {"min-chars": least}
        yield _case(f"an input of at least {least} of 80 characters", _with(_input(**size)), passed=passed)
    yield _case("a Footer that does nothing", without(FORM_JSON, *_FOOTER, "on-click-action"), passed=False)
    yield _case("two inputs with one name", _with(_input(name="name")), passed=False)
    yield _case("an input without a name", _with(without(_input(), "name")), passed=False)
    yield _case("a component that is none", _with({"type": "Wizard"}), passed=False)
    yield _case("an endpoint's version alone", {**FORM_JSON, "data_api_version": "3.0"}, passed=False)
    whole = {**FORM_JSON, "data_api_version": "3.0", "routing_model": {"REGISTER": []}}
    yield _case("an endpoint's version and its routes", whole, passed=True)


def _input(**changes: Any) -> Json:
    return {"type": "TextInput", "name": "other", "label": "Other", **changes}


def _references() -> Iterator[Case]:
    data = ("screens", 0, "data")
    action = (*_FOOTER, "on-click-action")
    for reference, passed in (
        ("${form.name}", True),
        ("${data.hint}", True),
        ("${screen.REGISTER.form.name}", True),
        ("${form.nobody}", False),
        ("${data.nothing}", False),
        ("${screen.NOWHERE.form.name}", False),
    ):
        payload = changed(FORM_JSON, *action, "payload", "name", to=reference)
        yield _case(f"a reference {reference}", payload, passed=passed)
    yield _case("data without __example__", without(FORM_JSON, *data, "hint", "__example__"), passed=False)
    nowhere = {"name": "navigate", "next": {"type": "screen", "name": "NOWHERE"}, "payload": {}}
    yield _case("a way to a screen that is not there", changed(FORM_JSON, *action, to=nowhere), passed=False)
    yield _case("an action that is none", changed(FORM_JSON, *action, "name", to="fly"), passed=False)
    first = {**FORM_JSON["screens"][0], "id": "FIRST", "terminal": False}
    both = changed(FORM_JSON, "screens", to=[first, *FORM_JSON["screens"]])
    yield _case("complete on a screen that is not terminal", both, passed=False)
