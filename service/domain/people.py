"""Who members are: phone numbers, handles and names, as Credex core keeps them."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME_LENGTHS = range(3, 51)
_HANDLE_LENGTHS = range(3, 31)
LONGEST_TYPED = 100
"""A name is shown as typed and as stored, and both must fit one message."""

_PHONE = re.compile(r"[1-9][0-9]{1,14}")
_HANDLE = re.compile(r"[a-z0-9_]{3,30}")
_LETTER = re.compile(r"[A-Za-z]")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z \-]")
_NOT_IN_AN_ACCOUNT_NAME = re.compile(r"[^A-Za-z0-9 \-]")
_LETTER_OR_DIGIT = re.compile(r"[A-Za-z0-9]")
_SPACES = re.compile(r" {2,}")


class HandleRefused(ValueError):  # noqa: N818 - a refusal of what was typed
    """A typed handle that cannot be one; the text is fit for the member."""


class NameRefused(ValueError):  # noqa: N818 - a refusal of what was typed
    """A typed name that core would refuse; the text is fit for the member."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number as core and WhatsApp keep it: 2 to 15 digits, country code first, no plus sign."""

    digits: str

    def __post_init__(self) -> None:
        if not _PHONE.fullmatch(self.digits):
            raise ValueError("a phone number is 2 to 15 digits and begins with the country code")


@dataclass(frozen=True, slots=True)
class Handle:
    """The short unique name of a member or account: 3 to 30 of a-z, 0-9 and underscore."""

    text: str

    def __post_init__(self) -> None:
        if not _HANDLE.fullmatch(self.text):
            raise ValueError(f"not a handle: {self.text!r}")

    def __str__(self) -> str:
        return self.text

    @classmethod
    def typed(cls, text: str) -> Handle:
        """Read a handle as a member types it: any case, perhaps with a leading ``@`` or a phone's plus and spaces.

        Nothing is dropped silently: core itself would turn ``farai.shop`` into the handle of somebody else.
        """
        handle = text.strip().removeprefix("@").lower()
        if re.fullmatch(r"\+?[0-9][0-9 \-]+", handle):
            handle = re.sub(r"[+ \-]", "", handle)
        if len(handle) not in _HANDLE_LENGTHS:
            raise HandleRefused("A handle has 3 to 30 characters, for example: farai_shop.")
        if not _HANDLE.fullmatch(handle):
            raise HandleRefused("A handle has only letters, digits and _ in it, for example: farai_shop.")
        return cls(handle)


@dataclass(frozen=True, slots=True)
class _Name:
    typed: str
    stored: str

    @property
    def changed(self) -> bool:
        """Whether core will store something else than what was typed."""
        return self.typed != self.stored


class PersonName(_Name):
    """A first or last name, as typed and as core will store it."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> PersonName:
        """Read a name; `NameRefused` says what is wrong, in words for the member."""
        typed = " ".join(text.split())
        stored = stored_name(typed)
        if len(stored) < NAME_LENGTHS.start or not _LETTER.search(stored):
            dropped = " Only the letters A to Z, spaces and hyphens are kept." if stored != typed else ""
            raise NameRefused(f"A name needs at least 3 letters.{dropped} Please type it in full.")
        if len(stored) >= NAME_LENGTHS.stop or len(typed) > LONGEST_TYPED:
            raise NameRefused("A name has 50 letters at most. Please shorten it.")
        return cls(typed, stored)


class AccountName(_Name):
    """The name of an account, as typed and as core will store it."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> AccountName:
        """Read the name of an account: core deletes all but ASCII letters, digits, spaces and hyphens."""
        typed = " ".join(text.split())
        stored = _SPACES.sub(" ", _NOT_IN_AN_ACCOUNT_NAME.sub("", typed)).strip()
        if len(stored) < NAME_LENGTHS.start or not _LETTER_OR_DIGIT.search(stored):
            dropped = " Only A to Z, digits, spaces and hyphens are kept." if stored != typed else ""
            raise NameRefused(f"The name of an account needs at least 3 letters or digits.{dropped}")
        if len(stored) >= NAME_LENGTHS.stop or len(typed) > LONGEST_TYPED:
            raise NameRefused("The name of an account has 50 letters at most. Please shorten it.")
        return cls(typed, stored)


def stored_name(typed: str) -> str:
    """What core keeps of a name: it deletes all but ASCII letters, spaces and hyphens."""
    return _SPACES.sub(" ", _NOT_IN_A_NAME.sub("", typed)).strip()
