"""Who takes part in an explored world: a few people, each with what tells them apart from all others."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from simulator.people import Persona, persona
from simulator.units import show_phone

__all__ = ("Participant", "draw", "head")

MEMBERS = 0.8
TIERS = ((2, 3), (3, 4), (4, 2), (5, 2), (1, 1))
IDENTITIES = ("number", "username", "username", "hidden", "hidden", "parent")


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody, under the name that they have in the file; ``identity`` is as in `Person`."""

    key: str
    persona: Persona
    tier: int | None
    balance: str
    identity: str = "number"

    @property
    def can_hide(self) -> bool:
        """Whether they can hide their number on WhatsApp: they have a username to be known by."""
        return self.identity in {"username", "hidden"}

    @property
    def handle(self) -> str:
        """By which others can offer them something: a stranger's is their number, once they have joined."""
        return self.persona.handle if self.tier else self.persona.phone


def draw(seed: int, count: int, rng: random.Random, *, hiding: bool = False) -> tuple[Participant, ...]:
    """So many people; the first two are members, so that there is somebody to trade with.

    With ``hiding`` some have usernames, and some of them hide their numbers.
    """
    players: list[Participant] = []
    for number, someone in enumerate(islice(_namesakes_left_out(seed), count)):
        key = someone.first_name
        if any(key == player.key for player in players):
            key = someone.name
        member = number < 2 or rng.random() < MEMBERS  # noqa: PLR2004
        tier = rng.choices(*zip(*TIERS, strict=True))[0] if member else None
        # No two have the same: whoever sees another's balance gives themselves away.
        balance = f"{rng.randint(20, 90)}.{number * 7 + 11:02} USD"
        identity = rng.choice(IDENTITIES) if hiding else "number"
        players.append(Participant(key, someone, tier, balance, identity))
    return tuple(players)


def _namesakes_left_out(seed: int) -> Iterator[Persona]:
    known: set[str] = set()
    for number in itertools.count():
        someone = persona(seed, number)
        if someone.name not in known and someone.phone not in known:
            known |= {someone.name, someone.phone}
            yield someone


def head(seed: int, players: Sequence[Participant], *, about: str, processes: int, forms: bool = False) -> str:
    """The file up to its lines."""
    lines = [f"title: Explored from seed {seed}", f"about: {about}", f"seed: {seed}", f"processes: {processes}"]
    lines += ["forms: true"] * forms
    lines.append("people:")
    for player in players:
        someone = player.persona
        member = ""
        if player.tier is not None:
            member = f", member: {{tier: {player.tier}, handle: {someone.handle}, balances: [{player.balance}]}}"
        known = "" if player.identity == "number" else f", identity: {player.identity}"
        lines.append(f'  {player.key}: {{phone: "{show_phone(someone.phone)}", name: {someone.name}{known}{member}}}')
    return "\n".join([*lines, "lines:"]) + "\n"
