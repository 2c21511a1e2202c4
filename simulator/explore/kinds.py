"""The kinds of trouble that an adversary makes: each draws a line of a conversation, or nothing if it does not fit."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from simulator.explore.draft import YamlEntry
from simulator.world.failpoints import POINTS, SCRIPTS

__all__ = ("KINDS", "LOSSY", "PEOPLE_KINDS", "FaultContext", "FaultKind", "core_outage")

WRITES: Final = ("createCredex", "acceptCredex", "declineCredex", "cancelCredex", "onboardMember")
READS: Final = ("login", "login", "getAccountByHandle", "getCredex", "getLedger", "everything")
CORE_WAYS: Final = ("400", "401", "404", "429", "500", "503", "timeout", "reset", "refused")
GRAPH_PASSING: Final = (131056, 130429, 131000, 1, 2, 4, 80007)
GRAPH_STOPPING: Final = (10, 190, 368, 131031, 131042)
GRAPH_WAYS: Final = ("500", "503", "timeout", "reset", "refused")
NETWORK_WAYS: Final = ("503", "timeout", "reset", "refused")
LATE_WAYS: Final = ("500", "503", "timeout", "reset")
"""After these core may still do it; within what the bot waits before it judges."""

QUIRKS: Final = (
    "empty_as_object", "nested_envelopes", "low_high_integers", "duplicate_accounts", "negative_outgoing",
    "negative_zero", "null_remaining", "null_tier", "reason_only", "ledger_without_ids",
)  # fmt: skip
IMPORTANT: Final = tuple(
    point for point in POINTS if point.endswith((*WRITES, " commit", " store_pending_writes", " messages", " ack"))
)
OFTEN: Final = ("ingest", "commit", "ack", "store_pending_writes")
"""What runs with every message; the answer to anything else is seldom on its way."""

SIDES: Final = ("before", "after")
FROZEN: Final = (
    "before commit", "after commit", "before store_pending_writes", "after store_pending_writes",
    "before ack", "before release",
)  # fmt: skip


@dataclass(slots=True)
class FaultContext:
    """What an adversary knows when it draws: its chance, how many processes there are, and what is broken now.

    Attributes:
        broken: what lasts until it is mended, by its kind, with the line that mends it.
    """

    rng: random.Random
    processes: int
    broken: dict[str, YamlEntry] = field(default_factory=dict)

    def breaks(self, kind: str, said: YamlEntry, mended_by: YamlEntry) -> YamlEntry | None:
        """Something that lasts; nothing if it is so already."""
        if kind in self.broken:
            return None
        self.broken[kind] = mended_by
        return said

    def process(self) -> str:
        """One of the processes."""
        return str(self.rng.randint(1, self.processes))


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of trouble: its name, what it is in words, and how it is drawn."""

    name: str
    words: str
    draw: Callable[[FaultContext], YamlEntry | None]


def _duplicates(around: FaultContext) -> YamlEntry | None:
    if around.rng.random() < 0.5:  # noqa: PLR2004 - shares, here and below
        return "again", str(around.rng.randint(2, 4))
    return "webhook", {"times": around.rng.randint(2, 3), "at once": True}


def _delays(around: FaultContext) -> YamlEntry | None:
    if around.rng.random() < 0.6:  # noqa: PLR2004
        return "webhook", {"late": f"{around.rng.choice((1, 3, 10, 30, 90, 400))} s"}
    return around.breaks("hold", ("hold", True), ("release", None))


def _disorder(around: FaultContext) -> YamlEntry | None:
    how, instead = around.rng.choice(
        (("in_order", True), ("reversed_statuses", False), ("status_before_answer", False), ("skip_delivered", False))
    )
    if around.rng.random() < 0.2:  # noqa: PLR2004
        return around.breaks("batch", ("webhooks", {"batch_ms": "2 s"}), ("webhooks", {"batch_ms": "1 ms"}))
    return around.breaks(how, ("webhooks", {how: not instead}), ("webhooks", {how: instead}))


