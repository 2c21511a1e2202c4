"""The decisions of personas in a conversation, by their screen, temperament and random generator.

They do not know the flows: they see texts and choices, and tap, type and send.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.people.personas import Persona, Temperament
from simulator.whatsapp_cloud.transcript.model import Screen

__all__ = ("Move", "choose")

GREETINGS: Final = ("Mhoro", "Hi", "hello", "Makadii", "Sawubona", "menu", "Hie")
CONFUSED: Final = ("what is this", "ndeipi", "2", "yes", "no", "I don't understand", "??", "help", "cancel", "home")
ODD: Final = (
    "👍👍👍", "𝕋𝕒𝕣𝕚𝕣𝕠", "Ünïcödé Ñame", "=0", "-5", "1e9", "NaN", "<b>bold</b>", "0.5=>nobody_here", "#!/bin/sh",
    "*bold* _it_ ~no~", "x" * 400, "line one\nline two", "   spaces   ", "١٢٣", "\u202esdrawkcab", "1,0,0", "0", "{0}",
)  # fmt: skip
MEDIA: Final = ("image", "audio", "sticker", "location")
PAUSES: Final = ("2 min", "6 min", "30 min")
AMOUNTS: Final = ("1", "0.50", "2.5 USD", "ZWG 100", "5 usd", "0.0001 XAU")

# Tap a choice, type a fitting or another answer, tap an old message, send media, greet, pause.
MOVES: Final = ("tap", "answer", "confused", "old", "odd", "media", "greet", "pause")
WEIGHTS: Final = {
    Temperament.CAREFUL: (70, 23, 0, 0, 0, 0, 5, 2),
    Temperament.HASTY: (75, 10, 5, 5, 0, 0, 5, 0),
    Temperament.CONFUSED: (35, 20, 21, 10, 2, 3, 4, 5),
    Temperament.ODD: (30, 20, 10, 5, 23, 5, 5, 2),
}
ASKS_AMOUNT = re.compile(r"\b(how much|amount)\b", re.IGNORECASE)
ASKS_HANDLE = re.compile(r"\b(handle|whom|who should)\b", re.IGNORECASE)
ASKS_LAST_NAME = re.compile(r"\b(last name|surname|family name)\b", re.IGNORECASE)
ASKS_FIRST_NAME = re.compile(r"\b(first name|your name)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Move:
    """The next line of a conversation: a verb (empty for typing, ``wait`` for a pause) and its value."""

    verb: str
    value: str


def choose(person: Persona, rng: random.Random, screens: Sequence[Screen], others: Sequence[Persona]) -> Move:
    """Decide the next move.

    Args:
        person: who decides.
        rng: the person's generator.
        screens: the bot's messages so far, oldest first.
        others: the other people, to whom offers may be made.
    """
    if not screens:
        return Move("", rng.choice(GREETINGS))
    kind = rng.choices(MOVES, WEIGHTS[person.temperament])[0]
    if kind == "tap" and (choices := screens[-1].choices):
        takes_first = person.temperament is Temperament.HASTY
        return Move("taps", choices[0].title if takes_first else rng.choice(choices).title)
    if kind == "old" and (titles := _older(screens)):
        return Move("taps", rng.choice(titles))
    if kind == "pause":
        return Move("wait", rng.choice(PAUSES))
    if kind == "media":
        return Move("sends", rng.choice(MEDIA))
    texts = {"confused": CONFUSED, "odd": ODD, "greet": GREETINGS}.get(kind)
    return Move("", rng.choice(texts) if texts else _fitting(person, rng, screens[-1], others))


def _older(screens: Sequence[Screen]) -> list[str]:
    """Titles that can be tapped on older messages and not on the newest one."""
    new = {choice.title for choice in screens[-1].choices}
    return sorted({choice.title for screen in screens[:-1] for choice in screen.choices} - new)


def _fitting(person: Persona, rng: random.Random, screen: Screen, others: Sequence[Persona]) -> str:
    """An answer to the question that the screen seems to ask."""
    if screen.choices:
        return str(rng.randint(1, len(screen.choices)))
    if ASKS_LAST_NAME.search(screen.body):
        return person.last_name
    if ASKS_FIRST_NAME.search(screen.body):
        return person.first_name
    if ASKS_HANDLE.search(screen.body) and others:
        return rng.choice(others).handle
    if ASKS_AMOUNT.search(screen.body):
        return rng.choice(AMOUNTS)
    return rng.choice(GREETINGS)
