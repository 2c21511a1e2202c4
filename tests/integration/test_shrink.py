"""Worlds that break a promise are made small: a few lines that break the same one, the same ones each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.explore.invariants.invariant import Violation
from simulator.explore.regressions import as_conversation, keep, stored_regressions
from simulator.explore.run import play
from simulator.explore.shrink import shrink
from simulator.script.conversation import load
from tests.defects.catalogue import PLANTED
from tests.defects.search import look_for

FEW = 10

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.mark.parametrize("name", ["the second message of a POST is dropped", "no message is known again"])
def test_a_world_that_shows_a_planted_defect_comes_to_a_few_lines(name: str) -> None:
    """Less than ten lines are left, the promise still breaks in them, and only with the defect."""
    planted = PLANTED[name]
    found = look_for(planted.run_bot, range(1, planted.within + 1), options=planted.options)
    assert found is not None

    small = shrink(found.yaml, found.violations[0], run_bot=planted.run_bot, most_tries=60)

    assert small.lines < FEW
    assert {violation.invariant for violation in play(small.yaml, run_bot=planted.run_bot).violations} == {
        small.broken.invariant
    }
    assert play(small.yaml).violations == ()


LONG = """\
title: Two in one POST, among much else
people:
  Rudo: {phone: "+263 77 765 4321", name: Rudo Chirwa, member: {tier: 1, balances: [20 USD]}}
  Farai: {phone: "+263 71 234 5678", name: Farai Ncube, member: {handle: farai_shop}}
lines:
  - Rudo: hi
  - wait: 7 min
  - Farai: hi
  - core: {fails: login, with: 500, times: 2}
  - together: [{Rudo: menu}, {Farai: menu}, {Rudo: help}]
  - Rudo: "1.50=>farai_shop"
  - Rudo taps: Cancel
"""
SMALL = """\
title: "Two in one POST, among much else"
people:
  Rudo: {phone: "+263 77 765 4321", name: Rudo Chirwa, member: {balances: [20 USD]}}
  Farai: {phone: "+263 71 234 5678", name: Farai Ncube, member: {handle: farai_shop}}
lines:
  - together: [{Farai: menu}, {Rudo: help}]
"""


def test_the_same_world_always_comes_to_the_same_small_one() -> None:
    """What has nothing to do with the break goes: lines, people, and messages within a POST."""
    planted = PLANTED["the second message of a POST is dropped"]
    tries: list[tuple[int, int]] = []

    small = shrink(
        LONG,
        Violation("answered", "Rudo", "", 0),
        run_bot=planted.run_bot,
        progress=lambda tried, lines: tries.append((tried, lines)),
    )

    assert small.yaml == SMALL
    assert [tried for tried, _ in tries] == list(range(1, small.tries + 1))


def test_a_promise_that_does_not_break_cannot_be_made_small() -> None:
    """Whoever asks for it is told so, rather than given a world that shows nothing."""
    with pytest.raises(ValueError, match="does not break"):
        shrink(LONG, Violation("answered", "Rudo", "", 0))


def test_no_more_worlds_are_played_than_allowed() -> None:
    """With one try, the world is what it was."""
    planted = PLANTED["the second message of a POST is dropped"]

    small = shrink(LONG, Violation("answered", "Rudo", "", 0), run_bot=planted.run_bot, most_tries=1)

    assert (small.tries, small.lines) == (1, 7)


def test_a_small_world_is_kept_as_a_conversation_like_all_others(tmp_path: Path) -> None:
    """It says which promise broke and how, has its place in the index, and is written under the same name each time."""
    planted = PLANTED["the second message of a POST is dropped"]
    small = shrink(LONG, Violation("answered", "Rudo", "", 0), run_bot=planted.run_bot)

    paths = {keep(small, tmp_path), keep(small, tmp_path)}

    assert sorted(paths) == stored_regressions(tmp_path)
    (path,) = paths
    assert path.read_text(encoding="utf-8") == as_conversation(small)
    kept = load(path)
    assert kept.title == "Answered, in a world that once broke it"
    assert kept.covers == ("redis fails",)
    assert {violation.invariant for violation in play(kept, run_bot=planted.run_bot).violations} == {"answered"}


def test_worlds_that_once_broke_a_promise_keep_all() -> None:
    """What was found once and repaired stays repaired."""
    assert [path.stem for path in stored_regressions() if play(load(path)).violations] == []
