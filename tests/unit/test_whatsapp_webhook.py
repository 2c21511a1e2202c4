"""The address that Meta calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from service.domain import TextMessage
from service.web.whatsapp_webhook import webhook_routes
from service.whatsapp import NotStoredError, WebhookPayload, sign

SECRET = "app-secret"
TOKEN = "agreed-wörd"
NOW_MS = 1_793_606_401_234
TEXT = (Path(__file__).parents[1] / "fixtures" / "webhooks" / "text.json").read_bytes()
MEGABYTE = 1024 * 1024

Ingest = Callable[[WebhookPayload], Awaitable[None]]


class Store:
    """Keeps deliveries, or fails as told."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.kept: list[WebhookPayload] = []
        self.failure = failure

    async def __call__(self, delivery: WebhookPayload) -> None:
        if self.failure is not None:
            raise self.failure
        self.kept.append(delivery)


def meta(ingest: Ingest, *, verify_token: str = TOKEN) -> httpx.AsyncClient:
    """A client that reaches the webhook as Meta does."""
    routes = webhook_routes(
        app_secret=SECRET,
        verify_token=verify_token,
        phone_number_id="700100200300400",
        clock_ms=lambda: NOW_MS,
        ingest=ingest,
    )
    app = Litestar([routes], openapi_config=None, logging_config=None)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=cast("Any", app)), base_url="https://bot.test")


async def deliver(client: httpx.AsyncClient, body: bytes, signature: str | None = None) -> httpx.Response:
    headers = {"X-Hub-Signature-256": sign(SECRET, body) if signature is None else signature}
    return await client.post("/bot/webhook", content=body, headers=headers)


def asked(**parameters: str) -> dict[str, str]:
    given = {"mode": "subscribe", "verify_token": TOKEN, "challenge": "1158201444"} | parameters
    return {f"hub.{name}": value for name, value in given.items()}


async def test_the_handshake_returns_the_bare_challenge() -> None:
    """The right word is answered with the challenge alone, as plain text."""
    async with meta(Store()) as client:
        response = await client.get("/bot/webhook", params=asked())
    assert (response.status_code, response.text) == (200, "1158201444")
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        asked(verify_token="wrong"),
        asked(verify_token=""),
        asked(mode="unsubscribe"),
        {"hub.mode": "subscribe", "hub.verify_token": TOKEN},
        {"hub.mode": "subscribe", "hub.challenge": "1"},
        {"mode": "subscribe", "verify_token": TOKEN, "challenge": "1"},
        {"hub_mode": "subscribe", "hub_verify_token": TOKEN, "hub_challenge": "1"},
    ],
)
async def test_any_other_handshake_is_forbidden(parameters: dict[str, str]) -> None:
    """A wrong word or mode, or a missing part, is refused, and the challenge is not repeated."""
    async with meta(Store()) as client:
        response = await client.get("/bot/webhook", params=parameters)
    assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    assert "1158201444" not in response.text


async def test_without_an_agreed_word_nobody_passes() -> None:
    """An empty word in the settings does not make an empty word right."""
    async with meta(Store(), verify_token="") as client:
        response = await client.get("/bot/webhook", params=asked(verify_token=""))
    assert response.status_code == 403


async def test_a_delivery_is_stored_and_then_answered() -> None:
    """A signed delivery reaches the store, read, and is answered with 200."""
    store = Store()
    async with meta(store) as client:
        response = await deliver(client, TEXT)
    assert (response.status_code, response.json()) == (200, {"status": "stored"})
    assert [inbound.content for _, inbound in store.kept[0].messages] == [TextMessage("Mhoro")]
    assert store.kept[0].messages[0][1].received_at_ms == NOW_MS


