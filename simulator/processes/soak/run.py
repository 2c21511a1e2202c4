"""A soak from its beginning to its verdict: load and chaos for so long, then peace, then every promise is checked."""

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
"""One in so many is no member at the beginning, and registers."""

BALANCE: Final = Money(Decimal(100_000), Denomination.USD)
STRIDE: Final = 10_000
"""More people than ever come in one soak."""

DRAIN_S: Final = 720
"""What is not known after the first two looks is looked at again after ten minutes; nothing waits for longer."""

QUIET_LOOKS: Final = 5
"""So many times in a row nothing may be left before it counts as quiet: what is on its way nowhere is not seen."""

LOOK_EVERY_S: Final = 0.4
TIDY_EVERY_S: Final = 2.0
LOST: Final = "no message is lost"
TWICE: Final = frozenset({ONCE, NOT_AGAIN})

MOST_NOTED: Final = 500
"""What the simulated neighbours write down for others to look at is forgotten when it is more."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to try, and for how long.

    Attributes:
        seconds: of load and chaos; what was begun is finished after that.
        seed: of what people do and what goes wrong.
        members: people at any time.
        rate: messages a second, by all together.
        processes: of the service.
        module: what is started as the service.
        variables: more of its environment.
        drain_s: the longest that what was begun may take to be finished.
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
    """What came of it.

    Attributes:
        figures: what was counted, by name, in the order to show it.
        broken: the promises that were not kept.
        kept: the folder with logs and transcripts; None when all went well, for then nobody needs them.
    """

    figures: dict[str, int | float]
    violations: list[Violation]
    evidence: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has come."""

    phase: str
    share: float
    figures: dict[str, int | float]


Watch = Callable[[Progress], None]


