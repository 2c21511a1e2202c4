"""Random worlds: what happens around one offer whose answer is unclear, from a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.model.core import NEVER, Core, Credex, Form, Party

__all__ = ("KINDS", "SENT_MS", "World", "world")

SECOND: Final = 1_000
MINUTE: Final = 60_000
SENT_MS: Final = 100 * SECOND
"""When the offer is sent; the baseline is read a moment before."""

CENTS: Final = 500

KINDS: Final = ("benign", "busy", "hostile")
"""Little happens; equal amounts all day, 20 to others and 5 to the same; core and others at their worst."""


@dataclass(slots=True)
class World:
    """One world.

    Attributes:
        ours: the credex that the offer makes, if core makes it.
        answer_ms: when the answer is given up.
        behind_ms: how far core's clock is behind the state's.
        skew_ms: how far the clock of the process that looks is ahead of the state's.
        retry_ms: when the member offers the same again, if they may; NEVER where they do not.
    """

    kind: str
    seed: int
    core: Core
    receiver: Party
    ours: Credex | None
    answer_ms: int
    behind_ms: int
    skew_ms: int
    retry_ms: int
    secured: bool


def world(kind: str, seed: int) -> World:
    """The world of this kind and seed."""
    random = Random(f"{kind} {seed}")
    hostile = kind == "hostile"
    receiver = _party(random, "Farai", renames=0.3 if hostile else 0.02)
    others = [_party(random, name, renames=0.1 if hostile else 0.01) for name in ("Rudo", "Tendai", "Chipo")]
    if hostile and random.random() < 0.02:
        others[0].name = receiver.name
    core = Core(random, _form(random, hostile=hostile), 20_000, random.choice((0, 0, 3, 6, 9, 12, 25)))
    numbers = iter(range(1, 1_000))
    secured = random.random() < 0.7
    for _ in range(random.choice((0, 0, 1, 2)) if kind != "hostile" else random.randrange(4)):
        made = -random.randrange(60 * MINUTE)
        party = random.choice([receiver, *others])
        core.credexes.append(_with_fate(random, Credex(next(numbers), _cents(random), party, made, secured), busy=True))
    ours = None
    if random.random() < (0.6 if hostile else 0.5):
        ours = Credex(next(numbers), CENTS, receiver, SENT_MS + _effect(random, hostile=hostile), secured)
        core.credexes.append(_with_fate(random, ours, busy=True))
        _pay_back(random, core, next(numbers), ours)
    for _ in range(_around(random, kind)):
        _elsewhere(random, core, next(numbers), receiver if random.random() < 0.2 else random.choice(others))
    return World(
        kind=kind,
        seed=seed,
        core=core,
        receiver=receiver,
        ours=ours,
        answer_ms=SENT_MS + random.choice((300, 2_000, 10_000)),
        behind_ms=random.choice((0, 0, 3 * SECOND, 60 * SECOND)),
        skew_ms=random.choice((-120, -40, 0, 0, 40, 120)) * SECOND,
        retry_ms=SENT_MS + random.randrange(15 * SECOND, 25 * MINUTE) if random.random() < 0.5 else NEVER,
        secured=secured,
    )


def _party(random: Random, name: str, *, renames: float) -> Party:
    if random.random() >= renames:
        return Party(name)
    return Party(name, f"{name} Traders", SENT_MS + random.randrange(-5 * SECOND, 3 * MINUTE))


def _form(random: Random, *, hostile: bool) -> Form:
    form = Form(
        ids=random.random() < 0.5,
        backing=random.random() < 0.5,
        keeps_expired=random.random() < 0.5,
        lag_ms=random.choice((0, 0, 300, 2_000)),
        slow_ms=random.choice((200, 1_500)),
        fails=random.choice((0.0, 0.0, 0.1)),
        tells_end=random.random() < 0.9,
    )
    if not hostile:
        return form
    return replace(
        form,
        cap=random.choice((NEVER, NEVER, NEVER, NEVER, 7, 10, 10, 20)),
        pending_cap=random.choice((NEVER, NEVER, NEVER, NEVER, NEVER, 2, 3)),
        shuffled=random.random() < 0.2,
        lag_ms=random.choice((0, 2_000, 10_000, 15_000)),
        fails=random.choice((0.0, 0.1, 0.4)),
    )


def _effect(random: Random, *, hostile: bool) -> int:
    """How long core takes to make the offer, in ms from when it was sent."""
    if hostile and random.random() < 0.3:
        return random.randrange(15 * SECOND, 110 * SECOND)
    return random.choice((50, 300, 2_000, 9_000, 15_400, 16_000, 20_000, random.randrange(60 * SECOND)))


def _cents(random: Random) -> int:
    return random.choice((CENTS, CENTS, CENTS, 200, 1_000))


def _with_fate(random: Random, credex: Credex, *, busy: bool) -> Credex:
    """Something happens to it, early or late; sometimes nothing."""
    begin = max(credex.made_ms, SENT_MS - 30 * SECOND) + 200
    at = begin + int(random.choice((2, 20, 120, 1_800)) * SECOND * random.random())
    match random.randrange(8 if busy else 12):
        case 0 | 1 | 2:
            credex.accepted_ms = at
        case 3:
            credex.released_ms = at
        case 4:
            credex.expired_ms = at + 10 * MINUTE
        case _:
            pass
    return credex


def _pay_back(random: Random, core: Core, number: int, ours: Credex) -> None:
    """The other side accepts at once, offers the same back, and the member accepts it on another device."""
    if ours.accepted_ms == NEVER or random.random() < 0.5:
        return
    accepted = ours.accepted_ms + random.randrange(500, 60 * SECOND)
    core.credexes.append(
        Credex(number, -ours.cents, ours.party, ours.accepted_ms + 200, ours.secured, accepted_ms=accepted)
    )


def _around(random: Random, kind: str) -> int:
    """How many other credexes are made in the half hour."""
    match kind:
        case "benign":
            return random.choice((0, 0, 0, 1))
        case "busy":
            return random.randrange(1, 5)
        case _:
            return random.randrange(6)


def _elsewhere(random: Random, core: Core, number: int, party: Party) -> None:
    """The member offers on another device, or gets money, within two minutes before and half an hour after."""
    made = SENT_MS + random.choice(
        (random.randrange(-100 * SECOND, 0), random.randrange(3 * MINUTE), random.randrange(30 * MINUTE))
    )
    made += int(made == SENT_MS)
    secured = random.random() < 0.8
    if random.random() < 0.25:
        core.credexes.append(Credex(number, -_cents(random), party, made - 200, secured, accepted_ms=made))
        return
    core.credexes.append(_with_fate(random, Credex(number, _cents(random), party, made, secured), busy=False))
