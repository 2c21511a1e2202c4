"""Core's JSON, in the forms of all its generations, to domain values."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.credex import parsing
from service.credex.response import CoreResponse, parse_response
from service.credex.values import CredexKind, LedgerEntry
from service.domain import Account, Dashboard, Denomination, Money, Offer, Person, Recipient, Unsecured


def usd(amount: str) -> Money:
    """An amount in USD."""
    return Money(Decimal(amount), Denomination.USD)


def answer(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> CoreResponse:
    """An answer as it would arrive."""
    content = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return parse_response(httpx.Response(status, content=content, headers=headers))


ACCOUNT: dict[str, Any] = {
    "accountID": "a-1",
    "accountName": "Tariro Moyo Personal",
    "accountHandle": "263771234567",
    "accountType": "PERSONAL",
    "defaultDenom": "USD",
    "isOwnedAccount": True,
    "sendOffersTo": {"memberID": "m-1", "firstname": "Tariro", "lastname": "Moyo"},
    "authFor": [{"memberID": "m-1", "firstname": "Tariro", "lastname": "Moyo"}],
    "balanceData": {
        "securedNetBalancesByDenom": ["12.50 USD", "-1,040.00 ZWG"],
        "unsecuredBalancesInDefaultDenom": {
            "totalPayables": "0.00 USD",
            "totalReceivables": "3.00 USD",
            "netPayRec": "3.00 USD",
        },
        "netCredexAssetsInDefaultDenom": "92.10 USD",
    },
    "pendingInData": [],
    "pendingOutData": [
        {
            "credexID": "c-1",
            "formattedInitialAmount": "2.50 USD",
            "counterpartyAccountName": "Farai Ncube Personal",
            "secured": True,
        },
        {
            "credexID": "c-2",
            "formattedInitialAmount": "1,000.00 ZWG",
            "counterpartyAccountName": "Rudo &lt;Dube&gt;",
            "dueDate": "2026-11-20",
        },
    ],
}

MEMBER: dict[str, Any] = {
    "memberID": "m-1",
    "memberTier": 1,
    "firstname": "Tariro",
    "lastname": "Moyo",
    "memberHandle": "263771234567",
    "defaultDenom": "USD",
    "remainingAvailableUSD": 7.5,
}

EXPECTED = Dashboard(
    member_id="m-1",
    first_name="Tariro",
    last_name="Moyo",
    handle="263771234567",
    tier=1,
    default_denomination=Denomination.USD,
    remaining_today=Decimal("7.5"),
    accounts=(
        Account(
            account_id="a-1",
            name="Tariro Moyo Personal",
            handle="263771234567",
            kind="PERSONAL",
            default_denomination=Denomination.USD,
            owned=True,
            balances=(usd("12.5"), Money(Decimal(-1040), Denomination.ZWG)),
            unsecured=Unsecured(payables=usd("0"), receivables=usd("3"), net=usd("3")),
            net_assets=usd("92.10"),
            outgoing=(
                Offer("c-1", usd("2.5"), "Farai Ncube Personal", secured=True),
                Offer(
                    "c-2",
                    Money(Decimal(1000), Denomination.ZWG),
                    "Rudo <Dube>",
                    secured=False,
                    due=date(2026, 11, 20),
                ),
            ),
            authorised=(Person("m-1", "Tariro Moyo"),),
            send_offers_to=Person("m-1", "Tariro Moyo"),
        ),
    ),
)


def c2() -> dict[str, Any]:
    """The newest generation."""
    return {
        "data": {
            "action": {"type": "MEMBER_LOGIN"},
            "dashboard": {"member": deepcopy(MEMBER), "accounts": [deepcopy(ACCOUNT)]},
        }
    }


def c1() -> dict[str, Any]:
    """Tier and limit beside the member, every account and list in an envelope of its own."""
    account = deepcopy(ACCOUNT)
    account["balanceData"] = {"data": account["balanceData"]}
    account["pendingInData"] = {"data": []}
    account["pendingOutData"] = {"data": account["pendingOutData"]}
    member = {key: value for key, value in MEMBER.items() if key not in {"memberTier", "remainingAvailableUSD"}}
    return {
        "data": {
            "action": {"type": "MEMBER_LOGIN"},
            "dashboard": {
                "member": member,
                "memberTier": {"low": 1, "high": 0},
                "remainingAvailableUSD": 7.5,
                "accounts": [{"success": True, "data": account, "message": "ok"}],
            },
        }
    }


def a() -> dict[str, Any]:
    """The oldest: bare, minus signs, ``{}`` for nothing, names of the notice recipient spread out."""
    account = deepcopy(ACCOUNT)
    del account["sendOffersTo"]
    account |= {"sendOffersToFirstname": "Tariro", "sendOffersToLastname": "Moyo", "sendOffersToMemberID": "m-1"}
    account["pendingInData"] = {}
    for offer in account["pendingOutData"]:
        offer["formattedInitialAmount"] = "-" + offer["formattedInitialAmount"]
    return {"memberDashboard": deepcopy(MEMBER), "accountDashboards": [account, account]}


def b() -> dict[str, Any]:
    """The one between: the oldest's content in envelopes."""
    older = a()
    accounts = [{"success": True, "data": account, "message": "ok"} for account in older["accountDashboards"]]
    member = {"success": True, "data": older["memberDashboard"], "message": "ok"}
    return {"success": True, "data": {"memberDashboard": member, "accountDashboards": accounts}, "message": "ok"}


