"""The rules of the simulated core: caps, balances, lifecycle, field rules."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from service.domain import Denomination, Money
from simulator.credex_core import (
    Account,
    Core,
    Credex,
    NotConservedError,
    NotFoundRefusalError,
    Quirks,
    RefusalError,
    State,
    check_conserved,
    trading,
)
from simulator.credex_core.amounts import format_amount
from simulator.credex_core.ledger import PENDING

START_MS = 1_793_606_400_000
DAY_MS = 86_400_000
TODAY = date(2026, 11, 2)
TARIRO = "263771234567"
FARAI = "263772345678"


def usd(amount: str) -> Money:
    """An amount in USD."""
    return Money(Decimal(amount), Denomination.USD)


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at_ms = START_MS

    def now_ms(self) -> int:
        """What it was set to."""
        return self.at_ms


@pytest.fixture
def clock() -> Hands:
    """The time of the test."""
    return Hands()


@pytest.fixture
def core(clock: Hands) -> Core:
    """Two members of tier 3, of whom one has 12.50 USD."""
    core = Core(clock_ms=clock.now_ms, rng=random.Random(1))
    core.add_member(TARIRO, "Tariro", "Moyo", tier=3)
    core.add_member(FARAI, "Farai", "Ncube", tier=3)
    core.fund(TARIRO, usd("12.50"))
    return core


def refused(code: str) -> pytest.RaisesExc[RefusalError]:
    """The refusal with this code."""
    return pytest.RaisesExc(RefusalError, check=lambda refusal: refusal.code == code)


def give(core: Core, amount: str, due: date | None = None) -> Credex:
    """Tariro offers USD to Farai."""
    return core.offer(TARIRO, FARAI, usd(amount), due=due)


# Balance


def test_a_pending_offer_reserves_its_amount(core: Core) -> None:
    """Before it is accepted it cannot be offered again, nor is it shown; cancelled, it can."""
    credex = give(core, "10")
    assert core.balance(TARIRO) == usd("2.50")
    with refused("INSUFFICIENT_SECURED_BALANCE"):
        give(core, "2.51")
    core.cancel(credex)
    assert core.balance(TARIRO) == usd("12.50")
    give(core, "12.50")


def test_a_pending_incoming_offer_cannot_be_spent(core: Core) -> None:
    """What is not accepted is not there."""
    give(core, "10")
    assert core.balance(FARAI) == usd("0")
    with refused("INSUFFICIENT_SECURED_BALANCE"):
        core.offer(FARAI, TARIRO, usd("1"))


def test_accepting_moves_the_money(core: Core) -> None:
    """The issuer owes, the receiver can spend; the total stays."""
    core.accept(give(core, "10"))
    assert (core.balance(TARIRO), core.balance(FARAI)) == (usd("2.50"), usd("10"))
    core.offer(FARAI, TARIRO, usd("10"))
    assert core.total() == {Denomination.USD: Decimal("12.50")}
    core.check_conserved()


def test_one_offer_spends_one_securer_s_money(core: Core) -> None:
    """The display adds up over securers; an offer may only use the largest of them, and inherits it."""
    bank = core.add_account(core.foundation, "Second Trust", "second_trust", kind="TRUST", audited=True)
    core.fund(TARIRO, usd("20"), securer=bank)
    assert core.balance(TARIRO) == usd("32.50")
    with refused("INSUFFICIENT_SECURED_BALANCE"):
        give(core, "20.01")
    assert give(core, "20").securer_id == bank.account_id
    assert give(core, "12.50").securer_id == core.trust.account_id


def test_an_audited_account_issues_without_limit(core: Core) -> None:
    """It is its own securer, and goes negative."""
    core.accept(core.offer("vimbiso_trust", FARAI, usd("1000000")))
    assert core.balance("vimbiso_trust") == usd("-1000012.50")
    core.check_conserved()


def test_denominations_are_separate(core: Core) -> None:
    """USD secure no ZWG."""
    with refused("INSUFFICIENT_SECURED_BALANCE"):
        core.offer(TARIRO, FARAI, Money(Decimal(1), Denomination.ZWG))


def test_amounts_are_exact(core: Core) -> None:
    """Nothing is rounded on entry, only in display."""
    give(core, "0.001")
    assert core.balance(TARIRO) == usd("12.499")
    assert format_amount(core.balance(TARIRO).amount, Denomination.USD) == "12.50 USD"


def test_books_that_do_not_balance_are_noticed(core: Core) -> None:
    """The check is able to fail: on money out of nowhere, and on money spent twice."""
    core.accept(give(core, "10"))
    core.check_conserved()
    core.credexes()[0].amount += 1
    core.credexes()[0].outstanding += 1
    with pytest.raises(NotConservedError, match=r"but .* was issued"):
        core.check_conserved()


def test_a_side_that_is_missing_is_noticed(core: Core) -> None:
    """What comes in over all accounts goes out over all accounts."""
    core.accept(give(core, "10"))
    del core.ledger.accounts[core.account(FARAI).account_id]
    with pytest.raises(NotConservedError, match="come in"):
        check_conserved(core.ledger)


def test_more_outstanding_than_was_offered_is_noticed(core: Core) -> None:
    """A credex never grows."""
    give(core, "10").outstanding += Decimal("0.01")
    with pytest.raises(NotConservedError, match="outstanding"):
        check_conserved(core.ledger)


def test_a_balance_that_shows_what_is_not_there_is_noticed(core: Core) -> None:
    """All balances together are what is offered and not taken, and nothing else."""
    core.cancel(give(core, "10"))
    core.credexes()[-1].outstanding += 1
    with pytest.raises(NotConservedError, match="balances"):
        check_conserved(core.ledger)


def test_money_of_all_states_is_conserved(core: Core, clock: Hands) -> None:
    """Taken, declined, taken back, expired, owed without backing, redeemed."""
    core.accept(give(core, "1"))
    core.decline(give(core, "1"))
    core.cancel(give(core, "1"))
    give(core, "1")
    core.accept(give(core, "3", due=TODAY + timedelta(days=10)))
    core.history(TARIRO, FARAI, usd("4"), at_ms=START_MS - DAY_MS)
    check_conserved(core.ledger)
    clock.at_ms += 3 * DAY_MS
    check_conserved(core.ledger)
    assert {credex.state for credex in core.credexes()} == set(State) - PENDING


def test_a_request_moves_no_balance_and_expires_as_an_offer_does(core: Core, clock: Hands) -> None:
    """Until the issuer agrees, nothing is promised."""
    asked = replace(give(core, "10"), credex_id=core.ledger.new_id(), state=State.REQUESTS, securer_id=None)
    before = core.balance(TARIRO), core.balance(FARAI), core.offers()
    core.ledger.add_credex(asked)
    core.check_conserved()
    assert (core.balance(TARIRO), core.balance(FARAI), core.offers()) == before
    clock.at_ms += 3 * DAY_MS
    core.check_conserved()
    assert (asked.state, asked.outstanding) == (State.EXPIRED, Decimal(0))


def test_overspending_is_noticed(core: Core) -> None:
    """An offer of more than there is breaks the books."""
    give(core, "10").outstanding = Decimal(13)
    with pytest.raises(NotConservedError):
        core.check_conserved()


# Tiers


@pytest.mark.parametrize(("tier", "cap"), [(1, "10"), (2, "100")])
def test_a_day_s_issue_is_capped_by_tier(core: Core, tier: int, cap: str) -> None:
    """Exactly the cap passes, a cent more does not; all accounts and denominations of the owner count."""
    core.fund(TARIRO, usd("1000"))
    core.member(TARIRO).tier = tier
    core.fund(TARIRO, Money(Decimal(100), Denomination.ZWG))
    core.offer(TARIRO, FARAI, Money(Decimal(100), Denomination.ZWG))
    rest = Decimal(cap) - Decimal("3.75")
    with refused("DAILY_LIMIT"):
        give(core, str(rest + Decimal("0.01")))
    give(core, str(rest))
    assert trading.remaining_today(core.ledger, core.member(TARIRO)) == 0


def test_what_is_declined_or_cancelled_does_not_count(core: Core) -> None:
    """Pending and accepted offers do."""
    core.member(TARIRO).tier = 1
    core.cancel(give(core, "4"))
    core.decline(give(core, "4"))
    core.accept(give(core, "4"))
    give(core, "6")
    with refused("DAILY_LIMIT"):
        give(core, "0.01")


def test_the_cap_is_new_at_midnight_utc(core: Core, clock: Hands) -> None:
    """Core's day, not the member's."""
    core.member(TARIRO).tier = 1
    give(core, "10")
    clock.at_ms = (START_MS // DAY_MS + 1) * DAY_MS - 1
    with refused("DAILY_LIMIT"):
        give(core, "1")
    clock.at_ms += 1
    give(core, "1")


def test_the_owner_s_tier_counts_not_the_actor_s(core: Core) -> None:
    """Whoever acts for an account is bound by its owner's cap."""
    owner = core.member(TARIRO)
    owner.tier = 4
    core.authorise(TARIRO, core.member(FARAI))
    owner.tier = 1
    account = core.account(TARIRO)
    with refused("DAILY_LIMIT"):
        trading.offer(
            core.ledger,
            core.member(FARAI),
            issuer_id=account.account_id,
            receiver_id=core.account(FARAI).account_id,
            amount=Decimal("10.01"),
            denomination=Denomination.USD,
            due=None,
        )


