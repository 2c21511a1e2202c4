"""What the validator of forms refuses, and that the forms we ship pass it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from service.whatsapp.forms import DEFINITIONS, FormDefinition
from simulator.whatsapp_cloud.flow_json import problems

FORM: Any = {
    "version": "7.3",
    "screens": [
        {
            "id": "FIRST",
            "title": "First",
            "data": {},
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {"type": "TextHeading", "text": "Hello"},
                    {"type": "TextInput", "name": "name", "label": "Name"},
                    {
                        "type": "Footer",
                        "label": "Next",
                        "on-click-action": {"name": "navigate", "next": {"type": "screen", "name": "LAST"}},
                    },
                ],
            },
        },
        {
            "id": "LAST",
            "title": "Last",
            "terminal": True,
            "data": {"hint": {"type": "string", "__example__": "?"}},
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {"type": "Dropdown", "name": "kind", "label": "Kind", "data-source": [{"id": "a", "title": "A"}]},
                    {"type": "TextBody", "text": "${data.hint}"},
                    {
                        "type": "Footer",
                        "label": "Send",
                        "on-click-action": {
                            "name": "complete",
                            "payload": {"name": "${screen.FIRST.form.name}", "kind": "${form.kind}"},
                        },
                    },
                ],
            },
        },
    ],
}


def found(change: Callable[[Any], object]) -> list[str]:
    """What is wrong with the form once it was changed."""
    form = copy.deepcopy(FORM)
    change(form)
    return [problem["message"] for problem in problems(json.dumps(form))]


def children(form: Any, screen: int = 0) -> Any:
    return form["screens"][screen]["layout"]["children"]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.name)
def test_the_forms_that_we_ship_can_be_published(definition: FormDefinition) -> None:
    """Nothing is wrong with them, and they need no endpoint."""
    assert problems(definition.source) == []
    assert "data_api_version" not in definition.content


def test_a_right_form_has_no_problems() -> None:
    """Two screens, references across them, data with an example."""
    assert found(lambda _: None) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda form: form.update(version="4.0"), "Version '4.0' cannot be published."),
        (lambda form: form.update(version="9.9"), "Version '9.9' cannot be published."),
        (lambda form: form.update(screens=[]), "Property 'screens' must be a list of one screen or more."),
        (lambda form: form["screens"][1].update(id="STEP_2"), "The id 'STEP_2' may have letters and underscores only."),
        (lambda form: form["screens"][1].update(id="SUCCESS"), "The id SUCCESS is reserved."),
        (lambda form: form["screens"][1].update(id="FIRST"), "Two screens have the id FIRST."),
        (lambda form: form["screens"][1].pop("terminal"), "A form needs a terminal screen."),
        (lambda form: form["screens"][1].pop("terminal"), "'complete' belongs on a terminal screen."),
        (lambda form: children(form, 1).pop(), "A terminal screen needs a Footer."),
        (lambda form: children(form).append(children(form)[-1]), "A screen has one Footer at most."),
        (lambda form: children(form).extend([children(form)[0]] * 48), "A screen has 1 to 50 components."),
        (lambda form: children(form).append(children(form)[1]), "Each input needs a name of its own."),
        (lambda form: children(form)[0].update(text="x" * 81), "'text' has 1 to 80 characters."),
        (lambda form: children(form)[1].update(label="x" * 21), "'label' has 1 to 20 characters."),
        (lambda form: children(form)[1].pop("label"), "Property 'label' is missing."),
        (lambda form: children(form)[1].update({"helper-text": "x" * 81}), "'helper-text' has 1 to 80 characters."),
        (lambda form: children(form)[1].update(pattern="a+"), "'pattern' needs a 'helper-text'."),
        (
            lambda form: (form.update(version="6.1"), children(form)[1].update({"pattern": "a", "helper-text": "a"})),
            "'pattern' is there from version 6.2 on.",
        ),
        (lambda form: children(form)[1].update({"input-type": "colour"}), "There is no input-type 'colour'."),
        (
            lambda form: children(form)[1].update({"max-chars": "many"}),
            "'max-chars' is a whole number, not 'many'.",
        ),
        (lambda form: children(form)[1].update({"min-chars": 81}), "'min-chars' is more than 'max-chars'."),
        (lambda form: children(form)[2].pop("on-click-action"), "Property 'on-click-action' is missing."),
        (lambda form: children(form)[2].update(label="x" * 36), "'label' has 1 to 35 characters."),
        (lambda form: children(form)[0].update(type="Song"), "There is no component 'Song'."),
        (lambda form: children(form, 1)[0].update({"data-source": []}), "There are 1 to 200 options."),
        (lambda form: children(form, 1)[0]["data-source"][0].update(title="x" * 31), "'title' has 1 to 30 characters."),
        (lambda form: children(form, 1)[0]["data-source"][0].pop("id"), "Property 'id' is missing."),
        (lambda form: form["screens"][1]["data"]["hint"].pop("__example__"), "Property '__example__' is missing."),
        (lambda form: children(form, 1)[1].update(text="${data.hunt}"), "${data.hunt} refers to nothing."),
        (lambda form: children(form)[0].update(text="${form.nome}"), "${form.nome} refers to nothing."),
        (
            lambda form: children(form)[2]["on-click-action"]["next"].update(name="NOWHERE"),
            "There is no screen 'NOWHERE'.",
        ),
        (lambda form: children(form)[2]["on-click-action"].update(name="fly"), "There is no action 'fly'."),
        (
            lambda form: form.update(data_api_version="3.0"),
            "'data_api_version' and 'routing_model' belong together, to an endpoint.",
        ),
        (
            lambda form: form["screens"][0]["layout"].update(type="Grid"),
            "The layout must be a SingleColumnLayout.",
        ),
    ],
)
def test_what_breaks_a_rule_is_named(change: Callable[[Any], object], said: str) -> None:
    """Each rule, and each limit one beyond."""
    assert said in found(change)


def test_what_is_no_json_or_too_large_is_named() -> None:
    """And nothing else is looked at."""
    assert [problem["error"] for problem in problems("{")] == ["JSON_PARSE_ERROR"]
    assert [problem["error"] for problem in problems(" " * (10 * 1024 * 1024 + 1))] == ["INVALID_SIZE"]
