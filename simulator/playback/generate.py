"""Generated conversations: invented people wander through the bot and read only what their screens show."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from service.settings import EMBEDDED
from simulator.people import Move, Persona, choose, persona
from simulator.playback.performers import perform
from simulator.playback.player import TYPING_MS
from simulator.script.conversation import START, Conversation, write_conversation
from simulator.script.directives import Line, Step
from simulator.script.directives.people import SendMedia, Tap, TypeText
from simulator.script.directives.scene import Wait
from simulator.units import HARARE, read_amount, read_duration_ms
from simulator.whatsapp_cloud.transcript.model import Transcript
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.connections import Connections, run_service
from simulator.world.people import MemberSpec, Person
from simulator.world.process import Bot
from simulator.world.redis_database import exclusive
from simulator.world.stage import Stage
from simulator.world.world import START_UP_MS, World

__all__ = ("SNAPSHOT_PEOPLE", "SNAPSHOT_SEEDS", "SNAPSHOT_TURNS", "Generated", "generate", "step_of_move")

SNAPSHOT_SEEDS: Final = (1, 2, 3, 4, 5)
SNAPSHOT_PEOPLE: Final = 2
SNAPSHOT_TURNS: Final = 16
"""The stored generated conversations: their seeds, and how many people and turns each has."""


@dataclass(frozen=True, slots=True)
class Generated:
    """The transcript of a seed, and the conversation as a file that replays to the same transcript."""

    transcript: Transcript
    yaml: str


def generate(
    seed: int,
    *,
    people: int = SNAPSHOT_PEOPLE,
    turns: int = SNAPSHOT_TURNS,
    redis_url: str = EMBEDDED,
    flush: bool = False,
    run_bot: Callable[[Connections], Bot] = run_service,
) -> Generated:
    """Let people wander for a number of turns; the result is a function of the seed.

    Args:
        seed: decides who they are and what they do.
        people: how many take part.
        turns: how many steps they take in all.
        redis_url: a real Redis with an empty database, or ``embedded://``.
        flush: empty that database first.
        run_bot: starts the bot; the service by default.
    """
    cast = _cast(seed, people)
    title, about = f"Generated from seed {seed}", _about(cast)
    persons = tuple(_person(name, each) for name, each in cast.items())

    async def main(clock: Clock) -> Generated:
        world = World(clock, persons, redis_url=redis_url, run_bot=run_bot)
        await world.start(at_ms=START)
        try:
            steps = await _wander(world, seed, cast, turns)
            world.core.check_conserved()
        finally:
            await world.stop()
        lines = tuple(Line(step) for step in steps)
        conversation = Conversation("generated", "generated", f"seed-{seed}", title, about, START, persons, lines)
        transcript = Transcript(title, about, START, tuple(cast), world.recorder.since(0), HARARE)
        return Generated(transcript, write_conversation(conversation))

    with exclusive(redis_url, flush=flush):
        return run(main, start_ms=START - START_UP_MS)


async def _wander(world: World, seed: int, cast: Mapping[str, Persona], turns: int) -> list[Step]:
    stage = Stage(world)
    order = random.Random(f"{seed}:order")
    chances = {name: each.rng() for name, each in cast.items()}
    steps: list[Step] = []
    while len(steps) < turns:
        name = order.choice(list(cast))
        others = [each for other, each in cast.items() if other != name]
        screens = [screen for _, screen in stage.screens(name)]
        step = step_of_move(name, choose(cast[name], chances[name], screens, others))
        if steps and step.paced:
            await world.pass_time(TYPING_MS)
        await perform(stage, step)
        await world.settle()
        steps.append(step)
    return steps


def step_of_move(name: str, move: Move) -> Step:
    """The step that a person's move is."""
    match move.verb:
        case "taps":
            return Tap(name, move.value)
        case "sends":
            return SendMedia(name, move.value)
        case "wait":
            return Wait(read_duration_ms(move.value))
        case _:
            return TypeText(name, move.value)


def _cast(seed: int, people: int) -> dict[str, Persona]:
    """The people by key: the first name, with the last name or a number where two share it."""
    cast: dict[str, Persona] = {}
    for number in range(people):
        someone = persona(seed, number)
        name = someone.first_name
        if name in cast:
            name = f"{name} {someone.last_name}"
        cast[name if name not in cast else f"{name} {number + 1}"] = someone
    return cast


def _about(cast: Mapping[str, Persona]) -> str:
    return "; ".join(
        f"{name}, {each.temperament}, {f'tier {each.tier}' if each.tier else 'a stranger'}"
        for name, each in cast.items()
    )


def _person(name: str, someone: Persona) -> Person:
    member = None
    if someone.tier is not None:
        balances = tuple(read_amount(balance) for balance in someone.balances)
        member = MemberSpec(tier=someone.tier, handle=someone.handle, balances=balances)
    return Person(name, someone.phone, someone.name, member)
