"""Invented people: the same for the same seed, possible in Zimbabwe, and blind to all but their screens."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import Handle, Money, PersonName
from simulator.people import Move, Persona, Temperament, choose, persona
from simulator.whatsapp_cloud.transcript.model import Choice, Screen

CAREFUL = Persona("Rudo", "Moyo", "263771234567", Temperament.CAREFUL, 1, (), 7)
OTHER = Persona("Farai", "Ncube", "263712345678", Temperament.CAREFUL, 1, (), 8)
MENU = Screen("What now?", opener="Choose", choices=(Choice("Offer a credex"), Choice("Help")))


def moves(person: Persona, screens: list[Screen], count: int = 300) -> list[Move]:
    rng = random.Random(1)
    return [choose(person, rng, screens, [OTHER]) for _ in range(count)]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9), number=st.integers(0, 50))
def test_a_persona_is_a_function_of_seed_and_number(seed: int, number: int) -> None:
    """The same one every time, with a valid mobile number, a name and a handle that core takes as they are."""
    one = persona(seed, number)

    assert one == persona(seed, number)
    number_read = phonenumbers.parse(f"+{one.phone}")
    assert phonenumbers.is_valid_number(number_read)
    assert phonenumbers.number_type(number_read) == phonenumbers.PhoneNumberType.MOBILE
    assert phonenumbers.region_code_for_number(number_read) == "ZW"
    assert not PersonName.read(one.first_name).changed
    assert not PersonName.read(one.last_name).changed
    assert Handle.typed(one.handle).text == one.handle
    assert all(str(Money.displayed(balance)) == balance for balance in one.balances)


def test_a_population_holds_every_kind() -> None:
    """All temperaments, members and strangers, and hardly anybody twice."""
    people = [persona(1, number) for number in range(200)]

    assert set(Temperament) == {one.temperament for one in people}
    assert {None, 1, 2, 3, 5} == {one.tier for one in people}
    assert len({one.phone for one in people}) == 200
    assert len({one.name for one in people}) > 190


def test_who_sees_nothing_yet_greets() -> None:
    """A conversation begins with a word."""
    assert {""} == {move.verb for move in moves(CAREFUL, [])}


@pytest.mark.parametrize("temperament", list(Temperament))
def test_people_tap_only_what_was_shown_to_them(temperament: Temperament) -> None:
    """Whatever their temperament."""
    person = Persona("Rudo", "Moyo", "263771234567", temperament, 1, (), 7)
    screens = [Screen("Sure?", choices=(Choice("Confirm"), Choice("Cancel"))), MENU]

    tapped = {move.value for move in moves(person, screens) if move.verb == "taps"}

    assert tapped
    assert tapped <= {"Offer a credex", "Help", "Confirm", "Cancel"}


def test_careful_people_answer_what_is_asked() -> None:
    """A name with a name, an amount with an amount, a handle with the handle of somebody they know."""
    answers = {
        body: {move.value for move in moves(CAREFUL, [Screen(body)]) if move.verb == ""}
        for body in ("What is your first name?", "And your last name?", "Who is it for? Please type their handle.")
    }

    assert "Rudo" in answers["What is your first name?"]
    assert "Moyo" in answers["And your last name?"]
    assert "farai_ncube" in answers["Who is it for? Please type their handle."]


def test_temperaments_differ() -> None:
    """The hasty tap the first choice; the odd send what nobody expects."""
    hasty = Persona("Rudo", "Moyo", "263771234567", Temperament.HASTY, 1, (), 7)
    odd = Persona("Rudo", "Moyo", "263771234567", Temperament.ODD, 1, (), 7)

    assert {"Offer a credex"} == {move.value for move in moves(hasty, [MENU]) if move.verb == "taps"}
    assert {"NaN", "{0}"} <= {move.value for move in moves(odd, [MENU])}
