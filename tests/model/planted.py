"""Weaker rules, as the bot had them or might be tempted to have: each is seen to fail in the model."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

import msgspec

from service.domain import Money
from service.writes.verdict import (
    Conclusion,
    Ended,
    Look,
    LookMemory,
    Nothing,
    OfferBaseline,
    OfferTerms,
    OtherNames,
    Undecided,
    reach_verdict,
)
from tests.model.bot import RULES
from tests.model.worlds import SENT_MS, World

__all__ = ("PLANTED",)

SECOND: Final = 1_000


def _by_balance(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, memory: LookMemory, world: World
) -> Conclusion:
    """The balance is as before, so no money moved."""
    conclusion = reach_verdict(terms, baseline, look, send_by_ms=send_by_ms, memory=memory)
    unmoved = look.balance.equals(baseline.balance) and world.secured
    return (
        Conclusion(Nothing(), conclusion.memory)
        if unmoved and isinstance(conclusion.verdict, Undecided)
        else conclusion
    )


def _by_pending(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, memory: LookMemory, _: World
) -> Conclusion:
    """The offer is not pending, so it was not made."""
    unread = msgspec.structs.replace(look, ledger=(), balance=baseline.balance)
    conclusion = reach_verdict(
        terms, msgspec.structs.replace(baseline, ledger_rows=0), unread, send_by_ms=send_by_ms, memory=memory
    )
    return Conclusion(Nothing(), conclusion.memory) if isinstance(conclusion.verdict, Undecided) else conclusion


def _one_early_look(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, memory: LookMemory, _: World
) -> Conclusion:
    """Nothing ten seconds after the last moment of sending is nothing for ever."""
    conclusion = reach_verdict(terms, baseline, look, send_by_ms=send_by_ms, memory=memory)
    late = look.at_ms >= send_by_ms + 10 * SECOND
    return (
        Conclusion(Nothing(), conclusion.memory) if late and isinstance(conclusion.verdict, Undecided) else conclusion
    )


def _by_timestamp(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, memory: LookMemory, world: World
) -> Conclusion:
    """Only ledger rows that core dates after the write can be the write's."""
    if look.ledger is None:
        return reach_verdict(terms, baseline, look, send_by_ms=send_by_ms, memory=memory)
    early = {each.id for each in world.core.credexes if each.accepted_ms - world.behind_ms < SENT_MS - 2 * SECOND}
    ledger = tuple(row for row in look.ledger if row.credex_id not in early)
    return reach_verdict(
        terms,
        msgspec.structs.replace(baseline, ledger_rows=0 if baseline.ledger_rows is not None else None),
        msgspec.structs.replace(look, ledger=ledger, balance=baseline.balance),
        send_by_ms=send_by_ms,
        memory=memory,
    )


def _by_name(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, memory: LookMemory, _: World
) -> Conclusion:
    """An offer under another name is somebody else's."""
    named = msgspec.structs.replace(terms, names=frozenset({"Farai"}))
    conclusion = reach_verdict(named, baseline, look, send_by_ms=send_by_ms, memory=memory)
    return Conclusion(Nothing(), conclusion.memory) if isinstance(conclusion.verdict, OtherNames) else conclusion


def _vanished_is_accepted(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, memory: LookMemory, _: World
) -> Conclusion:
    """An offer that is no longer pending was accepted; nobody asks core what became of it."""
    pending = {row.credex_id for row in look.pending}
    ended = {row.credex_id: Ended.ACCEPTED for row in baseline.pending if row.credex_id not in pending}
    settled = msgspec.structs.replace(look, ended=ended)
    return reach_verdict(terms, baseline, settled, send_by_ms=send_by_ms, memory=memory)


def _open_books_count(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, memory: LookMemory, _: World
) -> Conclusion:
    """It does not matter whether the change of the balance is explained."""
    conclusion = reach_verdict(terms, baseline, look, send_by_ms=send_by_ms, memory=memory)
    if conclusion.memory.unexplained is None:
        return conclusion
    balance = Money(baseline.balance.amount + conclusion.memory.unexplained, baseline.balance.denomination)
    closed = msgspec.structs.replace(baseline, balance=balance)
    return reach_verdict(terms, closed, look, send_by_ms=send_by_ms, memory=memory)


def _by_process_clock(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, memory: LookMemory, world: World
) -> Conclusion:
    """Time is what the looking process takes it for."""
    skewed = msgspec.structs.replace(look, at_ms=look.at_ms + world.skew_ms)
    return reach_verdict(terms, baseline, skewed, send_by_ms=send_by_ms, memory=memory)


def _any_match_is_doubt(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, memory: LookMemory, _: World
) -> Conclusion:
    """As long as anything of the amount is new, nothing is decided."""
    conclusion = reach_verdict(terms, baseline, look, send_by_ms=send_by_ms, memory=memory)
    return Conclusion(Undecided(), conclusion.memory) if isinstance(conclusion.verdict, OtherNames) else conclusion


def _believe_lists(world: World) -> None:
    world.core.believes_lists = True


PLANTED: Final = MappingProxyType(
    {
        "absence by balance": replace(RULES, reach_verdict=_by_balance),
        "absence by the pending list": replace(RULES, reach_verdict=_by_pending),
        "absence by one early look": replace(RULES, reach_verdict=_one_early_look),
        "absence by timestamp": replace(RULES, reach_verdict=_by_timestamp),
        "absence by name": replace(RULES, reach_verdict=_by_name),
        "a full page is the end": replace(RULES, prepare=_believe_lists),
        "vanished offers are not settled": replace(RULES, reach_verdict=_vanished_is_accepted),
        "open books count": replace(RULES, reach_verdict=_open_books_count),
        "time by the process": replace(RULES, reach_verdict=_by_process_clock),
        "found is final": replace(RULES, watch_s=()),
        "any match is doubt": replace(RULES, reach_verdict=_any_match_is_doubt),
        "a stale dashboard decides about duplicates": replace(RULES, stale_ms=30 * SECOND, warns=False),
    }
)
"""By what each goes wrong by."""
