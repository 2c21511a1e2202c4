"""One cell of the table: a write, a trouble, and what core did; driven in a world, and judged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from service.settings import EMBEDDED
from simulator.credex_core import RefusalError
from simulator.whatsapp_cloud import Bubble
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.connections import Connections, run_service
from simulator.world.faults import Fault, make_fault
from simulator.world.process import Bot
from simulator.world.redis_database import exclusive
from simulator.world.stage import Stage
from tests.integration.money_table_rows import Core, Group, Row, Seen
from tests.integration.money_table_world import Act, Moment, TroubledWorld
from tests.integration.money_table_writes import Said, WriteRow, people

__all__ = ("Cell", "drive", "look_around")

START_MS: Final = 1_793_606_400_000
"""Monday 2 November 2026, 08:00 UTC."""

BETWEEN_MS: Final = 6_000
LATEST_MS: Final = 20_000
"""Whatever core has not done by then it will not do."""

_ACTS: Final[dict[Group, Act]] = {Group.KILLED: "kill", Group.LOST: "lose", Group.FROZEN: "freeze"}
_ACTS_AGAIN: Final[dict[Group, Act]] = {Group.AGAIN: "kill", Group.AGAIN_LOST: "lose"}
_BEFORE_THE_WRITE: Final = ("ingest", "claim", "login", "store_pending_writes")
_EARLY: Final = frozenset(f"{when} {what}" for what in _BEFORE_THE_WRITE for when in ("before", "after"))


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of it.

    Attributes:
        effects: how often the write took effect in core.
        told: what the member was told of it, in order.
        after_s: how long after the first word the last one came.
        left: what is left in Redis.
        wrong: what is not as it must be.
    """

    effects: int
    told: tuple[Said, ...]
    after_s: int
    left: tuple[str, ...]
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = ", then ".join(self.told) or "nothing"
        after = f" after {self.after_s} s" if len(self.told) > 1 else ""
        left = " ".join(self.left) or "nothing"
        return f"{self.effects} / {told}{after} / {left}"


def drive(
    write: WriteRow,
    row: Row,
    core: Core,
    *,
    redis_url: str = EMBEDDED,
    run_bot: Callable[[Connections], Bot] = run_service,
) -> Cell:
    """Drive one cell."""

    async def main(clock: Clock) -> Cell:
        world = TroubledWorld(clock, people(write), redis_url=redis_url, run_bot=run_bot)
        await world.begin()
        try:
            play = _Play(world, write)
            await play.up_to_the_confirmation()
            play.trouble(row, core)
            await play.confirm()
            return await play.judged(row)
        finally:
            await world.end()

    with exclusive(redis_url, flush=True):
        return run(main, start_ms=START_MS)


def look_around(write: WriteRow, *, redis_url: str = EMBEDDED) -> Seen:
    """Which points the turn comes to: without trouble, and when the answer to the write is lost."""
    silent = Row(Group.ANSWER, "reset")

    def seen(trouble: Row | None, core: Core) -> Sequence[str]:
        async def main(clock: Clock) -> Sequence[str]:
            world = TroubledWorld(clock, people(write), redis_url=redis_url)
            await world.begin()
            try:
                play = _Play(world, write)
                await play.up_to_the_confirmation()
                if trouble is not None:
                    play.trouble(trouble, core)
                await play.confirm()
            finally:
                await world.end()
            points = world.watch.seen
            return points if trouble is None else points[points.index(f"before {write.endpoint}") + 1 :]

        with exclusive(redis_url, flush=True):
            return run(main, start_ms=START_MS)

    acting = [core for core in Core if core is not Core.OTHER or write.other is not None]
    return Seen(clear=seen(None, Core.EFFECT), unclear={core: seen(silent, core) for core in acting})


