"""Phones drawn side by side, as SVG: what members saw, for people who review it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from notebooks.review.bubbles import Bubble
from notebooks.review.pictures import FONT, Picture
from notebooks.review.wrapping import Run, width_of, wrapped

__all__ = ("Phone", "phones", "split")

WIDTH: Final = 276
GAP: Final = 14
EDGE: Final = 10
PAD: Final = 9
INNER: Final = 222
SIZE: Final = 11.0
SMALL: Final = 9.5
LINE: Final = 15.0
SMALL_LINE: Final = 12.5
STAMP: Final = 9.0
BETWEEN: Final = 8.0
TITLE: Final = 11.5
ABREAST: Final = 3
TALLEST: Final = 560.0
"""The height of a phone; longer conversations continue on the next one."""

INK: Final = "#1c1c1c"
QUIET: Final = "#6b6b6b"
LINK: Final = "#0a4f8a"
WALL: Final = "#eee9e2"


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone with its title, its bubbles and a subtitle."""

    title: str
    bubbles: Sequence[Bubble]
    about: str = ""


@dataclass(slots=True)
class _Sheet:
    """A vertical stack of SVG elements."""

    y: float = 0.0
    pieces: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, look: str, *, round_: float = 6) -> None:
        self.pieces.append(
            f'<rect x="{x:g}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round_:g}" {look}/>'
        )

    def lines(self, x: float, lines: Sequence[Sequence[Run]], *, size: float, high: float, fill: str = INK) -> None:
        for line in lines:
            self.y += high
            self.line(x, self.y - (high - size) / 2 - size * 0.18, line, size=size, fill=fill)

    def line(self, x: float, y: float, line: Sequence[Run], *, size: float, fill: str, anchor: str = "") -> None:
        words = "".join(
            f'<tspan font-weight="bold">{html.escape(run.text)}</tspan>' if run.bold else html.escape(run.text)
            for run in line
        )
        if words:
            place = f' text-anchor="{anchor}"' if anchor else ""
            self.pieces.append(f'<text x="{x:g}" y="{y:.1f}" font-size="{size:g}" fill="{fill}"{place}>{words}</text>')


def phones(*strips: Sequence[Phone], abreast: int = ABREAST) -> Picture:
    """Strips of phones below one another, with at most `abreast` phones in a row."""
    rows = [strip[place : place + abreast] for strip in strips for place in range(0, len(strip), abreast)]
    pieces: list[str] = []
    top = 0.0
    for row in rows:
        heads = [_head(phone) for phone in row]
        head = max(sheet.y for sheet in heads)
        bodies = [_body(phone) for phone in row]
        high = max(sheet.y for sheet in bodies) + EDGE
        for place, (above, below) in enumerate(zip(heads, bodies, strict=True)):
            x = place * (WIDTH + GAP) + 2
            pieces.append(f'<g transform="translate({x},{top:.1f})">{"".join(above.pieces)}</g>')
            screen = (
                f'<rect width="{WIDTH}" height="{high:.1f}" rx="16" fill="{WALL}" stroke="#9a9a9a" stroke-width="1.5"/>'
            )
            pieces.append(f'<g transform="translate({x},{top + head + 4:.1f})">{screen}{"".join(below.pieces)}</g>')
        top += head + high + GAP + 6
    width = max((len(row) for row in rows), default=1) * (WIDTH + GAP) - GAP + 4
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top:.0f}" viewBox="0 0 {width} {top:.0f}" '
        f'font-family="{FONT}"><rect width="100%" height="100%" fill="white"/>\n'
    )
    words = "\n\n".join(
        "\n".join([phone.title, *(bubble.words() for bubble in phone.bubbles)]) for row in rows for phone in row
    )
    return Picture(svg + "\n".join(pieces) + "\n</svg>", words)


def split(title: str, bubbles: Sequence[Bubble], *, about: str = "", tallest: float = TALLEST) -> list[Phone]:
    """A conversation, divided over as many phones as it needs."""
    pages: list[list[Bubble]] = [[]]
    for bubble in bubbles:
        high = _body(Phone("", [*pages[-1], bubble])).y
        if pages[-1] and high > tallest:
            pages.append([])
        pages[-1].append(bubble)
    if len(pages) == 1:
        return [Phone(title, pages[0], about)]
    return [
        Phone(f"{title} ({place}/{len(pages)})", page, about if place == 1 else "")
        for place, page in enumerate(pages, 1)
    ]


def _head(phone: Phone) -> _Sheet:
    sheet = _Sheet()
    sheet.lines(4, wrapped(phone.title, WIDTH - 8, TITLE, bold=True), size=TITLE, high=16)
    if phone.about:
        sheet.lines(4, wrapped(phone.about, WIDTH - 8, SMALL), size=SMALL, high=SMALL_LINE, fill=QUIET)
    return sheet


