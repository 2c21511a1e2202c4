"""Every planted defect, the promises that it breaks, and the number of small worlds within which that shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.defects import elsewhere, money, queues
from tests.defects.build import RunBot

__all__ = ("PLANTED", "Planted")


@dataclass(frozen=True, slots=True)
class Planted:
    """A defect.

    Attributes:
        run_bot: starts a bot that has it.
    """

    run_bot: RunBot


PLANTED: Final[dict[str, Planted]] = {
    name: Planted(run_bot) for name, run_bot in {**queues.DEFECTS, **money.DEFECTS, **elsewhere.DEFECTS}.items()
}
"""By name."""
