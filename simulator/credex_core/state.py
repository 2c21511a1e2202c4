"""The whole state of the simulated core as one JSON value: ledger, tokens, configuration, quirks, days ahead.

The count of the rate limit's present window is not saved: a restart begins a new window.
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
    """A saved state cannot be loaded; nothing has changed."""


class SavedState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A saved state of core.

    Attributes:
        tokens: the valid ones.
        misreports: remaining error statuses by endpoint (see `Core.misreports_left`); None to start the quirks' counts.
        rates: the worth of denominations.
        rate_limit: calls per minute; None for no limit.
    """

    version: int
    ledger: dict[str, Any]
    quirks: Quirks = Quirks()
    days_ahead: int = 0
    tokens: dict[str, Session] = {}
    misreports: dict[str, list[int]] | None = msgspec.field(default=None, name="stumbles")
    rates: Rates = Rates()
    rate_limit: int | None = None


def dump(core: Core) -> dict[str, Any]:
    """The state of a core, JSON-compatible."""
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
    """Read a dumped state.

    Raises:
        SavedStateError: it is not a valid state.
    """
    try:
        kept = msgspec.convert(dict(dumped), SavedState)
    except msgspec.ValidationError as error:
        raise SavedStateError(f"no state of Credex core: {error}; nothing has changed") from error
    if kept.version != VERSION:
        raise SavedStateError(f"a state of version {kept.version} cannot be read, only {VERSION}; nothing has changed")
    try:
        # Loading into a new core is the only complete check of a ledger.
        Core(clock_ms=lambda: 0, rng=random.Random(0)).load(kept.ledger)
    except msgspec.ValidationError as error:
        raise SavedStateError(f"no ledger of Credex core: {error}; nothing has changed") from error
    except KeyError as error:
        raise SavedStateError(
            f"no ledger of Credex core: something is missing, {error}; nothing has changed"
        ) from error
    return kept


def load(core: Core, kept: SavedState) -> None:
    """Replace the state of a core by a saved one."""
    core.load(kept.ledger)
    core.rates, core.rate_limit = kept.rates, kept.rate_limit
    # Quirks come before the days: one of them decides how offers expire.
    core.quirks = kept.quirks
    if kept.misreports is not None:
        core.misreports_left = kept.misreports
    core.advance(kept.days_ahead - _ahead(core))
    core.sessions.load(kept.tokens)


def _ahead(core: Core) -> int:
    return (core.ledger.clock_ms() - core.clock_ms()) // DAY_MS
