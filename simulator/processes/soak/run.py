"""The soak: load and faults for a time, then no faults until all work is done, then the checks."""

from __future__ import annotations

import asyncio
import random
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from service.domain import Denomination, Money
from simulator.explore.invariants.claims import Meaning
from simulator.people import persona
from simulator.processes.soak.chaos import Chaos
from simulator.processes.soak.ledger_audit import ONCE, LedgerAudit, Violation
from simulator.processes.soak.stack import CONFIG, NotInTimeError, Stack, eventually, handle_of, phone_of, start_stack
from simulator.processes.soak.users import NOT_AGAIN, Counters, Pacer, SoakUser
from simulator.whatsapp_cloud import Event, Shown, WebhookAnswered, WebhookDropped

__all__ = ("Options", "Progress", "Result", "soak")

STRANGERS: Final = 7
"""One user in so many is no member at the start, and registers."""

BALANCE: Final = Money(Decimal(100_000), Denomination.USD)
STRIDE: Final = 10_000
"""More than the number of users of any soak."""

DRAIN_S: Final = 720
"""The bot reconciles an unknown write after ten minutes at the latest; no other wait is longer."""

IDLE_CHECKS: Final = 5
"""The number of checks in a row without work: work in transit is not seen by a single one."""

CHECK_EVERY_S: Final = 0.4
TRIM_EVERY_S: Final = 2.0
LOST: Final = "no message is lost"
TWICE: Final = frozenset({ONCE, NOT_AGAIN})

MAX_RECORDS: Final = 500
"""The records of the simulated services are cleared when there are more."""


@dataclass(frozen=True, slots=True)
class Options:
    """The parameters of a soak.

    Attributes:
        seconds: the time under load and faults; unfinished actions are completed afterwards.
        seed: of the users' actions and the faults.
        members: the number of users.
        rate: messages per second, of all users together.
        processes: of the service.
        module: the module to run as the service.
        variables: further environment variables of the service.
        drain_s: the longest time until no work is left.
    """

    seconds: int = 60
    seed: int = 1
    members: int = 60
    rate: float = 10.0
    processes: int = 2
    module: str = "service"
    variables: Mapping[str, str] = field(default_factory=dict)
    drain_s: float = DRAIN_S


@dataclass(slots=True)
class Result:
    """The result of a soak.

    Attributes:
        figures: counts by name, in the order to print them.
        violations: the violated invariants.
        evidence: the folder with logs and transcripts; None without violations.
    """

    figures: dict[str, int | float]
    violations: list[Violation]
    evidence: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The phase of a running soak, its share done, and the counts so far."""

    phase: str
    share: float
    figures: dict[str, int | float]


OnProgress = Callable[[Progress], None]


async def soak(options: Options, on_progress: OnProgress) -> Result:
    """Run a soak. Everything that it starts has stopped when it returns or raises.

    Raises:
        ProgramError: redis-server is not installed, or a program did not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="vimbisopay-soak-"))
    keep = False
    try:
        config = replace(CONFIG, pair_every_ms=None)
        here = start_stack(
            bots=options.processes,
            seed=options.seed,
            config=config,
            module=options.module,
            variables=options.variables,
            folder=folder,
        )
        async with here as made:
            run = _Soak(options, made, on_progress)
            violations = await run.run()
        lost = sum(each.invariant == LOST for each in violations)
        twice = sum(each.invariant in TWICE for each in violations)
        result = Result(run.figures() | {"lost": lost, "twice": twice}, violations)
        if violations:
            keep = True
            result.evidence = folder
            run.write_transcripts(folder)
        return result
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class _Webhooks:
    """Counts of webhooks."""

    delivered: int = 0
    failed: int = 0
    dropped: list[str] = field(default_factory=list)


