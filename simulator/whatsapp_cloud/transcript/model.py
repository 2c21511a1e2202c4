"""Transcripts of conversations: what members did and what their phones showed.

A transcript is ordered by time, then member, then occurrence. Its ids (``m1``, ``m2``) follow that order, so it depends
only on the conversation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Final

__all__ = ("Choice", "Kind", "Moment", "Recorder", "Screen", "Transcript", "relative")

DAY_MS: Final = 86_400_000

NOTICED_MS: Final = 3_000
"""A typing indicator that was shown for less time than this before a message is left out of the transcript."""


class Kind(StrEnum):
    """The kind of a transcript entry."""

    SAID = "said"
    TAPPED = "tapped"
    SENT = "sent"
    REACTED = "reacted"
    FILLED = "filled"
    SHOWN = "shown"
    TYPING = "typing"
    BOT_REACTED = "bot-reacted"
    UNDELIVERED = "undelivered"
    STAGE = "stage"


@dataclass(frozen=True, slots=True)
class Choice:
    """A button or a row with its title, description and section."""

    title: str
    description: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """A message of the bot as a member sees it."""

    body: str
    header: str = ""
    footer: str = ""
    opener: str = ""
    """The text of the button that opens a list or a form; empty if the choices are shown directly."""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a transcript.

    Attributes:
        at_ms: when, in ms since the epoch.
        member: whose phone it concerns, by the name in the conversation; empty for a stage direction.
        sequence: its position in the order of recording.
        text: the text, the tapped title, the emoji, the kind of media, or the stage direction.
        wamid: the id of the message, if it is one.
        on: the id of the message that it answers.
        screen: the message of the bot.
        stale: whether it answers a message that is no longer the newest on the screen.
    """

    at_ms: int
    member: str
    kind: Kind
    sequence: int = 0
    text: str = ""
    wamid: str = ""
    on: str = ""
    screen: Screen | None = None
    stale: bool = False


class Recorder:
    """Collects transcript entries."""

    def __init__(self) -> None:
        self._moments: list[Moment] = []

    def __len__(self) -> int:
        return len(self._moments)

    def record(
        self,
        at_ms: int,
        member: str,
        kind: Kind,
        *,
        text: str = "",
        wamid: str = "",
        on: str = "",
        screen: Screen | None = None,
        stale: bool = False,
    ) -> None:
        """Add an entry."""
        self._moments.append(Moment(at_ms, member, kind, len(self._moments), text, wamid, on, screen, stale))

    def since(self, place: int) -> tuple[Moment, ...]:
        """The entries from this position on, in transcript order."""
        return tuple(_worth_telling(sorted(self._moments[place:], key=_order)))


def _worth_telling(moments: Sequence[Moment]) -> Iterator[Moment]:
    """Leave out typing indicators that are soon followed by a message."""
    answered: dict[str, int] = {}
    kept: list[Moment] = []
    for moment in reversed(moments):
        if moment.kind is Kind.SHOWN:
            answered[moment.member] = moment.at_ms
        until_ms = answered.get(moment.member)
        if moment.kind is Kind.TYPING and until_ms is not None and until_ms - moment.at_ms < NOTICED_MS:
            continue
        kept.append(moment)
    return reversed(kept)


def _order(moment: Moment) -> tuple[int, str, int]:
    return moment.at_ms, moment.member, moment.sequence


@dataclass(frozen=True, slots=True)
class Transcript:
    """What happened in a conversation.

    Attributes:
        zone: the time zone in which the start is shown.
    """

    title: str
    about: str
    start_ms: int
    members: tuple[str, ...]
    moments: tuple[Moment, ...]
    zone: tzinfo = UTC
    ids: dict[str, str] = field(init=False)
    """wamid → ``m1``, ``m2`` … in the order of the transcript."""

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.moments, key=_order))
        object.__setattr__(self, "moments", ordered)
        object.__setattr__(self, "ids", _numbered(ordered))

    @property
    def present(self) -> tuple[str, ...]:
        """The members with at least one entry; others need no phone in the drawing."""
        seen = {moment.member for moment in self.moments}
        return tuple(member for member in self.members if member in seen)

    @property
    def turns(self) -> int:
        """How many messages members sent."""
        return sum(moment.kind in _BY_MEMBERS for moment in self.moments)

    def id_of(self, wamid: str) -> str:
        """The short id of a message; empty for one that never appeared."""
        return self.ids.get(wamid, "")

    def at(self, moment: Moment) -> str:
        """The time of an entry, relative to the start."""
        return relative(moment.at_ms - self.start_ms)

    def json(self) -> dict[str, object]:
        """The transcript as JSON values, without empty ones."""
        return {
            "title": self.title,
            "about": self.about,
            "members": list(self.members),
            "moments": [self._moment_json(moment) for moment in self.moments],
        }

    def _moment_json(self, moment: Moment) -> dict[str, object]:
        values: dict[str, object] = {
            "at": self.at(moment),
            "after_ms": moment.at_ms - self.start_ms,
            "member": moment.member,
            "kind": str(moment.kind),
            "id": self.id_of(moment.wamid),
            "on": self.id_of(moment.on),
            "stale": moment.stale,
            "text": moment.text,
        }
        if moment.screen is not None:
            values |= _screen_json(moment.screen)
        return {key: value for key, value in values.items() if value or key == "after_ms"}


_BY_MEMBERS: Final = frozenset({Kind.SAID, Kind.TAPPED, Kind.SENT, Kind.REACTED, Kind.FILLED})


def _numbered(moments: Iterable[Moment]) -> dict[str, str]:
    ids: dict[str, str] = {}
    for moment in moments:
        if moment.wamid and moment.wamid not in ids:
            ids[moment.wamid] = f"m{len(ids) + 1}"
    return ids


def _screen_json(screen: Screen) -> dict[str, object]:
    choices = [
        {
            key: value
            for key, value in (
                ("title", choice.title),
                ("description", choice.description),
                ("section", choice.section),
            )
            if value
        }
        for choice in screen.choices
    ]
    return {
        "header": screen.header,
        "body": screen.body,
        "footer": screen.footer,
        "opener": screen.opener,
        "choices": choices,
    }


def relative(after_ms: int) -> str:
    """A time from the start: ``+0:03``, ``+1:02:03`` after an hour, ``day 2, +0:15`` after a day."""
    days, rest = divmod(max(after_ms, 0), DAY_MS)
    hours, rest = divmod(rest // 1000, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = f"+{hours}:{minutes:02}:{seconds:02}" if hours else f"+{minutes}:{seconds:02}"
    return f"day {days + 1}, {clock}" if days else clock
