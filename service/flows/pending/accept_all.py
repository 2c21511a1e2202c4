"""Accept all: a few offers at a time, each accepted and proven by itself, and a summary of what came of each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, assert_never

import msgspec

from service.conversation import CONFIRM_WITHIN_MS, Answers, CoreCall, Exit, Flow, Question, TurnContext, known
from service.domain import Dashboard, Denomination, Money, Offer
from service.domain.commands import (
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
from service.flows import formatting
from service.flows.confirmed_write import confirmation, report
from service.flows.login import acting, read_dashboard
from service.flows.pending.answers import PendingAnswers
from service.flows.pending.resolve_offer import report_acceptance
from service.flows.screens import MENU
from service.messages import Buttons, Message
from service.writes.accept_offer import AcceptOffer

AT_ONCE: Final = 5
"""Offers in one go: so many are read at a glance, and answered within the time of one turn."""

_NAME: Final = 40

_OUTCOMES: Final = {
    "": "– not tried:",
    "accepted": "✅",
    "gone": "❌ no longer waiting:",
    "refused": "❌ Credex refused:",
    "not_done": "❌ not accepted, still waits:",
    "unknown": "❓ not known yet:",
}


class OfferAnswers(msgspec.Struct, frozen=True):
    """One of the offers, and what came of accepting it: a key of `_OUTCOMES`."""

    credex: str = ""
    amount: Money | None = None
    party: str = ""
    terms: str = ""
    outcome: str = ""


class AcceptAllAnswers(Answers, frozen=True):
    """The offers of one go.

    Attributes:
        waiting: how many offers wait in all.
        count: how many of them are accepted in this go.
        mine: the account's name, where the member has several.
        now: the balance after the last acceptance.
        stored: the offers, and perhaps more of an earlier, longer go.
    """

    account: str = ""
    waiting: int = 0
    count: int = 0
    mine: str = ""
    now: str = ""
    stored: tuple[OfferAnswers, ...] = ()

    @property
    def offers(self) -> tuple[OfferAnswers, ...]:
        return self.stored[: self.count]


Context = TurnContext[AcceptAllAnswers]


def _begun(dashboard: Dashboard, context: Context) -> Exit:
    account = acting(context)
    mine = formatting.one_of_several(dashboard, account)
    if not account.incoming:
        return Exit("none", PendingAnswers(mine=mine, others=any(each.incoming for each in dashboard.accounts)))
    offers = tuple(_offer(offer) for offer in account.incoming[:AT_ONCE])
    return context.exit(
        "some",
        account=account.account_id,
        waiting=len(account.incoming),
        count=len(offers),
        mine=mine,
        stored=offers,
    )


def _offer(offer: Offer) -> OfferAnswers:
    terms = "" if offer.secured else f", {formatting.terms(secured=False, due=offer.due)}"
    return OfferAnswers(offer.credex_id, offer.amount, offer.counterparty, terms)


def _sums(amounts: Iterable[Money]) -> list[Money]:
    sums: dict[Denomination, Money] = {}
    for amount in amounts:
        so_far = sums.get(amount.denomination)
        sums[amount.denomination] = (
            amount if so_far is None else Money(so_far.amount + amount.amount, amount.denomination)
        )
    return list(sums.values())


def _confirm(context: Context) -> str:
    answers = context.answers
    if answers.waiting > answers.count > 1:
        lines = [f"Accept the first {answers.count} of {answers.waiting} offers?", ""]
    elif answers.count > 1:
        lines = [f"Accept these {answers.count} offers?", ""]
    else:
        lines = ["Accept this offer?", ""]
    lines += [f"- *{offer.amount}* from {formatting.name(offer.party, _NAME)}{offer.terms}" for offer in answers.offers]
    if answers.count > 1:
        in_all = ", ".join(str(total) for total in _sums(known(offer.amount) for offer in answers.offers))
        lines += ["", f"In all: *{in_all}*, which they will then owe you."]
    else:
        lines += ["", formatting.WILL_OWE]
    if answers.mine:
        lines.append(f"Your account: {formatting.name(answers.mine)}")
    return "\n".join(lines)


def _accept(number: int) -> Callable[[Context], AcceptOffer]:
    def call(context: Context) -> AcceptOffer:
        offer = context.answers.offers[number - 1]
        return AcceptOffer(context.answers.account, offer.credex, known(offer.amount), offer.party)

    return call


def _accepted(number: int) -> Callable[[Outcome, Context], Exit]:
    def result(outcome: Outcome, context: Context) -> Exit:
        kind = _kind(outcome)
        # What is unclear now will be unclear for the next one, too; and what was confirmed long ago begins no more.
        unclear = kind in {"unknown", "not_done"}
        late = context.now_ms > context.session.prompted_at_ms + CONFIRM_WITHIN_MS
        last = number == context.answers.count
        offers = list(context.answers.stored)
        offers[number - 1] = msgspec.structs.replace(offers[number - 1], outcome=kind)
        answers = msgspec.structs.replace(context.answers, stored=tuple(offers))
        answers = msgspec.structs.replace(answers, now=_balance(outcome, answers))
        return Exit("stop" if last or unclear or late else "next", answers)

    return result


def _kind(outcome: Outcome) -> str:
    match outcome:
        case Done(by_us=True):
            return "accepted"
        case Done() | NotFound() | Refused(code="not_pending"):
            return "gone"
        case Refused():
            return "refused"
        case DidNotHappen() | Unavailable():
            return "not_done"
        case Known() | Unknown() | PossibleDuplicate():
            return "unknown"
        case _:
            assert_never(outcome)


def _balance(outcome: Outcome, answers: AcceptAllAnswers) -> str:
    """The balance in the denominations of what was accepted, as core told it last; empty once that may be outdated."""
    match outcome:
        case Done(dashboard=Dashboard() as dashboard) if account := dashboard.account(answers.account):
            accepted = _sums(known(offer.amount) for offer in answers.offers if offer.outcome == "accepted")
            return ", ".join(str(account.balance(total.denomination)) for total in accepted)
        case Refused() | NotFound() | DidNotHappen() | Unavailable():
            return answers.now
        case _:
            return ""


def _summary(context: Context) -> Sequence[Message]:
    answers = context.answers
    outcomes = [offer.outcome for offer in answers.offers]
    lines = [f"Accepted {outcomes.count('accepted')} of {len(outcomes)}.", ""]
    lines += [
        f"{_OUTCOMES[offer.outcome]} *{offer.amount}* from {formatting.name(offer.party, _NAME)}"
        for offer in answers.offers
    ]
    if "unknown" in outcomes:
        lines += ["", "I keep looking for what is not known yet, and will tell you."]
    if context.outcome is not None and answers.now:
        lines += ["", f"Your balance is now {answers.now}."]
    left = answers.waiting - len([outcome for outcome in outcomes if outcome])
    buttons = [context.link("incoming", "Incoming offers"), MENU(context)]
    if "not_done" in outcomes:
        buttons.insert(0, context.option("again", "Try again"))
    elif left:
        buttons.insert(0, context.option("again", f"The other {left}" if left > 1 else "The last one"))
    return [Buttons(body="\n".join(lines), buttons=tuple(buttons))]


def _steps() -> Iterator[CoreCall]:
    for number in range(1, AT_ONCE + 1):
        onward = {"next": f"accept_{number + 1}"} if number < AT_ONCE else {}
        yield CoreCall(
            f"accept_{number}",
            _accept(number),
            {**onward, "stop": "summary"},
            _accepted(number),
            report(report_acceptance),
        )


ACCEPT_ALL = Flow(
    name="bulk",
    title="Accept all: several incoming offers in one go",
    answers=AcceptAllAnswers,
    routes={"accept_all": "begin"},
    keywords={"accept all": "accept_all"},
    cancelled_text="Nothing was changed.",
    expired_text="That was left for more than five minutes, so I let it go. Nothing was changed.",
    steps=(
        read_dashboard("begin", _begun, {"some": "confirm", "none": "pending.incoming_none"}),
        confirmation(
            "confirm",
            _confirm,
            {"confirm": "accept_1", "cancel": "pending.incoming"},
            cancelled="Nothing was changed.",
        ),
        *_steps(),
        Question("summary", "buttons", _summary, {"again": "begin"}, interruptible=True),
    ),
)