async def test_the_content_type_does_not_matter() -> None:
    """Whatever the delivery calls itself, its bytes are read as JSON."""
    store = Store()
    async with meta(store) as client:
        for kind in ("application/json", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
            headers = {"X-Hub-Signature-256": sign(SECRET, TEXT), "Content-Type": kind}
            assert (await client.post("/bot/webhook", content=TEXT, headers=headers)).status_code == 200
    assert len(store.kept) == 4


@pytest.mark.parametrize("signature", ["", "sha256=", sign("other", TEXT), sign(SECRET, TEXT + b" "), "sha256=\xe9"])
async def test_a_bad_signature_is_refused(signature: str) -> None:
    """Nothing reaches the store without our secret's signature over exactly these bytes."""
    store = Store()
    async with meta(store) as client:
        headers = [(b"X-Hub-Signature-256", signature.encode("latin-1"))]
        response = await client.post("/bot/webhook", content=TEXT, headers=headers)
    assert (response.status_code, response.json()["error"], store.kept) == (401, "unauthorized", [])


async def test_no_header_or_parameter_opens_a_test_mode() -> None:
    """What looks like a switch for tests does not stand in for a signature."""
    store = Store()
    async with meta(store) as client:
        for name in ("X-Mock-Testing", "X-Test-Mode", "X-Hub-Signature"):
            response = await client.post("/bot/webhook?test=true&mock=1", content=TEXT, headers={name: "true"})
            assert response.status_code == 401
    assert store.kept == []


async def test_the_signature_is_checked_before_parsing() -> None:
    """A stranger learns nothing about what we can parse."""
    async with meta(Store()) as client:
        assert (await deliver(client, b"{", signature="sha256=00")).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"object":"page","entry":[]}', b"\xff"])
async def test_what_is_no_envelope_is_a_bad_request(body: bytes) -> None:
    """A signed body that is no notification is refused with a reason."""
    store = Store()
    async with meta(store) as client:
        response = await deliver(client, body)
    assert (response.status_code, response.json()["error"], store.kept) == (400, "bad_request", [])
    assert list(response.json()["details"]) == ["body"]


async def test_an_unknown_thing_is_fine() -> None:
    """A notification with nothing for us is answered with 200, or Meta would bring it for days."""
    async with meta(Store()) as client:
        body = json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "calls"}]}]})
        assert (await deliver(client, body.encode())).status_code == 200


async def test_what_is_not_stored_is_to_come_again() -> None:
    """When the store refuses, the answer is 503, and says nothing of the inside."""
    async with meta(Store(NotStoredError("redis://secret@host is full"))) as client:
        response = await deliver(client, TEXT)
    assert (response.status_code, response.json()["error"]) == (503, "unavailable")
    assert "secret" not in response.text


async def test_a_crash_is_to_come_again() -> None:
    """A defect of ours is answered with 500 in the same form, so that Meta brings the delivery again."""
    async with meta(Store(RuntimeError("boom"))) as client:
        response = await deliver(client, TEXT)
    assert (response.status_code, response.json()["error"]) == (500, "internal")
    assert "boom" not in response.text


def padded(size: int) -> bytes:
    return TEXT + b" " * (size - len(TEXT))


async def test_three_megabytes_are_accepted() -> None:
    """A body of exactly 3 MB, Meta's limit, is read."""
    store = Store()
    async with meta(store) as client:
        response = await deliver(client, padded(3 * MEGABYTE))
    assert (response.status_code, len(store.kept)) == (200, 1)


async def test_more_than_three_megabytes_are_too_large() -> None:
    """One byte more is refused, although its signature is right."""
    store = Store()
    async with meta(store) as client:
        response = await deliver(client, padded(3 * MEGABYTE + 1))
    assert (response.status_code, response.json()["error"], store.kept) == (413, "too_large", [])
    assert list(response.json()["details"]) == ["request"]


async def test_a_body_without_a_length_is_counted_as_it_comes() -> None:
    """Chunks that add up to more than 3 MB are refused, too, and the rest is not read."""
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield b" " * MEGABYTE

    async with meta(Store()) as client:
        response = await client.post("/bot/webhook", content=chunks())
    assert "content-length" not in response.request.headers
    assert (response.status_code, response.json()["error"]) == (413, "too_large")
    assert read < 10
