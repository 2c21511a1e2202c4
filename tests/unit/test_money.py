"""Money: exact from the first character typed to the last one shown."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.domain import AmountError, Denomination, Money, read_amount
from tests.hypothesis_profiles import examples

USD, CXX, CAD, XAU, ZWG = (
    Denomination.USD,
    Denomination.CXX,
    Denomination.CAD,
    Denomination.XAU,
    Denomination.ZWG,
)

SMALLEST = {CXX: "0.001", CAD: "0.01", USD: "0.01", XAU: "0.0001", ZWG: "0.01"}
LARGEST = {
    CXX: "999,999,999,999.999",
    CAD: "999,999,999,999.99",
    USD: "999,999,999,999.99",
    XAU: "999,999,999,999.9999",
    ZWG: "999,999,999,999.99",
}


def money(amount: str, denomination: Denomination = USD) -> Money:
    return Money(Decimal(amount), denomination)


def refusal(text: str, default: Denomination = USD) -> str:
    with pytest.raises(AmountError) as refused:
        read_amount(text, default=default)
    return str(refused.value)


# -- what can be typed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("5", money("5.00")),
        ("12.50", money("12.50")),
        (" 12.5 ", money("12.50")),
        (".5", money("0.50")),
        ("5.", money("5.00")),
        ("007", money("7.00")),
        ("1,234.50", money("1234.50")),
        ("1,000", money("1000.00")),
        ("ZWG 1,000", money("1000.00", ZWG)),
        ("1,000 ZWG", money("1000.00", ZWG)),
        ("zwg1000", money("1000.00", ZWG)),
        ("0.5 xau", money("0.5000", XAU)),
        ("10 (CAD)", money("10.00", CAD)),
        ("( cad ) 10", money("10.00", CAD)),
        ("cxx\n1.234", money("1.234", CXX)),
        ("USD 5 usd", money("5.00")),
        ("$5", money("5.00")),
        ("US$5", money("5.00")),
        ("us $ 5 USD", money("5.00")),
        ("CAD $5", money("5.00", CAD)),
        ("1.000", money("1.00")),
        ("2.50000000", money("2.50")),
    ],
)
def test_an_amount_is_read_with_its_denomination_before_it_after_it_or_left_out(typed: str, expected: Money) -> None:
    """The amount is the number typed, with the decimals that its denomination has."""
    read = read_amount(typed, default=USD)
    assert expected == read
    assert str(expected) == str(read)


@pytest.mark.parametrize("default", list(Denomination))
def test_an_amount_without_a_code_is_in_the_default_denomination(default: Denomination) -> None:
    """Every denomination may be the default."""
    assert money("7", default) == read_amount("7", default=default)


@pytest.mark.parametrize(
    "typed",
    [
        *("nan", "NaN", "inf", "-inf", "Infinity", "1e5", "1E5", "1e-5", "0x10", "1_000", "+5", "-5", "--5", "−5"),
        *(
            "٥",
            "٥٫٥",
            "５",
            "५",
            "²",
            "½",
            "1\u200b0",
            "1 000",
            "5 5",
            "5%",
            "five",
            "",
            " ",
            "\n",
            ".",
            ",",
            "..",
            "$",
        ),
        *("5 dollars", "USDT 5", "US 5", "€5", "5 USD please", "5=>farai", "(5)(USD)(CAD)", "U5D", "5\x00"),
        "(" + " " * 4000 + "x",
        "9" * 4096,
        "0." + "0" * 4000 + "1",
    ],
)
def test_what_is_not_plainly_an_amount_is_refused(typed: str) -> None:
    """No nan, no inf, no exponents, no underscores, no digits but ASCII's, however long the text."""
    refusal(typed)


@pytest.mark.parametrize("typed", ["1,5", "1,50", "1,2345", "1.000,50", "1,,000", ",500", "1,000,00", "1.2.3", "1.2,3"])
def test_commas_that_do_not_group_thousands_are_refused(typed: str) -> None:
    """A decimal comma is never taken for a thousands separator, nor the other way round."""
    assert "I cannot tell thousands from decimals" in refusal(typed)


@pytest.mark.parametrize("typed", ["0", "0.00", "000", ".0", "0 XAU"])
def test_an_amount_is_more_than_zero(typed: str) -> None:
    """Nothing can be offered by nothing."""
    assert refusal(typed) == "The amount must be more than zero."


@pytest.mark.parametrize("typed", ["5 EUR", "GBP 5"])
def test_an_unknown_denomination_is_named_with_those_that_there_are(typed: str) -> None:
    """The refusal says what there is instead."""
    assert "CXX, CAD, USD, XAU, ZWG" in refusal(typed)


@pytest.mark.parametrize("typed", ["USD 5 CAD", "US$5 CAD", "$5 XAU"])
def test_two_denominations_are_refused(typed: str) -> None:
    """Which one was meant is not guessed."""
    assert "two denominations" in refusal(typed)


@pytest.mark.parametrize("default", [CXX, XAU, ZWG])
def test_a_dollar_sign_is_never_taken_for_what_is_no_dollar(default: Denomination) -> None:
    """$5 with gold as the default is not five ounces of gold."""
    assert "Which dollars?" in refusal("$5", default)
    assert money("5.00") == read_amount("US$5", default=default)


