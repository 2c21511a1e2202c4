"""What the tests with real processes share beyond `soak.stack`: people, and waiting for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from simulator.people import Persona, persona
from simulator.processes.soak.stack import Stack, eventually, handle_of, start_stack
from simulator.server.virtual_user import VirtualUser

__all__ = ("Stack", "all_of", "eventually", "handle_of", "people", "start_stack")


def people(seed: int, count: int) -> list[Persona]:
    """Invented people, always the same for a seed."""
    return [persona(seed, number) for number in range(count)]


async def all_of(
    doings: Iterable[Coroutine[Any, Any, None] | asyncio.Task[None]],
    users: Sequence[VirtualUser],
    *,
    within_s: float,
) -> None:
    """Let people do what they do, all at the same time.

    Raises:
        AssertionError: somebody still waits for an answer at the end; the text shows what their phones say.
    """
    tasks = [asyncio.ensure_future(doing) for doing in doings]
    try:
        _, waiting = await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        unfinished = [user for user, task in zip(users, tasks, strict=True) if not task.done()]
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    shown = "\n".join(f"  {user.phone}: {_screen(user)}" for user in unfinished[:10])
    assert not waiting, f"{len(waiting)} people got no answer within {within_s:g} s:\n{shown}"


def _screen(user: VirtualUser) -> str:
    written = [str(one.message.get("text", one.message.get("interactive")))[:60] for one in user.handset.sent]
    return f"wrote {written}, was told {[bubble.body[:40] for bubble in user.answers]}"
