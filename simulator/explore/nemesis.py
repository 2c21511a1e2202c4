"""Draws a world step by step: what people do, and what breaks around them. It sees screens, not the bot."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from simulator.errors import LineError
from simulator.explore.cast import Participant
from simulator.explore.draft import Draft
from simulator.explore.kinds import KINDS, LOSSY, FaultContext, core_outage
from simulator.explore.moves import Moves
from simulator.playback.player import StepPlayer
from simulator.script.directives import Step
from simulator.script.directives.bot import RestartBot
from simulator.script.directives.core import BreakCore, NotifyMember, ReportEvent
from simulator.script.directives.handset import SwitchPhone
from simulator.script.directives.people import ActInCore, FillIn, SendMedia, ShowNumber, Tap
from simulator.script.directives.scene import AtOnce, Hurry, Repair
from simulator.units import FlawError
from simulator.world.faults import make_fault
from simulator.world.fixtures import newest_offer_to

__all__ = ("Nemesis",)

BREAKS: Final = 0.4
REPAIRS: Final = 0.3
RESTARTS: Final = 0.6
HIDES: Final = 0.05
SHOWS: Final = 0.3
"""People show their number again soon: while it is hidden, the bot only asks for it."""

LOSES: Final = 4
"""The weight of writes that the state loses, where it may, against one of each other kind of fault."""

SEVERAL: Final = 0.12
SEVERAL_WHILE_LOSING: Final = 0.5
"""While the reply to a commit is about to be lost: this does most harm if a second message waits."""

AFTER_ACT_IN_CORE: Final = 0.7
"""A person has just done in core what they are about to confirm: the bot can hardly tell the two apart."""

WHILE_ASKED: Final = 0.3
BACK_ON: Final = 0.4
HURRIES: Final = 0.3
PAUSES_MS: Final = (0, 20, 150, 160, 300, 400, 600, 900, 1_500, 3_000)

_STEPS_OF_KINDS: Final[Mapping[str, type[Step] | tuple[type[Step], ...]]] = MappingProxyType(
    {
        "media": SendMedia,
        "notices": (NotifyMember, ReportEvent),
        "phones": SwitchPhone,
        "forms": FillIn,
        "double taps": AtOnce,
    }
)
"""The steps by which people's own kinds of faults are counted."""


