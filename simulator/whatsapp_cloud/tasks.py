"""Background tasks whose exceptions are kept and raised."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

__all__ = ("Tasks",)


class Tasks:
    """The background tasks of one API. The first exception in one of them is raised by the next `check`."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], None] = {}
        self._problem: BaseException | None = None

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a coroutine in the background."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running[task] = None
        task.add_done_callback(self._ended)

    def check(self) -> None:
        """Raise the exception of a failed task, once."""
        problem, self._problem = self._problem, None
        if problem is not None:
            raise problem

    async def stop(self) -> None:
        """Cancel the running tasks and wait for their end."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self.check()

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and task.exception() is not None and self._problem is None:
            self._problem = task.exception()
