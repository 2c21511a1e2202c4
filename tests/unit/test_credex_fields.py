"""What the simulated core takes in each field, and how it shows amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from service.domain import Denomination
from simulator.credex_core import RefusalError, rules
from simulator.credex_core.amounts import format_amount

TARIRO = "263771234567"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+263 77 123-4567", TARIRO),
        ("0771234567", None),
        ("1", None),
        ("1234567890123456", None),
        ("phone", None),
        (263771234567, None),
        (None, None),
    ],
)
def test_a_phone_is_its_digits(typed: object, kept: str | None) -> None:
    """Country code first, 2 to 15 digits, sent as a text."""
    if kept is not None:
        assert rules.phone({"phone": typed}) == kept
    else:
        with pytest.raises(RefusalError):
            rules.phone({"phone": typed})


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("O'Brien", "OBrien"), ("Zoë-May", "Zo-May"), ("Moyo 2", "Moyo"), ("Bo", None), ("Zoë", None), ("A" * 51, None)],
)
def test_a_name_loses_letters_silently(typed: str, kept: str | None) -> None:
    """All but ASCII letters, spaces and hyphens goes without a word; at least three must be left."""
    if kept is not None:
        assert rules.person_name({"firstname": typed}, "firstname") == kept
    else:
        with pytest.raises(RefusalError):
            rules.person_name({"firstname": typed}, "firstname")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("10.0", "10"),
        (" 0.005 ", "0.005"),
        ("1e2", "100"),
        (7, "7"),
        (Decimal("2.5"), "2.5"),
        ("1,000", None),
        ("0", None),
        ("-1", None),
        ("nan", None),
        ("Infinity", None),
        ("1e999", None),
        (True, None),
        ("", None),
        (None, None),
        ("0x10", None),
    ],
)
def test_an_amount_is_a_finite_number_above_zero(typed: object, read: str | None) -> None:
    """As a number or a text, as precise as it comes."""
    if read is not None:
        assert rules.amount({"InitialAmount": typed}) == Decimal(read)
    else:
        with pytest.raises(RefusalError):
            rules.amount({"InitialAmount": typed})


@pytest.mark.parametrize("given", ["true", 1, None])
def test_secured_is_true_or_false(given: object) -> None:
    """The text "false" is not taken for true."""
    with pytest.raises(RefusalError):
        rules.flag({"securedCredex": given}, "securedCredex")


@pytest.mark.parametrize(("secured", "due"), [(True, "2026-11-20"), (False, None), (False, "20.11.2026"), (False, 1)])
def test_a_due_date_belongs_to_an_unsecured_credex(*, secured: bool, due: object) -> None:
    """Required there, refused elsewhere."""
    with pytest.raises(RefusalError):
        rules.due_date({"dueDate": due}, secured=secured)


@pytest.mark.parametrize("typed", ["farai.shop", "fa", "f" * 31, "farai shop"])
def test_a_handle_is_refused_not_rewritten(typed: str) -> None:
    """Another account's handle might be what is left."""
    with pytest.raises(RefusalError):
        rules.account_handle({"accountHandle": typed})


@pytest.mark.parametrize(
    ("amount", "denomination", "text"),
    [
        ("1234567.5", Denomination.USD, "1,234,567.50 USD"),
        ("-0.0125", Denomination.XAU, "-0.0125 XAU"),
        ("0.0005", Denomination.CXX, "0.001 CXX"),
        ("-0.001", Denomination.USD, "0.00 USD"),
        ("999.995", Denomination.ZWG, "1,000.00 ZWG"),
    ],
)
def test_amounts_are_shown_as_in_the_us(amount: str, denomination: Denomination, text: str) -> None:
    """Thousands separated, the denomination's decimals, its code."""
    assert format_amount(Decimal(amount), denomination) == text
