"""What is asked before an offer is made: from which account, how much, to whom, and on which terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from service.conversation import Chosen, Exit, Reply, Retry, TurnContext, Typed
from service.domain import AmountError, Denomination, Handle, HandleRefused, Recipient, read_amount
from service.domain.commands import Known, NotFound, Outcome, Refused
from service.flows import formatting
from service.flows.dashboard import acting, seen
from service.flows.dates import DueRefused, core_day, read_due, window
from service.flows.offer_terms import offer, source
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


def which_account(context: TurnContext) -> Sequence[Message]:
    """The member's accounts; where there are more than a list can hold, the way to the others."""
    mine = acting(context)  # whoever has more than a list can hold finds here the one that they have switched to
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


def read_account(reply: Reply, _: TurnContext) -> Exit | Retry:
    """The account chosen; whether the member still has it is seen on a fresh dashboard."""
    return Exit("chosen", {"source": reply.value}) if isinstance(reply, Chosen) else Retry("")


# -- how much -------------------------------------------------------------------------------------------------------


def how_much(context: TurnContext) -> Sequence[Message]:
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
        f"For example: 5, 12.50 or ZWG 1,000. Without a code I take {context.answers['denomination']}.",
    ]
    return [Text("\n".join(lines))]


def read_how_much(reply: Reply, context: TurnContext) -> Exit | Retry:
    """Read the amount."""
    try:
        default = Denomination(context.answers["denomination"])
        amount = read_amount(reply.text if isinstance(reply, Typed) else "", default=default)
    except AmountError as error:
        return Retry(str(error))
    learnt = {"amount": str(amount)}
    if context.answers.get("typed_due"):  # neither the amount nor the date of one line could be taken
        return Exit("due", {**learnt, "typed_due": ""})
    return Exit("handle_known" if context.answers.get("handle") else "ok", learnt)


# -- to whom --------------------------------------------------------------------------------------------------------


def to_whom(_: TurnContext) -> Sequence[Message]:
    """Ask for the handle."""
    return [Text("Who is it for? Please type their handle, for example: farai_shop.")]


def read_handle(reply: Reply, _: TurnContext) -> Exit | Retry:
    """Read the handle."""
    try:
        return Exit("ok", {"handle": str(Handle.typed(reply.text if isinstance(reply, Typed) else ""))})
    except HandleRefused as refused:
        return Retry(str(refused))


def looked_up(outcome: Outcome, context: TurnContext) -> Exit:
    """Whose handle it is."""
    handle = context.answers["handle"]
    match outcome:
        case Known(value=Recipient() as recipient) if recipient.account_id == context.answers["account"]:
            return Exit("not_found", {"handle": ""}, preface="That is your own account. Please give another handle.")
        case Known(value=Recipient() as recipient):
            return Exit("found", {"receiver": recipient.account_id, "receiver_name": recipient.name})
        case NotFound() | Refused():
            missing = f"No account has the handle “{handle}”. Please check it and type it again."
            return Exit("not_found", {"handle": ""}, preface=missing)
        case _:
            return Exit("away")


# -- on which terms -------------------------------------------------------------------------------------------------


def on_which_terms(context: TurnContext) -> Sequence[Message]:
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


def read_terms(reply: Reply, context: TurnContext) -> Exit | Retry:
    """The terms chosen; a date may also be typed at once."""
    match reply:
        case Chosen(value="secured"):
            return Exit("secured", {"due": ""})
        case Chosen(value="other"):
            return Exit("other")
        case Chosen(value=day):
            return Exit("due", {"due": day})
        case Typed(text=text):
            return _read_due(text, context, "due")
        case _:
            return Retry("")


def ask_due(context: TurnContext) -> Sequence[Message]:
    """Ask for a due date."""
    first, last = window(core_day(context.now_ms))
    return [
        Text(
            f"By when will you pay? From {formatting.day(first)} to {formatting.day(last)}.\n\n"
            f"For example: {formatting.day(first)}, or in 3 weeks."
        )
    ]


def read_day(reply: Reply, context: TurnContext) -> Exit | Retry:
    """Read a due date; which ones there are stands in the question already."""
    way = "known" if context.answers.get("receiver") else "ok"
    return _read_due(reply.text if isinstance(reply, Typed) else "", context, way, said=True)


def _read_due(text: str, context: TurnContext, way: str, *, said: bool = False) -> Exit | Retry:
    try:
        due = read_due(text, core_day(context.now_ms))
    except DueRefused as refused:
        return Retry(refused.reason if said else str(refused))
    return Exit(way, {"due": due.isoformat()})
