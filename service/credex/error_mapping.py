"""Maps a response to success or an error: by the action's type first, then code and wording, HTTP status last.

The newest core names an action in each response; older ones have only words. The words are matched by subject, not as
sentences, because they differ between generations.
"""

import re
from typing import Final

from service.credex.endpoints import Endpoint
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

PAUSE_S: Final = 15.0
"""How long not to call core after a 429 that does not say: a quarter of its window."""


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
# The subject must be named: an unknown path says "not found", too, and every member would seem unknown.
_NOT_FOUND: Final = re.compile(r"\b(member|account|credex)\b.{0,40}\bnot (be )?found", re.IGNORECASE)
_FAILED: Final = re.compile(r"ERROR.*|.*_(FAILED|ERROR)")
_AMOUNT: Final = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?\s*(?:" + "|".join(Denomination) + r")\b")
_SECRETS: Final = re.compile(r"(?<![\w-])\+?[0-9]{7,15}(?![\w-])|\bey[\w-]+\.[\w.-]+|(?<=[Bb]earer )\S+")


def classify(response: CoreResponse, endpoint: Endpoint) -> None:
    """Return if core says that it did what was asked; else raise the `CredexError` that its response means."""
    kind = response.action_type
    if kind in endpoint.success_types:
        return
    if response.status == 401:  # noqa: PLR2004 - HTTP's own number
        raise UnauthorisedError(http_status=401)
    if response.status == 429:  # noqa: PLR2004
        raise TooManyRequestsError(retry_after_s=pause_s(response.retry_after))
    if _FAILED.fullmatch(kind):
        raise _failure(response, endpoint)
    if 200 <= response.status < 300:  # noqa: PLR2004
        _classify_older(response, endpoint)
        return
    raise _failure(response, endpoint)


def _classify_older(response: CoreResponse, endpoint: Endpoint) -> None:
    """A 2xx without a known action: success only if an older generation would report it like this."""
    if endpoint.success_keys & response.details.keys():
        # The type of this action is not known, but the content is.
        return
    if response.action_type or not response.body:
        raise NoAnswerError(
            f"Credex core answered {endpoint.path} with nothing that can be read. The outcome is unknown."
        )
    if response.body.get("success") is False or "error" in response.body:
        raise _failure(response, endpoint)
    done = re.search(r"success", text(response.body.get("message")), re.IGNORECASE)
    if (
        response.body.get("success") is True
        or done
        or endpoint.success_keys & (response.body.keys() | response.data.keys())
    ):
        return
    raise NoAnswerError(f"Credex core answered {endpoint.path} without saying what happened. The outcome is unknown.")


def _failure(response: CoreResponse, endpoint: Endpoint) -> CredexError:
    code = text(response.details.get("code")).replace("_", " ")
    field = text(response.details.get("field")) or None
    words = response.words
    refusal = _by_words(code)
    if refusal in {None, Refusal.VALIDATION}:
        refusal = _by_words(words) or refusal
    if (
        response.action_type == "ERROR_NOT_FOUND"
        or code == "NOT FOUND"
        or (_NOT_FOUND.search(words) and refusal is None)
    ):
        return NotFoundError(_subject(words, endpoint), http_status=response.status)
    if response.action_type == "ERROR_INTERNAL":
        return ServerError(http_status=response.status)
    refusal = refusal or _by_field(field) or _by_status(response, endpoint)
    if refusal is Refusal.DUPLICATE_PHONE and endpoint.conflict is Refusal.DUPLICATE_HANDLE:
        # Only a new member's handle is their phone: here it is the handle of the account that is taken.
        refusal = endpoint.conflict
    if refusal is None or (response.status >= 500 and response.action_type in {"", "ERROR"}):  # noqa: PLR2004
        return ServerError(http_status=response.status)
    return RefusedError(
        refusal,
        field=field,
        reason=masked(words),
        http_status=response.status,
        remaining=_amount(words, _REMAINING) if refusal is Refusal.DAILY_LIMIT else None,
        maximum=_amount(words, _MAXIMUM) if refusal is Refusal.INSUFFICIENT_BALANCE else None,
    )


def _by_words(words: str) -> Refusal | None:
    return next((code for code, pattern in _BY_WORDS if pattern.search(words)), None)


def _by_field(field: str | None) -> Refusal | None:
    return {None: None, "dueDate": Refusal.DUE_DATE}.get(field, Refusal.VALIDATION)


def _by_status(response: CoreResponse, endpoint: Endpoint) -> Refusal | None:
    if response.action_type == "ERROR_VALIDATION":
        return Refusal.VALIDATION
    if response.status == 403:  # noqa: PLR2004
        return Refusal.NOT_AUTHORISED
    if response.status == 409:  # noqa: PLR2004
        return endpoint.conflict
    if response.action_type or response.status == 400:  # noqa: PLR2004
        return Refusal.UNKNOWN
    # A bare 404, a redirect, a 413: most likely not from core itself, and certainly no refusal.
    return None


def _subject(words: str, endpoint: Endpoint) -> str:
    named = re.search(r"\b(member|account|credex)\b", words, re.IGNORECASE)
    return named.group(1).lower() if named else endpoint.subject


_REMAINING: Final = re.compile(r"remain|left|available|up to|only", re.IGNORECASE)
_MAXIMUM: Final = re.compile(r"max|available|up to|only|at most|has\b|balance of", re.IGNORECASE)


def _amount(words: str, keyword: re.Pattern[str]) -> Money | None:
    """The amount that core names as the limit: the one next to such a word, or the only one."""
    found = list(_AMOUNT.finditer(words))
    starts = [0, *(amount.end() for amount in found)]
    named = [
        amount for start, amount in zip(starts, found, strict=False) if keyword.search(words, start, amount.start())
    ]
    named += [amount for amount in found if keyword.match(words[amount.end() :].lstrip(" ("))]
    chosen = named or (found if len(found) == 1 else [])
    return _money(chosen[0].group()) if chosen else None


def _money(shown: str) -> Money | None:
    try:
        return Money.displayed(re.sub(r"\s*([A-Z]{3})$", r" \1", shown))
    except (ValueError, ArithmeticError):
        return None


def pause_s(header: str | None) -> float:
    """How long core asks not to be called, in seconds. A date is ignored: it needs a clock that agrees with core's."""
    return float(header) if header and re.fullmatch(r"[0-9]{1,6}", header.strip()) else PAUSE_S


def masked(words: str) -> str:
    """Core's words without phone numbers and tokens, short enough for a log line."""
    return _SECRETS.sub("…", words)[:300]
