"""Offer: from an account, an amount, to a handle, on terms; a look at what will be promised, and the promise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from service.conversation import CoreCall, Exit, Flow, Question, Retry, Shortcut, TurnContext
from service.domain import Account, AmountError, Dashboard, Denomination, Handle, HandleRefused, Tier, read_amount
from service.domain.commands import Call, FindAccount, Known, Login, Outcome
from service.flows import formatting
from service.flows import offer_questions as ask
from service.flows import offer_results as told
from service.flows.confirming import confirm_or_cancel, unless_cancelled
from service.flows.dashboard import acting, seen
from service.flows.dates import USUAL, DueRefused, core_day, read_due
from service.flows.greeting import DASHBOARD_FAILED_EXITS, dashboard_failed
from service.flows.offer_terms import amount, due, offer, source, terms
from service.messages import Buttons, Message
from service.writes.create_offer import CreateOffer

__all__ = ("OFFER", "SHORTCUT")

_SHORTCUT = re.compile(r"([^=<>]+?) ?([=-]) ?> ?([^=]*?)(?: ?= ?(.*))?")


# -- one line -------------------------------------------------------------------------------------------------------


def _read_shortcut(text: str) -> Mapping[str, str] | Retry | None:
    match = _SHORTCUT.fullmatch(" ".join(text.split()))
    if match is None:
        return None
    typed, arrow, handle, day = match.groups()
    try:
        wanted = str(Handle.typed(handle))
    except HandleRefused as refused:
        return Retry(f"{refused} Type it like this: 0.5{arrow}>farai_shop")
    if arrow == "=":
        if day is not None:
            return Retry("An offer out of your balance has no due date. To pay later, type: 0.5->farai_shop=in 3 weeks")
        return {"typed": typed, "handle": wanted}
    return {"typed": typed, "handle": wanted, "typed_due": day or USUAL}


SHORTCUT = Shortcut(_read_shortcut, "offer.begin")


def _begun(outcome: Outcome, context: TurnContext) -> Exit:
    """What to ask first, seen from the member's accounts and what was typed in one line."""
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            account = acting(context)
        case _:
            return dashboard_failed(outcome)
    chosen = context.answers.get("source")
    if chosen:
        picked = dashboard.account(chosen)
        if picked is None:
            return Exit("source", {"source": ""}, preface="You cannot act for that account any more.")
        account = picked
    elif chosen == "" or (len(dashboard.accounts) > 1 and "typed" not in context.answers):
        return Exit("source")
    return _typed(context, account)


def _typed(context: TurnContext, account: Account) -> Exit:
    learnt = {
        "account": account.account_id,
        "account_name": account.name,
        "denomination": account.default_denomination.value,
    }
    typed, typed_due = context.answers.get("typed"), context.answers.get("typed_due")
    if not typed:
        return Exit("ask", learnt)
    late = ""
    if typed_due:
        try:
            learnt |= {"due": read_due(typed_due, core_day(context.now_ms)).isoformat(), "typed_due": ""}
        except DueRefused as refused:
            late = refused.reason
    try:
        learnt |= {"typed": "", "amount": str(read_amount(typed, default=account.default_denomination))}
    except AmountError as error:
        return Exit("ask", {**learnt, "typed": ""}, preface=str(error))
    return Exit("due", {**learnt, "typed_due": ""}, preface=late) if late else Exit("typed", learnt)


# -- is it right ----------------------------------------------------------------------------------------------------