def _losses(around: FaultContext) -> YamlEntry | None:
    way = around.rng.choice(NETWORK_WAYS)
    when = "before" if way == "refused" else around.rng.choice(("before", "after"))
    return "network", {"with": way, "when": when, "times": around.rng.randint(1, 3)}


def _graph(around: FaultContext) -> YamlEntry | None:
    rng = around.rng
    if rng.random() < 0.5:  # noqa: PLR2004
        code = rng.choice(GRAPH_PASSING if rng.random() < 0.8 else GRAPH_STOPPING)  # noqa: PLR2004
        return "graph", {"fails": "messages", "with": code, "times": rng.randint(1, 3)}
    way = rng.choice(GRAPH_WAYS)
    accepted = way != "refused" and rng.random() < 0.6  # noqa: PLR2004
    return "graph", {"fails": rng.choice(("messages", "everything")), "with": way, "accepted": accepted}


def core_outage(rng: random.Random, *, spares: int) -> YamlEntry:
    """Core goes down while it is at work: what it still does nobody is told, and nobody can look for a while."""
    fault = {"fails": "everything", "with": rng.choice(LATE_WAYS), "when": "after", "spares": spares}
    return "core", {**fault, "times": rng.choice((4, 8, 16))}


def _core(around: FaultContext) -> YamlEntry | None:
    rng = around.rng
    if rng.random() < 0.1:  # noqa: PLR2004
        return core_outage(rng, spares=rng.randint(1, 3))
    where = rng.choice(WRITES) if rng.random() < 0.6 else rng.choice(READS)  # noqa: PLR2004
    fault: dict[str, object] = {"fails": where}
    if rng.random() < 0.2:  # noqa: PLR2004
        fault["slow"] = f"{rng.choice((2, 5, 9, 12, 20))} s"
    else:
        fault["with"] = rng.choice(CORE_WAYS)
    if fault.get("with") == "429":
        fault["pause"] = f"{rng.choice((1, 2, 4, 7, 20))} s"
    if rng.random() < 0.5 and fault.get("with") != "refused":  # noqa: PLR2004
        fault["when"] = "after"
    elif where in WRITES and fault.get("with") in LATE_WAYS and rng.random() < 0.5:  # noqa: PLR2004
        fault["late"] = f"{rng.choice((2, 5, 8))} s"
    fault["times"] = rng.choice((1, 1, 1, 2, 3, 8))
    if rng.random() < 0.2:  # noqa: PLR2004
        fault["spares"] = rng.randint(1, 2)
    return "core", fault


def _quirks(around: FaultContext) -> YamlEntry | None:
    return "odd", around.rng.choice(QUIRKS)


def _kills(around: FaultContext) -> YamlEntry | None:
    rng = around.rng
    if rng.random() < 0.15:  # noqa: PLR2004
        return "process", {around.process(): "killed"}
    return "bot", f"killed at {rng.choice(IMPORTANT if rng.random() < 0.75 else POINTS)}"  # noqa: PLR2004


def _freezes(around: FaultContext) -> YamlEntry | None:
    rng = around.rng
    often = rng.random() < 0.7  # noqa: PLR2004
    return "bot", f"frozen at {rng.choice(FROZEN) if often else f'{rng.choice(SIDES)} {rng.choice(SCRIPTS)}'}"


def _answers(around: FaultContext) -> YamlEntry | None:
    script = around.rng.choice(OFTEN if around.rng.random() < 0.6 else SCRIPTS)  # noqa: PLR2004
    return ("redis", {"loses": script}) if around.rng.random() < 0.6 else ("state redis", {"drops": script})  # noqa: PLR2004


def _state(around: FaultContext) -> YamlEntry | None:
    if around.rng.random() < 0.5:  # noqa: PLR2004
        return "state redis", "restarted"
    return around.breaks("state", ("redis", {"state": "down"}), ("redis", {"state": "up"}))


def _backups(around: FaultContext) -> YamlEntry | None:
    # Not a fault by itself: what comes between the two is lost.
    restored: YamlEntry = ("state redis", "restored")
    return around.breaks("backup", ("state redis", "backed up"), restored)


def _full(around: FaultContext) -> YamlEntry | None:
    return around.breaks("full", ("state redis", "full"), ("state redis", "has room"))


