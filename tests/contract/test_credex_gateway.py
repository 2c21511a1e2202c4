"""The engine's calls, made of the simulated core: every read and every write arrives as the question that it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import get_args

import pytest

from service.credex.gateway import CredexGateway
from service.credex.values import Written
from service.domain import Credex, Dashboard, Denomination, LedgerLine, LedgerPage, Money, Person, Recipient
from service.domain import commands as calls
from service.domain.commands import Known, NotFound, Refused, Unavailable
from service.writes.accept_offer import AcceptOffer
from service.writes.authorise import Authorise
from service.writes.cancel_offer import CancelOffer
from service.writes.create_offer import CreateOffer
from service.writes.decline_offer import DeclineOffer
from service.writes.offer_recipient import SetOfferRecipient
from service.writes.open_account import OpenAccount
from service.writes.register import Register
from service.writes.registry import COMMANDS, operation_of
from service.writes.unauthorise import Unauthorise
from service.writes.upgrade import Upgrade
from simulator.credex_core import Quirks
from simulator.world.faults import Effect, Fault
from tests.credex_world import FARAI, START_MS, TARIRO, World, in_world, usd

DAY_MS = 86_400_000


def core(world: World) -> CredexGateway:
    """What the worker asks, on the world's client."""
    return CredexGateway(world.client, NoDashboards())


def past(world: World, credexes: int) -> list[str]:
    """So many credexes from Tariro to Farai, one a day; their ids, the newest first."""
    made = [
        world.core.history(TARIRO, "farai_shop", usd(str(number)), at_ms=START_MS - (credexes - number + 1) * DAY_MS)
        for number in range(1, credexes + 1)
    ]
    return [credex.credex_id for credex in reversed(made)]


@pytest.mark.parametrize(
    ("credexes", "wanted", "page", "pages", "lines"),
    [
        (0, 1, 1, 1, 0),
        (1, 1, 1, 1, 1),
        (7, 1, 1, 1, 7),
        (8, 1, 1, 2, 7),
        (8, 2, 2, 2, 1),
        (8, 3, 2, 2, 1),
        (8, 0, 1, 2, 7),
        (15, 3, 3, 3, 1),
    ],
)
def test_a_ledger_has_pages_of_seven(*, credexes: int, wanted: int, page: int, pages: int, lines: int) -> None:
    """Past the end there is the last one, before the beginning the first: a row tapped later leads somewhere."""

    async def play(world: World) -> LedgerPage:
        past(world, credexes)
        known = await core(world).read(FARAI, calls.ReadLedger(world.account_id("farai_shop"), wanted))
        assert isinstance(known, Known)
        assert isinstance(known.value, LedgerPage)
        return known.value

    read = in_world(play)
    assert (page, pages, lines) == (read.page, read.pages, len(read.lines))


def test_the_newest_lines_come_first_with_what_is_needed_to_open_them() -> None:
    """Amounts are negative where the account owed, and each line names its credex and its moment."""

    async def play(world: World) -> None:
        newest, older = past(world, 2)
        known = await core(world).read(FARAI, calls.ReadLedger(world.account_id("farai_shop")))
        name = "Tariro Moyo Personal"
        lines = (
            LedgerLine(usd("2"), name, START_MS - DAY_MS, newest),
            LedgerLine(usd("1"), name, START_MS - 2 * DAY_MS, older),
        )
        assert known == Known(LedgerPage(lines, 1, 1))
        known = await core(world).read(TARIRO, calls.ReadLedger(world.account_id(TARIRO)))
        assert isinstance(known, Known)
        assert isinstance(known.value, LedgerPage)
        assert [usd("-2"), usd("-1")] == [line.amount for line in known.value.lines if line.amount.amount < 0]

    in_world(play)


