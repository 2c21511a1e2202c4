"""What can go wrong with the mailbox.

::

    MailboxError
    ├── StateUnavailableError   no answer: the step may or may not have happened; run it again
    ├── StateFullError          refused before anything was written; committing and sending go on and make room
    └── StateBrokenError        an answer that scripts never give: a bug, or foreign data under our keys
"""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions as redis_errors

# Error replies about a temporary condition of the server, by the word Redis starts them with.
_TEMPORARY = ("BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "READONLY", "TRYAGAIN")


class MailboxError(Exception):
    """Anything that goes wrong between the mailbox and the state Redis."""


class StateUnavailableError(MailboxError):
    """The state Redis did not answer in time, or cannot take writes now."""


class StateFullError(MailboxError):
    """The state Redis is at its memory limit and takes no new messages."""


class StateBrokenError(MailboxError):
    """The state Redis answered something that the scripts never answer."""


def translate(error: redis_errors.RedisError | OSError) -> MailboxError:
    if isinstance(error, redis_errors.OutOfMemoryError):
        return StateFullError(
            f"The state Redis is full and refused a new entry; what it holds is kept. "
            f"Answer 503 and let it drain, or raise its maxmemory. ({error})"
        )
    temporary = isinstance(error, redis_errors.ResponseError) and (
        isinstance(error, redis_errors.ReadOnlyError | redis_errors.ClusterDownError | redis_errors.TryAgainError)
        or str(error).startswith(_TEMPORARY)
    )
    if temporary or isinstance(error, redis_errors.ConnectionError | redis_errors.TimeoutError | OSError):
        return StateUnavailableError(
            f"The state Redis did not complete a step, which may or may not have happened; "
            f"nothing already stored is lost. Run the same step again. ({type(error).__name__}: {error})"
        )
    return StateBrokenError(
        f"The state Redis gave an answer the mailbox does not know; the step did not finish. "
        f"Look for a bug in a script or foreign data under its keys. ({type(error).__name__}: {error})"
    )


@contextmanager
def translate_redis_errors() -> Iterator[None]:
    """Raises `MailboxError` in place of the client's own errors."""
    try:
        yield
    except (redis_errors.RedisError, OSError) as error:
        raise translate(error) from error
