"""Captures the bot's log while worlds run: exceptions, and messages that could not be sent."""

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
    """A structlog processor that keeps errors and drops all lines.

    Attributes:
        errors: unexpected exceptions.
        given_up: the number of messages that the bot reports as lost.
    """

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.given_up = 0

    def __call__(self, _: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Process a log line; none is printed."""
        if event.get("event") == "message_lost":
            self.given_up += 1
        if event.get("exc_info") or method == "exception":
            self._record(str(event.get("event")), sys.exception())
        raise structlog.DropEvent

    def unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle the event loop's report of a failed task that nobody awaits."""
        self._record(str(context.get("message")), context.get("exception"))

    def _record(self, what: str, error: BaseException | None) -> None:
        # An unreachable Redis is expected everywhere: the step is retried.
        if isinstance(error, MailboxError) and not isinstance(error, StateBrokenError):
            return
        self.errors.append(f"{what}: {type(error).__name__}: {error}" if error else what)


@contextmanager
def listening() -> Iterator[Log]:
    """Capture the bot's log until the end of the block, and then restore the configuration."""
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
