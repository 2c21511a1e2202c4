"""Answers of a flow: typed in the code, a map of strings in the session, as releases before it wrote and read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.conversation import Answers, Session, known
from service.conversation.answers import from_record, to_record
from service.domain import Denomination, Money
from service.flows import flow_registry
from service.flows.offer.answers import OfferAnswers
from service.flows.pending.accept_all import AcceptAllAnswers
from service.flows.pending.accept_all import OfferAnswers as OneOffer
from service.flows.people.answers import PeopleAnswers
from tests.sessions import kept

FLOWS = {flow.name: flow for flow in flow_registry().flows}
MONEY = st.builds(
    lambda units, denomination: Money(Decimal(units).scaleb(-denomination.decimals), denomination),
    st.integers(0, 10**12),
    st.sampled_from(Denomination),
)


def of(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any values of these answers."""
    by_type: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(),
        bool: st.booleans(),
        int: st.integers(0, 10**6),
        Denomination: st.sampled_from(Denomination),
        str | None: st.none() | st.text(),
        date | None: st.none() | st.dates(),
        Money | None: st.none() | MONEY,
    }
    if kind is AcceptAllAnswers:
        by_type[tuple[OneOffer, ...]] = st.lists(of(OneOffer), max_size=5).map(tuple)
    return st.builds(kind, **{each.name: by_type[each.type] for each in msgspec.structs.fields(kind)})


@pytest.mark.parametrize("name", FLOWS)
@given(data=st.data())
def test_answers_come_back_as_they_were(name: str, data: st.DataObject) -> None:
    """Of every flow, whatever they are."""
    answers = data.draw(of(FLOWS[name].answers))
    assert from_record(FLOWS[name].answers, to_record(answers)) == answers


@pytest.mark.parametrize("step", kept())
def test_a_session_of_the_first_release_keeps_its_answers(step: str) -> None:
    """Every key that it wrote is written again with the same value, so that it could go on with it."""
    stored = msgspec.json.decode(kept()[step], type=Session)
    written = to_record(from_record(FLOWS[stored.flow].answers, stored.answers))
    assert {key: written.get(key) for key in stored.answers if stored.answers[key]} == {
        key: value for key, value in stored.answers.items() if value
    }


def test_answers_are_stored_under_the_names_and_values_of_earlier_releases() -> None:
    """Renamed fields keep their stored names; a flag is "yes" or nothing."""
    assert to_record(PeopleAnswers(member="m", told=True, operation="remove")) == {
        "account": "",
        "account_name": "",
        "member": "m",
        "name": "",
        "owner": "",
        "told": "yes",
        "present": "",
        "handle": "",
        "deed": "remove",
    }
    offer = to_record(OfferAnswers(amount=Money(Decimal("1234.5"), Denomination.USD), due=date(2026, 12, 3)))
    assert (offer["amount"], offer["due"], offer["denomination"]) == ("1,234.50 USD", "2026-12-03", "USD")
    assert not {"typed", "source", "target"} & set(offer)


def test_several_offers_are_stored_with_numbers() -> None:
    """And those of an earlier, longer go are not of this one."""
    five = Money(Decimal(5), Denomination.USD)
    record = to_record(AcceptAllAnswers(count=1, stored=(OneOffer("c1", five, "Farai"), OneOffer("c2", five, "Rudo"))))
    assert (record["credex_1"], record["amount_2"], record["count"]) == ("c1", "5.00 USD", "1")
    assert [offer.credex for offer in from_record(AcceptAllAnswers, record).offers] == ["c1"]


def test_keys_of_another_release_are_dropped() -> None:
    """A newer one may know more of this flow."""
    assert to_record(from_record(Answers, {"target": "x", "colour": "blue"})) == {"target": "x"}


def test_a_value_that_is_not_of_its_type_is_refused() -> None:
    """Rather than an offer of another amount."""
    with pytest.raises(ValueError, match="not an amount"):
        from_record(OfferAnswers, {"amount": "five"})


def test_what_was_not_answered_is_not_used() -> None:
    """It is a defect of the flow."""
    assert known("") == ""
    with pytest.raises(ValueError, match="before it was given"):
        known(None)
