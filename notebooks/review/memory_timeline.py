"""The lifetime of a message in Redis: plays a conversation and records all keys after each script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from notebooks.review.memory_keys import Stored, snapshot
from service.mailbox import open_state
from service.mailbox.scripts import sources
from simulator.playback.player import play_lines, world_of
from simulator.processes.programs import redis_server
from simulator.script.conversation import load
from simulator.script.library import CONVERSATIONS
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.connections import Connections, run_service
from simulator.world.failpoints import scripts_in
from simulator.world.network import with_switches
from simulator.world.process import Bot
from simulator.world.redis_database import exclusive
from simulator.world.world import START_UP_MS

__all__ = ("OFFER", "Moment", "lasting", "timeline")

OFFER: Final = CONVERSATIONS / "offer" / "by-questions.yaml"
"""A member greets, answers the questions of an offer one by one, and confirms."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The content of Redis directly after a script of the mailbox.

    Attributes:
        script: the name of the script.
        at_ms: the time since the start of the conversation.
        keys: all keys of state and cache, by name.
    """

    script: str
    at_ms: int
    keys: dict[str, Stored]

    def of(self, kind: str) -> Stored | None:
        """The key of this kind, if there is one."""
        return next((stored for stored in self.keys.values() if stored.kind == kind), None)


def timeline(conversation: Path = OFFER) -> list[Moment]:
    """Play a conversation in virtual time on a fresh redis-server, and record all keys after every script."""
    with redis_server() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        with exclusive(url):
            return _played(conversation, url)


def lasting(moments: Sequence[Moment]) -> dict[str, str]:
    """The time to live of each kind of key, in words; kinds that do not expire are omitted."""
    longest: dict[str, int] = {}
    for moment in moments:
        for stored in moment.keys.values():
            longest[stored.kind] = max(longest.get(stored.kind, 0), stored.ttl_ms)
    return {kind: _words(ms) for kind, ms in longest.items() if ms}


def _words(ms: int) -> str:
    # The remaining time is slightly less than the original one.
    seconds = -(-ms // 1000)
    for unit, name in ((86_400, "day"), (60, "minute"), (1, "second")):
        if seconds >= unit:
            count = round(seconds / unit)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "less than a second"


def _played(path: Path, url: str) -> list[Moment]:
    conversation, moments = load(path), list[Moment]()

    async def main(clock: Clock) -> None:
        clients: list[Redis] = []

        one_at_a_time, running = asyncio.Lock(), list[bytes]()

        async def looked(when: str, packed: bytes) -> None:
            scripts = scripts_in(packed)
            if not scripts:
                return
            # Worker and sender run concurrently; the lock attributes each change to one script.
            if when == "before":
                await one_at_a_time.acquire()
                running.append(packed)
            elif running:
                at_ms = clock.now_ms() - conversation.starts_ms
                moments.append(Moment(scripts[0], at_ms, await snapshot(clients[0])))
                running.clear()
                one_at_a_time.release()

        world = world_of(conversation, clock, redis_url=url, run_bot=_watched(looked))
        clients.append(world.open_quietly(open_state, 0))
        # Load the scripts, because unknown scripts would be sent twice.
        for text in sources().values():
            await clients[0].script_load(text)
        await world.start(at_ms=conversation.starts_ms)
        try:
            await play_lines(world, conversation)
        finally:
            await world.stop()
            await clients[0].aclose()

    run(main, start_ms=conversation.starts_ms - START_UP_MS)
    return moments


def _watched(looked: Callable[[str, bytes], Awaitable[None]]) -> Callable[[Connections], Bot]:
    def run_bot(wires: Connections) -> Bot:
        return run_service(replace(wires, state=with_switches(wires.state, [], looked)))

    return run_bot
