"""Offers in the tests with real processes: members who make them, processes that die over them, and what was said."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from service.domain import Denomination, Money
from simulator.server.virtual_user import VirtualUser
from simulator.whatsapp_cloud import Bubble
from simulator.world.faults import Answer, Effect, Fault
from tests.integration.processes import Stack, handle_of, people

__all__ = ("Offerer", "Saboteur", "crowd")

OFFERED: Final = "offered"
NOT_MADE: Final = "not made"
UNKNOWN: Final = "not known yet"

_STATEMENTS: Final = (
    (re.compile(r"✅ You offered \*(.+?)\* to "), OFFERED),
    (re.compile(r"I looked again: your offer of \*(.+?)\* to \*.+?\* was made"), OFFERED),
    (re.compile(r"our offer of \*(.+?)\* to \*.+?\* was \*not\* made"), NOT_MADE),
    (re.compile(r"Credex refused the offer of \*(.+?)\* to "), NOT_MADE),
    (re.compile(r"\*not know yet\* whether your offer of \*(.+?)\* to "), UNKNOWN),
)


def statements(bubbles: Sequence[Bubble]) -> Iterator[tuple[str, str]]:
    """What messages say about offers, in order: the amount, and what became of it."""
    for bubble in bubbles:
        for pattern, said in _STATEMENTS:
            found = pattern.search(bubble.body)
            if found:
                yield found[1], said


@dataclass
class Offerer:
    """A member who makes offers, each of another amount, and confirms each; some tap twice."""

    user: VirtualUser
    number: int
    amounts: Sequence[Money]
    to: str
    twice: bool
    read: int = 0
    confirmed: list[Money] = field(default_factory=list)

    async def talk(self) -> None:
        """Make all the offers, each when the one before it is known to be made or not."""
        for money in self.amounts:
            question = await self.asked(money)
            self.user.tap(question, "Confirm")
            if self.twice:
                self.user.tap(question, "Confirm")
            self.confirmed.append(money)
            await self.told(money)

    def said(self, money: Money) -> list[str]:
        """What the member was told of this offer, in order."""
        return [said for amount, said in statements(self.user.answers) if amount == str(money)]

    async def told(self, money: Money) -> None:
        """Wait until it is known whether this offer was made."""
        while self.said(money)[-1:] not in ([OFFERED], [NOT_MADE]):
            await self._next()

    async def asked(self, money: Money) -> Bubble:
        """Ask for the offer until the bot wants it to be confirmed."""
        self.user.type(f"{money.amount}=>{self.to}")
        while True:
            told = await self._next()
            if f"Offer *{money}* to" in told.body:
                return told
            if "I cannot reach Credex at the moment" in told.body:
                self.user.type(f"{money.amount}=>{self.to}")

    async def _next(self) -> Bubble:
        self.read += 1
        return await self.user.answer(self.read - 1)


def crowd(here: Stack, seed: int, count: int, *, each: int) -> list[Offerer]:
    """Members with 100 USD, who will offer ``each`` amounts to the next of them; no amount comes twice."""
    chance = random.Random(seed)
    made = []
    for number, person in enumerate(people(seed, count)):
        user = here.add_member(person, number)
        here.world.core.fund(handle_of(number), Money(Decimal(100), Denomination.USD))
        amounts = [Money(Decimal(100 + number * each + one) / 100, Denomination.USD) for one in range(each)]
        to = handle_of((number + 1) % count)
        made.append(Offerer(user, number, amounts, to, twice=chance.random() < 0.25))
    return made


_AT: Final = {
    "preparing": "before login",
    "never sent": "before createCredex",
    "took effect": "before createCredex",
    "answer lost": "after createCredex",
}
"""When the bot is killed, by the request that comes by."""


class Saboteur:
    """Stands at Credex core's door, and kills processes of the bot when certain requests come by.

    Four times at offers drawn by the seed, in drawn order: before the write reached core (it never does), before it
    took effect (it does), after it took effect (nobody hears of it), and while an offer is prepared. The first two
    kill both processes, so that the one whose request it is is among them. Before all that, one write's answer is
    lost and core cannot be read until the member is told that nothing is known: it stays so until the bot looks again.
    """

    def __init__(self, here: Stack, seed: int, *, between: range) -> None:
        chance = random.Random(seed)
        self._here = here
        self._chance = chance
        moments = sorted(chance.sample(between, len(_AT)))
        kinds = chance.sample(sorted(_AT), len(_AT))
        self.plan = dict(zip(moments, kinds, strict=True))
        self._outage_at = between.start // 2
        self.writes = 0
        self._due: list[str] = []
        self.done: list[str] = []

    async def hook(self, point: str) -> None:
        """A request comes by."""
        if point == "before createCredex":
            self.writes += 1
            self._due += [self.plan[self.writes]] if self.writes in self.plan else []
            if self.writes == self._outage_at:
                self._cut_off_core()
        kind = next((kind for kind in self._due if _AT[kind] == point), "")
        if not kind:
            return
        self._due.remove(kind)
        self.done.append(kind)
        if kind == "never sent":
            self._here.world.core_proxy.faults.add(Fault(Effect.RESET, "createCredex"))
        both = point == "before createCredex"
        self._kill_and_start(range(2) if both else [self._chance.randrange(2)])

    async def end_outage(self, cast: Sequence[Offerer]) -> None:
        """Let core be reached again as soon as somebody was told that nothing is known."""
        await self._here.until(lambda: any(UNKNOWN in one.said(money) for one in cast for money in one.confirmed))
        self._here.world.core_proxy.faults.clear()

    def _cut_off_core(self) -> None:
        away = Answer(503, "<html>away</html>", {"content-type": "text/html"})
        faults = self._here.world.core_proxy.faults
        faults.add(Fault(Effect.ANSWER, "createCredex", after=True, answer=away))
        faults.add(Fault(Effect.ANSWER, "login", times=None, answer=away))

    def _kill_and_start(self, places: Sequence[int]) -> None:
        for place in places:
            self._here.kill(place)
        for place in places:
            self._here.start(place)
