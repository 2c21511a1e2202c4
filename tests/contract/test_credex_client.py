"""The client against the simulated core, when all goes well and when core refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from service.credex.errors import NotFoundError, Refusal, RefusedError, UnauthorisedError
from service.credex.values import CredexKind, CredexState, LedgerEntry, Written
from service.domain import Account, Dashboard, Denomination, Money, Offer, Person, Recipient, Unsecured
from simulator.credex_core import Quirks
from tests.credex_world import FARAI, START_MS, TARIRO, World, in_world, usd

TODAY = date(2026, 11, 2)
ZERO = usd("0.00")


def test_a_login_reads_the_whole_dashboard() -> None:
    """All that core tells becomes domain values, to the last digit."""

    async def play(world: World) -> None:
        world.core.offer(TARIRO, "farai_shop", usd("2.50"))
        tariro = world.core.member(TARIRO)
        tariro.tier = 3
        world.core.owe("farai_shop", TARIRO, usd("3"), due=date(2026, 11, 20))
        credex = world.core.offers()[0]
        expected = Dashboard(
            member_id=tariro.member_id,
            first_name="Tariro",
            last_name="Moyo",
            handle=TARIRO,
            tier=3,
            default_denomination=Denomination.USD,
            remaining_today=None,
            accounts=(
                Account(
                    account_id=world.account_id(TARIRO),
                    name="Tariro Moyo Personal",
                    handle=TARIRO,
                    kind="PERSONAL",
                    default_denomination=Denomination.USD,
                    owned=True,
                    balances=(usd("10.00"), Money(Decimal(1040), Denomination.ZWG)),
                    unsecured=Unsecured(payables=ZERO, receivables=usd("3"), net=usd("3")),
                    net_assets=usd("52.00"),
                    incoming=(),
                    outgoing=(Offer(credex.credex_id, usd("2.5"), "Farai Ncube Personal", secured=True),),
                    authorised=(Person(tariro.member_id, "Tariro Moyo"),),
                    send_offers_to=Person(tariro.member_id, "Tariro Moyo"),
                ),
            ),
        )
        assert expected == await world.client.login(TARIRO)

    in_world(play)


def test_an_unknown_phone_is_not_found() -> None:
    """Whoever is not a member yet is told apart from every failure."""

    async def play(world: World) -> None:
        with pytest.raises(NotFoundError) as caught:
            await world.client.login("263779999999")
        assert (caught.value.what, caught.value.http_status) == ("member", 404)

    in_world(play)


def test_onboarding_makes_a_member_and_keeps_the_token() -> None:
    """After it the new member is known and needs no login for the next call."""

    async def play(world: World) -> None:
        written = await world.client.onboard(
            "263773456789", first_name="Rudo", last_name="Dube", denomination=Denomination.ZWG
        )
        assert written.credex_id is None
        assert written.dashboard is not None
        assert (Denomination.ZWG, 1, Decimal("10.00")) == (
            written.dashboard.default_denomination,
            written.dashboard.tier,
            written.dashboard.remaining_today,
        )
        await world.client.account_by_handle("263773456789", "farai_shop")
        assert world.endpoints() == ["onboardMember", "getAccountByHandle"]

    in_world(play)


def test_a_handle_leads_to_its_account() -> None:
    """The name comes from core: it is what the payer is shown before confirming."""

    async def play(world: World) -> Recipient:
        return await world.client.account_by_handle(TARIRO, "Farai_Shop")

    found = in_world(play)
    assert (found.name, found.handle) == ("Farai Ncube Personal", "farai_shop")


def test_an_unknown_handle_is_not_found() -> None:
    """It is the account that is missing, not the member."""

    async def play(world: World) -> str:
        with pytest.raises(NotFoundError) as caught:
            await world.client.account_by_handle(TARIRO, "nobody_here")
        return caught.value.what

    assert in_world(play) == "account"


def test_what_is_no_handle_is_never_sent() -> None:
    """Core may delete the point in farai.shop and find somebody else."""

    async def play(world: World) -> list[str]:
        with pytest.raises(RefusedError) as caught:
            await world.client.account_by_handle(TARIRO, "farai.shop")
        assert (caught.value.code, caught.value.field) == (Refusal.VALIDATION, "accountHandle")
        return world.endpoints()

    assert in_world(play) == []


def test_an_offer_is_sent_exactly_as_confirmed() -> None:
    """The amount goes out as plain text with the denomination's decimals, secured and without a due date."""

    async def play(world: World) -> dict[str, Any]:
        world.core.member(TARIRO).tier = 3
        await world.offered(Money(Decimal(1040), Denomination.ZWG))
        return dict(world.core.calls[-1].body)

    body = in_world(play)
    expected = {
        "Denomination": "ZWG",
        "InitialAmount": "1040.00",
        "credexType": "PURCHASE",
        "OFFERSorREQUESTS": "OFFERS",
        "securedCredex": True,
    }
    assert expected == {key: value for key, value in body.items() if not key.endswith("AccountID")}


