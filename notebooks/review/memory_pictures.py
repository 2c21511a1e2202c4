"""The pictures of the notebook on memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from notebooks.review.memory_disk import Speed
from notebooks.review.memory_full import Flood
from notebooks.review.memory_keys import Allocator, Stored
from notebooks.review.memory_members import Stage
from notebooks.review.memory_model import Comparison, Kind
from notebooks.review.memory_shapes import Seen, Stair, treads
from notebooks.review.memory_timeline import Moment
from notebooks.review.pictures import Picture
from notebooks.review.style import SERIES, TONES, label, picture, styled, subplots

__all__ = ("comparison", "flooded", "lease_stairs", "life", "life_of", "seen", "session_stairs", "speed", "stages")

ROWS: Final = (
    *("due:inbox", "inbox", "lease:inbox", "seen", "session", "intent", "due:outbox", "outbox", "lease:outbox"),
    *("token", "dashboard"),
)
CACHED: Final = 2
WORDS: Final = {
    "ingest": "webhook:\ningest",
    "claim": "worker:\nclaim",
    "store_pending_writes": "before the call:\nstore intent",
    "commit": "worker:\ncommit",
    "claim_outbox": "sender:\nclaim",
    "ack": "sender:\nsettle",
    "confirm_delivery": "status:\nconfirm",
}
INK: Final = "#222222"
HOLLOW: Final[Mapping[str, Any]] = MappingProxyType({"markerfacecolor": "white", "markersize": 10})
"""Translucent, so that overlapping marks remain visible."""

CHANGED: Final = "#f4d58d"
STANDS: Final = "#e8e8e8"
KIB: Final = 1024
MIB: Final = 1024 * KIB


def life_of(moments: Sequence[Moment]) -> list[Moment]:
    """The moments of the last message: every script, from its arrival on, that changed something."""
    arrivals = [place for place, moment in enumerate(moments) if moment.script == "ingest"]
    last = moments[arrivals[-1] - 1 :]
    return [last[0], *(now for before, now in pairwise(last) if _contents(before) != _contents(now))]


def _contents(moment: Moment) -> list[tuple[bytes, ...] | None]:
    found = [moment.of(kind) for kind in ROWS]
    return [None if stored is None else stored.parts for stored in found]


def life(moments: Sequence[Moment]) -> Picture:
    """The payload of each key after each script; changes are highlighted."""
    with styled():
        figure, axes = subplots(width=8.9, height=5.0)
        for column, (before, now) in enumerate(pairwise(moments)):
            for row, kind in enumerate(ROWS):
                _cell(axes, column, row, before.of(kind), now.of(kind))
        start = moments[1].at_ms
        axes.set_xticks(
            range(len(moments) - 1),
            [f"{WORDS.get(each.script, each.script)}\n{(each.at_ms - start) / 1000:.2f} s" for each in moments[1:]],
        )
        axes.set_yticks(range(len(ROWS)), ROWS)
        axes.set_xlim(-0.5, len(moments) - 1.5)
        axes.set_ylim(len(ROWS) - 0.5, -0.5)
        axes.axhline(len(ROWS) - CACHED - 0.5, color=INK, linewidth=1)
        axes.grid(visible=False)
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.set_title("A member taps Confirm: keys after each step, and our bytes in them", pad=62)
        axes.set_xlabel(
            "yellow, bold: changed by this step · grey: stands · below the line: in the cache", labelpad=8, loc="left"
        )
        return picture(figure, "The keys of a member after each script of a message's life, with bytes")


def _cell(axes: Axes, column: int, row: int, before: Stored | None, now: Stored | None) -> None:
    if now is None:
        if before is not None:
            axes.text(column, row, "gone", ha="center", va="center", fontsize=9, style="italic", color="#767676")
        return
    changed = before is None or before.parts != now.parts
    axes.add_patch(
        _box(column, row, CHANGED if changed else STANDS),
    )
    weight = "bold" if changed else "normal"
    axes.text(column, row, f"{now.payload:,}", ha="center", va="center", fontsize=9, fontweight=weight)


def _box(column: int, row: int, colour: str) -> Rectangle:
    return Rectangle((column - 0.46, row - 0.42), 0.92, 0.84, facecolor=colour, edgecolor=INK, linewidth=0.5)


def stages(parts: Mapping[Kind, tuple[Stored, ...]], allocator: Allocator) -> Picture:
    """The memory of one member by activity."""
    fullest = {stage: max((kind for kind in parts if kind[0] is stage), key=lambda kind: -kind[1]) for stage in Stage}
    kinds = [row for row in ROWS if not row.startswith("due:")][: -1 * CACHED]
    with styled():
        figure, axes = subplots(height=3.4)
        for place, stage in enumerate(Stage):
            left = 0
            for tone, kind in zip(TONES, kinds, strict=False):
                size = sum(stored.takes(allocator) for stored in parts[fullest[stage]] if stored.kind == kind)
                named = kind if place == len(Stage) - 1 or _first_with(parts, fullest, kind) is stage else None
                axes.barh(place, size, left=left, height=0.62, label=named, **tone)
                left += size
            axes.text(left + 30, place, f"{left:,}", va="center")
        axes.set_yticks(range(len(Stage)), list(Stage))
        axes.invert_yaxis()
        handles, names = axes.get_legend_handles_labels()
        once = dict(zip(names, handles, strict=True))
        axes.legend(
            [once[kind] for kind in kinds if kind in once],
            [kind for kind in kinds if kind in once],
            ncol=4,
            loc="upper center",
            bbox_to_anchor=(0.45, -0.22),
        )
        label(axes, x="bytes of one member, without places in tables", y="", title="What a member takes", n=1)
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.12)
        return picture(figure, "Bytes that one member takes in each stage, by key")


def _first_with(parts: Mapping[Kind, tuple[Stored, ...]], fullest: Mapping[Stage, Kind], kind: str) -> Stage | None:
    return next((stage for stage in Stage if any(each.kind == kind for each in parts[fullest[stage]])), None)


def comparison(compared: Sequence[Comparison]) -> Picture:
    """Predictions, measurements and errors."""
    counts = [each.prediction.members for each in compared]
    with styled():
        figure, (above, below) = subplots(2, 1, height=5.0, sharex=True, height_ratios=(2.4, 1))
        above.plot(counts, [each.prediction.total / MIB for each in compared], label="predicted", **SERIES[0], **HOLLOW)
        above.plot(counts, [each.measured / MIB for each in compared], label="measured", **SERIES[1])
        above.legend(loc="upper left")
        label(
            above,
            x="",
            y="MiB of used_memory",
            title="Predicted from one member of each kind, and measured",
            n=counts[-1],
        )
        below.plot(counts, [100 * each.off for each in compared], **SERIES[0])
        for edge in (-5, 5):
            below.axhline(edge, color=INK, linewidth=1)
        below.set_ylim(-7, 7)
        below.set_xticks(counts, [f"{count:,}" for count in counts])
        label(below, x="members loaded through the mailbox", y="off by, %", title="Within the promised 5 %")
        return picture(figure, "Predicted and measured memory by number of members")


def session_stairs(found: Sequence[Stair], today: Mapping[str, int]) -> Picture:
    """The size classes of a string, and today's sessions among them."""
    with styled():
        figure, axes = subplots(height=4.0)
        lengths = [stair.length for stair in found]
        axes.step(lengths, [stair.usage for stair in found], where="post", color=SERIES[0]["color"], linewidth=1.8)
        usage = {stair.length: stair.usage for stair in found}
        sizes = sorted(today.values())
        axes.plot(
            sizes,
            [usage[size] for size in sizes],
            linestyle="",
            marker="o",
            markersize=5,
            markerfacecolor="white",
            markeredgecolor=SERIES[1]["color"],
            label=f"today's sessions, one of each of {len(sizes)} steps",
        )
        longest = max(today, key=lambda step: today[step])
        axes.annotate(
            f"{longest}\n{today[longest]} bytes",
            (today[longest], usage[today[longest]]),
            (-8, 14),
            textcoords="offset points",
            ha="right",
            fontsize=9,
        )
        edge = next(length for length, _ in treads(found) if length >= today[longest])
        axes.axvline(edge, color=INK, linewidth=0.8, linestyle=":")
        axes.text(edge - 6, axes.get_ylim()[0] + 20, f"up to {edge} it costs nothing more", fontsize=9, ha="right")
        axes.legend(loc="upper left")
        label(
            axes,
            x="bytes of the session",
            y="bytes of the key (MEMORY USAGE)",
            title="The allocator's stairs, and today's sessions on them",
            n=len(sizes),
        )
        return picture(figure, "Bytes of a session key by bytes of the session, in stairs")


