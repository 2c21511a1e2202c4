"""Play random worlds and print what the rules got wrong: ``python -m tests.model --worlds 200000``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from tests.model.bot import RULES, play
from tests.model.planted import PLANTED
from tests.model.worlds import KINDS, world

__all__ = ("Tally", "tally")

BATCH = 1_000
HOSTILE_SHARE = 0.005
KNOWN_WITHIN_MS = 150_000


@dataclass(slots=True)
class Tally:
    """What came of some worlds of one kind."""

    kind: str
    worlds: int = 0
    false: list[tuple[int, str]] = field(default_factory=list)
    unwarned: list[int] = field(default_factory=list)
    late: int = 0

    def add(self, other: Tally) -> None:
        """Count another one's worlds too."""
        self.worlds += other.worlds
        self.false += other.false
        self.unwarned += other.unwarned
        self.late += other.late

    @property
    def holds(self) -> bool:
        """Whether the figures are within what is promised for the kind."""
        if self.kind == "hostile":
            return len(self.false) < max(1, self.worlds * HOSTILE_SHARE) and not self.unwarned
        return not self.false and not self.unwarned and self.late <= self.worlds * 0.05

    def __str__(self) -> str:
        return (
            f"{self.kind:8} {self.worlds:>7,} worlds  "
            f"{len(self.false):>5} false ({len(self.false) / self.worlds:.3%})  "
            f"{len(self.unwarned):>5} unwarned duplicates  unknown for at most {KNOWN_WITHIN_MS // 1000} s in "
            f"{1 - self.late / self.worlds:.1%}"
        )


def tally(kind: str, seeds: range, rule: str = "") -> Tally:
    """Play these worlds by the rules of production, or by a planted one."""
    rules = PLANTED[rule] if rule else RULES
    found = Tally(kind)
    for seed in seeds:
        result = play(world(kind, seed), rules)
        found.worlds += 1
        found.false += [(seed, each) for each in result.false[:1]]
        found.unwarned += [seed] if result.unwarned else []
        found.late += result.unknown_ms > KNOWN_WITHIN_MS
    return found


def _batches(first: int, worlds: int) -> Iterator[range]:
    for begin in range(first, first + worlds, BATCH):
        yield range(begin, min(begin + BATCH, first + worlds))


def main() -> int:
    """Play, print, and say whether all is within what is promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--worlds", type=int, default=30_000, help="in all, a third of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the first world of each kind")
    parser.add_argument("--rule", choices=sorted(PLANTED), default="", help="plant this weaker rule")
    chosen = parser.parse_args()
    each = -(-chosen.worlds // len(KINDS))
    held = True
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for kind in KINDS:
            total = Tally(kind)
            batches = list(_batches(chosen.seed, each))
            for done, part in enumerate(pool.map(partial(tally, kind, rule=chosen.rule), batches), start=1):
                total.add(part)
                if sys.stderr.isatty():
                    print(f"\r{kind}: {done / len(batches):.0%} ", end="", file=sys.stderr, flush=True)  # noqa: T201
            print(("\r" if sys.stderr.isatty() else "") + str(total), flush=True)  # noqa: T201
            for seed, what in total.false[:3]:
                print(f"  seed {seed}: {what}")  # noqa: T201
            held = held and total.holds
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
