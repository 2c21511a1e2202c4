"""``python -m tests.defects [--worlds N] [words of a defect]``: explore worlds of each planted defect."""

from __future__ import annotations

import argparse
import sys
import time

from tests.defects.catalogue import PLANTED
from tests.defects.search import look_for


def main() -> int:
    """Print, for each defect, the seed that finds it, how many worlds it took, and the violated invariants."""
    parser = argparse.ArgumentParser(prog="python -m tests.defects", description=__doc__)
    parser.add_argument("words", nargs="*", help="only the defects whose name holds all of them")
    parser.add_argument(
        "--worlds", type=int, default=0, help="the most worlds for each (default: as many as it is to be found within)"
    )
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default: 1)")
    given = parser.parse_args()
    missed = 0
    for name, planted in PLANTED.items():
        if not all(word in name for word in given.words):
            continue
        begun = time.perf_counter()
        found = look_for(
            planted.run_bot, range(given.seed, given.seed + (given.worlds or planted.within)), options=planted.options
        )
        took_s = time.perf_counter() - begun
        # A violation of another invariant would hide that the expected one no longer finds the defect.
        missed += found is None or not planted.breaks & set(found.invariants)
        said = f"{found.worlds:4} worlds  {', '.join(found.invariants)}" if found else "   not found"
        if found and not planted.breaks & set(found.invariants):
            said += f", and not {' or '.join(sorted(planted.breaks))}"
        sys.stdout.write(f"{name:45} {said}  ({took_s:.1f} s)\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
