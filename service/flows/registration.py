"""Registration, by questions or by a form: the name, a look at what will be stored, and membership."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.conversation import CoreCall, Exit, Flow, Question, Reply, Retry, TurnContext, Typed
from service.domain import NameRefused, PersonName
from service.domain.commands import Call, DidNotHappen, Done, Outcome, Refused, Unavailable
from service.flows import formatting
from service.flows.confirming import unless_cancelled
from service.flows.forms import PERSON, Forms, form_step
from service.messages import Buttons, Message, Text
from service.writes.register import Register

__all__ = ("registration",)


def _welcome(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="Welcome to *VimbisoPay*.\n\nHere members offer each other credexes: promises to pay that can be "
            "accepted and passed on. Your number is not registered yet. Membership is free.",
            buttons=(context.option("join", "Become a member"), context.link("help", "What is this?")),
        )
    ]


def _first_name(_: TurnContext) -> Sequence[Message]:
    return [Text("What is your first name?")]


def _last_name(_: TurnContext) -> Sequence[Message]:
    return [Text("And your last name?")]


def _read_name(reply: Reply, context: TurnContext) -> Exit | Retry:
    which = context.session.step
    try:
        name = PersonName.read(reply.text if isinstance(reply, Typed) else "")
    except NameRefused as refused:
        return Retry(str(refused))
    return Exit("ok", {which: name.stored, f"{which}_typed": name.typed})


def _read_form(answers: Mapping[str, str]) -> Exit | Retry:
    learnt: dict[str, str] = {}
    for which, title in (("first_name", "First name"), ("last_name", "Last name")):
        try:
            name = PersonName.read(answers.get(which, ""))
        except NameRefused as refused:
            return Retry(f"{title}: {refused}")
        learnt |= {which: name.stored, f"{which}_typed": name.typed}
    return Exit("ok", learnt)


def _confirm(context: TurnContext) -> Sequence[Message]:
    answers = context.answers
    stored = f"{answers['first_name']} {answers['last_name']}"
    typed = f"{answers['first_name_typed']} {answers['last_name_typed']}"
    changed = f"\n\nYou typed “{typed}”. Credex keeps only the letters A to Z, spaces and hyphens." * (stored != typed)
    return [
        Buttons(
            body=f"Please check. You will be registered as\n*{stored}*{changed}\n\n"
            f"Your handle will be {context.member}: others use it to send you offers. "
            "Your first account will be in USD.",
            buttons=(
                context.option("confirm", "Confirm"),
                context.option("change", "Change the name"),
                context.option("cancel", "Cancel"),
            ),
        )
    ]


def _register(context: TurnContext) -> Call:
    return Register(context.answers["first_name"], context.answers["last_name"])


def _registered(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Done():
            return Exit("ok", preface="You are now a member.")
        case Refused(code="duplicate_phone"):
            return Exit("already", preface="This number is a member already.")
        case Refused():
            return Exit("refused", preface="Credex refused to register that. Please type your name again.")
        case DidNotHappen() | Unavailable():
            return Exit("not_done")
        case _:
            return Exit("unknown")


def _show_reconciled(_: Call, outcome: Outcome, context: TurnContext) -> Sequence[Message]:
    if isinstance(outcome, Done):
        body = "Your registration went through: you are now a member."
    elif isinstance(outcome, DidNotHappen):
        body = "Your registration did not go through. Please try again."
    else:
        body = "I could not find out whether your registration went through. Type *menu* to see."
    return [Buttons(body=body, buttons=(formatting.menu(context),))]


def _unknown(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="Credex did not answer, so I do not know yet whether you are registered. I keep looking and will "
            "tell you. You need not do anything.",
            buttons=(context.link("menu", "Look now"),),
        )
    ]


def _not_done(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="I could not reach Credex, so you are *not* registered yet. Please try again in a minute.",
            buttons=(context.link("register", "Try again"),),
        )
    ]


def registration(forms: Forms | None = None) -> Flow:
    """The flow; with ``forms`` the name is asked by a form, and by questions only where that cannot be opened."""
    asks = [
        Question("first_name", "text", _first_name, {"ok": "last_name"}, _read_name),
        Question("last_name", "text", _last_name, {"ok": "confirm"}, _read_name),
    ]
    if forms is not None:
        form = form_step(
            "form",
            forms,
            PERSON,
            form_id=forms.person,
            body="Please fill in your first and last name. It takes a minute.",
            exits={"ok": "confirm", "questions": "first_name"},
            read=_read_form,
        )
        asks.insert(0, form)
    return Flow(
        name="registration",
        title="Registration: a stranger becomes a member",
        cancelled_text="Registration stopped. Nothing was stored.",
        expired_text="Your registration was left for more than five minutes, so I let it go. Nothing was stored.",
        steps=(
            Question("welcome", "buttons", _welcome, {"join": asks[0].name}, interruptible=True),
            *asks,
            Question(
                "confirm",
                "buttons",
                _confirm,
                {"confirm": "register", "change": asks[0].name, "cancel": "welcome"},
                unless_cancelled("Registration stopped. Nothing was stored."),
                confirms=True,
            ),
            CoreCall(
                "register",
                call=_register,
                result=_registered,
                on_reconciled=_show_reconciled,
                exits={
                    "ok": "greeting.look_up",
                    "already": "greeting.look_up",
                    "refused": asks[0].name,
                    "not_done": "not_done",
                    "unknown": "unknown",
                },
            ),
            Question("not_done", "buttons", _not_done, interruptible=True),
            Question("unknown", "buttons", _unknown, interruptible=True),
        ),
    )
