"""What people do in the tests with real processes, and what they must be told for it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.people import Persona
from simulator.standalone import Visitor
from simulator.whatsapp_cloud import Bubble

__all__ = ("Newcomer", "Reader", "labels")

_MARKS: Final = {
    "Nothing was offered": "left",
    "You are now a member": "joined",
    "*not* registered yet": "not joined",
    "Handle: ": "dashboard",
    "keeps your credexes": "help",
    "No offers wait for you": "incoming",
    "You have no offers waiting": "outgoing",
    "Your number is not registered yet": "welcome",
    "What is your first name?": "first name",
    "And your last name?": "last name",
    "You will be registered as": "check",
}
"""Answers by words that only they have; the first that fits counts."""

_SAID: Final = {"hi": "dashboard", "menu": "dashboard", "help": "help", "pending": "incoming", "outgoing": "outgoing"}
"""What a member may write, and the answer to it."""


def label(bubble: Bubble) -> str:
    """What kind of answer a message is; its text if none that is known."""
    return next((name for mark, name in _MARKS.items() if mark in bubble.body), bubble.body)


def labels(visitor: Visitor) -> list[str]:
    """What somebody was told, in order."""
    return [label(bubble) for bubble in visitor.answers]


@dataclass
class Reader:
    """A member who greets and reads; the hasty ones write everything at once and then wait."""

    visitor: Visitor
    words: Sequence[str]
    hasty: bool

    @classmethod
    def of(cls, visitor: Visitor, chance: random.Random) -> Reader:
        """Somebody who writes four to six messages."""
        words = ["hi", *(chance.choice(list(_SAID)) for _ in range(chance.randint(3, 5)))]
        return cls(visitor, words, hasty=chance.random() < 0.5)

    @property
    def expected(self) -> list[str]:
        """The answers, in order."""
        return [_SAID[word] for word in self.words]

    async def talk(self) -> None:
        """Write, and wait for all answers."""
        for number, word in enumerate(self.words):
            self.visitor.type(word)
            if not self.hasty:
                await self.visitor.answer(number)
        await self.visitor.answer(len(self.words) - 1)


@dataclass
class Newcomer:
    """Somebody who registers, as often as it takes, and then reads their dashboard."""

    visitor: Visitor
    person: Persona
    attempts: int = 0

    @property
    def expected(self) -> list[str]:
        """The answers, in order: an attempt that did not come through is told as that."""
        attempt = ["welcome", "first name", "last name", "check"]
        return [*[*attempt, "not joined"] * (self.attempts - 1), *attempt, "joined", "help", "dashboard"]

    async def talk(self) -> None:
        """Greet, register, read."""
        visitor, number = self.visitor, 0
        visitor.type("hi")
        while True:
            self.attempts += 1
            visitor.tap(await visitor.answer(number), "Become a member")
            await visitor.answer(number + 1)
            visitor.type(self.person.first_name)
            await visitor.answer(number + 2)
            visitor.type(self.person.last_name)
            visitor.tap(await visitor.answer(number + 3), "Confirm")
            told = await visitor.answer(number + 4)
            number += 5
            if label(told) != "not joined":
                break
            visitor.tap(told, "Try again")
        visitor.type("help")
        visitor.type("menu")
        await visitor.answer(number + 1)
