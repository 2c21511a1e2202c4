"""Every planted defect, and the promises that it may break."""

from __future__ import annotations

from typing import Final

from tests.defects import elsewhere, money, queues
from tests.defects.build import RunBot

__all__ = ("PLANTED",)

PLANTED: Final[dict[str, RunBot]] = {**queues.DEFECTS, **money.DEFECTS, **elsewhere.DEFECTS}
"""Starts a bot that has the defect."""
