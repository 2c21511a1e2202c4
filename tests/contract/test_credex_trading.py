"""Trading at random: money is conserved, and every member sees the balance that a simple model expects."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from service.credex.errors import Refusal, RefusedError
from service.domain import Denomination, Money
from simulator.credex_core import Core
from simulator.credex_core import RefusalError as CoreRefusal
from tests.credex_world import START_MS, World, in_world

DAY_MS = 86_400_000
PHONES = ("263771000001", "263771000002", "263771000003")

denominations = st.sampled_from([Denomination.USD, Denomination.CXX, Denomination.XAU])
places = st.integers(min_value=0, max_value=2)


@dataclass(frozen=True)
class Offer:
    """One offers to another."""

    giver: int
    taker: int
    units: int
    denomination: Denomination

    @property
    def money(self) -> Money:
        """The amount, in the smallest units of its denomination."""
        return Money(Decimal(self.units).scaleb(-self.denomination.decimals), self.denomination)


@dataclass(frozen=True)
class End:
    """Something happens to the offer made so many offers ago."""

    verb: str
    which: int


@dataclass(frozen=True)
class Wait:
    """Days pass."""

    days: int


offers = st.builds(Offer, places, places, st.integers(min_value=1, max_value=800), denominations)
ends = st.builds(End, st.sampled_from(["accept", "decline", "cancel"]), st.integers(min_value=0, max_value=5))
waits = st.builds(Wait, st.integers(min_value=1, max_value=3))
Step = Offer | End | Wait


@dataclass
class Model:
    """What ought to be: balances of accepted money, and offers that hold some of it back. Independent of the ledger."""

    held: dict[tuple[int, Denomination], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    made: list[tuple[Offer, int, list[str]]] = field(default_factory=list)

    def free(self, who: int, denomination: Denomination, day: int) -> Decimal:
        """What may be offered, and is shown."""
        reserved = sum(
            (
                offer.money.amount
                for offer, made_on, ended in self.made
                if not ended and offer.giver == who and offer.denomination is denomination and day <= made_on + 2
            ),
            Decimal(0),
        )
        return self.held[who, denomination] - reserved

    def offer(self, offer: Offer, day: int) -> bool:
        """Whether the offer is made."""
        if offer.giver == offer.taker or self.free(offer.giver, offer.denomination, day) < offer.money.amount:
            return False
        self.made.append((offer, day, []))
        return True

    def end(self, end: End, day: int) -> bool:
        """Whether the offer was still open to be ended."""
        offer, made_on, ended = self.made[-1 - end.which]
        if ended or day > made_on + 2:
            return False
        ended.append(end.verb)
        if end.verb == "accept":
            self.held[offer.giver, offer.denomination] -= offer.money.amount
            self.held[offer.taker, offer.denomination] += offer.money.amount
        return True


def furnish(core: Core, model: Model) -> None:
    """Three members without daily limits, with money."""
    for place, phone in enumerate(PHONES):
        core.add_member(phone, "Trader", "Of Many Things", tier=3)
        for denomination, units in ((Denomination.USD, 1000), (Denomination.CXX, 500), (Denomination.XAU, 7)):
            money = Offer(0, 0, units, denomination).money
            core.fund(phone, money)
            model.held[place, denomination] += money.amount


def check(core: Core, model: Model, day: int) -> None:
    """The books balance, and each balance is the model's."""
    core.check_conserved()
    for place, phone in enumerate(PHONES):
        for denomination in (Denomination.USD, Denomination.CXX, Denomination.XAU):
            assert model.free(place, denomination, day) == core.balance(phone, denomination).amount


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at_ms = START_MS

    def now_ms(self) -> int:
        """What it was set to."""
        return self.at_ms


@given(st.lists(st.one_of(offers, ends, waits), max_size=40))
def test_money_is_conserved_in_any_trade(steps: list[Step]) -> None:
    """Whatever members do and however long they wait, core does what the model does, and total and balances agree."""
    clock, model = Hands(), Model()
    core = Core(clock_ms=clock.now_ms, rng=random.Random(1))
    furnish(core, model)
    before = core.total()
    made: list[str] = []
    for step in steps:
        day = clock.at_ms // DAY_MS
        match step:
            case Wait(days=days):
                clock.at_ms += days * DAY_MS
            case Offer():
                expected = model.offer(step, day)
                try:
                    made.append(core.offer(PHONES[step.giver], PHONES[step.taker], step.money).credex_id)
                    assert expected
                except CoreRefusal:
                    assert not expected
            case End() if step.which < len(made):
                expected = model.end(step, day)
                try:
                    getattr(core, step.verb)(made[-1 - step.which])
                    assert expected
                except CoreRefusal:
                    assert not expected
            case End():
                pass
        check(core, model, clock.at_ms // DAY_MS)
    assert before == core.total()


async def _walk(world: World, steps: list[Offer | End]) -> None:
    model = Model()
    furnish(world.core, model)
    day = START_MS // DAY_MS
    made: list[tuple[Offer, str]] = []
    outcomes: list[tuple[bool, bool]] = []
    for step in steps:
        expected = True
        try:
            if isinstance(step, Offer):
                expected = model.offer(step, day)
                written = await world.client.create_credex(
                    PHONES[step.giver],
                    issuer_account_id=world.account_id(PHONES[step.giver]),
                    receiver_account_id=world.account_id(PHONES[step.taker]),
                    amount=step.money,
                    due=None,
                )
                made.append((step, written.credex_id or ""))
                assert expected
            elif step.which < len(made):
                expected = model.end(step, day)
                offer, credex_id = made[-1 - step.which]
                who = PHONES[offer.giver if step.verb == "cancel" else offer.taker]
                await getattr(world.client, f"{step.verb}_credex")(who, credex_id)
                assert expected
        except RefusedError as refused:
            understood = refused.code in {Refusal.INSUFFICIENT_BALANCE, Refusal.SAME_ACCOUNT, Refusal.NOT_PENDING}
            outcomes.append((expected, understood))
    assert [(False, True)] * len(outcomes) == outcomes
    for place, phone in enumerate(PHONES):
        account = (await world.client.login(phone)).account()
        assert account is not None
        for denomination in (Denomination.USD, Denomination.CXX, Denomination.XAU):
            assert model.free(place, denomination, day) == account.balance(denomination).amount
    world.core.check_conserved()


@settings(max_examples=25)
@given(st.lists(st.one_of(offers, ends), max_size=12))
def test_members_see_what_they_traded(steps: list[Offer | End]) -> None:
    """The same over the wire: what the client says happened, and the balances that it shows, are the model's."""
    in_world(lambda world: _walk(world, steps), per_minute=100_000)