def test_an_offer_reserves_money_at_once() -> None:
    """The answer names the credex and brings the dashboard with the balance already lowered."""

    async def play(world: World) -> None:
        written = await world.client.create_credex(
            TARIRO,
            issuer_account_id=world.account_id(TARIRO),
            receiver_account_id=world.account_id("farai_shop"),
            amount=usd("2.50"),
            due=None,
        )
        account = written.dashboard.account() if written.dashboard else None
        assert account is not None
        assert (usd("10"), Decimal("7.50")) == (
            account.balance(Denomination.USD),
            written.dashboard and written.dashboard.remaining_today,
        )
        assert [written.credex_id] == [offer.credex_id for offer in account.outgoing]

    in_world(play)


def test_an_unsecured_offer_has_its_due_date() -> None:
    """With a due date the credex is unsecured, needs no balance, and is listed with the date."""

    async def play(world: World) -> None:
        world.core.member(FARAI).tier = 2
        due = TODAY + timedelta(days=7)
        await world.client.create_credex(
            FARAI,
            issuer_account_id=world.account_id("farai_shop"),
            receiver_account_id=world.account_id(TARIRO),
            amount=usd("40"),
            due=due,
        )
        account = (await world.client.login(TARIRO)).account()
        assert account is not None
        assert [(False, due, usd("40"))] == [(one.secured, one.due, one.amount) for one in account.incoming]

    in_world(play)


@pytest.mark.parametrize(
    ("end", "who", "state", "outstanding"),
    [
        ("accept_credex", FARAI, CredexKind.OWES, "2.50"),
        ("decline_credex", FARAI, CredexKind.DECLINED, "0.00"),
        ("cancel_credex", TARIRO, CredexKind.CANCELLED, "0.00"),
    ],
)
def test_an_offer_ends_once_and_its_end_can_be_seen(end: str, who: str, state: CredexKind, outstanding: str) -> None:
    """Accepted, declined or cancelled: the answer names the credex, and its state says what became of it."""

    async def play(world: World) -> None:
        credex_id = await world.offered(usd("2.50"))
        written: Written = await getattr(world.client, end)(who, credex_id)
        assert written.credex_id == credex_id
        assert written.dashboard is not None
        assert written.dashboard.accounts[0].incoming == written.dashboard.accounts[0].outgoing == ()
        expected = CredexState(
            credex_id=credex_id,
            kind=state,
            outgoing=True,
            counterparty="Farai Ncube Personal",
            amount=usd("2.50"),
            outstanding=usd(outstanding),
            secured=True,
        )
        assert expected == await world.client.get_credex(TARIRO, credex_id, world.account_id(TARIRO))
        with pytest.raises(RefusedError) as caught:
            await getattr(world.client, end)(who, credex_id)
        assert caught.value.code is Refusal.NOT_PENDING

    in_world(play)


def test_a_pending_offer_is_seen_as_pending() -> None:
    """From the receiver's side it comes in."""

    async def play(world: World) -> CredexState:
        credex_id = await world.offered(usd("2.50"))
        return await world.client.get_credex(FARAI, credex_id, world.account_id("farai_shop"))

    seen = in_world(play)
    assert (seen.kind, seen.outgoing, seen.counterparty) == (CredexKind.OFFERS, False, "Tariro Moyo Personal")


