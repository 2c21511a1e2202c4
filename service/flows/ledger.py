"""Ledger: accepted credexes of the account, seven on a page, the newest first, and each one by itself."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from service.conversation import (
    Answers,
    Chosen,
    ConversationError,
    CoreCall,
    Exit,
    Flow,
    MenuEntry,
    Question,
    Reply,
    Retry,
    TurnContext,
)
from service.domain import Credex, Dashboard, LedgerLine, LedgerPage, Money
from service.domain.commands import Known, NotFound, Outcome, ReadCredex, ReadLedger, Refused
from service.flows import formatting
from service.flows.login import acting, read_dashboard
from service.flows.paging import page_asked
from service.flows.screens import MENU, choose, link, screen
from service.messages import Message, Row

_MOST_PAGES: Final = 999_999
"""Core alone knows how many pages a ledger has; this is the highest number that is asked for."""


class LedgerAnswers(Answers, frozen=True):
    """The account whose ledger it is.

    Attributes:
        line: the mark of the line chosen, where it has no id.
        text: about the line or credex shown.
    """

    account: str = ""
    account_name: str = ""
    line: str = ""
    text: str = ""


Context = TurnContext[LedgerAnswers]


def _account(_: Dashboard, context: Context) -> Exit:
    account = acting(context)
    return context.exit("ok", account=account.account_id, account_name=account.name)


def _read_page(context: Context) -> ReadLedger:
    return ReadLedger(context.answers.account, page_asked(context.answers.target, _MOST_PAGES))


def _listed(outcome: Outcome, _: Context) -> Exit:
    match outcome:
        case Known(value=LedgerPage(lines=())):
            return Exit("none")
        case Known(value=LedgerPage()):
            return Exit("some")
        case _:
            return Exit("away")


def _list(context: Context) -> Sequence[Message]:
    page = context.value
    if not isinstance(page, LedgerPage):
        raise ConversationError("the ledger is to be shown, but was not read")
    rows = [_row(context, number, line) for number, line in enumerate(page.lines)]
    if page.page > 1:
        rows.append(context.entry("ledger", "Newer", f"Page {page.page - 1} of {page.pages}", str(page.page - 1)))
    if page.page < page.pages:
        rows.append(context.entry("ledger", "Older", f"Page {page.page + 1} of {page.pages}", str(page.page + 1)))
    rows.append(context.entry("menu", "Menu"))
    where = f", page {page.page} of {page.pages}" if page.pages > 1 else ""
    return choose(
        f"Ledger of *{formatting.name(context.answers.account_name)}*{where}, the newest first.\n\n"
        "Plus: owed to you. Minus: owed by you.",
        rows,
    )


def _row(context: Context, number: int, line: LedgerLine) -> Row:
    when = f", {formatting.day(_day(line.accepted_at_ms))}" if line.accepted_at_ms is not None else ""
    about = f"{'to' if line.amount.amount < 0 else 'from'} {formatting.name(line.counterparty, 40)}{when}"
    if line.credex_id:
        return context.entry("entry", _signed(line.amount), about, line.credex_id)
    return context.choice(_mark(number, line), _signed(line.amount), about)


def _mark(number: int, line: LedgerLine) -> str:
    """The mark of a line without an id: its position and its contents, since newer lines change positions."""
    return f"{number}:{line.amount}:{line.accepted_at_ms}"


def _read_line(reply: Reply, context: Context) -> Exit | Retry:
    if not isinstance(reply, Chosen):
        return Retry("")
    return context.exit("line", line=reply.value)


def _found_line(outcome: Outcome, context: Context) -> Exit:
    match outcome:
        case Known(value=LedgerPage(lines=lines)):
            line = _same(lines, context.answers.line)
        case _:
            return Exit("away")
    if line is None:
        return Exit("gone")
    when = formatting.day(_day(line.accepted_at_ms)) if line.accepted_at_ms is not None else ""
    return context.exit("ok", text=_about(line.amount, line.counterparty, when=when))


def _same(lines: Sequence[LedgerLine], mark: str) -> LedgerLine | None:
    """The line of this mark: at its position, else the only one of the same contents."""
    number, _, said = mark.partition(":")
    alike = {at: line for at, line in enumerate(lines) if _mark(at, line).partition(":")[2] == said}
    if int(number) in alike:
        return alike[int(number)]
    return next(iter(alike.values())) if len(alike) == 1 else None


def _found_credex(outcome: Outcome, context: Context) -> Exit:
    match outcome:
        case Known(value=Credex(state="OWES" | "CLEARED") as credex):
            return context.exit("ok", text=_about_credex(credex))
        case Known() | NotFound() | Refused():
            return Exit("gone")
        case _:
            return Exit("away")


def _about_credex(credex: Credex) -> str:
    name = formatting.name(credex.counterparty)
    if credex.amount is None:
        return f"Credex tells no amount of this one, with *{name}*."
    settled = credex.state == "CLEARED"
    part = credex.outstanding is not None and not settled and not abs(credex.outstanding).equals(abs(credex.amount))
    if credex.outgoing is None:
        lines = [f"*{abs(credex.amount)}* between you and *{name}*."]
    else:
        lines = [_owed(name, credex.amount, by_us=credex.outgoing, past=settled or part)]
    if settled:
        lines.append("It is settled in full.")
    elif part and credex.outstanding is not None:
        lines.append(f"Still open: {abs(credex.outstanding)}.")
    lines.append(f"It is {formatting.terms(secured=credex.secured, due=credex.due)}.")
    return "\n".join(lines)


def _about(amount: Money, party: str, *, when: str = "") -> str:
    owed = _owed(formatting.name(party), amount, by_us=amount.amount < 0)
    return f"{owed}\nAccepted on {when}." if when else owed


def _owed(name: str, amount: Money, *, by_us: bool, past: bool = False) -> str:
    if by_us:
        return f"You {'owed' if past else 'owe'} *{name}* *{abs(amount)}*."
    return f"*{name}* {'owed' if past else 'owes'} you *{abs(amount)}*."


def _signed(amount: Money) -> str:
    return str(amount) if amount.amount < 0 else f"+{amount}"


def _day(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(formatting.HARARE).date()


LEDGER = Flow(
    name="ledger",
    title="Ledger: what was accepted",
    answers=LedgerAnswers,
    routes={"ledger": "begin", "entry": "open"},
    keywords={"ledger": "ledger", "history": "ledger"},
    menu=(MenuEntry("ledger", "Ledger", "What was accepted, the newest first"),),
    steps=(
        read_dashboard("begin", _account, {"ok": "read"}, fresh=False),
        CoreCall("read", _read_page, {"some": "list", "none": "none", "away": "greeting.away"}, _listed),
        Question("list", "list", _list, {"line": "line"}, _read_line, reenter_at="read", interruptible=True),
        screen(
            "none",
            lambda context: f"Nothing has been accepted yet on *{formatting.name(context.answers.account_name)}*.",
        ),
        CoreCall("line", _read_page, {"ok": "entry", "gone": "gone", "away": "greeting.away"}, _found_line),
        read_dashboard("open", _account, {"ok": "credex"}, fresh=False),
        CoreCall(
            "credex",
            lambda context: ReadCredex(context.answers.target, context.answers.account),
            {"ok": "entry", "gone": "gone", "away": "greeting.away"},
            _found_credex,
        ),
        screen("entry", lambda context: context.answers.text, link("ledger", "Ledger"), MENU),
        screen(
            "gone",
            "I do not see that entry there any more; newer ones may have come. Please look once more.",
            link("ledger", "Ledger"),
            MENU,
        ),
    ),
)
