"""Rate limits of sending: to one person, and in total. The configuration may change at any time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from .values import Config

__all__ = ("PairRate", "Throughput")

SECOND_MS: Final = 1_000


class PairRate:
    """The pair rate limit: one message every ``pair_every_ms``, and bursts of ``pair_burst`` that borrow from later.

    Meta (September 2026): 1 message in 6 s, about 600 an hour, and bursts of up to 45 that borrow from the future.
    """

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self._paid_until: dict[str, int] = {}

    def take(self, phone: str, now_ms: int) -> bool:
        """Count a message to this person. Returns whether it is allowed now."""
        every_ms, burst = self._config().pair_every_ms, self._config().pair_burst
        if every_ms is None:
            return True
        debt_until = max(self._paid_until.get(phone, now_ms), now_ms)
        if debt_until - now_ms > (burst - 1) * every_ms:
            return False
        self._paid_until[phone] = debt_until + every_ms
        return True

    def debts(self, now_ms: int) -> dict[str, int]:
        """Until when each person's capacity is used up."""
        return {phone: until for phone, until in self._paid_until.items() if until > now_ms}

    def owe(self, debts: Mapping[str, int]) -> None:
        """Replace the capacity that is used up, when state is loaded."""
        self._paid_until = dict(debts)


class Throughput:
    """Messages of a number in any second, in and out together (80 by default; Meta, September 2026)."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self._recent: deque[int] = deque()

    def count(self, now_ms: int) -> None:
        """Count a person's message, which cannot be refused."""
        if self._config().per_second is not None:
            self._recent.append(now_ms)

    def take(self, now_ms: int) -> bool:
        """Count a message of the business. Returns whether it is allowed now."""
        per_second = self._config().per_second
        if per_second is None:
            return True
        while self._recent and self._recent[0] <= now_ms - SECOND_MS:
            self._recent.popleft()
        if len(self._recent) >= per_second:
            return False
        self._recent.append(now_ms)
        return True
