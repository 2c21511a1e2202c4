"""Attacks on the two endpoints that Credex core calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from notebooks.review.attack_world import FARAI, TARIRO, AttackWorld, Attempt
from service.web.core_events import LARGEST_BODY
from service.whatsapp import sign
from simulator.world.connections import API_KEY, BUSINESS, WEBHOOK_SECRET

__all__ = ("forged_events", "hostile_fields", "wrong_keys")

NOTIFY, EVENTS = "/bot/notify", "/api/webhooks/"
KEY, SIGNATURE = "x-client-api-key", "X-Credex-Signature-256"
MINUTE_MS = 60_000


def _notice(**more: object) -> bytes:
    return json.dumps({"phoneNumber": TARIRO, "memberName": "Tariro", "message": "You were paid.", **more}).encode()


async def wrong_keys(place: AttackWorld) -> list[Attempt]:
    """Attempts without core's API key."""
    tricks: dict[str, Mapping[str, str]] = {
        "no key": {},
        "an empty one": {KEY: ""},
        "another one": {KEY: "guess"},
        "in capitals": {KEY: API_KEY.upper()},
        "its beginning": {KEY: API_KEY[:-1]},
        "with a space inside": {KEY: f"{API_KEY} x"},
        "as a bearer token": {"Authorization": f"Bearer {API_KEY}"},
        "as a cookie": {"Cookie": f"{KEY}={API_KEY}"},
        "the event secret in its place": {KEY: WEBHOOK_SECRET},
        "not ASCII": {KEY: "ключ"},
    }
    attempts = [
        await place.attempt(what, place.request("POST", NOTIFY, _notice(), headers), 401)
        for what, headers in tricks.items()
    ]
    query = place.request("POST", f"{NOTIFY}?{KEY}={API_KEY}", _notice())
    attempts.append(await place.attempt("as a parameter", query, 401))
    attempts.append(await place.attempt("asked with GET", place.request("GET", NOTIFY, headers={KEY: API_KEY}), 405))
    for path in ("/bot/wipe", "/bot/broadcast", "/admin/", "/docs", "/schema", "/.env", "/bot/notify/../wipe"):
        trying = place.request("POST", path, _notice(), {KEY: API_KEY})
        attempts.append(await place.attempt(f"{path}, with the right key", trying, 404))
    again = {KEY: API_KEY, "Idempotency-Key": "n-1"}
    await place.request("POST", NOTIFY, _notice(), again)
    await place.world.settle()
    known = place.request("POST", NOTIFY, _notice(message="Another text"), again)
    return [*attempts, await place.attempt("a replay under the same Idempotency-Key", known, 200)]


async def forged_events(place: AttackWorld) -> list[Attempt]:
    """Attempts without core's secret, and replays of signed events."""
    body = _event(place)
    right = sign(WEBHOOK_SECRET, body)
    respelt = json.dumps(json.loads(body), separators=(",", ":")).encode()
    within = json.loads(body)
    within["metadata"]["signature"] = right
    tricks: dict[str, tuple[bytes, Mapping[str, str]]] = {
        "no signature": (body, {}),
        "signed with another secret": (body, {SIGNATURE: sign("guess", body)}),
        "signed with the API key": (body, {SIGNATURE: sign(API_KEY, body)}),
        "signed with WhatsApp's App Secret": (body, {SIGNATURE: sign(BUSINESS.app_secret, body)}),
        "the API key shown instead": (body, {KEY: API_KEY}),
        "in WhatsApp's header": (body, {"X-Hub-Signature-256": right}),
        "re-serialised after signing": (respelt, {SIGNATURE: right}),
        "the signature inside the body only": (json.dumps(within).encode(), {}),
    }
    attempts = [
        await place.attempt(what, place.request("POST", EVENTS, each, headers), 401)
        for what, (each, headers) in tricks.items()
    ]
    for what, ms in {"six minutes old": -6 * MINUTE_MS, "six minutes ahead": 6 * MINUTE_MS}.items():
        each = _event(place, late_ms=ms)
        trying = place.request("POST", EVENTS, each, {SIGNATURE: sign(WEBHOOK_SECRET, each)})
        attempts.append(await place.attempt(f"rightly signed, but {what}", trying, 401))
    signed = {SIGNATURE: right}
    await place.request("POST", EVENTS, body, signed)
    await place.world.settle()
    attempts.append(await place.attempt("the same bytes again", place.request("POST", EVENTS, body, signed), 200))
    other = _event(place, amount=500)
    trying = place.request("POST", EVENTS, other, {SIGNATURE: sign(WEBHOOK_SECRET, other)})
    attempts.append(await place.attempt("its webhook_id on another amount (that needs the secret)", trying, 200))
    await place.world.pass_time(6 * MINUTE_MS)
    late = place.request("POST", EVENTS, body, signed)
    return [*attempts, await place.attempt("the same bytes six minutes later", late, 401)]


