"""Tokens in the cache: the same on an embedded and on a real Redis, and as their fake."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from service.credex.tokens import CachedTokens, Tokens
from service.mailbox import open_cache
from tests.credex_world import MemoryTokens

START_MS = 1_793_606_400_000
TARIRO = "263771234567"
FARAI = "263772345678"


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
async def cache(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the cache, as the service opens it."""
    client = open_cache(redis_url)
    assert isinstance(client, Redis)
    yield client
    await client.aclose()


@pytest.fixture(params=["memory", "cached"])
def tokens(request: pytest.FixtureRequest, clock: Hands, cache: Redis) -> Tokens:
    """The real ones and their fake."""
    return MemoryTokens(clock.now_ms) if request.param == "memory" else CachedTokens(cache, "secret", clock.now_ms)


async def test_the_newest_token_wins(tokens: Tokens) -> None:
    """Each member has one, the last that core gave."""
    await tokens.put(TARIRO, "first")
    await tokens.put(FARAI, "his")
    await tokens.put(TARIRO, "second")
    assert (await tokens.get(TARIRO), await tokens.get(FARAI)) == ("second", "his")


async def test_a_token_is_given_up_before_core_does(tokens: Tokens, clock: Hands) -> None:
    """Core's five minutes end during a call otherwise, and a write is not sent again after a 401."""
    await tokens.put(TARIRO, "token")
    clock.at_ms += 284_999
    assert await tokens.get(TARIRO) == "token"
    clock.at_ms += 1
    assert await tokens.get(TARIRO) is None


async def test_dropping_an_old_token_keeps_a_newer_one(tokens: Tokens) -> None:
    """A late 401 says nothing about the token that came after."""
    await tokens.put(TARIRO, "new")
    await tokens.drop(TARIRO, "old")
    assert await tokens.get(TARIRO) == "new"
    await tokens.drop(TARIRO, "new")
    assert await tokens.get(TARIRO) is None


async def test_the_cache_holds_no_readable_token_and_not_for_long(cache: Redis, clock: Hands) -> None:
    """Whoever reads the cache learns nothing, and within five minutes it is gone."""
    await CachedTokens(cache, "secret", clock.now_ms).put(TARIRO, "a-token-of-core")
    value = await cache.get(f"token:{TARIRO}")
    assert isinstance(value, bytes)
    assert b"a-token-of-core" not in value
    assert 0 < await cache.pttl(f"token:{TARIRO}") <= 300_000


async def test_the_same_token_never_looks_the_same(cache: Redis, clock: Hands) -> None:
    """Each value has its own nonce."""
    tokens = CachedTokens(cache, "secret", clock.now_ms)
    seen = set()
    for _ in range(3):
        await tokens.put(TARIRO, "token")
        seen.add(await cache.get(f"token:{TARIRO}"))
    assert len(seen) == 3


async def test_a_value_opens_under_its_own_member_and_secret_only(cache: Redis, clock: Hands) -> None:
    """Copied to another member, altered, or read with another secret it is no token."""
    tokens = CachedTokens(cache, "secret", clock.now_ms)
    await tokens.put(TARIRO, "token")
    value = await cache.get(f"token:{TARIRO}")
    assert isinstance(value, bytes)
    await cache.set(f"token:{FARAI}", value)
    assert await tokens.get(FARAI) is None
    assert await CachedTokens(cache, "another", clock.now_ms).get(TARIRO) is None
    other = b"B" if value.startswith(b"A") else b"A"
    for spoiled in (b"", b"x", value[:-8], other + value[1:], b"\xff\xfe"):
        await cache.set(f"token:{TARIRO}", spoiled)
        assert await tokens.get(TARIRO) is None


async def test_without_the_cache_there_is_no_token(clock: Hands) -> None:
    """It is not kept anywhere else, and nothing fails."""
    lost = open_cache("redis://127.0.0.1:1", timeout_s=0.05)
    tokens = CachedTokens(lost, "secret", clock.now_ms)
    await tokens.put(TARIRO, "token")
    await tokens.drop(TARIRO, "token")
    assert await tokens.get(TARIRO) is None
    await lost.aclose()
