"""A diagram of the trust boundaries, with the numbers of the attacks that cross them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from notebooks.review.attacks import ANYONE, ATTACKS, INSIDE, KEY, PHONE, SOCKET, Attack
from notebooks.review.pictures import FONT, Picture

__all__ = ("trust_map",)

WIDTH, HEIGHT = 860, 704
INK, QUIET, SHADE = "#222222", "#555555", "#e4e4e4"
LINE: Final = 15
SIZE: Final = 12


@dataclass(frozen=True, slots=True)
class _Ground:
    """A region of equal trust; `indent` and `down` place its name."""

    left: int
    top: int
    width: int
    height: int
    name: str
    indent: int = 10
    down: int = 20
    ours: bool = False


_GROUNDS: Final = (
    _Ground(10, 10, 840, 96, "Strangers: not trusted"),
    _Ground(440, 176, 290, 92, "Trusted for what they sign", indent=100),
    _Ground(10, 340, 840, 206, "The service", ours=True),
    _Ground(150, 596, 500, 96, "Stores, logs and answers", down=86),
)

_BOXES: Final = {
    "socket": (120, 68, "anyone who opens\na connection"),
    "anyone": (330, 68, "anyone who knows\nthe webhook's URL"),
    "phone": (530, 68, "a member's phone,\nperhaps modified"),
    "thief": (760, 68, "an impostor\nof core"),
    "meta": (530, 228, "Meta"),
    "core": (650, 228, "Credex core"),
    "door": (120, 398, "request guard: complete\nbody in 10 s, one length"),
    "webhook": (400, 398, "webhook: signature\nof the raw bytes"),
    "notices": (720, 398, "notices and events:\nkey, signature, time"),
    "flows": (400, 510, "flows: own ids only, one answer\nper screen, tokens, plain text"),
    "logs": (270, 636, "logs and answers:\nno number, no secret"),
    "redis": (560, 636, "Redis:\ntokens encrypted"),
    "reader": (788, 636, "anyone who reads\nor measures"),
}
"""The centre and the label of each box."""

_HALF: Final = {
    name: (max(len(line) for line in words.split("\n")) * 3.6 + 12, 20) for name, (_, _, words) in _BOXES.items()
}
"""Half of the width and half of the height of each box."""

_ARROWS: Final = (
    ("phone", "meta", "", "", 0, 0),
    ("meta", "webhook", "", "signed by Meta", 488, 312),
    ("core", "notices", "", "key, signed", 604, 312),
    (
        "webhook",
        "flows",
        PHONE,
        "others' ids, old buttons, forged forms,\nmarkup, look-alikes, contact cards",
        412,
        446,
    ),
    ("socket", "door", SOCKET, "malformed, endless", 132, 216),
    ("anyone", "webhook", ANYONE, "forged, replayed,\noversized", 240, 190),
    ("thief", "notices", KEY, "no key, replayed,\nhostile fields", 756, 216),
    ("flows", "logs", "", "", 0, 0),
    ("flows", "redis", "", "", 0, 0),
    ("notices", "redis", "", "", 0, 0),
    ("reader", "redis", INSIDE, "read, timed", 658, 612),
)
"""Source, target, boundary of the attacks, label, and the position of the label."""


def trust_map(attacks: Sequence[Attack] = ATTACKS) -> Picture:
    """The diagram: each thick arrow has the numbers of its attacks and ends where they are stopped."""
    by: dict[str, list[int]] = {}
    for each in attacks:
        by.setdefault(each.where, []).append(each.number)
    pieces = [
        *(_ground(each) for each in _GROUNDS),
        *(_arrow(tail, head, thick=bool(where)) for tail, head, where, *_ in _ARROWS),
        *(_box(name) for name in _BOXES),
        *(_label(x, y, _ranges(by.get(where, ())), words) for _, _, where, words, x, y in _ARROWS if where or words),
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="{FONT}" font-size="{SIZE}" fill="{INK}"><rect width="100%" height="100%" fill="white"/>\n'
        f'<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="{INK}"/></marker></defs>\n'
    )
    words = "\n".join(f"{each.number}. {each.where}: {each.threat}" for each in attacks)
    return Picture(svg + "\n".join(pieces) + "\n</svg>", words)


def _ground(ground: _Ground) -> str:
    look = f'fill="{SHADE}" stroke-width="2"' if ground.ours else 'fill="none" stroke-dasharray="6 4"'
    place = f'x="{ground.left}" y="{ground.top}" width="{ground.width}" height="{ground.height}"'
    at = f'x="{ground.left + ground.indent}" y="{ground.top + ground.down}"'
    frame = f'<rect {place} rx="6" stroke="{QUIET}" {look}/>'
    return f'{frame}<text {at} font-weight="bold" fill="{QUIET}">{html.escape(ground.name)}</text>'


def _box(name: str) -> str:
    x, y, words = _BOXES[name]
    half, high = _HALF[name]
    lines = words.split("\n")
    frame = (
        f'<rect x="{x - half:g}" y="{y - high}" width="{2 * half:g}" height="{2 * high}" rx="9" '
        f'fill="white" stroke="{INK}"/>'
    )
    first = y + 4 - (len(lines) - 1) * LINE / 2
    return frame + "".join(
        f'<text x="{x}" y="{first + place * LINE:g}" text-anchor="middle">{html.escape(line)}</text>'
        for place, line in enumerate(lines)
    )


def _arrow(tail: str, head: str, *, thick: bool) -> str:
    (x1, y1), (x2, y2) = _edge_of(tail, head), _edge_of(head, tail)
    width = "3" if thick else "1.2"
    line = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {line} stroke="{INK}" stroke-width="{width}" marker-end="url(#tip)"/>'


def _edge_of(name: str, towards: str) -> tuple[float, float]:
    """The point where the line between the centres of two boxes crosses the edge of the first."""
    x, y, _ = _BOXES[name]
    dx, dy = _BOXES[towards][0] - x, _BOXES[towards][1] - y
    half, high = _HALF[name]
    part = min(half / abs(dx) if dx else 9.0, high / abs(dy) if dy else 9.0)
    return x + dx * part, y + dy * part


def _label(x: int, y: int, numbers: str, words: str) -> str:
    lines = [
        *([f'<tspan font-weight="bold">{numbers}</tspan>'] if numbers else []),
        *map(html.escape, words.split("\n")),
    ]
    return "".join(
        f'<text x="{x}" y="{y + place * LINE}" font-size="11.5">{line}</text>'
        for place, line in enumerate(lines)
        if line
    )


def _ranges(numbers: Sequence[int]) -> str:
    """The numbers as text: ``1 to 6`` for successive numbers, else separated by commas."""
    following = len(numbers) > len("ab") and list(numbers) == list(range(numbers[0], numbers[-1] + 1))
    return f"{numbers[0]} to {numbers[-1]}" if following else ", ".join(map(str, numbers))
