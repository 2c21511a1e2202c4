"""Generated conversations: invented people wander through the bot, reading only what is on their screens."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from service.settings import EMBEDDED
from simulator.people import Move, Persona, choose, persona
from simulator.playback.player import TYPING_MS, Stage
from simulator.script.conversation import START, Conversation, Person, parse
from simulator.script.yaml_reader import HARARE, read_duration_ms, show_phone
from simulator.whatsapp_cloud.transcript.model import Transcript
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.process import Bot
from simulator.world.redis_database import exclusive
from simulator.world.world import START_UP_MS, Connections, World, run_service

__all__ = ("SNAPSHOT_PEOPLE", "SNAPSHOT_SEEDS", "SNAPSHOT_TURNS", "Generated", "generate")

SNAPSHOT_SEEDS: Final = (1, 2, 3, 4, 5)
SNAPSHOT_PEOPLE: Final = 2
SNAPSHOT_TURNS: Final = 16
"""What is kept of generated conversations: these seeds, with so many people and turns each."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of a seed: the transcript, and the conversation as a file that replays to the same."""

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
    """Let people wander for a number of turns; all of it is a function of the seed.

    Args:
        seed: decides who they are and what they do.
        people: how many take part.
        turns: how many messages they send in all.
        redis_url: a real Redis with an empty database, or ``embedded://``.
        flush: empty that database first.
        run_bot: starts the bot; the service by default.
    """
    cast = _cast(seed, people)
    opening = _yaml(seed, cast, [])
    persons = _people(opening)

    async def main(clock: Clock) -> Generated:
        world = World(clock, persons, redis_url=redis_url, run_bot=run_bot)
        await world.start(at_ms=START)
        try:
            moves = await _wander(world, seed, cast, turns)
            world.core.check_conserved()
        finally:
            await world.stop()
        text = _yaml(seed, cast, moves)
        transcript = Transcript(_title(seed), _about(cast), START, tuple(cast), world.recorder.since(0), HARARE)
        return Generated(transcript, text)

    with exclusive(redis_url, flush=flush):
        return run(main, start_ms=START - START_UP_MS)


async def _wander(world: World, seed: int, cast: dict[str, Persona], turns: int) -> list[tuple[str, Move]]:
    stage = Stage(world)
    order = random.Random(f"{seed}:order")
    chances = {name: each.rng() for name, each in cast.items()}
    moves: list[tuple[str, Move]] = []
    while len(moves) < turns:
        name = order.choice(list(cast))
        others = [each for other, each in cast.items() if other != name]
        screens = [screen for _, screen in stage.screens(name)]
        move = choose(cast[name], chances[name], screens, others)
        if moves and move.verb != "wait":
            await world.pass_time(TYPING_MS)
        await _make(stage, name, move)
        await world.settle()
        moves.append((name, move))
    return moves


async def _make(stage: Stage, name: str, move: Move) -> None:
    match move.verb:
        case "taps":
            await stage.tap(name, move.value)
        case "sends":
            await stage.send(name, move.value)
        case "wait":
            await stage.wait(read_duration_ms(move.value))
        case _:
            await stage.type(name, move.value)


def _cast(seed: int, people: int) -> dict[str, Persona]:
    """The people by the names they have in the file: the first name, with the last where two share it."""
    cast: dict[str, Persona] = {}
    for number in range(people):
        someone = persona(seed, number)
        name = someone.first_name
        if name in cast:
            name = f"{name} {someone.last_name}"
        cast[name if name not in cast else f"{name} {number + 1}"] = someone
    return cast


def _title(seed: int) -> str:
    return f"Generated from seed {seed}"


def _about(cast: dict[str, Persona]) -> str:
    return "; ".join(
        f"{name}, {each.temperament}, {f'tier {each.tier}' if each.tier else 'a stranger'}"
        for name, each in cast.items()
    )


def _people(text: str) -> tuple[Person, ...]:
    # Read back from the file's own form, so that a replay of it starts from exactly the same world.
    return _parse(f"{text}  - wait: 1 min\n").people


def _parse(text: str) -> Conversation:
    return parse(text, file="generated", flow="generated", name="generated")


def _yaml(seed: int, cast: dict[str, Persona], moves: Sequence[tuple[str, Move]]) -> str:
    lines = [f"title: {_title(seed)}", f"about: {_scalar(_about(cast))}", "people:"]
    for name, each in cast.items():
        member = ""
        if each.tier is not None:
            balances = ", ".join(each.balances)
            member = f", member: {{tier: {each.tier}, handle: {each.handle}, balances: [{balances}]}}"
        lines.append(f'  {name}: {{phone: "{show_phone(each.phone)}", name: {each.name}{member}}}')
    lines.append("lines:")
    for name, move in moves:
        key = "wait" if move.verb == "wait" else f"{name} {move.verb}".strip()
        lines.append(f"  - {key}: {_scalar(move.value)}")
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """A text as YAML writes it on one line, quoted where it must be."""
    style = '"' if "\n" in text or not text.isprintable() or text != text.strip() else None
    dumped = yaml.safe_dump(text, allow_unicode=True, width=10_000, default_style=style)
    return str(dumped).removesuffix("\n").removesuffix("\n...")
