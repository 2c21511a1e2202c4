"""The audit of a soak notice each promise that is broken: here it is broken by hand, in a ledger and in words."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from service.domain import Money
from simulator.credex_core import Core
from simulator.processes.soak.ledger_audit import LedgerAudit

NOW = 1_793_599_200_000
TARIRO, FARAI = "263771234567", "263712345678"
FIFTY = Money.displayed("50.00 USD")
AMOUNT = "4.00 USD"
MADE = "✅ You offered *4.00 USD* to *Farai Ncube Personal*."
REFUSED = "Credex refused the offer of *4.00 USD* to *Farai Ncube Personal*: your tier is too low"
UNKNOWN = "I do *not know yet* whether your offer of *4.00 USD* to *Farai Ncube Personal* was made."
ACCEPTED = "✅ You accepted *4.00 USD* from *Tariro Moyo Personal*."


class Scene:
    """Two members with 50 USD each, their ledger, and what is kept of their words."""

    def __init__(self) -> None:
        self.core = Core(clock_ms=lambda: NOW, rng=random.Random(1), api_key="key")
        self.audit = LedgerAudit()
        for phone, first, last in ((TARIRO, "Tariro", "Moyo"), (FARAI, "Farai", "Ncube")):
            member = self.core.add_member(phone, first, last, tier=3)
            self.core.fund(self.core.ledger.accounts_of(member.member_id)[0], FIFTY)
            self.audit.funded(phone, FIFTY)

    def offered(self, amount: str = AMOUNT) -> str:
        """An offer from Tariro to Farai, made in core."""
        return self.core.offer(TARIRO, FARAI, Money.displayed(amount)).credex_id

    def violations(self) -> set[str]:
        """The promises that were not kept."""
        return {each.invariant for each in (*self.audit.violations, *self.audit.check(self.core))}


def confirmed_once(scene: Scene) -> None:
    """Tariro confirms an offer, it is made, and that is said."""
    scene.audit.confirmed(TARIRO, "createCredex", AMOUNT)
    scene.offered()
    scene.audit.said(TARIRO, MADE)


def accepted_too(scene: Scene) -> None:
    """Farai accepts it, and that is said."""
    confirmed_once(scene)
    scene.audit.confirmed(FARAI, "acceptCredex", AMOUNT)
    scene.core.accept(scene.core.offers()[0])
    scene.audit.said(FARAI, ACCEPTED)


def refused(scene: Scene) -> None:
    """Core refuses, nothing is made, and that is said."""
    scene.audit.confirmed(TARIRO, "createCredex", AMOUNT)
    scene.audit.said(TARIRO, REFUSED)


def found_out_later(scene: Scene) -> None:
    """First nobody knew, then it was found."""
    scene.audit.confirmed(TARIRO, "createCredex", AMOUNT)
    scene.audit.said(TARIRO, UNKNOWN)
    scene.offered()
    scene.audit.said(TARIRO, "I looked again: your offer of *4.00 USD* to *Farai Ncube Personal* was made.")


@pytest.mark.parametrize("what", [confirmed_once, accepted_too, refused, found_out_later])
def test_audit_of_what_went_well_are_in_order(what: Callable[[Scene], None]) -> None:
    """Nothing is held against a bot that kept its promises."""
    scene = Scene()
    what(scene)
    assert scene.violations() == set()


def made_twice(scene: Scene) -> None:
    confirmed_once(scene)
    scene.offered()


def made_by_nobody(scene: Scene) -> None:
    scene.offered()


def said_but_not_made(scene: Scene) -> None:
    scene.audit.confirmed(TARIRO, "createCredex", AMOUNT)
    scene.audit.said(TARIRO, MADE)


def made_but_denied(scene: Scene) -> None:
    scene.audit.confirmed(TARIRO, "createCredex", AMOUNT)
    scene.offered()
    scene.audit.said(TARIRO, REFUSED)


def left_open(scene: Scene) -> None:
    scene.audit.confirmed(TARIRO, "createCredex", AMOUNT)
    scene.audit.said(TARIRO, UNKNOWN)


def accepted_by_nobody(scene: Scene) -> None:
    confirmed_once(scene)
    scene.core.accept(scene.core.offers()[0])


def accepted_only_in_words(scene: Scene) -> None:
    confirmed_once(scene)
    scene.audit.confirmed(FARAI, "acceptCredex", AMOUNT)
    scene.audit.said(FARAI, ACCEPTED)


def told_of_a_strangers_write(scene: Scene) -> None:
    scene.audit.said(FARAI, MADE)


def money_from_nowhere(scene: Scene) -> None:
    scene.core.fund(scene.core.ledger.accounts_of(scene.core.member(FARAI).member_id)[0], FIFTY)


def joined_unasked(scene: Scene) -> None:
    scene.core.add_member("263733333333", "Rudo", "Banda")


@pytest.mark.parametrize(
    ("what", "invariant"),
    [
        (made_twice, "at most one credex per confirmation"),
        (made_by_nobody, "nothing without a confirmation"),
        (said_but_not_made, "statements agree with the ledger"),
        (made_but_denied, "statements agree with the ledger"),
        (left_open, "every outcome is reported"),
        (accepted_by_nobody, "nothing without a confirmation"),
        (accepted_only_in_words, "statements agree with the ledger"),
        (told_of_a_strangers_write, "nothing without a confirmation"),
        (money_from_nowhere, "money is conserved"),
        (joined_unasked, "nothing without a confirmation"),
    ],
)
def test_audit_show_each_violated_invariant(what: Callable[[Scene], None], invariant: str) -> None:
    """Whatever of it happened in the ledger, and whatever only in words."""
    scene = Scene()
    what(scene)
    assert scene.violations() == {invariant}
