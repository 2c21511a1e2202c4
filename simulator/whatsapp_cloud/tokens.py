"""Access tokens: who may ask the Graph API, and how it refuses everybody else."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta, timezone
from typing import Final

from .errors import RefusedError

__all__ = ("Tokens",)

_PACIFIC: Final = timezone(-timedelta(hours=8), "PST")
EXPIRED: Final = 463
"""The error_subcode of a token that has expired."""


class Tokens:
    """The one token of an app.

    Attributes:
        ends_ms: when it expires; None for never.
        withdrawn: its owner took it back, or lost the right to give it.
    """

    def __init__(self, token: str) -> None:
        self.ends_ms: int | None = None
        self.withdrawn = False
        self._token = token

    def check(self, header: str, now_ms: int) -> None:
        """Let pass who shows the token in an `Authorization` header.

        Raises:
            Refused: 104 without a token, 190 with a wrong or an expired one, 0 with one that was taken back.
        """
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise RefusedError(104)
        if not hmac.compare_digest(token.strip().encode(), self._token.encode()):
            raise RefusedError(190, message="Invalid OAuth access token - Cannot parse access token")
        if self.ends_ms is not None and now_ms >= self.ends_ms:
            said = f"Session has expired on {_told(self.ends_ms)}. The current time is {_told(now_ms)}."
            raise RefusedError(190, message=f"Error validating access token: {said}", subcode=EXPIRED)
        if self.withdrawn:
            raise RefusedError(0)


def _told(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, _PACIFIC).strftime("%A, %d-%b-%y %H:%M:%S %Z")
