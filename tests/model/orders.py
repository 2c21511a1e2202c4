"""All short orders of events around one offer, relative to the looks: no chance is left in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Final

from tests.model.bot import play
from tests.model.core import NEVER, Core, Credex, Form, Party
from tests.model.worlds import CENTS, SENT_MS, World

__all__ = ("Order", "orders", "play_order")

SECOND: Final = 1_000
MOMENTS_S: Final = (1, 14, 16, 29, 31, 60, 119, 121, 139, 141)
"""Before and after each look."""


@dataclass(frozen=True, slots=True)
class Order:
    """When what happens, in seconds after sending; None: it does not.

    Attributes:
        made: core makes our offer.
        ended: the other side ends it.
        how: by accepting, by accepting and paying back, or by declining.
        renamed: the receiver is renamed.
        elsewhere: an equal offer to somebody else is made on another device.
        old: an equal offer to the receiver waited before, and is accepted at this time.
        form: how core shows its ledger.
        secured: all of it.
    """

    made: int | None
    ended: int | None
    how: str
    renamed: int | None
    elsewhere: int | None
    old: int | None
    form: Form
    secured: bool


FORMS: Final = (
    Form(ids=True, backing=True, slow_ms=200),
    Form(ids=False, backing=True, slow_ms=200),
    Form(ids=False, backing=False, slow_ms=200),
)


def orders() -> Iterator[Order]:
    """Every order in which at most three things happen beside the look."""
    endings = [(None, "accepted"), *product(MOMENTS_S, ("accepted", "paid back", "declined"))]
    for made, (ended, how), form, secured in product((None, 1, 16, 60), endings, FORMS, (True, False)):
        if (made is None and ended is not None) or (ended is not None and made is not None and ended <= made):
            continue
        yield Order(made, ended, how, None, None, None, form, secured)
        for at in MOMENTS_S:
            yield Order(made, ended, how, at, None, None, form, secured)
            yield Order(made, ended, how, None, at, None, form, secured)
            yield Order(made, ended, how, None, None, at, form, secured)


def play_order(order: Order) -> list[str]:
    """The false statements that the bot makes."""
    receiver, other = Party("Farai"), Party("Rudo")
    if order.renamed is not None:
        receiver = Party("Farai", "Farai Traders", _at(order.renamed))
    core = Core(Random(0), order.form, 20_000, 3)
    ours = None
    if order.old is not None:
        old = Credex(1, CENTS, receiver, -60 * SECOND, order.secured, accepted_ms=_at(order.old))
        core.credexes.append(old)
    if order.made is not None:
        ours = Credex(2, CENTS, receiver, _at(order.made), order.secured)
        core.credexes.append(ours)
        if order.ended is not None and order.how == "declined":
            ours.released_ms = _at(order.ended)
        elif order.ended is not None:
            ours.accepted_ms = _at(order.ended)
        if order.how == "paid back":
            back = ours.accepted_ms + 300
            core.credexes.append(Credex(3, -CENTS, receiver, back, order.secured, accepted_ms=back + 300))
    if order.elsewhere is not None:
        core.credexes.append(Credex(4, CENTS, other, _at(order.elsewhere), order.secured))
    world = World("order", 0, core, receiver, ours, SENT_MS + 10 * SECOND, 0, 0, NEVER, order.secured)
    return play(world).false


def _at(seconds: int) -> int:
    return SENT_MS + seconds * SECOND