class Nemesis:
    """Draws the steps of a world and plays them.

    Args:
        draft: collects the steps.
        players: who takes part.
        kinds: the kinds of faults in this world.
        turns: how many steps people take.
        processes: how many processes the bot has.
        lossy: the state may lose its last writes.
        rng: decides everything.

    Attributes:
        injected: how often each kind of fault occurred.
    """

    def __init__(
        self,
        draft: Draft,
        players: Sequence[Participant],
        kinds: frozenset[str],
        *,
        turns: int,
        processes: int,
        lossy: bool,
        rng: random.Random,
    ) -> None:
        self.injected: Counter[str] = Counter()
        self._draft = draft
        self._players = players
        self._chosen = kinds
        self._kinds = [kind for name, kind in KINDS.items() if name in kinds] + [LOSSY] * lossy * LOSES
        self._turns = turns
        self._rng = rng
        self._context = FaultContext(rng, processes)
        self._moves = Moves(players, kinds, rng)
        self._acted_in_core = False
        self._next: Participant | None = None

    async def act(self, playing: StepPlayer, check: Callable[[], Awaitable[None]]) -> None:
        """Draw steps and play them, with a check after each; the last one repairs everything."""
        left = self._turns
        while left:
            step = self._fault(playing)
            if step is None:
                step, left = self._move(playing), left - 1
            hurried = "hurry" in self._chosen and left > 0 and self._rng.random() < HURRIES
            if not await self._played(playing, step, hurried=hurried):
                continue
            await check()
            if hurried:
                self.injected["hurry"] += 1
                # A pause of 0 cannot be written; after 1 ms nothing has arrived anywhere.
                await playing.play(self._draft.add(Hurry(max(1, self._rng.choice(PAUSES_MS)))))
                await check()
        for player in self._players:
            if not _online(playing, player):
                await playing.play(self._draft.add(SwitchPhone(player.key, on=True)))
        await playing.play(self._draft.add(Repair()))
        await check()

    async def _played(self, playing: StepPlayer, step: Step, *, hurried: bool) -> bool:
        """Play a step; False, and no line in the draft, if core refuses what a person wanted to do there."""
        line = self._draft.add(step)
        try:
            await playing.play(line, hurried=hurried)
        except LineError:
            if not isinstance(step, ActInCore):
                raise
            self._draft.take_back()
            return False
        self.injected["in core"] += isinstance(step, ActInCore)
        return True

    # -- faults -----------------------------------------------------------------------------------------------------

    def _fault(self, playing: StepPlayer) -> Step | None:
        """A fault, or the repair of one; None for a turn of the people."""
        rng, world, broken = self._rng, playing.stage.world, self._context.broken
        stopped = any(name.startswith("stop ") for name in broken)
        if not all(process.running for process in world.processes) and not stopped and rng.random() < RESTARTS:
            return RestartBot()
        tempting, self._acted_in_core = self._acted_in_core, False
        if tempting and "credex" in self._chosen and rng.random() < AFTER_ACT_IN_CORE:
            self.injected["credex"] += 1
            return BreakCore(make_fault(rng.choice(("500", "reset", "timeout")), "createCredex"))
        if broken and rng.random() < REPAIRS:
            return broken.pop(rng.choice(sorted(broken)))
        if self._kinds and rng.random() < BREAKS:
            return self._drawn(playing)
        return None

    def _drawn(self, playing: StepPlayer) -> Step | None:
        kind = self._rng.choice(self._kinds)
        asked = [player for player in self._players if self._is_asked(playing, player)]
        step: Step | None = None
        if kind.name == "credex" and asked and self._rng.random() < WHILE_ASKED:
            # The baseline is read, but the outcome of the write cannot be seen.
            self._next, step = self._rng.choice(asked), core_outage(self._rng, spares=1)
        else:
            step = kind.draw(self._context)
        self.injected[kind.name] += step is not None
        return step

    def _is_asked(self, playing: StepPlayer, player: Participant) -> bool:
        return self._moves.asks_to_confirm([screen for _, screen in playing.stage.screens(player.key)][-1:])

    # -- people -----------------------------------------------------------------------------------------------------

    def _move(self, playing: StepPlayer) -> Step:
        likely, self._next = self._next, None
        player = likely if likely and self._rng.random() < AFTER_ACT_IN_CORE else self._rng.choice(self._players)
        if not _online(playing, player):
            others = [other for other in self._players if _online(playing, other)]
            if not others or self._rng.random() < BACK_ON:
                return SwitchPhone(player.key, on=True)
            player = self._rng.choice(others)
        hides = playing.stage.world.handsets[player.key].hides_number
        if player.can_hide and self._rng.random() < (SHOWS if hides else HIDES):
            self.injected["hidden numbers"] += 1
            return ShowNumber(player.key, shown=hides)
        shown = playing.stage.screens(player.key)
        screens = [screen for _, screen in shown]
        losing = any(point.endswith(" commit") for point in playing.stage.world.drop_points.armed)
        if "several" in self._chosen and self._rng.random() < (SEVERAL_WHILE_LOSING if losing else SEVERAL):
            self.injected["several"] += 1
            return self._moves.several(player, screens)
        forms = [screen.body for bubble, screen in shown if bubble.kind == "flow"]
        step = self._moves.draw(player, screens, forms, offered=_offered(playing, player))
        if isinstance(step, ActInCore) and self._moves.asks_to_confirm(screens):
            self._acted_in_core, self._next = True, player
        for name, steps in _STEPS_OF_KINDS.items():
            self.injected[name] += isinstance(step, steps)
        if isinstance(step, Tap) and not step.older:
            self.injected["old taps"] += step.title not in {choice.title for choice in screens[-1].choices}
        return step


def _offered(playing: StepPlayer, player: Participant) -> bool:
    """Whether an offer waits for the person in core."""
    world = playing.stage.world
    person = world.people[player.key]
    if world.core.ledger.member_by_phone(person.phone) is None:
        return False
    try:
        newest_offer_to(world.core, person)
    except FlawError:
        return False
    return True


def _online(playing: StepPlayer, player: Participant) -> bool:
    return playing.stage.world.handsets[player.key].online