def lease_stairs(found: Sequence[Stair], longest: int) -> Picture:
    """A lease whose field exceeds the limit of a listpack."""
    with styled():
        figure, axes = subplots(height=3.2)
        lengths, usage = [stair.length for stair in found], [stair.usage for stair in found]
        axes.step(lengths, usage, where="post", color=SERIES[0]["color"], linewidth=1.8)
        packed = max(stair.usage for stair in found if stair.length <= 64)  # noqa: PLR2004 - hash-max-listpack-value
        axes.annotate("packed list", (25, packed), (0, 8), textcoords="offset points", fontsize=9)
        axes.annotate(
            "hash table", (lengths[-1], usage[-1]), (-4, -16), textcoords="offset points", fontsize=9, ha="right"
        )
        here = next(stair for stair in found if stair.length == longest)
        axes.plot(
            [here.length],
            [here.usage],
            linestyle="",
            marker="o",
            markersize=7,
            markerfacecolor="white",
            markeredgecolor=SERIES[1]["color"],
        )
        axes.annotate(
            f"our longest field: {longest} bytes",
            (here.length, here.usage),
            (0, -30),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
        axes.set_ylim(bottom=0)
        label(
            axes,
            x="bytes of the longest of three fields",
            y="bytes of the key",
            title="One field over 64 bytes makes a hash a table",
            n=len(found),
        )
        return picture(figure, "Bytes of a hash of three fields by bytes of the longest")


def seen(as_it_is: Sequence[Seen], longer: Sequence[Seen]) -> Picture:
    """The memory of raw message ids compared with digests."""
    counts = [each.messages for each in as_it_is]
    short, long = (len(each[0].raw_ids.parts[0]) for each in (as_it_is, longer))
    lines = (
        (f"hash, raw ids of {long} bytes", [each.hash_of_ids.usage for each in longer]),
        (f"sorted set, raw ids of {short} bytes", [each.raw_ids.usage for each in as_it_is]),
        ("sorted set, digests of 16 bytes (as it is)", [each.digests.usage for each in as_it_is]),
    )
    with styled():
        figure, axes = subplots(height=3.8)
        for (name, sizes), style in zip(lines, (SERIES[1], SERIES[2], SERIES[0]), strict=True):
            axes.plot(counts, [size / KIB for size in sizes], label=name, **style)
            axes.annotate(f"{sizes[-1] / KIB:.1f}", (counts[-1], sizes[-1] / KIB), (6, -3), textcoords="offset points")
        axes.legend(loc="upper left")
        axes.set_ylim(bottom=0)
        axes.set_xticks(counts)
        axes.margins(x=0.08)
        label(
            axes,
            x="messages of a member within seven days",
            y="KiB of the key",
            title="Knowing a member's messages: what digests save",
            n=counts[-1],
        )
        return picture(figure, "KiB of the key that knows messages, kept in three ways")


def speed(speeds: Sequence[Speed]) -> Picture:
    """The throughput under each ``appendfsync`` policy."""
    with styled():
        figure, axes = subplots(height=2.6)
        for place, (each, tone) in enumerate(zip(speeds, TONES, strict=False)):
            axes.barh(place, each.per_second, height=0.6, **tone)
            said = f"{each.per_second:,.0f} a second; 1 of 100 waits over {each.slow_ms:.1f} ms"
            axes.annotate(said, (each.per_second, place), (6, 0), textcoords="offset points", va="center", fontsize=9)
        axes.set_yticks(range(len(speeds)), [f"appendfsync {each.fsync}" for each in speeds])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, max(each.per_second for each in speeds) * 1.8)
        label(
            axes,
            x="messages stored a second, 8 writers",
            y="",
            title="What it costs that nothing is lost",
            n=sum(each.messages for each in speeds),
        )
        return picture(figure, "Messages stored a second under each appendfsync")


def flooded(floods: Sequence[Flood]) -> Picture:
    """The fate of messages beyond the memory limit, under each policy."""
    with styled():
        figure, axes = subplots(height=3.0)
        for place, each in enumerate(floods):
            left = 0
            pieces = (
                ("stored and answered", each.answered),
                ("refused: WhatsApp brings it again", each.refused),
                ("stored, and lost", each.lost),
            )
            for (name, count), tone in zip(pieces, (TONES[1], TONES[4], TONES[3]), strict=True):
                axes.barh(place, count, left=left, height=0.6, label=name if place == 0 else None, **tone)
                if count:
                    axes.text(
                        left + count / 2,
                        place,
                        f"{count:,}",
                        ha="center",
                        va="center",
                        fontsize=9,
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
                    )
                left += count
            axes.text(left + 15, place, f"{each.twice} answered twice", va="center", fontsize=9)
        axes.set_yticks(range(len(floods)), [each.policy for each in floods])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.12)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), ncol=3)
        total = floods[0].stored + floods[0].refused
        label(
            axes,
            x="messages that came when little room was left",
            y="",
            title="A full state under each policy",
            n=total,
        )
        return picture(figure, "Messages answered, refused and lost under three eviction policies")
