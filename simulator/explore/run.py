"""Runs one world: drawn from a seed and recorded as a conversation, or replayed from such a record."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from service.settings import EMBEDDED
from simulator.errors import UnsettledError
from simulator.explore import cast
from simulator.explore.draft import Draft
from simulator.explore.invariants.checker import InvariantChecker, Violation
from simulator.explore.invariants.liveness import GoesOn
from simulator.explore.invariants.log import Log, listening
from simulator.explore.invariants.money import Confirmed, is_repeated
from simulator.explore.nemesis import Nemesis
from simulator.explore.options import Options
from simulator.playback.player import StepPlayer, play_lines, world_of
from simulator.script.conversation import Conversation, parse
from simulator.whatsapp_cloud.transcript.model import Kind
from simulator.whatsapp_cloud.virtual_time import Clock, VirtualTimeError, run
from simulator.world.connections import Connections, run_service
from simulator.world.process import Bot
from simulator.world.redis_database import exclusive
from simulator.world.world import START_UP_MS

__all__ = ("GOES_ON", "WorldResult", "explore_one", "play")

GOES_ON: Final = GoesOn.name

HOLD_AFTER_DATA_LOSS: Final = frozenset(
    {"conserved", "private", "continues", "drains", "bounded", "unfailing", "accepted", GOES_ON}
)
"""The invariants that hold even if the state Redis loses its last writes."""

UNDER_WAY_MS: Final = 60_000
"""Messages of this time before a backup may not have been finished then."""

BY_MEMBERS: Final = frozenset({Kind.SAID, Kind.TAPPED, Kind.SENT, Kind.REACTED, Kind.FILLED})


@dataclass(frozen=True, slots=True)
class WorldResult:
    """The result of a world.

    Attributes:
        seed: of the world; 0 for a replayed one.
        violations: of invariants; the world ends with the first.
        digest: of all bytes on all connections with their times; equal for equal worlds.
        yaml: the world as a conversation.
        turns: the number of messages that people sent.
        virtual_ms: the virtual time that passed.
        injected: the number of faults by kind.
        checked: the number of checks by invariant.
        lost: the number of violations excused by lost writes, by invariant.
    """

    seed: int
    violations: tuple[Violation, ...]
    digest: str
    yaml: str
    turns: int
    virtual_ms: int
    injected: Counter[str]
    checked: Counter[str]
    lost: Counter[str]


def explore_one(
    seed: int,
    options: Options | None = None,
    *,
    run_bot: Callable[[Connections], Bot] = run_service,
    redis_url: str = EMBEDDED,
) -> WorldResult:
    """Draw a world from a seed and run it.

    Args:
        seed: decides everything that the options leave open.
        options: the properties of the world.
        run_bot: starts a bot; by default the service.
        redis_url: a real Redis with an empty database, or ``embedded://``.
    """
    options = Options() if options is None else options
    rng = random.Random(f"{seed}:explored")
    people, turns, kinds = options.draw_people(rng), options.draw_turns(rng), options.draw_kinds(rng)
    processes = rng.choice((1, 2, 2, 3))
    players = cast.draw(seed, people, rng, hiding="hidden numbers" in kinds)
    about = f"With trouble of these kinds - {', '.join(sorted(kinds)) or 'none'}."
    draft = Draft(cast.opening(seed, players, about=about, processes=processes, forms="forms" in kinds))
    nemesis = Nemesis(draft, players, kinds, turns=turns, processes=processes, lossy=options.lossy, rng=rng)

    async def happen(watched: _Watched) -> None:
        await nemesis.act(StepPlayer(watched.world, draft.name), watched.check)

    watched = _run_world(draft.opening, happen, run_bot, redis_url)
    return watched.outcome(seed, draft.yaml, nemesis.injected)


def play(
    conversation: str | Conversation, *, run_bot: Callable[[Connections], Bot] = run_service, redis_url: str = EMBEDDED
) -> WorldResult:
    """Play a recorded world or any other conversation, and check the invariants.

    Raises:
        ConversationError: it cannot be read.
        LineError: a line cannot be played.
    """
    if isinstance(conversation, str):
        text, opening = conversation, parse(conversation, file="played", flow="explored", name="played")
    else:
        text, opening = "", conversation

    async def happen(watched: _Watched) -> None:
        await play_lines(watched.world, opening, after=watched.check)

    return _run_world(opening, happen, run_bot, redis_url).outcome(opening.seed or 0, text, Counter())


class _ViolationError(Exception):
    """An invariant is violated: the world ends here."""


class _Trace:
    """A digest of everything on the connections, in order and with times."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def __call__(self, what: str, content: bytes) -> None:
        self._hash.update(what.encode())
        self._hash.update(content)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


