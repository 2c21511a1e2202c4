"""What the bot says of writes is read back from its own words: no outcome is told in words that nothing reads."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from service.conversation import CoreCall, Question, Session, TurnContext
from service.conversation.answers import from_record
from service.domain import Denomination, Money
from service.domain.commands import Call, DidNotHappen, Done, Outcome, Refused, Unknown
from service.flows import flow_registry
from service.messages import Buttons, Message
from service.runtime.inbox_worker import GIVEN_UP
from service.writes.accept_offer import AcceptOffer
from service.writes.cancel_offer import CancelOffer
from service.writes.create_offer import CreateOffer
from service.writes.decline_offer import DeclineOffer
from simulator.explore.invariants.claims import Claim, Meaning, claims, is_given_up, is_late_result

FIVE = Money(Decimal(5), Denomination.USD)
PARTY = "Farai Ncube Personal"
OFFER = CreateOffer("a", "b", PARTY, FIVE)
ANSWERS = {
    "amount": str(FIVE),
    "receiver_name": PARTY,
    "party": PARTY,
    "account": "a",
    "reason": "tier",
    "looked": "yes",
}
ON_OFFER: dict[str, tuple[str, Call]] = {
    "acceptCredex": ("accept", AcceptOffer("a", "c", FIVE, PARTY)),
    "declineCredex": ("decline", DeclineOffer("a", "c", FIVE, PARTY)),
    "cancelCredex": ("cancel_offer", CancelOffer("a", "c", FIVE, PARTY)),
}


def screen(step: str, outcome: Outcome) -> Sequence[Message]:
    """What the step shows after this outcome."""
    flow, question = flow_registry().find(step) or (None, None)
    assert flow is not None
    assert isinstance(question, Question)
    return question.show(TurnContext("263771234567", 0, Session(), from_record(flow.answers, ANSWERS), outcome))


def reconciled(step: str, call: Call, outcome: Outcome) -> Sequence[Message]:
    """What the step tells of an outcome that became known only later."""
    flow, write = flow_registry().find(step) or (None, None)
    assert flow is not None
    assert isinstance(write, CoreCall)
    assert write.on_reconciled is not None
    context = TurnContext("263771234567", 0, Session(), from_record(flow.answers, ANSWERS), outcome)
    return write.on_reconciled(call, outcome, context)


def said(messages: Sequence[Message]) -> list[Claim]:
    return [claim for message in messages for claim in claims(body(message))]


def body(message: Message) -> str:
    assert isinstance(message, Buttons)
    return message.body


@pytest.mark.parametrize(
    ("step", "meaning"),
    [
        ("offer.sent", Meaning.DONE),
        ("offer.refused", Meaning.NOT),
        ("offer.not_done", Meaning.NOT),
        ("offer.unknown", Meaning.UNKNOWN),
    ],
)
def test_every_result_of_an_offer_is_read(step: str, meaning: Meaning) -> None:
    """Amount, person and what came of it are read from the screen that tells it."""
    assert said(screen(step, Done())) == [Claim("offer", "createCredex", meaning, str(FIVE), PARTY)]


@pytest.mark.parametrize(
    ("outcome", "meaning"), [(Done(), Meaning.DONE), (DidNotHappen(), Meaning.NOT), (Unknown(), Meaning.STOPPED)]
)
def test_what_is_found_out_later_about_an_offer_is_read(outcome: Outcome, meaning: Meaning) -> None:
    """It is known for news about an earlier write, and not taken for an answer."""
    told = reconciled("offer.create", OFFER, outcome)

    assert said(told) == [Claim("offer", "createCredex", meaning, str(FIVE), PARTY)]
    assert [is_late_result(body(message)) for message in told] == [True]


@pytest.mark.parametrize("endpoint", list(ON_OFFER))
@pytest.mark.parametrize(
    ("outcome", "meaning"),
    [
        (Done(), Meaning.DONE),
        (Done(by_us=False), Meaning.UNCLEAR),
        (Refused("not_pending"), Meaning.NOT),
        (DidNotHappen(), Meaning.NOT),
        (Unknown(), Meaning.STOPPED),
    ],
)
def test_what_is_found_out_later_about_an_answer_to_an_offer_is_read(
    endpoint: str, outcome: Outcome, meaning: Meaning
) -> None:
    """Which of the three it was is read where the words tell."""
    resolution, call = ON_OFFER[endpoint]

    told = said(reconciled(f"pending.{resolution}", call, outcome))

    endpoint = endpoint if meaning in {Meaning.DONE, Meaning.STOPPED} else ""
    assert told == [Claim("end", endpoint, meaning, str(FIVE), PARTY)]


@pytest.mark.parametrize("endpoint", list(ON_OFFER))
def test_every_answer_to_an_offer_is_read(endpoint: str) -> None:
    """Done, ended by somebody, not done, and not known."""
    resolution, _ = ON_OFFER[endpoint]
    steps = [f"{resolution}_done", "ended", "not_done", "unknown"]

    read = [claim.meaning for step in steps for claim in said(screen(f"pending.{step}", Done()))]

    assert read == [Meaning.DONE, Meaning.UNCLEAR, Meaning.NOT, Meaning.UNKNOWN]


def test_a_screen_that_is_shown_again_says_nothing_new() -> None:
    """Under "that button is from an earlier message" the same offer is told once more; it is no other one."""
    (message,) = screen("offer.sent", Done())

    assert list(claims(f"That button is from an earlier message.\n\n{body(message)}")) == []


def test_what_was_given_up_is_read() -> None:
    """A message that could not be finished is told in words that are known."""
    assert is_given_up(GIVEN_UP)
