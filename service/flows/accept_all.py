"""Accept all: a few offers at a time, each accepted and proven by itself, and a summary of what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from service.conversation import CONFIRM_WITHIN_MS, CoreCall, Exit, Flow, Question, TurnContext
from service.domain import Dashboard, Denomination, Money
from service.domain.commands import Call, DidNotHappen, Done, Known, Login, NotFound, Outcome, Refused, Unavailable
from service.flows import formatting
from service.flows.confirming import confirm_or_cancel, unless_cancelled
from service.flows.dashboard import acting
from service.flows.greeting import DASHBOARD_FAILED_EXITS, dashboard_failed
from service.flows.resolve_offer import show_acceptance_reconciled
from service.messages import Buttons, Message
from service.writes.accept_offer import AcceptOffer

__all__ = ("ACCEPT_ALL",)

AT_ONCE: Final = 5
"""Offers in one go: so many are read at a glance, and answered within the time of one turn."""

_NAME: Final = 40

_SAID: Final = {
    "accepted": "✅",
    "gone": "❌ no longer waiting:",
    "refused": "❌ Credex refused:",
    "not_done": "❌ not accepted, still waits:",
    "unknown": "❓ not known yet:",
}


def _begun(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            account = acting(context)
        case _:
            return dashboard_failed(outcome)
    mine = formatting.one_of_several(dashboard, account)
    if not account.incoming:
        return Exit("none", {"mine": mine, "others": "yes" * any(each.incoming for each in dashboard.accounts)})
    learnt = {"account": account.account_id, "waiting": str(len(account.incoming)), "mine": mine}
    for number, offer in enumerate(account.incoming[:AT_ONCE], 1):
        learnt |= {
            f"credex_{number}": offer.credex_id,
            f"amount_{number}": str(offer.amount),
            f"party_{number}": offer.counterparty,
            f"terms_{number}": "" if offer.secured else f", {formatting.terms(secured=False, due=offer.due)}",
            f"outcome_{number}": "",
        }
    return Exit("some", {**learnt, "count": str(min(AT_ONCE, len(account.incoming)))})


def _offers(context: TurnContext) -> Iterator[tuple[int, Money, str]]:
    for number in range(1, int(context.answers["count"]) + 1):
        yield number, Money.displayed(context.answers[f"amount_{number}"]), context.answers[f"party_{number}"]


def _sums(offers: Iterable[Money]) -> dict[Denomination, Money]:
    sums: dict[Denomination, Money] = {}
    for amount in offers:
        so_far = sums.get(amount.denomination)
        sums[amount.denomination] = (
            amount if so_far is None else Money(so_far.amount + amount.amount, amount.denomination)
        )
    return sums


def _confirm(context: TurnContext) -> Sequence[Message]:
    count, waiting = int(context.answers["count"]), int(context.answers["waiting"])
    which = f"the first {count} of {waiting} offers" if waiting > count else f"{'these' * (count > 1)} {count} offers"
    lines = [f"Accept {which if count > 1 else 'this offer'}?", ""]
    for number, amount, party in _offers(context):
        lines.append(f"- *{amount}* from {formatting.name(party, _NAME)}{context.answers.get(f'terms_{number}', '')}")
    in_all = ", ".join(str(total) for total in _sums(amount for _, amount, _ in _offers(context)).values())
    lines += ["", f"In all: *{in_all}*, which they will then owe you." if count > 1 else formatting.WILL_OWE]
    if mine := context.answers.get("mine"):
        lines.append(f"Your account: {formatting.name(mine)}")
    return [Buttons(body="\n".join(lines), buttons=confirm_or_cancel(context))]


def _accept(number: int) -> Callable[[TurnContext], Call]:
    return lambda context: AcceptOffer(
        context.answers["account"],
        context.answers[f"credex_{number}"],
        Money.displayed(context.answers[f"amount_{number}"]),
        context.answers[f"party_{number}"],
    )


def _accepted(number: int) -> Callable[[Outcome, TurnContext], Exit]:
    def result(outcome: Outcome, context: TurnContext) -> Exit:
        said = _said(outcome)
        # What is unclear now will be unclear for the next one, too; and what was confirmed long ago begins no more.
        unclear = said in {"unknown", "not_done"}
        late = context.now_ms > context.session.prompted_at_ms + CONFIRM_WITHIN_MS
        last = number == int(context.answers["count"])
        learnt = {f"outcome_{number}": said}
        so_far = {**context.answers, **learnt}
        accepted = (amount for each, amount, _ in _offers(context) if so_far[f"outcome_{each}"] == "accepted")
        learnt["now"] = _balance(outcome, context, accepted)
        return Exit("stop" if last or unclear or late else "next", learnt)

    return result


def _said(outcome: Outcome) -> str:
    match outcome:
        case Done(by_us=True):
            return "accepted"
        case Done() | NotFound() | Refused(code="not_pending"):
            return "gone"
        case Refused():
            return "refused"
        case DidNotHappen() | Unavailable():
            return "not_done"
        case _:
            return "unknown"


def _summary(context: TurnContext) -> Sequence[Message]:
    done = [context.answers[f"outcome_{number}"] for number, _, _ in _offers(context)]
    accepted, tried = done.count("accepted"), len([said for said in done if said])
    lines = [f"Accepted {accepted} of {len(done)}.", ""]
    for number, amount, party in _offers(context):
        said = context.answers[f"outcome_{number}"]
        lines.append(f"{_SAID[said] if said else '– not tried:'} *{amount}* from {formatting.name(party, _NAME)}")
    if "unknown" in done:
        lines += ["", "I keep looking for what is not known yet, and will tell you."]
    if context.outcome is not None and (now := context.answers.get("now")):
        lines += ["", f"Your balance is now {now}."]
    left = int(context.answers["waiting"]) - tried
    onward = "Try again" if "not_done" in done else f"The other {left}" if left > 1 else "The last one" if left else ""
    go_on = [context.option("again", onward)] if onward else []
    return [
        Buttons(
            body="\n".join(lines),
            buttons=(*go_on, context.link("incoming", "Incoming offers"), formatting.menu(context)),
        )
    ]


def _balance(outcome: Outcome, context: TurnContext, accepted: Iterable[Money]) -> str:
    """The balance in the denominations of what was accepted, as core told it last; empty once that may be outdated."""
    match outcome:
        case Done(dashboard=Dashboard() as dashboard) if account := dashboard.account(context.answers["account"]):
            return ", ".join(str(account.balance(unit)) for unit in _sums(accepted))
        case Refused() | NotFound() | DidNotHappen() | Unavailable():
            return context.answers.get("now", "")
        case _:
            return ""


def _steps() -> Iterator[CoreCall]:
    for number in range(1, AT_ONCE + 1):
        onward = {"next": f"accept_{number + 1}"} if number < AT_ONCE else {}
        yield CoreCall(
            f"accept_{number}",
            call=_accept(number),
            result=_accepted(number),
            on_reconciled=show_acceptance_reconciled,
            exits={**onward, "stop": "summary"},
        )


ACCEPT_ALL = Flow(
    name="bulk",
    title="Accept all: several incoming offers in one go",
    cancelled_text="Nothing was changed.",
    expired_text="That was left for more than five minutes, so I let it go. Nothing was changed.",
    steps=(
        CoreCall(
            "begin",
            call=lambda _: Login(fresh=True),
            result=_begun,
            exits={"some": "confirm", "none": "pending.incoming_none", **DASHBOARD_FAILED_EXITS},
        ),
        Question(
            "confirm",
            "buttons",
            _confirm,
            {"confirm": "accept_1", "cancel": "pending.incoming"},
            unless_cancelled("Nothing was changed."),
            confirms=True,
        ),
        *_steps(),
        Question("summary", "buttons", _summary, {"again": "begin"}, interruptible=True),
    ),
)
