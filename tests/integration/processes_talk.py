"""What people do in the tests with real processes, and what they must be told for it.

Where a machine is so slow that Credex core's answer does not come in time, the bot says so, and is right: whoever
waited long enough for it to be true is content with that, and asks again until they are told what they wanted.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from simulator.people import Persona
from simulator.server.virtual_user import VirtualUser
from simulator.whatsapp_cloud import Bubble

__all__ = ("Newcomer", "Reader", "labels")

AWAY: Final = "Credex is away"
UNKNOWN: Final = "not known yet"

LONG_MS: Final = 1_500
"""Sooner than this nobody can have waited in vain: core answers at once unless the machine is slow, and the bot gives
a connection 6 s and an answer 10 s. A connection that was idle is closed while the bot still uses it if the machine
holds up either for some 2 s."""

_MARKS: Final = {
    "I cannot reach Credex at the moment": AWAY,
    "I do not know yet whether you are registered": UNKNOWN,
    "Your registration went through": "joined after all",
    "Your registration did not go through": "not joined after all",
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


def labels(user: VirtualUser) -> list[str]:
    """What somebody was told, in order."""
    return [label(bubble) for bubble in user.answers]


@dataclass
class Reader:
    """A member who greets and reads; the hasty ones write everything at once and then wait."""

    user: VirtualUser
    words: list[str]
    hasty: bool

    @classmethod
    def of(cls, user: VirtualUser, chance: random.Random) -> Reader:
        """Somebody who writes four to six messages."""
        words = ["hi", *(chance.choice(list(_SAID)) for _ in range(chance.randint(3, 5)))]
        return cls(user, words, hasty=chance.random() < 0.5)

    @property
    def expected(self) -> list[str]:
        """The answers, in order: to each word its own, or that Credex is away if it took long to find that out."""
        right, free_ms = [], 0
        written = [one.at_ms for one in self.user.handset.sent]
        for word, at_ms, answer in zip(self.words, written, self.user.answers, strict=False):
            waited_ms, free_ms = answer.at_ms - max(at_ms, free_ms), answer.at_ms
            may_fail = word != "help" and waited_ms >= LONG_MS
            right.append(AWAY if may_fail and label(answer) == AWAY else _SAID[word])
        return [*right, *(_SAID[word] for word in self.words[len(right) :])]

    async def talk(self) -> None:
        """Write, and wait for all answers."""
        for number, word in enumerate(self.words):
            self.user.type(word)
            if not self.hasty:
                await self.user.answer(number)
        await self._heard()

    async def ask(self, word: str) -> None:
        """Write one more, and wait for its answer."""
        self.words.append(word)
        self.user.type(word)
        await self._heard()

    async def _heard(self) -> None:
        if label(await self.user.answer(len(self.words) - 1)) == AWAY:
            await self.ask(self.words[-1])


@dataclass
class Newcomer:
    """Somebody who registers, as often as it takes, and then reads their dashboard.

    Attributes:
        expected: the answers, in order; each was looked at when it came.
    """

    user: VirtualUser
    person: Persona
    expected: list[str] = field(default_factory=list)

    async def talk(self) -> None:
        """Greet, register, read."""
        user = self.user
        await self._register()
        user.type("help")
        user.type("menu")
        await self._told("help")
        if (await self._told("dashboard", AWAY))[0] == AWAY:
            await self._asked(partial(user.type, "menu"), "dashboard")

    async def _register(self) -> None:
        user = self.user
        begin = partial(user.type, "hi")
        while True:
            welcome = await self._asked(begin, "welcome")
            await self._asked(partial(user.tap, welcome, "Become a member"), "first name")
            await self._asked(partial(user.type, self.person.first_name), "last name")
            question = await self._asked(partial(user.type, self.person.last_name), "check")
            user.tap(question, "Confirm")
            kind, told = await self._told("joined", "not joined", UNKNOWN, AWAY)
            if kind == UNKNOWN:
                kind, told = await self._told("joined after all", "not joined after all")
            if kind in {"joined", "joined after all"}:
                return
            begin = partial(user.tap, told, "Try again") if kind == "not joined" else partial(user.type, "hi")

    async def _asked(self, act: Callable[[], object], expected: str) -> Bubble:
        """Do something, again if Credex is away, until it is answered."""
        act()
        kind, told = await self._told(expected, AWAY)
        return await self._asked(act, expected) if kind == AWAY else told

    async def _told(self, *kinds: str) -> tuple[str, Bubble]:
        """The next answer, which must be one of these."""
        began_ms = self.user.handset.sent[-1].at_ms
        told = await self.user.answer(len(self.expected))
        kind = label(told)
        assert kind in kinds
        assert kind not in {AWAY, UNKNOWN} or told.at_ms - began_ms >= LONG_MS, f"too soon for {kind!r}"
        self.expected.append(kind)
        return kind, told
