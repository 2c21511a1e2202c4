"""Plays a conversation in its own world, on virtual time, and returns the transcript."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from service.settings import EMBEDDED
from simulator.errors import LineError, Problem
from simulator.playback.performers import perform
from simulator.script.conversation import Conversation
from simulator.script.directives import Line, Step
from simulator.script.directives.scene import Hurry
from simulator.units import HARARE, FlawError
from simulator.whatsapp_cloud.transcript.model import Transcript
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.connections import Connections, run_service
from simulator.world.process import Bot
from simulator.world.redis_database import exclusive
from simulator.world.stage import Stage
from simulator.world.world import START_UP_MS, AnyClock, World

__all__ = ("TYPING_MS", "StepPlayer", "play_lines", "replay", "world_of")

TYPING_MS: Final = 4_000
"""How long a person takes to read and answer."""


def replay(
    conversation: Conversation,
    *,
    seed: int = 1,
    redis_url: str = EMBEDDED,
    flush: bool = False,
    run_bot: Callable[[Connections], Bot] = run_service,
    bend: Callable[[World], None] = lambda _: None,
) -> Transcript:
    """Play a conversation from beginning to end in its own world and event loop.

    Args:
        conversation: what to play.
        seed: of everything random, unless the conversation has its own.
        redis_url: a real Redis with an empty database, or ``embedded://``.
        flush: empty that database first.
        run_bot: starts the bot; the service by default.
        bend: changes the world before it starts.

    Raises:
        NotConserved: Credex core's balances do not add up in the end.
        LineError: a line could not be played.
        UnsettledError: the world did not become quiet.
        DatabaseInUseError: the database is not empty.
    """

    async def main(clock: Clock) -> Transcript:
        world = world_of(conversation, clock, seed=seed, redis_url=redis_url, run_bot=run_bot)
        bend(world)
        await world.start(at_ms=conversation.starts_ms)
        try:
            await play_lines(world, conversation)
            world.core.check_conserved()
        finally:
            await world.stop()
        return Transcript(
            title=conversation.title,
            about=conversation.about,
            start_ms=conversation.starts_ms,
            members=tuple(person.key for person in conversation.people),
            moments=world.recorder.since(0),
            zone=HARARE,
        )

    with exclusive(redis_url, flush=flush):
        return run(main, start_ms=conversation.starts_ms - START_UP_MS)


def world_of(
    conversation: Conversation,
    clock: AnyClock,
    *,
    seed: int = 1,
    redis_url: str = EMBEDDED,
    run_bot: Callable[[Connections], Bot] = run_service,
    trace: Callable[[str, bytes], None] | None = None,
) -> World:
    """The world in which a conversation starts; arguments as in `World` and `replay`."""
    return World(
        clock,
        conversation.people,
        seed=seed if conversation.seed is None else conversation.seed,
        redis_url=redis_url,
        run_bot=run_bot,
        forms=conversation.forms,
        processes=conversation.processes,
        trace=trace,
    )


async def _nothing() -> None:
    """Do nothing after a line."""


async def play_lines(
    world: World, conversation: Conversation, *, after: Callable[[], Awaitable[None]] = _nothing
) -> None:
    """Play all lines and let the world settle between them; ``after`` runs after each.

    Raises:
        LineError: a line could not be played.
        UnsettledError: the world did not become quiet.
    """
    player = StepPlayer(world, conversation.file)
    for line, following in zip(conversation.lines, (*conversation.lines[1:], None), strict=True):
        await player.play(line, hurried=following is not None and isinstance(following.step, Hurry))
        await after()


class StepPlayer:
    """Plays lines one after the other, at the pace of people."""

    def __init__(self, world: World, file: str) -> None:
        """``file`` is the name that messages show."""
        self.stage = Stage(world)
        self._world = world
        self._file = file
        self._begun = False
        self._in_hurry = False

    async def play(self, line: Line, *, hurried: bool = False) -> None:
        """Play a line and let the world settle, unless the next line is a `Hurry`.

        Raises:
            LineError: it could not be played.
            UnsettledError: the world did not become quiet.
        """
        step = line.step
        if step.paced and self._begun and not self._in_hurry:
            await self._world.pass_time(TYPING_MS)
        self._begun = self._begun or step.paced
        try:
            await perform(self.stage, step)
        except FlawError as flaw:
            raise LineError(Problem(self._file, line.number, _explained(step, flaw), flaw.hint)) from None
        self._in_hurry = isinstance(step, Hurry)
        if not hurried and not self._in_hurry:
            await self._world.settle()


def _explained(step: Step, flaw: FlawError) -> str:
    key, value = step.entry()
    return f"{key}: {value} — {flaw.what}" if isinstance(value, str) else flaw.what