@pytest.mark.parametrize("generation", [a, b, c1, c2])
def test_every_generation_s_dashboard_reads_the_same(generation: Any) -> None:
    """Four forms, one value."""
    assert parsing.dashboard(answer(generation())) == EXPECTED


@pytest.mark.parametrize(
    "body", [{}, {"data": {}}, {"data": {"dashboard": {}}}, {"data": {"dashboard": None}}, [], "no"]
)
def test_no_dashboard_is_none(body: object) -> None:
    """Core may leave it out of any answer."""
    assert parsing.dashboard(answer(body)) is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (7.5, "7.5"),
        (7.499999999999999, "7.50"),
        (0, "0"),
        (-3, "0"),
        ("7.50", "7.5"),
        ("1,007.50", "1007.5"),
        ({"low": 10, "high": 0}, "10"),
        ({"low": -1, "high": 0}, "4294967295"),
        (None, None),
        (True, None),
        ("Infinity", None),
        ("7e3", None),
        ({"low": "10", "high": 0}, None),
        ([], None),
    ],
)
def test_the_rest_of_a_limit_is_read_from_any_number(sent: object, read: str | None) -> None:
    """Whatever is no number is nothing known."""
    body = c2()
    body["data"]["dashboard"]["member"]["remainingAvailableUSD"] = sent
    dashboard = parsing.dashboard(answer(body))
    assert dashboard is not None
    assert dashboard.remaining_today == (None if read is None else Decimal(read))


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "1e999999999", "9" * 400])
def test_a_number_beyond_reason_is_no_number(literal: str) -> None:
    """It neither fails nor fills the memory."""
    body = json.dumps(c2()).replace("7.5", literal, 1)
    dashboard = parsing.dashboard(answer(body))
    assert dashboard is not None
    assert dashboard.remaining_today is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [(3, 3), (3.0, 3), ({"low": 3, "high": 0}, 3), ("3", 3), (None, None), (2.5, None), (-1, None), ("gold", None)],
)
def test_a_tier_is_a_whole_number_or_nothing(sent: object, read: int | None) -> None:
    """An older core stores it as a fraction, or loses it."""
    body = c2()
    body["data"]["dashboard"]["member"]["memberTier"] = sent
    dashboard = parsing.dashboard(answer(body))
    assert dashboard is not None
    assert dashboard.tier == read


def test_a_repeated_account_is_listed_once() -> None:
    """The first wins."""
    body = c2()
    body["data"]["dashboard"]["accounts"] *= 3
    assert parsing.dashboard(answer(body)) == EXPECTED


@pytest.mark.parametrize(
    "spoil",
    [
        {"accountID": None},
        {"pendingOutData": "many"},
        {"pendingOutData": {"success": False, "message": "failed"}},
        {"pendingInData": [{"credexID": "c-3", "counterpartyAccountName": "x"}]},
        {"pendingInData": [{"credexID": "c-3", "formattedInitialAmount": "2.50"}]},
        {"pendingInData": [{"formattedInitialAmount": "2.50 USD"}]},
        {"balanceData": {"securedNetBalancesByDenom": ["much USD"]}},
    ],
    ids=lambda spoil: str(spoil)[:50],
)
def test_an_account_that_cannot_be_read_whole_counts_as_not_listed(spoil: dict[str, Any]) -> None:
    """An offer that is merely unreadable must not look like one that is absent."""
    body = c2()
    spoiled = deepcopy(ACCOUNT) | {"accountID": "a-2"} | spoil
    body["data"]["dashboard"]["accounts"] += [spoiled]
    assert parsing.dashboard(answer(body)) == EXPECTED
    body["data"]["dashboard"]["accounts"] = [spoiled]
    with pytest.raises(parsing.Unreadable):
        parsing.dashboard(answer(body))


