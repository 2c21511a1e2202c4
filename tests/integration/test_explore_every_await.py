"""A process killed at every await of a turn that moves money: not at points that have names, at each there is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from simulator.explore.invariants.checker import InvariantChecker, Violation
from simulator.explore.invariants.log import Log, listening
from simulator.playback.player import StepPlayer, world_of
from simulator.script.conversation import parse
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.connections import run_service
from simulator.world.process import BotProcess
from simulator.world.world import START_UP_MS
from tests.defects.build import RunBot
from tests.defects.catalogue import PLANTED

NEVER = -1
FEWEST = 40
"""A turn with a write has more awaits than this; if it had not, something would be amiss with the counting."""

CONVERSATION = parse(
    """\
title: Killed somewhere while an offer is made
people:
  Tariro: {phone: "+263 77 123 4567", name: Tariro Moyo, member: {tier: 2, balances: [50 USD]}}
  Farai: {phone: "+263 71 234 5678", name: Farai Ncube, member: {handle: farai_shop}}
lines:
  - Tariro: 5=>farai_shop
  - Tariro taps: Confirm
  - bot: restarted
  - wait: 2 min
""",
    file="every-await",
    flow="explored",
    name="every-await",
)
DEADLY = 1
"""The line during which the process dies."""

pytestmark = pytest.mark.usefixtures("quiet")


@dataclass(slots=True)
class Reaper:
    """Kills a host when the loop goes round for the n-th time while it is armed.

    Whoever awaits anything goes on in another round than before, so that a kill before each round is one at each await.
    """

    kill_at: int
    armed: bool = False
    rounds: int = 0

    def watch(self, loop: Any, host: BotProcess) -> None:
        """Begin to count a virtual loop's rounds, which it makes by asking its selector."""
        decide = loop._selector.decide

        def counted(nothing_ready: bool) -> Any:  # noqa: FBT001
            if self.armed and not nothing_ready:
                if self.rounds == self.kill_at:
                    host.kill()
                self.rounds += 1
            return decide(nothing_ready)

        loop._selector.decide = counted


def killed(kill_at: int, run_bot: RunBot = run_service) -> tuple[int, Sequence[Violation], int]:
    """Play it with a kill in that round. Returns how many rounds there were, what broke, and how many offers stand."""

    async def main(clock: Clock) -> tuple[int, Sequence[Violation], int]:
        world = world_of(CONVERSATION, clock, run_bot=run_bot)
        invariants, reaper = InvariantChecker(world, log=log), Reaper(kill_at)
        await world.start(at_ms=CONVERSATION.starts_ms)
        reaper.watch(asyncio.get_running_loop(), world.process)
        player, violations = StepPlayer(world, CONVERSATION.file), list[Violation]()
        for place, line in enumerate(CONVERSATION.lines):
            reaper.armed = place == DEADLY
            await player.play(line)
            violations += await invariants.after_step()
        reaper.armed = False
        violations += await invariants.at_end()
        await world.stop()
        return reaper.rounds, violations, len(world.core.offers())

    with listening() as log:
        assert isinstance(log, Log)
        return run(main, start_ms=CONVERSATION.starts_ms - START_UP_MS)


def test_wherever_the_process_dies_all_promises_are_kept() -> None:
    """From the tap on Confirm until all is quiet, before each round of the loop: one offer at most, and the truth told.

    Before the message is stored WhatsApp brings it again. So the offer stands in the end wherever the death came, but
    where the write was announced and not yet sent: that is told, and nothing is sent a second time.
    """
    rounds, violations, made = killed(NEVER)
    assert (violations, made) == ([], 1)
    assert rounds > FEWEST
    found = {place: killed(place) for place in range(rounds)}
    assert {place: violations for place, (_, violations, _) in found.items() if violations} == {}
    assert {made for _, _, made in found.values()} <= {0, 1}


def test_a_bot_that_takes_up_badly_after_a_crash_is_found_out() -> None:
    """At one await at least: what it had claimed is gone."""
    popping = PLANTED["the head is popped when it is claimed"]
    rounds, _, _ = killed(NEVER, popping.run_bot)
    # The first rounds belong to the webhook: nothing is claimed yet.
    found = (
        violation.invariant for place in range(rounds // 8, rounds) for violation in killed(place, popping.run_bot)[1]
    )
    assert next(found) in popping.breaks
