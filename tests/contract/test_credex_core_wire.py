"""The simulated core over HTTP: who may call, how often, and with what status it answers."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulator.credex_core import (
    API_KEY,
    ENDPOINTS,
    Body,
    Core,
    Endpoint,
    Member,
    RefusalError,
    Reply,
    RequestContext,
    asgi_app,
)
from tests.credex_world import FARAI, START_MS, TARIRO, usd

KEY = {"x-client-api-key": API_KEY}


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at_ms = START_MS

    def now_ms(self) -> int:
        """What it was set to."""
        return self.at_ms


@pytest.fixture
def clock() -> Hands:
    """The time of the test."""
    return Hands()


@pytest.fixture
def core(clock: Hands) -> Core:
    """Two members, of whom one has 12.50 USD."""
    core = Core(clock_ms=clock.now_ms, rng=random.Random(1))
    core.add_member(TARIRO, "Tariro", "Moyo")
    core.add_member(FARAI, "Farai", "Ncube")
    core.fund(TARIRO, usd("12.50"))
    return core


@pytest.fixture
async def http(core: Core) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=asgi_app(core)), base_url="http://core.test"
    ) as client:
        yield client


async def token(http: httpx.AsyncClient, phone: str = TARIRO) -> str:
    """A fresh login's token."""
    answer = await http.post("/v1/login", json={"phone": phone}, headers=KEY)
    return str(answer.json()["data"]["action"]["details"]["token"])


async def ask(http: httpx.AsyncClient, endpoint: str, bearer: str, **body: Any) -> httpx.Response:
    """One call with a token."""
    return await http.post(f"/v1/{endpoint}", json=body, headers=KEY | {"Authorization": f"Bearer {bearer}"})


async def test_health_needs_nothing(http: httpx.AsyncClient) -> None:
    """No prefix, no key."""
    answer = await http.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


@pytest.mark.parametrize("key", [{}, {"x-client-api-key": "wrong"}])
async def test_every_call_needs_the_api_key(http: httpx.AsyncClient, core: Core, key: dict[str, str]) -> None:
    """Without it 401, and the call is written down all the same."""
    answer = await http.post("/v1/login", json={"phone": TARIRO}, headers=key)
    assert answer.status_code == 401
    assert [(c.endpoint, c.phone, c.at_ms, c.status) for c in core.calls] == [("login", TARIRO, START_MS, 401)]


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}])
async def test_most_calls_need_a_token(http: httpx.AsyncClient, given: dict[str, str]) -> None:
    """Only login and onboarding do without."""
    answer = await http.post("/v1/getAccountByHandle", json={"accountHandle": FARAI}, headers=KEY | given)
    assert answer.status_code == 401


async def test_a_token_slides_by_five_minutes_and_the_old_one_keeps_its_own(
    http: httpx.AsyncClient, clock: Hands
) -> None:
    """Each answer brings a newer token in its header."""
    first = await token(http)
    clock.at_ms += 200_000
    answer = await ask(http, "getAccountByHandle", first, accountHandle=FARAI)
    second = answer.headers["Authorization"].removeprefix("Bearer ")
    clock.at_ms += 100_000
    assert (await ask(http, "getAccountByHandle", first, accountHandle=FARAI)).status_code == 200
    clock.at_ms += 1
    assert (await ask(http, "getAccountByHandle", first, accountHandle=FARAI)).status_code == 401
    clock.at_ms += 199_999
    assert (await ask(http, "getAccountByHandle", second, accountHandle=FARAI)).status_code == 200


async def test_a_login_ends_after_six_hours_however_busy(http: httpx.AsyncClient, clock: Hands) -> None:
    """Renewal does not move that end."""
    bearer = await token(http)
    statuses = []
    for _ in range(6 * 15 + 1):
        clock.at_ms += 240_000
        answer = await ask(http, "getAccountByHandle", bearer, accountHandle=FARAI)
        statuses.append(answer.status_code)
        bearer = answer.headers.get("Authorization", "").removeprefix("Bearer ")
    assert statuses == [200] * 90 + [401]


