"""What an owner changes about the people of an account: let one act, let one no longer act, say who is told of offers.

Each is confirmed first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from service.conversation import CoreCall, Exit, Question, TurnContext
from service.domain.commands import Call, DidNotHappen, Done, NotFound, Outcome, Refused, Unavailable
from service.flows import formatting
from service.flows.confirming import confirm_or_cancel, unless_cancelled
from service.messages import Button, Buttons, Message
from service.writes.authorise import Authorise
from service.writes.offer_recipient import SetOfferRecipient
from service.writes.unauthorise import Unauthorise

__all__ = ("AUTHORISATION_STEPS",)


@dataclass(frozen=True, slots=True)
class _Change:
    """One of the three things; ``who`` is the person, ``of`` the account."""

    name: str
    call: Callable[[TurnContext], Call]
    cancel: str
    question: str
    done: str
    stands: str
    not_done: str
    later: str


def _on(context: TurnContext) -> tuple[str, str, str]:
    return context.answers["account"], context.answers["member"], context.answers["name"]


_AUTHORISE = _Change(
    "authorise",
    lambda context: Authorise(*_on(context), context.answers["handle"]),
    "list",
    "Let {who} ({handle}) act for {of}?\n\nThey can then offer, accept and decline for it, as you can.",
    "✅ {who} may now act for {of}.",
    "{who} may act for {of} already. Nothing had to be changed.",
    "{who} may *not* act for {of}.",
    "whether {who} may now act for {of}",
)
_REMOVE = _Change(
    "remove",
    lambda context: Unauthorise(*_on(context)),
    "open",
    "Remove {who} from {of}?\n\nThey can then no longer act for it.",
    "✅ {who} can no longer act for {of}.",
    "{who} does not act for {of} any more. Nothing had to be changed.",
    "{who} may still act for {of}.",
    "whether {who} may still act for {of}",
)
_OFFER_RECIPIENT = _Change(
    "notices",
    lambda context: SetOfferRecipient(*_on(context)),
    "open",
    "Tell {who} of new offers to {of} from now on?\n\nOnly one person is told.",
    "✅ {who} is now told of new offers to {of}.",
    "{who} is told of new offers to {of} already. Nothing had to be changed.",
    "{who} is *not* told of new offers to {of}.",
    "whether {who} is now told of new offers to {of}",
)


def _words(text: str, who: str, of: str, handle: str = "") -> str:
    return text.format(who=f"*{formatting.name(who)}*", of=f"*{formatting.name(of)}*", handle=handle)


def _of(context: TurnContext, text: str) -> str:
    answers = context.answers
    return _words(text, answers["name"], answers["account_name"], answers.get("handle", ""))


def _ask(change: _Change) -> Callable[[TurnContext], Sequence[Message]]:
    return lambda context: [
        Buttons(
            body=_of(context, change.question),
            buttons=confirm_or_cancel(context),
        )
    ]


def _refused(change: _Change, outcome: NotFound | Refused) -> Exit:
    if isinstance(outcome, Refused):
        return Exit("refused", {"deed": change.name, "reason": outcome.code})
    # Whoever is not among them need not be removed.
    return Exit("stands" if change is _REMOVE else "refused", {"deed": change.name, "reason": "not_found"})


def _result(change: _Change) -> Callable[[Outcome, TurnContext], Exit]:
    def result(outcome: Outcome, _: TurnContext) -> Exit:
        operation = {"deed": change.name}
        match outcome:
            case Done():
                return Exit("done", operation)
            case Refused(code="already"):
                return Exit("stands", operation)
            case NotFound() | Refused():
                return _refused(change, outcome)
            case DidNotHappen() | Unavailable():
                return Exit("not_done", {**operation, "looked": "yes" * isinstance(outcome, DidNotHappen)})
            case _:
                return Exit("unknown", operation)

    return result


_CHANGES: Final = {change.name: change for change in (_AUTHORISE, _REMOVE, _OFFER_RECIPIENT)}


def _change(context: TurnContext) -> _Change:
    """Which of the three it was; whoever was found to act already was to be let."""
    return _CHANGES[context.answers.get("deed") or _AUTHORISE.name]


def _show_done(context: TurnContext) -> Sequence[Message]:
    return [Buttons(body=_of(context, _change(context).done), buttons=_ways(context))]


def _show_stands(context: TurnContext) -> Sequence[Message]:
    return [Buttons(body=_of(context, _change(context).stands), buttons=_ways(context))]


_REFUSALS: Final = {
    "tier": "it needs the entrepreneur tier",
    "too_many": "five may act for an account at most, its owner among them. Remove one first",
    "not_found": "it knows them no longer, or they may not act for the account any more",
    "not_authorised": "only the owner of the account can do this, for people who act for it",
}


def _show_refused(context: TurnContext) -> Sequence[Message]:
    reason = context.answers["reason"]
    why = _REFUSALS.get(reason) or formatting.explain_refusal(reason)
    return [Buttons(body=f"Credex refused: {why}.\n\nNothing was changed.", buttons=_ways(context))]


def _show_not_done(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"{formatting.why_not_done(context)} {_of(context, _change(context).not_done)}",
            buttons=(context.option("again", "Try again"), *_ways(context)),
        )
    ]


def _show_unknown(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"Credex did not answer clearly. I do *not know yet* {_of(context, _change(context).later)}.\n\n"
            "I keep looking and will tell you.",
            buttons=_ways(context),
        )
    ]


def _ways(context: TurnContext) -> tuple[Button, Button]:
    return (context.link("people", "People"), formatting.menu(context))


def _show_reconciled(change: _Change) -> Callable[[Call, Outcome, TurnContext], Sequence[Message]]:
    def told(call: Call, outcome: Outcome, context: TurnContext) -> Sequence[Message]:
        if not isinstance(call, Authorise | Unauthorise | SetOfferRecipient):
            return []
        who, of = call.name, context.answers.get("account_name", "")
        match outcome:
            case Done() | Refused(code="already"):
                body = f"I looked again. {_words(change.done, who, of)}"
            case DidNotHappen() | Refused() | NotFound():
                body = f"I looked again: {_words(change.not_done, who, of)} Nothing was changed."
            case _:
                body = f"I could not find out {_words(change.later, who, of)}, and I have stopped looking."
        return [Buttons(body=body, buttons=_ways(context))]

    return told


def _steps(change: _Change) -> tuple[Question | CoreCall, ...]:
    return (
        Question(
            f"confirm_{change.name}",
            "buttons",
            _ask(change),
            {"confirm": change.name, "cancel": change.cancel},
            unless_cancelled("Nothing was changed."),
            confirms=True,
        ),
        CoreCall(
            change.name,
            call=change.call,
            result=_result(change),
            on_reconciled=_show_reconciled(change),
            exits={
                "done": "done",
                "stands": "stands",
                "refused": "refused",
                "not_done": "not_done",
                "unknown": "unknown",
            },
        ),
    )


AUTHORISATION_STEPS: Final = (
    *_steps(_AUTHORISE),
    *_steps(_REMOVE),
    *_steps(_OFFER_RECIPIENT),
    Question("done", "buttons", _show_done, interruptible=True),
    Question("stands", "buttons", _show_stands, interruptible=True),
    Question("refused", "buttons", _show_refused, interruptible=True),
    Question("not_done", "buttons", _show_not_done, {"again": "list"}, interruptible=True),
    Question("unknown", "buttons", _show_unknown, interruptible=True),
)
"""The steps after a person was chosen; they are part of the flow `people`, which knows `list` and `open`."""
