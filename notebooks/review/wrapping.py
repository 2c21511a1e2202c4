"""How wide words are, and where their lines break: the same on every machine, by one font's own measures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.ft2font import FT2Font, LoadFlags

__all__ = ("Run", "width_of", "wrapped")

ELSEWHERE: Final = 1.35
"""What the font does not have (an emoji) is drawn by another, about so many times as wide as the font is high."""

INVISIBLE: Final = "\u200d\ufe0f"
UNIT: Final = 65536
MEASURED_AT: Final = 100


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one weight."""

    text: str
    bold: bool = False


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """How wide the text is, in the unit of its size."""
    return sum(_advance(char, bold=bold) for char in text) * size


def wrapped(text: str, width: float, size: float, *, bold: bool = False) -> list[list[Run]]:
    """The text in lines of at most this width; ``*words*`` are bold as in WhatsApp; its own line breaks are kept."""
    lines: list[list[Run]] = []
    for paragraph in text.split("\n"):
        words = [
            Run(word, run.bold) for run in _runs(paragraph, bold=bold) for word in re.findall(r" +|[^ ]+", run.text)
        ]
        lines += _filled([piece for word in words for piece in _pieces(word, width, size)], width, size)
    return lines


def _filled(words: Sequence[Run], width: float, size: float) -> Iterator[list[Run]]:
    line: list[Run] = []
    taken = 0.0
    for word in _together(words, width, size):
        wide = _wide(word, size)
        space = not word[0].text.strip()
        if line and taken + wide > width and not space:
            yield _joined(line)
            line, taken = [], 0.0
        if line or not space or not taken:
            line += word
            taken += wide
    yield _joined(line)


def _together(words: Sequence[Run], width: float, size: float) -> Iterator[list[Run]]:
    """Words with what stands right beside them in another weight: a full stop stays with the word before it."""
    together: list[Run] = []
    for word in words:
        space = not word.text.strip() or not (together and together[-1].text.strip())
        if together and (space or _wide([*together, word], size) > width):
            yield together
            together = []
        together.append(word)
    if together:
        yield together


def _wide(runs: Sequence[Run], size: float) -> float:
    return sum(width_of(run.text, size, bold=run.bold) for run in runs)


def _joined(line: Sequence[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in line:
        if joined and joined[-1].bold == run.bold:
            joined[-1] = Run(joined[-1].text + run.text, run.bold)
        else:
            joined.append(run)
    return [run for run in joined if run.text]


def _pieces(word: Run, width: float, size: float) -> Iterator[Run]:
    """A word that is wider than a line, cut."""
    rest = word.text
    while width_of(rest, size, bold=word.bold) > width and len(rest) > 1:
        cut = next(end for end in range(len(rest), 0, -1) if end == 1 or width_of(rest[:end], size) <= width)
        yield Run(rest[:cut], word.bold)
        rest = rest[cut:]
    yield Run(rest, word.bold)


def _runs(text: str, *, bold: bool) -> Iterator[Run]:
    place = 0
    for found in re.finditer(r"(?<!\w)\*(?=\S)([^*\n]+?)(?<=\S)\*(?!\w)", text):
        yield Run(text[place : found.start()], bold)
        yield Run(found[1], bold=True)
        place = found.end()
    yield Run(text[place:], bold)


@cache
def _advance(char: str, *, bold: bool) -> float:
    if char in INVISIBLE:
        return 0.0
    font = _font(bold=bold)
    if not font.get_char_index(ord(char)):
        return ELSEWHERE
    return font.load_char(ord(char), LoadFlags.NO_HINTING).linearHoriAdvance / UNIT / MEASURED_AT


@cache
def _font(*, bold: bool) -> FT2Font:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = FT2Font(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name))
    font.set_size(MEASURED_AT, 72)
    return font
