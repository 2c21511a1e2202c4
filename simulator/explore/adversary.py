"""Draws a world line by line: what people do, and what breaks around them. It sees screens, not the bot."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from simulator.explore.cast import Player
from simulator.explore.draft import Draft, Said
from simulator.explore.kinds import KINDS, LOSSY, Around
from simulator.explore.moves import Moves
from simulator.replay import Player as Playing

__all__ = ("Adversary",)

BREAKS: Final = 0.4
MENDS: Final = 0.3
RESTARTS: Final = 0.6
LOSES: Final = 4
"""As many times as each other kind of trouble the state loses writes, where it may."""

SEVERAL: Final = 0.12
HURRIES: Final = 0.3
PAUSES_MS: Final = (0, 20, 150, 160, 300, 400, 600, 900, 1_500, 3_000)


class Adversary:
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
        players: Sequence[Player],
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
        self._around = Around(rng, processes)
        self._moves = Moves(players, kinds, rng)

    async def act(self, playing: Playing, look: Callable[[], Awaitable[None]]) -> None:
        """Draw lines and play them, and look after each; the last one repairs everything."""
        left = self._turns
        while left:
            said = self._trouble(playing)
            if said is None:
                said, left = self._move(playing), left - 1
            hurried = "hurry" in self._of_people and left > 0 and self._rng.random() < HURRIES
            await playing.play(self._draft.add(said), hurried=hurried)
            await look()
            if hurried:
                self.injected["hurry"] += 1
                # A pause of nothing cannot be said; the shortest is over before anything has gone anywhere.
                pause_ms = max(1, self._rng.choice(PAUSES_MS))
                await playing.play(self._draft.add(("hurry", f"{pause_ms} ms")))
                await look()
        await playing.play(self._draft.add(("repair", None)))
        await look()

    def _trouble(self, playing: Playing) -> Said | None:
        rng = self._rng
        world = playing.stage.world
        stopped = {said for name, said in self._mends().items() if name.startswith("stop ")}
        if not all(host.running for host in world.hosts) and not stopped and rng.random() < RESTARTS:
            return "bot", "restarted"
        if self._around.broken and rng.random() < MENDS:
            name = rng.choice(sorted(self._around.broken))
            return self._around.broken.pop(name)
        if self._kinds and rng.random() < BREAKS:
            kind = rng.choice(self._kinds)
            said = kind.draw(self._around)
            self.injected[kind.name] += said is not None
            return said
        return None

    def _mends(self) -> dict[str, str]:
        return {name: str(said) for name, said in self._around.broken.items()}

    def _move(self, playing: Playing) -> Said:
        player = self._rng.choice(self._players)
        screens = [screen for _, screen in playing.stage.screens(player.key)]
        if "several" in self._of_people and self._rng.random() < SEVERAL:
            self.injected["several"] += 1
            return self._moves.several(player, screens)
        said = self._moves.draw(player, screens)
        self.injected["double taps"] += said[0] == "at once"
        self.injected["media"] += said[0].endswith(" sends")
        if said[0].endswith(" taps"):
            self.injected["old taps"] += said[1] not in {choice.title for choice in screens[-1].choices}
        return said