async def soak(options: Options, watch: Watch) -> Result:
    """Run a soak; everything that it starts has ended when it returns or raises.

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
            run = _Soak(options, made, watch)
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
class _Seen:
    """What was seen of webhooks."""

    delivered: int = 0
    failed: int = 0
    dropped: list[str] = field(default_factory=list)


class _Soak:
    def __init__(self, options: Options, here: Stack, watch: Watch) -> None:
        self._options = options
        self._stack = here
        self._watch = watch
        self._audit = LedgerAudit()
        self._counters = Counters()
        self._pacer = Pacer(options.rate)
        self._chaos = Chaos(here, options.seed, options.seconds)
        self._seen = _Seen()
        self._people: dict[str, SoakUser] = {}
        self._began = time.monotonic()
        self._load_s = 0.0
        self._drain_s = 0.0
        here.watch = self._see

    # -- the three acts ---------------------------------------------------------------------------------------------

    async def run(self) -> list[Violation]:
        """Load and chaos, then peace, then the verdict."""
        durability = await self._stack.durability()
        lives = self._move_in()
        self._began = time.monotonic()
        await self._trouble(lives)
        self._load_s = time.monotonic() - self._began
        await self._chaos.clear_faults()
        left = await self._come_to_rest(lives)
        self._drain_s = time.monotonic() - self._began - self._load_s
        for life in lives:
            life.cancel()
        ends = await asyncio.gather(*lives, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
        return [*self._durable(durability, await self._stack.durability()), *self._verdict(left)]

    def _move_in(self) -> list[asyncio.Task[None]]:
        options = self._options
        crowd = [number for number in range(options.members) if number % STRANGERS != STRANGERS - 1]
        for number in range(options.members):
            who, is_member = persona(options.seed, number), number % STRANGERS != STRANGERS - 1
            if is_member:
                visitor = self._stack.member(who, number)
                self._stack.world.core.fund(handle_of(number), BALANCE)
                self._audit.funded(phone_of(number), BALANCE)
            else:
                visitor = self._stack.visitor(who, number)
            person = SoakUser(
                visitor.handset,
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
            self._people[person.phone] = person
        return [asyncio.create_task(person.live(self._going_on)) for person in self._people.values()]

    def _going_on(self) -> bool:
        return time.monotonic() - self._began < self._options.seconds

    async def _trouble(self, lives: Sequence[asyncio.Task[None]]) -> None:
        trouble = asyncio.create_task(self._chaos.run())
        tidied = time.monotonic()
        try:
            while self._going_on():
                self._show("load and chaos", (time.monotonic() - self._began) / self._options.seconds)
                done, _ = await asyncio.wait([trouble, *lives], timeout=LOOK_EVERY_S, return_when="FIRST_EXCEPTION")
                for task in done:
                    task.result()
                if time.monotonic() - tidied > TIDY_EVERY_S:
                    tidied = time.monotonic()
                    self._tidy_up()
        finally:
            trouble.cancel()
            await asyncio.gather(trouble, return_exceptions=True)

    async def _come_to_rest(self, lives: Sequence[asyncio.Task[None]]) -> list[str]:
        """Wait until everybody has their answer and no work is left; what is left when it takes too long.

        When nothing is left anywhere and somebody still waits, their message is lost, and waiting longer is no use.
        """
        began, quiet, left = time.monotonic(), 0, ["(not looked yet)"]

        async def at_rest() -> bool:
            nonlocal quiet, left
            self._show("coming to rest", min(1.0, (time.monotonic() - began) / self._options.drain_s))
            for life in lives:
                if life.done():
                    life.result()
            left = [*await self._stack.unfinished_work(), *["a webhook is under way"] * self._stack.world.cloud.busy()]
            quiet = 0 if left else quiet + 1
            return quiet >= QUIET_LOOKS

        try:
            await eventually(at_rest, "all is quiet", within_s=self._options.drain_s, every_s=LOOK_EVERY_S)
        except NotInTimeError:
            return left
        return []

    # -- the verdict ------------------------------------------------------------------------------------------------

    @staticmethod
    def _durable(*told: tuple[str, str, str]) -> list[Violation]:
        """What the state Redis says of itself before and after: a kill alone cannot show whether it syncs."""
        wanted = ("yes", "always", "noeviction")
        wrong = sorted({one for one in told if one != wanted})
        return [Violation("acknowledged is on disk", "the state Redis", f"{one} instead of {wanted}") for one in wrong]

    def _verdict(self, left: Sequence[str]) -> list[Violation]:
        for person in self._people.values():
            person.rest()
        violations = [*self._audit.violations, *self._chaos.violations, *self._audit.check(self._stack.world.core)]
        violations += [Violation("all work comes to an end", "the state Redis", item) for item in left]
        violations += [
            Violation(LOST, person.phone, f"no answer to {person.waiting_for!r}")
            for person in self._people.values()
            if person.waiting_for
        ]
        return [*violations, *[Violation(LOST, "WhatsApp", reason) for reason in self._seen.dropped]]

    def figures(self) -> dict[str, int | float]:
        """Everything that was counted."""
        told, done, proxies = self._audit.figures, self._chaos.done, self._stack.proxies
        each = (proxies.state, proxies.cache, proxies.core, proxies.graph)
        sums: Counter[str] = sum((proxy.fault_counts for proxy in each), Counter())
        return {
            "seconds of load": round(self._load_s, 1),
            "seconds to come to rest": round(self._drain_s, 1),
            "messages in": self._counters.messages,
            "answers": self._counters.answers,
            "answers that Credex is away": self._counters.away,
            "messages given up and told so": self._counters.given_up,
            "outcomes told later": self._counters.found_later,
            "registrations confirmed": told.get("registration confirmed", 0),
            "offers confirmed": told.get("offers confirmed", 0),
            "offers told made": told.get(f"offers told {Meaning.DONE}", 0),
            "offers told not made": told.get(f"offers told {Meaning.NOT}", 0),
            "offers created": len(self._stack.world.core.credexes()) - self._funded,
            "accepted, declined, taken back": told.get("end confirmed", 0),
            **{kind: done[kind] for kind in sorted(done)},
            "connections reset": sums["reset"] + sums["cut"],
            "connections half closed, each": sums["half closed"],
            "webhooks delivered": self._seen.delivered,
            "webhooks refused or unanswered": self._seen.failed,
            "messages sent again": self._counters.sent_again,
            "memory of this process, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }

    @property
    def _funded(self) -> int:
        return sum(number % STRANGERS != STRANGERS - 1 for number in range(self._options.members))

    def write_transcripts(self, folder: Path) -> None:
        """Keep what everybody wrote and was told last, a file each."""
        kept = folder / "transcripts"
        kept.mkdir()
        for person in self._people.values():
            (kept / f"{person.phone}.txt").write_text("\n".join(person.transcript) + "\n", encoding="utf-8")

    # -- housekeeping -----------------------------------------------------------------------------------------------

    def _see(self, event: Event) -> None:
        if isinstance(event, Shown):
            person = self._people.get(event.phone)
            if person is not None:
                person.look()
        elif isinstance(event, WebhookAnswered):
            ok = event.attempt.status == 200  # noqa: PLR2004
            self._seen.delivered += ok
            self._seen.failed += not ok
        elif isinstance(event, WebhookDropped):
            self._seen.dropped.append(event.reason)

    def _tidy_up(self) -> None:
        """What the neighbours write down for tests to look at is of no use here, and an hour of it would be much."""
        world = self._stack.world
        logs: tuple[list[Any], ...] = (world.core.calls, world.cloud.accepted, world.cloud.deliveries)
        for log in logs:
            if len(log) > MOST_NOTED:
                log.clear()
        self._stack.truncate_logs()

    def _show(self, phase: str, share: float) -> None:
        self._watch(Progress(phase, share, self.figures()))
