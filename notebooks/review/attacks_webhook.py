"""Attacks on the webhook endpoint."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from hashlib import sha1, sha256

from notebooks.review.attack_world import DAY_MS, FARAI, MALLORY, STRANGER, TARIRO, AttackWorld, Attempt
from service.web.whatsapp_webhook import LARGEST_BODY
from service.whatsapp import sign
from simulator.world.connections import BUSINESS

__all__ = ("foreign_number", "forged_signatures", "mock_headers", "monstrous_bodies", "replays", "wrong_verify_token")

PATH = "/bot/webhook"
SIGNATURE = "X-Hub-Signature-256"
DEEP = 100_000


async def forged_signatures(place: AttackWorld) -> list[Attempt]:
    """Attempts without the App Secret."""
    body = place.envelope(place.text("1=>mallory"))
    right = sign(BUSINESS.app_secret, body)
    digest = right.removeprefix("sha256=")
    old = hmac.new(BUSINESS.app_secret.encode(), body, sha1).hexdigest()
    respelt = json.dumps(json.loads(body), separators=(",", ":")).encode()
    unkeyed = sha256(body).hexdigest()
    forged = {
        "no signature": {},
        "an empty one": {SIGNATURE: ""},
        "signed with another secret": {SIGNATURE: sign("a guess", body)},
        "signed with an empty secret": {SIGNATURE: sign("", body)},
        "a plain SHA-256, without key": {SIGNATURE: f"sha256={unkeyed}"},
        "the signature of other bytes": {SIGNATURE: sign(BUSINESS.app_secret, b"{}")},
        "of the same JSON, re-serialised": {SIGNATURE: sign(BUSINESS.app_secret, respelt)},
        "only the old SHA-1 header": {"X-Hub-Signature": f"sha1={old}"},
        "the SHA-1 in the new header": {SIGNATURE: f"sha1={old}"},
        "without its prefix": {SIGNATURE: digest},
        "cut short": {SIGNATURE: right[:-1]},
        "one digit changed": {SIGNATURE: right[:-1] + ("0" if right[-1] != "0" else "1")},
        "with letters that are not ASCII": {SIGNATURE: "sha256=é" + digest[1:]},
        "Core's webhook header in its place": {"X-Credex-Signature-256": right},
    }
    attempts = [await place.attempt(what, place.request("POST", PATH, body, h), 401) for what, h in forged.items()]
    one_more = place.request("POST", PATH, body + b" ", {SIGNATURE: right})
    return [*attempts, await place.attempt("a space added to signed bytes", one_more, 401)]


async def wrong_verify_token(place: AttackWorld) -> list[Attempt]:
    """Handshakes without the verify token."""
    right = BUSINESS.verify_token
    asked = {
        "another word": "hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1",
        "none": "hub.mode=subscribe&hub.challenge=1",
        "an empty one": "hub.mode=subscribe&hub.verify_token=&hub.challenge=1",
        "its beginning": f"hub.mode=subscribe&hub.verify_token={right[:-1]}&hub.challenge=1",
        "in capitals": f"hub.mode=subscribe&hub.verify_token={right.upper()}&hub.challenge=1",
        "twice, both wrong": "hub.mode=subscribe&hub.verify_token=a&hub.verify_token=b&hub.challenge=1",
        "half of a surrogate pair": "hub.mode=subscribe&hub.verify_token=%ED%A0%80&hub.challenge=1",
        "the right one, in another mode": f"hub.mode=unsubscribe&hub.verify_token={right}&hub.challenge=1",
        "the right one, with no challenge": f"hub.mode=subscribe&hub.verify_token={right}",
    }
    attempts = [await place.attempt(what, place.request("GET", f"{PATH}?{q}"), 403) for what, q in asked.items()]
    query = f"hub.mode=subscribe&hub.verify_token={right}&hub.challenge=%3Cscript%3Ealert(1)%3C/script%3E"
    answer = await place.request("GET", f"{PATH}?{query}")
    harmless = answer.headers.get("content-type", "").startswith("text/plain")
    harmless = harmless and answer.headers.get("x-content-type-options") == "nosniff"
    what = "the right one, with a script as the challenge"
    return [*attempts, Attempt(what, str(answer), "comes back as text that no browser runs", held=harmless)]


async def mock_headers(place: AttackWorld) -> list[Attempt]:
    """Headers and parameters that enabled the test mode of earlier versions or of other software."""
    body = place.envelope(place.text("hi"))
    tricks = {
        "X-Mock-Testing: true": {"X-Mock-Testing": "true"},
        "X-Mock-WhatsApp: 1": {"X-Mock-WhatsApp": "1"},
        "X-Forwarded-For: 127.0.0.1": {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
        "X-HTTP-Method-Override: GET": {"X-HTTP-Method-Override": "GET"},
        "X-Original-URL: /health/": {"X-Original-URL": "/health/", "X-Rewrite-URL": "/health/"},
        "Authorization: Bearer …": {"Authorization": f"Bearer {BUSINESS.access_token}"},
        "x-client-api-key, Core's key": {"x-client-api-key": "simulated-api-key"},
        "User-Agent: facebookexternalua": {"User-Agent": "facebookexternalua"},
        "Host: graph.facebook.com": {"Host": "graph.facebook.com"},
    }
    attempts = [await place.attempt(what, place.request("POST", PATH, body, h), 401) for what, h in tricks.items()]
    queries = ("?mock=true", "?X-Mock-Testing=true", "?debug=1")
    attempts += [await place.attempt(query, place.request("POST", f"{PATH}{query}", body), 401) for query in queries]
    plain = json.dumps({"type": "text", "message": "hi", "phone": TARIRO}).encode()
    mock = place.request("POST", PATH, plain, {"X-Mock-Testing": "true"})
    attempts.append(await place.attempt("the body of the earlier mock server", mock, 401))
    told = await place.deliver(body, X_Mock_Testing="true")
    dull = told.text == '{"status":"stored"}'
    await place.world.settle()
    what = "rightly signed, and X-Mock-Testing: true"
    return [
        *attempts,
        Attempt(what, str(told), "the answer holds no dashboard; that goes to the phone only", held=dull),
    ]


async def replays(place: AttackWorld) -> list[Attempt]:
    """Replays of recorded deliveries with valid signatures."""
    body = place.envelope(place.text("hi", wamid="wamid.recorded"))
    await place.deliver(body)
    await place.world.settle()
    attempts = [await place.attempt(f"the same bytes again, {nth}", place.deliver(body), 200) for nth in ("1st", "2nd")]
    other = place.envelope(place.text("1=>mallory", wamid="wamid.recorded"))
    attempts.append(await place.attempt("its id on another text (that needs the secret)", place.deliver(other), 200))
    two = place.envelope(*[place.text("x", wamid="wamid.recorded")] * 50)
    attempts.append(await place.attempt("its id fifty times in one delivery", place.deliver(two), 200))

    place.deliveries.clear()
    await place.say("Tariro", "5=>farai_shop")
    await place.tap("Tariro", "Confirm")
    recorded = [each for each in place.deliveries if b'"messages":[' in each]
    offered = "an offer and its Confirm, when their ids are forgotten"
    attempts.append(await _again(place, recorded, f"{offered}, six hours later", DAY_MS // 4, "an earlier message"))
    return [*attempts, await _again(place, recorded, f"{offered}, eight days later", 8 * DAY_MS, "")]


async def _again(place: AttackWorld, recorded: Sequence[bytes], what: str, after_ms: int, shows: str) -> Attempt:
    """Replay recorded deliveries; after a day of silence the bot cannot even reply."""
    await place.world.pass_time(after_ms)
    await place.forget_ids()
    made, phone = set(place.world.core.ledger.credexes), place.world.handsets["Tariro"]
    shown = len(phone.bubbles)
    answers = []
    for each in recorded:
        answers.append(await place.deliver(each))
        await place.world.settle()
    new = [bubble.body.split("\n")[0] for bubble in phone.bubbles[shown:]]
    no_offer = set(place.world.core.ledger.credexes) == made
    said = f"no offer: “{new[-1]}”" if new else "no offer, and nothing on the phone"
    return Attempt(
        what, str(answers[-1]), said, held=no_offer and bool(new) is bool(shows) and shows in "".join(new[-1:])
    )


async def foreign_number(place: AttackWorld) -> list[Attempt]:
    """Validly signed deliveries for another business or about another subject."""
    message = place.text("hi")
    cases = {
        "another phone number id": place.envelope(message, number_id="999999999999999"),
        "ours with a digit more": place.envelope(message, number_id=f"{BUSINESS.phone_number_id}0"),
        "ours in full-width digits": place.envelope(message, number_id=_wide(BUSINESS.phone_number_id)),
        "another field than messages": place.envelope(message).replace(b'"field": "messages"', b'"field": "calls"'),
    }
    attempts = [await place.attempt(what, place.deliver(body), 200) for what, body in cases.items()]
    page = place.envelope(message).replace(b"whatsapp_business_account", b"page")
    attempts.append(await place.attempt("another product of Meta's", place.deliver(page), 400))
    senders = {"a sender in full-width digits": _wide(TARIRO), "two numbers as one sender": f"{TARIRO},{FARAI}"}
    for what, sender in senders.items():
        body = place.envelope(place.text("hi", sender=sender))
        attempts.append(await place.attempt(what, place.deliver(body), 200))
    return attempts


def _wide(digits: str) -> str:
    return "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in digits)


async def monstrous_bodies(place: AttackWorld) -> list[Attempt]:
    """Bodies that try to crash the decoder."""
    padding = b" " * (LARGEST_BODY + 1)
    unsigned = place.request("POST", PATH, padding, {SIGNATURE: "sha256=00"})
    attempts = [
        await place.attempt("more than 3 MB", place.deliver(place.envelope() + padding), 413),
        await place.attempt("more than 3 MB, unsigned", unsigned, 413),
        await place.attempt("no JSON", place.deliver(b"\x00\xff<xml/>"), 400),
        await place.attempt(f"{DEEP:,} lists in one another, alone", place.deliver(b"[" * DEEP + b"]" * DEEP), 400),
    ]
    message = place.text("hi", sender=MALLORY)
    strange = {
        f"{DEEP:,} lists in one another, beside a message": {**message, "x": "@"},
        "a number of 100,000 digits, beside a message": {**message, "x": "#"},
        "halves of surrogate pairs, beside a message": {**message, "x": "\ud800"},
    }
    for what, odd in strange.items():
        odd["id"] = f"wamid.{what}"
        body = place.envelope(odd).replace(b'"@"', b"[" * DEEP + b"]" * DEEP).replace(b'"#"', b"9" * DEEP)
        shown = len(place.world.handsets["Mallory"].bubbles)
        answer = await place.deliver(body)
        await place.world.settle()
        effect = len(place.world.handsets["Mallory"].bubbles) - shown
        attempts.append(Attempt(what, str(answer), "the message is answered all the same", held=bool(effect)))
    many = place.envelope(*(place.text("hi", sender=STRANGER) for _ in range(1000)))
    answer = await place.deliver(many)
    told, taken = "all are stored before the answer", "stored" in answer.text
    return [*attempts, Attempt("1,000 messages at once", str(answer), told, held=taken)]
