"""Failpoints: the moments at which a killed process can leave a difference.

The bot acts on the outside world only through its connections, so these moments are: before a request leaves, and after
the other side has handled it but before the bot has the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha1
from typing import Final

from service.mailbox.scripts import sources
from simulator.world.faults import CORE_ENDPOINTS, GRAPH_ENDPOINTS

__all__ = ("POINTS", "SCRIPTS", "Failpoints", "scripts_in")

_BY_DIGEST: Final = re.compile(rb"EVALSHA\r\n\$40\r\n([0-9a-f]{40})")
_IN_FULL: Final = b"EVAL\r\n"

SCRIPTS: Final = tuple(sources())
"""The names of the mailbox's scripts."""

_REQUESTS: Final = (*CORE_ENDPOINTS[:-1], *GRAPH_ENDPOINTS[:-1])

POINTS: Final = tuple(f"{when} {what}" for what in (*_REQUESTS, *SCRIPTS) for when in ("before", "after"))
"""Every failpoint: ``before`` or ``after`` a request to core or WhatsApp, or a script of the mailbox."""


class Failpoints:
    """Failpoints that are armed: each takes effect once."""

    def __init__(self) -> None:
        self._armed: list[str] = []

    @property
    def armed(self) -> tuple[str, ...]:
        """The failpoints that were not reached yet."""
        return tuple(self._armed)

    def arm(self, point: str) -> None:
        """Arm a failpoint. Raises ValueError if there is none of this name."""
        if point not in POINTS:
            raise ValueError(f"no such point: {point}")
        self._armed.append(point)

    def reached(self, point: str) -> bool:
        """Whether this failpoint is armed; it is disarmed if so."""
        if point not in self._armed:
            return False
        self._armed.remove(point)
        return True

    def reached_script(self, when: str, command: bytes) -> str:
        """The armed failpoint before or after a packed Redis command, now disarmed; empty if there is none."""
        if not self._armed:
            return ""
        return next((point for name in scripts_in(command) if self.reached(point := f"{when} {name}")), "")

    def disarm(self) -> None:
        """Disarm all failpoints."""
        self._armed.clear()


def scripts_in(command: bytes) -> list[str]:
    """The scripts of the mailbox that a packed Redis command runs."""
    marks = _marks()
    found = {marks[digest] for digest in _BY_DIGEST.findall(command) if digest in marks}
    if _IN_FULL in command:
        found |= {name for mark, name in marks.items() if mark in command}
    return sorted(found)


@cache
def _marks() -> Mapping[bytes, str]:
    """The texts and digests of all scripts, with and without the first line, which fakeredis cannot read."""
    marks: dict[bytes, str] = {}
    for name, text in sources().items():
        for version in (text, text.split("\n", 1)[1]):
            marks[version.encode()] = name
            marks[sha1(version.encode()).hexdigest().encode()] = name  # noqa: S324 - Redis names scripts by it
    return marks