# -- nothing is rounded ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("denomination", list(Denomination))
def test_the_smallest_amount_is_taken_and_a_tenth_of_it_is_not(denomination: Denomination) -> None:
    """Decimals beyond those of the denomination are refused, not rounded."""
    smallest = SMALLEST[denomination]
    assert money(smallest, denomination) == read_amount(smallest, default=denomination)
    assert f"{smallest} {denomination}" == str(read_amount(smallest, default=denomination))
    assert "Nothing was rounded" in refusal(f"{smallest[:-1]}01", denomination)


@pytest.mark.parametrize("denomination", list(Denomination))
def test_the_largest_amount_is_taken_and_one_step_more_is_not(denomination: Denomination) -> None:
    """Every digit of the largest amount survives; a larger one is refused."""
    largest = LARGEST[denomination]
    read = read_amount(largest, default=denomination)
    assert f"{largest} {denomination}" == str(read)
    assert largest.replace(",", "") == read.plain
    assert "too large" in refusal("1,000,000,000,000", denomination)


def test_decimals_beyond_the_precision_of_arithmetic_are_not_dropped() -> None:
    """Decimal arithmetic keeps 28 digits; a digit typed after them still counts."""
    assert "Nothing was rounded" in refusal("1." + "0" * 40 + "1")


_PARTS = [*"0123456789"] * 9 + [".", ".", ".", ",", ",000", ",250", "00", "999999999999", "-", "+", "e", "E", "_"]
_PARTS += [" ", "  ", "\u00a0", "\n", "\u200b", "(", ")", "$", "US$", "US", "٥", "５", "²", "nan", "inf"]
_PARTS += [*Denomination, *Denomination, "usd", "Xau", "EUR", "(CAD)"]
# One draw of bytes for a text: ten thousand draws of each part would take ten times as long.
_amounts = st.binary(max_size=9).map(lambda raw: "".join(_PARTS[byte % len(_PARTS)] for byte in raw))


@settings(max_examples=examples(10_000), deadline=None, derandomize=True, database=None)
@example("1.00000000000000000000000000000000000000001")
@example("0.0000000000000000000000000000000000000000")
@given(_amounts)
def test_any_text_is_refused_in_words_or_read_exactly(text: str) -> None:
    """Of 10,000 texts each one is refused with `AmountError`, or becomes the number that stands in it, to the digit."""
    try:
        read = read_amount(text, default=USD)
    except AmountError:
        return
    (digits,) = re.findall(r"[0-9.,]+", text)
    assert Decimal(digits.replace(",", "")) == read.amount
    assert 0 < read.amount < Decimal(10) ** 12
    assert read_amount(str(read), default=CXX) == read
    assert Money.displayed(str(read)) == read
    assert Decimal(read.plain) == read.amount


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text())
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    """Whatever Unicode holds, only `AmountError` is raised."""
    try:
        read = read_amount(text, default=USD)
    except AmountError:
        return
    assert read.amount > 0


# -- what is shown --------------------------------------------------------------------------------------------------

_moneys = st.builds(
    Money,
    st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal(-(10**20)), max_value=Decimal(10**20)),
    st.sampled_from(Denomination),
)


@settings(max_examples=examples(1_000), deadline=None, derandomize=True, database=None)
@given(_moneys)
def test_what_is_shown_reads_back_as_the_same_money(shown: Money) -> None:
    """Any amount, a debt too, survives being displayed, and being sent to core."""
    assert Money.displayed(str(shown)) == shown
    assert Decimal(shown.plain) == shown.amount
    assert re.fullmatch(r"-?[0-9]+\.[0-9]+", shown.plain)
    assert shown.amount + (-shown).amount == 0
    assert abs(shown).amount == max(shown.amount, (-shown).amount)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (money("1234.5"), "1,234.50 USD"),
        (money("-1040", ZWG), "-1,040.00 ZWG"),
        (money("-0.00"), "0.00 USD"),
        (money("0.0005", XAU), "0.0005 XAU"),
        (money("1E+3"), "1,000.00 USD"),
        (money("0.125"), "0.125 USD"),
        (money("1.5", CXX), "1.500 CXX"),
    ],
)
def test_money_is_shown_with_its_decimals_and_never_fewer_than_it_has(shown: Money, expected: str) -> None:
    """Thousands are grouped, zero has no sign, no exponent is ever seen."""
    assert expected == str(shown)


@pytest.mark.parametrize(
    "text", ["", "5", "USD 5", "5 usd", "5 EUR", "1e5 USD", "nan USD", "+5 USD", "٥ USD", "1_0 USD", "5 USD 5"]
)
def test_what_core_does_not_display_is_not_read_as_displayed(text: str) -> None:
    """A changed wording of core is noticed, not guessed at."""
    with pytest.raises(ValueError, match=r"not an amount|is not a valid"):
        Money.displayed(text)


@pytest.mark.parametrize("absurd", ["nan", "-inf", "inf", "snan"])
def test_money_is_finite(absurd: str) -> None:
    """There is no money without an amount."""
    with pytest.raises(ValueError, match="finite"):
        money(absurd)


def test_money_is_equal_by_value_and_denomination() -> None:
    """1.5 is 1.50, in one denomination only."""
    assert money("1.5").equals(money("1.50"))
    assert not money("1.5").equals(money("1.5", CAD))
    assert not money("1.5").equals(money("1.51"))
