"""Whatever comes to the webhook with the right signature: it never breaks, and no sound message is lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog
from redis.asyncio import Redis

from service.app import Dependencies, Service
from service.mailbox import open_cache, open_state
from service.settings import load
from service.whatsapp import sign
from tests.integration.mutations import PHONE_NUMBER_ID, Envelope, Known, mixed, wild

SECRET = "app-secret"
LARGEST_BODY = 3 * 1024 * 1024
NOW_MS = 1_793_606_401_234
USUAL = 1_500
BLOCK = 100
"""So many envelopes are made from one seed, which a failure names."""


@pytest.fixture
async def state() -> AsyncIterator[Redis]:
    """The queues, with nobody who works on them."""
    client = open_state("embedded://")
    yield client
    await client.aclose()


@pytest.fixture
async def bot(state: Redis) -> AsyncIterator[httpx.AsyncClient]:
    """The whole bot, of which only the web is running."""
    settings = load({"WHATSAPP_APP_SECRET": SECRET, "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID}, env_file=None)
    parts = Dependencies(clock_ms=lambda: NOW_MS, state=state, cache=open_cache("embedded://"))
    app: Any = Service(settings, dependencies=parts).asgi
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot") as client:
        yield client


async def post(bot: httpx.AsyncClient, envelope: Envelope) -> int:
    headers = {"X-Hub-Signature-256": sign(SECRET, envelope.body), "Content-Type": "application/json"}
    return (await bot.post("/bot/webhook", content=envelope.body, headers=headers)).status_code


def answers(envelope: Envelope) -> set[int]:
    """What the bot may answer: Meta sends 3 MB at most, and what was made longer than that is not even read."""
    if len(envelope.body) > LARGEST_BODY:
        return {413}
    return {200} if envelope.about == "mixed" else {200, 400}


async def kept(state: Redis, envelope: Envelope) -> dict[str, list[str]]:
    """The sound messages that wait in the inboxes, as often and in the order in which they do."""
    found: dict[str, list[str]] = {}
    for member, wamids in envelope.valid.items():
        entries = await state.lrange(f"{{0}}:inbox:{member}", 0, -1)
        quoted = {wamid: f'"{wamid}"'.encode() for wamid in wamids}
        found[member] = [wamid for entry in entries for wamid, name in quoted.items() if name in entry]
    return found


async def play(bot: httpx.AsyncClient, state: Redis, seed: int) -> Counter[str]:
    """A block of envelopes; fails with its seed if one of them does harm."""
    rng, known, seen = random.Random(seed), Known.read(), Counter[str]()
    for place in range(BLOCK):
        number = seed * BLOCK + place
        envelope = mixed(rng, number, known) if rng.random() < 0.6 else wild(rng, known)
        said = f"{envelope.about}, seed {seed}, envelope {place}: {envelope.body[:300]!r}"
        with structlog.testing.capture_logs() as logs:
            statuses = [await post(bot, envelope) for _ in range(rng.choice((1, 1, 1, 2)))]
        seen.update(f"{envelope.about.split()[0]} {status}" for status in statuses)
        failures = [log for log in logs if log["log_level"] in {"error", "critical"} or "exc_info" in log]
        assert not failures, said
        assert set(statuses) <= answers(envelope), said
        assert envelope.valid == await kept(state, envelope), said
        seen["valid"] += sum(map(len, envelope.valid.values()))
    await state.flushall()
    return seen


async def test_no_envelope_breaks_the_webhook_or_loses_a_sound_message(
    bot: httpx.AsyncClient, state: Redis, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never a 5xx, never an exception in the log, and each sound message waits in its inbox exactly once."""
    count = int(request.config.getoption("--mutations"))
    first = int(request.config.getoption("--mutation-seed"))
    seen = Counter[str]()
    for seed in range(first, first + count // BLOCK):
        seen += await play(bot, state, seed)
    if count > USUAL:
        with capsys.disabled():
            print(f"\n{count} envelopes: {dict(sorted(seen.items()))}")  # noqa: T201 - it was asked for
    assert seen["valid"] > count
    assert min(seen["mixed 200"], seen["wild 200"], seen["wild 400"]) > count / 20
