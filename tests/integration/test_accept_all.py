"""Accept all in a world: each acceptance is written down by itself, survives the bot, and keeps to its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest

from simulator.credex_core import State
from simulator.playback.player import play_lines
from simulator.script.conversation import parse
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.failpoints import Failpoints
from simulator.world.world import START_UP_MS, World

pytestmark = pytest.mark.usefixtures("quiet")

BEGINNING: Final = """
title: Accept all
people:
  Tariro:
    phone: "+263 77 123 4567"
    name: Tariro Moyo
    member: {tier: 2, balances: [50 USD]}
  Farai:
    phone: "+263 71 234 5678"
    name: Farai Ncube
    member: {handle: farai_shop, balances: [100 USD], tier: 3}
lines:
  - Farai in core: offers 1 USD to 263771234567
  - Farai in core: offers 2 USD to 263771234567
  - Farai in core: offers 3 USD to 263771234567
  - Tariro: accept all
"""
CONFIRM: Final = "  - Tariro taps: Confirm\n"
RESTART: Final = "  - bot: restarted\n  - wait: 2 min\n"
ALL: Final = (State.OWES, State.OWES, State.OWES)


class Second(Failpoints):
    """Writes down the points that the bot comes to, and kills it when it comes to one for the second time."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._armed = ["before dead_letter"]  # never comes, but makes scripts be looked at, too
        self._point = point

    def reached(self, point: str) -> bool:
        self.seen.append(point)
        return point == self._point and self.seen.count(point) == 2


@dataclass(frozen=True)
class Played:
    """What came of it: the states of the three offers, what Tariro was told last, and what was done."""

    states: tuple[State, ...]
    told: list[str]
    points: list[str]
    sent: int
    passed_ms: int
    """From the question to the last word."""


def played(lines: str, *, killed: str = "") -> Played:
    """Three offers wait, and Tariro is asked whether to accept them; then this happens."""
    conversation = parse(BEGINNING + lines, file="here", flow="pending", name="here")

    async def main(clock: Clock) -> Played:
        world = World(clock, conversation.people)
        world.kill_points = points = Second(killed)
        await world.start(at_ms=conversation.starts_ms)
        try:
            await play_lines(world, conversation)
            bubbles = world.handsets["Tariro"].bubbles
            confirmed_ms = next(bubble.at_ms for bubble in bubbles if bubble.body.startswith("Accept these 3 offers?"))
            return Played(
                states=tuple(credex.state for credex in world.core.credexes()[-3:]),
                told=[bubble.body for bubble in bubbles],
                points=points.seen,
                sent=sum(call.endpoint == "acceptCredex" for call in world.core.calls),
                passed_ms=bubbles[-1].at_ms - confirmed_ms,
            )
        finally:
            await world.stop()

    return run(main, start_ms=conversation.starts_ms - START_UP_MS)


def test_each_acceptance_is_written_down_before_it_is_sent() -> None:
    """One intent each, and one commit for all of them."""
    after = played(CONFIRM)
    writes = ("after store_pending_writes", "before acceptCredex", "before commit")
    steps = [point for point in after.points if point in writes]
    assert steps[steps.index(writes[0]) :] == [*writes[:2] * 3, writes[2]]
    assert (after.states, after.sent) == (ALL, 3)
    assert after.told[-1].startswith("Accepted 3 of 3.\n")


def test_killed_in_the_middle_whoever_takes_over_finds_out_and_goes_on() -> None:
    """What was accepted stands and is not sent again; the third, which was confirmed as well, is accepted, too."""
    after = played(CONFIRM + RESTART, killed="after acceptCredex")
    assert (after.states, after.sent) == (ALL, 3)
    assert after.told[-1].startswith(
        "Accepted 3 of 3.\n\n✅ *1.00 USD* from Farai Ncube Personal\n✅ *2.00 USD* from Farai Ncube Personal\n"
    )
    assert sum(said.startswith("Accepted") for said in after.told) == 1


@pytest.mark.parametrize("point", ["before acceptCredex", "after store_pending_writes"])
def test_killed_before_the_second_was_sent_it_still_waits_and_the_third_is_left(point: str) -> None:
    """Both can be accepted after another look and another confirmation."""
    again = "  - Tariro taps: Try again\n" + CONFIRM
    after = played(CONFIRM + RESTART, killed=point)
    assert (after.states, after.sent) == ((State.OWES, State.OFFERS, State.OFFERS), 1)
    assert after.told[-1] == (
        "Accepted 1 of 3.\n\n"
        "✅ *1.00 USD* from Farai Ncube Personal\n"
        "❌ not accepted, still waits: *2.00 USD* from Farai Ncube Personal\n"
        "– not tried: *3.00 USD* from Farai Ncube Personal\n\n"
        "Your balance is now 51.00 USD."
    )
    retried = played(CONFIRM + RESTART + again, killed=point)
    assert (retried.states, retried.sent) == (ALL, 3)


@pytest.mark.parametrize("slow_s", [1, 4, 6, 9])
def test_a_slow_core_ends_the_turn_in_time_and_what_was_not_begun_is_said(slow_s: int) -> None:
    """Nothing is begun after 25 s, no lease runs out, and nothing is sent twice."""
    slow = "".join(
        f"  - core: {{fails: {call}, slow: {slow_s} s, times: always}}\n" for call in ("login", "acceptCredex")
    )
    after = played(slow + CONFIRM)
    accepted = after.states.count(State.OWES)
    assert after.sent == accepted == {1: 3, 4: 3, 6: 2, 9: 2}[slow_s]
    assert after.told[-1].startswith(f"Accepted {accepted} of 3.\n")
    assert after.told[-1].count("✅") == accepted
    assert after.passed_ms < 50_000
    assert sum(said.startswith("Accepted") for said in after.told) == 1


def test_the_slowest_proof_of_one_ends_before_the_lease_or_another_goes_on_from_the_intent() -> None:
    """Each answer to an acceptance is lost, and each look takes nine seconds: all is true in the end."""
    lines = "  - core: {fails: acceptCredex, with: timeout, when: after, times: always}\n"
    lines += "  - core: {fails: login, slow: 9 s, times: always}\n"
    after = played(lines + CONFIRM + "  - wait: 5 min\n")
    accepted = after.states.count(State.OWES)
    assert accepted == after.sent
    (summary,) = [said for said in after.told if said.startswith("Accepted")]
    known_later = sum(said.startswith("I looked again. ✅ You accepted") for said in after.told)
    assert summary.count("✅") + known_later == accepted
