"""The bubbles on a phone, from a transcript or from its text snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from rich.cells import cell_len

from simulator.whatsapp_cloud.transcript.model import Choice, Kind, Moment, Screen, Transcript
from simulator.whatsapp_cloud.transcript.render import BOT_INNER, OWN_INNER

__all__ = ("Bubble", "bubble_of", "bubbles_of", "read_snapshot")

Side = Literal["bot", "member", "stage"]

COLUMN: Final = 48
"""The column at which the second phone begins in a text snapshot."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One bubble on a phone, or a stage direction.

    Attributes:
        side: the sender; ``stage`` is a stage direction.
        body: the text.
        head: the header, in bold.
        foot: the footer, in small type.
        opener: the title of the button that opens a list or a form.
        choices: titles and descriptions of the options.
        stamp: the message's id and time.
        changed: whether it differs from the other version.
    """

    side: Side
    body: str
    head: str = ""
    foot: str = ""
    opener: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    stamp: str = ""
    changed: bool = False

    @property
    def said(self) -> Bubble:
        """The bubble without its id and time."""
        return replace(self, stamp="", changed=False)

    def words(self) -> str:
        """The bubble as text."""
        mark = {"bot": "bot", "member": "    member", "stage": "--"}[self.side]
        options = " ".join(f"[{title}]" for title, _ in self.choices)
        said = " / ".join(part for part in (self.head, self.body.replace("\n", " / "), self.foot) if part)
        return f"{mark}: {said}" + (f"  ≡ {self.opener}" if self.opener else "") + (f"  {options}" if options else "")


def bubbles_of(transcript: Transcript, moments: Iterable[Moment]) -> list[Bubble]:
    """The bubbles of these moments."""
    return [bubble_of(transcript, moment) for moment in moments]


def bubble_of(transcript: Transcript, moment: Moment) -> Bubble:
    """The bubble of one moment."""
    stamp = transcript.at(moment)
    if moment.screen is not None:
        return _shown(moment.screen, stamp)
    if moment.kind in {Kind.STAGE, Kind.UNDELIVERED}:
        return Bubble("stage", moment.text)
    side: Side = "bot" if moment.kind in {Kind.TYPING, Kind.BOT_REACTED} else "member"
    return Bubble(side, _words(moment), stamp=stamp)


def _words(moment: Moment) -> str:
    match moment.kind:
        case Kind.TYPING:
            return "… (types)"
        case Kind.TAPPED:
            return f"▸ {moment.text}" + " (an old button)" * moment.stale
        case Kind.SENT:
            return f"({moment.text})"
        case Kind.REACTED:
            return f"{moment.text} (on the message)"
        case _:
            return moment.text


def _shown(screen: Screen, stamp: str) -> Bubble:
    choices = tuple(_row(choice) for choice in screen.choices)
    return Bubble("bot", screen.body, screen.header, screen.footer, screen.opener, choices, stamp)


def _row(choice: Choice) -> tuple[str, str]:
    return choice.title, choice.description


# -- text snapshots -------------------------------------------------------------------------------------------------


def read_snapshot(text: str) -> list[Bubble]:
    """The bubbles of a text snapshot from ``snapshots/``; with two phones, both in the order of time."""
    bubbles: list[Bubble] = []
    box: list[str] = []
    direction: list[str] = []
    for line in text.splitlines():
        if direction or line.strip().startswith("-- "):
            direction.append(line.strip())
            if line.rstrip().endswith(" --"):
                bubbles.append(Bubble("stage", " ".join(direction).removeprefix("-- ").removesuffix(" --")))
                direction = []
        elif box or "╭" in line:
            box.append(line)
            if line.strip().startswith("╰"):
                bubbles.append(_from_box(box))
                box = []
        elif "  " in line.strip() and (line.strip().startswith("…") or " on m" in line):
            body, _, stamp = line.strip().rpartition("  ")
            bubbles.append(Bubble("bot", body, stamp=stamp.strip()))
    return bubbles


def _from_box(lines: Sequence[str]) -> Bubble:
    indent = len(lines[0]) - len(lines[0].lstrip(" "))
    parts: list[list[str]] = [[]]
    for line in lines[1:-1]:
        row = line.strip()
        if row.startswith("├"):
            parts.append([])
        else:
            parts[-1].append(row.removeprefix("│ ").removesuffix(" │").rstrip())
    stamp = lines[-1].strip().strip("╰─╯ ")
    # The bot's bubbles are aligned to the left edge of the phone, the member's to the right edge.
    if indent % COLUMN:
        return Bubble("member", _unwrapped(parts[0], OWN_INNER), stamp=stamp)
    body, *rest = (_unwrapped(parts[0], BOT_INNER), *("\n".join(part) for part in parts[1:]))
    opener = next((part.strip().removeprefix("≡ ") for part in rest if part.strip().startswith("≡ ")), "")
    rows = [line for part in rest for line in part.splitlines() if not line.strip().startswith("≡ ")]
    return Bubble("bot", body, opener=opener, choices=tuple(_choices(rows)), stamp=stamp)


def _unwrapped(rows: Sequence[str], width: int) -> str:
    """The text before it was wrapped: a line was broken where the next word did not fit."""
    text = rows[0] if rows else ""
    for above, row in pairwise(rows):
        word = row.split(" ")[0]
        broken = word and above and cell_len(above) + 1 + cell_len(word) > width
        text += (" " if broken else "\n") + row
    return text


def _choices(rows: Iterable[str]) -> list[tuple[str, str]]:
    choices: list[tuple[str, str]] = []
    for row in rows:
        said = row.strip()
        if said.startswith("• "):
            choices.append((said.removeprefix("• "), ""))
        elif said.startswith("[ "):
            choices.append((said.removeprefix("[ ").removesuffix(" ]"), ""))
        elif choices:
            title, below = choices[-1]
            choices[-1] = title, f"{below} {said}".strip()
    return choices
