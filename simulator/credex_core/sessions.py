"""Bearer tokens: valid for five minutes, at most six hours after the login, renewed with every call."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ("Session", "Sessions")

IDLE_MS = 300_000
ABSOLUTE_MS = 6 * 3_600_000


@dataclass(frozen=True, slots=True)
class Session:
    """The member and the expiry of a token."""

    member_id: str
    last_activity_ms: int
    absolute_expiry_ms: int


class Sessions:
    """The valid tokens. A renewed token remains valid for the rest of its own five minutes."""

    def __init__(self, *, clock_ms: Callable[[], int], rng: random.Random) -> None:
        """Create it without tokens."""
        self._clock_ms = clock_ms
        self._rng = rng
        self._sessions: dict[str, Session] = {}
        self._by_age: deque[tuple[int, str]] = deque()

    def begin(self, member_id: str) -> str:
        """Issue a token for a login."""
        return self._issue(member_id, self._clock_ms() + ABSOLUTE_MS)

    def find(self, token: str) -> Session | None:
        """The session of a token, or None if it is not valid."""
        session = self._sessions.get(token)
        now = self._clock_ms()
        if session is None or now - session.last_activity_ms > IDLE_MS or now > session.absolute_expiry_ms:
            return None
        return session

    def renew(self, session: Session) -> str:
        """Issue a newer token for the same login."""
        return self._issue(session.member_id, session.absolute_expiry_ms)

    def forget(self) -> None:
        """End all sessions."""
        self.load({})

    def dump(self) -> dict[str, Session]:
        """The valid sessions, by token."""
        return {token: session for token, session in self._sessions.items() if self.find(token) is not None}

    def load(self, sessions: Mapping[str, Session]) -> None:
        """Replace all sessions by these."""
        self._sessions = dict(sessions)
        self._by_age = deque(sorted((session.last_activity_ms, token) for token, session in sessions.items()))

    def _issue(self, member_id: str, absolute_expiry_ms: int) -> str:
        now = self._clock_ms()
        while self._by_age and now - self._by_age[0][0] > IDLE_MS:
            self._sessions.pop(self._by_age.popleft()[1], None)
        token = f"{self._rng.getrandbits(192):048x}"
        while token in self._sessions:
            token = f"{self._rng.getrandbits(192):048x}"
        self._sessions[token] = Session(member_id, now, absolute_expiry_ms)
        self._by_age.append((now, token))
        return token
