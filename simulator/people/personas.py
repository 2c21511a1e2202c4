"""Personas: an invented person and their behaviour, as a function of a seed and a number."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import phonenumbers
from faker import Faker

from simulator.people.names import Zimbabwe

__all__ = ("Persona", "Temperament", "persona")

TIERS: Final = ((1, 5), (2, 3), (3, 2), (5, 1))
BALANCES: Final = ("12.50 USD", "3.00 USD", "1,040.00 ZWG", "250.00 ZWG", "0.5000 XAU", "40.00 CAD", "100.000 CXX")


class Temperament(StrEnum):
    """How a person uses the phone."""

    CAREFUL = "careful"
    """Reads, and answers the question."""
    HASTY = "hasty"
    """Taps the first choice, taps twice, does not wait."""
    CONFUSED = "confused"
    """Gives unrelated answers, scrolls back, asks for help."""
    ODD = "odd"
    """Sends unexpected input: emoji, other scripts, very long texts, images."""


@dataclass(frozen=True, slots=True)
class Persona:
    """An invented person.

    Attributes:
        phone: digits, country code first.
        tier: in Credex core; None for a stranger.
        balances: in core's format.
        seed: of all their decisions.
    """

    first_name: str
    last_name: str
    phone: str
    temperament: Temperament
    tier: int | None
    balances: tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def handle(self) -> str:
        """A handle made from the name."""
        return f"{self.first_name}_{self.last_name}".lower().replace("-", "_")[:30]

    def rng(self) -> random.Random:
        """A new generator for their decisions."""
        return random.Random(self.seed)


def persona(seed: int, number: int) -> Persona:
    """The persona with this number under this seed, independent of all other ones."""
    own = int.from_bytes(hashlib.blake2s(f"{seed}:{number}".encode(), digest_size=6).digest(), "big")
    faker = Faker("en_US")
    faker.add_provider(Zimbabwe)
    faker.seed_instance(own)
    phone = str(faker.mobile())
    while not phonenumbers.is_valid_number(phonenumbers.parse(f"+{phone}")):
        phone = str(faker.mobile())
    rng = random.Random(own)
    tier = None if rng.random() < 0.35 else rng.choices(*zip(*TIERS, strict=True))[0]  # noqa: PLR2004 - a share
    return Persona(
        first_name=str(faker.first_name()),
        last_name=str(faker.last_name()),
        phone=phone,
        temperament=rng.choice(list(Temperament)),
        tier=tier,
        balances=tuple(sorted(rng.sample(BALANCES, rng.randint(0, 2)))) if tier else (),
        seed=own,
    )
