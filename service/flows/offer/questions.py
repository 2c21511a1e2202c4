"""What is asked before an offer is made: from which account, how much, to whom, and on which terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from service.conversation import Chosen, Exit, Reply, Retry, Typed
from service.domain import AmountError, Handle, HandleRefused, Recipient, read_amount
from service.domain.commands import Known, NotFound, Outcome, Refused
from service.flows import formatting
from service.flows.login import acting, seen
from service.flows.offer.answers import Context, offer, source
from service.flows.offer.dates import DueRefused, core_day, read_due, window
from service.messages import List, Message, Section, Text

__all__ = (
    "ask_due",
    "how_much",
    "looked_up",
    "on_which_terms",
    "read_account",
    "read_day",
    "read_handle",
    "read_how_much",
    "read_terms",
    "to_whom",
    "which_account",
)

SHOWN_ACCOUNTS: Final = 9
WEEKS: Final = (1, 2, 3, 4)


# -- from which account ---------------------------------------------------------------------------------------------


def which_account(context: Context) -> Sequence[Message]:
    """The member's accounts; where there are more than a list can hold, the way to the others."""
    mine = acting(context)  # where the list cannot hold all, the one switched to is always in it
    accounts = [mine, *(account for account in seen(context).accounts if account.account_id != mine.account_id)]
    rows = [
        context.choice(account.account_id, formatting.name(account.name), ", ".join(str(b) for b in account.balances))
        for account in accounts[:SHOWN_ACCOUNTS]
    ]
    if len(accounts) > SHOWN_ACCOUNTS:
        rows.append(context.entry("accounts", "Other accounts", "Switch to one first"))
    return [
        List(body="From which account do you want to offer?", button="Choose", sections=(Section(rows=tuple(rows)),))
    ]


def read_account(reply: Reply, context: Context) -> Exit | Retry:
    """The account chosen; whether the member still has it is seen on a fresh dashboard."""
    if not isinstance(reply, Chosen):
        return Retry("")
    return Exit("chosen", msgspec.structs.replace(context.answers, source=reply.value))


# -- how much -------------------------------------------------------------------------------------------------------


def how_much(context: Context) -> Sequence[Message]:
    """Ask for the amount, beside what there is to offer."""
    if context.value is None:  # asked again: what the member has was said a moment ago
        return [Text("How much do you want to offer?")]
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
    return [Text("\n".join(lines))]


def read_how_much(reply: Reply, context: Context) -> Exit | Retry:
    """Read the amount."""
    answers = context.answers
    try:
        amount = read_amount(reply.text if isinstance(reply, Typed) else "", default=answers.denomination)
    except AmountError as error:
        return Retry(str(error))
    if answers.typed_due:  # neither the amount nor the date of one line could be taken
        return Exit("due", msgspec.structs.replace(answers, amount=amount, typed_due=""))
    return Exit("handle_known" if answers.handle else "ok", msgspec.structs.replace(answers, amount=amount))


# -- to whom --------------------------------------------------------------------------------------------------------


def to_whom(_: Context) -> Sequence[Message]:
    """Ask for the handle."""
    return [Text("Who is it for? Please type their handle, for example: farai_shop.")]


def read_handle(reply: Reply, context: Context) -> Exit | Retry:
    """Read the handle."""
    try:
        handle = Handle.typed(reply.text if isinstance(reply, Typed) else "")
    except HandleRefused as refused:
        return Retry(str(refused))
    return Exit("ok", msgspec.structs.replace(context.answers, handle=handle.text))


def looked_up(outcome: Outcome, context: Context) -> Exit:
    """Whose handle it is."""
    answers = context.answers
    match outcome:
        case Known(value=Recipient() as recipient) if recipient.account_id == answers.account:
            return _not_found(context, "That is your own account. Please give another handle.")
        case Known(value=Recipient() as recipient):
            found = msgspec.structs.replace(answers, receiver=recipient.account_id, receiver_name=recipient.name)
            return Exit("found", found)
        case NotFound() | Refused():
            return _not_found(
                context, f"No account has the handle “{answers.handle}”. Please check it and type it again."
            )
        case _:
            return Exit("away")


def _not_found(context: Context, preface: str) -> Exit:
    return Exit("not_found", msgspec.structs.replace(context.answers, handle=""), preface=preface)


# -- on which terms -------------------------------------------------------------------------------------------------


def on_which_terms(context: Context) -> Sequence[Message]:
    """Out of the balance, or later, by one of a few days."""
    day = core_day(context.now_ms)
    rows = [context.choice("secured", "From my balance", "Secured, nothing to pay later")]
    for weeks in WEEKS:
        due = day + timedelta(weeks=weeks)
        rows.append(
            context.choice(due.isoformat(), "In 1 week" if weeks == 1 else f"In {weeks} weeks", formatting.day(due))
        )
    latest = window(day)[1]
    rows += [
        context.choice(latest.isoformat(), "As late as possible", formatting.day(latest)),
        context.choice("other", "Another date", "Type it yourself"),
    ]
    return [
        List(
            body=f"Offer {offer(context)}: from your balance, or to pay later, without backing?",
            button="Choose",
            sections=(Section(rows=tuple(rows)),),
        )
    ]


def read_terms(reply: Reply, context: Context) -> Exit | Retry:
    """The terms chosen; a date may also be typed at once."""
    match reply:
        case Chosen(value="secured"):
            return Exit("secured", msgspec.structs.replace(context.answers, due=None))
        case Chosen(value="other"):
            return Exit("other")
        case Chosen(value=day):
            return Exit("due", msgspec.structs.replace(context.answers, due=date.fromisoformat(day)))
        case Typed(text=text):
            try:
                due = read_due(text, core_day(context.now_ms))
            except DueRefused as refused:
                return Retry(str(refused))
            return Exit("due", msgspec.structs.replace(context.answers, due=due))
        case _:
            return Retry("")


def ask_due(context: Context) -> Sequence[Message]:
    """Ask for a due date."""
    first, last = window(core_day(context.now_ms))
    return [
        Text(
            f"By when will you pay? From {formatting.day(first)} to {formatting.day(last)}.\n\n"
            f"For example: {formatting.day(first)}, or in 3 weeks."
        )
    ]


def read_day(reply: Reply, context: Context) -> Exit | Retry:
    """Read a due date; which ones there are stands in the question already."""
    try:
        due = read_due(reply.text if isinstance(reply, Typed) else "", core_day(context.now_ms))
    except DueRefused as refused:
        return Retry(refused.reason)
    return Exit("known" if context.answers.receiver else "ok", msgspec.structs.replace(context.answers, due=due))
