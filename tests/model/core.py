"""What core really holds at any time, and what a read of it shows: late, renamed, cut and reordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import Final

from service.domain import Denomination, Money
from service.writes.verdict import Ended, Look, OfferBaseline, Row

__all__ = ("NEVER", "Core", "Credex", "Form", "Party", "dollars")

NEVER: Final = 10**12
"""A time in ms that does not come."""

GUESSED_CAPS: Final = (7, 10)
"""Lengths at which older cores cut a list silently: one that is as long is not taken for whole."""


def dollars(cents: int) -> Money:
    return Money(Decimal(cents).scaleb(-2), Denomination.USD)


class State(StrEnum):
    """Where a credex stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(slots=True)
class Party:
    """Another account, which may be renamed once."""

    name: str
    later_name: str = ""
    renamed_ms: int = NEVER

    def name_at(self, at_ms: int) -> str:
        """Its name at a time."""
        return self.later_name if at_ms >= self.renamed_ms else self.name


@dataclass(slots=True)
class Credex:
    """One credex of the account, with the times of everything that happens to it. Outgoing amounts are positive."""

    number: int
    cents: int
    party: Party
    made_ms: int
    secured: bool = True
    accepted_ms: int = NEVER
    released_ms: int = NEVER
    expired_ms: int = NEVER

    @property
    def id(self) -> str:
        """Core's id of it."""
        return f"c{self.number}"

    def state_at(self, at_ms: int) -> State | None:
        """Where it stands at a time; None before it is made."""
        if at_ms < self.made_ms:
            return None
        if self.accepted_ms <= at_ms:
            return State.ACCEPTED
        if self.released_ms <= at_ms:
            return State.RELEASED
        return State.EXPIRED if self.expired_ms <= at_ms else State.PENDING


@dataclass(frozen=True, slots=True)
class Form:
    """How this core shows what it holds.

    Attributes:
        ids: the ledger's rows have ids.
        backing: the ledger's rows say whether they are secured.
        cap: how many rows of the ledger it gives at most, the oldest first.
        pending_cap: how many pending offers it gives at most.
        shuffled: lists come in no order.
        keeps_expired: an offer that expired keeps its amount reserved.
        lag_ms: how far a read may lag behind, at most.
        slow_ms: how long a read takes, at most.
        fails: the share of reads that fail.
        tells_end: the ledger says whether there is more.
    """

    ids: bool = True
    backing: bool = True
    cap: int = NEVER
    pending_cap: int = NEVER
    shuffled: bool = False
    keeps_expired: bool = True
    lag_ms: int = 0
    slow_ms: int = 300
    fails: float = 0.0
    tells_end: bool = True


@dataclass(slots=True)
class Core:
    """The account as core holds it."""

    random: Random
    form: Form
    opening_cents: int
    history: int
    credexes: list[Credex] = field(default_factory=list)
    believes_lists: bool = False
    """A rule that is planted: a list that older cores cut is taken for whole."""

    def read(self, at_ms: int, known: Sequence[Row]) -> Look | None:
        """A look: the dashboard, then the ledger, then each known offer that vanished; None where a read failed."""
        if self.random.random() < self.form.fails:
            return None
        shown_ms = self._shown(at_ms)
        pending = self._pending(shown_ms)
        balance = dollars(self._balance(shown_ms))
        at_ledger_ms = at_ms + self.random.randrange(self.form.slow_ms)
        ledger = self._ledger(max(self._shown(at_ledger_ms), 0))
        listed = {row.credex_id for row in pending}
        asked_ms = at_ledger_ms + self.random.randrange(self.form.slow_ms)
        ended = {row.credex_id: self._ended(row.credex_id, asked_ms) for row in known if row.credex_id not in listed}
        return Look(
            at_ms=at_ms,
            balance=balance,
            pending=pending,
            ledger=ledger,
            ended={credex_id: end for credex_id, end in ended.items() if end is not None},
        )

    def baseline(self, at_ms: int) -> OfferBaseline:
        """The account before a write; the read before it is as late as any."""
        look = None
        while look is None:
            look = self.read(at_ms, ())
        ledger = look.ledger
        return OfferBaseline(
            balance=look.balance,
            pending=look.pending,
            ledger_rows=None if ledger is None else len(ledger),
            ledger_ids=frozenset(row.credex_id for row in ledger or () if row.credex_id),
        )

    def matching(self, party: Party, cents: int, after_ms: int, at_ms: int) -> list[Credex]:
        """The offers of an amount to an account that were made since, and wait or were accepted at this time.

        An account of the same name counts as the same: core names accounts in its lists, and not their handles.
        """
        return [
            each
            for each in self.credexes
            if (each.party is party or each.party.name == party.name)
            and each.cents == cents
            and each.made_ms > after_ms
            and each.state_at(at_ms) in {State.PENDING, State.ACCEPTED}
        ]

    def _shown(self, at_ms: int) -> int:
        return at_ms - (self.random.randrange(self.form.lag_ms) if self.form.lag_ms else 0)

    def _balance(self, at_ms: int) -> int:
        cents = self.opening_cents
        for each in self.credexes:
            state = each.state_at(at_ms)
            if not each.secured or state is None:
                continue
            if each.cents < 0:
                cents -= each.cents if state is State.ACCEPTED else 0
            elif state in {State.PENDING, State.ACCEPTED} or (state is State.EXPIRED and self.form.keeps_expired):
                cents -= each.cents
        return cents

    def _pending(self, at_ms: int) -> tuple[Row, ...]:
        rows = [
            Row(dollars(each.cents), each.party.name_at(at_ms), each.id, each.secured)
            for each in self.credexes
            if each.cents > 0 and each.state_at(at_ms) is State.PENDING
        ]
        if self.form.shuffled:
            self.random.shuffle(rows)
        return tuple(rows[: self.form.pending_cap])

    def _ledger(self, at_ms: int) -> tuple[Row, ...] | None:
        accepted = sorted(
            (each for each in self.credexes if each.state_at(at_ms) is State.ACCEPTED),
            key=lambda each: each.accepted_ms,
        )
        rows = [
            Row(dollars(700), "Somebody", f"h{number}" if self.form.ids else "", secured=True, accepted=True)
            for number in range(self.history)
        ]
        rows += [
            Row(
                dollars(each.cents),
                each.party.name_at(at_ms),
                each.id if self.form.ids else "",
                each.secured if self.form.backing else None,
                accepted=True,
            )
            for each in accepted
        ]
        rows = rows[: self.form.cap]
        if self.form.shuffled and self.form.ids:
            self.random.shuffle(rows)
        cut = (
            not self.believes_lists
            and len(rows) in GUESSED_CAPS
            and not (self.form.tells_end and self.form.cap == NEVER)
        )
        return None if cut else tuple(rows)

    def _ended(self, credex_id: str, at_ms: int) -> Ended | None:
        """What `getCredex` says of an offer: nothing when it is still pending there, as after a late dashboard."""
        each = next(each for each in self.credexes if each.id == credex_id)
        match each.state_at(at_ms):
            case State.ACCEPTED:
                return Ended.ACCEPTED
            case State.RELEASED:
                return Ended.RELEASED
            case State.EXPIRED:
                return Ended.GONE
            case State.PENDING | None:
                return None