@pytest.mark.parametrize(
    ("content", "status"), [(b"{", 400), (b"[]", 400), (b'"x"', 400), (b"", 400), (b"[" * 100_000, 400)]
)
async def test_a_body_that_is_no_object_is_refused(http: httpx.AsyncClient, content: bytes, status: int) -> None:
    """Nothing breaks."""
    answer = await http.post("/v1/login", content=content, headers=KEY | {"Content-Type": "application/json"})
    assert answer.status_code == status


async def test_a_body_of_another_type_is_not_read(http: httpx.AsyncClient) -> None:
    """It counts as empty: the phone is missing."""
    answer = await http.post("/v1/login", content=f'{{"phone": "{TARIRO}"}}', headers=KEY)
    details = answer.json()["data"]["action"]["details"]
    assert (answer.status_code, details["code"], details["field"]) == (400, "MISSING_PARAMS", "phone")


async def test_an_unknown_path_is_404_in_another_form(http: httpx.AsyncClient) -> None:
    """It is no missing member."""
    answer = await http.post("/v1/nothing", json={}, headers=KEY)
    assert (answer.status_code, answer.json()["status"]) == (404, "error")


async def test_the_limiter_answers_in_html(http: httpx.AsyncClient, core: Core, clock: Hands) -> None:
    """From one call too many until its window ends."""
    core.rate_limit = 2
    statuses = [(await http.post("/v1/login", json={"phone": TARIRO}, headers=KEY)).status_code for _ in range(2)]
    clock.at_ms += 20_500
    refused = await http.post("/v1/login", json={"phone": TARIRO}, headers=KEY)
    assert [*statuses, refused.status_code] == [200, 200, 429]
    assert refused.headers["Content-Type"].startswith("text/html")
    assert refused.headers["Retry-After"] == "40"
    clock.at_ms += 39_500
    assert (await http.post("/v1/login", json={"phone": TARIRO}, headers=KEY)).status_code == 200


async def test_onboarding_is_201_and_a_duplicate_409(http: httpx.AsyncClient) -> None:
    """With the envelope of each."""
    body = {"firstname": "Rudo", "lastname": "O'Dube", "phone": "+263 773 456 789", "defaultDenom": "zwg"}
    made = await http.post("/v1/onboardMember", json=body, headers=KEY)
    again = await http.post("/v1/onboardMember", json=body, headers=KEY)
    assert (made.status_code, again.status_code) == (201, 409)
    assert made.json()["data"]["dashboard"]["member"]["lastname"] == "ODube"
    assert made.json()["data"]["dashboard"]["accounts"][0]["accountHandle"] == "263773456789"
    assert again.json()["data"]["action"]["details"]["code"] == "DUPLICATE_PHONE"
    assert again.json()["data"]["action"]["id"] is None


async def test_a_stranger_sees_nothing_of_an_account(http: httpx.AsyncClient, core: Core) -> None:
    """Ledger, credex and upgrade take authority over the account."""
    bearer = await token(http, FARAI)
    account = core.account(TARIRO).account_id
    credex = core.credexes()[0].credex_id
    answers = [
        await ask(http, "getLedger", bearer, accountID=account),
        await ask(http, "getCredex", bearer, accountID=account, credexID=credex),
        await ask(http, "hustler10k", bearer, personalAccountID=account),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]


async def test_the_ledger_is_paged_from_the_oldest(http: httpx.AsyncClient, core: Core) -> None:
    """Only what was accepted, and whether there is more."""
    for number in range(1, 4):
        core.fund(FARAI, usd(str(number)))
    core.offer(TARIRO, FARAI, usd("9"))
    bearer, account = await token(http, FARAI), core.account(FARAI).account_id
    page = (await ask(http, "getLedger", bearer, accountID=account, startRow=1, numRows=1)).json()["data"]
    assert [row["formattedAmount"] for row in page["action"]["details"]["ledger"]] == ["2.00 USD"]
    assert page["dashboard"]["pagination"] == {"hasMore": True}
    last = (await ask(http, "getLedger", bearer, accountID=account, startRow=3)).json()["data"]
    assert (last["action"]["details"]["ledger"], last["dashboard"]["pagination"]) == ([], {"hasMore": False})


