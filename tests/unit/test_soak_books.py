"""The books of a soak notice each promise that is broken: here it is broken by hand, in a ledger and in words."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from service.domain import Money
from simulator.credex_core import Core
from simulator.processes.soak.books import Books

NOW = 1_793_599_200_000
TARIRO, FARAI = "263771234567", "263712345678"
FIFTY = Money.displayed("50.00 USD")
AMOUNT = "4.00 USD"
MADE = "✅ You offered *4.00 USD* to *Farai Ncube Personal*."
REFUSED = "Credex refused the offer of *4.00 USD* to *Farai Ncube Personal*: your tier is too low"
UNKNOWN = "I do *not know yet* whether your offer of *4.00 USD* to *Farai Ncube Personal* was made."
ACCEPTED = "✅ You accepted *4.00 USD* from *Tariro Moyo Personal*."


class Town:
    """Two members with 50 USD each, their ledger, and what is kept of their words."""

    def __init__(self) -> None:
        self.core = Core(clock_ms=lambda: NOW, rng=random.Random(1), api_key="key")
        self.books = Books()
        for phone, first, last in ((TARIRO, "Tariro", "Moyo"), (FARAI, "Farai", "Ncube")):
            member = self.core.add_member(phone, first, last, tier=3)
            self.core.fund(self.core.ledger.accounts_of(member.member_id)[0], FIFTY)
            self.books.funded(phone, FIFTY)

    def offered(self, amount: str = AMOUNT) -> str:
        """An offer from Tariro to Farai, made in core."""
        return self.core.offer(TARIRO, FARAI, Money.displayed(amount)).credex_id

    def broken(self) -> set[str]:
        """The promises that were not kept."""
        return {each.promise for each in (*self.books.broken, *self.books.check(self.core))}


def confirmed_once(town: Town) -> None:
    """Tariro confirms an offer, it is made, and that is said."""
    town.books.confirmed(TARIRO, "createCredex", AMOUNT)
    town.offered()
    town.books.said(TARIRO, MADE)


def accepted_too(town: Town) -> None:
    """Farai accepts it, and that is said."""
    confirmed_once(town)
    town.books.confirmed(FARAI, "acceptCredex", AMOUNT)
    town.core.accept(town.core.offers()[0])
    town.books.said(FARAI, ACCEPTED)


def refused(town: Town) -> None:
    """Core refuses, nothing is made, and that is said."""
    town.books.confirmed(TARIRO, "createCredex", AMOUNT)
    town.books.said(TARIRO, REFUSED)


def found_out_later(town: Town) -> None:
    """First nobody knew, then it was found."""
    town.books.confirmed(TARIRO, "createCredex", AMOUNT)
    town.books.said(TARIRO, UNKNOWN)
    town.offered()
    town.books.said(TARIRO, "I looked again: your offer of *4.00 USD* to *Farai Ncube Personal* was made.")


@pytest.mark.parametrize("what", [confirmed_once, accepted_too, refused, found_out_later])
def test_books_of_what_went_well_are_in_order(what: Callable[[Town], None]) -> None:
    """Nothing is held against a bot that kept its promises."""
    town = Town()
    what(town)
    assert town.broken() == set()


def made_twice(town: Town) -> None:
    confirmed_once(town)
    town.offered()


def made_by_nobody(town: Town) -> None:
    town.offered()


def said_but_not_made(town: Town) -> None:
    town.books.confirmed(TARIRO, "createCredex", AMOUNT)
    town.books.said(TARIRO, MADE)


def made_but_denied(town: Town) -> None:
    town.books.confirmed(TARIRO, "createCredex", AMOUNT)
    town.offered()
    town.books.said(TARIRO, REFUSED)


def left_open(town: Town) -> None:
    town.books.confirmed(TARIRO, "createCredex", AMOUNT)
    town.books.said(TARIRO, UNKNOWN)


def accepted_by_nobody(town: Town) -> None:
    confirmed_once(town)
    town.core.accept(town.core.offers()[0])


def accepted_only_in_words(town: Town) -> None:
    confirmed_once(town)
    town.books.confirmed(FARAI, "acceptCredex", AMOUNT)
    town.books.said(FARAI, ACCEPTED)


def told_of_a_strangers_write(town: Town) -> None:
    town.books.said(FARAI, MADE)


def money_from_nowhere(town: Town) -> None:
    town.core.fund(town.core.ledger.accounts_of(town.core.member(FARAI).member_id)[0], FIFTY)


def joined_unasked(town: Town) -> None:
    town.core.add_member("263733333333", "Rudo", "Banda")


@pytest.mark.parametrize(
    ("what", "promise"),
    [
        (made_twice, "at most one credex a confirmation"),
        (made_by_nobody, "nothing without a confirmation"),
        (said_but_not_made, "what was said agrees with the ledger"),
        (made_but_denied, "what was said agrees with the ledger"),
        (left_open, "every outcome is told"),
        (accepted_by_nobody, "nothing without a confirmation"),
        (accepted_only_in_words, "what was said agrees with the ledger"),
        (told_of_a_strangers_write, "nothing without a confirmation"),
        (money_from_nowhere, "money is conserved"),
        (joined_unasked, "nothing without a confirmation"),
    ],
)
def test_books_show_each_promise_that_is_broken(what: Callable[[Town], None], promise: str) -> None:
    """Whatever of it happened in the ledger, and whatever only in words."""
    town = Town()
    what(town)
    assert town.broken() == {promise}
