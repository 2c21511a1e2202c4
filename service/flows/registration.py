"""Registration, by questions or by a form: the name, a check of what will be stored, and membership."""

from collections.abc import Mapping
from typing import Final

import msgspec

from service.conversation import Exit, Flow, Question, Reply, Retry, TurnContext
from service.domain import NameRefused, PersonName
from service.domain.commands import DidNotHappen, Done, Outcome, Refused
from service.flows.confirmed_write import WriteAnswers, confirmed_write, failure_screens
from service.flows.forms import PERSON, Forms, form_step
from service.flows.screens import ask, link, option, screen, typed
from service.writes.register import Register


class RegistrationAnswers(WriteAnswers, frozen=True):
    """The member's name, as typed and as core will store it."""

    first_name: str = ""
    first_name_typed: str = ""
    last_name: str = ""
    last_name_typed: str = ""


Context = TurnContext[RegistrationAnswers]


def _read_name(reply: Reply, context: Context) -> Exit | Retry:
    field = context.session.step
    try:
        name = PersonName.read(typed(reply))
    except NameRefused as refused:
        return Retry(str(refused))
    return context.exit("ok", **{field: name.stored, f"{field}_typed": name.typed})


def _read_form(form: Mapping[str, str]) -> Exit | Retry:
    names: dict[str, str] = {}
    for field, title in (("first_name", "First name"), ("last_name", "Last name")):
        try:
            name = PersonName.read(form.get(field, ""))
        except NameRefused as refused:
            return Retry(f"{title}: {refused}")
        names |= {field: name.stored, f"{field}_typed": name.typed}
    return Exit("ok", msgspec.structs.replace(RegistrationAnswers(), **names))


def _questions(forms: Forms | None) -> list[Question]:
    questions = [
        ask("first_name", "What is your first name?", {"ok": "last_name"}, _read_name),
        ask("last_name", "And your last name?", {"ok": "confirm"}, _read_name),
    ]
    if forms is None:
        return questions
    form = form_step(
        "form",
        forms,
        PERSON,
        form_id=forms.person,
        body="Please fill in your first and last name. It takes a minute.",
        exits={"ok": "confirm", "questions": "first_name"},
        read=_read_form,
    )
    return [form, *questions]


def _confirm(context: Context) -> str:
    answers = context.answers
    stored = f"{answers.first_name} {answers.last_name}"
    typed = f"{answers.first_name_typed} {answers.last_name_typed}"
    changed = ""
    if stored != typed:
        changed = f"\n\nYou typed “{typed}”. Credex keeps only the letters A to Z, spaces and hyphens."
    return (
        f"Please check. You will be registered as\n*{stored}*{changed}\n\n"
        f"Your handle will be {context.member}: others use it to send you offers. Your first account will be in USD."
    )


def _finished(outcome: Outcome, _: Context) -> Exit | None:
    match outcome:
        case Done():
            return Exit("ok", preface="You are now a member.")
        case Refused(code="duplicate_phone"):
            return Exit("already", preface="This number is a member already.")
        case Refused():
            return Exit("refused", preface="Credex refused to register that. Please type your name again.")
        case _:
            return None


def _reconciled(_: Register, outcome: Outcome, __: Context) -> str:
    match outcome:
        case Done():
            return "Your registration went through: you are now a member."
        case DidNotHappen():
            return "Your registration did not go through. Please try again."
        case _:
            return "I could not find out whether your registration went through. Type *menu* to see."


_NOT_REGISTERED: Final = "I could not reach Credex, so you are *not* registered yet. Please try again in a minute."


def registration(forms: Forms | None = None) -> Flow:
    """The flow; with ``forms`` a form asks for the name, and questions only where it cannot be opened."""
    questions = _questions(forms)
    first = questions[0].name
    return Flow(
        name="registration",
        title="Registration: a stranger becomes a member",
        answers=RegistrationAnswers,
        cancelled_text="Registration stopped. Nothing was stored.",
        expired_text="Your registration was left for more than five minutes, so I let it go. Nothing was stored.",
        steps=(
            screen(
                "welcome",
                "Welcome to *VimbisoPay*.\n\nHere members offer each other credexes: promises to pay that can be "
                "accepted and passed on. Your number is not registered yet. Membership is free.",
                option("join", "Become a member"),
                link("help", "What is this?"),
                exits={"join": first},
            ),
            *questions,
            *confirmed_write(
                "register",
                question=_confirm,
                options=(option("change", "Change the name"),),
                option_exits={"change": first},
                cancelled="Registration stopped. Nothing was stored.",
                cancel_to="welcome",
                call=lambda context: Register(context.answers.first_name, context.answers.last_name),
                result=_finished,
                exits={"ok": "greeting.look_up", "already": "greeting.look_up", "refused": first},
                reconciled=_reconciled,
            ),
            *failure_screens(
                did_not_happen=_NOT_REGISTERED,
                not_sent=_NOT_REGISTERED,
                unknown="Credex did not answer, so I do not know yet whether you are registered. I keep looking and "
                "will tell you. You need not do anything.",
                not_done_links=(link("register", "Try again"),),
                links=(link("menu", "Look now"),),
            ),
        ),
    )