def _cache(around: FaultContext) -> YamlEntry | None:
    if around.rng.random() < 0.6:  # noqa: PLR2004
        return "cache redis", "flushed"
    return around.breaks("cache", ("redis", {"cache": "down"}), ("redis", {"cache": "up"}))


def _clocks(around: FaultContext) -> YamlEntry | None:
    which = around.process()
    how = around.rng.choice(("1 s behind", "2 s behind", "1 s ahead", "5 s ahead", "40 s ahead"))
    return around.breaks(f"clock {which}", ("process", {which: f"clock {how}"}), ("process", {which: "clock right"}))


def _releases(around: FaultContext) -> YamlEntry | None:
    which = around.process()
    if around.rng.random() < 0.6:  # noqa: PLR2004
        return "process", {which: "becomes the next release"}
    # What the next one has stored waits until it is back.
    return around.breaks("release", ("process", {which: "becomes this release"}), ("deploy", "next release"))


def _deploys(around: FaultContext) -> YamlEntry | None:
    if around.rng.random() < 0.5:  # noqa: PLR2004
        return "deploy", "same release"
    which = around.process()
    return around.breaks(f"stop {which}", ("process", {which: "stops"}), ("process", {which: "starts"}))


def _leaves(around: FaultContext) -> YamlEntry | None:
    return "wait", around.rng.choice(("20 s", "2 min", "4 min 58 s", "6 min", "30 min", "2 h"))


_ALL: Final = (
    FaultKind("duplicates", "webhooks come several times, one after the other or at once", _duplicates),
    FaultKind("delays", "webhooks come late, or are held up for a while", _delays),
    FaultKind(
        "disorder", "webhooks in any order or in batches; statuses in reverse, too early, or left out", _disorder
    ),
    FaultKind("losses", "webhooks or the answers to them are lost on the way, and come again", _losses),
    FaultKind("whatsapp", "WhatsApp refuses, throttles, does not answer, or takes it and the answer is lost", _graph),
    FaultKind("credex", "Credex core is slow, fails, limits calls, or does it and fails", _core),
    FaultKind("quirks", "Credex core answers in its odd ways", _quirks),
    FaultKind("kills", "a process is killed: now, or at one of the points between claim and commit", _kills),
    FaultKind("freezes", "a worker stands still for longer than its lease", _freezes),
    FaultKind(
        "answers", "the state Redis runs a script and the answer is lost, or the connection breaks before", _answers
    ),
    FaultKind("state", "the state Redis is away for a while, or restarts on what it acknowledged", _state),
    FaultKind("full", "the state Redis is at its memory limit", _full),
    FaultKind("cache", "the cache Redis is away, or loses everything", _cache),
    FaultKind("clocks", "a process's clock is behind or ahead", _clocks),
    FaultKind("releases", "the next release runs beside this one, forward and back", _releases),
    FaultKind("deploys", "processes are replaced one after the other, or one is away", _deploys),
    FaultKind("leaves", "people leave for minutes or hours", _leaves),
)

KINDS: Final[Mapping[str, FaultKind]] = {kind.name: kind for kind in _ALL}
"""What an adversary does to the world, by name."""

LOSSY: Final = FaultKind("backups", "the state Redis comes back without its last writes", _backups)
"""Apart from the others: what the bot promises, it promises as long as the state keeps what it acknowledged."""

PEOPLE_KINDS: Final[Mapping[str, str]] = {
    "hurry": "people type while they are being answered, and faults strike in the middle of a turn",
    "double taps": "people confirm twice",
    "old taps": "people tap old buttons",
    "several": "people send several messages in one webhook, or at once",
    "media": "people send pictures, voice notes, places",
    "in core": "people offer, accept, decline, take back in Credex core directly, and the same as through the bot",
    "notices": "Credex core has the bot tell people something, and reports what changed: twice, too, or of nobody",
    "phones": "phones are off for a while",
    "hidden numbers": "people have usernames, hide their phone numbers and show them again",
    "forms": "the bot asks by forms, and people submit them, old ones and without their token too",
}
"""The trouble that people make themselves."""
