"""What the bot says of writes is read back from its own words: no outcome is told in words that nothing reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from service.conversation import Session, TurnContext
from service.domain import Denomination, Money
from service.domain.commands import Call, DidNotHappen, Done, Outcome, Refused, Unknown
from service.flows import offer_results
from service.flows import resolve_offer as deeds
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
ON_OFFER: dict[str, tuple[deeds._Resolution, Call]] = {
    "acceptCredex": (deeds._ACCEPT, AcceptOffer("a", "c", FIVE, PARTY)),
    "declineCredex": (deeds._DECLINE, DeclineOffer("a", "c", FIVE, PARTY)),
    "cancelCredex": (deeds._CANCEL, CancelOffer("a", "c", FIVE, PARTY)),
}


def scene(outcome: Outcome | None = None) -> TurnContext:
    return TurnContext("263771234567", 0, Session(answers=dict(ANSWERS)), outcome)


def said(messages: Sequence[Message]) -> list[Claim]:
    return [claim for message in messages for claim in claims(body(message))]


def body(message: Message) -> str:
    assert isinstance(message, Buttons)
    return message.body


@pytest.mark.parametrize(
    ("screen", "meaning"),
    [
        (offer_results.show_sent, Meaning.DONE),
        (offer_results.show_refused, Meaning.NOT),
        (offer_results.show_not_done, Meaning.NOT),
        (offer_results.show_unknown, Meaning.UNKNOWN),
    ],
)
def test_every_result_of_an_offer_is_read(screen: Callable[[TurnContext], Sequence[Message]], meaning: Meaning) -> None:
    """Amount, person and what came of it are read from the screen that tells it."""
    assert said(screen(scene(Done()))) == [Claim("offer", "createCredex", meaning, str(FIVE), PARTY)]


@pytest.mark.parametrize(
    ("outcome", "meaning"), [(Done(), Meaning.DONE), (DidNotHappen(), Meaning.NOT), (Unknown(), Meaning.STOPPED)]
)
def test_what_is_found_out_later_about_an_offer_is_read(outcome: Outcome, meaning: Meaning) -> None:
    """It is known for news about an earlier write, and not taken for an answer."""
    told = offer_results.show_reconciled(OFFER, outcome, scene())

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

    told = said(deeds._show_reconciled(resolution)(call, outcome, scene()))

    endpoint = endpoint if meaning in {Meaning.DONE, Meaning.STOPPED} else ""
    assert told == [Claim("end", endpoint, meaning, str(FIVE), PARTY)]


@pytest.mark.parametrize("endpoint", list(ON_OFFER))
def test_every_answer_to_an_offer_is_read(endpoint: str) -> None:
    """Done, ended by somebody, not done, and not known."""
    resolution, _ = ON_OFFER[endpoint]
    screens = [deeds._show_done(resolution), deeds._show_ended, deeds._show_not_done, deeds._show_unknown]

    read = [claim.meaning for screen in screens for claim in said(screen(scene(Done())))]

    assert read == [Meaning.DONE, Meaning.UNCLEAR, Meaning.NOT, Meaning.UNKNOWN]


def test_a_screen_that_is_shown_again_says_nothing_new() -> None:
    """Under "that button is from an earlier message" the same offer is told once more; it is no other one."""
    (message,) = offer_results.show_sent(scene(Done()))

    assert list(claims(f"That button is from an earlier message.\n\n{body(message)}")) == []


def test_what_was_given_up_is_read() -> None:
    """A message that could not be finished is told in words that are known."""
    assert is_given_up(GIVEN_UP)
