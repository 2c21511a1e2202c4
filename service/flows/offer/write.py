"""The offer itself: what is promised, confirmed by the member, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from service.conversation import Exit, Step
from service.domain import Account, Dashboard, Denomination, Tier
from service.domain.commands import DidNotHappen, Done, NotFound, Outcome, PossibleDuplicate
from service.flows import formatting
from service.flows.confirmed_write import confirmed_write, failure_screens
from service.flows.login import seen
from service.flows.offer.answers import Context, amount, offer, source
from service.flows.screens import MENU, link, option, screen
from service.messages import Button
from service.writes.create_offer import CreateOffer


def _confirm(context: Context) -> str:
    due = context.answers.due
    lines = [
        *_warnings(seen(context), source(context, seen(context)), context),
        f"Offer {offer(context)} ({context.answers.handle})?",
        "",
        f"From: {formatting.name(context.answers.account_name)}",
        "Secured: it comes out of your balance."
        if due is None
        else f"Without backing: you pay by {formatting.day(due)}.",
    ]
    return "\n".join(lines)


def _warnings(dashboard: Dashboard, account: Account | None, context: Context) -> list[str]:
    """The bot may know limits wrongly both ways, so it warns and never refuses: core decides."""
    wanted, secured, lines = amount(context), context.answers.due is None, []
    if account and secured and wanted.amount > account.balance(wanted.denomination).amount:
        balance = account.balance(wanted.denomination)
        lines.append(f"⚠️ That is more than your balance of about {balance}. Credex may refuse it.")
    if not secured and dashboard.tier == Tier.OPEN:
        lines.append("⚠️ Members of the open tier may not offer without backing. Credex may refuse it.")
    remaining = dashboard.remaining_today
    if remaining is not None and wanted.denomination is Denomination.USD and wanted.amount > remaining:
        lines.append(f"⚠️ You can still offer {formatting.usd(remaining)} today. Credex may refuse more.")
    receiver = context.answers.receiver_name
    waiting = account.outgoing if account else ()
    if any(each.counterparty == receiver and each.amount.equals(wanted) for each in waiting):
        lines.append("⚠️ You already have an offer of this amount to them that they have not answered.")
    return [*lines, ""] if lines else []


def _other_terms(context: Context) -> Button:
    return context.option("terms", "Pay later instead" if context.answers.due is None else "Other terms")


def _create(context: Context) -> CreateOffer:
    answers = context.answers
    return CreateOffer(answers.account, answers.receiver, answers.receiver_name, amount(context), answers.due)


def _create_duplicate(context: Context) -> CreateOffer:
    return msgspec.structs.replace(_create(context), allow_duplicate=True)


def _finished(outcome: Outcome, context: Context) -> Exit | None:
    match outcome:
        case Done(accepted=accepted):
            return context.exit("sent", accepted=accepted)
        case NotFound():
            return context.exit("not_done", looked=False)
        case _:
            return None


def _finished_once(outcome: Outcome, context: Context) -> Exit | None:
    if isinstance(outcome, PossibleDuplicate):
        return context.exit("doubtful", made=outcome.made)
    return _finished(outcome, context)


def _reconciled(call: CreateOffer, outcome: Outcome, _: Context) -> str:
    mine = f"your offer of *{call.amount}* to *{formatting.name(call.receiver_name)}*"
    match outcome:
        case Done(accepted=True):
            return f"✅ I looked again: {mine} was made. They have accepted it already."
        case Done():
            return f"✅ I looked again: {mine} was made. They have two days to accept it."
        case DidNotHappen():
            return f"I looked again: {mine} was *not* made. You can offer it again."
        case _:
            return (
                f"I could not find out whether {mine} was made, and I have stopped looking. "
                "Please check your balance, or ask them."
            )


def _sent(context: Context) -> str:
    made = f"✅ You offered {offer(context)}."
    if isinstance(context.outcome, Done) and context.outcome.proven:
        made = f"Credex answered unclearly, so I looked: it is there.\n\n{made}"
    if context.answers.accepted:
        return f"{made}\n\nThey have accepted it already.{_payment(context)}"
    return f"{made}\n\nThey have two days to accept it.{_payment(context)}"


def _payment(context: Context) -> str:
    due = context.answers.due
    if due is None:
        balance = formatting.new_balance(context, context.answers.account, amount(context).denomination)
        return f" Your balance is now {balance}." if balance else ""
    if context.answers.accepted:
        return f" You pay by {formatting.day(due)}."
    return f" If they do, you pay by {formatting.day(due)}."


def _possible_duplicate(context: Context) -> str:
    if context.answers.made:
        return (
            f"⚠️ I looked first: an earlier offer of {offer(context)} was made after all.\n\nOffer the same once more?"
        )
    return (
        f"⚠️ Not sent yet: an earlier offer of {offer(context)} may have been made; Credex has not told me.\n\n"
        "Offer it all the same? It could be there twice."
    )


_LINKS = (link("outgoing", "Outgoing offers"), MENU)

CONFIRM_STEPS: Sequence[Step] = confirmed_write(
    "create",
    question=_confirm,
    options=(_other_terms,),
    option_exits={"terms": "terms"},
    cancelled="Cancelled. Nothing was offered.",
    reenter_at="weigh",
    call=_create,
    result=_finished_once,
    exits={"sent": "sent", "doubtful": "doubt"},
    reconciled=_reconciled,
    links=_LINKS,
)

RESULT_STEPS: Sequence[Step] = (
    screen("sent", _sent, link("offer", "Offer again"), *_LINKS),
    *failure_screens(
        refused=lambda context: (
            f"Credex refused the offer of {offer(context)}: "
            f"{formatting.explain_refusal(context.answers.reason or '')}.\n\nNothing was offered."
        ),
        refused_buttons=(option("amount", "Another amount"), option("terms", "Other terms"), MENU),
        refused_exits={"amount": "begin", "terms": "terms"},
        did_not_happen=lambda context: (
            f"Credex did not take it, and I have looked: your offer of {offer(context)} was *not* made."
        ),
        not_sent=lambda context: f"I could not reach Credex, so your offer of {offer(context)} was *not* made.",
        unknown=lambda context: (
            "Credex did not answer clearly. I do *not know yet* whether your offer of "
            f"{offer(context)} was made.\n\nI keep looking and will tell you. Please do not offer it again until then."
        ),
        again="weigh",
        links=_LINKS,
    ),
)

DUPLICATE_STEPS: Sequence[Step] = confirmed_write(
    "create_despite",
    confirm="doubt",
    question=_possible_duplicate,
    cancelled="Cancelled. Nothing more was offered.",
    call=_create_duplicate,
    result=_finished,  # a possible duplicate of what the member has agreed to is an unknown outcome
    exits={"sent": "sent"},
    reconciled=_reconciled,
    links=_LINKS,
)
