"""Python's collection of rubbish, kept out of the middle of worlds: a fifth of the time went into looking for some."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ("collect_if_needed", "deferred_collection")

UNCOLLECTED: Final = 2_000_000
"""So many new objects (some 300 MB) may wait for collection."""


@contextmanager
def deferred_collection() -> Iterator[None]:
    """What is there already is not looked at, and what comes only when `collect_if_needed` says so."""
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def collect_if_needed() -> None:
    """Collect what many worlds have left behind: to be called between two of them."""
    if gc.get_count()[0] > UNCOLLECTED:
        gc.collect()
