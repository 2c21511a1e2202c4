"""What is asked before an offer is made: from which account, how much, to whom, and on which terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from service.conversation import Chosen, Exit, Reply, Retry, Typed
from service.domain import AmountError, Recipient, read_amount
from service.domain.commands import Known, NotFound, Outcome, Refused
from service.flows import formatting
from service.flows.login import acting, seen
from service.flows.offer.answers import Context, offer, source
from service.flows.offer.dates import DueRefused, core_day, read_due, window
from service.flows.screens import choose, typed
from service.messages import Message

SHOWN_ACCOUNTS: Final = 9
WEEKS: Final = (1, 2, 3, 4)


def accounts(context: Context) -> Sequence[Message]:
    """The member's accounts; where there are more than a list can hold, the way to the others."""
    mine = acting(context)  # where the list cannot hold all, the one switched to is always in it
    all_accounts = [mine, *(account for account in seen(context).accounts if account.account_id != mine.account_id)]
    rows = [
        context.choice(account.account_id, formatting.name(account.name), ", ".join(str(b) for b in account.balances))
        for account in all_accounts[:SHOWN_ACCOUNTS]
    ]
    if len(all_accounts) > SHOWN_ACCOUNTS:
        rows.append(context.entry("accounts", "Other accounts", "Switch to one first"))
    return choose("From which account do you want to offer?", rows)


def read_account(reply: Reply, context: Context) -> Exit | Retry:
    """The account chosen; whether the member still has it is seen on a fresh dashboard."""
    return context.exit("chosen", source=reply.value) if isinstance(reply, Chosen) else Retry("")


def amount(context: Context) -> str:
    if context.value is None:  # asked again: what the member has was said a moment ago
        return "How much do you want to offer?"
    account = source(context, seen(context))
    have = ", ".join(str(balance) for balance in formatting.balances(account)) if account else ""
    lines = [
        "How much do you want to offer?",
        "",
        *([f"Your balance: about {have}."] if have else []),
        *formatting.limit(seen(context)),
        "",
        f"For example: 5, 12.50 or ZWG 1,000. Without a code I take {context.answers.denomination}.",
    ]
    return "\n".join(lines)


def read_amount_typed(reply: Reply, context: Context) -> Exit | Retry:
    answers = context.answers
    try:
        wanted = read_amount(typed(reply), default=answers.denomination)
    except AmountError as error:
        return Retry(str(error))
    if answers.typed_due:  # neither the amount nor the date of one line could be taken
        return context.exit("due", amount=wanted, typed_due="")
    return context.exit("handle_known" if answers.handle else "ok", amount=wanted)


def looked_up(outcome: Outcome, context: Context) -> Exit:
    answers = context.answers
    match outcome:
        case Known(value=Recipient() as recipient) if recipient.account_id == answers.account:
            own = "That is your own account. Please give another handle."
            return context.exit("not_found", handle="", preface=own)
        case Known(value=Recipient() as recipient):
            return context.exit("found", receiver=recipient.account_id, receiver_name=recipient.name)
        case NotFound() | Refused():
            missing = f"No account has the handle “{answers.handle}”. Please check it and type it again."
            return context.exit("not_found", handle="", preface=missing)
        case _:
            return Exit("away")


def terms(context: Context) -> Sequence[Message]:
    day = core_day(context.now_ms)
    rows = [context.choice("secured", "From my balance", "Secured, nothing to pay later")]
    for weeks in WEEKS:
        later = day + timedelta(weeks=weeks)
        title = "In 1 week" if weeks == 1 else f"In {weeks} weeks"
        rows.append(context.choice(later.isoformat(), title, formatting.day(later)))
    latest = window(day)[1]
    rows += [
        context.choice(latest.isoformat(), "As late as possible", formatting.day(latest)),
        context.choice("other", "Another date", "Type it yourself"),
    ]
    return choose(f"Offer {offer(context)}: from your balance, or to pay later, without backing?", rows)


def read_terms(reply: Reply, context: Context) -> Exit | Retry:
    """The terms chosen; a date may also be typed at once."""
    match reply:
        case Chosen(value="secured"):
            return context.exit("secured", due=None)
        case Chosen(value="other"):
            return Exit("other")
        case Chosen(value=day):
            return context.exit("due", due=date.fromisoformat(day))
        case Typed(text=text):
            try:
                return context.exit("due", due=read_due(text, core_day(context.now_ms)))
            except DueRefused as refused:
                return Retry(str(refused))
        case _:
            return Retry("")


def due(context: Context) -> str:
    first, last = (formatting.day(day) for day in window(core_day(context.now_ms)))
    return f"By when will you pay? From {first} to {last}.\n\nFor example: {first}, or in 3 weeks."


def read_due_typed(reply: Reply, context: Context) -> Exit | Retry:
    """Read a due date; the question already says which ones there are."""
    try:
        day = read_due(typed(reply), core_day(context.now_ms))
    except DueRefused as refused:
        return Retry(refused.reason)
    return context.exit("known" if context.answers.receiver else "ok", due=day)
