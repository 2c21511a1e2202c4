"""The ledger that stands where Credex core stands in production: its rules, its wire, its quirks."""

from __future__ import annotations

from simulator.credex_core.amounts import Rates
from simulator.credex_core.core import API_KEY, Core, HandledCall
from simulator.credex_core.endpoints import ENDPOINTS
from simulator.credex_core.ledger import DAY_MS, Account, Credex, Member, NotConserved, State, conserved
from simulator.credex_core.quirks import OF_FORM, WAYS, Quirks
from simulator.credex_core.rules import NotFoundRefusal, Refusal

__all__ = (
    "API_KEY",
    "DAY_MS",
    "ENDPOINTS",
    "OF_FORM",
    "WAYS",
    "Account",
    "Core",
    "Credex",
    "HandledCall",
    "Member",
    "NotConserved",
    "NotFoundRefusal",
    "Quirks",
    "Rates",
    "Refusal",
    "State",
    "conserved",
)
