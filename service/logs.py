"""Structured logs: one JSON line an event, and never a number, name, text, token or amount in it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

import structlog

__all__ = ("configure", "pseudonym")

_BYTES: Final = 8


def configure(*, debug: bool = False) -> None:
    """Write logs as JSON lines to standard output; in development as short readable lines."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if debug else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        cache_logger_on_first_use=False,
    )


def pseudonym(secret: str) -> Callable[[str], str]:
    """A keyed pseudonym for members: the same member gets the same one, and only the key leads back."""
    key = blake2b(secret.encode(), person=b"vimbisopay logs").digest()

    def of(member: str) -> str:
        return blake2b(member.encode("utf-8", "surrogatepass"), key=key, digest_size=_BYTES).hexdigest()

    return of
