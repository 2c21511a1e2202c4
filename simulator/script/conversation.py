"""Conversations: YAML files that say who takes part, what the world holds at the start, and what is said and done.

They are meant to be read by people who do not program; `simulator.script.directives` lists what a line may say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import yaml

from simulator.errors import ConversationError, UnknownConversationError, did_you_mean
from simulator.script.capabilities import CAPABILITIES
from simulator.script.directives import Line, read_lines
from simulator.script.people import MemberSpec, read_member
from simulator.script.yaml_reader import FlawError, YamlReader, read_phone, read_start_ms

__all__ = ("CONVERSATIONS", "Conversation", "MemberSpec", "Person", "find", "load", "parse", "stored")

CONVERSATIONS: Final = Path(__file__).parents[1] / "conversations"

START: Final = read_start_ms("2026-11-02 08:00")

_KEYS = ("title", "about", "covers", "starts", "seed", "processes", "forms", "people", "lines")
MOST_PROCESSES: Final = 4
_PERSON_KEYS = ("phone", "name", "member", "receipts", "online", "blocked", "identity")
IDENTITIES: Final = ("number", "username", "hidden", "parent")
"""Who WhatsApp says that somebody is: by number; with a username as well; by user id alone; under a parent's id."""

_WORDS_IN_USE = frozenset(
    {"core", "graph", "redis", "bot", "wait", "together", "at", "again", "hold", "release", "odd"}
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part.

    Attributes:
        key: their name in the file and in the transcript.
        phone: digits, country code first.
        name: their full name, as WhatsApp and Credex core have it.
        member: what core knows of them; None for a stranger.
        receipts: whether their phone tells that they read a message.
        online: whether their phone is on.
        blocked: whether they have blocked the business.
        identity: one of `IDENTITIES`.
    """

    key: str
    phone: str
    name: str
    member: MemberSpec | None = None
    receipts: bool = True
    online: bool = True
    blocked: bool = False
    identity: str = "number"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as read.

    `file` is for messages, `flow` and `name` are its place among the others; `covers` are keys of
    `script.capabilities.CAPABILITIES`; with `forms` the bot asks by forms. `seed` decides what is left
    to chance, if it is said; `processes` of the bot run side by side over one Redis.
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
        ConversationError: it cannot be read; with all that is wrong in it.
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
        ConversationError: it cannot be read; with all that is wrong in it.
    """
    reading = YamlReader(file, text)
    if reading.root is None:
        if not reading.problems:
            reading.problem(None, "the file is empty")
        raise ConversationError(reading.problems)
    keys = reading.mapping(reading.root, "a conversation", known=_KEYS, needed=("title", "people", "lines"))
    people = _people(reading, keys["people"]) if "people" in keys else ()
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
        forms=_flag(reading, keys, "forms", default=False),
        covers=_covers(reading, keys),
        seed=reading.value(keys["seed"], _read_seed, "seed") if "seed" in keys else None,
        processes=_processes(reading, keys),
    )
    if reading.problems:
        raise ConversationError(reading.problems)
    return conversation


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


def stored(root: Path = CONVERSATIONS) -> list[Path]:
    """All stored conversation files, by flow, then name."""
    return sorted(root.glob("*/*.yaml"))


def find(word: str, root: Path = CONVERSATIONS) -> Iterator[Path]:
    """The files meant by a path, ``flow/name``, a name, or a flow.

    Raises:
        UnknownConversationError: nothing is meant by it.
    """
    path = Path(word)
    if path.suffix in {".yaml", ".yml"} or path.is_file():
        if not path.is_file():
            raise UnknownConversationError(f"there is no file {word}")
        yield path
        return
    files = stored(root)
    meant = [file for file in files if word in {f"{file.parent.name}/{file.stem}", file.stem, file.parent.name}]
    if not meant:
        flows = sorted({file.parent.name for file in files})
        near = get_close_matches(word.lower(), [*flows, *(file.stem for file in files)], n=1)
        guess = f"Did you mean {near[0]!r}? " if near else ""
        raise UnknownConversationError(
            f"no conversation is called {word!r}. {guess}`python -m simulator list` names them all; "
            f"their flows: {', '.join(flows)}."
        )
    yield from meant


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


# -- people -------------------------------------------------------------------------------------------------------


def _people(reading: YamlReader, node: yaml.Node) -> tuple[Person, ...]:
    people: list[Person] = []
    entries = reading.mapping(node, "people")
    for key, entry in entries.items():
        if key.split()[0].lower() in _WORDS_IN_USE:
            reading.problem(entry, f"nobody can be called {key!r}: the word has a meaning of its own")
        person = _person(reading, key, entry)
        twin = next((each for each in people if each.phone == person.phone), None)
        if twin is not None:
            reading.problem(entry, f"{key} and {twin.key} have the same phone number")
        people.append(person)
    if not entries and not reading.problems:
        reading.problem(node, "nobody takes part")
    _check_others(reading, node, people)
    return tuple(people)


def _person(reading: YamlReader, key: str, node: yaml.Node) -> Person:
    fields = reading.mapping(node, key, known=_PERSON_KEYS, needed=("phone",))
    phone = reading.value(fields["phone"], read_phone, f"{key}'s phone") if "phone" in fields else None
    name = (reading.text(fields["name"], f"{key}'s name") if "name" in fields else None) or key
    if "member" in fields and len(name.split()) < 2:  # noqa: PLR2004 - first and last
        reading.problem(node, f"{key} is a member and needs a first and a last name", "For example: name: Farai Ncube")
    return Person(
        key=key,
        phone=phone or f"?{key}",
        name=name,
        member=read_member(reading, key, fields["member"]) if "member" in fields else None,
        receipts=_flag(reading, fields, "receipts", default=True),
        online=_flag(reading, fields, "online", default=True),
        blocked=_flag(reading, fields, "blocked", default=False),
        identity=(reading.value(fields["identity"], _read_identity, "identity") if "identity" in fields else None)
        or "number",
    )


def _read_identity(text: str) -> str:
    if text not in IDENTITIES:
        raise FlawError(f"no identity: {text!r}", did_you_mean(text, IDENTITIES, "identities"))
    return text


def _flag(reading: YamlReader, fields: dict[str, yaml.Node], key: str, *, default: bool) -> bool:
    if key not in fields:
        return default
    return reading.value(fields[key], _read_flag, key) is True


def _read_flag(text: str) -> bool:
    if text not in {"true", "false", "yes", "no"}:
        raise FlawError(f"neither true nor false: {text!r}")
    return text in {"true", "yes"}


def _check_others(reading: YamlReader, node: yaml.Node, people: list[Person]) -> None:
    members = [person.key for person in people if person.member]
    for person in people:
        for other in person.member.others() if person.member else ():
            if other not in members or other == person.key:
                reading.problem(
                    node,
                    f"{person.key} can have nothing to do with {other!r} in Credex core",
                    did_you_mean(other, members, "members"),
                )
