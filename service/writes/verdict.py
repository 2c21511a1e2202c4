"""What successive looks at Credex core prove about an offer whose answer was unclear. Pure.

Core has no idempotency key, its reads may lag behind its writes, its lists may be cut, and names may change. So a
verdict is reached only from what a look shows *now*, compared with the baseline that was read immediately before the
write: never from a timestamp of core's, and never from the balance alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Final

import msgspec

from service.domain import Money

FIRST_COUNTING_MS: Final = 115_000
"""An absence counts from this long after ``send_by``: core may still be at work on the request before."""

SECOND_COUNTING_MS: Final = 20_000
"""The least time between the two looks that prove an absence: longer than a read of core lags behind its writes."""

MOST_UNCERTAIN_ROWS: Final = 10
"""With more rows whose effect on the balance is not known, nearly any balance could be explained."""


class Ended(StrEnum):
    """What became of an offer that was pending in the baseline and is not pending now."""

    ACCEPTED = "accepted"
    RELEASED = "released"
    """Declined or cancelled: the amount is available to the issuer again."""
    GONE = "gone"
    """Core no longer knows it, as after it expired. Some cores keep the amount reserved, some do not."""


class Row(msgspec.Struct, frozen=True):
    """A credex as a pending list or a ledger shows it.

    Attributes:
        amount: positive where the account pays (issues), negative where it receives.
        counterparty: the other account's name as core gives it.
        credex_id: empty where core names none.
        secured: None where core does not say.
        accepted: it stands in the ledger.
    """

    amount: Money
    counterparty: str
    credex_id: str = ""
    secured: bool | None = None
    accepted: bool = False


class OfferTerms(msgspec.Struct, frozen=True):
    """The offer that was sent.

    Attributes:
        amount: positive.
        names: what the receiving account may be called: the name that was confirmed, and its present one.
    """

    amount: Money
    names: frozenset[str]


class OfferBaseline(msgspec.Struct, frozen=True):
    """The issuing account immediately before the write.

    Attributes:
        balance: secured, in the offer's denomination.
        pending: its outgoing offers.
        ledger_rows: how many rows the ledger had; None where it could not be read to its end.
        ledger_ids: the ids of those rows, where core gives ids.
    """

    balance: Money
    pending: tuple[Row, ...] = ()
    ledger_rows: int | None = None
    ledger_ids: frozenset[str] = frozenset()

    @property
    def old_ids(self) -> frozenset[str]:
        """The ids of all that was there."""
        return self.ledger_ids | {row.credex_id for row in self.pending if row.credex_id}


class Look(msgspec.Struct, frozen=True):
    """What one look shows: the dashboard, and then the ledger.

    Attributes:
        at_ms: the state's time when the look began.
        balance: secured, in the offer's denomination.
        pending: all outgoing offers.
        ledger: all rows, the oldest first; None where it was not read, or not to an end that is one.
        ended: what became of each known offer that is no longer pending, by id.
    """

    at_ms: int
    balance: Money
    pending: tuple[Row, ...]
    ledger: tuple[Row, ...] | None
    ended: Mapping[str, Ended] = {}


class LookMemory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of earlier looks, for the next one.

    Attributes:
        counted_ms: when the last look began, if it counts; else None.
        other_names: that look showed new offers of the amount under other names.
        unexplained: by how much the books of the last complete look did not close; None where they did.
        unexplained_ms: when that look began.
        lists_are_cut: the books stayed open by the same amount, so what moved the balance is not shown to the bot.
    """

    counted_ms: int | None = None
    other_names: bool = False
    unexplained: Decimal | None = None
    unexplained_ms: int = 0
    lists_are_cut: bool = False


_NO_MEMORY: Final = LookMemory()


class Found(msgspec.Struct, frozen=True):
    """The look shows new offers of the amount to that account: these, pending ones first."""

    rows: tuple[Row, ...]


class Nothing(msgspec.Struct, frozen=True):
    """Two successive looks show nothing new of the amount, under any name."""


class OtherNames(msgspec.Struct, frozen=True):
    """The second of two looks shows new offers of the amount, and neither showed one under the right name."""

    rows: tuple[Row, ...]


class Undecided(msgspec.Struct, frozen=True):
    """It is not known yet."""


Verdict = Found | Nothing | OtherNames | Undecided


