"""Draws a world line by line: what people do, and what breaks around them. It sees screens, not the bot."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from simulator.errors import LineError
from simulator.explore.cast import Participant
from simulator.explore.draft import Draft, YamlEntry
from simulator.explore.kinds import KINDS, LOSSY, FaultContext, core_outage
from simulator.explore.moves import Moves
from simulator.playback.player import StepPlayer as Playing
from simulator.units import FlawError
from simulator.world.fixtures import newest_offer_to

__all__ = ("Nemesis",)

BREAKS: Final = 0.4
MENDS: Final = 0.3
RESTARTS: Final = 0.6
_MARKS: Final = {
    "media": (" sends",),
    "notices": ("core notifies", "core reports"),
    "phones": (" phone",),
    "forms": (" fills in",),
}
HIDES: Final = 0.05
SHOWS: Final = 0.3
"""Who hides the number gets nowhere, and is told so each time: they do not go on like that for long."""
LOSES: Final = 4
"""As many times as each other kind of trouble the state loses writes, where it may."""

SEVERAL: Final = 0.12
SEVERAL_WHILE_LOSING: Final = 0.5
"""The answer to a commit is about to be lost: it does most harm while a second message waits."""

WHILE_ALIKE: Final = 0.7
"""Somebody has just done in core what they are about to confirm: the bot is to find it hard to tell the two apart."""

WHILE_ASKED: Final = 0.3
BACK_ON: Final = 0.4
HURRIES: Final = 0.3
PAUSES_MS: Final = (0, 20, 150, 160, 300, 400, 600, 900, 1_500, 3_000)


class Nemesis:
    """Lets a world happen.

    Args:
        draft: where every line is written down.
        players: who takes part.
        kinds: the kinds of trouble that there are in this world.
        turns: how many times people act.
        lossy: the state may lose its last writes.
        processes: how many processes of the bot there are.
        rng: its chance.

    Attributes:
        injected: how often each kind of trouble was made.
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
        self._of_people = kinds
        self._kinds = [kind for name, kind in KINDS.items() if name in kinds] + [LOSSY] * lossy * LOSES
        self._turns = turns
        self._rng = rng
        self._around = FaultContext(rng, processes)
        self._moves = Moves(players, kinds, rng)
        self._tempting = False
        self._next: Participant | None = None

    async def act(self, playing: Playing, look: Callable[[], Awaitable[None]]) -> None:
        """Draw lines and play them, and look after each; the last one repairs everything."""
        left = self._turns
        while left:
            said = self._trouble(playing)
            if said is None:
                said, left = self._move(playing), left - 1
            hurried = "hurry" in self._of_people and left > 0 and self._rng.random() < HURRIES
            if not await self._played(playing, said, hurried=hurried):
                continue
            await look()
            if hurried:
                self.injected["hurry"] += 1
                # A pause of nothing cannot be said; the shortest is over before anything has gone anywhere.
                pause_ms = max(1, self._rng.choice(PAUSES_MS))
                await playing.play(self._draft.add(("hurry", f"{pause_ms} ms")))
                await look()
        for player in self._players:
            if not _online(playing, player):
                await playing.play(self._draft.add((f"{player.key} phone", "on")))
        await playing.play(self._draft.add(("repair", None)))
        await look()

    async def _played(self, playing: Playing, said: YamlEntry, *, hurried: bool) -> bool:
        """Write a line down and play it; not if core refuses what somebody wanted to do there, past the bot."""
        line = self._draft.add(said)
        try:
            await playing.play(line, hurried=hurried)
        except LineError:
            if not said[0].endswith(" in core"):
                raise
            self._draft.take_back()
            return False
        self.injected["in core"] += said[0].endswith(" in core")
        return True

    def _trouble(self, playing: Playing) -> YamlEntry | None:
        rng = self._rng
        world = playing.stage.world
        stopped = {said for name, said in self._mends().items() if name.startswith("stop ")}
        if not all(host.running for host in world.processes) and not stopped and rng.random() < RESTARTS:
            return "bot", "restarted"
        tempting, self._tempting = self._tempting, False
        if tempting and "credex" in self._of_people and rng.random() < WHILE_ALIKE:
            self.injected["credex"] += 1
            return "core", {"fails": "createCredex", "with": rng.choice(("500", "reset", "timeout"))}
        if self._around.broken and rng.random() < MENDS:
            name = rng.choice(sorted(self._around.broken))
            return self._around.broken.pop(name)
        if self._kinds and rng.random() < BREAKS:
            kind = rng.choice(self._kinds)
            asked = [player for player in self._players if self._is_asked(playing, player)]
            said: YamlEntry | None = None
            if kind.name == "credex" and asked and rng.random() < WHILE_ASKED:
                # The baseline is read; what comes of the write cannot be seen.
                self._next, said = rng.choice(asked), core_outage(rng, spares=1)
            else:
                said = kind.draw(self._around)
            self.injected[kind.name] += said is not None
            return said
        return None

    def _is_asked(self, playing: Playing, player: Participant) -> bool:
        return self._moves.asks_to_confirm([screen for _, screen in playing.stage.screens(player.key)][-1:])

    def _mends(self) -> dict[str, str]:
        return {name: str(said) for name, said in self._around.broken.items()}

    def _move(self, playing: Playing) -> YamlEntry:
        likely, self._next = self._next, None
        player = likely if likely and self._rng.random() < WHILE_ALIKE else self._rng.choice(self._players)
        if not _online(playing, player):
            others = [other for other in self._players if _online(playing, other)]
            if not others or self._rng.random() < BACK_ON:
                return f"{player.key} phone", "on"
            player = self._rng.choice(others)
        hides = playing.stage.world.handsets[player.key].hides_number
        if player.can_hide and self._rng.random() < (SHOWS if hides else HIDES):
            self.injected["hidden numbers"] += 1
            return f"{player.key} shows number", hides
        shown = playing.stage.screens(player.key)
        screens = [screen for _, screen in shown]
        forms = [screen.body for bubble, screen in shown if bubble.kind == "flow"]
        losing = any(point.endswith(" commit") for point in playing.stage.world.drop_points.armed)
        if "several" in self._of_people and self._rng.random() < (SEVERAL_WHILE_LOSING if losing else SEVERAL):
            self.injected["several"] += 1
            return self._moves.several(player, screens)
        said = self._moves.draw(player, screens, forms, offered=_offered(playing, player))
        if said[0].endswith(" in core") and self._moves.asks_to_confirm(screens):
            self._tempting, self._next = True, player
        for name, marks in _MARKS.items():
            self.injected[name] += any(mark in said[0] for mark in marks)
        self.injected["double taps"] += said[0] == "at once"
        if said[0].endswith(" taps"):
            self.injected["old taps"] += said[1] not in {choice.title for choice in screens[-1].choices}
        return said


def _offered(playing: Playing, player: Participant) -> bool:
    """Whether an offer waits for them."""
    world = playing.stage.world
    person = world.people[player.key]
    if world.core.ledger.member_by_phone(person.phone) is None:
        return False
    try:
        newest_offer_to(world.core, person)
    except FlawError:
        return False
    return True


def _online(playing: Playing, player: Participant) -> bool:
    return playing.stage.world.handsets[player.key].online
