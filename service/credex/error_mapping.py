"""Success or what kind of failure: read from the action's type first, then code and wording, the HTTP status last.

The newest core names an action in each answer; older ones have only words. The words are matched by what they are
about, not as sentences: they differ between generations and are none of ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from service.credex.errors import (
    CredexError,
    NoAnswerError,
    NotFoundError,
    Refusal,
    RefusedError,
    ServerError,
    TooManyRequestsError,
    UnauthorisedError,
)
from service.credex.response import CoreResponse, text
from service.domain import Denomination, Money

__all__ = ("Endpoint", "classify", "masked", "pause_s")

PAUSE_S: Final = 15.0
"""How long to leave core alone after a 429 that does not say: a quarter of its window."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint and how its success looks.

    Attributes:
        path: the endpoint's name.
        kinds: action types that mean success.
        subject: what a plain "not found" is about.
        keys: keys in an older generation's answer, or in an action's details, that mean success.
        conflict: what a plain conflict means.
    """

    path: str
    kinds: frozenset[str]
    subject: str
    keys: frozenset[str] = frozenset()
    conflict: Refusal = Refusal.NOT_PENDING


_BY_WORDS: Final = tuple(
    (code, re.compile(pattern, re.IGNORECASE))
    for code, pattern in (
        (
            Refusal.DUPLICATE_PHONE,
            r"(phone|handle)\b.*\b(already|in use|taken)|duplicate (phone|handle)|already exists|\bunique",
        ),
        (Refusal.ALREADY, r"already (enrolled|has|have|at tier|(a )?tier|upgraded)|has tier [0-9] already"),
        (Refusal.INSUFFICIENT_BALANCE, r"insufficient|secur(ed|able) (balance|funds)|not enough|exceeds .*balance"),
        (Refusal.SAME_ACCOUNT, r"same account|itself|cannot be the same|must (differ|be different)"),
        (Refusal.DUE_DATE, r"due ?date|credspan"),
        (Refusal.DAILY_LIMIT, r"\bdaily\b|(tier|remaining|issu\w+|spend\w*)\b.*\blimit|\blimit\b.*\b(tier|today|day)"),
        (Refusal.TIER, r"\btier\b|membership level"),
        (Refusal.TOO_MANY, r"limit reached|\b(maximum|limit|five|5)\b.*\b(authori[sz]ed|members)"),
        (
            Refusal.NOT_PENDING,
            r"already (been )?(accepted|declined|cancell?ed|processed|cleared)|(not|no longer) pending|expired",
        ),
        (
            Refusal.NOT_AUTHORISED,
            r"(not|un) ?authori[sz]ed|authori[sz]ation|permi(tted|ssion)|forbidden|failed to accept|(only the|not) own",
        ),
        (Refusal.VALIDATION, r"required|invalid|validation|sanitization|missing|must be"),
    )
)
# The subject must be named: an unknown path says "not found", too, and would make strangers of all members.
_NOT_FOUND: Final = re.compile(r"\b(member|account|credex)\b.{0,40}\bnot (be )?found", re.IGNORECASE)
_FAILED: Final = re.compile(r"ERROR.*|.*_(FAILED|ERROR)")
_AMOUNT: Final = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?\s*(?:" + "|".join(Denomination) + r")\b")
_SECRETS: Final = re.compile(r"(?<![\w-])\+?[0-9]{7,15}(?![\w-])|\bey[\w-]+\.[\w.-]+|(?<=[Bb]earer )\S+")


def classify(answer: CoreResponse, asked: Endpoint) -> None:
    """Return if core says that it did what was asked.

    Raises:
        CredexError: what the answer means otherwise.
    """
    kind = answer.kind
    if kind in asked.kinds:
        return
    if answer.status == 401:  # noqa: PLR2004 - HTTP's own number
        raise UnauthorisedError(http_status=401)
    if answer.status == 429:  # noqa: PLR2004
        raise TooManyRequestsError(retry_after_s=pause_s(answer.retry_after))
    if _FAILED.fullmatch(kind):
        raise _failure(answer, asked)
    if 200 <= answer.status < 300:  # noqa: PLR2004
        _settle_older(answer, asked)
        return
    raise _failure(answer, asked)


def _settle_older(answer: CoreResponse, asked: Endpoint) -> None:
    """A 2xx whose action is missing or strange: success only if an older generation would say it like this."""
    if asked.keys & answer.details.keys():
        # The newest core's name for this action is not known, but this is its content.
        return
    if answer.kind or not answer.body:
        raise NoAnswerError(f"Credex core answered {asked.path} with nothing that can be read. The outcome is unknown.")
    if answer.body.get("success") is False or "error" in answer.body:
        raise _failure(answer, asked)
    done = re.search(r"success", text(answer.body.get("message")), re.IGNORECASE)
    if answer.body.get("success") is True or done or asked.keys & (answer.body.keys() | answer.data.keys()):
        return
    raise NoAnswerError(f"Credex core answered {asked.path} without saying what happened. The outcome is unknown.")


def _failure(answer: CoreResponse, asked: Endpoint) -> CredexError:
    code = text(answer.details.get("code")).replace("_", " ")
    field = text(answer.details.get("field")) or None
    words = answer.words
    refusal = _by_words(code)
    if refusal in {None, Refusal.VALIDATION}:
        refusal = _by_words(words) or refusal
    if answer.kind == "ERROR_NOT_FOUND" or code == "NOT FOUND" or (_NOT_FOUND.search(words) and refusal is None):
        return NotFoundError(_subject(words, asked), http_status=answer.status)
    if answer.kind == "ERROR_INTERNAL":
        return ServerError(http_status=answer.status)
    refusal = refusal or _by_field(field) or _by_status(answer, asked)
    if refusal is Refusal.DUPLICATE_PHONE and asked.conflict is Refusal.DUPLICATE_HANDLE:
        # Only a new member's handle is their phone, so that one taken means the other.
        refusal = asked.conflict
    if refusal is None or (answer.status >= 500 and answer.kind in {"", "ERROR"}):  # noqa: PLR2004
        return ServerError(http_status=answer.status)
    return RefusedError(
        refusal,
        field=field,
        reason=masked(words),
        http_status=answer.status,
        remaining=_told(words, _REMAINING) if refusal is Refusal.DAILY_LIMIT else None,
        maximum=_told(words, _MAXIMUM) if refusal is Refusal.INSUFFICIENT_BALANCE else None,
    )


def _by_words(words: str) -> Refusal | None:
    return next((code for code, pattern in _BY_WORDS if pattern.search(words)), None)


def _by_field(field: str | None) -> Refusal | None:
    return {None: None, "dueDate": Refusal.DUE_DATE}.get(field, Refusal.VALIDATION)


def _by_status(answer: CoreResponse, asked: Endpoint) -> Refusal | None:
    if answer.kind == "ERROR_VALIDATION":
        return Refusal.VALIDATION
    if answer.status == 403:  # noqa: PLR2004
        return Refusal.NOT_AUTHORISED
    if answer.status == 409:  # noqa: PLR2004
        return asked.conflict
    if answer.kind or answer.status == 400:  # noqa: PLR2004
        return Refusal.UNKNOWN
    # A bare 404, a redirect, a 413: most likely not core itself, and certainly no refusal.
    return None


def _subject(words: str, asked: Endpoint) -> str:
    named = re.search(r"\b(member|account|credex)\b", words, re.IGNORECASE)
    return named.group(1).lower() if named else asked.subject


_REMAINING: Final = re.compile(r"remain|left|available|up to|only", re.IGNORECASE)
_MAXIMUM: Final = re.compile(r"max|available|up to|only|at most|has\b|balance of", re.IGNORECASE)


def _told(words: str, beside: re.Pattern[str]) -> Money | None:
    """The amount that core names as the most there is: the one beside such a word, or the only one."""
    found = list(_AMOUNT.finditer(words))
    starts = [0, *(amount.end() for amount in found)]
    named = [
        amount for start, amount in zip(starts, found, strict=False) if beside.search(words, start, amount.start())
    ]
    named += [amount for amount in found if beside.match(words[amount.end() :].lstrip(" ("))]
    chosen = named or (found if len(found) == 1 else [])
    return _money(chosen[0].group()) if chosen else None


def _money(shown: str) -> Money | None:
    try:
        return Money.displayed(re.sub(r"\s*([A-Z]{3})$", r" \1", shown))
    except (ValueError, ArithmeticError):
        return None


def pause_s(header: str | None) -> float:
    """For how long core wants to be left alone, in seconds.

    A date, which would need a clock that agrees with core's, counts as not said.
    """
    return float(header) if header and re.fullmatch(r"[0-9]{1,6}", header.strip()) else PAUSE_S


def masked(words: str) -> str:
    """Core's words without phone numbers and tokens, short enough for a log line."""
    return _SECRETS.sub("…", words)[:300]
