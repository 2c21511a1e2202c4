"""The registry: flows that do not hang together are found when it is made, not when a member reaches them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.conversation import END, Flow, FlowRegistry, FlowRegistryError, MenuEntry, Retry, Shortcut
from tests.unit.conversation_kiosk import asking, calling, kiosk, steps_of

FLOWS = kiosk().flows


def problems(make: Callable[[], FlowRegistry]) -> list[str]:
    with pytest.raises(FlowRegistryError) as refused:
        make()
    return [line.removeprefix("- ") for line in str(refused.value).splitlines()[1:]]


def test_a_registry_that_hangs_together_can_be_made() -> None:
    """The kiosk's, say."""
    registry = kiosk()
    assert ("tea.cups", "ok", "tea.confirm") in list(registry.edges())
    assert ("desk.menu", "cancel", END) in list(registry.edges())
    assert ("tea.confirm", "cancel", "desk.look") in list(registry.edges())


def test_a_step_that_nothing_leads_to_is_found() -> None:
    """Neither an exit, nor a route, nor a shortcut."""
    unreached = steps_of(asking("a", go="b"), asking("b"), asking("c", go="d"), asking("d"))
    assert problems(unreached) == ["f.c cannot be reached", "f.d cannot be reached"]


def test_a_step_is_reached_through_routes_and_shortcuts_too() -> None:
    """They lead there from everywhere."""
    shortcut = Shortcut(lambda _: Retry(""), "c")
    steps = (asking("a"), asking("b"), asking("c", go="d"), asking("d"))
    kiosk(flows=(Flow("f", "f", steps, routes={"b": "b"}, shortcuts=(shortcut,)),), home="f.a")


def test_an_exit_that_leads_nowhere_is_found() -> None:
    """In its own flow or in another."""
    dangling = steps_of(asking("a", here="x", there="g.x", end=END))
    assert problems(dangling) == [
        "f.a leads by 'here' to f.x, which does not exist",
        "f.a leads by 'there' to g.x, which does not exist",
    ]


def test_a_screen_that_nothing_can_make_again_is_found() -> None:
    """The step that makes a screen again has to be there."""
    again = type(asking("a"))("a", "text", lambda _: [], reenter_at="look")
    assert problems(steps_of(again)) == ["f.a is shown again by f.look, which does not exist"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"home": "desk.door"}, "nothing is called desk.door, though it is led to from everywhere"),
        (
            {"flows": (*FLOWS, Flow("milk", "Milk", (), keywords={"milk": "cow"}))},
            "the keyword 'milk' leads to 'cow', which is no route",
        ),
        (
            {"flows": (*FLOWS, Flow("milk", "Milk", (), shortcuts=(Shortcut(lambda _: None, "tea.pot"),)))},
            "nothing is called tea.pot, though it is led to from everywhere",
        ),
    ],
)
def test_what_leads_from_everywhere_has_to_lead_somewhere(change: dict[str, object], problem: str) -> None:
    """Home, routes, keywords and shortcuts."""
    assert problem in problems(lambda: kiosk(**change))


def test_a_name_used_twice_is_found() -> None:
    """Of a step within a flow, or of a flow."""
    assert problems(steps_of(asking("a"), asking("a"))) == ["f.a is defined twice"]
    second = Flow("f", "f", (asking("b"),))
    assert problems(steps_of(asking("a", go="f.b"), more=(second,))) == ["f is defined twice"]


def test_calls_that_may_follow_one_another_for_ever_are_found() -> None:
    """A question has to come between; a circle with one in it is how conversations go."""
    circle = steps_of(asking("a", go="b"), calling("b", on="c", off="a"), calling("c", back="b", out="a"))
    assert problems(circle) == [
        "f.b may call for ever, with no question between",
        "f.c may call for ever, with no question between",
    ]
    itself = steps_of(calling("a", reenter_at="a"))
    assert problems(itself) == ["f.a may call for ever, with no question between"]
    steps_of(asking("a", go="b"), calling("b", on="c", off="a"), calling("c", back="a"))()


def test_all_problems_are_told_at_once() -> None:
    """Whoever writes a flow repairs it once."""
    assert len(problems(steps_of(asking("a", go="x"), asking("a"), asking("b"), calling("c", on="c")))) == 5


def test_a_route_or_keyword_of_two_flows_is_found() -> None:
    """Otherwise the order of the flows would decide what a member's word means."""
    second = Flow("milk", "Milk", (asking("a"),), routes={"tea": "a"}, keywords={"tea": "tea"})
    assert problems(lambda: kiosk(flows=(*FLOWS, second))) == [
        "the route tea is defined twice",
        "the keyword tea is defined twice",
        "tea.cups cannot be reached",
    ]


def test_a_menu_entry_that_leads_nowhere_is_found() -> None:
    """It would be a row that does nothing."""
    second = Flow("milk", "Milk", (asking("a"),), routes={"milk": "a"}, menu=(MenuEntry("cow", "Milk"),))
    assert problems(lambda: kiosk(flows=(*FLOWS, second))) == ["the menu leads to 'cow', which is no route"]