def test_an_expired_offer_is_not_found() -> None:
    """At the end of the second day after it was made, core deletes it without a word."""

    async def play(world: World) -> str:
        credex = world.core.offer(TARIRO, "farai_shop", usd("2.50"))
        credex.created_ms -= 3 * 86_400_000
        world.core.ledger._swept_day = -1
        with pytest.raises(NotFoundError) as caught:
            await world.client.get_credex(TARIRO, credex.credex_id, world.account_id(TARIRO))
        return caught.value.what

    assert in_world(play) == "credex"


def test_the_ledger_has_the_newest_first() -> None:
    """Core lists the oldest first, page by page; the newest is what is looked for."""

    async def play(world: World) -> tuple[LedgerEntry, ...]:
        credex = world.core.offer(TARIRO, "farai_shop", usd("2.50"))
        world.core.accept(credex)
        return await world.client.get_ledger(TARIRO, world.account_id(TARIRO))

    entries = in_world(play)
    assert [usd("-2.50"), Money(Decimal(1040), Denomination.ZWG), usd("12.50")] == [entry.amount for entry in entries]
    assert (entries[0].counterparty, entries[0].at_ms) == ("Farai Ncube Personal", START_MS)


def test_a_ledger_of_several_pages_is_read_whole() -> None:
    """However many credexes there are, the newest is among those read."""

    async def play(world: World) -> tuple[int, list[str]]:
        for _ in range(1000):
            world.core.fund("farai_shop", usd("0.01"))
        newest = world.core.fund("farai_shop", usd("0.02"))
        entries = await world.client.get_ledger(FARAI, world.account_id("farai_shop"))
        assert entries[0].credex_id == newest.credex_id
        return len(entries), world.endpoints()

    assert in_world(play) == (1001, ["login", "getLedger", "getLedger", "getLedger"])


Attempt = Callable[[World], Awaitable[object]]


def offer(amount: str, *, of: str = TARIRO, to: str = "farai_shop", due: date | None = None) -> Attempt:
    """An offer over the wire, from one's own account or another."""

    def attempt(world: World) -> Awaitable[object]:
        return world.client.create_credex(
            TARIRO,
            issuer_account_id=world.account_id(of),
            receiver_account_id=world.account_id(to),
            amount=usd(amount),
            due=due,
        )

    return attempt


async def accept_own(world: World) -> object:
    """The issuer tries to accept."""
    return await world.client.accept_credex(TARIRO, world.core.offer(TARIRO, "farai_shop", usd("1")).credex_id)


async def onboard_again(world: World) -> object:
    """A member tries to become one again."""
    return await world.client.onboard(TARIRO, first_name="Tariro", last_name="Moyo", denomination=Denomination.USD)


async def onboard_short(world: World) -> object:
    """A name that is too short."""
    return await world.client.onboard("263773333333", first_name="Bo", last_name="Moyo", denomination=Denomination.USD)


@pytest.mark.parametrize("reason_only", [False, True], ids=["with-code", "reason-only"])
@pytest.mark.parametrize(
    ("attempt", "code", "remaining", "maximum"),
    [
        (offer("10.01"), Refusal.DAILY_LIMIT, usd("10"), None),
        (offer("9", of=TARIRO, due=TODAY + timedelta(days=7)), Refusal.TIER, None, None),
        (offer("1", to=TARIRO), Refusal.SAME_ACCOUNT, None, None),
        (offer("1", of="farai_shop", to=TARIRO), Refusal.NOT_AUTHORISED, None, None),
        (accept_own, Refusal.NOT_AUTHORISED, None, None),
        (onboard_again, Refusal.DUPLICATE_PHONE, None, None),
        (onboard_short, Refusal.VALIDATION, None, None),
    ],
)
def test_a_refusal_says_why(
    *, attempt: Attempt, code: Refusal, remaining: Money | None, maximum: Money | None, reason_only: bool
) -> None:
    """Each of core's refusals has its own code, from core's code or from its words alone; nothing is changed."""

    async def play(world: World) -> None:
        before = len(world.core.credexes())
        with pytest.raises(RefusedError) as caught:
            await attempt(world)
        assert (code, remaining, maximum) == (caught.value.code, caught.value.remaining, caught.value.maximum)
        assert before + (attempt is accept_own) == len(world.core.credexes())

    in_world(play, quirks=Quirks(reason_only=reason_only))