class _Soak:
    def __init__(self, options: Options, here: Stack, on_progress: OnProgress) -> None:
        self._options = options
        self._stack = here
        self._on_progress = on_progress
        self._audit = LedgerAudit()
        self._counters = Counters()
        self._pacer = Pacer(options.rate)
        self._chaos = Chaos(here, options.seed, options.seconds)
        self._webhooks = _Webhooks()
        self._users: dict[str, SoakUser] = {}
        self._began = time.monotonic()
        self._load_s = 0.0
        self._drain_s = 0.0
        here.on_event = self._handle_event

    # -- the phases -------------------------------------------------------------------------------------------------

    async def run(self) -> list[Violation]:
        """Run all phases and return the violations."""
        durability = await self._stack.durability()
        tasks = self._start_users()
        self._began = time.monotonic()
        await self._load(tasks)
        self._load_s = time.monotonic() - self._began
        await self._chaos.repair()
        left = await self._drain(tasks)
        self._drain_s = time.monotonic() - self._began - self._load_s
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
        return [*self._durable(durability, await self._stack.durability()), *self._check(left)]

    def _start_users(self) -> list[asyncio.Task[None]]:
        options = self._options
        crowd = [number for number in range(options.members) if number % STRANGERS != STRANGERS - 1]
        for number in range(options.members):
            who, is_member = persona(options.seed, number), number % STRANGERS != STRANGERS - 1
            if is_member:
                user = self._stack.add_member(who, number)
                self._stack.world.core.fund(handle_of(number), BALANCE)
                self._audit.funded(phone_of(number), BALANCE)
            else:
                user = self._stack.add_user(who, number)
            soak_user = SoakUser(
                user.handset,
                who,
                number,
                chance=random.Random(f"{options.seed}:{number}"),
                audit=self._audit,
                pacer=self._pacer,
                counters=self._counters,
                crowd=crowd,
                stride=STRIDE,
                member=is_member,
            )
            self._users[soak_user.phone] = soak_user
        return [asyncio.create_task(user.run(self._going_on)) for user in self._users.values()]

    def _going_on(self) -> bool:
        return time.monotonic() - self._began < self._options.seconds

    async def _load(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        faults = asyncio.create_task(self._chaos.run())
        trimmed = time.monotonic()
        try:
            while self._going_on():
                self._show("load and faults", (time.monotonic() - self._began) / self._options.seconds)
                done, _ = await asyncio.wait([faults, *tasks], timeout=CHECK_EVERY_S, return_when="FIRST_EXCEPTION")
                for task in done:
                    task.result()
                if time.monotonic() - trimmed > TRIM_EVERY_S:
                    trimmed = time.monotonic()
                    self._trim_records()
        finally:
            faults.cancel()
            await asyncio.gather(faults, return_exceptions=True)

    async def _drain(self, tasks: Sequence[asyncio.Task[None]]) -> list[str]:
        """Wait until no work is left. Returns the work that is still there in the end.

        If no work is left and a user still waits, their message is lost; waiting longer is useless.
        """
        began, checks, left = time.monotonic(), 0, ["(not checked yet)"]

        async def idle() -> bool:
            nonlocal checks, left
            self._show("draining", min(1.0, (time.monotonic() - began) / self._options.drain_s))
            for task in tasks:
                if task.done():
                    task.result()
            left = [*await self._stack.unfinished_work(), *["a webhook is under way"] * self._stack.world.cloud.busy()]
            checks = 0 if left else checks + 1
            return checks >= IDLE_CHECKS

        try:
            await eventually(idle, "no work is left", within_s=self._options.drain_s, every_s=CHECK_EVERY_S)
        except NotInTimeError:
            return left
        return []

    # -- the checks -------------------------------------------------------------------------------------------------

    @staticmethod
    def _durable(*found: tuple[str, str, str]) -> list[Violation]:
        """Check the state Redis's settings before and after; a kill does not prove that it syncs."""
        wanted = ("yes", "always", "noeviction")
        wrong = sorted({one for one in found if one != wanted})
        return [
            Violation("acknowledged writes are on disk", "the state Redis", f"{one} instead of {wanted}")
            for one in wrong
        ]

    def _check(self, left: Sequence[str]) -> list[Violation]:
        for user in self._users.values():
            user.check_idle()
        violations = [*self._audit.violations, *self._chaos.violations, *self._audit.check(self._stack.world.core)]
        violations += [Violation("all work comes to an end", "the state Redis", item) for item in left]
        violations += [
            Violation(LOST, user.phone, f"no answer to {user.waiting_for!r}")
            for user in self._users.values()
            if user.waiting_for
        ]
        return [*violations, *[Violation(LOST, "WhatsApp", reason) for reason in self._webhooks.dropped]]

    def figures(self) -> dict[str, int | float]:
        """All counts, by name."""
        told, done, proxies = self._audit.figures, self._chaos.done, self._stack.proxies
        each = (proxies.state, proxies.cache, proxies.core, proxies.graph)
        sums: Counter[str] = sum((proxy.fault_counts for proxy in each), Counter())
        return {
            "seconds of load": round(self._load_s, 1),
            "seconds to drain": round(self._drain_s, 1),
            "messages in": self._counters.messages,
            "answers": self._counters.answers,
            "answers that Credex is away": self._counters.away,
            "messages given up": self._counters.given_up,
            "outcomes reported later": self._counters.found_later,
            "registrations confirmed": told.get("registration confirmed", 0),
            "offers confirmed": told.get("offers confirmed", 0),
            "offers reported as made": told.get(f"offers told {Meaning.DONE}", 0),
            "offers reported as not made": told.get(f"offers told {Meaning.NOT}", 0),
            "offers created": len(self._stack.world.core.credexes()) - self._funded,
            "accepted, declined, cancelled": told.get("end confirmed", 0),
            **{kind: done[kind] for kind in sorted(done)},
            "connections reset": sums["reset"] + sums["cut"],
            "connections half closed, each": sums["half closed"],
            "webhooks delivered": self._webhooks.delivered,
            "webhooks refused or unanswered": self._webhooks.failed,
            "messages sent again": self._counters.sent_again,
            "memory of this process, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }

    @property
    def _funded(self) -> int:
        return sum(number % STRANGERS != STRANGERS - 1 for number in range(self._options.members))

    def write_transcripts(self, folder: Path) -> None:
        """Write the transcript of each user to a file."""
        transcripts = folder / "transcripts"
        transcripts.mkdir()
        for user in self._users.values():
            (transcripts / f"{user.phone}.txt").write_text("\n".join(user.transcript) + "\n", encoding="utf-8")

    # -- housekeeping -----------------------------------------------------------------------------------------------

    def _handle_event(self, event: Event) -> None:
        if isinstance(event, Shown):
            user = self._users.get(event.phone)
            if user is not None:
                user.notify()
        elif isinstance(event, WebhookAnswered):
            ok = event.attempt.status == 200  # noqa: PLR2004
            self._webhooks.delivered += ok
            self._webhooks.failed += not ok
        elif isinstance(event, WebhookDropped):
            self._webhooks.dropped.append(event.reason)

    def _trim_records(self) -> None:
        """Clear records that the simulated services keep for tests, so that memory does not grow."""
        world = self._stack.world
        logs: tuple[list[Any], ...] = (world.core.calls, world.cloud.accepted, world.cloud.deliveries)
        for log in logs:
            if len(log) > MAX_RECORDS:
                log.clear()
        self._stack.truncate_logs()

    def _show(self, phase: str, share: float) -> None:
        self._on_progress(Progress(phase, share, self.figures()))
