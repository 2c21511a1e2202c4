"""The rows of the table, generated from what there is: every script, every request, every way to fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from simulator.credex_core.endpoints import ENDPOINTS
from simulator.world.failpoints import POINTS, SCRIPTS
from simulator.world.faults import CORE_FAILURES, GRAPH_FAILURES
from tests.integration.money_table_writes import WriteRow

__all__ = ("NOT_HERE", "Core", "Group", "Row", "Seen", "impossible", "rows")


class Core(StrEnum):
    """What core did with the write by the time of the trouble."""

    NOTHING = "nothing"
    EFFECT = "took effect"
    OTHER = "the other side acted, too"


class Group(StrEnum):
    """What kind of trouble a row is."""

    KILLED = "killed"
    LOST = "reply lost"
    ANSWER = "core's answer"
    AWAY = "core's answer, then away"
    AGAIN = "answer lost, then killed"
    AGAIN_LOST = "answer lost, then reply lost"
    FROZEN = "frozen past the lease"
    LATE = "answer lost, effect later"
    TWIN = "a twin made elsewhere, then the answer lost"
    SENDING = "WhatsApp's answer"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of trouble.

    Attributes:
        group: what kind.
        what: the point, the script, or the way to fail.
        away_s: for how long core stays away after the write; ``late_s``: how much later it takes effect.
        taken: whether WhatsApp takes the message whose answer is lost.
    """

    group: Group
    what: str
    away_s: int = 0
    late_s: int = 0
    taken: bool = False

    @property
    def title(self) -> str:
        """The row's name."""
        away = f", away for {self.away_s} s" if self.away_s else ""
        late = f", after {self.late_s} s" if self.late_s else ""
        taken = f" ({'taken' if self.taken else 'not taken'})" if self.group is Group.SENDING else ""
        return f"{self.group} · {self.what}{away}{late}{taken}"

    @property
    def uncertain(self) -> bool:
        """Whether it can stay unknown if a message reached WhatsApp: then it may come twice."""
        place = self.what.split(" ")[-1]
        return self.group is Group.SENDING or place in {"claim_outbox", "messages", "ack", "confirm_delivery"}


def _points() -> Sequence[str]:
    """All of the simulator's, and requests to core that it has no name for."""
    more = (f"{when} {endpoint}" for endpoint in ENDPOINTS for when in ("before", "after"))
    return tuple(dict.fromkeys((*POINTS, *more)))


WAYS: Final = CORE_FAILURES
GRAPH_WAYS: Final = GRAPH_FAILURES
AWAY: Final = (("timeout", 25), ("reset", 25), ("500", 25), ("404", 25), ("reset", 100), ("reset", 400), ("500", 100))
"""So that it is found when it is looked for the first, the second and the third time."""
LATE: Final = (("reset", 3), ("reset", 12), ("500", 12), ("timeout", 11))
"""Core may still be at work when its answer is lost. (Nothing more can be known 10 s after the last moment to send.)"""


def rows() -> Iterator[Row]:
    """All rows of one write."""
    yield from (Row(Group.KILLED, point) for point in _points())
    yield from (Row(Group.LOST, f"after {script}") for script in SCRIPTS)
    yield from (Row(Group.ANSWER, way) for way in WAYS)
    yield from (Row(Group.AWAY, way, away_s=away_s) for way, away_s in AWAY)
    yield from (Row(Group.AGAIN, point) for point in _points())
    yield from (Row(Group.AGAIN_LOST, f"after {script}") for script in SCRIPTS)
    yield from (Row(Group.FROZEN, point) for point in _points())
    yield from (Row(Group.LATE, way, late_s=late_s) for way, late_s in LATE)
    yield from (Row(Group.TWIN, way) for way in ("reset", "500"))
    yield from (Row(Group.SENDING, way, taken=taken) for way in GRAPH_WAYS for taken in (False, True))


@dataclass(frozen=True, slots=True)
class Seen:
    """The points that the turn comes to: when all goes well, and when the write's answer is lost."""

    clear: Sequence[str]
    unclear: dict[Core, Sequence[str]]


NOT_HERE: Final = "cannot be: not in this turn"
NOT_SEEN: Final = "cannot be: core never saw it"
DONE: Final = "cannot be: core had done it"
NOBODY: Final = "cannot be: nobody else acts"
LATER: Final = "cannot be: it does later"
NO_TWIN: Final = "cannot be: it has no twin"
NOT_TAKEN: Final = "cannot be: never taken"
COMMITTED: Final = "as in a clear turn"
TOO_EARLY: Final = "cannot be: nothing to accept yet"


def impossible(write: WriteRow, row: Row, core: Core, seen: Seen) -> str:
    """Why a cell cannot be; empty if it can."""
    if core is Core.OTHER and write.other is None:
        return NOBODY
    if row.group in {Group.KILLED, Group.LOST, Group.FROZEN}:
        return _in_a_clear_turn(write, row, core, seen)
    takes_effect = core is Core.EFFECT or (core is Core.OTHER and write.other_after)
    if row.group in {Group.AGAIN, Group.AGAIN_LOST}:
        return NOT_HERE * row.what.endswith(write.endpoint) or _in_an_unclear_turn(row, core, seen)
    reasons = {
        Group.ANSWER: NOT_SEEN * (row.what == "refused" and takes_effect),
        Group.LATE: LATER * (core is Core.NOTHING),
        Group.TWIN: NO_TWIN * (write.endpoint != "createCredex"),
        Group.SENDING: NOT_TAKEN * (row.what == "refused" and row.taken) or DONE * (core is Core.NOTHING),
    }
    return reasons.get(row.group, "")


def _in_a_clear_turn(write: WriteRow, row: Row, core: Core, seen: Seen) -> str:
    if row.what not in seen.clear:
        return NOT_HERE
    done = seen.clear.index(row.what) > seen.clear.index(f"before {write.endpoint}")
    if core is Core.OTHER:
        return "" if done or not write.other_after else TOO_EARLY
    if core is Core.EFFECT:
        return "" if done else NOT_SEEN
    return DONE if done else ""


def _in_an_unclear_turn(row: Row, core: Core, seen: Seen) -> str:
    points = seen.unclear[core]
    if row.what not in points:
        return NOT_HERE
    # How the write went makes no difference any more.
    return COMMITTED if points.index(row.what) > points.index("after commit") else ""
