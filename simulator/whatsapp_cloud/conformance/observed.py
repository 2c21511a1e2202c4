"""What an API answered to a request, and the type of JSON objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ("Json", "Observed")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Observed:
    """The outcome of a request.

    Attributes:
        code: Meta's error code, at once or, if ``later``, in a failed status; None without an error.
        status: the HTTP status.
        text: the error text.
        subcode, type: those of the error, if any.
    """

    code: int | None
    status: int = 200
    text: str = ""
    subcode: int | None = None
    type: str = ""
    later: bool = False
