"""A few small flows for tests of the framework: a kiosk that sells tea."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from service.conversation import (
    Answers,
    Chosen,
    CoreCall,
    Exit,
    Flow,
    FlowRegistry,
    Question,
    Reply,
    Retry,
    Shortcut,
    SystemTexts,
    TurnContext,
    Typed,
    Vocabulary,
)
from service.domain.commands import Call, Done, FindAccount, Login, Outcome, Unavailable, Unknown
from service.messages import Buttons, Form, List, Message, Section, Text
from service.writes.register import Register

__all__ = ("SYSTEM_TEXTS", "kiosk", "steps_of")

VOCABULARY = Vocabulary(
    greetings=frozenset({"hi", "good morning"}),
    leave=frozenset({"menu", "home", "cancel", "x"}),
    help=frozenset({"help"}),
    yes=frozenset({"yes", "ok"}),
    no=frozenset({"no"}),
    thanks=frozenset({"thanks", "tatenda", "🙏", "❤"}),
    agreed=frozenset({"ok", "great", "👍"}),
)
SYSTEM_TEXTS = SystemTexts(
    not_understood="I did not understand that.",
    pick_an_option="Please pick one.",
    old_button="That is an old button.",
    old_choice="That came too late.",
    cannot_read="I cannot read {kind}.",
    check_again="Please look again.",
    help="We sell tea.",
)


class TeaAnswers(Answers, frozen=True):
    """How many cups."""

    cups: str = ""


# -- the desk, where everybody begins -------------------------------------------------------------------------------


def _menu(context: TurnContext[Any]) -> Sequence[Message]:
    rows = (
        context.entry("tea", "Order tea"),
        context.entry("shelf", "The blue tin", argument="blue"),
        context.entry("card", "Loyalty card"),
        context.choice("cancel", "Bye"),
    )
    return [List(body="What will it be?", button="Choose", sections=(Section(rows=rows),))]


DESK = Flow(
    name="desk",
    title="The desk",
    routes={"menu": "look"},
    steps=(
        CoreCall(
            "look",
            call=lambda _: Login(),
            result=lambda outcome, _: Exit("shut" if isinstance(outcome, Unavailable) else "open"),
            exits={"open": "menu", "shut": "shut"},
        ),
        Question("menu", "list", _menu, {"cancel": ""}, reenter_at="look", interruptible=True),
        Question("shut", "buttons", lambda context: _with_menu(context, "The kiosk is shut."), interruptible=True),
    ),
)


# -- tea ------------------------------------------------------------------------------------------------------------


def _read_cups(reply: Reply, _: TurnContext[Any]) -> Exit | Retry:
    text = reply.text.strip() if isinstance(reply, Typed) else ""
    if not (text.isascii() and text.isdecimal()):
        return Retry("How many, in digits?")
    if int(text) > 99:
        return Exit("too_many", preface="So many cups we have not.", messages=[Text("Oh!")])
    return Exit("ok", TeaAnswers(cups=text))


def _confirm(context: TurnContext[Any]) -> Sequence[Message]:
    answers = (context.option("confirm", "Yes please"), context.option("cancel", "Rather not"))
    return [Buttons(body=f"{context.answers.cups} cups of tea?", buttons=(*answers, context.link("help", "Help")))]


def _read_confirm(reply: Reply, _: TurnContext[Any]) -> Exit | Retry:
    if not isinstance(reply, Chosen):
        return Retry("")
    return Exit(reply.value, preface="No tea then." * (reply.value == "cancel"))


def _poured(outcome: Outcome, _: TurnContext[Any]) -> Exit:
    match outcome:
        case Done():
            return Exit("poured")
        case Unknown():
            return Exit("explode")  # an exit that nobody declared
        case _:
            return Exit("spilt", account="kitchen")


def _found(call: Call, outcome: Outcome, context: TurnContext[Any]) -> Sequence[Message]:
    return [Text(f"{type(call).__name__} of {context.answers.cups} cups: {type(outcome).__name__}.")]


def _shortcut(text: str) -> TeaAnswers | Retry | None:
    if not text.startswith("!"):
        return None
    return TeaAnswers(cups=text[1:]) if text[1:].isdecimal() else Retry("Like this: !2")


TEA = Flow(
    name="tea",
    title="Tea",
    answers=TeaAnswers,
    routes={"tea": "cups"},
    keywords={"tea": "tea"},
    shortcuts=(Shortcut(_shortcut, "confirm"),),
    cancelled_text="No tea was ordered.",
    expired_text="Your tea got cold.",
    steps=(
        Question("cups", "text", lambda _: [Text("How many cups?")], {"ok": "confirm", "too_many": "cups"}, _read_cups),
        Question(
            "confirm", "buttons", _confirm, {"confirm": "pour", "cancel": "desk.look"}, _read_confirm, confirms=True
        ),
        CoreCall(
            "pour",
            call=lambda context: Register(context.answers.cups, context.wamid),
            result=_poured,
            exits={"poured": "poured", "spilt": "spilt"},
            on_reconciled=_found,
        ),
        Question("poured", "buttons", lambda context: _with_menu(context, "Here is your tea."), interruptible=True),
        Question("spilt", "buttons", lambda context: _with_menu(context, "It was spilt."), interruptible=True),
    ),
)


# -- the shelf, and the card ----------------------------------------------------------------------------------------


def _item(context: TurnContext[Any]) -> Sequence[Message]:
    return _with_menu(context, f"The {context.answers.target or 'empty'} shelf.")


SHELF = Flow(
    "shelf", "The shelf", steps=(Question("item", "buttons", _item, interruptible=True),), routes={"shelf": "item"}
)

CARD = Flow(
    "card",
    "The loyalty card",
    routes={"card": "fill"},
    cancelled_text="No card was made.",
    expired_text="Your card was not made in time.",
    steps=(
        Question(
            "fill",
            "form",
            lambda context: [
                Form(body="Your card", button="Fill", form_id="1", token=str(context.session.turn), screen="A")
            ],
            {"ok": "desk.look"},
            lambda reply, _: Retry("Please use the form.") if isinstance(reply, Typed | Chosen) else Exit("ok"),
        ),
    ),
)

HELP = Flow(
    "help",
    "Help",
    routes={"help": "text"},
    keywords={"about": "help"},
    steps=(Question("text", "buttons", lambda context: _with_menu(context, SYSTEM_TEXTS.help), interruptible=True),),
)


def _with_menu(context: TurnContext[Any], body: str) -> Sequence[Message]:
    return [Buttons(body=body, buttons=(context.link("menu", "To the desk"),))]


def kiosk(**changed: object) -> FlowRegistry:
    """The registry, with some of its fields changed."""
    registry = FlowRegistry(
        flows=(DESK, TEA, SHELF, CARD, HELP),
        home="desk.look",
        vocabulary=VOCABULARY,
        texts=SYSTEM_TEXTS,
    )
    return replace(registry, **changed)  # type: ignore[arg-type]


def steps_of(
    *steps: Question | CoreCall, home: str = "f.a", name: str = "f", more: Sequence[Flow] = ()
) -> Callable[[], FlowRegistry]:
    """A registry of these steps, not made yet."""
    return lambda: FlowRegistry(
        flows=(Flow(name, name, steps), *more), home=home, vocabulary=VOCABULARY, texts=SYSTEM_TEXTS
    )


def asking(name: str, /, **exits: str) -> Question:
    """A question with these exits."""
    return Question(name, "text", lambda _: [Text(name)], exits)


def calling(name: str, /, **exits: str) -> CoreCall:
    """A call with these exits, which takes the first."""
    return CoreCall(name, lambda _: FindAccount(name), exits, lambda _, __: Exit(next(iter(exits))))
