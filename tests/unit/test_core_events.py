"""What core may tell the bot, what becomes of it, and how everything else is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from service.mailbox import StateFullError, StateUnavailableError
from service.messages import Buttons, Outgoing, Template, length
from service.web.core_events import LARGEST_BODY, LONGEST_TEXT, CoreEvent, core_event_routes, outgoing
from service.web.fields import clean
from service.whatsapp import sign

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
KEY, SECRET = "an-api-key", "a-webhook-secret"
FARAI = "263712345678"


class Outboxes:
    """Keeps what is posted, or cannot."""

    def __init__(self) -> None:
        self.posted: dict[tuple[str, str], Outgoing] = {}
        self.fails: Exception | None = None

    async def post(self, member: str, entry: bytes, *, key: str, now_ms: int) -> bool:  # noqa: ARG002
        if self.fails is not None:
            raise self.fails
        new = (member, key) not in self.posted
        self.posted[member, key] = msgspec.json.decode(entry, type=Outgoing)
        return new

    @property
    def only(self) -> tuple[str, Outgoing]:
        (((member, _), entry),) = self.posted.items()
        return member, entry


class Bot:
    """The two addresses, and what they brought about."""

    def __init__(self) -> None:
        self.outboxes = Outboxes()
        self.woken = 0
        self._nonces = 0
        routes = core_event_routes(
            api_key=KEY,
            secret=SECRET,
            clock_ms=lambda: int(NOW.timestamp() * 1000),
            mailbox=self.outboxes,
            nonce=self._nonce,
            outbox_woken=self._wake,
            pseudonym=lambda _: "somebody",
        )
        app: Any = Litestar([routes], openapi_config=None, logging_config=None)
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot")

    def _nonce(self, size: int) -> bytes:
        self._nonces += 1
        return self._nonces.to_bytes(size, "big")

    def _wake(self) -> None:
        self.woken += 1

    async def post(self, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self._http.post(path, content=body, headers=named)
        return response.status_code, response.json()

    async def notify(self, _key: str = KEY, **fields: object) -> tuple[int, Any]:
        return await self.post("/bot/notify", json.dumps(fields).encode(), x_client_api_key=_key)

    async def report(self, envelope: object, secret: str = SECRET) -> tuple[int, Any]:
        body = json.dumps(envelope).encode()
        return await self.post("/api/webhooks/", body, x_credex_signature_256=sign(secret, body))


@pytest.fixture
def bot() -> Bot:
    """A bot with empty outboxes."""
    return Bot()


def event(kind: str = "offer_update", *, late: timedelta = timedelta(), **payload: object) -> dict[str, Any]:
    """An event as core sends it."""
    usual = {"offer_id": "c-1", "company_id": "a-1", "status": "pending", "amount": 5, "denomination": "USD"}
    timestamp = (NOW - late).isoformat().replace("+00:00", "Z")
    return {
        "metadata": {"webhook_id": "w-1", "timestamp": timestamp, "signature": "", "event_type": kind},
        "payload": {**(usual if kind == "offer_update" else {}), **payload},
    }


# -- notify -----------------------------------------------------------------------------------------------------------


async def test_a_message_is_stored_in_both_its_forms(bot: Bot) -> None:
    """With buttons for those who wrote within the day, as the template for the others; both lead to pending offers."""
    answer = await bot.notify(phoneNumber="+263 71 234 5678", memberName="Farai", message="Tariro offers 5.00 USD.")
    assert (answer, bot.woken) == ((200, {"status": "stored"}), 1)
    member, entry = bot.outboxes.only
    assert isinstance(entry.message, Buttons)
    assert member == FARAI
    assert entry.message.body == "Farai, there is news:\n\nTariro offers 5.00 USD."
    assert [button.id for button in entry.message.buttons] == ["n:incoming", "n:menu"]
    assert entry.otherwise == Template(
        "incoming_notification", "en_US", ("Farai", "Tariro offers 5.00 USD."), ("n:incoming",)
    )


async def test_a_message_that_names_the_offer_opens_it(bot: Bot) -> None:
    """By a button that works however old it is."""
    await bot.notify(phoneNumber=FARAI, memberName="Farai", message="News", credexID="9d2f-7")
    _, entry = bot.outboxes.only
    assert isinstance(entry.message, Buttons)
    assert entry.message.buttons[0].id == "n:open:9d2f-7"
    assert entry.otherwise is not None
    assert entry.otherwise.quick_replies == ("n:open:9d2f-7",)


@pytest.mark.parametrize("key", ["", "another-key", "an-api-ke", "ключ", KEY.upper()])
async def test_without_the_api_key_nothing_is_stored(bot: Bot, key: str) -> None:
    """Whatever else is right."""
    body = json.dumps({"phoneNumber": FARAI, "memberName": "Farai", "message": "News"}).encode()
    answer = await bot._http.post("/bot/notify", content=body, headers={b"x-client-api-key": key.encode()})
    expected = {"error": "unauthorized", "details": {"x-client-api-key": "is missing or wrong"}}
    assert (answer.status_code, answer.json(), bot.outboxes.posted) == (401, expected, {})


async def test_every_field_that_is_wrong_is_named(bot: Bot) -> None:
    """All at once, each with its reason."""
    status, answer = await bot.notify(phoneNumber="n/a", memberName=7, credexID="a:b")
    assert (status, answer["error"]) == (400, "invalid")
    assert answer["details"] == {
        "phoneNumber": "a phone number is 2 to 15 digits and begins with the country code",
        "memberName": "must be a text with something in it",
        "message": "is missing",
        "credexID": "must be 1 to 128 letters, digits, - and _",
    }
    assert bot.outboxes.posted == {}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe\x00", b"[" * 20_000, b'{"a": NaN}', b'"text"'])
async def test_what_is_no_object_is_refused(bot: Bot, body: bytes) -> None:
    """And nothing falls over."""
    status, answer = await bot.post("/bot/notify", body, x_client_api_key=KEY)
    assert (status, answer["error"], list(answer["details"])) == (400, "invalid", ["body"])


async def test_a_body_that_is_too_large_is_refused(bot: Bot) -> None:
    """Before it is read whole."""
    status, answer = await bot.post("/bot/notify", b" " * (LARGEST_BODY + 1), x_client_api_key=KEY)
    assert (status, answer["error"]) == (413, "too_large")


@pytest.mark.parametrize("trouble", [StateFullError("full"), StateUnavailableError("away")])
async def test_what_cannot_be_stored_is_to_be_sent_again(bot: Bot, trouble: Exception) -> None:
    """Nothing is promised that is not on disk."""
    bot.outboxes.fails = trouble
    status, answer = await bot.notify(phoneNumber=FARAI, memberName="Farai", message="News")
    assert (status, answer["error"], bot.woken) == (503, "unavailable", 0)


async def test_a_repetition_under_the_same_key_is_told_once(bot: Bot) -> None:
    """Without a key, a request like the last one is another one."""
    body = json.dumps({"phoneNumber": FARAI, "memberName": "Farai", "message": "News"}).encode()
    answers = [
        await bot.post("/bot/notify", body, x_client_api_key=KEY, idempotency_key=key) for key in ("1", "1", "", "")
    ]
    assert [answer["status"] for _, answer in answers] == ["stored", "known", "stored", "stored"]


# -- what is told -----------------------------------------------------------------------------------------------------


def test_text_from_core_can_do_nothing_but_be_read() -> None:
    """No markup, no line breaks, no characters that turn the direction or hide; emoji stay whole."""
    assert clean("*Buy*\n\t`now`  \u202egnp.exe\u0000 ~~ 👩\u200d🌾", 100) == "Buy now gnp.exe 👩\u200d🌾"
    assert clean("\ud800half", 100) == "half"
    assert clean("_farai_shop_ pays __now__ _", 100) == "farai_shop pays now"


def test_long_texts_are_cut_so_that_both_forms_fit() -> None:
    """For WhatsApp as for the template with its own words around it."""
    event = CoreEvent(FARAI, clean("N" * 500, 60), clean("🙂" * 3000, LONGEST_TEXT))
    entry = outgoing(event)
    assert isinstance(entry.message, Buttons)
    assert length(entry.message.body) < 1024
    assert entry.otherwise is not None
    assert sum(length(value) for value in entry.otherwise.body) < 1024 - 200


@pytest.mark.parametrize("message", ["***", "\u200d", " \u202e\n"])
async def test_a_message_in_which_nothing_can_be_seen_is_refused(bot: Bot, message: str) -> None:
    """There would be nothing to read."""
    status, answer = await bot.notify(phoneNumber=FARAI, memberName="Farai", message=message)
    assert (status, answer["details"]) == (400, {"message": "has nothing in it that could be shown"})


# -- webhooks ---------------------------------------------------------------------------------------------------------


async def test_an_offer_is_told_to_the_member_named(bot: Bot) -> None:
    """With its amount to the last digit, and a button that opens it."""
    status, answer = await bot.report(event(phone_number=FARAI, member_name="Farai", amount=1234.5))
    assert (status, answer) == (200, {"status": "stored"})
    member, entry = bot.outboxes.only
    assert isinstance(entry.message, Buttons)
    assert member == FARAI
    assert entry.message.body == "Farai, there is news:\n\nAn offer of 1,234.50 USD waits for an answer."
    assert [button.id for button in entry.message.buttons] == ["n:open:c-1", "n:menu"]


async def test_amounts_are_never_rounded_by_a_float(bot: Bot) -> None:
    """What core writes is what the member reads."""
    body = json.dumps(event(phone_number=FARAI, denomination="XAU")).replace('"amount": 5', '"amount": 0.00010000000')
    signed = body.encode()
    await bot.post("/api/webhooks/", signed, x_credex_signature_256=sign(SECRET, signed))
    _, entry = bot.outboxes.only
    assert isinstance(entry.message, Buttons)
    assert entry.message.body == "An offer of 0.0001 XAU waits for an answer."


@pytest.mark.parametrize("amount", ["1e-900000000", "1e900000000", "-1", "0", '"5"', "true", "0.123456789", "null"])
async def test_an_amount_that_is_none_is_refused(bot: Bot, amount: str) -> None:
    """And costs neither time nor memory."""
    signed = json.dumps(event(phone_number=FARAI)).replace('"amount": 5', f'"amount": {amount}').encode()
    status, answer = await bot.post("/api/webhooks/", signed, x_credex_signature_256=sign(SECRET, signed))
    assert (status, list(answer["details"])) == (400, ["payload.amount"])


async def test_an_event_that_names_nobody_we_can_address_is_noted(bot: Bot) -> None:
    """Accepted, so that core need not bring it again."""
    assert await bot.report(event()) == (200, {"status": "noted"})
    assert bot.outboxes.posted == {}


MEMBER_UPDATE = event(
    "member_update", member_id="m-1", status="active", updated_fields=["last_name"], phone_number=FARAI
)
COMPANY_UPDATE = event(
    "company_update", company_id="a-1", name="Farai *Shop*", status="active", updated_fields=[], phone_number=FARAI
)


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        (MEMBER_UPDATE, "Your membership was changed (last name). It is now active."),
        (COMPANY_UPDATE, "The account Farai Shop was changed. It is now active."),
        (event(phone_number=FARAI, status="declined"), "The offer of 5.00 USD was declined."),
    ],
)
async def test_other_events_lead_to_the_menu_or_to_what_waits(bot: Bot, envelope: Any, said: str) -> None:
    """There is no offer to open."""
    assert await bot.report(envelope) == (200, {"status": "stored"})
    _, entry = bot.outboxes.only
    assert isinstance(entry.message, Buttons)
    assert entry.message.body == said
    offers = envelope["metadata"]["event_type"] == "offer_update"
    assert [button.id for button in entry.message.buttons] == [*["n:incoming"] * offers, "n:menu"]


async def test_an_event_is_told_once(bot: Bot) -> None:
    """Its id is the key, whatever else has changed in it."""
    assert (await bot.report(event(phone_number=FARAI)))[1] == {"status": "stored"}
    assert (await bot.report(event(phone_number=FARAI, late=timedelta(seconds=9))))[1] == {"status": "known"}
    assert bot.woken == 1


@pytest.mark.parametrize("forge", [lambda _: "", lambda _: "sha256=", lambda body: sign("other", body), lambda _: "é"])
async def test_an_event_without_the_right_signature_is_refused(bot: Bot, forge: Callable[[bytes], str]) -> None:
    """The signature is of the bytes as they came, with our secret."""
    body = json.dumps(event(phone_number=FARAI)).encode()
    header = {b"X-Credex-Signature-256": forge(body).encode()}
    answer = await bot._http.post("/api/webhooks/", content=body, headers=header)
    assert (answer.status_code, list(answer.json()["details"])) == (401, ["X-Credex-Signature-256"])
    changed = body + b" "
    assert (await bot.post("/api/webhooks/", changed, x_credex_signature_256=sign(SECRET, body)))[0] == 401
    assert bot.outboxes.posted == {}


@pytest.mark.parametrize("late", [timedelta(seconds=301), timedelta(seconds=-301)])
async def test_an_event_from_another_time_is_refused(bot: Bot, late: timedelta) -> None:
    """Somebody may have kept it to bring it again."""
    status, answer = await bot.report(event(phone_number=FARAI, late=late))
    assert (status, list(answer["details"])) == (401, ["metadata.timestamp"])
    assert (await bot.report(event(phone_number=FARAI, late=late * 300 / 301)))[0] == 200


@pytest.mark.parametrize(
    ("envelope", "wrong"),
    [
        ({}, ["metadata", "metadata.webhook_id", "metadata.event_type", "metadata.timestamp", "payload"]),
        (event("tea_update"), ["metadata.event_type"]),
        (
            event(status=7, denomination="EUR", expiry="soon"),
            ["payload.denomination", "payload.expiry", "payload.status"],
        ),
        (event(phone_number="x"), ["payload.phone_number"]),
        (event("member_update", member_id="m", status="ok", updated_fields="all"), ["payload.updated_fields"]),
    ],
)
async def test_every_field_of_an_event_that_is_wrong_is_named(bot: Bot, envelope: Any, wrong: list[str]) -> None:
    """With the path to it."""
    status, answer = await bot.report(envelope)
    assert (status, answer["error"], sorted(answer["details"])) == (400, "invalid", sorted(wrong))
