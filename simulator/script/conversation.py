"""Conversations: YAML files that list the people, the state of the world at the start, and the lines to play.

People who do not program can read them; `simulator.script.directives` lists what a line can say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from simulator.errors import ConversationError, UnknownConversationError, did_you_mean
from simulator.script.capabilities import CAPABILITIES
from simulator.script.directives import Line, read_lines
from simulator.script.people import read_people, read_switch, write_person
from simulator.script.yaml_reader import YamlReader
from simulator.script.yaml_writer import YamlValue, write_entry
from simulator.units import FlawError, read_start_ms, write_start
from simulator.world.people import Person

__all__ = ("MOST_PROCESSES", "START", "Conversation", "load", "parse", "write_conversation")

START: Final = read_start_ms("2026-11-02 08:00")
"""When a conversation starts that does not say it; milliseconds since the epoch."""

MOST_PROCESSES: Final = 4
_KEYS: Final = ("title", "about", "covers", "starts", "seed", "processes", "forms", "people", "lines")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation.

    Attributes:
        file: the name of its file, for messages.
        flow: its folder; with `name` it identifies a stored conversation.
        starts_ms: when it starts, in milliseconds since the epoch.
        forms: the bot asks by WhatsApp forms.
        covers: keys of `script.capabilities.CAPABILITIES`.
        seed: of everything random; None leaves it to the player.
        processes: how many processes of the bot share one Redis.
    """

    file: str
    flow: str
    name: str
    title: str
    about: str
    starts_ms: int
    people: tuple[Person, ...]
    lines: tuple[Line, ...]
    forms: bool = False
    covers: tuple[str, ...] = ()
    seed: int | None = None
    processes: int = 1

    @property
    def id(self) -> str:
        """``<flow>/<name>``, unique among the stored conversations."""
        return f"{self.flow}/{self.name}"


def load(path: Path) -> Conversation:
    """Read a conversation file.

    Raises:
        UnknownConversationError: the file cannot be opened.
        ConversationError: it cannot be read; with all of its problems.
    """
    file = _shown(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownConversationError(f"{file} cannot be read: {error}") from error
    return parse(text, file=file, flow=path.parent.name, name=path.stem)


def parse(text: str, *, file: str, flow: str, name: str) -> Conversation:
    """Read a conversation from its text.

    Raises:
        ConversationError: it cannot be read; with all of its problems.
    """
    reading = YamlReader(file, text)
    if reading.root is None:
        if not reading.problems:
            reading.problem(None, "the file is empty")
        raise ConversationError(reading.problems)
    keys = reading.mapping(reading.root, "a conversation", known=_KEYS, needed=("title", "people", "lines"))
    people = read_people(reading, keys["people"]) if "people" in keys else ()
    lines = read_lines(reading, keys["lines"], tuple(person.key for person in people)) if "lines" in keys else ()
    conversation = Conversation(
        file=file,
        flow=flow,
        name=name,
        title=(reading.text(keys["title"], "title") if "title" in keys else None) or "",
        about=(reading.text(keys["about"], "about") if "about" in keys else None) or "",
        starts_ms=(reading.value(keys["starts"], read_start_ms, "starts") if "starts" in keys else None) or START,
        people=people,
        lines=lines,
        forms=read_switch(reading, keys, "forms", default=False),
        covers=_covers(reading, keys),
        seed=reading.value(keys["seed"], _read_seed, "seed") if "seed" in keys else None,
        processes=_processes(reading, keys),
    )
    if reading.problems:
        raise ConversationError(reading.problems)
    return conversation


def write_conversation(conversation: Conversation) -> str:
    """The text that `parse` reads as this conversation: one line for each key, person and line."""
    head: dict[str, YamlValue] = {
        "title": conversation.title,
        "about": conversation.about,
        "covers": conversation.covers,
        "starts": "" if conversation.starts_ms == START else write_start(conversation.starts_ms),
        "seed": "" if conversation.seed is None else str(conversation.seed),
        "processes": "" if conversation.processes == 1 else conversation.processes,
        "forms": conversation.forms,
    }
    written = [f"{write_entry((key, value))}\n" for key, value in head.items() if value]
    people = [f"  {write_entry((person.key, write_person(person)))}\n" for person in conversation.people]
    lines = [f"  - {write_entry(line.step.entry())}\n" for line in conversation.lines]
    return "".join([*written, "people:\n", *people, "lines:\n", *lines])


def _covers(reading: YamlReader, keys: dict[str, yaml.Node]) -> tuple[str, ...]:
    listed = reading.items(keys["covers"], "covers") if "covers" in keys else []
    return tuple(key for each in listed if (key := reading.value(each, _read_capability, "covers")))


def _read_seed(text: str) -> int:
    if not text.isdecimal():
        raise FlawError(f"not a seed: {text!r}", "Any whole number.")
    return int(text)


def _processes(reading: YamlReader, keys: dict[str, yaml.Node]) -> int:
    return (reading.value(keys["processes"], _read_processes, "processes") if "processes" in keys else None) or 1


def _read_processes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PROCESSES:
        raise FlawError(f"not a number of processes: {text!r}", f"From 1 to {MOST_PROCESSES}.")
    return int(text)


def _read_capability(text: str) -> str:
    known = [key for keys in CAPABILITIES.values() for key in keys]
    if text not in known:
        raise FlawError(f"nothing is called {text!r} in the index", did_you_mean(text, known, "keys"))
    return text


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