def test_a_credex_is_read_with_all_that_core_tells() -> None:
    """One that has been redeemed, and one that is owed until a day."""

    async def play(world: World) -> None:
        (redeemed,) = past(world, 1)
        owed = world.core.owe(TARIRO, "farai_shop", usd("3"), due=date(2026, 11, 20))
        name, mine = "Farai Ncube Personal", world.account_id(TARIRO)
        assert await core(world).read(TARIRO, calls.ReadCredex(redeemed, mine)) == Known(
            Credex(
                redeemed,
                "CLEARED",
                outgoing=True,
                counterparty=name,
                amount=usd("1"),
                outstanding=usd("0"),
                secured=True,
            )
        )
        assert await core(world).read(TARIRO, calls.ReadCredex(owed.credex_id, mine)) == Known(
            Credex(
                owed.credex_id,
                "OWES",
                outgoing=True,
                counterparty=name,
                amount=usd("3"),
                outstanding=usd("3"),
                due=date(2026, 11, 20),
            )
        )

    in_world(play)


def reads(world: World) -> dict[type[calls.Read], tuple[calls.Read, str, type[object]]]:
    """Every read with the endpoint that it comes to and what it brings."""
    mine = world.account_id(TARIRO)
    (credex,) = past(world, 1)
    cases: list[tuple[calls.Read, str, type[object]]] = [
        (calls.Login(), "login", Dashboard),
        (calls.FindAccount("farai_shop"), "getAccountByHandle", Recipient),
        (calls.FindMember("farai_shop"), "getMemberByHandle", Person),
        (calls.ReadLedger(mine), "getLedger", LedgerPage),
        (calls.ReadCredex(credex, mine), "getCredex", Credex),
    ]
    return {type(call): (call, endpoint, value) for call, endpoint, value in cases}


@pytest.mark.parametrize("kind", get_args(calls.Read), ids=lambda kind: kind.__name__)
def test_every_read_asks_its_own_question(kind: type[calls.Read]) -> None:
    """And brings a value of the domain."""

    async def play(world: World) -> None:
        call, endpoint, value = reads(world)[kind]
        known = await core(world).read(TARIRO, call)
        assert isinstance(known, Known)
        assert (endpoint, value) == (world.endpoints()[-1], type(known.value))

    in_world(play)


@pytest.mark.parametrize("kind", get_args(calls.Read), ids=lambda kind: kind.__name__)
def test_a_read_that_fails_is_an_outcome(kind: type[calls.Read]) -> None:
    """Never an exception: core is away, and that is all there is to say."""

    async def play(world: World) -> object:
        call, endpoint, _ = reads(world)[kind]
        world.faults.add(Fault(Effect.RESET, endpoint, times=None))
        return await core(world).read(TARIRO, call)

    assert Unavailable() == in_world(play)


def test_what_is_not_there_and_what_is_not_theirs_are_told_apart() -> None:
    """A handle that nobody has, and an account of somebody else."""

    async def play(world: World) -> None:
        asked = core(world)
        assert await asked.read(TARIRO, calls.FindMember("nobody_here")) == NotFound()
        assert await asked.read(TARIRO, calls.FindMember("no.handle")) == Refused("validation")
        assert await asked.read(TARIRO, calls.ReadLedger(world.account_id("farai_shop"))) == Refused("not_authorised")

    in_world(play)


