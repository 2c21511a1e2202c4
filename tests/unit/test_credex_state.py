"""What a state of Credex core holds beside the ledger, and that core goes on with it as if nothing had been."""

from __future__ import annotations

import json
import random
from decimal import Decimal

import pytest

from service.domain import Denomination, Money
from simulator.credex_core import Core, Quirks
from simulator.credex_core.amounts import Rates
from simulator.credex_core.ledger import DAY_MS, State
from simulator.credex_core.state import dump, load, read

START_MS = 1_793_600_000_000
TARIRO, FARAI = "263771234567", "263712345678"


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at_ms = START_MS

    def now_ms(self) -> int:
        return self.at_ms


def made(clock: Hands, seed: int = 1) -> Core:
    return Core(clock_ms=clock.now_ms, rng=random.Random(seed))


def peopled(core: Core) -> Core:
    """Two members, one of whom has money."""
    core.add_member(TARIRO, "Tariro", "Moyo")
    core.add_member(FARAI, "Farai", "Ncube")
    core.fund(TARIRO, Money(Decimal(9), Denomination.USD))
    return core


def handed_over(old: Core, new: Core) -> Core:
    """The new one takes in what the old one dumped, through JSON."""
    load(new, read(json.loads(json.dumps(dump(old)))))
    return new


def test_a_token_outlives_a_restart_and_no_longer_than_it_would_have() -> None:
    """Tokens are signed, not stored: a restart of the real core ends none."""
    clock = Hands()
    old = peopled(made(clock))
    token = old.sessions.begin(old.member(TARIRO).member_id)
    clock.at_ms += 299_000
    new = handed_over(old, made(clock))
    session = new.sessions.find(token)
    assert session is not None
    assert session.member_id == new.member(TARIRO).member_id
    clock.at_ms += 1_001
    assert new.sessions.find(token) is None


def test_a_core_with_the_same_seed_makes_no_id_twice() -> None:
    """Its chance begins anew with the process; what it loaded has the first ids already."""
    clock = Hands()
    old = peopled(made(clock))
    token = old.sessions.begin(old.member(TARIRO).member_id)
    new = handed_over(old, made(clock))
    rudo = new.add_member("263773000000", "Rudo", "Dube")
    offer = new.offer(TARIRO, FARAI, Money(Decimal(1), Denomination.USD))
    assert len(new.ledger.members) == len(old.ledger.members) + 1
    assert len(new.ledger.accounts) == len(old.ledger.accounts) + 1
    assert offer.credex_id not in old.ledger.credexes
    assert new.sessions.begin(rudo.member_id) != token
    new.check_conserved()


def test_knobs_outlive_a_restart() -> None:
    """How many calls a minute it takes, and what denominations are worth."""
    clock = Hands()
    old = peopled(made(clock))
    old.rate_limit = 51
    old.rates = Rates({**old.rates.in_usd, Denomination.ZWG: Decimal("0.03")})
    new = handed_over(old, made(clock))
    assert (new.rate_limit, new.rates.in_usd) == (51, old.rates.in_usd)


def test_an_oddity_that_counts_goes_on_counting() -> None:
    """Once is once, restart or not."""
    clock = Hands()
    old = peopled(made(clock))
    old.quirks = Quirks(created_but_404=2)
    assert old.take_misreported_status("createCredex") == 404
    new = handed_over(old, made(clock))
    assert [new.take_misreported_status("createCredex") for _ in range(2)] == [404, None]


@pytest.mark.parametrize(("shown_still", "left"), [(False, Decimal(9)), (True, Decimal(5))])
def test_what_expires_meanwhile_expires_as_it_would_have(shown_still: bool, left: Decimal) -> None:  # noqa: FBT001
    """The oddities are there before the days pass."""
    clock = Hands()
    old = peopled(made(clock))
    old.quirks = Quirks(expired_still_shown=shown_still)
    offer = old.offer(TARIRO, FARAI, Money(Decimal(4), Denomination.USD))
    kept = read(json.loads(json.dumps(dump(old))))
    clock.at_ms += 4 * DAY_MS
    new = made(clock)
    load(new, kept)
    assert new.ledger.credexes[offer.credex_id].state is State.EXPIRED
    assert new.balance(TARIRO).amount == left


def test_who_acts_for_others_is_known_after_a_restart() -> None:
    """Which accounts are shared can be asked as before."""
    clock = Hands()
    old = peopled(made(clock))
    old.member(TARIRO).tier = 4
    old.authorise(TARIRO, old.member(FARAI))
    assert handed_over(old, made(clock)).ledger.shared == old.ledger.shared != set()


def test_whoever_left_may_join_again() -> None:
    """Phone and handle are free; what they owed stays in the books, and nobody acts for it."""
    core = peopled(made(Hands()))
    core.accept(core.offer(TARIRO, FARAI, Money(Decimal(4), Denomination.USD)))
    before = core.account(TARIRO)
    core.leave(core.member(TARIRO))
    core.leave(core.member(FARAI))
    assert core.ledger.accounts_of(before.owner_id) == []
    again = core.add_member(TARIRO, "Tariro", "Moyo")
    assert core.account(TARIRO).owner_id == again.member_id
    assert before.handle != TARIRO
    assert core.balance(before.handle).amount == 5
    core.check_conserved()


def test_whoever_left_acts_for_nobody() -> None:
    """Notices go to the owner again; an account without a credex is gone with them."""
    core = peopled(made(Hands()))
    core.member(TARIRO).tier = 4
    farai = core.member(FARAI)
    core.authorise(TARIRO, farai)
    core.set_offer_recipient(TARIRO, farai)
    core.leave(farai)
    account = core.account(TARIRO)
    assert (account.authorised, account.send_offers_to) == ([account.owner_id], account.owner_id)
    with pytest.raises(KeyError):
        core.account(FARAI)
