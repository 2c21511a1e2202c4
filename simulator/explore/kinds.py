"""The kinds of faults that the nemesis injects. Each draws a step, or nothing if it does not fit at the moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from simulator.script.directives import Step
from simulator.script.directives.bot import (
    Deploy,
    FreezeAt,
    KillAt,
    KillProcess,
    SkewClock,
    StartProcess,
    StopProcess,
)
from simulator.script.directives.core import BreakCore, SetQuirks
from simulator.script.directives.redis import (
    BackUpState,
    BreakConnection,
    FillState,
    FlushCache,
    LoseReply,
    RestartState,
    RestoreState,
    SwitchRedis,
)
from simulator.script.directives.scene import Wait
from simulator.script.directives.whatsapp import (
    BreakGraph,
    BreakNetwork,
    ChangeDelivery,
    DelayWebhook,
    HoldWebhooks,
    ReleaseWebhooks,
    RepeatWebhook,
)
from simulator.units import read_duration_ms
from simulator.world.failpoints import POINTS, SCRIPTS
from simulator.world.faults import (
    GRAPH_FAILURES,
    LATE_FAILURES,
    WEBHOOK_FAILURES,
    Effect,
    Fault,
    GraphFault,
    make_fault,
)

__all__ = ("KINDS", "LOSSY", "PEOPLE_KINDS", "FaultContext", "FaultKind", "core_outage")

WRITES: Final = ("createCredex", "acceptCredex", "declineCredex", "cancelCredex", "onboardMember")
READS: Final = ("login", "login", "getAccountByHandle", "getCredex", "getLedger", "")
"""Endpoints to fail; empty for all, and those that matter more named more often."""

COMMON_FAILURES: Final = ("400", "401", "404", "429", "500", "503", "timeout", "reset", "refused")
TRANSIENT_CODES: Final = (131056, 130429, 131000, 1, 2, 4, 80007)
ACCOUNT_CODES: Final = (10, 190, 368, 131031, 131042)

QUIRKS: Final = (
    "empty_as_object", "nested_envelopes", "low_high_integers", "duplicate_accounts", "negative_outgoing",
    "negative_zero", "null_remaining", "null_tier", "reason_only", "ledger_without_ids",
)  # fmt: skip
IMPORTANT: Final = tuple(
    point for point in POINTS if point.endswith((*WRITES, " commit", " store_pending_writes", " messages", " ack"))
)
OFTEN: Final = ("ingest", "commit", "ack", "store_pending_writes")
"""The scripts that run for every message; replies to others are seldom under way."""

SIDES: Final = ("before", "after")
FROZEN: Final = (
    "before commit", "after commit", "before store_pending_writes", "after store_pending_writes",
    "before ack", "before release",
)  # fmt: skip


@dataclass(slots=True)
class FaultContext:
    """What a kind of fault knows when it draws.

    Attributes:
        processes: how many processes the bot has.
        broken: what is broken until it is repaired, by name, with the step that repairs it.
    """

    rng: random.Random
    processes: int
    broken: dict[str, Step] = field(default_factory=dict)

    def breaks(self, name: str, step: Step, repaired_by: Step) -> Step | None:
        """A step that breaks something until it is repaired; None if that is broken already."""
        if name in self.broken:
            return None
        self.broken[name] = repaired_by
        return step

    def process(self) -> int:
        """The number of one of the processes."""
        return self.rng.randint(1, self.processes)


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault.

    Attributes:
        words: what it does, for the help.
        draw: draws a step, or None.
    """

    name: str
    words: str
    draw: Callable[[FaultContext], Step | None]


def _duplicates(context: FaultContext) -> Step | None:
    if context.rng.random() < 0.5:  # noqa: PLR2004 - a probability, as below
        return RepeatWebhook(context.rng.randint(2, 4))
    return DelayWebhook(times=context.rng.randint(2, 3), at_once=True)


def _delays(context: FaultContext) -> Step | None:
    if context.rng.random() < 0.6:  # noqa: PLR2004
        return DelayWebhook(late_ms=context.rng.choice((1, 3, 10, 30, 90, 400)) * 1_000)
    return context.breaks("hold", HoldWebhooks(), ReleaseWebhooks())


