"""What an owner changes about the people of an account: let one act, let one no longer act, say who is told of offers.

Each is confirmed first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from service.conversation import CoreCall, Exit, Question, TurnContext
from service.domain.commands import (
    Authorise,
    Call,
    DidNotHappen,
    Done,
    NotFound,
    Outcome,
    Refused,
    SetOfferRecipient,
    Unauthorise,
    Unavailable,
)
from service.flows import show
from service.flows.confirming import confirm_or_cancel, unless_cancelled
from service.messages import Button, Buttons, Message

__all__ = ("PERMITS",)


@dataclass(frozen=True, slots=True)
class _Permit:
    """One of the three things; ``who`` is the person, ``of`` the account."""

    name: str
    call: Callable[[TurnContext], Call]
    cancel: str
    question: str
    done: str
    stands: str
    not_done: str
    later: str


def _on(scene: TurnContext) -> tuple[str, str, str]:
    return scene.answers["account"], scene.answers["member"], scene.answers["name"]


_AUTHORISE = _Permit(
    "authorise",
    lambda scene: Authorise(*_on(scene), scene.answers["handle"]),
    "list",
    "Let {who} ({handle}) act for {of}?\n\nThey can then offer, accept and decline for it, as you can.",
    "✅ {who} may now act for {of}.",
    "{who} may act for {of} already. Nothing had to be changed.",
    "{who} may *not* act for {of}.",
    "whether {who} may now act for {of}",
)
_REMOVE = _Permit(
    "remove",
    lambda scene: Unauthorise(*_on(scene)),
    "open",
    "Remove {who} from {of}?\n\nThey can then no longer act for it.",
    "✅ {who} can no longer act for {of}.",
    "{who} does not act for {of} any more. Nothing had to be changed.",
    "{who} may still act for {of}.",
    "whether {who} may still act for {of}",
)
_NOTICES = _Permit(
    "notices",
    lambda scene: SetOfferRecipient(*_on(scene)),
    "open",
    "Tell {who} of new offers to {of} from now on?\n\nOnly one person is told.",
    "✅ {who} is now told of new offers to {of}.",
    "{who} is told of new offers to {of} already. Nothing had to be changed.",
    "{who} is *not* told of new offers to {of}.",
    "whether {who} is now told of new offers to {of}",
)


def _words(text: str, who: str, of: str, handle: str = "") -> str:
    return text.format(who=f"*{show.name(who)}*", of=f"*{show.name(of)}*", handle=handle)


def _of(scene: TurnContext, text: str) -> str:
    answers = scene.answers
    return _words(text, answers["name"], answers["account_name"], answers.get("handle", ""))


def _ask(permit: _Permit) -> Callable[[TurnContext], Sequence[Message]]:
    return lambda scene: [
        Buttons(
            body=_of(scene, permit.question),
            buttons=confirm_or_cancel(scene),
        )
    ]


def _refused(permit: _Permit, outcome: NotFound | Refused) -> Exit:
    if isinstance(outcome, Refused):
        return Exit("refused", {"deed": permit.name, "reason": outcome.code})
    # Whoever is not among them need not be removed.
    return Exit("stands" if permit is _REMOVE else "refused", {"deed": permit.name, "reason": "not_found"})


def _result(permit: _Permit) -> Callable[[Outcome, TurnContext], Exit]:
    def result(outcome: Outcome, _: TurnContext) -> Exit:
        deed = {"deed": permit.name}
        match outcome:
            case Done():
                return Exit("done", deed)
            case Refused(code="already"):
                return Exit("stands", deed)
            case NotFound() | Refused():
                return _refused(permit, outcome)
            case DidNotHappen() | Unavailable():
                return Exit("not_done", {**deed, "looked": "yes" * isinstance(outcome, DidNotHappen)})
            case _:
                return Exit("unknown", deed)

    return result


_PERMITS: Final = {permit.name: permit for permit in (_AUTHORISE, _REMOVE, _NOTICES)}


def _permit(scene: TurnContext) -> _Permit:
    """Which of the three it was; whoever was found to act already was to be let."""
    return _PERMITS[scene.answers.get("deed") or _AUTHORISE.name]


def _show_done(scene: TurnContext) -> Sequence[Message]:
    return [Buttons(body=_of(scene, _permit(scene).done), buttons=_ways(scene))]


def _show_stands(scene: TurnContext) -> Sequence[Message]:
    return [Buttons(body=_of(scene, _permit(scene).stands), buttons=_ways(scene))]


_REFUSALS: Final = {
    "tier": "it needs the entrepreneur tier",
    "too_many": "five may act for an account at most, its owner among them. Remove one first",
    "not_found": "it knows them no longer, or they may not act for the account any more",
    "not_authorised": "only the owner of the account can do this, for people who act for it",
}


def _show_refused(scene: TurnContext) -> Sequence[Message]:
    reason = scene.answers["reason"]
    why = _REFUSALS.get(reason) or show.explain_refusal(reason)
    return [Buttons(body=f"Credex refused: {why}.\n\nNothing was changed.", buttons=_ways(scene))]


def _show_not_done(scene: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"{show.why_not_done(scene)} {_of(scene, _permit(scene).not_done)}",
            buttons=(scene.option("again", "Try again"), *_ways(scene)),
        )
    ]


def _show_unknown(scene: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"Credex did not answer clearly. I do *not know yet* {_of(scene, _permit(scene).later)}.\n\n"
            "I keep looking and will tell you.",
            buttons=_ways(scene),
        )
    ]


def _ways(scene: TurnContext) -> tuple[Button, Button]:
    return (scene.link("people", "People"), show.menu(scene))


def _told_later(permit: _Permit) -> Callable[[Call, Outcome, TurnContext], Sequence[Message]]:
    def told(call: Call, outcome: Outcome, scene: TurnContext) -> Sequence[Message]:
        if not isinstance(call, Authorise | Unauthorise | SetOfferRecipient):
            return []
        who, of = call.name, scene.answers.get("account_name", "")
        match outcome:
            case Done() | Refused(code="already"):
                body = f"I looked again. {_words(permit.done, who, of)}"
            case DidNotHappen() | Refused() | NotFound():
                body = f"I looked again: {_words(permit.not_done, who, of)} Nothing was changed."
            case _:
                body = f"I could not find out {_words(permit.later, who, of)}, and I have stopped looking."
        return [Buttons(body=body, buttons=_ways(scene))]

    return told


def _steps(permit: _Permit) -> tuple[Question | CoreCall, ...]:
    return (
        Question(
            f"confirm_{permit.name}",
            "buttons",
            _ask(permit),
            {"confirm": permit.name, "cancel": permit.cancel},
            unless_cancelled("Nothing was changed."),
            confirms=True,
        ),
        CoreCall(
            permit.name,
            call=permit.call,
            result=_result(permit),
            found=_told_later(permit),
            exits={
                "done": "done",
                "stands": "stands",
                "refused": "refused",
                "not_done": "not_done",
                "unknown": "unknown",
            },
        ),
    )


PERMITS: Final = (
    *_steps(_AUTHORISE),
    *_steps(_REMOVE),
    *_steps(_NOTICES),
    Question("done", "buttons", _show_done, interruptible=True),
    Question("stands", "buttons", _show_stands, interruptible=True),
    Question("refused", "buttons", _show_refused, interruptible=True),
    Question("not_done", "buttons", _show_not_done, {"again": "list"}, interruptible=True),
    Question("unknown", "buttons", _show_unknown, interruptible=True),
)
"""The steps after a person was chosen; they are part of the flow `people`, which knows `list` and `open`."""
