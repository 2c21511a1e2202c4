"""Phone numbers: how WhatsApp writes them, and the countries that they belong to."""

from __future__ import annotations

from typing import Final

import phonenumbers

__all__ = ("UNKNOWN_COUNTRY", "country_of", "digits")

UNKNOWN_COUNTRY: Final = "ZZ"
"""CLDR's code for a country that is not known."""


def digits(phone: str) -> str:
    """A phone number as WhatsApp writes it: digits only. Plus, spaces, hyphens and parentheses are removed."""
    return "".join(character for character in phone if character not in "+ -()\u00a0")


def country_of(phone: str) -> str:
    """The ISO 3166 code of the country of a number (digits, calling code first); numbers may be invented."""
    try:
        number = phonenumbers.parse(f"+{phone}")
    except phonenumbers.NumberParseException:
        return UNKNOWN_COUNTRY
    region = phonenumbers.region_code_for_number(number)
    region = region or phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region if region.isalpha() else UNKNOWN_COUNTRY  # "001" is a satellite or another network of no country
