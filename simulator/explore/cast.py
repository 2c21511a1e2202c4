"""Who takes part in an explored world: a few people, no two of them alike in name, phone or balance."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from simulator.people import Persona, persona
from simulator.script.conversation import START, Conversation
from simulator.units import read_amount
from simulator.world.people import MemberSpec, Person

__all__ = ("Participant", "draw", "opening")

MEMBERS: Final = 0.8
"""The share of members among all but the first two people."""

TIERS: Final = ((2, 3), (3, 4), (4, 2), (5, 2), (1, 1))
"""Pairs of a tier and its weight."""

IDENTITIES: Final = ("number", "username", "username", "hidden", "hidden", "parent")


@dataclass(frozen=True, slots=True)
class Participant:
    """A person in an explored world.

    Attributes:
        key: their name in the conversation.
        tier: None for strangers.
        balance: as core displays it.
        identity: as in `Person`.
    """

    key: str
    persona: Persona
    tier: int | None
    balance: str
    identity: str = "number"

    @property
    def can_hide(self) -> bool:
        """Whether WhatsApp lets them hide their number: they have a username."""
        return self.identity in {"username", "hidden"}

    @property
    def handle(self) -> str:
        """What others type to offer them something; a stranger's number becomes their handle when they join."""
        return self.persona.handle if self.tier else self.persona.phone

    @property
    def person(self) -> Person:
        """The person as a world takes it."""
        member = None
        if self.tier is not None:
            balances = (read_amount(self.balance),)
            member = MemberSpec(tier=self.tier, handle=self.persona.handle, balances=balances)
        return Person(self.key, self.persona.phone, self.persona.name, member, identity=self.identity)


def draw(seed: int, count: int, rng: random.Random, *, hiding: bool = False) -> tuple[Participant, ...]:
    """Draw people. The first two are members, so that there is somebody to trade with.

    With ``hiding`` some have usernames, and some of those hide their numbers.
    """
    players: list[Participant] = []
    for number, someone in enumerate(islice(_distinct_personas(seed), count)):
        key = someone.first_name
        if any(key == player.key for player in players):
            key = someone.name
        member = number < 2 or rng.random() < MEMBERS  # noqa: PLR2004
        tier = rng.choices(*zip(*TIERS, strict=True))[0] if member else None
        # No two people have the same balance, so that a balance shown to the wrong person is recognised.
        balance = f"{rng.randint(20, 90)}.{number * 7 + 11:02} USD"
        identity = rng.choice(IDENTITIES) if hiding else "number"
        players.append(Participant(key, someone, tier, balance, identity))
    return tuple(players)


def _distinct_personas(seed: int) -> Iterator[Persona]:
    known: set[str] = set()
    for number in itertools.count():
        someone = persona(seed, number)
        if someone.name not in known and someone.phone not in known:
            known |= {someone.name, someone.phone}
            yield someone


def opening(
    seed: int, players: Sequence[Participant], *, about: str, processes: int, forms: bool = False
) -> Conversation:
    """The conversation of these people, without lines."""
    return Conversation(
        file=f"seed-{seed}",
        flow="explored",
        name=f"seed-{seed}",
        title=f"Explored from seed {seed}",
        about=about,
        starts_ms=START,
        people=tuple(player.person for player in players),
        lines=(),
        forms=forms,
        seed=seed,
        processes=processes,
    )
