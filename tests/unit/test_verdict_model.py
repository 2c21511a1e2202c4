"""The verdicts on offers, tried in random worlds: `python -m tests.model` plays more of them."""

from __future__ import annotations

from functools import cache

import pytest

from tests.model.__main__ import Tally, tally
from tests.model.orders import orders, play_order
from tests.model.planted import PLANTED
from tests.model.worlds import KINDS

WORLDS = 1_000
WHERE = {
    "absence by name": "hostile",
    "a full page is the end": "hostile",
    "vanished offers are not settled": "busy",
    "open books count": "hostile",
    "time by the process": "hostile",
    "found is final": "busy",
    "any match is doubt": "busy",
}
"""In which kind of world a planted rule fails soonest; the others fail in every kind."""


@cache
def ours(kind: str) -> Tally:
    """What our rules make of the first worlds of a kind."""
    return tally(kind, range(WORLDS))


@pytest.mark.parametrize("kind", KINDS)
def test_no_statement_is_false_and_no_duplicate_unwarned(kind: str) -> None:
    """Only hostile worlds, in which core hides what it holds, may mislead the bot: less than 0.5 % of them do."""
    found = ours(kind)
    assert found.holds, f"{found}\nfalse: {found.false[:5]}\nunwarned: {found.unwarned[:5]}"


@pytest.mark.parametrize("rule", PLANTED)
def test_a_weaker_rule_is_found_out(rule: str) -> None:
    """Each rule that the bot had, or might be tempted to have, says something false where ours does not."""
    kind = WHERE.get(rule, "benign")
    held, weaker = ours(kind), tally(kind, range(WORLDS), rule)
    assert held.holds
    assert (
        len(weaker.false) > len(held.false)
        or len(weaker.unwarned) > len(held.unwarned)
        or weaker.late > weaker.worlds * 0.05 >= held.late
    ), str(weaker)


def test_every_short_order_of_events_is_told_truly() -> None:
    """Made, accepted, paid back, declined, renamed and offered elsewhere, at every moment relative to the looks."""
    false = {str(order): result for order in orders() if (result := play_order(order))}
    assert false == {}
