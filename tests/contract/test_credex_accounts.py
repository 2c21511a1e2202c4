"""Accounts, the people who act for them, tiers and handles: the client against the simulated core."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from service.credex.errors import NotFoundError, Refusal, RefusedError, UnauthorisedError
from service.credex.values import Written
from service.domain import Account, Dashboard, Denomination, Person
from simulator.credex_core import Member, Quirks
from tests.credex_world import FARAI, TARIRO, World, in_world, usd

SHOP = "moyo_shop"

Attempt = Callable[[World], Awaitable[Written]]


def open_shop(name: str = "Moyo Shop", handle: str = SHOP) -> Attempt:
    """Tariro opens a business account."""
    return lambda world: world.client.create_account(TARIRO, name=name, handle=handle, denomination=Denomination.ZWG)


def authorise(handle: str = "farai_shop", *, by: str = TARIRO) -> Attempt:
    """Somebody lets a member act for Tariro's account."""
    return lambda world: world.client.authorise(by, account_id=world.account_id(TARIRO), handle=handle)


def unauthorise(whose: str = FARAI, *, by: str = TARIRO) -> Attempt:
    """Somebody lets a member no longer act for Tariro's account."""
    return lambda world: world.client.unauthorise(
        by, account_id=world.account_id(TARIRO), member_id=world.core.member(whose).member_id
    )


def notices_to(whose: str = FARAI, *, by: str = TARIRO) -> Attempt:
    """Somebody has a member told of the offers to Tariro's account."""
    return lambda world: world.client.send_offers_to(
        by, account_id=world.account_id(TARIRO), member_id=world.core.member(whose).member_id
    )


def upgrade(handle: str = TARIRO) -> Attempt:
    """Tariro pays for tier 3."""
    return lambda world: world.client.upgrade(TARIRO, account_id=world.account_id(handle))


def people(world: World, *whose: str) -> tuple[Person, ...]:
    """Members as an account names them."""
    return tuple(_person(world.core.member(phone)) for phone in whose)


def _person(member: Member) -> Person:
    return Person(member.member_id, f"{member.first_name} {member.last_name}")


def personal(dashboard: Dashboard | None) -> Account:
    """The personal account of a dashboard that must be there."""
    assert dashboard is not None
    account = dashboard.account()
    assert account is not None
    return account


@pytest.mark.parametrize("quirks", [Quirks(), Quirks.format_only()], ids=["plain", "quirks"])
def test_a_business_account_is_opened_and_listed(quirks: Quirks) -> None:
    """It belongs to the member, who acts for it alone and is told of its offers."""

    async def play(world: World) -> None:
        world.core.member(TARIRO).tier = 3
        written = await open_shop()(world)
        assert written.dashboard is not None
        shop = next(account for account in written.dashboard.accounts if account.handle == SHOP)
        (tariro,) = people(world, TARIRO)
        assert (shop.name, shop.kind, shop.default_denomination, shop.owned) == (
            "Moyo Shop",
            "BUSINESS",
            Denomination.ZWG,
            True,
        )
        assert ((tariro,), tariro) == (shop.authorised, shop.send_offers_to)
        assert personal(written.dashboard).handle == TARIRO

    in_world(play, quirks=quirks)


@pytest.mark.parametrize("quirks", [Quirks(), Quirks.format_only()], ids=["plain", "quirks"])
def test_who_may_act_for_an_account_and_who_is_told_of_offers_is_listed(quirks: Quirks) -> None:
    """Each change shows in the dashboard that the answer brings, and in the other one's own."""

    async def play(world: World) -> None:
        world.core.member(TARIRO).tier = 4
        tariro, farai = people(world, TARIRO, FARAI)
        account = personal((await authorise()(world)).dashboard)
        assert ((tariro, farai), tariro) == (account.authorised, account.send_offers_to)
        theirs = (await world.client.login(FARAI)).account(account.account_id)
        assert theirs is not None
        assert (theirs.owned, theirs.authorised, theirs.send_offers_to) == (False, (), None)
        account = personal((await notices_to()(world)).dashboard)
        assert farai == account.send_offers_to
        account = personal((await unauthorise()(world)).dashboard)
        assert ((tariro,), tariro) == (account.authorised, account.send_offers_to)
        assert (await world.client.login(FARAI)).account(account.account_id) is None

    in_world(play, quirks=quirks)


def test_to_authorise_twice_is_to_authorise_once() -> None:
    """The second time changes nothing and is no refusal."""

    async def play(world: World) -> None:
        world.core.member(TARIRO).tier = 4
        await authorise()(world)
        again = personal((await authorise()(world)).dashboard)
        assert people(world, TARIRO, FARAI) == again.authorised

    in_world(play)


def test_whoever_is_authorised_trades_for_the_account() -> None:
    """They offer from it and accept for it, like its owner."""

    async def play(world: World) -> None:
        world.core.member(TARIRO).tier = 4
        world.core.member(FARAI).tier = 2
        await authorise()(world)
        made = await world.client.create_credex(
            FARAI,
            issuer_account_id=world.account_id(TARIRO),
            receiver_account_id=world.account_id("farai_shop"),
            amount=usd("2"),
            due=None,
        )
        assert made.credex_id is not None
        back = world.core.offer("farai_shop", TARIRO, usd("1"), due=world.core.ledger.today.replace(day=20))
        await world.client.accept_credex(FARAI, back.credex_id)

    in_world(play)


