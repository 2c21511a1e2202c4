"""A write to core as a flow makes it: confirm, call, and a screen or a message for each outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, assert_never

import msgspec

from service.conversation import Answers, Chosen, CoreCall, Exit, Question, Reply, Retry, TurnContext
from service.domain.commands import (
    Call,
    DidNotHappen,
    Done,
    Known,
    NotFound,
    Outcome,
    PossibleDuplicate,
    Refused,
    Unavailable,
    Unknown,
)
from service.flows.screens import MENU, ButtonFor, TextFor, option, rendered, screen
from service.messages import Buttons, Message

_FAILURES = ("refused", "not_done", "unknown")


class WriteAnswers(Answers, frozen=True):
    """Answers of a flow that writes.

    Attributes:
        reason: the code of core's refusal; None when core did not refuse.
        looked: a write that did not happen was looked for; otherwise it was never sent.
    """

    OMITTED: ClassVar[frozenset[str]] = Answers.OMITTED | {"looked"}

    reason: str | None = None
    looked: bool = False


def confirmed_write(
    name: str,
    *,
    question: TextFor,
    call: Callable[[Any], Call],
    reconciled: Callable[[Any, Outcome, Any], str],
    confirm: str = "confirm",
    cancelled: str = "",
    cancel_to: str = "greeting.look_up",
    options: Sequence[ButtonFor] = (),
    option_exits: Mapping[str, str] | None = None,
    reenter_at: str = "",
    result: Callable[[Outcome, Any], Exit | None] = lambda _, __: None,
    exits: Mapping[str, str],
    learnt: Mapping[str, str] | None = None,
    links: Sequence[ButtonFor] = (MENU,),
) -> tuple[Question, CoreCall]:
    """The question and the call of a write.

    The call's exits ``refused``, ``not_done`` and ``unknown`` lead to the steps of these names (see `failure_screens`),
    if ``exits`` does not say otherwise. The flow's answers are `WriteAnswers`.

    Args:
        reconciled: the message when the outcome became known only later: the write, its outcome, the context.
        cancelled: said when the member cancels.
        cancel_to: where that leads.
        options: buttons between *Confirm* and *Cancel*, at most one.
        reenter_at: the step that can show the question again, where that needs a call.
        result: the exit of an outcome that this write does not treat as every write does; None for the others.
        exits: of ``result``, and ``done`` if `Done` is treated as by every write.
        learnt: fields of the answers to set at every exit of the call.
        links: the buttons below the message about a later outcome.
    """

    def finish(outcome: Outcome, context: TurnContext[Any]) -> Exit:
        taken = result(outcome, context) or _by_outcome(outcome, context)
        if not learnt:
            return taken
        answers = msgspec.structs.replace(taken.answers or context.answers, **learnt)
        return dataclasses.replace(taken, answers=answers)

    failures = {failure: failure for failure in _FAILURES if failure not in exits}
    return (
        confirmation(
            confirm,
            question,
            {"confirm": name, **(option_exits or {}), "cancel": cancel_to},
            options=options,
            cancelled=cancelled,
            reenter_at=reenter_at,
        ),
        CoreCall(name, call, {**exits, **failures}, finish, report(reconciled, links)),
    )


def failure_screens(
    *,
    refused: TextFor | None = None,
    did_not_happen: TextFor,
    not_sent: TextFor,
    unknown: TextFor,
    again: str = "",
    links: Sequence[ButtonFor] = (MENU,),
    refused_buttons: Sequence[ButtonFor] | None = None,
    refused_exits: Mapping[str, str] | None = None,
    not_done_links: Sequence[ButtonFor] = (MENU,),
) -> tuple[Question, ...]:
    """The screens of a write that core refused, that did not happen, or whose outcome is not known yet.

    Args:
        refused: None where a refusal leads elsewhere.
        did_not_happen: the write was sent, and is not there.
        not_sent: the write was never sent.
        unknown: it is looked for.
        again: the step that *Try again* leads to; empty for no such button.
        links: the buttons below a refusal and an unknown outcome.
        refused_buttons: those below a refusal, where they are others.
        refused_exits: where they lead.
        not_done_links: the buttons after *Try again*.
    """

    def not_done(context: TurnContext[Any]) -> str:
        return rendered(did_not_happen if context.answers.looked else not_sent, context)

    try_again = (option("again", "Try again"),) if again else ()
    refusal = () if refused is None else (screen("refused", refused, *(refused_buttons or links), exits=refused_exits),)
    return (
        *refusal,
        screen("not_done", not_done, *try_again, *not_done_links, exits={"again": again} if again else None),
        screen("unknown", unknown, *links),
    )


def confirmation(
    name: str,
    question: TextFor,
    exits: Mapping[str, str],
    *,
    cancelled: str,
    options: Sequence[ButtonFor] = (),
    reenter_at: str = "",
) -> Question:
    """The question before a write, with *Confirm*, the options, and *Cancel*, which says ``cancelled``."""
    buttons = (option("confirm", "Confirm"), *options, option("cancel", "Cancel"))

    def show(context: TurnContext[Any]) -> Sequence[Message]:
        return [Buttons(body=rendered(question, context), buttons=tuple(each(context) for each in buttons))]

    def read(reply: Reply, _: TurnContext[Any]) -> Exit | Retry:
        match reply:
            case Chosen(value="cancel"):
                return Exit("cancel", preface=cancelled)
            case Chosen(value=value):
                return Exit(value)
            case _:
                return Retry("")

    return Question(name, "buttons", show, exits, read, confirms=True, reenter_at=reenter_at)


def report(
    reconciled: Callable[[Any, Outcome, Any], str], links: Sequence[ButtonFor] = (MENU,)
) -> Callable[[Call, Outcome, TurnContext[Any]], Sequence[Message]]:
    """Tell the member of an outcome that became known only later."""

    def tell(write: Call, outcome: Outcome, context: TurnContext[Any]) -> Sequence[Message]:
        body = reconciled(write, outcome, context)
        return [Buttons(body=body, buttons=tuple(each(context) for each in links))]

    return tell


def _by_outcome(outcome: Outcome, context: TurnContext[Any]) -> Exit:
    match outcome:
        case Done():
            return Exit("done")
        case Refused(code=code):
            return context.exit("refused", reason=code)
        case DidNotHappen() | Unavailable():
            return context.exit("not_done", looked=isinstance(outcome, DidNotHappen))
        case Known() | NotFound() | Unknown() | PossibleDuplicate():
            return Exit("unknown")
        case _:
            assert_never(outcome)