@pytest.mark.parametrize("reason_only", [False, True], ids=["with-code", "reason-only"])
@pytest.mark.parametrize(
    ("amount", "due", "code", "maximum"),
    [
        ("12.51", None, Refusal.INSUFFICIENT_BALANCE, usd("12.50")),
        ("1", TODAY + timedelta(days=6), Refusal.DUE_DATE, None),
        ("1", TODAY + timedelta(days=35), Refusal.DUE_DATE, None),
    ],
)
def test_a_refusal_beyond_the_limits_says_why(
    *, amount: str, due: date | None, code: Refusal, maximum: Money | None, reason_only: bool
) -> None:
    """Balance and due date are judged once the tier allows the amount; the most that may be spent is read."""

    async def play(world: World) -> None:
        world.core.member(TARIRO).tier = 2
        with pytest.raises(RefusedError) as caught:
            await offer(amount, due=due)(world)
        assert (code, maximum) == (caught.value.code, caught.value.maximum)

    in_world(play, quirks=Quirks(reason_only=reason_only))


def test_a_token_is_used_again_and_renewed() -> None:
    """One login serves as long as there is a call every few minutes, because each answer brings a newer token."""

    async def play(world: World) -> list[str]:
        for _ in range(4):
            await world.client.account_by_handle(TARIRO, "farai_shop")
            await asyncio.sleep(200)
        return world.endpoints()

    assert in_world(play) == ["login", *["getAccountByHandle"] * 4]


def test_a_read_logs_in_again_once_after_a_401() -> None:
    """A token that core no longer knows costs a login and nothing else."""

    async def play(world: World) -> list[str]:
        await world.client.login(TARIRO)
        world.core.sessions.load({})
        await world.client.account_by_handle(TARIRO, "farai_shop")
        return world.endpoints()

    assert in_world(play) == ["login", "getAccountByHandle", "login", "getAccountByHandle"]


@pytest.mark.parametrize("end", ["create", "accept", "decline", "cancel"])
def test_a_write_is_never_repeated_after_a_401(end: str) -> None:
    """It is sent once; the dead token is dropped, so that the next call logs in."""

    async def play(world: World) -> None:
        pending = world.core.offer(TARIRO, "farai_shop", usd("1")).credex_id
        await world.client.login(TARIRO)
        world.core.sessions.load({})
        calls: dict[str, Attempt] = {
            "create": offer("1"),
            "accept": lambda w: w.client.accept_credex(TARIRO, pending),
            "decline": lambda w: w.client.decline_credex(TARIRO, pending),
            "cancel": lambda w: w.client.cancel_credex(TARIRO, pending),
        }
        with pytest.raises(UnauthorisedError):
            await calls[end](world)
        assert ["login", f"{end}Credex"] == world.endpoints()
        assert await world.tokens.get(TARIRO) is None

    in_world(play)


def test_a_wrong_api_key_is_said() -> None:
    """A login that is not let in is about the key: nobody is taken for a stranger."""

    async def play(world: World) -> list[str]:
        with pytest.raises(UnauthorisedError):
            await world.client.account_by_handle(TARIRO, "farai_shop")
        return world.endpoints()

    assert in_world(play, api_key="another") == ["login"]


def test_the_base_url_needs_no_slash_at_its_end() -> None:
    """Without one, its last segment is kept all the same."""

    async def play(world: World) -> list[str]:
        await world.client.login(TARIRO)
        return world.endpoints()

    assert in_world(play, base_url="http://core.test/v1") == ["login"]