def test_the_upgrade_raises_the_tier_and_is_paid() -> None:
    """One dollar goes to the foundation, and the daily limit is gone."""

    async def play(world: World) -> None:
        before = await world.client.login(TARIRO)
        dashboard = (await upgrade()(world)).dashboard
        assert dashboard is not None
        assert (before.tier, dashboard.tier, dashboard.remaining_today) == (1, 3, None)
        assert (usd("11.50"), usd("1")) == (
            personal(dashboard).balance(Denomination.USD),
            world.core.balance("credex_foundation"),
        )
        world.core.check_conserved()

    in_world(play)


def test_a_member_is_found_by_handle() -> None:
    """By their own name, to be shown before anything is confirmed."""

    async def play(world: World) -> None:
        assert people(world, FARAI) == (await world.client.member_by_handle(TARIRO, "Farai_Shop"),)
        with pytest.raises(NotFoundError) as caught:
            await world.client.member_by_handle(TARIRO, "nobody_here")
        assert caught.value.what == "member"
        with pytest.raises(RefusedError):
            await world.client.member_by_handle(TARIRO, "farai.shop")
        assert world.endpoints() == ["login", "getMemberByHandle", "getMemberByHandle"]

    in_world(play)


def tier(number: int) -> Callable[[World], None]:
    """Tariro has this tier."""

    def prepare(world: World) -> None:
        world.core.member(TARIRO).tier = number

    return prepare


def five_authorised(world: World) -> None:
    """Tariro and four others act for the account."""
    tier(4)(world)
    for number in range(4):
        world.core.authorise(TARIRO, world.core.add_member(f"26377100000{number}", "Another", "Member"))


def farai_authorised(world: World) -> None:
    """Farai may act for Tariro's account."""
    tier(4)(world)
    world.core.authorise(TARIRO, world.core.member(FARAI))


def nothing_left(world: World) -> None:
    """Tariro has offered all USD."""
    world.core.member(TARIRO).tier = 3
    world.core.offer(TARIRO, "farai_shop", usd("12.50"))
    world.core.member(TARIRO).tier = 2


def with_shop(world: World) -> None:
    """Tariro has a business account, and is of tier 2 again."""
    tier(3)(world)
    world.core.add_account(world.core.member(TARIRO), "Moyo Shop", SHOP)
    tier(2)(world)


REFUSALS: list[Any] = [
    pytest.param(tier(2), open_shop(), Refusal.TIER, id="a second account takes tier 3"),
    pytest.param(tier(3), open_shop(handle="farai_shop"), Refusal.DUPLICATE_HANDLE, id="a handle is given once"),
    pytest.param(tier(3), open_shop(name="Mo"), Refusal.VALIDATION, id="a name has three characters"),
    pytest.param(tier(3), open_shop(handle="moyo.shop"), Refusal.VALIDATION, id="a handle has no point"),
    pytest.param(tier(3), authorise(), Refusal.TIER, id="authorising takes tier 4"),
    pytest.param(five_authorised, authorise(), Refusal.TOO_MANY, id="five may act at most"),
    pytest.param(tier(4), authorise(by=FARAI), Refusal.NOT_AUTHORISED, id="strangers authorise nobody"),
    pytest.param(farai_authorised, unauthorise(TARIRO, by=FARAI), Refusal.NOT_AUTHORISED, id="only owners decide"),
    pytest.param(farai_authorised, notices_to(by=FARAI), Refusal.NOT_AUTHORISED, id="only owners direct notices"),
    pytest.param(tier(4), notices_to(), Refusal.NOT_AUTHORISED, id="notices go to who may act"),
    pytest.param(farai_authorised, unauthorise(TARIRO), Refusal.VALIDATION, id="the owner stays"),
    pytest.param(nothing_left, upgrade(), Refusal.INSUFFICIENT_BALANCE, id="the upgrade costs a dollar"),
    pytest.param(tier(3), upgrade(), Refusal.ALREADY, id="tier 3 is not paid twice"),
    pytest.param(with_shop, upgrade(SHOP), Refusal.VALIDATION, id="a business pays for no tier"),
    pytest.param(tier(2), upgrade("farai_shop"), Refusal.NOT_AUTHORISED, id="others do not pay"),
]


@pytest.mark.parametrize("reason_only", [False, True], ids=["with-code", "reason-only"])
@pytest.mark.parametrize(("prepare", "attempt", "code"), REFUSALS)
def test_a_refusal_says_why_and_changes_nothing(
    *, prepare: Callable[[World], None], attempt: Attempt, code: Refusal, reason_only: bool
) -> None:
    """Each has its own code, from core's code or from its words alone."""

    async def play(world: World) -> None:
        prepare(world)
        before = world.core.dump()
        with pytest.raises(RefusedError) as caught:
            await attempt(world)
        assert code is caught.value.code
        assert before == world.core.dump()

    in_world(play, quirks=Quirks(reason_only=reason_only))


@pytest.mark.parametrize(
    "attempt", [authorise("nobody_here"), unauthorise()], ids=["nobody has the handle", "not authorised anyway"]
)
def test_whom_core_does_not_know_is_not_found(attempt: Attempt) -> None:
    """It is the member who is missing, not the account."""

    async def play(world: World) -> None:
        world.core.member(TARIRO).tier = 4
        with pytest.raises(NotFoundError) as caught:
            await attempt(world)
        assert caught.value.what == "member"

    in_world(play)


@pytest.mark.parametrize(
    "attempt",
    [open_shop(), authorise(), unauthorise(), notices_to(), upgrade()],
    ids=["open", "authorise", "unauthorise", "notices", "upgrade"],
)
def test_none_of_them_is_repeated_after_a_401(attempt: Attempt) -> None:
    """They are writes like any other: sent once."""

    async def play(world: World) -> list[str]:
        await world.client.login(TARIRO)
        world.core.sessions.load({})
        with pytest.raises(UnauthorisedError):
            await attempt(world)
        return world.endpoints()

    assert len(in_world(play)) == 2