def _event(place: AttackWorld, *, late_ms: int = 0, **payload: object) -> bytes:
    moment = datetime.fromtimestamp((place.world.clock_ms() + late_ms) / 1000, UTC)
    metadata = {"webhook_id": "w-1", "timestamp": moment.isoformat(), "event_type": "offer_update"}
    usual = {"offer_id": "c-1", "status": "pending", "amount": 5, "denomination": "USD", "phone_number": TARIRO}
    return json.dumps({"metadata": metadata, "payload": {**usual, **payload}}).encode()


async def hostile_fields(place: AttackWorld) -> list[Attempt]:
    """Attempts with core's key: fields that try to do more than produce a message."""
    refused: dict[str, dict[str, object]] = {
        "an address for a phone number": {"phoneNumber": "http://169.254.169.254/"},
        "a path for a credex": {"credexID": "../../getLedger"},
        "a place for a credex": {"credexID": "x:n:switch"},
        "a name that is an object": {"memberName": {"$ne": ""}},
        "a message of invisible characters": {"message": "\u202e\u200b\u0007"},
        "two numbers in one": {"phoneNumber": f"{TARIRO},{FARAI}"},
        "full-width digits": {"phoneNumber": "".join(chr(ord(digit) + 0xFEE0) for digit in TARIRO)},
    }
    attempts = [
        await place.attempt(what, place.request("POST", NOTIFY, _notice(**fields), {KEY: API_KEY}), 400)
        for what, fields in refused.items()
    ]
    deep = b"[" * 30_000 + b"]" * 30_000
    for what, body, status in (
        ("30,000 lists in one another", deep, 400),
        ("a number with a huge exponent", _notice().replace(b'"You were paid."', b"1e99999999999999999999"), 400),
        ("more than 64 KB", _notice() + b" " * LARGEST_BODY, 413),
    ):
        attempts.append(await place.attempt(what, place.request("POST", NOTIFY, body, {KEY: API_KEY}), status))
    await place.say("Tariro", "hi")
    calls, shown = len(place.world.core.calls), len(place.world.handsets["Tariro"].bubbles)
    addresses = dict.fromkeys(("url", "callback_url", "image", "link"), "http://169.254.169.254/")
    body = _notice(**addresses, message="*Urgent*\n\n{{1}} tap\u202e http://evil.example", header={"type": "image"})
    answer = await place.request("POST", NOTIFY, body, {KEY: API_KEY})
    await place.world.settle()
    bubbles = place.world.handsets["Tariro"].bubbles[shown:]
    sent = json.dumps([bubble.payload for bubble in bubbles])
    held = len(bubbles) == 1 and "169.254" not in sent and len(place.world.core.calls) == calls
    line = bubbles[-1].body.split("\n")[-1] if bubbles else ""
    held = held and line == "Urgent {{1}} tap http://evil.example"
    what = "addresses in fields that nobody asked for, and markup in the text"
    return [*attempts, Attempt(what, str(answer), f"nothing is fetched; shown as plain text: “{line}”", held=held)]
