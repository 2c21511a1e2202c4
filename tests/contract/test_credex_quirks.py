"""Whatever form core's answers take, the client reads the same out of them; what a quirk destroys it leaves out."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal

import pytest

from service.credex import CredexState, LedgerEntry, Refusal, Refused
from service.domain import Account, Dashboard, Denomination, Money, Recipient
from simulator.credex_core import Quirks
from tests.credex_world import FARAI, TARIRO, World, in_world, usd

FORMS = [one.name for one in fields(Quirks) if getattr(Quirks.of_form(), one.name)]
DUE = date(2026, 11, 20)


@dataclass(frozen=True)
class Seen:
    """All that a member can learn over the wire."""

    tariro: Dashboard
    farai: Dashboard
    recipient: Recipient
    written: str
    state: CredexState
    ledger: tuple[LedgerEntry, ...]
    refusal: tuple[Refusal, Money | None, Money | None]


async def look(world: World) -> Seen:
    """Walk through a world that holds something of everything."""
    core = world.core
    core.member(TARIRO).tier = 4
    shop = core.add_account(core.member(TARIRO), "Moyo and Sons", "moyo_shop")
    core.authorise(shop, core.member(FARAI))
    core.fund(shop, Money(Decimal("1234567.5"), Denomination.ZWG))
    core.fund(TARIRO, Money(Decimal("0.0125"), Denomination.XAU))
    core.owe(TARIRO, "farai_shop", usd("3"), due=DUE)
    core.offer(TARIRO, "farai_shop", usd("2"))
    core.offer(TARIRO, "farai_shop", usd("1.25"), due=DUE)
    core.accept(core.offer("moyo_shop", "farai_shop", Money(Decimal(1000), Denomination.ZWG)))
    recipient = await world.client.account_by_handle(TARIRO, "farai_shop")
    written = await world.client.create_credex(
        TARIRO,
        issuer_account_id=world.account_id(TARIRO),
        receiver_account_id=recipient.account_id,
        amount=usd("0.01"),
        due=None,
    )
    assert written.credex_id is not None
    with pytest.raises(Refused) as caught:
        await world.offered(usd("1000"))
    return Seen(
        tariro=await world.client.login(TARIRO),
        farai=await world.client.login(FARAI),
        recipient=recipient,
        written=written.credex_id,
        state=await world.client.get_credex(TARIRO, written.credex_id, world.account_id(TARIRO)),
        ledger=await world.client.get_ledger(TARIRO, shop.account_id),
        refusal=(caught.value.code, caught.value.remaining, caught.value.maximum),
    )


def seen(quirks: Quirks) -> Seen:
    """What is learnt from a core with these quirks."""
    return in_world(look, quirks=quirks)


@pytest.fixture(scope="module")
def plain() -> Seen:
    """What is learnt from a core without any."""
    return seen(Quirks())


@pytest.mark.parametrize("form", FORMS)
def test_each_form_reads_the_same(form: str, plain: Seen) -> None:
    """One oddity at a time changes nothing that the client gives."""
    assert plain == seen(replace(Quirks(), **{form: True}))


def test_all_forms_at_once_read_the_same(plain: Seen) -> None:
    """Nor do all of them together."""
    assert plain == seen(Quirks.of_form())


def test_an_account_that_one_acts_for_is_listed_as_not_owned(plain: Seen) -> None:
    """Farai sees Tariro's shop, and that it is not his."""
    assert [(one.handle, one.owned) for one in plain.farai.accounts] == [("farai_shop", True), ("moyo_shop", False)]


def test_large_and_small_amounts_are_read_exactly(plain: Seen) -> None:
    """Thousands separators and four decimals lose nothing."""
    shop = plain.tariro.accounts[1]
    assert Money(Decimal("1233567.50"), Denomination.ZWG) == shop.balance(Denomination.ZWG)
    assert Money(Decimal("0.0125"), Denomination.XAU) == plain.tariro.accounts[0].balance(Denomination.XAU)


def _without_dates(account: Account) -> Account:
    return replace(
        account,
        incoming=tuple(replace(offer, due=None) for offer in account.incoming),
        outgoing=tuple(replace(offer, due=None) for offer in account.outgoing),
    )


def test_an_invalid_date_is_no_date(plain: Seen) -> None:
    """All else is read as ever, in December and on the 31st."""
    expected = replace(plain.tariro, accounts=tuple(_without_dates(one) for one in plain.tariro.accounts))
    assert expected == seen(Quirks(invalid_date=True)).tariro
    assert expected != plain.tariro


def test_a_tier_or_limit_that_is_left_out_is_none() -> None:
    """Nothing is made up in its place."""

    async def play(world: World) -> tuple[object, object, object]:
        dashboard = await world.client.login(TARIRO)
        return dashboard.tier, dashboard.remaining_today, dashboard.accounts[0].balance(Denomination.USD)

    assert in_world(play) == (1, Decimal("10.00"), usd("12.50"))
    assert in_world(play, quirks=Quirks(null_tier=True, null_remaining=True)) == (None, None, usd("12.50"))


def test_accounts_that_are_not_listed_are_simply_not_there(plain: Seen) -> None:
    """Some cores hide what one is merely authorised for."""
    expected = replace(plain.farai, accounts=plain.farai.accounts[:1])
    assert expected == seen(Quirks(owned_only=True)).farai


def test_the_exact_balance_may_be_refused_with_the_same_maximum() -> None:
    """A core that reckons in binary fractions refuses what it says is there; the client passes both on."""

    async def play(world: World) -> tuple[Refusal, Money | None]:
        world.core.member(TARIRO).tier = 3
        with pytest.raises(Refused) as caught:
            await world.offered(usd("12.50"))
        return caught.value.code, caught.value.maximum

    assert in_world(play, quirks=Quirks(exact_balance_refused=True)) == (Refusal.INSUFFICIENT_BALANCE, usd("12.50"))


def test_an_expired_offer_may_stay_subtracted_from_what_is_shown() -> None:
    """Display and what may be spent disagree then: the refusal, not the dashboard, knows."""

    async def play(world: World) -> tuple[Money, int]:
        credex = world.core.offer(TARIRO, "farai_shop", usd("2.50"))
        credex.created_ms -= 3 * 86_400_000
        world.core.ledger._swept_day = -1
        account = (await world.client.login(TARIRO)).accounts[0]
        return account.balance(Denomination.USD), len(account.outgoing)

    assert in_world(play) == (usd("12.50"), 0)
    assert in_world(play, quirks=Quirks(expired_still_shown=True)) == (usd("10.00"), 0)


def test_everything_switches_everything() -> None:
    """No quirk is forgotten by the constructor that turns on all."""
    everything = Quirks.everything(times=2)
    assert all(getattr(everything, one.name) for one in fields(Quirks))
    assert (everything.created_but_404, everything.created_but_400, everything.created_but_500) == (2, 2, 2)
