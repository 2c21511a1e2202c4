"""What came of an offer, and how the member is told."""

from __future__ import annotations

from collections.abc import Sequence

from service.conversation import Exit, TurnContext
from service.domain.commands import Call, DidNotHappen, Done, NotFound, Outcome, PossibleDuplicate, Refused, Unavailable
from service.flows import formatting
from service.flows.confirming import confirm_or_cancel
from service.flows.offer_terms import amount, due, offer
from service.messages import Buttons, Message
from service.writes.create_offer import CreateOffer

__all__ = (
    "DESPITE",
    "RESULTS",
    "result",
    "result_despite",
    "show_doubt",
    "show_not_done",
    "show_reconciled",
    "show_refused",
    "show_sent",
    "show_unknown",
)

DESPITE = {
    "sent": "sent",
    "refused": "refused",
    "not_done": "not_done",
    "unknown": "unknown",
}
"""Where an offer leads that is made although an earlier one like it is not known."""

RESULTS = {**DESPITE, "doubtful": "doubt"}


def result(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Done(accepted=accepted):
            return Exit("sent", {"accepted": "yes" * accepted})
        case Refused(code=code):
            return Exit("refused", {"reason": code})
        case DidNotHappen() | Unavailable() | NotFound():
            return Exit("not_done", {"looked": "yes" * isinstance(outcome, DidNotHappen)})
        case PossibleDuplicate(made=made):
            return Exit("doubtful", {"made": "yes" * made})
        case _:
            return Exit("unknown")


def result_despite(outcome: Outcome, context: TurnContext) -> Exit:
    """What came of an offer made in spite of a doubt: it is not doubted again, so a doubt would say nothing."""
    return Exit("unknown") if isinstance(outcome, PossibleDuplicate) else result(outcome, context)


def show_sent(context: TurnContext) -> Sequence[Message]:
    done, day = context.outcome, due(context)
    accepted = bool(context.answers.get("accepted"))
    then = ""
    if day is not None:  # nothing comes out of the balance
        then = f" {'You' if accepted else 'If they do, you'} pay by {formatting.day(day)}."
    elif isinstance(done, Done) and done.dashboard:
        account = done.dashboard.account(context.answers["account"])
        then = f" Your balance is now {account.balance(amount(context).denomination)}." if account else ""
    checked = "Credex answered unclearly, so I looked: it is there.\n\n" * (isinstance(done, Done) and done.proven)
    return [
        Buttons(
            body=f"{checked}✅ You offered {offer(context)}.\n\n{_waits(accepted=accepted)}{then}",
            buttons=(
                context.link("offer", "Offer again"),
                context.link("outgoing", "Outgoing offers"),
                formatting.menu(context),
            ),
        )
    ]


def _waits(*, accepted: bool) -> str:
    return "They have accepted it already." if accepted else "They have two days to accept it."


def show_refused(context: TurnContext) -> Sequence[Message]:
    why = formatting.explain_refusal(context.answers["reason"])
    return [
        Buttons(
            body=f"Credex refused the offer of {offer(context)}: {why}.\n\nNothing was offered.",
            buttons=(
                context.option("amount", "Another amount"),
                context.option("terms", "Other terms"),
                formatting.menu(context),
            ),
        )
    ]


def show_not_done(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"{formatting.why_not_done(context)} your offer of {offer(context)} was *not* made.",
            buttons=(context.option("again", "Try again"), formatting.menu(context)),
        )
    ]


def show_unknown(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="Credex did not answer clearly. I do *not know yet* whether your offer of "
            f"{offer(context)} was made.\n\n"
            "I keep looking and will tell you. Please do not offer it again until then.",
            buttons=(context.link("outgoing", "Outgoing offers"), formatting.menu(context)),
        )
    ]


def show_doubt(context: TurnContext) -> Sequence[Message]:
    earlier = f"an earlier offer of {offer(context)}"
    if context.answers.get("made"):
        body = f"⚠️ I looked first: {earlier} was made after all.\n\nOffer the same once more?"
    else:
        body = (
            f"⚠️ Not sent yet: {earlier} may have been made; Credex has not told me.\n\n"
            "Offer it all the same? It could be there twice."
        )
    return [Buttons(body=body, buttons=confirm_or_cancel(context))]


def show_reconciled(call: Call, outcome: Outcome, context: TurnContext) -> Sequence[Message]:
    if not isinstance(call, CreateOffer):
        return []
    mine = f"your offer of *{call.amount}* to *{formatting.name(call.receiver_name)}*"
    match outcome:
        case Done(accepted=accepted):
            body = f"✅ I looked again: {mine} was made. {_waits(accepted=accepted)}"
        case DidNotHappen():
            body = f"I looked again: {mine} was *not* made. You can offer it again."
        case _:
            body = (
                f"I could not find out whether {mine} was made, and I have stopped looking. "
                "Please check your balance, or ask them."
            )
    return [Buttons(body=body, buttons=(context.link("outgoing", "Outgoing offers"), formatting.menu(context)))]
