"""What can be done with a pending offer: accept it, decline it, take it back; each confirmed first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.conversation import CoreCall, Exit, Question, TurnContext
from service.domain import Money
from service.domain.commands import Call, DidNotHappen, Done, NotFound, Outcome, Refused, Unavailable
from service.flows import formatting
from service.flows.confirming import confirm_or_cancel, unless_cancelled
from service.messages import Buttons, Message
from service.writes.accept_offer import AcceptOffer
from service.writes.cancel_offer import CancelOffer
from service.writes.decline_offer import DeclineOffer

__all__ = ("RESOLVE_OFFER_STEPS", "show_acceptance_reconciled")


@dataclass(frozen=True, slots=True)
class _Resolution:
    """One of the three things that can be done with a pending offer.

    Attributes:
        did: what the member did, or would have done, as part of a sentence.
    """

    name: str
    call: type[AcceptOffer | DeclineOffer | CancelOffer]
    question: str
    done: str
    did: str
    offer: str


_ACCEPT = _Resolution(
    "accept",
    AcceptOffer,
    f"Accept *{{amount}}* from *{{party}}*?\n\n{formatting.WILL_OWE}",
    "✅ You accepted *{amount}* from *{party}*. They now owe you this amount.",
    "you accepted *{amount}* from *{party}*",
    "the offer of *{amount}* from *{party}*",
)
_DECLINE = _Resolution(
    "decline",
    DeclineOffer,
    "Decline *{amount}* from *{party}*?\n\nThe offer ends, and nobody owes anything.",
    "You declined *{amount}* from *{party}*. Nobody owes anything for it.",
    "you declined *{amount}* from *{party}*",
    "the offer of *{amount}* from *{party}*",
)
_CANCEL = _Resolution(
    "cancel_offer",
    CancelOffer,
    "Take back your offer of *{amount}* to *{party}*?\n\nThe offer ends, and you owe nothing for it.",
    "You took back your offer of *{amount}* to *{party}*. You owe nothing for it.",
    "you took back your offer of *{amount}* to *{party}*",
    "your offer of *{amount}* to *{party}*",
)


def _words(text: str, context: TurnContext) -> str:
    return text.format(amount=_amount(context), party=_party(context))


def _ask(resolution: _Resolution) -> Callable[[TurnContext], Sequence[Message]]:
    return lambda context: [
        Buttons(
            body=_words(resolution.question, context) + (_without_backing(context) if resolution is _ACCEPT else ""),
            buttons=confirm_or_cancel(context),
        )
    ]


def _without_backing(context: TurnContext) -> str:
    if context.answers.get("kind") != formatting.UNSECURED:
        return ""
    due = context.answers.get("due")
    return f"\nIt is without backing{f', due on {due}' if due else ''}."


def _do(resolution: _Resolution) -> Callable[[TurnContext], Call]:
    return lambda context: resolution.call(
        context.answers["account"],
        context.answers["credex"],
        Money.displayed(context.answers["amount"]),
        context.answers["party"],
    )


def _result(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Done(by_us=True):
            return Exit("done")
        case Done():
            return Exit("ended")
        case Refused(code="not_pending") | NotFound():
            return Exit("gone")
        case Refused(code=code):
            return Exit("refused", {"reason": code})
        case DidNotHappen() | Unavailable():
            return Exit("not_done", {"looked": "yes" * isinstance(outcome, DidNotHappen)})
        case _:
            return Exit("unknown")


def _show_done(resolution: _Resolution) -> Callable[[TurnContext], Sequence[Message]]:
    def screen(context: TurnContext) -> Sequence[Message]:
        after = ""
        if context.answers.get("kind") == formatting.UNSECURED:  # no balance changes
            due = context.answers.get("due") if resolution is _ACCEPT else ""
            after = f"\n\nIt is due on {due}." if due else ""
        elif isinstance(context.outcome, Done) and context.outcome.dashboard:
            account = context.outcome.dashboard.account(context.answers["account"])
            denomination = Money.displayed(context.answers["amount"]).denomination
            after = f"\n\nYour balance is now {account.balance(denomination)}." if account else ""
        return [
            Buttons(
                body=_words(resolution.done, context) + after,
                buttons=(
                    context.link("outgoing" if resolution is _CANCEL else "incoming", "Pending offers"),
                    formatting.menu(context),
                ),
            )
        ]

    return screen


def _show_ended(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"The offer of *{_amount(context)}* ({_party(context)}) is no longer waiting. Credex did not answer "
            "clearly, so I cannot tell whether it was you or the other side who ended it. Your balance shows it.",
            buttons=(formatting.menu(context),),
        )
    ]


def _show_refused(context: TurnContext) -> Sequence[Message]:
    why = formatting.explain_refusal(context.answers["reason"])
    return [Buttons(body=f"Credex refused: {why}.\n\nNothing was changed.", buttons=(formatting.menu(context),))]


def _show_not_done(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"{formatting.why_not_done(context)} nothing was changed. The offer of *{_amount(context)}* "
            f"({_party(context)}) still waits.",
            buttons=(context.option("again", "Try again"), formatting.menu(context)),
        )
    ]


def _show_unknown(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"Credex did not answer clearly. I do *not know yet* what became of the offer of *{_amount(context)}* "
            f"({_party(context)}).\n\nI keep looking and will tell you.",
            buttons=(formatting.menu(context),),
        )
    ]


def _show_reconciled(resolution: _Resolution) -> Callable[[Call, Outcome, TurnContext], Sequence[Message]]:
    def told(call: Call, outcome: Outcome, context: TurnContext) -> Sequence[Message]:
        if not isinstance(call, AcceptOffer | DeclineOffer | CancelOffer):
            return []
        words = {"amount": call.amount, "party": formatting.name(call.counterparty)}
        match outcome:
            case Done(by_us=True):
                body = f"I looked again. {resolution.done.format(**words)}"
            case Done():
                body = (
                    f"I looked again: {resolution.offer.format(**words)} is no longer waiting. I cannot tell whether "
                    "it was you or the other side who ended it. Your balance shows it."
                )
            case Refused():
                body = (
                    f"I looked again: {resolution.offer.format(**words)} is no longer waiting, but it ended in another "
                    "way than you asked for. Your balance shows it."
                )
            case DidNotHappen():
                body = f"I looked again: {resolution.offer.format(**words)} still waits. Nothing was changed."
            case _:
                body = f"I could not find out whether {resolution.did.format(**words)}, and I have stopped looking."
        return [Buttons(body=body, buttons=(formatting.menu(context),))]

    return told


show_acceptance_reconciled: Callable[[Call, Outcome, TurnContext], Sequence[Message]] = _show_reconciled(_ACCEPT)
"""What is told of an acceptance whose outcome became known only later."""


def _amount(context: TurnContext) -> str:
    return context.answers["amount"]


def _party(context: TurnContext) -> str:
    return formatting.name(context.answers["party"])


def _steps(resolution: _Resolution) -> tuple[Question | CoreCall, ...]:
    return (
        Question(
            f"confirm_{resolution.name}",
            "buttons",
            _ask(resolution),
            {"confirm": resolution.name, "cancel": "open"},
            unless_cancelled("Nothing was changed."),
            confirms=True,
        ),
        CoreCall(
            resolution.name,
            call=_do(resolution),
            result=_result,
            on_reconciled=_show_reconciled(resolution),
            exits={
                "done": f"{resolution.name}_done",
                "ended": "ended",
                "gone": "gone",
                "refused": "refused",
                "not_done": "not_done",
                "unknown": "unknown",
            },
        ),
        Question(f"{resolution.name}_done", "buttons", _show_done(resolution), interruptible=True),
    )


RESOLVE_OFFER_STEPS = (
    *_steps(_ACCEPT),
    *_steps(_DECLINE),
    *_steps(_CANCEL),
    Question("ended", "buttons", _show_ended, interruptible=True),
    Question("refused", "buttons", _show_refused, interruptible=True),
    Question("not_done", "buttons", _show_not_done, {"again": "open"}, interruptible=True),
    Question("unknown", "buttons", _show_unknown, interruptible=True),
)
"""The steps after an offer was opened; they are part of the flow `pending`, which knows `open` and `gone`."""