class _Watched:
    """A world whose invariants are checked and whose connections are traced."""

    def __init__(
        self, clock: Clock, opening: Conversation, redis_url: str, run_bot: Callable[[Connections], Bot], log: Log
    ) -> None:
        self.trace = _Trace()
        self.world = world_of(opening, clock, redis_url=redis_url, run_bot=run_bot, trace=self.trace)
        self.invariants = InvariantChecker(self.world, log=log)
        self.violations: tuple[Violation, ...] = ()
        self._starts_ms = opening.starts_ms
        self._turns: int | None = None
        self._lost: Counter[str] = Counter()

    async def check(self) -> None:
        """Check after a step.

        Raises:
            _ViolationError: an invariant is violated.
        """
        self._judge(await self.invariants.after_step())

    async def end(self) -> None:
        """End the world and check it; raises as `check` does."""
        self._turns = self._acted()
        self._judge(await self.invariants.at_end())

    def stuck(self, error: Exception) -> None:
        """Note that the world does not settle."""
        self.violations = (*self.violations, self.invariants.stuck(error))

    def outcome(self, seed: int, yaml: str, injected: Counter[str]) -> WorldResult:
        """The result."""
        return WorldResult(
            seed=seed,
            violations=self.violations,
            digest=self.trace.digest,
            yaml=yaml,
            turns=self._acted() if self._turns is None else self._turns,
            virtual_ms=self.world.clock_ms() - self._starts_ms,
            injected=injected,
            checked=self.invariants.checked,
            lost=self._lost,
        )

    def _acted(self) -> int:
        return sum(moment.kind in BY_MEMBERS for moment in self.world.recorder.since(0))

    def _judge(self, violations: tuple[Violation, ...]) -> None:
        excused = [each for each in violations if self._excused(each)]
        self._lost.update(each.invariant for each in excused)
        self.violations += tuple(each for each in violations if each not in excused)
        if self.violations:
            raise _ViolationError

    def _excused(self, violation: Violation) -> bool:
        """Whether lost writes excuse a violation: for people who sent or received messages in that time."""
        if violation.invariant in HOLD_AFTER_DATA_LOSS or not violation.who:
            return False
        if violation.invariant == Confirmed.name and not is_repeated(violation.what):
            return False  # lost writes do not explain a write without a confirmation
        moments = [moment.at_ms for moment in self.world.recorder.since(0) if moment.member == violation.who]
        spans = self.world.lost_writes
        return any(since - UNDER_WAY_MS <= at_ms <= until for since, until in spans for at_ms in moments)


def _run_world(
    opening: Conversation,
    happen: Callable[[_Watched], Awaitable[None]],
    run_bot: Callable[[Connections], Bot],
    redis_url: str,
) -> _Watched:
    """Run a world to its end, or to its first violation."""
    worlds: list[_Watched] = []

    async def main(clock: Clock) -> None:
        watched = _Watched(clock, opening, redis_url, run_bot, log)
        worlds.append(watched)
        await watched.world.start(at_ms=opening.starts_ms)
        try:
            with suppress(_ViolationError):
                await happen(watched)
                await watched.end()
        except UnsettledError as error:
            watched.stuck(error)
        finally:
            await watched.world.stop()

    with exclusive(redis_url), listening() as log:
        try:
            run(main, start_ms=opening.starts_ms - START_UP_MS)
        except VirtualTimeError as error:
            worlds[0].stuck(error)
    return worlds[0]
