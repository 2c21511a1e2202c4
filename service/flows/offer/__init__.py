"""Offer: from an account, an amount, to a handle, on terms; a check of what will be promised, and the promise."""

from __future__ import annotations

from service.conversation import CoreCall, Exit, Flow, MenuEntry, Question
from service.domain import Dashboard
from service.domain.commands import FindAccount
from service.flows.login import acting, read_dashboard
from service.flows.offer import questions
from service.flows.offer.answers import Context, OfferAnswers, source
from service.flows.offer.shortcut import SHORTCUT, read_typed
from service.flows.offer.write import CONFIRM_STEPS, DUPLICATE_STEPS, RESULT_STEPS
from service.flows.screens import ask, read_handle

__all__ = ("OFFER",)


def _begun(dashboard: Dashboard, context: Context) -> Exit:
    """What to ask first, seen from the member's accounts and what was typed in one line."""
    chosen = context.answers.source
    if chosen:
        account = dashboard.account(chosen)
        return read_typed(context, account) if account else _lost("source", context)
    if chosen == "" or (len(dashboard.accounts) > 1 and context.answers.typed is None):
        return Exit("source")
    return read_typed(context, acting(context))


def _weighed(dashboard: Dashboard, context: Context) -> Exit:
    return Exit("ok") if source(context, dashboard) else _lost("lost", context)


def _lost(name: str, context: Context) -> Exit:
    return context.exit(name, source="", preface="You cannot act for that account any more.")


OFFER = Flow(
    name="offer",
    title="Offer: a credex to another member",
    answers=OfferAnswers,
    routes={"offer": "begin"},
    keywords={"offer": "offer", "offer credex": "offer"},
    shortcuts=(SHORTCUT,),
    menu=(MenuEntry("offer", "Offer a credex", "Promise an amount to another member"),),
    cancelled_text="Nothing was offered.",
    expired_text="Your offer was left for more than five minutes, so I let it go. Nothing was offered.",
    steps=(
        read_dashboard(
            "begin", _begun, {"source": "source", "ask": "amount", "typed": "look_up", "due": "due"}, fresh=False
        ),
        Question("source", "list", questions.accounts, {"chosen": "begin"}, questions.read_account, reenter_at="begin"),
        ask(
            "amount",
            questions.amount,
            {"ok": "handle", "handle_known": "look_up", "due": "due"},
            questions.read_amount_typed,
        ),
        ask(
            "handle",
            "Who is it for? Please type their handle, for example: farai_shop.",
            {"ok": "look_up"},
            read_handle,
        ),
        CoreCall(
            "look_up",
            lambda context: FindAccount(context.answers.handle),
            {"found": "weigh", "not_found": "handle", "away": "greeting.away"},
            questions.looked_up,
        ),
        read_dashboard("weigh", _weighed, {"ok": "confirm", "lost": "source"}, fresh=False),
        CONFIRM_STEPS[0],
        Question(
            "terms", "list", questions.terms, {"secured": "weigh", "due": "weigh", "other": "due"}, questions.read_terms
        ),
        ask("due", questions.due, {"ok": "look_up", "known": "weigh"}, questions.read_due_typed),
        *CONFIRM_STEPS[1:],
        *RESULT_STEPS,
        *DUPLICATE_STEPS,
    ),
)