def writes(world: World) -> dict[type[calls.Write], tuple[str, calls.Write, str]]:
    """Every write: who makes it, and the endpoint that it comes to."""
    ledger = world.core
    for phone in (TARIRO, FARAI):
        ledger.member(phone).tier = 4
    mine, theirs = world.account_id(TARIRO), world.account_id("farai_shop")
    rudo = ledger.add_member("263773000001", "Rudo", "Dube", handle="rudo")
    chipo = ledger.add_member("263773000002", "Chipo", "Ncube")
    ledger.authorise(TARIRO, chipo)
    ledger.member(FARAI).tier = 2
    ledger.fund("farai_shop", usd("5"))
    waiting = ledger.offer(TARIRO, "farai_shop", usd("1")).credex_id
    cases: list[tuple[str, calls.Write, str]] = [
        ("263774000000", Register("Nyasha", "Moyo"), "onboardMember"),
        (TARIRO, CreateOffer(mine, theirs, "Farai Ncube Personal", usd("2"), date(2026, 11, 20)), "createCredex"),
        (FARAI, AcceptOffer(theirs, waiting, usd("1"), "Tariro Moyo Personal"), "acceptCredex"),
        (FARAI, DeclineOffer(theirs, waiting, usd("1"), "Tariro Moyo Personal"), "declineCredex"),
        (TARIRO, CancelOffer(mine, waiting, usd("1"), "Farai Ncube Personal"), "cancelCredex"),
        (TARIRO, OpenAccount("Moyo Shop", "moyo_shop", Denomination.CAD), "createAccount"),
        (TARIRO, Authorise(mine, rudo.member_id, "Rudo Dube", "rudo"), "authorizeForAccount"),
        (TARIRO, Unauthorise(mine, chipo.member_id, "Chipo Ncube"), "unauthorizeForAccount"),
        (TARIRO, SetOfferRecipient(mine, chipo.member_id, "Chipo Ncube"), "updateSendOffersTo"),
        (FARAI, Upgrade(theirs), "hustler10k"),
    ]
    return {type(call): (who, call, endpoint) for who, call, endpoint in cases}


class NoDashboards:
    """Keeps nothing."""

    async def get(self, member: str) -> Dashboard | None:  # noqa: ARG002 - the shape of Dashboards
        return None

    async def put(self, member: str, dashboard: Dashboard) -> None:
        """Forget it at once."""

    async def drop(self, member: str) -> None:
        """There is nothing to forget."""


async def send(gateway: CredexGateway, member: str, command: calls.Write) -> Written:
    """Send a write as its operation says."""
    operation = operation_of(command)
    return await gateway.send(member, operation.endpoint, operation.request(command), within_s=5)


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_every_write_is_sent_once_and_brings_the_newest_dashboard(kind: type[calls.Write]) -> None:
    """Core does it, and says how things stand now."""

    async def play(world: World) -> Written:
        who, call, endpoint = writes(world)[kind]
        before = world.core.dump()
        written = await send(core(world), who, call)
        assert world.endpoints().count(endpoint) == 1
        assert before != world.core.dump()
        return written

    assert in_world(play).dashboard is not None


class Shelf:
    """Keeps dashboards for ever."""

    def __init__(self) -> None:
        self.kept: dict[str, Dashboard] = {}

    async def get(self, member: str) -> Dashboard | None:
        """The one kept."""
        return self.kept.get(member)

    async def put(self, member: str, dashboard: Dashboard) -> None:
        """Keep it."""
        self.kept[member] = dashboard

    async def drop(self, member: str) -> None:
        """Forget it."""
        self.kept.pop(member, None)


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(dashboard_left_out=True)], ids=["told", "left-out"])
def test_after_a_write_no_older_dashboard_is_shown(quirks: Quirks) -> None:
    """Also where core answers a write without one: what was read before would show money that is spent."""

    async def play(world: World) -> Money:
        asked = CredexGateway(world.client, Shelf())
        await asked.read(TARIRO, calls.Login())
        account, receiver = world.account_id(TARIRO), world.account_id("farai_shop")
        offer = CreateOffer(account, receiver, "Farai", usd("2.50"))
        await send(asked, TARIRO, offer)
        known = await asked.read(TARIRO, calls.Login())
        assert isinstance(known, Known)
        assert isinstance(known.value, Dashboard)
        return known.value.accounts[0].balance(Denomination.USD)

    assert in_world(play, quirks=quirks) == usd("10")


def test_an_unsecured_offer_says_when_it_is_due() -> None:
    """To the day that was confirmed, without asking for a balance."""

    async def play(world: World) -> None:
        who, call, _ = writes(world)[CreateOffer]
        written = await send(core(world), who, call)
        assert written.dashboard is not None
        account = written.dashboard.account()
        assert account is not None
        (made,) = [offer for offer in account.outgoing if offer.credex_id == written.credex_id]
        assert (made.due, made.secured, made.amount.amount) == (date(2026, 11, 20), False, Decimal(2))

    in_world(play)
