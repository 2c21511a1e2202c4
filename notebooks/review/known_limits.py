"""Known limits of the defences, demonstrated by running them."""

from __future__ import annotations

import json

from notebooks.review.attack_world import FARAI, TARIRO, AttackWorld, cache_of, dump_redis, run_in_world, usd
from notebooks.review.pictures import Table
from simulator.world.connections import API_KEY

__all__ = ("known_limits",)


def known_limits() -> Table:
    """A table of the limits and their demonstrations."""
    rows = run_in_world(_seen)
    return Table(("limit", "seen", "why it is so, and what stands there instead"), rows, "What to know besides")


async def _seen(place: AttackWorld) -> list[tuple[str, str, str]]:
    core = place.world.core
    core.offer(core.member(FARAI).handle, core.member(TARIRO).handle, usd("4"))
    await place.say("Tariro", "hi")
    cache = cache_of(place.world)
    held = await dump_redis(cache)
    await cache.aclose()
    readable = sorted(key.decode().partition(":")[0] for key, value in held.items() if "50.00" in repr(value))
    offered = await place.tap("Tariro", "Incoming offers (1)", "4.00 USD")
    twice = await _told(place, "Once more", 2)
    linked = await _told(place, "Look at http://evil.example", 1)
    return [
        (
            "Balances lie readable in the cache",
            f"under the key of: {', '.join(readable)}",
            "For 30 s, on the private network, over TLS. Core's tokens, with which one could act, are sealed.",
        ),
        (
            "An incoming offer names its sender by account name alone",
            f"“{offered.splitlines()[0]}” {'with' if 'farai_shop' in offered else 'without'} a handle",
            "Core sends no handle with it, and names are not unique. Accepting makes the other one the debtor.",
        ),
        (
            "Without an Idempotency-Key a repeated notice is told again",
            f"told {twice} times",
            "The same words twice may be meant. Events have a webhook_id, and a notice may carry a key.",
        ),
        (
            "An attacker with core's key can put a URL into a notice",
            f"told {linked} time, with the address in it",
            "The key is that of the ledger itself. WhatsApp shows it as a link; the service never follows one.",
        ),
    ]


async def _told(place: AttackWorld, message: str, times: int) -> int:
    """Post a notice several times; returns how many of them reach the phone."""
    body = json.dumps({"phoneNumber": TARIRO, "memberName": "Tariro", "message": message}).encode()
    phone = place.world.handsets["Tariro"]
    before = len(phone.bubbles)
    for _ in range(times):
        await place.request("POST", "/bot/notify", body, {"x-client-api-key": API_KEY})
    await place.world.settle()
    return sum(message in bubble.body for bubble in phone.bubbles[before:])
