"""Points at which the bot's process can be killed.

All that the bot does to the world outside goes through its connections, so these are the only moments at which a death
can make a difference: before a request leaves, and after the other side has handled it but before the bot knows.
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
"""The scripts of the mailbox."""

_REQUESTS: Final = (*CORE_ENDPOINTS[:-1], *GRAPH_ENDPOINTS[:-1])

POINTS: Final = tuple(f"{when} {what}" for what in (*_REQUESTS, *SCRIPTS) for when in ("before", "after"))
"""Every point: ``before`` or ``after`` a request to core or WhatsApp, or a script of the mailbox."""


class Failpoints:
    """Points at which something is to happen to the bot, each once: its death, or the loss of an answer."""

    def __init__(self) -> None:
        self._armed: list[str] = []

    @property
    def armed(self) -> tuple[str, ...]:
        """The points not yet reached."""
        return tuple(self._armed)

    def arm(self, point: str) -> None:
        """Let it happen when the bot next comes to this point."""
        if point not in POINTS:
            raise ValueError(f"no such point: {point}")
        self._armed.append(point)

    def reached(self, point: str) -> bool:
        """Whether it is to happen here; asked once a passage."""
        if point not in self._armed:
            return False
        self._armed.remove(point)
        return True

    def reached_script(self, when: str, command: bytes) -> str:
        """The armed point that a packed Redis command is, or nothing."""
        if not self._armed:
            return ""
        return next((point for name in scripts_in(command) if self.reached(point := f"{when} {name}")), "")

    def disarm(self) -> None:
        """Let nothing happen any more."""
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
    """What gives a script away: its text or digest, with and without the line that fakeredis cannot read."""
    marks: dict[bytes, str] = {}
    for name, text in sources().items():
        for version in (text, text.split("\n", 1)[1]):
            marks[version.encode()] = name
            marks[sha1(version.encode()).hexdigest().encode()] = name  # noqa: S324 - Redis names scripts by it
    return marks
