"""Structured logs: one JSON line an event, without phone numbers, names, texts, tokens and amounts."""

import logging
import re
import sys
from collections.abc import Callable, Iterator
from hashlib import blake2b
from traceback import TracebackException
from typing import Final

import structlog

_BYTES: Final = 8
_NUMBER: Final = re.compile(r"(?<![0-9a-fA-F])\+?[0-9]{9,15}(?![0-9a-fA-F])")
"""What may be a phone number: digits that are not part of a digest."""


def without_numbers(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Masks what looks like a phone number in any text, because a library's error may quote one."""
    return {key: _NUMBER.sub("#", value) if isinstance(value, str) else value for key, value in event.items()}


def without_words(exc_info: structlog.typing.ExcInfo) -> str:
    """An error's stack and class, without its message, which may quote a text or an amount."""
    _, error, trace = exc_info
    return "".join(_formatted(TracebackException(type(error), error, trace)))


def _formatted(error: TracebackException) -> Iterator[str]:
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _formatted(earlier)
        yield "then\n"
    yield from error.stack.format()
    yield f"{error.exc_type.__qualname__ if error.exc_type else 'an error'}\n"
    for each in error.exceptions or ():
        yield "with\n"
        yield from _formatted(each)


def _first_line(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Keeps the first line of a library's message: asyncio quotes a whole error in the second."""
    return {**event, "event": str(event.get("event", "")).partition("\n")[0]}


def configure(*, debug: bool = False, release: str = "") -> None:
    """Writes logs as JSON lines to standard output, each with the release if there is one.

    With ``debug``: as readable lines, with debug events and the messages of errors.
    """
    if release:
        structlog.contextvars.bind_contextvars(release=release)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if debug else structlog.processors.JSONRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if debug else structlog.processors.ExceptionRenderer(without_words),
        without_numbers,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        cache_logger_on_first_use=False,
    )
    # Libraries' messages (about a malformed request, for instance) get the same format.
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=[_first_line, *shared])
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def pseudonym(secret: str) -> Callable[[str], str]:
    """A keyed pseudonym: the same for the same member, and not reversible without the key."""
    key = blake2b(secret.encode(), person=b"vimbisopay logs").digest()

    def of(member: str) -> str:
        return blake2b(member.encode("utf-8", "surrogatepass"), key=key, digest_size=_BYTES).hexdigest()

    return of


def write_line(line: str) -> None:
    """Writes a finished line among the logs, in one call, so that no other line comes between."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
