"""Ledger: accepted credexes of the account, seven on a page, the newest first, and each one by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from service.conversation import Chosen, ConversationError, CoreCall, Exit, Flow, Question, Reply, Retry, TurnContext
from service.domain import Credex, Dashboard, LedgerLine, LedgerPage, Money
from service.domain.commands import Known, Login, NotFound, Outcome, ReadCredex, ReadLedger, Refused
from service.flows import formatting
from service.flows.dashboard import acting
from service.flows.greeting import DASHBOARD_FAILED_EXITS, dashboard_failed
from service.messages import Buttons, List, Message, Row, Section

__all__ = ("LEDGER",)

_MOST_DIGITS = 6


def _account(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            account = acting(context)
            return Exit("ok", {"account": account.account_id, "account_name": account.name})
        case _:
            return dashboard_failed(outcome)


def _page(context: TurnContext) -> int:
    asked = context.answers.get("target", "1")
    return max(1, int(asked)) if asked.isdecimal() and asked.isascii() and len(asked) <= _MOST_DIGITS else 1


def _listed(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Known(value=LedgerPage(lines=())):
            return Exit("none")
        case Known(value=LedgerPage()):
            return Exit("some")
        case _:
            return Exit("away")


def _list(context: TurnContext) -> Sequence[Message]:
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
    return [
        List(
            body=f"Ledger of *{formatting.name(context.answers['account_name'])}*{where}, the newest first.\n\n"
            "Plus: owed to you. Minus: owed by you.",
            button="Choose",
            sections=(Section(rows=tuple(rows)),),
        )
    ]


def _row(context: TurnContext, number: int, line: LedgerLine) -> Row:
    when = f", {formatting.day(_day(line.accepted_at_ms))}" if line.accepted_at_ms is not None else ""
    about = f"{'to' if line.amount.amount < 0 else 'from'} {formatting.name(line.counterparty, 40)}{when}"
    if line.credex_id:
        return context.entry("entry", _signed(line.amount), about, line.credex_id)
    return context.choice(_mark(number, line), _signed(line.amount), about)


def _mark(number: int, line: LedgerLine) -> str:
    """What a line without an id is known by: its place, and what it says, for places change."""
    return f"{number}:{line.amount}:{line.accepted_at_ms}"


def _read_line(reply: Reply, _: TurnContext) -> Exit | Retry:
    return Exit("line", {"line": reply.value}) if isinstance(reply, Chosen) else Retry("")


def _found_line(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=LedgerPage(lines=lines)):
            line = _same(lines, context.answers["line"])
        case _:
            return Exit("away")
    if line is None:
        return Exit("gone")
    when = formatting.day(_day(line.accepted_at_ms)) if line.accepted_at_ms is not None else ""
    return Exit("ok", {"text": _about(line.amount, line.counterparty, when=when)})


def _same(lines: Sequence[LedgerLine], mark: str) -> LedgerLine | None:
    """The line meant: at its place, else wherever the one that says the same stands now, if there is but one."""
    number, _, said = mark.partition(":")
    alike = {at: line for at, line in enumerate(lines) if _mark(at, line).partition(":")[2] == said}
    if int(number) in alike:
        return alike[int(number)]
    return next(iter(alike.values())) if len(alike) == 1 else None


def _found_credex(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Known(value=Credex(state="OWES" | "CLEARED") as credex):
            return Exit("ok", {"text": _about_credex(credex)})
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


def _entry(context: TurnContext) -> Sequence[Message]:
    return [Buttons(body=context.answers["text"], buttons=(context.link("ledger", "Ledger"), formatting.menu(context)))]


def _none(context: TurnContext) -> Sequence[Message]:
    body = f"Nothing has been accepted yet on *{formatting.name(context.answers['account_name'])}*."
    return [Buttons(body=body, buttons=(formatting.menu(context),))]


def _gone(context: TurnContext) -> Sequence[Message]:
    body = "I do not see that entry there any more; newer ones may have come. Please look once more."
    return [Buttons(body=body, buttons=(context.link("ledger", "Ledger"), formatting.menu(context)))]


def _signed(amount: Money) -> str:
    return str(amount) if amount.amount < 0 else f"+{amount}"


def _day(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(formatting.HARARE).date()


def _read_page(context: TurnContext) -> ReadLedger:
    return ReadLedger(context.answers["account"], _page(context))


LEDGER = Flow(
    name="ledger",
    title="Ledger: what was accepted",
    steps=(
        CoreCall("begin", call=lambda _: Login(), result=_account, exits={"ok": "read", **DASHBOARD_FAILED_EXITS}),
        CoreCall(
            "read", call=_read_page, result=_listed, exits={"some": "list", "none": "none", "away": "greeting.away"}
        ),
        Question("list", "list", _list, {"line": "line"}, _read_line, reenter_at="read", interruptible=True),
        Question("none", "buttons", _none, interruptible=True),
        CoreCall(
            "line", call=_read_page, result=_found_line, exits={"ok": "entry", "gone": "gone", "away": "greeting.away"}
        ),
        CoreCall("open", call=lambda _: Login(), result=_account, exits={"ok": "credex", **DASHBOARD_FAILED_EXITS}),
        CoreCall(
            "credex",
            call=lambda context: ReadCredex(context.answers.get("target", ""), context.answers["account"]),
            result=_found_credex,
            exits={"ok": "entry", "gone": "gone", "away": "greeting.away"},
        ),
        Question("entry", "buttons", _entry, interruptible=True),
        Question("gone", "buttons", _gone, interruptible=True),
    ),
)
