"""Exclusive use of a real Redis database by worlds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from service.settings import EMBEDDED
from simulator.errors import DatabaseInUseError

__all__ = ("ensure_empty", "exclusive")


def ensure_empty(url: str, *, flush: bool = False) -> None:
    """Make sure that a database is empty.

    Args:
        url: of the database.
        flush: delete its content first.

    Raises:
        DatabaseInUseError: it is not empty. Nothing was changed.
        redis.RedisError: it cannot be reached.
        ValueError: the URL is invalid.
    """
    client = redis.Redis.from_url(url, socket_timeout=5)
    try:
        count = client.dbsize()
        if count and not flush:
            raise DatabaseInUseError(
                f"the database at {url} holds {count} keys already. Nothing was touched. Choose another database "
                "(the number at the end of the URL), or say --flush to delete all that is in this one"
            )
        client.flushdb()
    finally:
        client.close()


@contextmanager
def exclusive(url: str, *, flush: bool = False) -> Iterator[None]:
    """Use a database alone, and leave it empty. An embedded one needs nothing of this.

    Raises:
        DatabaseInUseError: it is not empty.
    """
    if url == EMBEDDED:
        yield
        return
    ensure_empty(url, flush=flush)
    try:
        yield
    finally:
        ensure_empty(url, flush=True)