def _disorder(context: FaultContext) -> Step | None:
    option, usual = context.rng.choice(
        (("in_order", True), ("reversed_statuses", False), ("status_before_answer", False), ("skip_delivered", False))
    )
    if context.rng.random() < 0.2:  # noqa: PLR2004
        return context.breaks("batch", ChangeDelivery((("batch_ms", 2_000),)), ChangeDelivery((("batch_ms", 1),)))
    return context.breaks(option, ChangeDelivery(((option, not usual),)), ChangeDelivery(((option, usual),)))


def _losses(context: FaultContext) -> Step | None:
    failure = context.rng.choice(WEBHOOK_FAILURES)
    when = "before" if failure == "refused" else context.rng.choice(SIDES)
    return BreakNetwork(make_fault(failure, after=when == "after", times=context.rng.randint(1, 3)))


def _graph(context: FaultContext) -> Step | None:
    rng = context.rng
    if rng.random() < 0.5:  # noqa: PLR2004
        code = rng.choice(TRANSIENT_CODES if rng.random() < 0.8 else ACCOUNT_CODES)  # noqa: PLR2004
        return BreakGraph(GraphFault(code=code, times=rng.randint(1, 3)))
    failure = rng.choice(GRAPH_FAILURES)
    accepted = failure != "refused" and rng.random() < 0.6  # noqa: PLR2004
    return BreakGraph(GraphFault(make_fault(failure, rng.choice(("messages", "")), after=accepted)))


def core_outage(rng: random.Random, *, spares: int) -> Step:
    """Core fails in the middle of its work: it handles requests without answers, and nobody can look for a while."""
    failure, times = rng.choice(LATE_FAILURES), rng.choice((4, 8, 16))
    return BreakCore(make_fault(failure, after=True, times=times, spares=spares))


def _core(context: FaultContext) -> Step | None:
    rng = context.rng
    if rng.random() < 0.1:  # noqa: PLR2004
        return core_outage(rng, spares=rng.randint(1, 3))
    endpoint = rng.choice(WRITES) if rng.random() < 0.6 else rng.choice(READS)  # noqa: PLR2004
    slow_ms = rng.choice((2, 5, 9, 12, 20)) * 1_000 if rng.random() < 0.2 else 0  # noqa: PLR2004
    failure = "" if slow_ms else rng.choice(COMMON_FAILURES)
    pause_ms = rng.choice((1, 2, 4, 7, 20)) * 1_000 if failure == "429" else 0
    after, late_ms = rng.random() < 0.5 and failure != "refused", 0  # noqa: PLR2004
    if not after and endpoint in WRITES and failure in LATE_FAILURES and rng.random() < 0.5:  # noqa: PLR2004
        late_ms = rng.choice((2, 5, 8)) * 1_000
    times = rng.choice((1, 1, 1, 2, 3, 8))
    spares = rng.randint(1, 2) if rng.random() < 0.2 else 0  # noqa: PLR2004
    if slow_ms:
        return BreakCore(Fault(Effect.SLOW, endpoint, after=after, times=times, slow_ms=slow_ms, spares=spares))
    fault = make_fault(failure, endpoint, after=after, times=times, pause_ms=pause_ms, spares=spares, late_ms=late_ms)
    return BreakCore(fault)


def _quirks(context: FaultContext) -> Step | None:
    return SetQuirks((context.rng.choice(QUIRKS),))


def _kills(context: FaultContext) -> Step | None:
    rng = context.rng
    if rng.random() < 0.15:  # noqa: PLR2004
        return KillProcess(context.process())
    return KillAt(rng.choice(IMPORTANT if rng.random() < 0.75 else POINTS))  # noqa: PLR2004


def _freezes(context: FaultContext) -> Step | None:
    rng = context.rng
    often = rng.random() < 0.7  # noqa: PLR2004
    return FreezeAt(rng.choice(FROZEN) if often else f"{rng.choice(SIDES)} {rng.choice(SCRIPTS)}")


def _replies(context: FaultContext) -> Step | None:
    script = context.rng.choice(OFTEN if context.rng.random() < 0.6 else SCRIPTS)  # noqa: PLR2004
    return LoseReply(script) if context.rng.random() < 0.6 else BreakConnection(script)  # noqa: PLR2004


def _state(context: FaultContext) -> Step | None:
    if context.rng.random() < 0.5:  # noqa: PLR2004
        return RestartState()
    return context.breaks("state", SwitchRedis(state_down=True), SwitchRedis(state_down=False))


