"""System programs that tests need: without them a test is skipped and says so, or fails where none may be skipped."""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest

__all__ = ("need",)

NOT_IN_APT: Final = frozenset({"terraform"})
"""What apt-get does not have: nobody can be blamed for its absence."""


def need(*programs: str) -> None:
    """Go on only with all of these programs.

    With ``REQUIRE_PROGRAMS=1`` one that apt-get could have installed makes the test fail instead of skipping it.
    """
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)}"
    if os.environ.get("REQUIRE_PROGRAMS") == "1" and not NOT_IN_APT.issuperset(missing):
        pytest.fail(f"{reason}, and REQUIRE_PROGRAMS=1")
    pytest.skip(reason)
