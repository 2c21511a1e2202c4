"""The sizing calculator, and the check that its parts are still true. The numbers are those of the infrastructure."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from notebooks.review.memory_keys import Allocator, Stored
from notebooks.review.memory_timeline import Moment
from notebooks.review.pictures import Picture, Table
from notebooks.review.style import SERIES, label, picture, styled, subplots

ROOT: Final = Path(__file__).resolve().parents[2]
# The folder `cdktf/` is no package: the installed one of that name must win. Only what lies in it is imported.
if str(ROOT / "cdktf") not in sys.path:
    sys.path.append(str(ROOT / "cdktf"))

from vimbisopay_infra.environment import ENVIRONMENTS  # noqa: E402 - found by the lines above
from vimbisopay_infra.sizing import (  # noqa: E402
    KEY_BYTES,
    MIB,
    NODE_MIB,
    RESERVED_PERCENT,
    Load,
    StateSize,
    message_dedup_bytes,
    smallest_node_type,
)

__all__ = (
    "ENVIRONMENTS",
    "KEY_BYTES",
    "GrownError",
    "Load",
    "Part",
    "StateSize",
    "calculator",
    "deployed",
    "growth",
    "largest",
    "message_dedup_bytes",
    "parts_table",
    "true_still",
)

DEBIAN: Final = Allocator(16)
"""The sizes are for the coarser of the two allocators in use."""

MORE: Final = 1.05
LESS: Final = 0.7
"""The lower bound of a key's size relative to the assumed size: the official Redis images have finer size classes, and
later versions need less for short lists and keys (8.2: 0.76 for an inbox)."""


class GrownError(AssertionError):
    """A key is larger than the infrastructure assumes, or much smaller."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of key at its largest.

    Attributes:
        kind: the kind of key.
        payload: bytes of the payload.
        takes: bytes of memory.
        planned: bytes that the infrastructure assumes.
    """

    kind: str
    payload: int
    takes: int
    planned: int


def largest(moments: Sequence[Moment]) -> list[Part]:
    """Each kind of key at its largest."""
    found: dict[str, Stored] = {}
    for moment in moments:
        for stored in moment.keys.values():
            before = found.get(stored.kind)
            size = stored.takes(DEBIAN), stored.payload
            if before is None or size > (before.takes(DEBIAN), before.payload):
                found[stored.kind] = stored
    return [Part(kind, found[kind].payload, found[kind].takes(DEBIAN), planned) for kind, planned in KEY_BYTES.items()]


def true_still(parts: Sequence[Part]) -> str:
    """Check the assumed sizes; returns a sentence.

    Raises:
        GrownError: a key is larger than assumed, or so much smaller that memory is wasted.
    """
    wrong = [part for part in parts if not LESS * part.planned <= part.takes <= MORE * part.planned]
    if wrong:
        said = "; ".join(
            f"{part.kind} {'grew' if part.takes > part.planned else 'shrank'} from {part.planned:,} to {part.takes:,} "
            f"bytes a member ({part.payload:,} of them are ours)"
            for part in wrong
        )
        raise GrownError(
            f"{said}. Stacks, alarms and this calculator assume the old size: if the change is intended, correct "
            "KEY_BYTES in cdktf/vimbisopay_infra/sizing.py, and check the result of the calculator."
        )
    return f"all {len(parts)} keys have the assumed sizes"


def parts_table(parts: Sequence[Part]) -> Table:
    """A table of the keys with their payload; the overhead of Redis depends on its build."""
    rows = [(part.kind, part.payload, part.planned) for part in parts]
    return Table(
        ("key", "our bytes in it", "bytes sized for"),
        rows,
        "Each key of a member at its largest while an offer is made",
    )


def calculator(loads: Sequence[Load]) -> Table:
    """The memory of each load, and the smallest task and cache node for it."""
    head = (
        *("members a day", "within a week", "at once", "state, MiB", "task, MiB", "maxmemory, MiB", "alarm at, MiB"),
        *("cache, MiB", "cache node", f"its memory less {RESERVED_PERCENT} %, MiB"),
    )
    rows = []
    for load in loads:
        size, node = StateSize.smallest_for(load), smallest_node_type(load)
        rows.append(
            (
                load.daily_members,
                round(load.weekly_members),
                round(load.active_members),
                _mib(sum(load.state_bytes.values())),
                size.memory_mib,
                size.max_memory_mib,
                round(size.max_memory_mib * size.alarm_percent / 100),
                _mib(load.cache_bytes),
                node,
                round(NODE_MIB[node] * (100 - RESERVED_PERCENT) / 100),
            )
        )
    return Table(head, rows, "What a load needs: the smallest that raises no alarm")


def _mib(count: float) -> float:
    return round(count / MIB, 1)


def deployed() -> Table:
    """The memory of the state Redis in each deployment, and the number of members that fit."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]["redis-state"]
    command: list[str] = compose["command"]
    limit = int(command[command.index("--maxmemory") + 1].removesuffix("mb"))
    memory = int(compose["mem_limit"].removesuffix("m"))
    alike = StateSize(cpu=0, memory_mib=memory, max_memory_mib=limit, alarm_percent=100)
    rows = [("docker compose", memory, limit, "no alarm: full", _thousands(alike.members_until_alarm))]
    rows += [
        (
            each.name,
            each.state.memory_mib,
            each.state.max_memory_mib,
            f"{each.state.alarm_percent} %",
            _thousands(each.state.members_until_alarm),
        )
        for each in ENVIRONMENTS
    ]
    head = ("deployment", "memory, MiB", "maxmemory, MiB", "alarm at", "members of a week until then")
    return Table(head, rows, "The state Redis as it is deployed")


def _thousands(count: int) -> int:
    return count // 1000 * 1000


def growth(most: int = 700_000) -> Picture:
    """The growth of the state Redis with the number of members, and the alarm thresholds."""
    loads = [Load(count) for count in range(0, most + 1, most // 20)]
    with styled():
        figure, axes = subplots(height=4.0)
        days = [load.daily_members / 1000 for load in loads]
        for (name, style), messages in zip(_styles(), (1, 10, 64), strict=True):
            size = [_mib(sum(Load(load.daily_members, messages).state_bytes.values())) for load in loads]
            axes.plot(days, size, label=f"{messages} {name}", markevery=5, **style)
        for each in ENVIRONMENTS:
            at = each.state.max_memory_mib * each.state.alarm_percent / 100
            axes.axhline(at, color="#222222", linewidth=1)
            axes.text(days[-1] * 1.03, at, f"alarm in {each.name}:\n{at:,.0f} MiB", va="center", fontsize=9)
        axes.set_xlim(0, days[-1] * 1.02)
        axes.set_ylim(0, 2 * max(each.state.max_memory_mib * each.state.alarm_percent / 100 for each in ENVIRONMENTS))
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="of a member in a week")
        label(
            axes,
            x="members a day, thousands",
            y="state Redis, MiB",
            title="Memory that a load takes, by the calculator",
        )
        return picture(figure, "Memory of the state Redis by members a day, with the alarms of staging and production")


def _styles() -> list[tuple[str, Mapping[str, object]]]:
    return list(zip(("message", "messages", "messages or more"), SERIES, strict=False))