def _backups(context: FaultContext) -> Step | None:
    # A backup does no harm by itself; the writes between it and the restore are lost.
    return context.breaks("backup", BackUpState(), RestoreState())


def _full(context: FaultContext) -> Step | None:
    return context.breaks("full", FillState(), FillState(full=False))


def _cache(context: FaultContext) -> Step | None:
    if context.rng.random() < 0.6:  # noqa: PLR2004
        return FlushCache()
    return context.breaks("cache", SwitchRedis(cache_down=True), SwitchRedis(cache_down=False))


def _clocks(context: FaultContext) -> Step | None:
    number = context.process()
    by_ms = context.rng.choice((-1, -2, 1, 5, 40)) * 1_000
    return context.breaks(f"clock {number}", SkewClock(number, by_ms), SkewClock(number, 0))


def _releases(context: FaultContext) -> Step | None:
    number = context.process()
    if context.rng.random() < 0.6:  # noqa: PLR2004
        return Deploy("next", number)
    # Records of the next release wait until it is deployed again.
    return context.breaks("release", Deploy("this", number), Deploy("next"))


def _deploys(context: FaultContext) -> Step | None:
    if context.rng.random() < 0.5:  # noqa: PLR2004
        return Deploy("same")
    number = context.process()
    return context.breaks(f"stop {number}", StopProcess(number), StartProcess(number))


def _leaves(context: FaultContext) -> Step | None:
    return Wait(read_duration_ms(context.rng.choice(("20 s", "2 min", "4 min 58 s", "6 min", "30 min", "2 h"))))


_ALL: Final = (
    FaultKind("duplicates", "webhooks are delivered several times, one after the other or at once", _duplicates),
    FaultKind("delays", "webhooks are delivered late, or held back for a while", _delays),
    FaultKind("disorder", "webhooks in any order or in batches; statuses reversed, too early, or left out", _disorder),
    FaultKind("losses", "webhooks or the answers to them are lost, and WhatsApp delivers again", _losses),
    FaultKind("whatsapp", "WhatsApp refuses, throttles, does not answer, or accepts and its answer is lost", _graph),
    FaultKind("credex", "Credex core is slow, fails, limits calls, or does what was asked and then fails", _core),
    FaultKind("quirks", "Credex core answers with its known quirks", _quirks),
    FaultKind("kills", "a process is killed: now, or at a failpoint between claim and commit", _kills),
    FaultKind("freezes", "a worker freezes for longer than its lease", _freezes),
    FaultKind(
        "answers", "the state Redis runs a script and its reply is lost, or the connection breaks before", _replies
    ),
    FaultKind("state", "the state Redis is down for a while, or restarts with what it acknowledged", _state),
    FaultKind("full", "the state Redis is at its memory limit", _full),
    FaultKind("cache", "the cache Redis is down, or loses everything", _cache),
    FaultKind("clocks", "a process's clock is behind or ahead", _clocks),
    FaultKind("releases", "the next release runs beside this one, in both directions", _releases),
    FaultKind("deploys", "processes are replaced one after the other, or one is stopped", _deploys),
    FaultKind("leaves", "people leave for minutes or hours", _leaves),
)

KINDS: Final[Mapping[str, FaultKind]] = {kind.name: kind for kind in _ALL}
"""What the nemesis does to the world, by name."""

LOSSY: Final = FaultKind("backups", "the state Redis comes back without its last writes", _backups)
"""Not among the others: the invariants hold only as long as the state keeps what it acknowledged."""

PEOPLE_KINDS: Final[Mapping[str, str]] = {
    "hurry": "people type before they are answered, and faults occur in the middle of a turn",
    "double taps": "people confirm twice",
    "old taps": "people tap old buttons",
    "several": "people send several messages in one webhook, or at once",
    "media": "people send pictures, voice notes, places",
    "in core": "people offer, accept, decline and cancel in Credex core directly, also what they do through the bot",
    "notices": "Credex core sends people messages through the bot and reports events, some twice or without a member",
    "phones": "phones are off for a while",
    "hidden numbers": "people have usernames, hide their phone numbers and show them again",
    "forms": "the bot asks by forms, and people submit them, also old ones and without their token",
}
"""The faults that people cause themselves."""