def _body(phone: Phone) -> _Sheet:
    sheet = _Sheet(y=float(EDGE))
    for place, bubble in enumerate(phone.bubbles):
        sheet.y += BETWEEN if place else 0
        if bubble.side == "stage":
            _direction(sheet, bubble)
        elif bubble.side == "bot":
            _bot(sheet, bubble)
        else:
            _member(sheet, bubble)
    return sheet


def _direction(sheet: _Sheet, bubble: Bubble) -> None:
    for line in wrapped(bubble.body, WIDTH - 4 * EDGE, SMALL):
        sheet.y += SMALL_LINE + 1
        sheet.line(WIDTH / 2, sheet.y - 3, line, size=SMALL, fill="#5a4a00", anchor="middle")


def _frame(bubble: Bubble, fill: str) -> str:
    edge = 'stroke="#111" stroke-width="2.2"' if bubble.changed else 'stroke="#c9c3ba" stroke-width="0.8"'
    return f'fill="{fill}" {edge}'


def _bot(sheet: _Sheet, bubble: Bubble) -> None:
    top, x = sheet.y, EDGE + PAD
    inside = _Sheet(y=top + PAD - 3)
    if bubble.head:
        inside.lines(x, wrapped(bubble.head, INNER, SIZE, bold=True), size=SIZE, high=LINE)
    body = wrapped(bubble.body, INNER, SIZE)
    inside.lines(x, body, size=SIZE, high=LINE)
    if bubble.foot:
        inside.lines(x, wrapped(bubble.foot, INNER, SMALL), size=SMALL, high=SMALL_LINE, fill=QUIET)
    wide = INNER if bubble.choices or bubble.opener or bubble.head else max(_widest(body), 70.0)
    inside.y += 2
    inside.line(EDGE + PAD + wide, inside.y + 8, [Run(_time(bubble))], size=STAMP, fill=QUIET, anchor="end")
    inside.y += 12
    sheet.box(EDGE, top, wide + 2 * PAD, inside.y - top, _frame(bubble, "white"))
    sheet.pieces += inside.pieces
    sheet.y = inside.y
    if bubble.opener:
        _button(sheet, f"≡ {bubble.opener}", bubble)
        _rows(sheet, bubble)
    else:
        for title, _ in bubble.choices:
            _button(sheet, title, bubble)


def _button(sheet: _Sheet, title: str, bubble: Bubble) -> None:
    top = sheet.y + 3
    sheet.box(EDGE, top, INNER + 2 * PAD, 22, _frame(bubble, "white"))
    sheet.line(EDGE + PAD + INNER / 2, top + 15, [Run(title, bold=True)], size=SIZE, fill=LINK, anchor="middle")
    sheet.y = top + 22


def _rows(sheet: _Sheet, bubble: Bubble) -> None:
    if not bubble.choices:
        return
    top, x = sheet.y + 3, EDGE + PAD
    inside = _Sheet(y=top + 4)
    for title, below in bubble.choices:
        inside.lines(x, wrapped(f"○ {title}", INNER, SIZE), size=SIZE, high=LINE, fill=LINK)
        if below:
            inside.lines(x + 13, wrapped(below, INNER - 13, SMALL), size=SMALL, high=SMALL_LINE - 1, fill=QUIET)
            inside.y += 2
    sheet.box(EDGE, top, INNER + 2 * PAD, inside.y + 5 - top, _frame(bubble, "#fbfbfb"))
    sheet.pieces += inside.pieces
    sheet.y = inside.y + 5


def _member(sheet: _Sheet, bubble: Bubble) -> None:
    lines = wrapped(bubble.body, INNER - 20, SIZE)
    wide = max(_widest(lines), width_of(_time(bubble), STAMP) + 4)
    right = WIDTH - EDGE
    left, top = right - wide - 2 * PAD, sheet.y
    inside = _Sheet(y=top + PAD - 3)
    inside.lines(left + PAD, lines, size=SIZE, high=LINE)
    inside.line(right - PAD, inside.y + 10, [Run(_time(bubble))], size=STAMP, fill=QUIET, anchor="end")
    inside.y += 14
    sheet.box(left, top, wide + 2 * PAD, inside.y - top, _frame(bubble, "#cfe8c0"))
    sheet.pieces += inside.pieces
    sheet.y = inside.y


def _widest(lines: Sequence[Sequence[Run]]) -> float:
    return max((sum(width_of(run.text, SIZE, bold=run.bold) for run in line) for line in lines), default=0.0)


def _time(bubble: Bubble) -> str:
    return bubble.stamp