def test_an_unknown_denomination_is_left_out() -> None:
    """A sixth denomination does not lock members out; nothing of ours can be in it."""
    body = c2()
    account = body["data"]["dashboard"]["accounts"][0]
    account["balanceData"]["securedNetBalancesByDenom"].append("5.00 ZAR")
    account["pendingOutData"].append({"credexID": "c-9", "formattedInitialAmount": "5.00 ZAR"})
    assert parsing.dashboard(answer(body)) == EXPECTED


def test_a_dashboard_of_nobody_is_unreadable() -> None:
    """Without the member's id it is nobody's."""
    body = c2()
    del body["data"]["dashboard"]["member"]["memberID"]
    with pytest.raises(parsing.Unreadable):
        parsing.dashboard(answer(body))


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"action": {"type": "ACCOUNT_FOUND", "details": {"accountID": "a-2", "accountName": "Farai"}}}},
        {"accountData": {"accountID": "a-2", "accountName": "Farai"}},
        {"success": True, "data": {"accountID": "a-2", "accountName": "Farai"}, "message": "ok"},
        {"success": True, "data": {"accountData": {"accountID": "a-2", "accountName": "Farai"}}, "message": "ok"},
    ],
)
def test_every_generation_s_account_reads_the_same(body: object) -> None:
    """The typed handle is kept where core does not repeat it."""
    assert parsing.recipient(answer(body), "farai") == Recipient("a-2", "Farai", "farai")


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"action": {"type": "MEMBER_FOUND", "details": {"memberID": "m-2", "memberName": "Farai Ncube"}}}},
        {
            "data": {
                "action": {
                    "type": "MEMBER_FOUND",
                    "details": {"memberID": "m-2", "firstname": "Farai", "lastname": "Ncube"},
                }
            }
        },
        {"data": {"action": {"details": {"memberData": {"memberID": "m-2", "memberName": "Farai Ncube"}}}}},
        {"memberData": {"memberID": "m-2", "memberName": "Farai Ncube"}},
        {"success": True, "data": {"memberData": {"memberID": "m-2", "memberName": "Farai Ncube"}}, "message": "found"},
    ],
)
def test_every_generation_s_member_reads_the_same(body: object) -> None:
    """By id and name."""
    assert parsing.member(answer(body)) == Person("m-2", "Farai Ncube")


@pytest.mark.parametrize(
    "found", [{}, {"memberName": "Farai"}, {"memberID": "m-2"}, {"memberID": 2, "memberName": "F"}]
)
def test_a_member_without_id_or_name_cannot_be_read(found: object) -> None:
    """Nobody is shown for confirmation without a name."""
    with pytest.raises(parsing.Unreadable):
        parsing.member(answer({"memberData": found}))


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"action": {"id": "c-1", "type": "CREDEX_CREATED", "details": {}}}},
        {"data": {"action": {"id": None, "type": "CREDEX_CREATED", "details": {"credexID": "c-1"}}}},
        {"createCredexData": {"credex": {"credexID": "c-1"}, "message": "made"}},
        {"success": True, "data": {"createCredexData": {"credex": {"credexID": "c-1"}}}, "message": "made"},
    ],
)
def test_every_generation_names_the_new_credex(body: object) -> None:
    """Its id is needed to tell it from all others."""
    assert parsing.created_id(answer(body)) == "c-1"


