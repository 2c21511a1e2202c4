"""The main menu: composed from the entries of the flows, on as many pages as WhatsApp's ten rows make of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.conversation import Flow, MenuEntry, Option
from service.domain.commands import Known
from service.flows import flow_registry
from service.flows.screens import screen
from service.messages import ROWS, List, length
from tests.unit.flows_play import Play
from tests.unit.flows_world import account, dashboard, known


def titles(play: Play) -> list[str]:
    """The rows of the menu."""
    return [option.title for option in options(play)]


def options(play: Play) -> tuple[Option, ...]:
    assert play.session is not None
    return play.session.options


OF_TODAY = titles(Play(flow_registry()).say("hi").core(known()))


def with_entries(count: int) -> Play:
    """A member's home, with so many rows in all."""
    flows = [
        Flow(
            name=f"added_{number}",
            title="Added",
            routes={f"added_{number}": "here"},
            menu=(MenuEntry(f"added_{number}", f"Added {number}", "Something more"),),
            steps=(screen("here", f"This is {number}."),),
        )
        for number in range(count - len(OF_TODAY))
    ]
    return Play(flow_registry(extra=flows)).say("hi").core(known())


def pages(play: Play) -> Iterator[Play]:
    """Each page of the menu, to go on from."""
    while True:
        yield play.fork()
        if "More ..." not in titles(play):
            return
        play.tap("More ...").core(known())


def test_a_menu_of_up_to_ten_rows_is_one_page() -> None:
    """As today's."""
    play = with_entries(ROWS)
    assert len(titles(play)) == ROWS
    assert "More ..." not in titles(play)


@pytest.mark.parametrize("count", [11, 20, 25])
def test_every_entry_of_a_longer_menu_is_on_one_page(count: int) -> None:
    """In the flows' order; the last page leads back to the first."""
    shown = [titles(page) for page in pages(with_entries(count))]
    entries = [title for page in shown for title in page if title not in {"More ...", "First page"}]
    assert len(entries) == count == len(set(entries))
    assert entries[: len(OF_TODAY) - 2] == OF_TODAY[:-2]
    assert entries[-2:] == OF_TODAY[-2:]
    assert [page[-1] for page in shown] == ["More ..."] * (len(shown) - 1) + ["First page"]


@pytest.mark.parametrize("count", [11, 20, 25])
def test_every_entry_is_reached_by_a_tap_and_by_its_title(count: int) -> None:
    """On whichever page it is."""
    for page in pages(with_entries(count)):
        for title in titles(page):
            if title.startswith("Added"):
                number = title.removeprefix("Added ")
                assert page.fork().tap(title).text == f"This is {number}."
                assert page.fork().say(title).text == f"This is {number}."


def test_pages_are_turned_by_typing_as_well() -> None:
    """There and back."""
    play = with_entries(11)
    first = titles(play)
    assert titles(play.say("more").core(known())) != first
    assert titles(play.say("First page").core(known())) == first


@pytest.mark.parametrize("count", [11, 20, 25])
def test_no_page_exceeds_the_limits(count: int) -> None:
    """Rows, and the length of their titles."""
    for page in pages(with_entries(count)):
        (menu,) = page.said
        assert isinstance(menu, List)
        (section,) = menu.sections
        assert len(section.rows) <= ROWS
        assert all(length(row.title) <= 24 for row in section.rows)


def test_an_old_button_for_a_page_that_is_gone_shows_the_last_one() -> None:
    """The menu may have become shorter since."""
    *_, before_last, _ = pages(with_entries(25))
    button = options(before_last)[-1]
    assert button.id == "n:refresh:3"
    assert titles(with_entries(11).tap_again(button).core(known()))[-1] == "First page"


def test_a_member_sees_only_the_entries_that_are_theirs() -> None:
    """No offers, no rows for offers; a higher tier, no upgrade."""
    assert not any("offers" in title for title in OF_TODAY)
    assert "Upgrade" in OF_TODAY
    assert "Upgrade" not in titles(Play(flow_registry()).say("hi").core(Known(dashboard(account(), tier=3))))
