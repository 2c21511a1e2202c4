"""System programs that tests need: without them a test is skipped and says so, or fails where none may be skipped."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Final

import pytest

__all__ = ("free_processors", "need", "need_measured_redis")

NOT_IN_APT: Final = frozenset({"terraform"})
"""What apt-get does not have: nobody can be blamed for its absence."""


def free_processors() -> int:
    """How many processes a test may start for its own work, while other tests run beside it."""
    return max(1, (os.cpu_count() or 1) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


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


def need_measured_redis() -> None:
    """Go on only with the redis-server whose memory was measured: another one lays out keys otherwise, and rightly so.

    That is Redis 7.0, as Debian 12 and Ubuntu 24.04 have it, with jemalloc on 64 bits.
    """
    need("redis-server")
    said = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if not re.match(r"Redis server v=7\.0\..* malloc=jemalloc.* bits=64 ", said):
        pytest.skip(f"sizes were measured on Redis 7.0 with jemalloc on 64 bits; here is {said}")
