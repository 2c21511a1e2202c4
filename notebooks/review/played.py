"""Every stored conversation played once: what members saw, and at which message which way was walked."""

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

__all__ = ("Played", "Turned", "otherwise", "play", "play_all", "walkers")


@dataclass(frozen=True, slots=True)
class Turned:
    """One turn of a conversation.

    Attributes:
        wamid: of the member's message.
        walked: the ways that were walked.
        before: the step where the conversation stood, as ``flow.step``.
        after: the step where it stands now.
        asked_again: the answer could not be taken.
    """

    wamid: str
    walked: tuple[ExitTaken, ...]
    before: str
    after: str
    asked_again: bool


@dataclass(frozen=True, slots=True)
class Played:
    """A conversation as it came out."""

    name: str
    transcript: Transcript
    turns: tuple[Turned, ...]

    @property
    def ways(self) -> dict[ExitTaken, None]:
        """All ways walked, in the order of walking; where a step has no exits, the step itself."""
        walked: dict[ExitTaken, None] = {}
        for turn in self.turns:
            walked |= dict.fromkeys(turn.walked)
            walked[ExitTaken(*turn.after.split("."))] = None
        return walked

    def moment(self, wamid: str) -> int | None:
        """The place of a member's message in the transcript."""
        return next((place for place, each in enumerate(self.transcript.moments) if each.wamid == wamid), None)

    def around(self, place: int) -> Sequence[Moment]:
        """What one member saw around a message: the screen before it, the message, and what the bot said to it."""
        moments = self.transcript.moments
        member = moments[place].member
        seen = [(at, each) for at, each in enumerate(moments) if each.member in {member, ""}]
        here = next(at for at, (index, _) in enumerate(seen) if index == place)
        first = next((at for at in range(here - 1, -1, -1) if seen[at][1].screen is not None), here)
        last = here
        while last + 1 < len(seen) and (seen[last + 1][1].wamid == "" or seen[last + 1][1].screen is not None):
            last += 1
        return [each for _, each in seen[first : last + 1]]


def play(conversation: Conversation) -> Played:
    """Play one conversation.

    Raises:
        SimulatorError: it could not be played.
    """
    turns: list[Turned] = []
    stands: dict[str, str] = {}

    def finished(turn: Finished) -> None:
        after, before = f"{turn.flow}.{turn.step}", stands.get(turn.member, "")
        walked = tuple(ExitTaken(each.flow, each.step, each.exit) for each in turn.transitions)
        again = not walked and before == after and turn.messages > 0 and turn.wamid is not None
        turns.append(Turned(turn.wamid or "", walked, before, after, again))
        stands[turn.member] = after

    # A notebook's own thread runs an event loop already.
    with _quiet(), ThreadPoolExecutor(1) as thread:
        run_bot = partial(run_service, finished=finished)
        transcript = thread.submit(replay, conversation, run_bot=run_bot).result()
    return Played(conversation.id, transcript, tuple(turns))


def otherwise(
    played: Played, wamid: str, then: str, *, wait: str = "", says: str = "", first: bool = False
) -> Played | None:
    """A stored conversation up to a member's message, and something else in its place.

    Args:
        played: the conversation.
        wamid: of the message.
        then: what to call what comes out.
        wait: how long to wait first, as in a conversation file.
        says: what the member types instead; nothing else, then the message itself, later.
        first: the message itself comes first, and that after it.

    Returns:
        What came of it; None where the message is not one line of the conversation's file.
    """
    path = next(each for each in stored() if f"{each.parent.name}/{each.stem}" == played.name)
    text = path.read_text("utf-8")
    # Only the lines are looked at as YAML; what is kept stays as it was written.
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    keys = {key.value: value for key, value in root.value}
    people = {key.value for key, _ in keys["people"].value}
    lines = keys["lines"].value
    said = [each.wamid for each in played.transcript.moments if each.kind in {Kind.SAID, Kind.TAPPED}]
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
    flow, _, name = played.name.partition("/")
    return play(parse(content, file=path.name, flow=flow, name=f"{name}, {then}"))


def _is_said(line: yaml.Node, people: Container[str]) -> bool:
    """Whether a line of a conversation file is one message that a member types or taps."""
    if not isinstance(line, yaml.MappingNode) or len(line.value) != 1:
        return False
    key, value = line.value[0]
    who, _, verb = str(key.value).partition(" ")
    return isinstance(value, yaml.ScalarNode) and who in people and verb in {"", "taps"}


def play_all(paths: Sequence[Path] | None = None) -> dict[str, Played]:
    """Play every stored conversation, or these; by name."""
    return {each.name: each for each in (play(load(path)) for path in (stored() if paths is None else paths))}


def walkers(played: Mapping[str, Played]) -> dict[ExitTaken, list[str]]:
    """Every way through the flows, with the conversations that walk it."""
    by_way: dict[ExitTaken, list[str]] = {way: [] for way in all_exits()}
    for name, each in sorted(played.items()):
        for way in each.ways:
            if way in by_way:
                by_way[way].append(name)
    return by_way


@contextmanager
def _quiet() -> Iterator[None]:
    """The bot's log lines would take longer than its turns."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
        structlog.configure(**before)
