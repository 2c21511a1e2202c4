"""All that Credex core holds, as one JSON value: its ledger, tokens, knobs, oddities, and how far its days are ahead.

What was counted of the present minute's calls stays out: a restart begins a new one.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simulator.credex_core.amounts import Rates
from simulator.credex_core.core import Core
from simulator.credex_core.ledger import DAY_MS
from simulator.credex_core.quirks import Quirks
from simulator.credex_core.sessions import Session

__all__ = ("SavedState", "SavedStateError", "dump", "load", "read")

VERSION: Final = 1


class SavedStateError(ValueError):
    """A state of core cannot be taken in; what was here before is still here."""


class SavedState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A state of core.

    Attributes:
        tokens: those that are still valid.
        stumbles: what is left of the oddities that count; None to count anew.
        rates: what denominations are worth.
        rate_limit: calls a minute; None for no limit.
    """

    version: int
    ledger: dict[str, Any]
    quirks: Quirks = Quirks()
    days_ahead: int = 0
    tokens: dict[str, Session] = {}
    stumbles: dict[str, list[int]] | None = None
    rates: Rates = Rates()
    rate_limit: int | None = None


def dump(core: Core) -> dict[str, Any]:
    """Everything."""
    kept = SavedState(
        VERSION,
        core.dump(),
        core.quirks,
        _ahead(core),
        core.sessions.dump(),
        core.misreports_left,
        core.rates,
        core.rate_limit,
    )
    dumped: dict[str, Any] = msgspec.to_builtins(kept)
    return dumped


def read(dumped: Mapping[str, Any]) -> SavedState:
    """See whether it is a state of core.

    Raises:
        KeptError: it is none.
    """
    try:
        kept = msgspec.convert(dict(dumped), SavedState)
    except msgspec.ValidationError as error:
        raise SavedStateError(f"no state of Credex core: {error}; nothing has changed") from error
    if kept.version != VERSION:
        raise SavedStateError(f"a state of version {kept.version} cannot be read, only {VERSION}; nothing has changed")
    try:
        # Whether a core can take it in, only a core can tell.
        Core(clock_ms=lambda: 0, rng=random.Random(0)).load(kept.ledger)
    except msgspec.ValidationError as error:
        raise SavedStateError(f"no ledger of Credex core: {error}; nothing has changed") from error
    except KeyError as error:
        raise SavedStateError(
            f"no ledger of Credex core: something is missing, {error}; nothing has changed"
        ) from error
    return kept


def load(core: Core, kept: SavedState) -> None:
    """Take it in, in place of everything here."""
    core.load(kept.ledger)
    core.rates, core.rate_limit = kept.rates, kept.rate_limit
    # Before days pass: how offers expire is one of them.
    core.quirks = kept.quirks
    if kept.stumbles is not None:
        core.misreports_left = kept.stumbles
    core.advance(kept.days_ahead - _ahead(core))
    core.sessions.load(kept.tokens)


def _ahead(core: Core) -> int:
    return (core.ledger.clock_ms() - core.clock_ms()) // DAY_MS
