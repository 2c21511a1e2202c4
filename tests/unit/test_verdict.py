"""What looks at core prove about an offer: the shortest sequences in which weaker rules say something false."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from service.domain import Denomination, Money
from service.writes.verdict import (
    FIRST_COUNTING_MS,
    SECOND_COUNTING_MS,
    Ended,
    Found,
    Look,
    LookMemory,
    Nothing,
    OfferBaseline,
    OfferTerms,
    OtherNames,
    Row,
    Undecided,
    Verdict,
    lookalikes,
    reach_verdict,
)

SEND_BY = 5_000
FIRST = SEND_BY + FIRST_COUNTING_MS
SECOND = FIRST + SECOND_COUNTING_MS
TERMS = OfferTerms(Money(Decimal(5), Denomination.USD), frozenset({"Farai"}))


def usd(amount: int) -> Money:
    return Money(Decimal(amount), Denomination.USD)


def row(amount: int, name: str = "Farai", credex_id: str = "", *, secured: bool | None = True) -> Row:
    return Row(usd(amount), name, credex_id, secured)


def before(balance: int = 50, *pending: Row, rows: int | None = 0) -> OfferBaseline:
    return OfferBaseline(usd(balance), pending, rows)


def look(
    at_ms: int,
    balance: int = 50,
    *pending: Row,
    ledger: tuple[Row, ...] | None = (),
    ended: Mapping[str, Ended] | None = None,
) -> Look:
    return Look(at_ms, usd(balance), pending, ledger, ended or {})


def verdicts(baseline: OfferBaseline, *looks: Look, terms: OfferTerms = TERMS) -> list[Verdict]:
    """The verdict of each look, one after the other."""
    memory, found = LookMemory(), list[Verdict]()
    for each in looks:
        judged = reach_verdict(terms, baseline, each, send_by_ms=SEND_BY, memory=memory)
        memory = judged.memory
        found.append(judged.verdict)
    return found


def test_two_counting_looks_that_show_nothing_prove_an_absence() -> None:
    """The first may not be early, the second not follow at once, and a look before them does not count."""
    assert verdicts(before(), look(15_000), look(FIRST), look(SECOND)) == [Undecided(), Undecided(), Nothing()]
    assert verdicts(before(), look(FIRST - 1), look(SECOND)) == [Undecided(), Undecided()]
    assert verdicts(before(), look(FIRST), look(SECOND - 1), look(SECOND)) == [Undecided(), Undecided(), Nothing()]


def test_an_older_offer_of_the_amount_is_not_the_new_one() -> None:
    """Row 1: it waits on, and nothing new is there."""
    old = row(5, credex_id="old")
    assert verdicts(before(45, old), look(FIRST, 45, old), look(SECOND, 45, old))[-1] == Nothing()


def test_an_offer_that_was_accepted_before_the_look_is_found_in_the_ledger() -> None:
    """Row 2: it is pending no more, and the ledger shows it."""
    made = row(5)
    assert verdicts(before(), look(15_000, 45, ledger=(made,))) == [Found((made,))]


def test_an_offer_made_just_after_an_early_look_is_found_by_the_next() -> None:
    """Row 3: core acts 0.4 s after the look, or the look lagged behind."""
    made = row(5, credex_id="c1")
    assert verdicts(before(), look(15_000), look(30_000, 45, made)) == [Undecided(), Found((made,))]


def test_a_balance_that_is_as_before_proves_nothing() -> None:
    """Row 4: accepted and paid back, and the ledger lags behind the dashboard in one look."""
    made, back = row(5), row(-5)
    stale, fresh = look(15_000), look(30_000, ledger=(made, back))
    assert verdicts(before(), stale, fresh) == [Undecided(), Found((made,))]


def test_the_time_that_core_gives_a_row_decides_nothing() -> None:
    """Row 5: rows have no time here; what is past the baseline's count is new, whatever core's clock says."""
    earlier, made = row(5), row(5)
    assert verdicts(before(50, rows=1), look(FIRST, 45, ledger=(earlier, made))) == [Found((made,))]


def test_a_ledger_that_was_not_read_to_its_end_does_not_count() -> None:
    """Row 6: neither one that is cut in the look, nor one that was cut in the baseline, nor one that got shorter."""
    assert verdicts(before(), look(FIRST, ledger=None), look(SECOND, ledger=None))[-1] == Undecided()
    assert verdicts(before(rows=None), look(FIRST), look(SECOND))[-1] == Undecided()
    assert verdicts(before(rows=3), look(FIRST, ledger=(row(7),)), look(SECOND, ledger=(row(7),)))[-1] == Undecided()


def test_a_baseline_offer_that_vanished_must_be_settled() -> None:
    """Row 7: the pending list is cut, and another offer was declined meanwhile, so the balance looks as before."""
    old = row(5, "Rudo", "old")
    hidden = look(SECOND, 45)
    assert verdicts(before(45, old), look(FIRST, 45), hidden)[-1] == Undecided()
    declined = {"old": Ended.RELEASED}
    open_books = verdicts(before(45, old), look(FIRST, 45, ended=declined), look(SECOND, 45, ended=declined))
    assert open_books[-1] == Undecided()  # 5.00 came back, and 5.00 went somewhere that is not shown
    closed = verdicts(before(45, old), look(FIRST, 50, ended=declined), look(SECOND, 50, ended=declined))
    assert closed[-1] == Nothing()


def test_a_second_match_is_found_after_the_first() -> None:
    """Row 8: one from another device first, ours later; the watch sees both."""
    first, ours = row(5, credex_id="a"), row(5, credex_id="b")
    seen = verdicts(before(), look(10_000, 45, first), look(90_000, 40, first, ours))
    assert seen == [Found((first,)), Found((first, ours))]


def test_an_offer_under_another_name_is_no_absence() -> None:
    """Row 9: the receiver was renamed; under its present name it is found, and until then it is asked about."""
    renamed = row(5, "Farai Traders", "c1")
    looks = (look(FIRST, 45, renamed), look(SECOND, 45, renamed))
    assert verdicts(before(), *looks) == [Undecided(), OtherNames((renamed,))]
    present = OfferTerms(TERMS.amount, frozenset({"Farai", "Farai Traders"}))
    assert verdicts(before(), *looks, terms=present)[0] == Found((renamed,))


def test_an_equal_offer_to_somebody_else_does_not_leave_it_unknown() -> None:
    """Row 10: it is listed after two looks, also when it came between them."""
    other = row(5, "Rudo", "c9")
    assert verdicts(before(), look(FIRST), look(SECOND, 45, other)) == [Undecided(), OtherNames((other,))]


def test_an_offer_that_went_away_between_the_looks_needs_another_look() -> None:
    """What the first look showed under another name may have been ours."""
    other = row(5, "Rudo", "c9")
    looks = (look(FIRST, 45, other), look(SECOND), look(SECOND + SECOND_COUNTING_MS))
    assert verdicts(before(), *looks) == [Undecided(), Undecided(), Nothing()]


def test_books_that_stay_open_show_that_lists_are_cut() -> None:
    """The balance once missed an amount for a while that no list showed: an absence is no longer concluded."""
    looks = (look(FIRST, 45), look(SECOND, 45), look(SECOND + 60_000), look(SECOND + 120_000))
    assert verdicts(before(), *looks)[-1] == Undecided()


def test_an_offer_accepted_between_the_two_reads_is_not_counted_twice() -> None:
    """The dashboard shows it pending, the ledger, read next, as accepted and without an id."""
    pending, accepted = row(5, credex_id="c1"), row(5, secured=None)
    assert verdicts(before(), look(15_000, 45, pending, ledger=(accepted,))) == [Found((pending,))]


def test_an_older_offer_accepted_between_the_two_reads_is_not_taken_for_the_new_one() -> None:
    """The same, with an offer that waited before: its row in the ledger has no id."""
    old, accepted = row(5, credex_id="old", secured=None), row(5, secured=None)
    assert verdicts(before(45, old), look(15_000, 45, old, ledger=(accepted,))) == [Undecided()]
    later = look(30_000, 45, ledger=(accepted,), ended={"old": Ended.ACCEPTED})
    assert verdicts(before(45, old), later) == [Undecided()]


def test_an_offer_known_to_be_another_writes_is_not_this_ones() -> None:
    """Neither while it is pending nor when it was accepted."""
    other = row(5, credex_id="theirs")
    pending = reach_verdict(TERMS, before(), look(FIRST, 45, other), send_by_ms=SEND_BY, others=[other])
    assert pending.verdict == Undecided()
    accepted = look(SECOND, 45, ledger=(row(5),), ended={"theirs": Ended.ACCEPTED})
    judged = reach_verdict(TERMS, before(), accepted, send_by_ms=SEND_BY, memory=pending.memory, others=[other])
    assert judged.verdict == Nothing()


def test_what_the_confirmed_screen_did_not_show_is_a_lookalike() -> None:
    """Of the same amount, whatever the name."""
    shown, new, dearer = row(5, credex_id="a"), row(5, "Rudo", "b"), row(6, credex_id="c")
    assert lookalikes(usd(5), (shown, new, dearer), frozenset({"a"})) == (new,)
