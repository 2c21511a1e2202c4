"""What reviewers see of a flow is chosen from what its conversations walk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from notebooks.review.cases import Case, cancelled_or_expired, happy_paths, refusals, strip
from notebooks.review.playbacks import Playback, conversations_by_exit, play_all
from service.flows import flow_registry
from service.flows.greeting import GREETING
from service.flows.ledger import LEDGER
from service.flows.offer import OFFER
from service.flows.upgrade import UPGRADE
from simulator.playback.coverage import ExitTaken, replay_with_exits
from simulator.script.conversation import load
from simulator.script.library import find


@pytest.fixture(scope="module")
def playbacks() -> Mapping[str, Playback]:
    return play_all(list(find("upgrade")))


def titles(cases: list[Case]) -> list[tuple[str, str]]:
    return [(case.title, case.conversation) for case in cases]


def test_the_happy_path_runs_from_the_first_word_in_the_flow_to_its_end(playbacks: Mapping[str, Playback]) -> None:
    """By the conversation in which nothing else happens."""
    happy = happy_paths(UPGRADE, playbacks)

    assert titles(happy) == [("Happy path: pay → upgraded", "upgrade/hustler")]
    assert [bubble.body for bubble in happy[0].bubbles if bubble.side == "member"] == ["▸ Upgrade", "▸ Confirm"]
    assert "hustler" in happy[0].bubbles[-1].body


def test_every_way_off_the_happy_path_has_a_phone(playbacks: Mapping[str, Playback]) -> None:
    """Endings, refusals and changes of mind, but not what every flow shares."""
    assert [title for title, _ in titles(refusals(flow_registry(), UPGRADE, playbacks))] == [
        "begin → already",
        "explain → cancel",
        "pay → already",
        "pay → too little",
        "pay → refused",
        "pay → certainly not done",
        "pay → not known yet",
    ]


def test_a_way_that_nobody_walks_has_no_phone(playbacks: Mapping[str, Playback]) -> None:
    """The table of exits shows it as walked by nobody."""
    fewer = {name: each for name, each in playbacks.items() if name != "upgrade/refused"}

    assert "pay → refused" not in [title for title, _ in titles(refusals(flow_registry(), UPGRADE, fewer))]
    assert conversations_by_exit(fewer)[ExitTaken("upgrade", "pay", "refused")] == []


def test_a_phone_shows_the_screen_before_what_was_done_and_what_was_said(playbacks: Mapping[str, Playback]) -> None:
    """Not the whole conversation, and no stage direction at its end."""
    case = next(each for each in refusals(flow_registry(), UPGRADE, playbacks) if each.title == "explain → cancel")

    assert [bubble.side for bubble in case.bubbles] == ["bot", "member", "bot"]
    assert case.bubbles[1].body == "▸ Cancel"
    assert strip([case]).words.splitlines()[0] == "explain → cancel"


def test_leaving_and_coming_back_too_late_are_shown_even_where_no_conversation_does(
    playbacks: Mapping[str, Playback],
) -> None:
    """Then the happy path is played up to its last message, and that comes too late."""
    happy = {"upgrade/hustler": playbacks["upgrade/hustler"]}
    left, late = cancelled_or_expired(UPGRADE, happy)

    assert left.bubbles[-1].body.startswith("Nothing was paid.")
    assert late.conversation == "upgrade/hustler, but 6 min later"
    assert late.bubbles[-1].body.startswith("That was left for more than five minutes, so I let it go.")


def test_a_screen_at_which_nothing_can_be_left_unfinished_is_shown_too_old() -> None:
    """A choice of it is typed after more than five minutes; what was there before stays as it was written."""
    (late,) = cancelled_or_expired(GREETING, play_all([*find("greeting/member")]))

    assert late.conversation == "greeting/member, and “1” six minutes later"
    assert "1,040.00 ZWG" in late.bubbles[0].body
    assert [bubble.body for bubble in late.bubbles[1:3]] == ["6 minutes pass", "1"]
    assert "Good morning, Farai." in late.bubbles[3].body


def test_an_answer_that_cannot_be_taken_is_one_that_was_typed_and_answered() -> None:
    """A word for help is taken, and a picture of a sticker would show less."""
    wanted = ("offer/left-in-the-middle", "offer/handles-refused", "help/album", "offer/amounts-refused")
    cases = refusals(flow_registry(), OFFER, play_all([path for name in wanted for path in find(name)]))
    again = {case.title: case for case in cases if case.title.endswith(": an invalid answer")}

    assert {title.partition(":")[0]: case.conversation for title, case in again.items()} == {
        "amount": "offer/amounts-refused",
        "handle": "offer/handles-refused",
    }
    assert [case.bubbles[-1].side for case in again.values()] == ["bot", "bot"]


def test_what_happens_elsewhere_many_times_is_told_in_short() -> None:
    """The first two, and how many more."""
    gone = next(
        case for case in refusals(flow_registry(), LEDGER, play_all([*find("ledger")])) if case.title == "line → gone"
    )

    stage = [bubble.body for bubble in gone.bubbles if bubble.side == "stage"]
    assert len(stage) == 3
    assert stage[-1] == "… and 12 more like these"


def test_the_ways_are_those_that_coverage_counts(playbacks: Mapping[str, Playback]) -> None:
    """One conversation, watched by both."""
    path: Path = next(find("upgrade/hustler"))

    assert set(playbacks["upgrade/hustler"].exits_taken) == replay_with_exits(load(path))[1]
