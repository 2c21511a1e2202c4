"""What can be done with a pending offer: accept it, decline it, cancel it; each confirmed first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.conversation import Exit, Step, known
from service.domain.commands import DidNotHappen, Done, NotFound, Outcome, Refused
from service.flows import formatting
from service.flows.confirmed_write import confirmed_write, failure_screens
from service.flows.pending.answers import Context
from service.flows.screens import MENU, link, screen
from service.writes.accept_offer import AcceptOffer
from service.writes.cancel_offer import CancelOffer
from service.writes.decline_offer import DeclineOffer

_Call = AcceptOffer | DeclineOffer | CancelOffer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolution:
    """One way to resolve an offer; the texts are templates of ``amount`` and ``party``, each a whole sentence."""

    name: str
    call: type[_Call]
    route: str
    question: str
    done: str
    ended: str
    ended_otherwise: str
    did_not_happen: str
    unknown: str

    def of_offer(self, text: str, context: Context) -> str:
        return text.format(amount=context.answers.amount, party=formatting.name(context.answers.party))

    def reconciled(self, call: _Call, outcome: Outcome, _: Any) -> str:
        match outcome:
            case Done(by_us=True):
                text = f"I looked again. {self.done}"
            case Done():
                text = self.ended
            case Refused():
                text = self.ended_otherwise
            case DidNotHappen():
                text = self.did_not_happen
            case _:
                text = self.unknown
        return text.format(amount=call.amount, party=formatting.name(call.counterparty))


_ACCEPT: Final = _Resolution(
    name="accept",
    call=AcceptOffer,
    route="incoming",
    question=f"Accept *{{amount}}* from *{{party}}*?\n\n{formatting.WILL_OWE}",
    done="✅ You accepted *{amount}* from *{party}*. They now owe you this amount.",
    ended="I looked again: the offer of *{amount}* from *{party}* is no longer waiting. "
    "I cannot tell whether it was you or the other side who ended it. Your balance shows it.",
    ended_otherwise="I looked again: the offer of *{amount}* from *{party}* is no longer waiting, "
    "but it ended in another way than you asked for. Your balance shows it.",
    did_not_happen="I looked again: the offer of *{amount}* from *{party}* still waits. Nothing was changed.",
    unknown="I could not find out whether you accepted *{amount}* from *{party}*, and I have stopped looking.",
)
_DECLINE: Final = _Resolution(
    name="decline",
    call=DeclineOffer,
    route="incoming",
    question="Decline *{amount}* from *{party}*?\n\nThe offer ends, and nobody owes anything.",
    done="You declined *{amount}* from *{party}*. Nobody owes anything for it.",
    ended=_ACCEPT.ended,
    ended_otherwise=_ACCEPT.ended_otherwise,
    did_not_happen=_ACCEPT.did_not_happen,
    unknown="I could not find out whether you declined *{amount}* from *{party}*, and I have stopped looking.",
)
_CANCEL: Final = _Resolution(
    name="cancel_offer",
    call=CancelOffer,
    route="outgoing",
    question="Take back your offer of *{amount}* to *{party}*?\n\nThe offer ends, and you owe nothing for it.",
    done="You took back your offer of *{amount}* to *{party}*. You owe nothing for it.",
    ended="I looked again: your offer of *{amount}* to *{party}* is no longer waiting. "
    "I cannot tell whether it was you or the other side who ended it. Your balance shows it.",
    ended_otherwise="I looked again: your offer of *{amount}* to *{party}* is no longer waiting, "
    "but it ended in another way than you asked for. Your balance shows it.",
    did_not_happen="I looked again: your offer of *{amount}* to *{party}* still waits. Nothing was changed.",
    unknown="I could not find out whether you took back your offer of *{amount}* to *{party}*, "
    "and I have stopped looking.",
)

report_acceptance: Callable[[AcceptOffer, Outcome, Any], str] = _ACCEPT.reconciled


def _unsecured(context: Context) -> bool:
    return context.answers.kind == formatting.UNSECURED


def _accept_question(context: Context) -> str:
    question = _ACCEPT.of_offer(_ACCEPT.question, context)
    if not _unsecured(context):
        return question
    if context.answers.due:
        return f"{question}\nIt is without backing, due on {context.answers.due}."
    return f"{question}\nIt is without backing."


def _finished(outcome: Outcome, _: Context) -> Exit | None:
    match outcome:
        case Done(by_us=False):
            return Exit("ended")
        case Refused(code="not_pending") | NotFound():
            return Exit("gone")
        case _:
            return None


def _steps(resolution: _Resolution) -> tuple[Step, ...]:
    name = resolution.name

    def call(context: Context) -> _Call:
        answers = context.answers
        return resolution.call(answers.account, answers.credex, known(answers.amount), answers.party)

    def question(context: Context) -> str:
        return _accept_question(context) if resolution is _ACCEPT else resolution.of_offer(resolution.question, context)

    def done(context: Context) -> str:
        text = resolution.of_offer(resolution.done, context)
        if _unsecured(context):  # no balance changes
            due = context.answers.due if resolution is _ACCEPT else ""
            return f"{text}\n\nIt is due on {due}." if due else text
        balance = formatting.new_balance(context, context.answers.account, known(context.answers.amount).denomination)
        return f"{text}\n\nYour balance is now {balance}." if balance else text

    return (
        *confirmed_write(
            name,
            confirm=f"confirm_{name}",
            question=question,
            cancelled="Nothing was changed.",
            cancel_to="open",
            call=call,
            result=_finished,
            exits={"done": f"{name}_done", "ended": "ended", "gone": "gone"},
            reconciled=resolution.reconciled,
        ),
        screen(f"{name}_done", done, link(resolution.route, "Pending offers"), MENU),
    )


def _offer(context: Context) -> str:
    return f"offer of *{context.answers.amount}* ({formatting.name(context.answers.party)})"


RESOLVE_OFFER_STEPS: Sequence[Step] = (
    *_steps(_ACCEPT),
    *_steps(_DECLINE),
    *_steps(_CANCEL),
    screen(
        "ended",
        lambda context: (
            f"The {_offer(context)} is no longer waiting. Credex did not answer clearly, so I cannot tell whether "
            "it was you or the other side who ended it. Your balance shows it."
        ),
    ),
    *failure_screens(
        refused=lambda context: (
            f"Credex refused: {formatting.explain_refusal(context.answers.reason or '')}.\n\nNothing was changed."
        ),
        did_not_happen=lambda context: (
            f"Credex did not take it, and I have looked: nothing was changed. The {_offer(context)} still waits."
        ),
        not_sent=lambda context: (
            f"I could not reach Credex, so nothing was changed. The {_offer(context)} still waits."
        ),
        unknown=lambda context: (
            "Credex did not answer clearly. I do *not know yet* what became of the "
            f"{_offer(context)}.\n\nI keep looking and will tell you."
        ),
        again="open",
    ),
)
"""The steps after an offer was opened; they are part of the flow `pending`, which knows `open` and `gone`."""
