"""What can be done with a pending offer: accept it, decline it, take it back; each confirmed first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.conversation import CoreCall, Exit, Question, TurnContext
from service.domain import Money
from service.domain.commands import (
    AcceptOffer,
    Call,
    CancelOffer,
    DeclineOffer,
    DidNotHappen,
    Done,
    NotFound,
    Outcome,
    Refused,
    Unavailable,
)
from service.flows import show
from service.flows.confirming import confirm_or_cancel, unless_cancelled
from service.messages import Buttons, Message

__all__ = ("DEEDS", "told_of_acceptance")


@dataclass(frozen=True, slots=True)
class _Deed:
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


_ACCEPT = _Deed(
    "accept",
    AcceptOffer,
    f"Accept *{{amount}}* from *{{party}}*?\n\n{show.WILL_OWE}",
    "✅ You accepted *{amount}* from *{party}*. They now owe you this amount.",
    "you accepted *{amount}* from *{party}*",
    "the offer of *{amount}* from *{party}*",
)
_DECLINE = _Deed(
    "decline",
    DeclineOffer,
    "Decline *{amount}* from *{party}*?\n\nThe offer ends, and nobody owes anything.",
    "You declined *{amount}* from *{party}*. Nobody owes anything for it.",
    "you declined *{amount}* from *{party}*",
    "the offer of *{amount}* from *{party}*",
)
_CANCEL = _Deed(
    "cancel_offer",
    CancelOffer,
    "Take back your offer of *{amount}* to *{party}*?\n\nThe offer ends, and you owe nothing for it.",
    "You took back your offer of *{amount}* to *{party}*. You owe nothing for it.",
    "you took back your offer of *{amount}* to *{party}*",
    "your offer of *{amount}* to *{party}*",
)


def _words(text: str, scene: TurnContext) -> str:
    return text.format(amount=_amount(scene), party=_party(scene))


def _ask(deed: _Deed) -> Callable[[TurnContext], Sequence[Message]]:
    return lambda scene: [
        Buttons(
            body=_words(deed.question, scene) + (_without_backing(scene) if deed is _ACCEPT else ""),
            buttons=confirm_or_cancel(scene),
        )
    ]


def _without_backing(scene: TurnContext) -> str:
    if scene.answers.get("kind") != show.UNSECURED:
        return ""
    due = scene.answers.get("due")
    return f"\nIt is without backing{f', due on {due}' if due else ''}."


def _do(deed: _Deed) -> Callable[[TurnContext], Call]:
    return lambda scene: deed.call(
        scene.answers["account"],
        scene.answers["credex"],
        Money.displayed(scene.answers["amount"]),
        scene.answers["party"],
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


def _show_done(deed: _Deed) -> Callable[[TurnContext], Sequence[Message]]:
    def screen(scene: TurnContext) -> Sequence[Message]:
        after = ""
        if scene.answers.get("kind") == show.UNSECURED:  # no balance changes
            due = scene.answers.get("due") if deed is _ACCEPT else ""
            after = f"\n\nIt is due on {due}." if due else ""
        elif isinstance(scene.outcome, Done) and scene.outcome.dashboard:
            account = scene.outcome.dashboard.account(scene.answers["account"])
            denomination = Money.displayed(scene.answers["amount"]).denomination
            after = f"\n\nYour balance is now {account.balance(denomination)}." if account else ""
        return [
            Buttons(
                body=_words(deed.done, scene) + after,
                buttons=(scene.link("outgoing" if deed is _CANCEL else "incoming", "Pending offers"), show.menu(scene)),
            )
        ]

    return screen


def _show_ended(scene: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"The offer of *{_amount(scene)}* ({_party(scene)}) is no longer waiting. Credex did not answer "
            "clearly, so I cannot tell whether it was you or the other side who ended it. Your balance shows it.",
            buttons=(show.menu(scene),),
        )
    ]


def _show_refused(scene: TurnContext) -> Sequence[Message]:
    why = show.explain_refusal(scene.answers["reason"])
    return [Buttons(body=f"Credex refused: {why}.\n\nNothing was changed.", buttons=(show.menu(scene),))]


def _show_not_done(scene: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"{show.why_not_done(scene)} nothing was changed. The offer of *{_amount(scene)}* "
            f"({_party(scene)}) still waits.",
            buttons=(scene.option("again", "Try again"), show.menu(scene)),
        )
    ]


def _show_unknown(scene: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"Credex did not answer clearly. I do *not know yet* what became of the offer of *{_amount(scene)}* "
            f"({_party(scene)}).\n\nI keep looking and will tell you.",
            buttons=(show.menu(scene),),
        )
    ]


def _told_later(deed: _Deed) -> Callable[[Call, Outcome, TurnContext], Sequence[Message]]:
    def told(call: Call, outcome: Outcome, scene: TurnContext) -> Sequence[Message]:
        if not isinstance(call, AcceptOffer | DeclineOffer | CancelOffer):
            return []
        words = {"amount": call.amount, "party": show.name(call.counterparty)}
        match outcome:
            case Done(by_us=True):
                body = f"I looked again. {deed.done.format(**words)}"
            case Done():
                body = (
                    f"I looked again: {deed.offer.format(**words)} is no longer waiting. I cannot tell whether it was "
                    "you or the other side who ended it. Your balance shows it."
                )
            case Refused():
                body = (
                    f"I looked again: {deed.offer.format(**words)} is no longer waiting, but it ended in another way "
                    "than you asked for. Your balance shows it."
                )
            case DidNotHappen():
                body = f"I looked again: {deed.offer.format(**words)} still waits. Nothing was changed."
            case _:
                body = f"I could not find out whether {deed.did.format(**words)}, and I have stopped looking."
        return [Buttons(body=body, buttons=(show.menu(scene),))]

    return told


told_of_acceptance: Callable[[Call, Outcome, TurnContext], Sequence[Message]] = _told_later(_ACCEPT)
"""What is told of an acceptance whose outcome became known only later."""


def _amount(scene: TurnContext) -> str:
    return scene.answers["amount"]


def _party(scene: TurnContext) -> str:
    return show.name(scene.answers["party"])


def _steps(deed: _Deed) -> tuple[Question | CoreCall, ...]:
    return (
        Question(
            f"confirm_{deed.name}",
            "buttons",
            _ask(deed),
            {"confirm": deed.name, "cancel": "open"},
            unless_cancelled("Nothing was changed."),
            confirms=True,
        ),
        CoreCall(
            deed.name,
            call=_do(deed),
            result=_result,
            found=_told_later(deed),
            exits={
                "done": f"{deed.name}_done",
                "ended": "ended",
                "gone": "gone",
                "refused": "refused",
                "not_done": "not_done",
                "unknown": "unknown",
            },
        ),
        Question(f"{deed.name}_done", "buttons", _show_done(deed), interruptible=True),
    )


DEEDS = (
    *_steps(_ACCEPT),
    *_steps(_DECLINE),
    *_steps(_CANCEL),
    Question("ended", "buttons", _show_ended, interruptible=True),
    Question("refused", "buttons", _show_refused, interruptible=True),
    Question("not_done", "buttons", _show_not_done, {"again": "open"}, interruptible=True),
    Question("unknown", "buttons", _show_unknown, interruptible=True),
)
"""The steps after an offer was opened; they are part of the flow `pending`, which knows `open` and `gone`."""
