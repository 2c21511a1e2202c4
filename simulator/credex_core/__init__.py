"""A simulated Credex core: its ledger, its rules, its HTTP endpoints, and quirks of real cores."""

from __future__ import annotations

from simulator.credex_core.amounts import Rates
from simulator.credex_core.app import asgi_app
from simulator.credex_core.core import API_KEY, Core, HandledCall
from simulator.credex_core.endpoints import ENDPOINTS, Body, Endpoint, Reply, RequestContext
from simulator.credex_core.ledger import DAY_MS, Account, Credex, Member, NotConservedError, State, check_conserved
from simulator.credex_core.quirks import FORMAT_QUIRKS, QUIRK_NAMES, Quirks
from simulator.credex_core.rules import NotFoundRefusalError, RefusalError

__all__ = (
    "API_KEY",
    "DAY_MS",
    "ENDPOINTS",
    "FORMAT_QUIRKS",
    "QUIRK_NAMES",
    "Account",
    "Body",
    "Core",
    "Credex",
    "Endpoint",
    "HandledCall",
    "Member",
    "NotConservedError",
    "NotFoundRefusalError",
    "Quirks",
    "Rates",
    "RefusalError",
    "Reply",
    "RequestContext",
    "State",
    "asgi_app",
    "check_conserved",
)
