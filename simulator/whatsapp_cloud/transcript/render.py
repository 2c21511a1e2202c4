"""Draws transcripts as text that looks like phones: narrow bubbles, one below the other.

One member has one column, two members have a column each; more members share one column, with a line at each change.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from .model import Choice, Kind, Moment, Screen, Transcript

__all__ = ("draw", "draw_moment", "plain")

PHONE: Final = 44
GAP: Final = 4
BOT_INNER: Final = 36
OWN_INNER: Final = 30
SIDE_BY_SIDE: Final = 2

_JOINERS = "\u200d\ufe0f"  # invisible characters that join emoji

_RULE = "grey50"
_BOT = "default"
_OWN = "green"
_CHOICE = "bold cyan"
_QUIET = "grey50"
_STAGE = "italic yellow"


def plain(transcript: Transcript) -> str:
    """The transcript as plain text, without trailing spaces and with one newline at the end."""
    return "\n".join(line.plain.rstrip() for line in draw(transcript)) + "\n"


def draw(transcript: Transcript) -> list[Text]:
    """The transcript as styled lines."""
    lines = _heading(transcript)
    shown = ""
    for moment in transcript.moments:
        lines.append(Text())
        if len(transcript.present) > SIDE_BY_SIDE and moment.member and moment.member != shown:
            lines += [Text(f"── {moment.member} {'─' * (PHONE - 4 - cell_len(moment.member))}", _RULE), Text()]
        shown = moment.member or shown
        lines += draw_moment(transcript, moment)
    return lines


def draw_moment(transcript: Transcript, moment: Moment) -> list[Text]:
    """One entry, in the column of its member."""
    indent = _indent(transcript, moment.member)
    drawn = _drawn(transcript, moment)
    if not moment.member:
        return [_centred(line, _width(transcript)) for line in drawn]
    return [Text(" " * indent) + line for line in drawn]


def _drawn(transcript: Transcript, moment: Moment) -> list[Text]:
    stamp = " ".join(part for part in (transcript.id_of(moment.wamid), transcript.at(moment)) if part)
    if moment.screen is not None:
        return _bot_bubble(moment.screen, stamp)
    on = transcript.id_of(moment.on)
    match moment.kind:
        case Kind.STAGE | Kind.UNDELIVERED:
            width = PHONE if moment.member else _width(transcript)
            return [Text(line, _STAGE) for line in _direction(moment.text, width)]
        case Kind.TYPING:
            return [Text(f"…  {stamp}", _QUIET)]
        case Kind.BOT_REACTED:
            return [Text(f"{moment.text} on {on}  {stamp}", _QUIET)]
        case _:
            return _own_bubble(_own_words(moment, on), stamp, _CHOICE if moment.kind is Kind.TAPPED else _OWN)


def _own_words(moment: Moment, on: str) -> str:
    match moment.kind:
        case Kind.TAPPED:
            return f"▸ {moment.text} (on {on})" if moment.stale else f"▸ {moment.text}"
        case Kind.SENT:
            return f"({moment.text})"
        case Kind.REACTED:
            return f"{moment.text} on {on}" if moment.text else f"takes the reaction to {on} back"
        case _:
            return moment.text


def _heading(transcript: Transcript) -> list[Text]:
    start = datetime.fromtimestamp(transcript.start_ms / 1000, transcript.zone)
    when = f"{start:%A} {start.day} {start:%B %Y, %H:%M} in {transcript.zone.tzname(start)}"
    lines = [Text(transcript.title, "bold")]
    lines += [Text(line) for line in _wrapped(transcript.about, _width(transcript))] if transcript.about else []
    lines.append(Text(when, _QUIET))
    if len(transcript.present) == SIDE_BY_SIDE:
        names = [f" {name} ".center(PHONE, "─") for name in transcript.present]
        lines += [Text(), Text((" " * GAP).join(names), _RULE)]
    return lines


def _width(transcript: Transcript) -> int:
    return PHONE * 2 + GAP if len(transcript.present) == SIDE_BY_SIDE else PHONE


def _indent(transcript: Transcript, member: str) -> int:
    if len(transcript.present) != SIDE_BY_SIDE or member not in transcript.present:
        return 0
    return transcript.present.index(member) * (PHONE + GAP)


def _centred(line: Text, width: int) -> Text:
    return Text(" " * max((width - line.cell_len) // 2, 0)) + line


def _bot_bubble(screen: Screen, stamp: str) -> list[Text]:
    parts: list[list[tuple[str, str]]] = []
    words = [(row, "bold") for row in _wrapped(screen.header, BOT_INNER)] if screen.header else []
    words += [("", "")] if screen.header else []
    words += [(row, _BOT) for row in _wrapped(screen.body, BOT_INNER)]
    if screen.footer:
        words += [("", ""), *((row, _QUIET) for row in _wrapped(screen.footer, BOT_INNER))]
    parts.append(words)
    if screen.opener:
        parts.append([(f"≡ {screen.opener}".center(BOT_INNER), _CHOICE)])
        if screen.choices:
            parts.append(_rows(screen.choices))
    elif screen.choices:
        parts.append([(f"[ {choice.title} ]".center(BOT_INNER), _CHOICE) for choice in screen.choices])
    return _framed(parts, stamp, BOT_INNER if len(parts) > 1 else 0)


def _rows(choices: Iterable[Choice]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for section, members in groupby(choices, key=lambda choice: choice.section):
        if section:
            rows.append((section.upper(), _QUIET))
        for choice in members:
            rows.append((f"• {choice.title}", _CHOICE))
            rows += [(f"  {row}", _QUIET) for row in _wrapped(choice.description, BOT_INNER - 2) if row]
    return rows


def _own_bubble(text: str, stamp: str, style: str) -> list[Text]:
    rows = [(row, style) for row in _wrapped(text, OWN_INNER)]
    framed = _framed([rows], stamp, 0)
    return [Text(" " * (PHONE - line.cell_len)) + line for line in framed]


def _framed(parts: list[list[tuple[str, str]]], stamp: str, least: int) -> list[Text]:
    """A box around the parts, separated by lines, with id and time in the lower edge."""
    widest = max(cell_len(row) for part in parts for row, _ in part)
    inner = max(least, widest, cell_len(stamp) + 2)
    lines = [Text(f"╭{'─' * (inner + 2)}╮", _RULE)]
    for place, part in enumerate(parts):
        if place:
            lines.append(Text(f"├{'─' * (inner + 2)}┤", _RULE))
        for row, style in part:
            line = Text("│ ", _RULE)
            line.append(row + " " * (inner - cell_len(row)), style)
            line.append(" │", _RULE)
            lines.append(line)
    foot = f" {stamp} ─╯"
    lines.append(Text(f"╰{'─' * (inner + 4 - 1 - cell_len(foot))}{foot}", _RULE))
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    """Wrap a text to this many cells; line breaks are kept, long words are cut."""
    return [row for paragraph in text.split("\n") for row in _paragraph(_visible(paragraph), width)]


def _paragraph(text: str, width: int) -> list[str]:
    words = text.lstrip(" ")
    indent = " " * min(len(text) - len(words), width // 2)
    return [indent + row for row in _rows_of(words.split(" "), width - len(indent))]


def _direction(text: str, width: int) -> list[str]:
    """A stage direction in rows; its dashes are never alone in a row."""
    words = _visible(text).split(" ")
    words[0] = f"-- {words[0]}"
    words[-1] += " --"
    return _rows_of(words, width)


def _rows_of(words: Iterable[str], width: int) -> list[str]:
    rows, row = [], ""
    for word in words:
        candidate = f"{row} {word}" if row else word
        if cell_len(candidate) <= width:
            row = candidate
            continue
        if row:
            rows.append(row)
        row = word
        while cell_len(row) > width:
            cut = next(place for place in range(len(row), 0, -1) if cell_len(row[:place]) <= width)
            rows.append(row[:cut])
            row = row[cut:]
    return [*rows, row]


def _visible(text: str) -> str:
    """Replace invisible characters, which would disturb the drawing, by their codes."""
    spaced = text.replace("\t", "    ")
    return "".join(char if char.isprintable() or char in _JOINERS else f"⟨{ord(char):x}⟩" for char in spaced)
