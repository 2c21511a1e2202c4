"""A real Redis database for worlds: never somebody else's."""

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
        flush: delete what is in it.

    Raises:
        DatabaseInUseError: it is not empty. Nothing was touched.
        redis.RedisError: it cannot be reached.
        ValueError: the URL is none.
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
    """Have a database for oneself, and leave it empty; an embedded one needs no care.

    Raises:
        DatabaseInUseError: as `ensure_empty` does.
    """
    if url == EMBEDDED:
        yield
        return
    ensure_empty(url, flush=flush)
    try:
        yield
    finally:
        ensure_empty(url, flush=True)
