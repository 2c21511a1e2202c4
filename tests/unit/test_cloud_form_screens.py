"""How a phone shows a form and fills it in: what each field takes, what comes back, and that ours work."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from service.whatsapp.forms import DEFINITIONS
from simulator.whatsapp_cloud import NotFilledInError
from simulator.whatsapp_cloud.form_screens import OpenForm

BOXES = [{"id": "a", "title": "Apples"}, {"id": "b", "title": "Bread"}, {"id": "c", "title": "Cloth"}]
FORM: Any = {
    "version": "7.3",
    "screens": [
        {
            "id": "FIRST",
            "title": "First",
            "data": {"hint": {"type": "string", "__example__": "?"}},
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {"type": "TextBody", "text": "Hello ${data.hint}!"},
                    {"type": "TextInput", "name": "name", "label": "Name", "required": True, "min-chars": 3},
                    {"type": "TextInput", "name": "age", "label": "Age", "input-type": "number"},
                    {
                        "type": "Footer",
                        "label": "Next",
                        "on-click-action": {
                            "name": "navigate",
                            "next": {"type": "screen", "name": "LAST"},
                            "payload": {"called": "${form.name}"},
                        },
                    },
                ],
            },
        },
        {
            "id": "LAST",
            "title": "Last",
            "terminal": True,
            "data": {"called": {"type": "string", "__example__": "?"}},
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {
                        "type": "Form",
                        "name": "form",
                        "children": [
                            {"type": "TextHeading", "text": "${data.called}"},
                            {"type": "Dropdown", "name": "kind", "label": "Kind", "data-source": BOXES},
                            {
                                "type": "CheckboxGroup",
                                "name": "more",
                                "label": "More",
                                "data-source": BOXES,
                                "max-selected-items": 2,
                            },
                            {"type": "DatePicker", "name": "day", "label": "Day", "min-date": "2026-01-01"},
                            {"type": "OptIn", "name": "agreed", "label": "I agree", "required": True},
                            {
                                "type": "TextInput",
                                "name": "code",
                                "label": "Code",
                                "pattern": "[A-Z]{2}",
                                "helper-text": "Two capitals",
                            },
                            {"type": "TextInput", "name": "mail", "label": "Mail", "input-type": "email"},
                            {"type": "TextArea", "name": "about", "label": "About"},
                            {
                                "type": "Footer",
                                "label": "Send",
                                "on-click-action": {
                                    "name": "complete",
                                    "payload": {
                                        "form": "test",
                                        "name": "${screen.FIRST.form.name}",
                                        "said": "I am ${screen.FIRST.form.name}",
                                        "kind": "${form.kind}",
                                        "more": "${form.more}",
                                        "day": "${form.day}",
                                        "agreed": "${form.agreed}",
                                        "nested": {"list": ["${form.code}", 7]},
                                    },
                                },
                            },
                        ],
                    }
                ],
            },
        },
    ],
}
RIGHT: Mapping[str, Any] = {"name": "Tariro", "kind": "Bread", "more": "a, Cloth", "agreed": "yes", "code": "ZW"}


def opened(form: Any = FORM, **parameters: Any) -> OpenForm:
    return OpenForm.of(json.dumps(form), parameters)


def test_answers_come_back_as_the_form_says() -> None:
    """The keys are those of its last action: references are replaced across screens, options are told by their ids."""
    form = opened(flow_action_payload={"screen": "FIRST", "data": {"hint": "you"}})
    assert form.submit(RIGHT) == {
        "form": "test",
        "name": "Tariro",
        "said": "I am Tariro",
        "kind": "b",
        "more": ["a", "c"],
        "day": "",
        "agreed": True,
        "nested": {"list": ["ZW", 7]},
    }


def test_the_screens_are_shown_as_they_were_filled_in() -> None:
    """Texts, labels with answers, options by their titles, and the button that led on."""
    form = opened(flow_action_payload={"data": {"hint": "you"}})
    form.submit({**RIGHT, "day": "2026-11-02"})
    assert form.shown == [
        "First",
        "Hello you!",
        "Name: Tariro",
        "Age: ",
        "[ Next ]",
        "Last",
        "Tariro",
        "Kind: Bread",
        "More: Apples, Cloth",
        "Day: 2026-11-02",
        "☑ I agree",
        "Code: ZW",
        "Mail: ",
        "About: ",
        "[ Send ]",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "the form needs name (Name)"),
        ({"name": "Ta"}, "name (Name) takes 3 to 80 characters, not 2: 'Ta'"),
        ({"name": "x" * 81}, "name (Name) takes 3 to 80 characters, not 81"),
        ({"age": "many"}, "age (Age) takes a number, not 'many'"),
        ({"kind": "d"}, "kind (Kind) has no option 'd'; it has a, b, c"),
        ({"more": ["a", "b", "c"]}, "more (More) takes 0 to 2 options, each once, not 3"),
        ({"more": ["a", "a"]}, "more (More) takes 0 to 2 options, each once, not 2"),
        ({"day": "tomorrow"}, "day (Day) is a day such as 2026-11-02, not 'tomorrow'"),
        ({"day": "2025-12-31"}, "day (Day) is from 2026-01-01 to ever"),
        ({"agreed": "no"}, "the form needs agreed (I agree) to be ticked"),
        ({"agreed": "perhaps"}, "agreed (I agree) is ticked (true) or not (false), and nothing else: 'perhaps'"),
        ({"code": "zw"}, "code (Code) does not take 'zw': Two capitals"),
        ({"mail": "a@b"}, "mail (Mail) takes an email address, not 'a@b'"),
        ({"about": "x" * 601}, "about (About) takes 0 to 600 characters, not 601"),
        ({"nome": "x"}, "the form does not ask for nome; it asks for name, age, kind, more, day, agreed, code, mail"),
    ],
)
def test_what_a_field_does_not_take_is_named(changed: Mapping[str, Any], said: str) -> None:
    """Before anything is sent."""
    with pytest.raises(NotFilledInError) as refused:
        opened().submit({**RIGHT, **changed})
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("most", "taken"), [({}, {"name": "x" * 80, "about": "x" * 600}), ({"max-chars": 90}, {"name": "x" * 90})]
)
def test_what_a_field_just_takes_is_taken(most: Mapping[str, int], taken: Mapping[str, str]) -> None:
    """80 characters and 600, unless the form says otherwise."""
    form = copy.deepcopy(FORM)
    form["screens"][0]["layout"]["children"][1].update(most)
    assert opened(form).submit({**RIGHT, **taken})["name"] == taken["name"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda form: form["screens"][1].pop("terminal"), "no phone can show this form"),
        (
            lambda form: form["screens"][0]["layout"]["children"][3]["on-click-action"]["next"].update(name="FIRST"),
            "the form comes back to its screen FIRST",
        ),
        (lambda form: form["screens"][0]["layout"]["children"].pop(), "the form's screen FIRST has no button"),
        (
            lambda form: form["screens"][0]["layout"]["children"][3]["on-click-action"].update(name="data_exchange"),
            "the form's screen FIRST asks an endpoint",
        ),
    ],
)
def test_a_form_that_leads_nowhere_is_noticed(change: Any, said: str) -> None:
    """By whoever fills it in."""
    form = copy.deepcopy(FORM)
    change(form)
    with pytest.raises(NotFilledInError, match=said):
        opened(form).submit(RIGHT)


def test_a_message_may_open_a_screen_that_the_form_has() -> None:
    """And no other."""
    with pytest.raises(NotFilledInError, match="no screen 'MIDDLE'; it has FIRST, LAST"):
        opened(flow_action_payload={"screen": "MIDDLE"})
    assert opened(flow_action_payload={"screen": "LAST"}).submit({"agreed": True})["name"] == ""


def test_whoever_goes_past_the_form_still_sends_what_it_always_adds() -> None:
    """Its own name is none of the person's answers."""
    assert opened().unchecked({"name": "x"}) == {"form": "test", "name": "x"}


def test_the_fields_can_be_asked_for() -> None:
    """On whichever screen they are, with what can be chosen."""
    kind = next(one for one in opened().fields() if one.name == "kind")
    assert (kind.screen, kind.kind, kind.label, kind.required, kind.options) == (
        "LAST",
        "Dropdown",
        "Kind",
        False,
        ("a", "b", "c"),
    )


@pytest.mark.parametrize(
    ("form", "answers", "told"),
    [
        (
            "member_signup",
            {"first_name": "Tariro", "last_name": "Moyo"},
            {"form": "member_signup", "first_name": "Tariro", "last_name": "Moyo"},
        ),
        (
            "open_account",
            {"name": "Moyo Sons", "denomination": "USD", "handle": "moyo_sons"},
            {"form": "open_account", "name": "Moyo Sons", "denomination": "USD", "handle": "moyo_sons"},
        ),
    ],
)
def test_the_forms_that_we_ship_can_be_filled_in(form: str, answers: dict[str, str], told: dict[str, str]) -> None:
    """Each field is asked for, and the bot gets what it reads."""
    (source,) = (each.source for each in DEFINITIONS if each.name == form)
    assert OpenForm.of(source, {}).submit(answers) == told
