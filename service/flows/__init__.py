"""What the bot says and does: one file a flow, prompts beside their rules. Pure."""

from __future__ import annotations

from functools import cache

from service.conversation import FlowRegistry
from service.flows.accept_all import ACCEPT_ALL
from service.flows.accounts import ACCOUNTS
from service.flows.business import business
from service.flows.cash import CASH
from service.flows.dashboard import DASHBOARD
from service.flows.forms import Forms
from service.flows.greeting import GREETING
from service.flows.help import HELP
from service.flows.hidden_number import HIDDEN
from service.flows.keywords import SYSTEM_TEXTS, VOCABULARY
from service.flows.ledger import LEDGER
from service.flows.offer import OFFER, SHORTCUT
from service.flows.pending import PENDING
from service.flows.people import PEOPLE
from service.flows.registration import registration
from service.flows.upgrade import UPGRADE

__all__ = ("Forms", "flow_registry")


def flow_registry(forms: Forms | None = None) -> FlowRegistry:
    """All flows of this release; with ``forms``, names and accounts are asked by WhatsApp forms."""
    return _without_forms() if forms is None else _bound(forms)


@cache
def _without_forms() -> FlowRegistry:
    # A book never changes, and binding one checks every step of it.
    return _bound(None)


def _bound(forms: Forms | None) -> FlowRegistry:
    return FlowRegistry(
        flows=(
            GREETING,
            registration(forms),
            DASHBOARD,
            OFFER,
            PENDING,
            ACCEPT_ALL,
            LEDGER,
            ACCOUNTS,
            business(forms),
            PEOPLE,
            UPGRADE,
            CASH,
            HELP,
            HIDDEN,
        ),
        home="greeting.look_up",
        vocabulary=VOCABULARY,
        texts=SYSTEM_TEXTS,
        routes={
            "menu": "greeting.look_up",
            "refresh": "dashboard.refresh",
            "register": "greeting.look_up",  # which leads strangers there, and members home
            "help": "help.text",
            "offer": "offer.begin",
            "incoming": "pending.incoming",
            "outgoing": "pending.outgoing",
            "open": "pending.open",
            "accept_all": "bulk.begin",
            "ledger": "ledger.begin",
            "entry": "ledger.open",
            "accounts": "accounts.list",
            "switch": "accounts.switch",
            "open_business": "business.begin",
            "people": "people.list",
            "person": "people.open",
            "authorise": "people.begin",
            "upgrade": "upgrade.begin",
            "cash": "cash.text",
        },
        keywords={
            "register": "register",
            "offer": "offer",
            "offer credex": "offer",
            "pending": "incoming",
            "view pending": "incoming",
            "incoming": "incoming",
            "outgoing": "outgoing",
            "refresh": "refresh",
            "accept all": "accept_all",
            "ledger": "ledger",
            "history": "ledger",
            "accounts": "accounts",
            "switch account": "accounts",
            "people": "people",
            "members": "people",
            "authorise": "authorise",
            "authorize": "authorise",
            "upgrade": "upgrade",
            "cash": "cash",
            "cash in": "cash",
            "cash out": "cash",
            "cash in and out": "cash",
        },
        shortcuts=(SHORTCUT,),
        anonymous="hidden.explain",
    )
