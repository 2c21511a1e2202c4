"""Every endpoint in every situation that the wire contract names: its status, its action, its code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from simulator.credex_core import ENDPOINTS, State
from tests.contract.credex_scene import NOBODY, RUDO, STRANGER, TODAY, Scene
from tests.credex_world import FARAI, TARIRO, usd

Body = Callable[[Scene], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """A situation, and what core answers in it."""

    endpoint: str
    situation: str
    who: str
    body: Body
    status: int
    kind: str
    code: str = ""


def no(
    endpoint: str, situation: str, who: str, body: Body, status: int, code: str, kind: str = "ERROR_VALIDATION"
) -> Row:
    """A refusal."""
    return Row(endpoint, situation, who, body, status, kind, code)


def due(days: int) -> str:
    """A date so many days from today."""
    return (TODAY + timedelta(days=days)).isoformat()


def ended(how: str) -> Body:
    """The id of an offer that has ended like this."""
    return lambda scene: {"credexID": scene.ended(how)}


JOINING = {"firstname": "Nyasha", "lastname": "Banda", "phone": STRANGER, "defaultDenom": "USD"}
FAILED = "CREDEX_CREATE_FAILED"
MISSING = "ERROR_NOT_FOUND"

ROWS = (
    Row("login", "a member", "", lambda _: {"phone": TARIRO}, 200, "MEMBER_LOGIN"),
    Row("login", "signs in the number", "", lambda _: {"phone": "+263 77 123-4567"}, 200, "MEMBER_LOGIN"),
    no("login", "unknown phone", "", lambda _: {"phone": STRANGER}, 404, "NOT_FOUND", MISSING),
    no("login", "no phone", "", lambda _: {}, 400, "MISSING_PARAMS"),
    no("login", "local number", "", lambda _: {"phone": "0771234567"}, 400, "VALIDATION_ERROR"),
    no("login", "16 digits", "", lambda _: {"phone": "2637712345678901"}, 400, "VALIDATION_ERROR"),
    no("login", "a number that is no text", "", lambda _: {"phone": 263771234567}, 400, "VALIDATION_ERROR"),
    Row("onboardMember", "somebody new", "", lambda _: JOINING, 201, "MEMBER_ONBOARDED"),
    no("onboardMember", "known phone", "", lambda _: JOINING | {"phone": TARIRO}, 409, "DUPLICATE_PHONE"),
    no("onboardMember", "two letters", "", lambda _: JOINING | {"firstname": "Al"}, 400, "VALIDATION_ERROR"),
    no("onboardMember", "two are left", "", lambda _: JOINING | {"firstname": "Zoë"}, 400, "VALIDATION_ERROR"),
    no("onboardMember", "51 letters", "", lambda _: JOINING | {"lastname": "a" * 51}, 400, "VALIDATION_ERROR"),
    no("onboardMember", "no last name", "", lambda _: JOINING | {"lastname": ""}, 400, "MISSING_PARAMS"),
    no("onboardMember", "unknown currency", "", lambda _: JOINING | {"defaultDenom": "GBP"}, 400, "VALIDATION_ERROR"),
    Row("getAccountByHandle", "an account", FARAI, lambda _: {"accountHandle": "moyo_shop"}, 200, "ACCOUNT_FOUND"),
    Row("getAccountByHandle", "capitals", FARAI, lambda _: {"accountHandle": "Moyo_Shop"}, 200, "ACCOUNT_FOUND"),
    no("getAccountByHandle", "nobody's", FARAI, lambda _: {"accountHandle": "nobody"}, 404, "NOT_FOUND", MISSING),
    no("getAccountByHandle", "a dot", FARAI, lambda _: {"accountHandle": "moyo.shop"}, 400, "VALIDATION_ERROR"),
    no("getAccountByHandle", "two letters", FARAI, lambda _: {"accountHandle": "mo"}, 400, "VALIDATION_ERROR"),
    no("getAccountByHandle", "none", FARAI, lambda _: {}, 400, "MISSING_PARAMS"),
    Row("getMemberByHandle", "a member", FARAI, lambda _: {"memberHandle": TARIRO}, 200, "MEMBER_FOUND"),
    no("getMemberByHandle", "an account's", FARAI, lambda _: {"memberHandle": "moyo_shop"}, 404, "NOT_FOUND", MISSING),
    Row("createCredex", "secured", FARAI, lambda s: s.offer(), 200, "CREDEX_CREATED"),
    Row("createCredex", "a number", FARAI, lambda s: s.offer(InitialAmount=1.5), 200, "CREDEX_CREATED"),
    Row("createCredex", "the exact balance", FARAI, lambda s: s.offer(InitialAmount="4"), 200, "CREDEX_CREATED"),
    Row(
        "createCredex",
        "for an account one acts for",
        RUDO,
        lambda s: s.offer(issuerAccountID=s.shop.account_id, securedCredex=False, dueDate=due(7)),
        200,
        "CREDEX_CREATED",
    ),
    no(
        "createCredex",
        "beyond the balance",
        FARAI,
        lambda s: s.offer(InitialAmount="4.01"),
        400,
        "INSUFFICIENT_SECURED_BALANCE",
    ),
    no(
        "createCredex",
        "another currency's balance",
        FARAI,
        lambda s: s.offer(Denomination="CAD"),
        400,
        "INSUFFICIENT_SECURED_BALANCE",
    ),
    no("createCredex", "beyond the day's limit", FARAI, lambda s: s.spent(usd("9")), 403, "DAILY_LIMIT", FAILED),
    no(
        "createCredex",
        "unsecured at tier 1",
        FARAI,
        lambda s: s.offer(securedCredex=False, dueDate=due(7)),
        403,
        "TIER_TOO_LOW",
        FAILED,
    ),
    no(
        "createCredex",
        "to itself",
        FARAI,
        lambda s: s.offer(receiverAccountID=s.account(FARAI)),
        400,
        "SAME_ACCOUNT",
        FAILED,
    ),
    no(
        "createCredex",
        "from nobody's account",
        FARAI,
        lambda s: s.offer(issuerAccountID=NOBODY),
        404,
        "NOT_FOUND",
        MISSING,
    ),
    no(
        "createCredex",
        "to nobody's account",
        FARAI,
        lambda s: s.offer(receiverAccountID=NOBODY),
        404,
        "NOT_FOUND",
        MISSING,
    ),
    no("createCredex", "from another's account", RUDO, lambda s: s.offer(), 403, "NOT_AUTHORIZED"),
    no(
        "createCredex",
        "a date too soon",
        RUDO,
        lambda s: s.offer(issuerAccountID=s.account(RUDO), securedCredex=False, dueDate=due(6)),
        400,
        "DUE_DATE",
    ),
    Row(
        "createCredex",
        "the last date",
        RUDO,
        lambda s: s.offer(issuerAccountID=s.account(RUDO), securedCredex=False, dueDate=due(34)),
        200,
        "CREDEX_CREATED",
    ),
    no(
        "createCredex",
        "a date too late",
        RUDO,
        lambda s: s.offer(issuerAccountID=s.account(RUDO), securedCredex=False, dueDate=due(35)),
        400,
        "DUE_DATE",
    ),
    no("createCredex", "unsecured, no date", RUDO, lambda s: s.offer(securedCredex=False), 400, "MISSING_PARAMS"),
    no("createCredex", "secured, a date", FARAI, lambda s: s.offer(dueDate=due(7)), 400, "DUE_DATE"),
    no("createCredex", "a request", FARAI, lambda s: s.offer(OFFERSorREQUESTS="REQUESTS"), 400, "VALIDATION_ERROR"),
    no("createCredex", "nothing", FARAI, lambda s: s.offer(InitialAmount="0"), 400, "VALIDATION_ERROR"),
    no("createCredex", "infinity", FARAI, lambda s: s.offer(InitialAmount="Infinity"), 400, "VALIDATION_ERROR"),
    no("createCredex", "no amount", FARAI, lambda s: s.offer(InitialAmount=None), 400, "MISSING_PARAMS"),
    Row("acceptCredex", "pending", FARAI, lambda s: {"credexID": s.incoming}, 200, "CREDEX_ACCEPTED"),
    no("acceptCredex", "one's own offer", FARAI, lambda s: {"credexID": s.outgoing}, 403, "NOT_AUTHORIZED"),
    no("acceptCredex", "unknown", FARAI, lambda _: {"credexID": NOBODY}, 404, "NOT_FOUND", MISSING),
    no("acceptCredex", "no id", FARAI, lambda _: {"credexID": "x"}, 400, "VALIDATION_ERROR"),
    Row("declineCredex", "pending", FARAI, lambda s: {"credexID": s.incoming}, 200, "CREDEX_DECLINED"),
    no("declineCredex", "one's own offer", FARAI, lambda s: {"credexID": s.outgoing}, 403, "NOT_AUTHORIZED"),
    no("declineCredex", "unknown", FARAI, lambda _: {"credexID": NOBODY}, 404, "NOT_FOUND", MISSING),
    Row("cancelCredex", "pending", FARAI, lambda s: {"credexID": s.outgoing}, 200, "CREDEX_CANCELLED"),
    no("cancelCredex", "another's offer", FARAI, lambda s: {"credexID": s.incoming}, 403, "NOT_AUTHORIZED"),
    no("cancelCredex", "unknown", FARAI, lambda _: {"credexID": NOBODY}, 404, "NOT_FOUND", MISSING),
    *(
        no(
            endpoint,
            how,
            FARAI if endpoint != "cancelCredex" else TARIRO,
            ended(how),
            409,
            "ALREADY_ACCEPTED" if how == "accept" else "NOT_PENDING",
        )
        for endpoint in ("acceptCredex", "declineCredex", "cancelCredex")
        for how in ("accept", "decline", "cancel")
    ),
    *(
        no(
            endpoint,
            "expired",
            FARAI if endpoint != "cancelCredex" else TARIRO,
            ended("expired"),
            404,
            "NOT_FOUND",
            MISSING,
        )
        for endpoint in ("acceptCredex", "declineCredex", "cancelCredex")
    ),
    Row(
        "getCredex",
        "a party to it",
        FARAI,
        lambda s: {"credexID": s.incoming, "accountID": s.account(FARAI)},
        200,
        "CREDEX_RETRIEVED",
    ),
    no(
        "getCredex",
        "another's account",
        FARAI,
        lambda s: {"credexID": s.incoming, "accountID": s.account(TARIRO)},
        403,
        "NOT_AUTHORIZED",
    ),
    no(
        "getCredex",
        "no party to it",
        RUDO,
        lambda s: {"credexID": s.incoming, "accountID": s.account(RUDO)},
        404,
        "NOT_FOUND",
        MISSING,
    ),
    no(
        "getCredex",
        "expired",
        FARAI,
        lambda s: {"credexID": s.ended("expired"), "accountID": s.account(FARAI)},
        404,
        "NOT_FOUND",
        MISSING,
    ),
    no("getCredex", "no account", FARAI, lambda s: {"credexID": s.incoming}, 400, "MISSING_PARAMS"),
    Row("getLedger", "one's own", FARAI, lambda s: {"accountID": s.account(FARAI)}, 200, "LEDGER_RETRIEVED"),
    Row(
        "getLedger",
        "past the end",
        FARAI,
        lambda s: {"accountID": s.account(FARAI), "startRow": 99},
        200,
        "LEDGER_RETRIEVED",
    ),
    no("getLedger", "another's", FARAI, lambda s: {"accountID": s.account(TARIRO)}, 403, "NOT_AUTHORIZED"),
    no("getLedger", "unknown account", FARAI, lambda _: {"accountID": NOBODY}, 404, "NOT_FOUND", MISSING),
    no("getLedger", "no rows", FARAI, lambda s: {"accountID": s.account(FARAI), "numRows": 0}, 400, "VALIDATION_ERROR"),
    no(
        "getLedger",
        "a row below zero",
        FARAI,
        lambda s: {"accountID": s.account(FARAI), "startRow": -1},
        400,
        "VALIDATION_ERROR",
    ),
    Row(
        "hustler10k",
        "for a dollar",
        FARAI,
        lambda s: {"personalAccountID": s.account(FARAI)},
        200,
        "HUSTLER_10K_ENROLLED",
    ),
    no(
        "hustler10k",
        "without a dollar",
        RUDO,
        lambda s: {"personalAccountID": s.account(RUDO)},
        400,
        "INSUFFICIENT_SECURED_BALANCE",
    ),
    no(
        "hustler10k",
        "tier 5",
        TARIRO,
        lambda s: {"personalAccountID": s.account(TARIRO)},
        409,
        "ALREADY_ENROLLED",
        "ERROR",
    ),
    no(
        "hustler10k",
        "from the shop",
        TARIRO,
        lambda s: {"personalAccountID": s.shop.account_id},
        400,
        "VALIDATION_ERROR",
    ),
    no("hustler10k", "another's", RUDO, lambda s: {"personalAccountID": s.account(FARAI)}, 403, "NOT_AUTHORIZED"),
)

SHOP = {"accountType": "BUSINESS", "accountName": "Second Shop", "accountHandle": "second_shop", "defaultDenom": "USD"}


def acts(scene: Scene, **body: Any) -> dict[str, Any]:
    """Something about the shop."""
    return {"accountID": scene.shop.account_id, **body}


MANAGING = (
    Row("createAccount", "tier 5", TARIRO, lambda _: SHOP, 201, "ACCOUNT_CREATED"),
    no("createAccount", "tier 2", RUDO, lambda _: SHOP, 403, "TIER_TOO_LOW"),
    no("createAccount", "handle taken", TARIRO, lambda _: SHOP | {"accountHandle": FARAI}, 409, "DUPLICATE_HANDLE"),
    no("createAccount", "a trust", TARIRO, lambda _: SHOP | {"accountType": "TRUST"}, 400, "VALIDATION_ERROR"),
    no("createAccount", "no name", TARIRO, lambda _: SHOP | {"accountName": ""}, 400, "MISSING_PARAMS"),
    Row(
        "authorizeForAccount",
        "somebody",
        TARIRO,
        lambda s: acts(s, memberHandleToBeAuthorized=FARAI),
        200,
        "MEMBER_AUTHORIZED",
    ),
    Row(
        "authorizeForAccount",
        "again",
        TARIRO,
        lambda s: acts(s, memberHandleToBeAuthorized=RUDO),
        200,
        "MEMBER_AUTHORIZED",
    ),
    no("authorizeForAccount", "a sixth", TARIRO, lambda s: s.full(), 400, "LIMIT_REACHED"),
    no(
        "authorizeForAccount",
        "tier 1",
        FARAI,
        lambda s: {"accountID": s.account(FARAI), "memberHandleToBeAuthorized": RUDO},
        403,
        "TIER_TOO_LOW",
    ),
    no(
        "authorizeForAccount",
        "not the owner",
        RUDO,
        lambda s: acts(s, memberHandleToBeAuthorized=FARAI),
        403,
        "NOT_AUTHORIZED",
    ),
    no(
        "authorizeForAccount",
        "nobody",
        TARIRO,
        lambda s: acts(s, memberHandleToBeAuthorized="nobody"),
        404,
        "NOT_FOUND",
        MISSING,
    ),
    Row(
        "unauthorizeForAccount",
        "somebody",
        TARIRO,
        lambda s: acts(s, memberIDtoBeUnauthorized=s.rudo.member_id),
        200,
        "MEMBER_UNAUTHORIZED",
    ),
    no(
        "unauthorizeForAccount",
        "the owner",
        TARIRO,
        lambda s: acts(s, memberIDtoBeUnauthorized=s.tariro.member_id),
        400,
        "OWNER_STAYS",
    ),
    no(
        "unauthorizeForAccount",
        "who never could",
        TARIRO,
        lambda s: acts(s, memberIDtoBeUnauthorized=s.farai.member_id),
        404,
        "NOT_FOUND",
        MISSING,
    ),
    no(
        "unauthorizeForAccount",
        "nobody",
        TARIRO,
        lambda s: acts(s, memberIDtoBeUnauthorized=NOBODY),
        404,
        "NOT_FOUND",
        MISSING,
    ),
    no(
        "unauthorizeForAccount",
        "not the owner",
        RUDO,
        lambda s: acts(s, memberIDtoBeUnauthorized=s.tariro.member_id),
        403,
        "NOT_AUTHORIZED",
    ),
    Row(
        "updateSendOffersTo",
        "who acts for it",
        TARIRO,
        lambda s: acts(s, memberIDtoSendOffers=s.rudo.member_id),
        200,
        "SEND_OFFERS_TO_UPDATED",
    ),
    no(
        "updateSendOffersTo",
        "who does not",
        TARIRO,
        lambda s: acts(s, memberIDtoSendOffers=s.farai.member_id),
        403,
        "NOT_AUTHORIZED",
    ),
    no(
        "updateSendOffersTo",
        "not the owner",
        RUDO,
        lambda s: acts(s, memberIDtoSendOffers=s.rudo.member_id),
        403,
        "NOT_AUTHORIZED",
    ),
)

TABLE = ROWS + MANAGING


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.endpoint}: {row.situation}")
async def test_core_answers_as_the_contract_says(row: Row) -> None:
    """Status, kind of action and code; a refusal changes nothing and names no action; the books balance."""
    scene = Scene()
    body = row.body(scene)
    before = json.dumps(scene.core.dump(), sort_keys=True)

    answer = await scene.ask(row.who, row.endpoint, body)

    action = answer.json()["data"]["action"]
    assert (answer.status_code, action["type"], action["details"].get("code", "")) == (row.status, row.kind, row.code)
    if row.code:
        assert (json.dumps(scene.core.dump(), sort_keys=True), action["id"]) == (before, None)
    scene.core.check_conserved()


@pytest.mark.parametrize("endpoint", [name for name, one in ENDPOINTS.items() if one.authenticated])
async def test_no_endpoint_but_two_answers_without_a_token(endpoint: str) -> None:
    """Login and onboarding are open; nothing else says a word to strangers."""
    answer = await Scene().ask("", endpoint, {})
    assert (answer.status_code, answer.json()) == (401, {"message": "Authentication required"})


def test_every_endpoint_is_in_the_table_with_success_and_refusal() -> None:
    """None was forgotten."""
    assert {row.endpoint for row in TABLE if not row.code} == set(ENDPOINTS)
    assert {row.endpoint for row in TABLE if row.code} == set(ENDPOINTS)


def test_a_day_can_be_brought_forward() -> None:
    """As the real core's forced daily job does: limits are new, and what nobody took is gone at the third midnight."""
    scene = Scene()
    scene.core.advance(2)
    assert scene.core.ledger.credexes[scene.incoming].state is State.OFFERS
    assert scene.core.ledger.today == TODAY + timedelta(days=2)
    scene.core.advance()
    assert scene.core.offers() == []
    assert scene.core.balance(TARIRO) == usd("50")


def test_secured_money_is_given_as_an_offer() -> None:
    """It counts once it is accepted."""
    scene = Scene()
    given = scene.core.gimme_secured(RUDO, usd("7"))
    assert scene.core.balance(RUDO) == usd("0")
    scene.core.accept(given)
    assert scene.core.balance(RUDO) == usd("7")
    scene.core.check_conserved()


async def test_a_promise_without_backing_is_in_default_when_its_day_has_passed() -> None:
    """All that is outstanding then counts as defaulted."""
    scene = Scene()
    credex = scene.core.owe(FARAI, TARIRO, usd("3"), due=TODAY + timedelta(days=7))
    body = {"accountID": scene.account(FARAI), "credexID": credex.credex_id}
    shown = []
    for days in (7, 1):
        scene.core.advance(days)
        answer = await scene.ask(FARAI, "getCredex", body)
        shown.append(answer.json()["data"]["action"]["details"]["formattedDefaultedAmount"])
    assert shown == ["0.00 USD", "-3.00 USD"]