@pytest.mark.parametrize("wrap", ["details", "credex-in-details", "a", "b"])
def test_every_generation_s_credex_reads_the_same(wrap: str) -> None:
    """Seen from the issuer amounts are negative, and zeros are minus zero."""
    found = {
        "credexID": "c-1",
        "transactionType": "CLEARED",
        "debit": True,
        "counterpartyAccountName": "Farai",
        "securerID": "s-1",
        "dueDate": None,
        "formattedInitialAmount": "-2.50 USD",
        "formattedOutstandingAmount": "-0.00 USD",
    }
    bodies: dict[str, object] = {
        "details": {"data": {"action": {"type": "X", "details": found}}},
        "credex-in-details": {"data": {"action": {"type": "X", "details": {"credexData": found}}}},
        "a": {"credexData": found, "clearedAgainstData": []},
        "b": {"success": True, "data": {"credexData": found}, "message": "ok"},
    }
    state = parsing.state(answer(bodies[wrap]), "c-1")
    assert (state.kind, state.outgoing, state.secured) == (CredexKind.CLEARED, True, True)
    assert (state.amount, state.outstanding) == (usd("2.5"), usd("0"))
    with pytest.raises(parsing.Unreadable):
        parsing.state(answer(bodies[wrap]), "c-2")


@pytest.mark.parametrize("kind", ["EXPIRED", "", None, 5])
def test_an_unknown_state_is_unreadable(kind: object) -> None:
    """Nothing is guessed about money."""
    with pytest.raises(parsing.Unreadable):
        parsing.state(answer({"credexData": {"credexID": "c-1", "transactionType": kind}}), "c-1")


def test_a_ledger_reads_from_both_generations_that_give_one() -> None:
    """The newest says when and whether there is more, the oldest neither."""
    row = {"formattedAmount": "-2.50 USD", "counterpartyAccountName": "Farai", "timestamp": "2026-11-02T08:00:00.000Z"}
    newest = {
        "data": {
            "action": {"type": "LEDGER_RETRIEVED", "details": {"ledger": [row]}},
            "dashboard": {"pagination": {"hasMore": True}},
        }
    }
    expected = LedgerEntry(usd("-2.5"), "Farai", at_ms=1_793_606_400_000)
    assert parsing.ledger(answer(newest), page_size=7) == ([expected], True)
    oldest = [{"credexID": "c-1", "formattedInitialAmount": "-2.50 USD", "counterpartyAccountName": "Farai"}]
    assert parsing.ledger(answer(oldest), page_size=7) == ([LedgerEntry(usd("-2.5"), "Farai", credex_id="c-1")], False)
    assert parsing.ledger(answer(oldest), page_size=1)[1] is True


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"action": {"details": {"token": "t"}}}},
        {"token": "t"},
        {"success": True, "data": {"token": "t", "memberID": "m"}, "message": "ok"},
    ],
)
def test_every_generation_s_token_is_found(body: object) -> None:
    """In the body first, for a login's is the newest there is."""
    assert answer(body, headers={"Authorization": "Bearer older"}).token == "t"
    assert answer({}, headers={"Authorization": "bearer older"}).token == "older"


def test_nothing_of_an_answer_shows_in_its_repr() -> None:
    """Answers hold tokens and phone numbers, and land in tracebacks."""
    shown = repr(answer({"token": "secret"}, headers={"Authorization": "Bearer secret"}))
    assert "secret" not in shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "success", "low", "high", "credexID", "member", "accounts", "memberID", "accountID", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    path=st.sampled_from(["data", "dashboard", "member", "accounts", "account", *ACCOUNT, *MEMBER]), value=json_values
)
def test_no_json_breaks_the_reader(*, path: str, value: object) -> None:
    """Anything anywhere is read, left out, or unreadable: never another error."""
    body = c2()
    dashboard = body["data"]["dashboard"]
    match path:
        case "data":
            body["data"] = value
        case "dashboard":
            body["data"]["dashboard"] = value
        case "member" | "accounts":
            dashboard[path] = value
        case "account":
            dashboard["accounts"] = [value]
        case _ if path in ACCOUNT:
            dashboard["accounts"][0][path] = value
        case _:
            dashboard["member"][path] = value
    for read in (
        parsing.dashboard,
        lambda one: parsing.state(one, "c"),
        lambda one: parsing.recipient(one, "h"),
        parsing.member,
    ):
        try:
            read(answer(body))
        except parsing.Unreadable:
            continue


@given(content=st.binary(max_size=200) | st.text(max_size=50).map(lambda deep: "[" * 5000 + deep))
def test_no_content_breaks_the_parser(content: bytes | str) -> None:
    """What is no JSON object is an empty one."""
    assert answer(content).data == {}
