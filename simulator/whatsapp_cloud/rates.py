"""How fast the Graph API lets a business send: to one person, and in all."""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ("PairRate", "Throughput")

SECOND_MS: Final = 1_000


class PairRate:
    """Messages to one person: one every ``every_ms``, of which ``burst`` may be sent ahead and are paid for later.

    Meta (September 2026): 1 message in 6 s, about 600 an hour, and bursts of up to 45 that borrow from the future.
    """

    def __init__(self, every_ms: int | None, burst: int) -> None:
        self._every_ms = every_ms
        self._burst = burst
        self._paid_until: dict[str, int] = {}

    def take(self, phone: str, now_ms: int) -> bool:
        """Whether one more message may go to this person now; if so it is counted."""
        if self._every_ms is None:
            return True
        debt_until = max(self._paid_until.get(phone, now_ms), now_ms)
        if debt_until - now_ms > (self._burst - 1) * self._every_ms:
            return False
        self._paid_until[phone] = debt_until + self._every_ms
        return True


class Throughput:
    """Messages of a number in any one second, in and out together (80 by default; Meta, September 2026)."""

    def __init__(self, per_second: int | None) -> None:
        self._per_second = per_second
        self._recent: deque[int] = deque()

    def count(self, now_ms: int) -> None:
        """Count a message that cannot be refused: one that a person wrote."""
        if self._per_second is not None:
            self._recent.append(now_ms)

    def take(self, now_ms: int) -> bool:
        """Whether one more message may be sent now; if so it is counted."""
        if self._per_second is None:
            return True
        while self._recent and self._recent[0] <= now_ms - SECOND_MS:
            self._recent.popleft()
        if len(self._recent) >= self._per_second:
            return False
        self._recent.append(now_ms)
        return True