def test_tiers_open_doors() -> None:
    """Unsecured credexes take tier 2, a second account tier 3, authorising others tier 4 and at most five."""
    core = Core(clock_ms=lambda: START_MS, rng=random.Random(1))
    tariro = core.add_member(TARIRO, "Tariro", "Moyo")
    core.add_member(FARAI, "Farai", "Ncube")
    due = TODAY + timedelta(days=7)
    with refused("TIER_TOO_LOW"):
        give(core, "1", due=due)
    tariro.tier = 2
    give(core, "1", due=due)
    with refused("TIER_TOO_LOW"):
        core.add_account(tariro, "Moyo Shop", "moyo_shop")
    tariro.tier = 3
    shop = core.add_account(tariro, "Moyo Shop", "moyo_shop")
    with refused("TIER_TOO_LOW"):
        core.authorise(shop, core.member(FARAI))
    tariro.tier = 4
    others = [core.add_member(f"26377100000{n}", "Another", "Member") for n in range(5)]
    for other in [*others[:4], others[0]]:
        core.authorise(shop, other)
    with refused("LIMIT_REACHED"):
        core.authorise(shop, others[4])


# Due dates


@pytest.mark.parametrize(("days", "passes"), [(6, False), (7, True), (34, True), (35, False)])
def test_a_due_date_is_a_week_to_34_days_away(core: Core, days: int, passes: bool) -> None:  # noqa: FBT001
    """The upper end is exclusive, whatever the message of the real one says."""
    due = TODAY + timedelta(days=days)
    if passes:
        assert give(core, "1000", due=due).due == due
    else:
        with refused("DUE_DATE"):
            give(core, "1000", due=due)


