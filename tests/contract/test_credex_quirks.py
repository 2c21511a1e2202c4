"""Whatever form core's answers take, the client reads the same out of them; what a quirk destroys it leaves out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal

import pytest

from service.credex.errors import CredexError, NoAnswerError, NotSentError, Refusal, RefusedError, ServerError
from service.credex.values import CredexState, LedgerEntry
from service.domain import Account, Dashboard, Denomination, Money, Recipient
from simulator.credex_core import Quirks
from tests.credex_world import FARAI, TARIRO, World, in_world, usd

FORMS = [one.name for one in fields(Quirks) if getattr(Quirks.format_only(), one.name)]
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
    with pytest.raises(RefusedError) as caught:
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
    assert plain == seen(Quirks.format_only())


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
        with pytest.raises(RefusedError) as caught:
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


Ask = Callable[[World], Awaitable[object]]


async def _declines(world: World) -> object:
    credex_id = await world.offered(usd("1"))
    return await world.client.decline_credex(FARAI, credex_id)


async def _accepts_what_is_gone(world: World) -> object:
    credex_id = await world.offered(usd("1"))
    world.core.cancel(credex_id)
    return await world.client.accept_credex(FARAI, credex_id)


async def _lets_act(world: World) -> object:
    return await world.client.authorise(TARIRO, account_id=world.account_id(TARIRO), handle="farai_shop")


async def _joins(world: World) -> object:
    return await world.client.onboard(
        "263773456789", first_name="Rudo", last_name="Dube", denomination=Denomination.USD
    )


async def _offers_all_of_the_limit(world: World) -> object:
    return await world.offered(usd("10"))


async def _offers(world: World) -> object:
    return await world.offered(usd("1"))


@pytest.mark.parametrize(
    ("way", "ask", "usual", "odd"),
    [
        ("created_but_404", _offers, None, ServerError),
        ("created_but_400", _offers, None, RefusedError),
        ("created_but_500", _offers, None, ServerError),
        ("declined_but_500", _declines, None, ServerError),
        ("joined_but_400", _joins, None, RefusedError),
        ("missing_as_500", _accepts_what_is_gone, RefusedError, ServerError),
        ("management_as_200", _lets_act, RefusedError, NoAnswerError),
        ("exact_limit_refused", _offers_all_of_the_limit, None, RefusedError),
    ],
)
def test_what_a_core_hides_is_not_taken_for_certain(
    way: str, ask: Ask, usual: type[CredexError] | None, odd: type[CredexError]
) -> None:
    """A write that happened behind an error, a refusal behind another answer: never success, never "not sent"."""

    def met(quirks: Quirks) -> type[BaseException] | None:
        async def play(world: World) -> type[BaseException] | None:
            try:
                await ask(world)
            except CredexError as error:
                return type(error)
            return None

        return in_world(play, quirks=quirks)

    assert (met(Quirks()), met(Quirks.named([way]))) == (usual, odd)
    assert not issubclass(odd, NotSentError)


def test_a_write_may_come_back_without_a_dashboard() -> None:
    """What was written is known all the same; the balance has to be looked up."""

    async def play(world: World) -> tuple[bool, bool]:
        written = await world.client.accept_credex(FARAI, await world.offered(usd("1")))
        return written.credex_id is not None, written.dashboard is not None

    assert in_world(play) == (True, True)
    assert in_world(play, quirks=Quirks(dashboard_left_out=True)) == (True, False)


def test_offers_are_known_by_their_ids_in_any_order() -> None:
    """The list is the same but for its order."""

    async def play(world: World) -> list[str]:
        ids = [await world.offered(usd("1")), await world.offered(usd("2"))]
        listed = (await world.client.login(FARAI)).accounts[0].incoming
        return [str(ids.index(offer.credex_id)) for offer in listed]

    assert in_world(play) == ["0", "1"]
    assert in_world(play, quirks=Quirks(lists_reversed=True)) == ["1", "0"]


def test_an_offer_may_vanish_overnight() -> None:
    """It is simply not pending any more, and its money is back."""

    async def play(world: World) -> tuple[int, Money]:
        await world.offered(usd("2.50"))
        world.core.advance()
        account = (await world.client.login(TARIRO)).accounts[0]
        return len(account.outgoing), account.balance(Denomination.USD)

    assert in_world(play) == (1, usd("10"))
    assert in_world(play, quirks=Quirks(vanishing_offers=True)) == (0, usd("12.50"))


def test_a_line_of_a_ledger_may_have_no_id() -> None:
    """All else of it is read."""

    async def play(world: World) -> list[tuple[Money, bool]]:
        lines = await world.client.get_ledger(TARIRO, world.account_id(TARIRO))
        return [(line.amount, line.credex_id is None) for line in lines if line.amount.denomination is Denomination.USD]

    assert in_world(play) == [(usd("12.50"), False)]
    assert in_world(play, quirks=Quirks(ledger_without_ids=True)) == [(usd("12.50"), True)]


def test_who_may_do_what_is_core_s_to_say() -> None:
    """An old core lets anyone decline; the client does not pretend to know better."""

    async def play(world: World) -> bool:
        credex_id = await world.offered(usd("1"))
        try:
            await world.client.decline_credex(TARIRO, credex_id)
        except RefusedError as refused:
            return refused.code is Refusal.NOT_AUTHORISED
        return False

    assert (in_world(play), in_world(play, quirks=Quirks(lenient_authority=True))) == (True, False)


def test_everything_switches_everything() -> None:
    """No quirk is forgotten by the constructor that turns on all."""
    everything = Quirks.everything(times=2)
    assert all(getattr(everything, one.name) for one in fields(Quirks))
    assert (everything.created_but_404, everything.created_but_400, everything.created_but_500) == (2, 2, 2)
