"""What the tests with real processes share beyond `soak.stack`: people, and waiting for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from simulator.people import Persona, persona
from simulator.processes.soak.stack import Stack, eventually, handle_of, start_stack
from simulator.server.services import VirtualUser

__all__ = ("Stack", "all_of", "eventually", "handle_of", "people", "start_stack")


def people(seed: int, count: int) -> list[Persona]:
    """Invented people, always the same for a seed."""
    return [persona(seed, number) for number in range(count)]


async def all_of(
    doings: Iterable[Coroutine[Any, Any, None] | asyncio.Task[None]],
    visitors: Sequence[VirtualUser],
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
        unfinished = [visitor for visitor, task in zip(visitors, tasks, strict=True) if not task.done()]
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    shown = "\n".join(f"  {visitor.phone}: {_screen(visitor)}" for visitor in unfinished[:10])
    assert not waiting, f"{len(waiting)} people got no answer within {within_s:g} s:\n{shown}"


def _screen(visitor: VirtualUser) -> str:
    written = [str(one.message.get("text", one.message.get("interactive")))[:60] for one in visitor.handset.sent]
    return f"wrote {written}, was told {[bubble.body[:40] for bubble in visitor.answers]}"