def test_an_unsecured_credex_is_a_payable_once_accepted(core: Core) -> None:
    """It touches no secured balance."""
    credex = give(core, "1000", due=TODAY + timedelta(days=10))
    account = core.account(TARIRO).account_id
    assert core.ledger.unsecured(account) == (Decimal(0), Decimal(0))
    core.accept(credex)
    assert core.ledger.unsecured(account) == (Decimal(1000), Decimal(0))
    assert core.ledger.unsecured(core.account(FARAI).account_id) == (Decimal(0), Decimal(1000))
    assert core.balance(TARIRO) == usd("12.50")


# Lifecycle


def test_an_offer_vanishes_at_the_end_of_the_second_day(core: Core, clock: Hands) -> None:
    """Until midnight after D+2 it can be accepted; then it is gone and its money free."""
    credex = give(core, "10")
    last = (START_MS // DAY_MS + 3) * DAY_MS
    clock.at_ms = last - 1
    assert core.offers(FARAI) == [credex]
    clock.at_ms = last
    assert core.offers() == []
    assert (credex.state, credex.ended_ms, core.balance(TARIRO)) == (State.EXPIRED, last, usd("12.50"))
    for act in (core.accept, core.decline, core.cancel):
        with pytest.raises(NotFoundRefusalError):
            act(credex)


def test_the_last_moment_is_not_too_late(core: Core, clock: Hands) -> None:
    """An accepted offer does not expire."""
    credex = give(core, "10")
    clock.at_ms = (START_MS // DAY_MS + 3) * DAY_MS - 1
    core.accept(credex)
    clock.at_ms += 30 * DAY_MS
    assert (core.credexes()[-1].state, core.balance(FARAI)) == (State.OWES, usd("10"))


@pytest.mark.parametrize("first", ["accept", "decline", "cancel"])
@pytest.mark.parametrize("then", ["accept", "decline", "cancel"])
def test_an_offer_ends_once(core: Core, first: str, then: str) -> None:
    """Whatever ended it, it can not be ended again; nothing changes."""
    credex = give(core, "10")
    getattr(core, first)(credex)
    state = credex.state
    with refused("ALREADY_ACCEPTED" if first == "accept" else "NOT_PENDING"):
        getattr(core, then)(credex)
    assert credex.state is state


@pytest.mark.parametrize(("act", "who"), [("accept", TARIRO), ("decline", TARIRO), ("cancel", FARAI)])
def test_only_the_right_side_may_end_an_offer(core: Core, act: str, who: str) -> None:
    """The receiver accepts and declines, the issuer cancels."""
    credex = give(core, "10")
    with refused("NOT_AUTHORIZED"):
        getattr(trading, act)(core.ledger, core.member(who), credex.credex_id)
    assert credex.state is State.OFFERS


def test_an_authorised_member_acts_like_the_owner(core: Core) -> None:
    """Accepting for an account takes authority over it, not ownership."""
    core.member(FARAI).tier = 4
    rudo = core.add_member("263773456789", "Rudo", "Dube")
    core.authorise(FARAI, rudo)
    assert trading.accept(core.ledger, rudo, give(core, "1").credex_id).state is State.OWES


def test_sent_twice_is_two_offers(core: Core) -> None:
    """There is no duplicate detection, which keeps clients honest."""
    give(core, "5")
    give(core, "5")
    assert len(core.offers(TARIRO)) == 2


def test_an_account_may_not_pay_itself(core: Core) -> None:
    """Issuer and receiver differ."""
    with refused("SAME_ACCOUNT"):
        core.offer(TARIRO, TARIRO, usd("1"))


def test_a_debt_of_yesterday_counts_for_no_limit_of_today(core: Core) -> None:
    """A world may begin with promises, whatever the tiers."""
    core.member(TARIRO).tier = 1
    core.owe(TARIRO, FARAI, usd("500"))
    assert core.ledger.unsecured(core.account(FARAI).account_id) == (Decimal(0), Decimal(500))
    give(core, "10")


# Tier 3 for a dollar


def test_an_upgrade_costs_a_dollar(core: Core) -> None:
    """It is paid to the treasury, once, from one's own account."""
    tariro, account = core.member(TARIRO), core.account(TARIRO)
    tariro.tier = 1
    assert trading.upgrade(core.ledger, tariro, account, core.treasury) == 1
    assert (tariro.tier, core.balance(TARIRO), core.balance("credex_foundation")) == (3, usd("11.50"), usd("1"))
    with refused("ALREADY_ENROLLED"):
        trading.upgrade(core.ledger, tariro, account, core.treasury)
    core.check_conserved()


def test_an_upgrade_takes_a_balance(core: Core) -> None:
    """Without a dollar nothing changes."""
    farai, account = core.member(FARAI), core.account(FARAI)
    farai.tier = 1
    with refused("INSUFFICIENT_SECURED_BALANCE"):
        trading.upgrade(core.ledger, farai, account, core.treasury)
    assert farai.tier == 1


def test_phones_and_handles_are_unique(core: Core) -> None:
    """Whoever comes second is refused."""
    with refused("DUPLICATE_PHONE"):
        core.add_member(TARIRO, "Another", "Tariro")
    with refused("DUPLICATE_HANDLE"):
        core.add_member("263773456789", "Rudo", "Dube", handle=FARAI)
    with refused("DUPLICATE_HANDLE"):
        core.add_account(core.member(TARIRO), "Another", FARAI)


# State


def test_a_core_goes_through_json(core: Core, clock: Hands) -> None:
    """What one core dumped another takes over: members, balances, offers, books."""
    core.accept(give(core, "2.50"))
    pending = give(core, "1", due=TODAY + timedelta(days=10))
    other = Core(clock_ms=clock.now_ms, rng=random.Random(2), quirks=Quirks())
    other.load(json.loads(json.dumps(core.dump())))
    assert other.dump() == core.dump()
    assert other.accept(pending.credex_id).state is State.OWES
    assert (core.total(), other.balance(FARAI)) == (other.total(), usd("2.50"))
    other.check_conserved()
    other.fund(FARAI, usd("1"))
    other.check_conserved()


def test_the_same_seed_gives_the_same_ids() -> None:
    """And logins change none of them."""

    def ids() -> list[str]:
        core = Core(clock_ms=lambda: START_MS, rng=random.Random(7))
        members = [core.add_member(TARIRO, "Tariro", "Moyo"), core.add_member(FARAI, "Farai", "Ncube")]
        accounts: list[Account] = [core.account(TARIRO), core.account(FARAI)]
        return [*(one.member_id for one in members), *(one.account_id for one in accounts)]

    assert ids() == ids()
    assert len(set(ids())) == 4
