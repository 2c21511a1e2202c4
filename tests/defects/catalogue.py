"""All planted defects: the invariants that each violates, and the number of worlds within which that shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.explore.options import Options
from tests.defects import members, money, queues
from tests.defects.build import RunBot

__all__ = ("PLANTED", "Planted")


@dataclass(frozen=True, slots=True)
class Planted:
    """A defect.

    Attributes:
        run_bot: starts a bot with the defect.
        breaks: the invariants of which at least one is violated in the first failing world.
        within: the number of worlds, from seed 1 on, within which that happens.
        faults: the kinds of faults in the worlds.
    """

    run_bot: RunBot
    breaks: frozenset[str]
    within: int
    faults: frozenset[str]

    @property
    def options(self) -> Options:
        """The options of its worlds."""
        return Options(faults=self.faults)


_STARTS: Final = {**queues.DEFECTS, **money.DEFECTS, **members.DEFECTS}

_TABLE: Final = (
    ("a late commit is not refused", "answered, once, truthful", 10, "freezes, several, hurry"),
    ("the head is popped when it is claimed", "answered", 10, "kills"),
    ("no message is known again", "once", 10, "duplicates, losses"),
    ("seen before it is stored", "answered", 20, "full, answers"),
    ("the second message of a POST is dropped", "answered", 20, "several"),
    ("a POST is stored last one first", "in order", 20, "several"),
    ("a lease never ends", "continues, drains", 20, "kills"),
    ("200 for what is not stored", "answered", 10, "state, full"),
    ("answered before it is committed", "once", 20, "kills, answers"),
    ("what could not be sent is not sent again", "answered", 10, "whatsapp"),
    ("a session lives for ever", "bounded", 5, "leaves"),
    ("a write sent again after a lost answer", "confirmed, reported", 40, "credex"),
    ("absent at once", "truthful", 10, "credex"),
    ("the turn computed again after a crash", "confirmed, reported", 60, "kills"),
    ("committed before the write is known", "truthful", 10, "credex"),
    ("one token of core for everybody", "confirmed, private", 20, "hurry, several"),
    ("one dashboard for everybody", "private", 10, "leaves"),
    ("another's balance under one's own name", "private", 20, "leaves"),
    ("an old Confirm acts", "confirmed", 60, "old taps"),
    ("a word confirms what was asked after it", "confirmed", 60, "whatsapp, hurry"),
    ("money in binary fractions", "conserved", 10, "leaves"),
    ("what was found is not told", "answered, reported", 60, "credex, leaves"),
    ("an intent is never cleared", "drains", 60, "credex, leaves"),
    ("pictures are not expected", "unfailing", 20, "media"),
    ("buttons longer than WhatsApp takes", "accepted", 5, "leaves"),
    ("a worker that ends when Redis is away", "goes on, continues, drains", 60, "state, answers"),
    ("the cache never forgets", "bounded", 5, "leaves"),
    ("a commit is repeated without its number", "answered", 60, "answers, several"),
    ("the baseline from the cache", "truthful", 60, "in core, credex"),
    ("sent after the time to send", "truthful", 60, "freezes, hurry, several"),
    ("an answer waited for without end", "goes on", 10, "credex"),
    ("what is too new is taken up again at once", "goes on", 20, "releases"),
)
"""Name, invariants, number of worlds, kinds of faults."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


PLANTED: Final[dict[str, Planted]] = {
    name: Planted(_STARTS[name], _words(invariants), within, _words(kinds))
    for name, invariants, within, kinds in _TABLE
}
"""By name."""
