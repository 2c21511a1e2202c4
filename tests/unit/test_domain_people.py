"""Phone numbers, handles and names, as Credex core keeps them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import Handle, HandleRefused, NameRefused, PersonName, Phone, stored_name

# -- handles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("farai_shop", "farai_shop"),
        ("Farai_Shop", "farai_shop"),
        (" @farai_shop\n", "farai_shop"),
        ("abc", "abc"),
        ("a" * 30, "a" * 30),
        ("___", "___"),
        ("263771234567", "263771234567"),
        ("+263 77 123 4567", "263771234567"),
        ("+263-77-123-4567", "263771234567"),
    ],
)
def test_a_handle_is_read_in_any_case_and_a_phone_number_as_people_write_it(typed: str, expected: str) -> None:
    """An @ before it, capitals, and the plus and spaces of a phone number are how people type, not another handle."""
    assert expected == str(Handle.typed(typed))


@pytest.mark.parametrize("typed", ["", " ", "@", "ab", "a" * 31, "+1", "a" * 4096])
def test_a_handle_has_3_to_30_characters(typed: str) -> None:
    """The refusal names the limits."""
    with pytest.raises(HandleRefused, match="3 to 30 characters"):
        Handle.typed(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *("farai.shop", "farai shop", "farai-shop", "zoë_shop", "@@farai", "٢٦٣٧٧١", "farai\u200bshop", "a\nb", "+abc"),
        *("263 77 x", "farai'); --", "*farai*", "farai😀"),
    ],
)
def test_nothing_is_dropped_from_a_handle_silently(typed: str) -> None:
    """Core would make somebody else's handle of it, so it is refused with what a handle may hold."""
    with pytest.raises(HandleRefused, match="only letters, digits and _"):
        Handle.typed(typed)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=40) | st.from_regex(r"@?[A-Za-z0-9_]{1,32}", fullmatch=True))
def test_any_text_is_refused_as_a_handle_or_is_one(text: str) -> None:
    """What is accepted can be looked up in core as it stands, and reads the same again."""
    try:
        handle = Handle.typed(text)
    except HandleRefused:
        return
    assert re.fullmatch("[a-z0-9_]{3,30}", str(handle))
    assert Handle.typed(str(handle)) == handle


@pytest.mark.parametrize("text", ["", "ab", "Farai", "a" * 31, "farai.shop", "abc\n"])
def test_a_handle_that_is_none_cannot_be_made(text: str) -> None:
    """The rule holds for values from elsewhere, too."""
    with pytest.raises(ValueError, match="not a handle"):
        Handle(text)


# -- phones ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", ["26", "263771234567", "9" * 15])
def test_a_phone_number_is_2_to_15_digits_with_the_country_code(digits: str) -> None:
    """As WhatsApp and core keep it: no plus sign."""
    assert digits == Phone(digits).digits


@pytest.mark.parametrize("digits", ["", "2", "0771234567", "+263771234567", "9" * 16, "26377 1", "٢٦٣", "263\n"])
def test_what_is_no_phone_number_cannot_be_made(digits: str) -> None:
    """A local number with its leading zero would be somebody's in another country."""
    with pytest.raises(ValueError, match="2 to 15 digits"):
        Phone(digits)


# -- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Tariro", "Tariro"),
        ("O'Brien", "OBrien"),
        ("O’Brien", "OBrien"),
        ("Zoëlla", "Zolla"),
        ("Anna-Maria", "Anna-Maria"),
        ("  van   der  Berg ", "van der Berg"),
        ("Ann", "Ann"),
        ("A-B", "A-B"),
        ("a" * 50, "a" * 50),
        ("Tariro 😀 Moyo", "Tariro Moyo"),
        ("Tariro3", "Tariro"),
    ],
)
def test_a_name_knows_what_core_will_keep_of_it(typed: str, stored: str) -> None:
    """Core deletes all but ASCII letters, spaces and hyphens; the member is to see that before confirming."""
    name = PersonName.read(typed)
    assert stored == name.stored
    assert name.changed is (" ".join(typed.split()) != stored)


@pytest.mark.parametrize("typed", ["", " ", "Ng", "Li ", "X"])
def test_a_name_of_two_letters_is_refused(typed: str) -> None:
    """Core refuses it; the reason says how many letters are needed, and speaks of no dropped ones."""
    with pytest.raises(NameRefused, match=r"^A name needs at least 3 letters\. Please type it in full\.$"):
        PersonName.read(typed)


@pytest.mark.parametrize("typed", ["Zoë", "Ña", "王小明", "12345", "😀😀😀", "O'N", "\u200b\u200b\u200b"])
def test_a_name_of_which_too_little_is_kept_is_refused_with_the_reason(typed: str) -> None:
    """Whoever typed three letters is told why fewer count."""
    with pytest.raises(NameRefused, match="Only the letters A to Z, spaces and hyphens are kept"):
        PersonName.read(typed)


@pytest.mark.parametrize("typed", ["---", "- - -", "-----"])
def test_a_name_has_a_letter_in_it(typed: str) -> None:
    """Hyphens alone name nobody, though core would store them."""
    with pytest.raises(NameRefused, match="at least 3 letters"):
        PersonName.read(typed)


@pytest.mark.parametrize("typed", ["a" * 51, "Tari " * 11, "Tariro" + "😀" * 95, "a" * 4096])
def test_a_name_has_50_letters_at_most(typed: str) -> None:
    """So does a text of which little would be kept: it has to be shown as it was typed."""
    with pytest.raises(NameRefused, match="50 letters at most"):
        PersonName.read(typed)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=60) | st.text(alphabet="abcZ -'ë\n", max_size=60))
def test_any_text_is_refused_as_a_name_or_kept_within_the_rules_of_core(text: str) -> None:
    """What is kept would be kept again unchanged, and has 3 to 50 characters."""
    try:
        name = PersonName.read(text)
    except NameRefused:
        return
    assert 3 <= len(name.stored) <= 50
    assert stored_name(name.stored) == name.stored
