"""Failure answers to errors: by action type, code and wording, whatever generation speaks."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from service.credex.endpoints import GET_CREDEX, LOGIN, Endpoint
from service.credex.error_mapping import classify, masked
from service.credex.errors import (
    CredexError,
    NoAnswerError,
    NotFoundError,
    Refusal,
    RefusedError,
    ServerError,
    TooManyRequestsError,
)
from service.credex.response import parse_response
from service.domain import Money
from service.writes import accept_offer, authorise, create_offer, decline_offer, open_account, register, upgrade

ACCEPT = accept_offer.OPERATION.endpoint
AUTHORISE = authorise.OPERATION.endpoint
CREATE = create_offer.OPERATION.endpoint
CREATE_ACCOUNT = open_account.OPERATION.endpoint
DECLINE = decline_offer.OPERATION.endpoint
ONBOARD = register.OPERATION.endpoint
UPGRADE = upgrade.OPERATION.endpoint


def judged(body: object, *, asked: Endpoint = CREATE, status: int = 400, headers: dict[str, str] | None = None) -> Any:
    """What an answer means."""
    content = body if isinstance(body, str) else json.dumps(body)
    try:
        classify(parse_response(httpx.Response(status, content=content, headers=headers)), asked)
    except CredexError as error:
        return error
    return None


def failed(kind: str = "ERROR_VALIDATION", **details: str) -> dict[str, object]:
    """The newest generation's failure."""
    return {"data": {"action": {"id": None, "type": kind, "details": details}, "dashboard": {}}}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("INSUFFICIENT_SECURED_BALANCE", Refusal.INSUFFICIENT_BALANCE),
        ("DUPLICATE_PHONE", Refusal.DUPLICATE_PHONE),
        ("MISSING_PARAMS", Refusal.VALIDATION),
        ("DAILY_LIMIT", Refusal.DAILY_LIMIT),
        ("TIER_LIMIT_EXCEEDED", Refusal.DAILY_LIMIT),
        ("TIER_TOO_LOW", Refusal.TIER),
        ("SAME_ACCOUNT", Refusal.SAME_ACCOUNT),
        ("DUE_DATE", Refusal.DUE_DATE),
        ("NOT_PENDING", Refusal.NOT_PENDING),
        ("ALREADY_ACCEPTED", Refusal.NOT_PENDING),
        ("NOT_AUTHORIZED", Refusal.NOT_AUTHORISED),
        ("UNAUTHORIZED", Refusal.NOT_AUTHORISED),
    ],
)
def test_a_code_says_why(code: str, expected: Refusal) -> None:
    """Known codes, and their likely spellings."""
    assert judged(failed(code=code)).code is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("The issuer's secured balance is insufficient", Refusal.INSUFFICIENT_BALANCE),
        ("Only 5.00 USD of securable balance, 7.00 USD asked", Refusal.INSUFFICIENT_BALANCE),
        ("Phone number already in use", Refusal.DUPLICATE_PHONE),
        ("Member handle already in use", Refusal.DUPLICATE_PHONE),
        ("This offer is beyond the tier's limit, 3.00 USD remaining", Refusal.DAILY_LIMIT),
        ("Members of tier 1 may not do this", Refusal.TIER),
        ("Issuer and receiver cannot be the same account", Refusal.SAME_ACCOUNT),
        ("A due date must be given", Refusal.DUE_DATE),
        ("Credex has already been accepted", Refusal.NOT_PENDING),
        ("Credex not found or already processed", Refusal.NOT_PENDING),
        ("Failed to accept Credex", Refusal.NOT_AUTHORISED),
        ("Required field missing: InitialAmount", Refusal.VALIDATION),
        ("TypeError: cannot read undefined", Refusal.UNKNOWN),
    ],
)
@pytest.mark.parametrize("place", ["message", "error", "error-object", "reason"])
def test_words_say_why_wherever_they_stand(words: str, expected: Refusal, place: str) -> None:
    """Older cores have no codes, and put their words in different places."""
    bodies: dict[str, object] = {
        "message": {"message": words},
        "error": {"error": words},
        "error-object": {"success": False, "error": {"message": words}},
        "reason": failed("CREDEX_CREATE_FAILED", reason=words),
    }
    error = judged(bodies[place])
    assert (type(error), error.code, error.reason) == (RefusedError, expected, words)


def test_words_are_more_exact_than_a_general_code() -> None:
    """A validation error that speaks of the balance is about the balance."""
    error = judged(failed(code="VALIDATION_ERROR", reason="Insufficient secured balance"))
    assert error.code is Refusal.INSUFFICIENT_BALANCE


@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (403, CREATE, Refusal.NOT_AUTHORISED),
        (409, ACCEPT, Refusal.NOT_PENDING),
        (409, ONBOARD, Refusal.DUPLICATE_PHONE),
        (409, CREATE_ACCOUNT, Refusal.DUPLICATE_HANDLE),
        (409, UPGRADE, Refusal.ALREADY),
        (400, CREATE, Refusal.UNKNOWN),
    ],
)
def test_without_code_and_known_words_the_status_says_why(status: int, asked: Endpoint, expected: Refusal) -> None:
    """Better than nothing."""
    assert judged({"message": "No."}, status=status, asked=asked).code is expected


