"""One world: drawn from a seed and written down as it goes, or played again from what was written down."""

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

SURVIVES: Final = frozenset(
    {"conserved", "private", "continues", "drains", "bounded", "unfailing", "accepted", GOES_ON}
)
"""The promises that are kept even when the state loses its last writes."""

UNDER_WAY_MS: Final = 60_000
"""What was said so long before a backup may still have been under way then."""

BY_MEMBERS: Final = frozenset({Kind.SAID, Kind.TAPPED, Kind.SENT, Kind.REACTED, Kind.FILLED})


@dataclass(frozen=True, slots=True)
class WorldResult:
    """What came of a world.

    Attributes:
        seed: it was drawn from; 0 for one that was not drawn.
        broken: the promises that were not kept; the world ends with the first.
        digest: of all that passed every wire, and when: the same world has the same.
        yaml: the world as a conversation.
        turns: how many messages people sent.
        virtual_ms: how long it took by their clocks.
        injected: how often each kind of trouble was made.
        checked: how often each promise was looked at.
        lost: how often a promise was not kept to somebody because the state lost what it had acknowledged.
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
    """Draw a world from a seed, and let it happen.

    Args:
        seed: decides everything that the options leave open.
        options: what the world is like.
        run_bot: starts a bot; the service by default.
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
        await nemesis.act(StepPlayer(watched.world, draft.name), watched.look)

    watched = _lived(draft.opening, happen, run_bot, redis_url)
    return watched.outcome(seed, draft.yaml, nemesis.injected)


def play(
    conversation: str | Conversation, *, run_bot: Callable[[Connections], Bot] = run_service, redis_url: str = EMBEDDED
) -> WorldResult:
    """Play a world again from what was written down, or any other conversation, with its promises watched.

    Raises:
        ConversationError: it cannot be read.
        LineError: a line cannot be played.
    """
    if isinstance(conversation, str):
        text, opening = conversation, parse(conversation, file="played", flow="explored", name="played")
    else:
        text, opening = "", conversation

    async def happen(watched: _Watched) -> None:
        await play_lines(watched.world, opening, after=watched.look)

    return _lived(opening, happen, run_bot, redis_url).outcome(opening.seed or 0, text, Counter())


class _ViolationError(Exception):
    """A promise is broken: the world has shown what it had to show."""


class _Trace:
    """A digest of all that happens on the wires, in order and with its time."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def __call__(self, what: str, content: bytes) -> None:
        self._hash.update(what.encode())
        self._hash.update(content)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


class _Watched:
    """A world with its promises watched and its wires traced."""

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

    async def look(self) -> None:
        """Judge a step.

        Raises:
            _BrokenError: a promise is broken.
        """
        self._judge(await self.invariants.after_step())

    async def end(self) -> None:
        """Let it come to its end, and judge it; raises as `look` does."""
        self._turns = self._acted()
        self._judge(await self.invariants.at_end())

    def stuck(self, error: Exception) -> None:
        """It does not go on."""
        self.violations = (*self.violations, self.invariants.stuck(error))

    def outcome(self, seed: int, yaml: str, injected: Counter[str]) -> WorldResult:
        """What came of it."""
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

    def _excused(self, violations: Violation) -> bool:
        """The state lost what it had acknowledged: it may concern those who said or heard something meanwhile."""
        if violations.invariant in SURVIVES or not violations.who:
            return False
        if violations.invariant == Confirmed.name and not is_repeated(violations.what):
            return False  # nothing is ever confirmed by itself
        moments = [moment.at_ms for moment in self.world.recorder.since(0) if moment.member == violations.who]
        spans = self.world.lost_writes
        return any(since - UNDER_WAY_MS <= at_ms <= until for since, until in spans for at_ms in moments)


def _lived(
    opening: Conversation,
    happen: Callable[[_Watched], Awaitable[None]],
    run_bot: Callable[[Connections], Bot],
    redis_url: str,
) -> _Watched:
    """A world from its beginning to its end, or to its first broken promise."""
    lives: list[_Watched] = []

    async def main(clock: Clock) -> None:
        watched = _Watched(clock, opening, redis_url, run_bot, log)
        lives.append(watched)
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
            lives[0].stuck(error)
    return lives[0]
