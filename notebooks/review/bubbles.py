"""What stands on a phone, one thing below the other: from a transcript, or from one kept as text."""

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
"""Where the second of two phones begins in a transcript kept as text."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One thing on a phone.

    Attributes:
        side: who said it; the stage tells what happens elsewhere.
        body: the words.
        head: what stands above them, in bold.
        foot: what stands below them, small.
        opener: what is on the button that opens a list or a form.
        choices: titles, each with what stands under it.
        stamp: the message's id and time.
        changed: it differs from what it is compared with.
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
        """The same without what hangs on the moment it was said."""
        return replace(self, stamp="", changed=False)

    def words(self) -> str:
        """All of it as one line or several."""
        mark = {"bot": "bot", "member": "    member", "stage": "--"}[self.side]
        options = " ".join(f"[{title}]" for title, _ in self.choices)
        said = " / ".join(part for part in (self.head, self.body.replace("\n", " / "), self.foot) if part)
        return f"{mark}: {said}" + (f"  ≡ {self.opener}" if self.opener else "") + (f"  {options}" if options else "")


def bubbles_of(transcript: Transcript, moments: Iterable[Moment]) -> list[Bubble]:
    """These moments of a transcript, as they stand on the phone."""
    return [bubble_of(transcript, moment) for moment in moments]


def bubble_of(transcript: Transcript, moment: Moment) -> Bubble:
    """One moment of a transcript."""
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


# -- transcripts that are kept as text ------------------------------------------------------------------------------


def read_snapshot(text: str) -> list[Bubble]:
    """A transcript's bubbles from its drawing under ``snapshots/``; of two phones, both, in the order of time."""
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
    # A bubble of the bot begins at the edge of its phone, a member's ends there.
    if indent % COLUMN:
        return Bubble("member", _unwrapped(parts[0], OWN_INNER), stamp=stamp)
    body, *rest = (_unwrapped(parts[0], BOT_INNER), *("\n".join(part) for part in parts[1:]))
    opener = next((part.strip().removeprefix("≡ ") for part in rest if part.strip().startswith("≡ ")), "")
    rows = [line for part in rest for line in part.splitlines() if not line.strip().startswith("≡ ")]
    return Bubble("bot", body, opener=opener, choices=tuple(_choices(rows)), stamp=stamp)


def _unwrapped(rows: Sequence[str], width: int) -> str:
    """The text as it was before its lines were broken: where the next word would not have fitted."""
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