@pytest.mark.parametrize(
    ("words", "asked", "expected"),
    [
        ("Account handle already in use", CREATE_ACCOUNT, Refusal.DUPLICATE_HANDLE),
        ("Node(7) already exists with property `accountHandle`", CREATE_ACCOUNT, Refusal.DUPLICATE_HANDLE),
        ("Member handle already in use", ONBOARD, Refusal.DUPLICATE_PHONE),
        ("More than one account takes tier 3", CREATE_ACCOUNT, Refusal.TIER),
        ("You can only authorize someone at tier 4 or above", AUTHORISE, Refusal.TIER),
        ("The limit of 5 authorized members is reached", AUTHORISE, Refusal.TOO_MANY),
        ("Only the owner may do this", AUTHORISE, Refusal.NOT_AUTHORISED),
        ("This member has tier 3 already", UPGRADE, Refusal.ALREADY),
        ("Insufficient secured balance", UPGRADE, Refusal.INSUFFICIENT_BALANCE),
    ],
)
def test_words_about_accounts_people_and_tiers_say_why(words: str, asked: Endpoint, expected: Refusal) -> None:
    """A handle that is taken is a phone only for a new member."""
    assert judged({"message": words}, asked=asked).code is expected


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_the_action_type_goes_before_the_status(status: int) -> None:
    """A refusal is one under any status, and a missing member is missing."""
    assert type(judged(failed(reason="No."), status=status)) is RefusedError
    assert type(judged(failed("ERROR_NOT_FOUND", reason="Nobody"), status=status, asked=LOGIN)) is NotFoundError
    assert type(judged(failed("ERROR_INTERNAL", reason="Oops"), status=status)) is ServerError


@pytest.mark.parametrize(
    ("words", "what"),
    [("Member not found", "member"), ("Account not found", "account"), ("Credex not found", "credex")],
)
def test_what_was_not_found_is_named(words: str, what: str) -> None:
    """By core's words, not by what was asked for."""
    assert judged({"message": words}, status=404).what == what


@pytest.mark.parametrize(
    ("words", "maximum"),
    [
        ("Insufficient secured balance: requested 7.00 USD, maximum 1,005.50 USD", "1,005.50 USD"),
        ("Insufficient secured balance, maximum 5.00 USD, requested 7.00 USD", "5.00 USD"),
        ("Insufficient secured balance (5.00 USD available)", "5.00 USD"),
        ("Insufficient secured balance, there are 5.00 USD", "5.00 USD"),
        ("Insufficient secured balance: 5.00 USD, 7.00 CAD", None),
        ("Insufficient secured balance", None),
        ("Insufficient secured balance, maximum 5 dollars", None),
    ],
)
def test_the_most_that_may_be_spent_is_read_from_the_words(words: str, maximum: str | None) -> None:
    """The amount beside such a word, or the only one; never a guess between two."""
    read = judged({"error": words}).maximum
    assert read == (None if maximum is None else Money.displayed(maximum))


def test_the_rest_of_the_limit_is_read_from_the_words() -> None:
    """For a daily limit, and not for a balance."""
    error = judged({"error": "Tier limit reached: 10.00 USD asked for, 3.00 USD remaining"})
    assert (error.remaining, error.maximum) == (Money.displayed("3.00 USD"), None)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), (None, 15), ("Wed, 21 Oct 2026 07:28:00 GMT", 15), ("-1", 15), ("1e9", 15)]
)
def test_a_429_says_for_how_long(header: str | None, seconds: float) -> None:
    """In seconds, or a quarter of core's window."""
    headers = {} if header is None else {"Retry-After": header}
    error = judged("Too many requests", status=429, headers=headers)
    assert (type(error), error.retry_after_s) == (TooManyRequestsError, seconds)


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({"createCredexData": {"credex": {}}, "dashboardData": None}, CREATE),
        ({"acceptCredexData": {"acceptedCredexID": "c"}}, ACCEPT),
        ({"message": "Credex declined successfully", "data": "c"}, DECLINE),
        ({"success": True, "data": None, "message": "done"}, ACCEPT),
        ({"token": "t"}, LOGIN),
        ({"memberDashboard": {}, "token": "t"}, ONBOARD),
        ({"accountID": "a", "message": "made"}, CREATE_ACCOUNT),
        ({"message": "done", "accountID": "a", "memberIdAuthorized": "m"}, AUTHORISE),
    ],
)
def test_an_older_core_s_success_is_success(body: object, asked: Endpoint) -> None:
    """It names no action, and is understood."""
    assert judged(body, asked=asked, status=200) is None


def test_a_2xx_that_says_no_is_a_refusal() -> None:
    """Success false, or an error beside it, is no success."""
    assert type(judged({"success": False, "message": "No."}, status=200)) is ServerError
    assert type(judged({"success": False, "message": "Not authorized"}, status=200)) is RefusedError


def test_another_action_s_success_is_not_this_one_s() -> None:
    """An answer that was meant for something else says nothing about what was asked."""
    body = {"success": True, "data": {"action": {"type": "MEMBER_LOGIN", "details": {}}, "dashboard": {}}}
    assert type(judged(body, status=200)) is NoAnswerError


def test_a_credex_s_state_is_taken_under_any_name() -> None:
    """How the newest core names this action is not known; what is in it is."""
    body = {"data": {"action": {"type": "CREDEX_SHOWN", "details": {"transactionType": "OWES"}}}}
    assert judged(body, asked=GET_CREDEX, status=200) is None


def test_server_text_is_masked_for_logs() -> None:
    """Phone numbers and tokens are struck out, ids stay, and a novel is cut."""
    uuid = "51827649-0e4f-4c63-8812-123456789012"
    said = masked(f"+263771234567 and eyJhbGciOi.eyJzdWIi.c2ln for {uuid}, Bearer abcdef " + "x" * 1000)
    assert said.startswith(f"… and … for {uuid}, Bearer …")
    assert len(said) == 300