class Conclusion(msgspec.Struct, frozen=True):
    """A verdict, and what to remember for the next look.

    Attributes:
        shows_nothing: the look shows no new offer of the amount under any name, whatever that proves.
        other_names: it shows some under other names only.
    """

    verdict: Verdict
    memory: LookMemory
    shows_nothing: bool = False
    other_names: bool = False


def reach_verdict(
    terms: OfferTerms,
    baseline: OfferBaseline,
    look: Look,
    *,
    send_by_ms: int,
    memory: LookMemory = _NO_MEMORY,
    others: Sequence[Row] = (),
) -> Conclusion:
    """What a look proves, with what is remembered of those before it.

    Args:
        terms: the offer that was sent.
        baseline: the account before it was sent.
        look: what core shows now.
        send_by_ms: the state's time after which the write cannot have left.
        memory: of the look before.
        others: offers made since the baseline that are known to be other writes'; all have ids.
    """
    same_amount = [row for row in _candidates(baseline, others, look) if row.amount.equals(terms.amount)]
    matches = _once([row for row in same_amount if row.counterparty in terms.names])
    conclusion = partial(Conclusion, shows_nothing=not same_amount, other_names=bool(same_amount) and not matches)
    if look.ledger is None or baseline.ledger_rows is None:
        # Without a ledger the books cannot be closed. A pending offer with a new id is there all the same.
        found = Found(matches) if matches else Undecided()
        return conclusion(found, msgspec.structs.replace(memory, counted_ms=None))
    if not _complete(baseline, look, others):
        return conclusion(Undecided(), msgspec.structs.replace(memory, counted_ms=None))
    unexplained = _unexplained_change(baseline, look)
    if unexplained is not None:
        return conclusion(Undecided(), _after_open_books(memory, look.at_ms, unexplained))
    closed = msgspec.structs.replace(memory, counted_ms=None, unexplained=None)
    if matches:
        uncertain = all(not row.credex_id and row.secured is not True for row in matches)
        old = uncertain and _may_have_been_accepted(terms, baseline, others, look)
        return conclusion(Undecided() if old else Found(matches), closed)
    if memory.lists_are_cut or look.at_ms < send_by_ms + FIRST_COUNTING_MS:
        return conclusion(Undecided(), closed)
    return conclusion(*_absence(same_amount, closed, memory, look.at_ms))


def _absence(
    similar: Sequence[Row], closed: LookMemory, memory: LookMemory, at_ms: int
) -> tuple[Nothing | OtherNames | Undecided, LookMemory]:
    """What a counting look without a match proves: nothing by itself, an absence as the second one in time."""
    counted = msgspec.structs.replace(closed, counted_ms=at_ms, other_names=bool(similar))
    if memory.counted_ms is None or (memory.other_names and not similar):
        return Undecided(), counted
    if at_ms < memory.counted_ms + SECOND_COUNTING_MS:
        # A look that comes too soon must not push the second one ever further away.
        return Undecided(), memory
    return OtherNames(tuple(similar)) if similar else Nothing(), counted


def _after_open_books(memory: LookMemory, at_ms: int, unexplained: Decimal) -> LookMemory:
    # A read that lags behind opens the books for a moment. The same difference after a while is no lag.
    lasting = memory.unexplained == unexplained and at_ms >= memory.unexplained_ms + SECOND_COUNTING_MS
    return LookMemory(
        unexplained=unexplained,
        unexplained_ms=memory.unexplained_ms if memory.unexplained == unexplained else at_ms,
        lists_are_cut=memory.lists_are_cut or lasting,
    )


def lookalikes(amount: Money, rows: Iterable[Row], shown_ids: frozenset[str]) -> tuple[Row, ...]:
    """Pending offers of the same amount, to anybody, that the member's confirmed screen did not show."""
    return tuple(row for row in rows if row.amount.equals(amount) and row.credex_id not in shown_ids)


def _complete(baseline: OfferBaseline, look: Look, others: Sequence[Row]) -> bool:
    """Whether a look shows everything: the whole ledger, and what became of every known offer that vanished."""
    unsettled = {row.credex_id for row in _vanished((*baseline.pending, *others), look)} - set(look.ended)
    if look.ledger is None or baseline.ledger_rows is None or unsettled:
        return False
    # Accepted credexes never leave a ledger: a shorter one was cut.
    return len(look.ledger) >= baseline.ledger_rows


