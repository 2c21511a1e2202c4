"""Plays the stored conversations, and records the exits taken by each turn."""

from __future__ import annotations

import json
import logging
from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
import yaml

from service.runtime.inbox_worker import Finished
from simulator.playback.coverage import ExitTaken, all_exits
from simulator.playback.player import replay
from simulator.script.conversation import Conversation, load, parse
from simulator.script.library import stored
from simulator.whatsapp_cloud.transcript.model import Kind, Moment, Transcript
from simulator.world.connections import run_service

__all__ = ("Playback", "Turn", "conversations_by_exit", "play", "play_all", "play_variant")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation.

    Attributes:
        wamid: the id of the member's message.
        exits_taken: the exits that the turn took.
        before: the step before the turn, as ``flow.step``.
        after: the step after the turn.
        asked_again: whether the answer was invalid and the question repeated.
    """

    wamid: str
    exits_taken: tuple[ExitTaken, ...]
    before: str
    after: str
    asked_again: bool


@dataclass(frozen=True, slots=True)
class Playback:
    """A conversation that was played."""

    name: str
    transcript: Transcript
    turns: tuple[Turn, ...]

    @property
    def exits_taken(self) -> dict[ExitTaken, None]:
        """All exits taken, in order; for a step without exits, the step itself."""
        exits_taken: dict[ExitTaken, None] = {}
        for turn in self.turns:
            exits_taken |= dict.fromkeys(turn.exits_taken)
            exits_taken[ExitTaken(*turn.after.split("."))] = None
        return exits_taken

    def moment(self, wamid: str) -> int | None:
        """The index of a member's message in the transcript."""
        return next((place for place, each in enumerate(self.transcript.moments) if each.wamid == wamid), None)

    def around(self, place: int) -> Sequence[Moment]:
        """The moments around a message: the screen before it, the message and the bot's answers."""
        moments = self.transcript.moments
        member = moments[place].member
        seen = [(at, each) for at, each in enumerate(moments) if each.member in {member, ""}]
        here = next(at for at, (index, _) in enumerate(seen) if index == place)
        first = next((at for at in range(here - 1, -1, -1) if seen[at][1].screen is not None), here)
        last = here
        while last + 1 < len(seen) and (seen[last + 1][1].wamid == "" or seen[last + 1][1].screen is not None):
            last += 1
        return [each for _, each in seen[first : last + 1]]


def play(conversation: Conversation) -> Playback:
    """Play one conversation.

    Raises:
        SimulatorError: it could not be played.
    """
    turns: list[Turn] = []
    position: dict[str, str] = {}

    def finished(turn: Finished) -> None:
        after, before = f"{turn.flow}.{turn.step}", position.get(turn.member, "")
        exits_taken = tuple(ExitTaken(each.flow, each.step, each.exit) for each in turn.transitions)
        again = not exits_taken and before == after and turn.messages > 0 and turn.wamid is not None
        turns.append(Turn(turn.wamid or "", exits_taken, before, after, again))
        position[turn.member] = after

    # The thread of a notebook already runs an event loop.
    with _quiet(), ThreadPoolExecutor(1) as thread:
        run_bot = partial(run_service, finished=finished)
        transcript = thread.submit(replay, conversation, run_bot=run_bot).result()
    return Playback(conversation.id, transcript, tuple(turns))


def play_variant(
    playback: Playback, wamid: str, then: str, *, wait: str = "", says: str = "", first: bool = False
) -> Playback | None:
    """Play a stored conversation up to a message of the member, with a change at that message.

    Args:
        playback: the conversation.
        wamid: the id of the message.
        then: the last part of the variant's name.
        wait: the waiting time before the change, as in a conversation file.
        says: the text that replaces the message; empty keeps the message.
        first: whether to keep the message before the change.

    Returns:
        The variant; None if the message is not one line of the conversation's file.
    """
    path = next(each for each in stored() if f"{each.parent.name}/{each.stem}" == playback.name)
    text = path.read_text("utf-8")
    # YAML only locates the lines; the text that remains is not reformatted.
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    keys = {key.value: value for key, value in root.value}
    people = {key.value for key, _ in keys["people"].value}
    lines = keys["lines"].value
    said = [each.wamid for each in playback.transcript.moments if each.kind in {Kind.SAID, Kind.TAPPED}]
    places = [place for place, line in enumerate(lines) if _is_said(line, people)]
    if wamid not in said or len(places) != len(said):
        return None
    place = places[said.index(wamid)]
    rows, starts = text.splitlines(), [*(line.start_mark.line for line in lines), len(text.splitlines())]
    dash = " " * (lines[place].start_mark.column - len("- ")) + "- "
    who = lines[place].value[0][0].value.split(" ")[0]
    instead = [f"{dash}{who}: {json.dumps(says)}"] if says else rows[starts[place] : starts[place + 1]]
    until = starts[place + 1] if first else starts[place]
    content = "\n".join([*rows[:until], *([f"{dash}wait: {wait}"] if wait else []), *instead, ""])
    flow, _, name = playback.name.partition("/")
    return play(parse(content, file=path.name, flow=flow, name=f"{name}, {then}"))


def _is_said(line: yaml.Node, people: Container[str]) -> bool:
    """Whether a line of a conversation file is a text or a tap of a member."""
    if not isinstance(line, yaml.MappingNode) or len(line.value) != 1:
        return False
    key, value = line.value[0]
    who, _, verb = str(key.value).partition(" ")
    return isinstance(value, yaml.ScalarNode) and who in people and verb in {"", "taps"}


def play_all(paths: Sequence[Path] | None = None) -> dict[str, Playback]:
    """Play these conversations, by default all stored ones; the result is by name."""
    return {each.name: each for each in (play(load(path)) for path in (stored() if paths is None else paths))}


def conversations_by_exit(playback: Mapping[str, Playback]) -> dict[ExitTaken, list[str]]:
    """Every exit of every flow, with the conversations that take it."""
    by_exit: dict[ExitTaken, list[str]] = {taken: [] for taken in all_exits()}
    for name, each in sorted(playback.items()):
        for taken in each.exits_taken:
            if taken in by_exit:
                by_exit[taken].append(name)
    return by_exit


@contextmanager
def _quiet() -> Iterator[None]:
    """Disable logging, which would take longer than the turns."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
        structlog.configure(**before)
