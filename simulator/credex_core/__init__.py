"""The ledger that stands where Credex core stands in production: its rules, its wire, its quirks."""

from __future__ import annotations

from simulator.credex_core.amounts import Rates
from simulator.credex_core.core import API_KEY, Core, HandledCall
from simulator.credex_core.endpoints import ENDPOINTS
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
    "Core",
    "Credex",
    "HandledCall",
    "Member",
    "NotConservedError",
    "NotFoundRefusalError",
    "Quirks",
    "Rates",
    "RefusalError",
    "State",
    "check_conserved",
)