class _Play:
    """One confirmation in a troubled world."""

    def __init__(self, world: TroubledWorld, write: WriteRow) -> None:
        self._world = world
        self._write = write
        self._stage = Stage(world)
        self._credex_id = write.begin(world.core)
        self._shown_before = 0
        self._twins = 0

    async def up_to_the_confirmation(self) -> None:
        for step in self._write.steps[:-1]:
            await self._do(step)
            await self._world.pass_time(BETWEEN_MS)
        self._shown_before = len(self._bubbles())
        self._world.watch.seen.clear()

    async def confirm(self) -> None:
        await self._do(self._write.steps[-1])
        await self._world.until_over()
        await self._world.pass_time(LATEST_MS)
        await self._world.until_over()

    async def _do(self, step: str) -> None:
        handset = self._world.handsets["Tariro"]
        if step == "<open>":
            reply = {"id": f"n:open:{self._credex_id}", "title": "2.50 USD"}
            handset.raw({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": reply}})
        elif step.startswith("["):
            await self._stage.tap("Tariro", step.strip("[]"))
        else:
            handset.type(step)

    def _bubbles(self) -> list[Bubble]:
        return self._world.handsets["Tariro"].bubbles

    # -- trouble --------------------------------------------------------------------------------------------------

    def trouble(self, row: Row, core: Core) -> None:
        """Arrange for the trouble, and for what core is to do."""
        write = self._write
        asked, answered = f"before {write.endpoint}", f"after {write.endpoint}"
        effective = core is Core.EFFECT or (core is Core.OTHER and write.other_after)
        if core is Core.OTHER and not (row.group is Group.LATE and write.other_after):
            self._at(answered if write.other_after else self._first(asked, row), also=self._other_acts)
        if row.group is Group.TWIN:
            write.act(self._world.core, self._credex_id)
            self._twins = write.facts(self._world.core, self._credex_id).effects
        if row.group is Group.LATE:
            effective = False
            self._at(asked, also=lambda: self._later(row.late_s, core))
        if row.group is Group.AWAY:
            self._at(asked, also=lambda: self._go_away(row))
        if row.group is Group.SENDING:
            self._world.graph_faults.add(self._fault(row.what, "messages", after=row.taken))
        elif row.group in _ACTS:
            self._at(row.what, act=_ACTS[row.group])
        else:
            again = row.group in _ACTS_AGAIN
            fault = self._fault("reset" if again else row.what, write.endpoint, after=effective)
            self._world.core_faults.add(fault)
            if again:
                self._at(row.what, since=asked, act=_ACTS_AGAIN[row.group])

    def _first(self, asked: str, row: Row) -> str:
        """The other side acts when the write is on its way, or, if that is too late, at the trouble."""
        return row.what if row.group in _ACTS and row.what in _EARLY else asked

    def _at(
        self, point: str, *, since: str = "", act: Act | None = None, also: Callable[[], object] | None = None
    ) -> None:
        self._world.watch.moments.append(Moment(point, since, act, also or (lambda: None)))

    @staticmethod
    def _fault(way: str, endpoint: str, *, after: bool, times: int | None = 1) -> Fault:
        return make_fault(way, endpoint, after=after, times=times)

    def _other_acts(self) -> None:
        assert self._write.other is not None
        self._write.other(self._world.core, self._credex_id)

    def _later(self, seconds: int, core: Core) -> None:
        """Core was still at work: now it is done."""

        def act() -> None:
            with suppress(RefusalError):  # the other side was faster
                self._write.act(self._world.core, self._credex_id)
                if core is Core.OTHER:
                    self._other_acts()

        asyncio.get_running_loop().call_later(seconds, act)

    def _go_away(self, row: Row) -> None:
        number = self._world.core_faults.add(self._fault(row.what, "", after=False, times=None))
        asyncio.get_running_loop().call_later(row.away_s, self._world.core_faults.remove, number)

    # -- judgement ------------------------------------------------------------------------------------------------

    async def judged(self, row: Row) -> Cell:
        world, write = self._world, self._write
        facts = write.facts(world.core, self._credex_id)
        facts = replace(facts, effects=facts.effects - self._twins)
        shown = self._bubbles()[self._shown_before :]
        once = list({bubble.callback: bubble for bubble in reversed(shown)}.values())[::-1]
        meant = [(write.meaning(bubble.body), bubble) for bubble in once]
        about = [(said, bubble) for said, bubble in meant if said]
        told = tuple(said for said, _ in about)
        left = tuple(await world.keys())
        world.core.check_conserved()
        wrong = [f"nobody knows what this means: {bubble.body!r}" for said, bubble in meant if said is None]
        wrong += [f"it is not true: {said}" for said, _ in about if not facts.allow(said)]
        if facts.effects > 1:
            wrong.append(f"it took effect {facts.effects} times")
        if world.watch.seen.count(f"before {write.endpoint}") > 1:
            wrong.append("it was sent more than once")
        if [said for said in told if said is not Said.UNKNOWN] != [told[-1]] if told else True:
            wrong.append("there is not exactly one final word")
        if Said.UNKNOWN in told[1:] or Said.NEVER in told:
            wrong.append("it is not known where it could be")
        if left:
            wrong.append("something is left")
        if len(once) < len(shown) and not row.uncertain:
            wrong.append(f"a message came twice: {_twice(shown)}")
        after_s = (about[-1][1].at_ms - about[0][1].at_ms) // 1000 if about else 0
        return Cell(facts.effects, told, after_s, left, tuple(wrong))


def _twice(shown: Sequence[Bubble]) -> list[str]:
    counts = Counter(bubble.callback for bubble in shown)
    return [bubble.body for bubble in shown if counts[bubble.callback] > 1]
