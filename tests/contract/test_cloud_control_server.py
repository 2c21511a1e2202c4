"""The server's own part of the control API: health, state, core's people and days, and the page of docs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from service.whatsapp.forms import DEFINITIONS
from simulator.credex_core import Quirks
from simulator.server.serve import SimulatorServer, StateFileError, run_server
from simulator.whatsapp_cloud import RefusedError, Rule
from tests.unit.cloud_requests import form

T = TypeVar("T")
PHONE = "263771234567"


@asynccontextmanager
async def client(one: SimulatorServer) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with HTTP."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{one.world.port}", trust_env=False, timeout=30) as http:
        yield http


def play(scenario: Callable[[SimulatorServer, httpx.AsyncClient], Awaitable[T]], **options: Any) -> T:
    """Serve for a scenario, on a port that the system chooses; there is no bot."""

    async def main() -> T:
        async with run_server(bots=[], port=0, **options) as one, client(one) as http:
            return await scenario(one, http)

    return asyncio.run(main())


def test_it_is_healthy_without_a_bot() -> None:
    """And says that none has verified its address."""

    async def scenario(_: SimulatorServer, http: httpx.AsyncClient) -> tuple[int, Any]:
        answer = await http.get("/control/health")
        return answer.status_code, answer.json()

    expected = {"status": "ok", "bots": [], "verified": False, "people": 0, "undelivered": 0}
    assert play(scenario) == (200, expected)


def test_only_forms_that_were_made_and_published_can_be_sent() -> None:
    """On a screen that they have. As at Meta: what `whatsapp setup` is for is missed where it was not run."""

    async def scenario(one: SimulatorServer, _: httpx.AsyncClient) -> list[int]:
        cloud, definition = one.world.cloud, DEFINITIONS[0]
        account, owner = cloud.account, cloud.business.business_id
        cloud.handset(PHONE, name="Tariro")
        made = account.create_form(owner, {"name": "x", "categories": ["OTHER"], "flow_json": definition.source})

        async def code(screen: str = "MEMBER_SIGNUP") -> int:
            content = form(flow_id=made["id"], flow_action_payload={"screen": screen})
            try:
                await cloud.handle({"messaging_product": "whatsapp", "to": PHONE, **content})
            except RefusedError as refused:
                return refused.code
            return 0

        codes = [await code()]
        account.publish(made["id"])
        codes += [await code(), await code("ELSEWHERE")]
        account.deprecate(made["id"])
        return [*codes, await code()]

    assert play(scenario) == [131009, 0, 131009, 131009]


def test_only_templates_that_were_approved_can_be_sent() -> None:
    """As at Meta: submitted and looked at; a name that nobody knows is refused with 132001."""

    async def scenario(one: SimulatorServer, _: httpx.AsyncClient) -> list[int]:
        cloud = one.world.cloud
        cloud.handset(PHONE, name="Tariro")
        said = {"messaging_product": "whatsapp", "to": PHONE, "type": "template"}
        body = {**said, "template": {"name": "news", "language": {"code": "en"}}}

        async def code() -> int:
            try:
                await cloud.handle(body)
            except RefusedError as refused:
                return refused.code
            return 0

        codes = [await code()]
        parts = [{"type": "BODY", "text": "There is news."}]
        given = {"name": "news", "language": "en", "category": "UTILITY", "components": parts}
        cloud.account.submit(cloud.business.business_id, given)
        codes.append(await code())
        cloud.account.templates[0].approved_ms = 0
        return [*codes, await code()]

    assert play(scenario) == [132001, 132001, 0]


def test_a_file_that_somebody_sends_can_be_fetched_from_the_address_in_the_webhook() -> None:
    """With the token, as its webhook says since November 2025."""

    async def scenario(one: SimulatorServer, http: httpx.AsyncClient) -> list[int]:
        cloud = one.world.cloud
        handset = cloud.handset(PHONE, name="Tariro")
        handset.send("image")
        address = handset.sent[-1].message["image"]["url"]
        token = {"Authorization": f"Bearer {cloud.business.access_token}"}
        found, stranger = await http.get(address, headers=token), await http.get(address)
        cloud.account.media.addresses = {key: (name, 0) for key, (name, _) in cloud.account.media.addresses.items()}
        expired = await http.get(address, headers=token)
        return [found.status_code, stranger.status_code, expired.status_code]

    assert play(scenario) == [200, 401, 404]


def test_cores_knobs_are_turned_and_kept() -> None:
    """How many calls it takes a minute, and rates; what makes no sense is refused."""

    async def scenario(_: SimulatorServer, http: httpx.AsyncClient) -> list[Any]:
        wrong = [await http.patch("/control/core/knobs", json={key: 0}) for key in ("rate_limit", "speed")]
        wrong.append(await http.patch("/control/core/knobs", json={"rates": {"ZWG": "-1"}}))
        turned = await http.patch("/control/core/knobs", json={"rate_limit": 1, "rates": {"ZWG": "0.03"}})
        calls = [await http.post("/v1/login", json={"phone": PHONE}) for _ in range(2)]
        state = (await http.get("/control/state")).json()["core"]
        return [
            [answer.status_code for answer in (*wrong, turned)],
            [turned.json()["rate_limit"], turned.json()["rates"]["ZWG"], turned.json()["rates"]["USD"]],
            [calls[-1].status_code, calls[-1].headers["content-type"], int(calls[-1].headers["retry-after"]) > 0],
            [state["rate_limit"], state["rates"]["in_usd"]["ZWG"]],
        ]

    assert play(scenario) == [
        [400, 400, 400, 200],
        [1, "0.03", "1"],
        [429, "text/html; charset=utf-8", True],
        [1, "0.03"],
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "members", {"balances": ["-5 USD"]}, "no amount: '-5 USD'; for example: 5 USD"),
        ("POST", "members", {"balances": ["NaN USD"]}, "no amount: 'NaN USD'; for example: 5 USD"),
        ("POST", "members", {"balances": ["1e99 USD"]}, "no amount: '1e99 USD'; for example: 5 USD"),
        ("POST", "members", {"tier": 9}, "there are tiers 1 to 5, not 9"),
        ("PUT", "quirks", {"created_but_404": -1}, "a quirk happens 0 to 1000 times"),
        ("PUT", "quirks", {"created_but_404": 10**12}, "a quirk happens 0 to 1000 times"),
    ],
)
def test_core_takes_no_nonsense_past_its_own_rules(method: str, path: str, body: dict[str, Any], said: str) -> None:
    """Whoever sets it up keeps the rules that hold over HTTP; nothing has changed."""

    async def scenario(one: SimulatorServer, http: httpx.AsyncClient) -> tuple[int, str, int]:
        before = len(one.world.core.ledger.members)
        joining = {"phone": PHONE, "first_name": "Tariro", "last_name": "Moyo"} if path == "members" else {}
        answer = await http.request(method, f"/control/core/{path}", json={**joining, **body})
        one.world.core.check_conserved()
        return answer.status_code, answer.json()["error"], len(one.world.core.ledger.members) - before

    status, error, more = play(scenario)
    assert (status, more) == (400, 0)
    assert error.startswith(said)


def test_a_browser_at_the_front_door_is_led_to_the_docs() -> None:
    """They say what each key of a rule means."""

    async def scenario(_: SimulatorServer, http: httpx.AsyncClient) -> tuple[int, str, str]:
        door = await http.get("/")
        page = (await http.get(door.headers["location"])).text
        return door.status_code, door.headers["location"], page

    status, location, page = play(scenario)
    assert (status, location) == (302, "/schema")
    assert "every: of the rest, it triggers at every n-th." in page
    assert "null_tier: the tier is missing, its key included" in page


def test_the_page_lists_every_operation_and_needs_no_network() -> None:
    """Nothing in it leads away from the server, and it is as complete as the JSON beside it."""

    async def scenario(_: SimulatorServer, http: httpx.AsyncClient) -> tuple[str, dict[str, Any]]:
        return (await http.get("/schema")).text, (await http.get("/schema/openapi.json")).json()

    page, schema = play(scenario)
    assert re.findall(r"https?://|<script|@import|src=", page) == []
    assert len(schema["paths"]) > 25
    missing = [path for path in schema["paths"] if f"<code>{path.replace('{', '{')}</code>" not in page]
    assert missing == []
    assert "wait_ms?" in page


def test_the_state_goes_out_and_in_as_one_value() -> None:
    """What one server gives another takes: people, rules, members, oddities, days."""

    async def fill(one: SimulatorServer, http: httpx.AsyncClient) -> Any:
        for path, body in (
            ("/control/people", {"phone": PHONE, "name": "Tariro"}),
            (f"/control/people/{PHONE}/type", {"text": "hi"}),
            ("/control/faults", {"on": "messages", "do": "reset", "times": None}),
            (
                "/control/core/members",
                {"phone": PHONE, "first_name": "Tariro", "last_name": "Moyo", "balances": ["5 USD"]},
            ),
            ("/control/core/advance", {"days": 3}),
        ):
            (await http.post(path, json=body)).raise_for_status()
        (await http.put("/control/core/quirks", json={"negative_zero": True})).raise_for_status()
        one.world.core.check_conserved()
        return (await http.get("/control/state")).json()

    kept = play(fill, seed=1)

    async def take(_: SimulatorServer, http: httpx.AsyncClient) -> tuple[Any, Any, Any, Any]:
        put = await http.put("/control/state", json=kept)
        members = (await http.get("/control/core/members")).json()
        clock = (await http.get("/control/core/clock")).json()
        return put.json(), members[-1]["accounts"], clock["days_ahead"], (await http.get("/control/state")).json()

    people, accounts, days, again = play(take, seed=2)
    assert (people, accounts, days) == ({"people": 1}, {PHONE: {"USD": "5"}}, 3)
    assert again == kept


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda state: state.update(format="x"), "no state of this simulator"),
        (lambda state: state["core"].pop("ledger"), "missing required field `ledger`"),
        (lambda state: state["core"]["ledger"].update(members=[]), "something is missing"),
        (lambda state: state["core"]["ledger"].update(accounts=5), "Expected `array`, got `int`"),
        (lambda state: state["core"].update(quirks={"negative_zero": "x"}), "Expected `bool`, got `str`"),
        (lambda state: state["cloud"].update(version=2), "version 2 cannot be read"),
    ],
)
def test_what_is_no_state_is_refused_whole(spoil: Callable[[dict[str, Any]], Any], said: str) -> None:
    """With 400 and the reason; neither half has changed."""

    async def scenario(_: SimulatorServer, http: httpx.AsyncClient) -> tuple[int, str, bool]:
        await http.post("/control/people", json={"phone": PHONE, "name": "Tariro"})
        before = (await http.get("/control/state")).json()
        spoiled = (await http.get("/control/state")).json()
        spoil(spoiled)
        answer = await http.put("/control/state", json=spoiled)
        return answer.status_code, answer.json()["error"], (await http.get("/control/state")).json() == before

    status, error, same = play(scenario)
    assert (status, same) == (400, True)
    assert said in error


def test_the_file_is_written_whole_when_something_has_changed_and_read_at_the_start(tmp_path: Path) -> None:
    """Another server finds everybody there; no other file stays beside it."""
    file = tmp_path / "world.json"

    async def begin(one: SimulatorServer, http: httpx.AsyncClient) -> tuple[int, bool]:
        await http.post("/control/people", json={"phone": PHONE, "name": "Tariro"})
        one.save()
        first = file.stat().st_ino
        one.save()
        return first, file.stat().st_ino == first

    _, untouched = play(begin, file=file)
    assert untouched
    assert [each.name for each in tmp_path.iterdir()] == ["world.json"]

    async def look(one: SimulatorServer, _: httpx.AsyncClient) -> list[str]:
        return list(one.world.cloud.handsets)

    assert play(look, file=file) == [PHONE]


def test_what_the_command_line_says_is_not_added_once_more_at_each_start(tmp_path: Path) -> None:
    """A rule that is in the file is kept with its count; quirks given are in place of the file's, others stay."""

    async def look(one: SimulatorServer, _: httpx.AsyncClient) -> tuple[list[str], bool]:
        one.world.core.check_conserved()
        return [armed.rule.do for armed in one.world.cloud.rules], one.world.core.quirks.negative_zero

    always, file = Rule("messages", "reset", times=None), tmp_path / "world.json"
    seen = [
        play(look, file=file, rules=[always], quirks=Quirks(negative_zero=True)),
        play(look, file=file, rules=[always, Rule("messages", "hang")]),
        play(look, file=file, quirks=Quirks()),
    ]
    assert seen == [(["reset"], True), (["reset", "hang"], True), (["reset", "hang"], False)]


