"""Listens to what the bot logs while worlds are played: exceptions, and messages that it could not send."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

from service.mailbox import MailboxError, StateBrokenError

__all__ = ("Log", "listening")


class Log:
    """What was worth hearing of the bot's log lines since it was begun.

    Attributes:
        errors: exceptions that the bot did not expect.
        given_up: how many messages it says it could not send.
    """

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.given_up = 0

    def __call__(self, _: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Take a log line; none is printed."""
        if event.get("event") == "message_lost":
            self.given_up += 1
        if event.get("exc_info") or method == "exception":
            self._hear(str(event.get("event")), sys.exception())
        raise structlog.DropEvent

    def unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what the event loop says of tasks that failed with nobody waiting for them."""
        self._hear(str(context.get("message")), context.get("exception"))

    def _hear(self, what: str, error: BaseException | None) -> None:
        # Redis that cannot be reached is thought of everywhere: the step is made again.
        if isinstance(error, MailboxError) and not isinstance(error, StateBrokenError):
            return
        self.errors.append(f"{what}: {type(error).__name__}: {error}" if error else what)


@contextmanager
def listening() -> Iterator[Log]:
    """Hear the bot's log until the end of the block; then logging is as it was."""
    before = structlog.get_config()
    log = Log()
    structlog.configure(
        processors=[log],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        cache_logger_on_first_use=False,
    )
    try:
        yield log
    finally:
        structlog.configure(**before)