def _weighed(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if source(context, dashboard):
            return Exit("ok")
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            return Exit("lost", {"source": ""}, preface="You cannot act for that account any more.")
        case _:
            return dashboard_failed(outcome)


def _confirm(context: TurnContext) -> Sequence[Message]:
    confirm, cancel = confirm_or_cancel(context)
    lines = [
        *_warnings(seen(context), source(context, seen(context)), context),
        f"Offer {offer(context)} ({context.answers['handle']})?",
        "",
        *terms(context),
    ]
    other = context.option("terms", "Pay later instead" if due(context) is None else "Other terms")
    return [Buttons(body="\n".join(lines), buttons=(confirm, other, cancel))]


def _warnings(dashboard: Dashboard, account: Account | None, context: TurnContext) -> list[str]:
    """What we know of limits may be wrong both ways, so it warns and never refuses: core decides."""
    wanted, secured, lines = amount(context), due(context) is None, []
    if account and secured and wanted.amount > account.balance(wanted.denomination).amount:
        balance = account.balance(wanted.denomination)
        lines.append(f"⚠️ That is more than your balance of about {balance}. Credex may refuse it.")
    if not secured and dashboard.tier == Tier.OPEN:
        lines.append("⚠️ Members of the open tier may not offer without backing. Credex may refuse it.")
    remaining = dashboard.remaining_today
    if remaining is not None and wanted.denomination is Denomination.USD and wanted.amount > remaining:
        lines.append(f"⚠️ You can still offer {formatting.usd(remaining)} today. Credex may refuse more.")
    receiver = context.answers["receiver_name"]
    waiting = account.outgoing if account else ()
    if any(each.counterparty == receiver and each.amount.equals(wanted) for each in waiting):
        lines.append("⚠️ You already have an offer of this amount to them that they have not answered.")
    return [*lines, ""] if lines else []


def _create(context: TurnContext) -> CreateOffer:
    answers = context.answers
    return CreateOffer(answers["account"], answers["receiver"], answers["receiver_name"], amount(context), due(context))


def _create_despite(context: TurnContext) -> Call:
    return msgspec.structs.replace(_create(context), allow_duplicate=True)


OFFER = Flow(
    name="offer",
    title="Offer: a credex to another member",
    cancelled_text="Nothing was offered.",
    expired_text="Your offer was left for more than five minutes, so I let it go. Nothing was offered.",
    steps=(
        CoreCall(
            "begin",
            call=lambda _: Login(),
            result=_begun,
            exits={"source": "source", "ask": "amount", "typed": "look_up", "due": "due", **DASHBOARD_FAILED_EXITS},
        ),
        Question("source", "list", ask.which_account, {"chosen": "begin"}, ask.read_account, reenter_at="begin"),
        Question(
            "amount", "text", ask.how_much, {"ok": "handle", "handle_known": "look_up", "due": "due"}, ask.read_how_much
        ),
        Question("handle", "text", ask.to_whom, {"ok": "look_up"}, ask.read_handle),
        CoreCall(
            "look_up",
            call=lambda context: FindAccount(context.answers["handle"]),
            result=ask.looked_up,
            exits={"found": "weigh", "not_found": "handle", "away": "greeting.away"},
        ),
        CoreCall(
            "weigh",
            call=lambda _: Login(),
            result=_weighed,
            exits={"ok": "confirm", "lost": "source", **DASHBOARD_FAILED_EXITS},
        ),
        Question(
            "confirm",
            "buttons",
            _confirm,
            {"confirm": "create", "terms": "terms", "cancel": "greeting.look_up"},
            unless_cancelled("Cancelled. Nothing was offered."),
            confirms=True,
            reenter_at="weigh",
        ),
        Question(
            "terms", "list", ask.on_which_terms, {"secured": "weigh", "due": "weigh", "other": "due"}, ask.read_terms
        ),
        Question("due", "text", ask.ask_due, {"ok": "look_up", "known": "weigh"}, ask.read_day),
        CoreCall("create", call=_create, result=told.result, on_reconciled=told.show_reconciled, exits=told.RESULTS),
        Question("sent", "buttons", told.show_sent, interruptible=True),
        Question("refused", "buttons", told.show_refused, {"amount": "begin", "terms": "terms"}, interruptible=True),
        Question("not_done", "buttons", told.show_not_done, {"again": "weigh"}, interruptible=True),
        Question("unknown", "buttons", told.show_unknown, interruptible=True),
        Question(
            "doubt",
            "buttons",
            told.show_doubt,
            {"confirm": "create_despite", "cancel": "greeting.look_up"},
            unless_cancelled("Cancelled. Nothing more was offered."),
            confirms=True,
        ),
        CoreCall(
            "create_despite",
            call=_create_despite,
            result=told.result_despite,
            on_reconciled=told.show_reconciled,
            exits=told.DESPITE,
        ),
    ),
)