def test_a_broken_file_stops_the_start(tmp_path: Path) -> None:
    """It is told, and left as it is."""
    file = tmp_path / "world.json"
    file.write_text("{", "utf-8")

    async def scenario(_: SimulatorServer, __: httpx.AsyncClient) -> None:
        raise AssertionError("it started")

    with pytest.raises(StateFileError, match="cannot be read"):
        play(scenario, file=file)
    assert file.read_text("utf-8") == "{"


def test_rules_from_the_command_line_are_in_force_and_core_can_be_driven() -> None:
    """Offers past the bot, expiry by days that pass, members that leave; refusals are told."""

    async def scenario(one: SimulatorServer, http: httpx.AsyncClient) -> list[Any]:
        for phone, handle in ((PHONE, "tariro_m"), ("263712345678", "farai_shop")):
            body = {"phone": phone, "first_name": "Aba", "last_name": "Bee", "handle": handle, "tier": 3}
            made = await http.post("/control/core/members", json={**body, "balances": ["9 USD"]})
            assert made.status_code == 201, made.text
        offer = {"sender": "tariro_m", "receiver": "farai_shop", "amount": "5 USD"}
        made = await http.post("/control/core/offers", json=offer)
        waiting = len((await http.get("/control/core/offers")).json())
        refused = await http.post("/control/core/offers", json={**offer, "amount": "5 POUNDS"})
        await http.post("/control/core/advance", json={"days": 4})
        expired = len((await http.get("/control/core/offers")).json())
        left = await http.delete(f"/control/core/members/{PHONE}")
        gone = await http.delete(f"/control/core/members/{PHONE}")
        wrong = await http.put("/control/core/quirks", json={"tired": True})
        rules = [armed.rule.do for armed in one.world.cloud.rules]
        statuses = [each.status_code for each in (made, refused, left, gone, wrong)]
        return [rules, waiting, expired, statuses, refused.json()["error"]]

    expected = [["hang"], 1, 0, [201, 400, 200, 404, 400], "no amount: '5 POUNDS'; for example: 5 USD"]
    assert play(scenario, rules=[Rule("messages", "hang")]) == expected


@pytest.mark.parametrize(
    ("rule", "expected", "accepted"),
    [
        (Rule("messages", "reset"), httpx.RemoteProtocolError, 0),
        (Rule("messages", "reset", taken=True), httpx.RemoteProtocolError, 1),
        (Rule("messages", "hang", taken=True), httpx.ReadTimeout, 1),
    ],
)
def test_on_sockets_connections_are_cut_and_hang_as_in_process(
    rule: Rule, expected: type[Exception], accepted: int
) -> None:
    """A reset ends the connection before the answer is whole; a hang lasts as long as the client waits."""

    async def scenario(one: SimulatorServer, http: httpx.AsyncClient) -> int:
        settings = one.world.settings
        body = {"messaging_product": "whatsapp", "to": PHONE, "type": "text", "text": {"body": "x"}}
        token = settings.whatsapp_access_token.get_secret_value()
        with pytest.raises(expected):
            await http.post(
                f"/v25.0/{settings.whatsapp_phone_number_id}/messages",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=2 if expected is httpx.ReadTimeout else 60,
            )
        return len(one.world.cloud.accepted)

    assert play(scenario, rules=[rule]) == accepted
