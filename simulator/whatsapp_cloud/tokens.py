"""Access tokens of the Graph API, and the errors for missing, wrong and expired ones."""

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
        withdrawn: whether the owner withdrew it or lost the permission.
    """

    def __init__(self, token: str) -> None:
        self.ends_ms: int | None = None
        self.withdrawn = False
        self._token = token

    def check(self, header: str, now_ms: int) -> None:
        """Check an `Authorization` header.

        Raises:
            RefusedError: 104 without a token, 190 with a wrong or expired one, 0 with a withdrawn one.
        """
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise RefusedError(104)
        if not hmac.compare_digest(token.strip().encode(), self._token.encode()):
            raise RefusedError(190, message="Invalid OAuth access token - Cannot parse access token")
        if self.ends_ms is not None and now_ms >= self.ends_ms:
            reason = (
                f"Session has expired on {_pacific_time(self.ends_ms)}. The current time is {_pacific_time(now_ms)}."
            )
            raise RefusedError(190, message=f"Error validating access token: {reason}", subcode=EXPIRED)
        if self.withdrawn:
            raise RefusedError(0)


def _pacific_time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, _PACIFIC).strftime("%A, %d-%b-%y %H:%M:%S %Z")
