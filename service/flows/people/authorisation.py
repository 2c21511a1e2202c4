"""What an owner changes about the people of an account: who acts for it, and who is told of offers.

Each is confirmed first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from service.conversation import Exit, Step
from service.domain.commands import DidNotHappen, Done, NotFound, Outcome, Refused
from service.flows import formatting
from service.flows.confirmed_write import confirmed_write, failure_screens
from service.flows.people.answers import Context
from service.flows.screens import MENU, link, screen
from service.writes.authorise import Authorise
from service.writes.offer_recipient import SetOfferRecipient
from service.writes.unauthorise import Unauthorise

_Call = Authorise | Unauthorise | SetOfferRecipient


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One of the three changes; the texts are templates of ``who``, the person, and ``of``, the account."""

    name: str
    call: Callable[[Context], _Call]
    cancel_to: str
    question: str
    done: str
    stands: str
    not_done: str
    unknown: str
    reconciled_unknown: str


_AUTHORISE: Final = _Change(
    name="authorise",
    call=lambda context: Authorise(
        context.answers.account, context.answers.member, context.answers.name, context.answers.handle
    ),
    cancel_to="list",
    question="Let {who} ({handle}) act for {of}?\n\nThey can then offer, accept and decline for it, as you can.",
    done="✅ {who} may now act for {of}.",
    stands="{who} may act for {of} already. Nothing had to be changed.",
    not_done="{who} may *not* act for {of}.",
    unknown="I do *not know yet* whether {who} may now act for {of}.",
    reconciled_unknown="I could not find out whether {who} may now act for {of}, and I have stopped looking.",
)
_REMOVE: Final = _Change(
    name="remove",
    call=lambda context: Unauthorise(context.answers.account, context.answers.member, context.answers.name),
    cancel_to="open",
    question="Remove {who} from {of}?\n\nThey can then no longer act for it.",
    done="✅ {who} can no longer act for {of}.",
    stands="{who} does not act for {of} any more. Nothing had to be changed.",
    not_done="{who} may still act for {of}.",
    unknown="I do *not know yet* whether {who} may still act for {of}.",
    reconciled_unknown="I could not find out whether {who} may still act for {of}, and I have stopped looking.",
)
_OFFER_RECIPIENT: Final = _Change(
    name="notices",
    call=lambda context: SetOfferRecipient(context.answers.account, context.answers.member, context.answers.name),
    cancel_to="open",
    question="Tell {who} of new offers to {of} from now on?\n\nOnly one person is told.",
    done="✅ {who} is now told of new offers to {of}.",
    stands="{who} is told of new offers to {of} already. Nothing had to be changed.",
    not_done="{who} is *not* told of new offers to {of}.",
    unknown="I do *not know yet* whether {who} is now told of new offers to {of}.",
    reconciled_unknown="I could not find out whether {who} is now told of new offers to {of}, "
    "and I have stopped looking.",
)
_CHANGES: Final = {change.name: change for change in (_AUTHORISE, _REMOVE, _OFFER_RECIPIENT)}


def _of(context: Context, text: str, name: str = "") -> str:
    answers = context.answers
    return text.format(
        who=f"*{formatting.name(name or answers.name)}*",
        of=f"*{formatting.name(answers.account_name)}*",
        handle=answers.handle,
    )


def _tried(text: Callable[[_Change], str]) -> Callable[[Context], str]:
    """A text of the change that was tried; a person found to act already was to be authorised."""
    return lambda context: _of(context, text(_CHANGES[context.answers.operation or _AUTHORISE.name]))


_REFUSALS: Final = {
    "tier": "it needs the entrepreneur tier",
    "too_many": "five may act for an account at most, its owner among them. Remove one first",
    "not_found": "it knows them no longer, or they may not act for the account any more",
    "not_authorised": "only the owner of the account can do this, for people who act for it",
}


def _refused(context: Context) -> str:
    reason = context.answers.reason or ""
    why = _REFUSALS.get(reason) or formatting.explain_refusal(reason)
    return f"Credex refused: {why}.\n\nNothing was changed."


_LINKS: Final = (link("people", "People"), MENU)


def _steps(change: _Change) -> tuple[Step, ...]:
    def finished(outcome: Outcome, context: Context) -> Exit | None:
        match outcome:
            case Refused(code="already"):
                return Exit("stands", context.answers)
            case NotFound():
                # A person who is not among them need not be removed.
                return context.exit("stands" if change is _REMOVE else "refused", reason="not_found")
            case _:
                return None

    def reconciled(call: _Call, outcome: Outcome, context: Context) -> str:
        match outcome:
            case Done() | Refused(code="already"):
                return _of(context, f"I looked again. {change.done}", call.name)
            case DidNotHappen() | Refused() | NotFound():
                return _of(context, f"I looked again: {change.not_done} Nothing was changed.", call.name)
            case _:
                return _of(context, change.reconciled_unknown, call.name)

    return confirmed_write(
        change.name,
        confirm=f"confirm_{change.name}",
        question=lambda context: _of(context, change.question),
        cancelled="Nothing was changed.",
        cancel_to=change.cancel_to,
        call=change.call,
        result=finished,
        exits={"done": "done", "stands": "stands"},
        learnt={"operation": change.name},
        reconciled=reconciled,
        links=_LINKS,
    )


AUTHORISATION_STEPS: Final = (
    *_steps(_AUTHORISE),
    *_steps(_REMOVE),
    *_steps(_OFFER_RECIPIENT),
    screen("done", _tried(lambda change: change.done), *_LINKS),
    screen("stands", _tried(lambda change: change.stands), *_LINKS),
    *failure_screens(
        refused=_refused,
        did_not_happen=_tried(lambda change: f"Credex did not take it, and I have looked: {change.not_done}"),
        not_sent=_tried(lambda change: f"I could not reach Credex, so {change.not_done}"),
        unknown=_tried(
            lambda change: f"Credex did not answer clearly. {change.unknown}\n\nI keep looking and will tell you."
        ),
        again="list",
        links=_LINKS,
        not_done_links=_LINKS,
    ),
)
"""The steps after a person was chosen; they are part of the flow `people`, which knows `list` and `open`."""
