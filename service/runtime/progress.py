"""Tells waiting members that the bot is working: typing indicator while core is called, a message after 10 s."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import msgspec
import structlog

from service.mailbox import InboxLease, Mailbox
from service.messages import Outgoing, Text

_TYPING_AFTER_MS: Final = 3_000
_MESSAGE_AFTER_MS: Final = 10_000
STILL_WORKING: Final = "Credex is slow just now. I am still waiting for its answer and will tell you."

log = structlog.get_logger(__name__)


class TypingIndicator(Protocol):
    """What the notifier needs of the Graph API."""

    async def mark_read(self, wamid: str, *, typing: bool) -> None: ...


class ProgressNotifier:
    """Sends progress to waiting members. Its failures are logged and do no harm."""

    def __init__(
        self,
        mailbox: Mailbox,
        typing_indicator: TypingIndicator | None,
        clock_ms: Callable[[], int],
        outbox_woken: Callable[[], None],
    ) -> None:
        """Without ``typing_indicator`` there are progress messages only."""
        self._mailbox = mailbox
        self._typing_indicator = typing_indicator
        self._clock_ms = clock_ms
        self._outbox_woken = outbox_woken

    @asynccontextmanager
    async def notify_while_running(
        self, lease: InboxLease, wamid: str, *, since_ms: int
    ) -> AsyncIterator[Callable[[], None]]:
        """Sends progress while the body runs.

        The body calls the function it is given when it calls Credex core: then the message is marked as read at once,
        with a typing indicator, in the background. Otherwise that happens after three seconds.
        """
        asked = asyncio.Event()
        task = asyncio.create_task(self._notify(lease, wamid, since_ms, asked))
        try:
            yield asked.set
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _notify(self, lease: InboxLease, wamid: str, since_ms: int, asked: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds_until(since_ms + _TYPING_AFTER_MS)):
                await asked.wait()
        try:
            if self._typing_indicator is not None:
                async with asyncio.timeout((_MESSAGE_AFTER_MS - _TYPING_AFTER_MS) / 1000):
                    await self._typing_indicator.mark_read(wamid, typing=True)
        except Exception as error:  # noqa: BLE001 - no error may disturb the answer
            log.info("typing_not_shown", error=type(error).__name__)
        await asyncio.sleep(self._seconds_until(since_ms + _MESSAGE_AFTER_MS))
        try:
            await self._mailbox.post_progress(
                lease, self._clock_ms(), msgspec.json.encode(Outgoing(Text(STILL_WORKING)))
            )
            self._outbox_woken()
        except Exception as error:  # noqa: BLE001 - see above
            log.info("progress_not_posted", error=type(error).__name__)

    def _seconds_until(self, when_ms: int) -> float:
        return max(0, when_ms - self._clock_ms()) / 1000
