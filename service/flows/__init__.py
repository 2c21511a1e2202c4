"""What the bot says and does: one file or folder a flow, texts beside their rules. Pure."""

from collections.abc import Sequence
from functools import cache

from service.conversation import Flow, FlowRegistry
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
from service.flows.offer import OFFER
from service.flows.pending import PENDING
from service.flows.pending.accept_all import ACCEPT_ALL
from service.flows.people import PEOPLE
from service.flows.registration import registration
from service.flows.upgrade import UPGRADE

__all__ = ("Forms", "flow_registry")


def flow_registry(forms: Forms | None = None, extra: Sequence[Flow] = ()) -> FlowRegistry:
    """All flows of this release, then ``extra``; the main menu has their entries in this order.

    With ``forms`` names and accounts are asked by WhatsApp forms.
    """
    return _without_forms() if forms is None and not extra else _registry(forms, extra)


@cache
def _without_forms() -> FlowRegistry:
    # A registry never changes, and making one checks every step of it.
    return _registry(None, ())


def _registry(forms: Forms | None, extra: Sequence[Flow]) -> FlowRegistry:
    return FlowRegistry(
        flows=(
            GREETING,
            registration(forms),
            OFFER,
            PENDING,
            ACCEPT_ALL,
            LEDGER,
            ACCOUNTS,
            business(forms),
            PEOPLE,
            UPGRADE,
            CASH,
            *extra,
            DASHBOARD,
            HELP,
            HIDDEN,
        ),
        home="greeting.look_up",
        vocabulary=VOCABULARY,
        texts=SYSTEM_TEXTS,
        anonymous="hidden.explain",
    )
