"""All that Credex core holds, as one JSON value: its ledger, its oddities, and how far its days are ahead."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simulator.credex_core.core import Core
from simulator.credex_core.ledger import DAY_MS
from simulator.credex_core.quirks import Quirks

__all__ = ("Kept", "KeptError", "dump", "load", "read")

VERSION: Final = 1


class KeptError(ValueError):
    """A state of core cannot be taken in; what was here before is still here."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A state of core."""

    version: int
    ledger: dict[str, Any]
    quirks: Quirks = Quirks()
    days_ahead: int = 0


def dump(core: Core) -> dict[str, Any]:
    """Everything but tokens: everybody logs in again. Oddities that count begin to count anew."""
    kept = Kept(VERSION, core.dump(), core.quirks, _ahead(core))
    dumped: dict[str, Any] = msgspec.to_builtins(kept)
    return dumped


def read(dumped: Mapping[str, Any]) -> Kept:
    """See whether it is a state of core.

    Raises:
        KeptError: it is none.
    """
    try:
        kept = msgspec.convert(dict(dumped), Kept)
    except msgspec.ValidationError as error:
        raise KeptError(f"no state of Credex core: {error}; nothing has changed") from error
    if kept.version != VERSION:
        raise KeptError(f"a state of version {kept.version} cannot be read, only {VERSION}; nothing has changed")
    try:
        # Whether a core can take it in, only a core can tell.
        Core(clock_ms=lambda: 0, rng=random.Random(0)).load(kept.ledger)
    except msgspec.ValidationError as error:
        raise KeptError(f"no ledger of Credex core: {error}; nothing has changed") from error
    except KeyError as error:
        raise KeptError(f"no ledger of Credex core: something is missing, {error}; nothing has changed") from error
    return kept


def load(core: Core, kept: Kept) -> None:
    """Take it in, in place of everything here."""
    core.load(kept.ledger)
    core.advance(kept.days_ahead - _ahead(core))
    core.quirks = kept.quirks


def _ahead(core: Core) -> int:
    return (core.ledger.clock_ms() - core.clock_ms()) // DAY_MS