def _unexplained_change(baseline: OfferBaseline, look: Look) -> Decimal | None:
    """By how much the balance changed beyond what is visible; None where the books close.

    A row whose backing core does not name may have moved the balance or not, and so may an offer that expired.
    """
    change = look.balance.amount - baseline.balance.amount
    certain, uncertain = Decimal(0), list[Decimal]()
    for row in _new_rows(baseline, look):
        if _moves_balance(row, baseline) is None:
            uncertain.append(-row.amount.amount)
        elif _moves_balance(row, baseline):
            certain -= row.amount.amount
    for row in _vanished(baseline.pending, look):
        ended = look.ended.get(row.credex_id)
        if _moves_balance(row, baseline) is False or ended is Ended.ACCEPTED:
            continue
        if ended is Ended.RELEASED and row.secured:
            certain += row.amount.amount
        else:
            uncertain.append(row.amount.amount)
    closes = len(uncertain) <= MOST_UNCERTAIN_ROWS and change - certain in _sums(uncertain)
    return None if closes else change - certain


def _moves_balance(row: Row, baseline: OfferBaseline) -> bool | None:
    """Whether a credex comes out of (or into) the balance looked at; None where core does not say."""
    return row.secured if row.amount.denomination is baseline.balance.denomination else False


def _new_rows(baseline: OfferBaseline, look: Look) -> tuple[Row, ...]:
    """Everything that the look shows and the baseline did not: pending offers first, then ledger rows.

    A row is old by its id. Where core gives none, the rows of the ledger past the baseline's count are new, but for
    those that baseline offers became which were accepted since.
    """
    old = baseline.old_ids
    pending = [row for row in look.pending if row.credex_id not in old]
    if baseline.ledger_rows is None or look.ledger is None:
        return tuple(pending)
    shown = {row.credex_id for row in pending}
    ledger = look.ledger
    with_ids = [row for row in ledger if row.credex_id and row.credex_id not in old and row.credex_id not in shown]
    without_ids = [row for row in ledger[baseline.ledger_rows :] if not row.credex_id]
    return (*pending, *with_ids, *_unexplained(without_ids, _accepted(baseline.pending, look)))


def _candidates(baseline: OfferBaseline, others: Sequence[Row], look: Look) -> list[Row]:
    """The new rows that are not known to be other writes'."""
    known = {row.credex_id for row in others}
    rows = [row for row in _new_rows(baseline, look) if not row.credex_id or row.credex_id not in known]
    return _unexplained(rows, _accepted(others, look))


def _once(matches: Sequence[Row]) -> tuple[Row, ...]:
    """The matches, without rows that may repeat one: an offer accepted between the two reads appears in both."""
    with_ids = [row for row in matches if row.credex_id]
    pending = sum(not row.accepted for row in with_ids)
    without_ids = [row for row in matches if not row.credex_id]
    return (*with_ids, *without_ids[pending:])


def _may_have_been_accepted(terms: OfferTerms, baseline: OfferBaseline, others: Sequence[Row], look: Look) -> bool:
    """Whether an older offer of the amount may have been accepted between the two reads of this look.

    Then it stands in the dashboard, read first, as pending, and in the ledger as a row without an id. A row that says
    it is secured cannot be that offer where the books close: its amount would be missing twice.
    """
    old = baseline.old_ids | {row.credex_id for row in others}
    return any(
        row.credex_id in old and row.amount.equals(terms.amount) and row.counterparty in terms.names
        for row in look.pending
    )


def _vanished(rows: Iterable[Row], look: Look) -> list[Row]:
    pending = {row.credex_id for row in look.pending}
    return [row for row in rows if row.credex_id not in pending]


def _accepted(rows: Iterable[Row], look: Look) -> list[Row]:
    return [row for row in _vanished(rows, look) if look.ended.get(row.credex_id) is Ended.ACCEPTED]


def _unexplained(rows: Sequence[Row], accepted: Sequence[Row]) -> list[Row]:
    """The rows left when each accepted offer has taken one without an id: by name, else by amount alone."""
    left = list(rows)
    for offer in accepted:
        same = [row for row in left if not row.credex_id and row.amount.equals(offer.amount)]
        named = [row for row in same if row.counterparty == offer.counterparty]
        for row in (named or same)[:1]:
            left.remove(row)
    return left


def _sums(amounts: Sequence[Decimal]) -> set[Decimal]:
    """Every sum that some of the amounts can make."""
    sums = {Decimal(0)}
    for amount in amounts:
        sums |= {total + amount for total in sums}
    return sums
