"""What an API answered to a request, and the type of JSON objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ("Json", "Observed")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of a request.

    Attributes:
        code: Meta's error code, at once or, when ``later``, in a failed status; None when nothing went wrong.
        status: the HTTP status.
        said: what the error says.
        subcode, type: of the error, where it has them.
    """

    code: int | None
    status: int = 200
    text: str = ""
    subcode: int | None = None
    type: str = ""
    later: bool = False