async def test_a_member_is_found_by_handle(http: httpx.AsyncClient) -> None:
    """By name and id, nothing more."""
    bearer = await token(http)
    found = (await ask(http, "getMemberByHandle", bearer, memberHandle=FARAI)).json()["data"]["action"]["details"]
    missing = await ask(http, "getMemberByHandle", bearer, memberHandle="nobody")
    assert (set(found), found["memberName"]) == ({"memberID", "memberName"}, "Farai Ncube")
    assert missing.status_code == 404


async def test_the_upgrade_says_both_tiers(http: httpx.AsyncClient, core: Core) -> None:
    """And refuses in its own form the second time."""
    bearer, account = await token(http), core.account(TARIRO).account_id
    first = (await ask(http, "hustler10k", bearer, personalAccountID=account)).json()["data"]["action"]
    again = await ask(http, "hustler10k", bearer, personalAccountID=account)
    assert (first["type"], first["details"]) == ("HUSTLER_10K_ENROLLED", {"previousTier": 1, "newTier": 3})
    assert (again.json()["data"]["action"]["type"], again.status_code) == ("ERROR", 409)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuerAccountID": "not-an-id"}, "issuerAccountID"),
        ({"receiverAccountID": None}, "receiverAccountID"),
        ({"Denomination": "GBP"}, "Denomination"),
        ({"InitialAmount": "-1"}, "InitialAmount"),
        ({"credexType": "LOAN"}, "credexType"),
        ({"OFFERSorREQUESTS": "REQUESTS"}, "OFFERSorREQUESTS"),
        ({"securedCredex": "false"}, "securedCredex"),
        ({"dueDate": "2026-11-20"}, "dueDate"),
    ],
)
async def test_a_bad_field_of_an_offer_is_named(
    http: httpx.AsyncClient, core: Core, change: dict[str, object], field: str
) -> None:
    """By its name on the wire; junk beside it is ignored."""
    body: dict[str, Any] = {
        "issuerAccountID": core.account(TARIRO).account_id,
        "receiverAccountID": core.account(FARAI).account_id,
        "Denomination": "usd",
        "InitialAmount": 2.5,
        "credexType": "PURCHASE",
        "OFFERSorREQUESTS": "OFFERS",
        "securedCredex": True,
        "metadata": {"junk": True},
    }
    bearer = await token(http)
    bad = await ask(http, "createCredex", bearer, **(body | change))
    assert (bad.status_code, bad.json()["data"]["action"]["details"]["field"]) == (400, field)
    assert core.offers() == []
    good = await ask(http, "createCredex", bearer, **body)
    assert (good.status_code, good.json()["data"]["action"]["details"]["amount"]) == (200, "2.50")


def refuse_or_echo(context: RequestContext, member: Member, body: Body) -> Reply:
    """An endpoint that core does not have."""
    if "text" not in body:
        raise RefusalError("text is required", code="MISSING_PARAMS", field="text")
    return Reply(context.responses.success("ECHOED", member, {"text": body["text"]}), member)


async def test_an_endpoint_from_outside_is_served_like_the_others(http: httpx.AsyncClient, core: Core) -> None:
    """It needs a token, it may refuse, and it is recorded; without it its path does not exist."""
    bearer = await token(http)
    missing = await ask(http, "echo", bearer, text="hello")
    core.endpoints = {**ENDPOINTS, "echo": Endpoint(refuse_or_echo)}
    anonymous = await http.post("/v1/echo", json={"text": "hello"}, headers=KEY)
    refused = await ask(http, "echo", bearer)
    answer = await ask(http, "echo", bearer, text="hello")

    statuses = [missing.status_code, anonymous.status_code, refused.status_code, answer.status_code]
    assert statuses == [404, 401, 400, 200]
    assert answer.json()["data"]["action"]["details"] == {"text": "hello"}
    assert [call.status for call in core.calls if call.endpoint == "echo"] == statuses
