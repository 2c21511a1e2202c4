"""Durable per-member queues on Redis: Lua scripts and their one Python face."""

from service.mailbox.connect import open_cache, open_state
from service.mailbox.errors import MailboxError, StateBrokenError, StateFullError, StateUnavailableError
from service.mailbox.mailbox import LEASE_MS, Mailbox
from service.mailbox.values import (
    CommitResult,
    DeadLetter,
    EndedLease,
    Idle,
    InboxEntry,
    InboxLease,
    OutboxLease,
    QueueStats,
)

__all__ = [
    "LEASE_MS",
    "CommitResult",
    "DeadLetter",
    "EndedLease",
    "Idle",
    "InboxEntry",
    "InboxLease",
    "Mailbox",
    "MailboxError",
    "OutboxLease",
    "QueueStats",
    "StateBrokenError",
    "StateFullError",
    "StateUnavailableError",
    "open_cache",
    "open_state",
]
