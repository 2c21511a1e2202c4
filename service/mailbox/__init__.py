"""Durable per-member queues on Redis: Lua scripts and their one Python face."""

from __future__ import annotations

from service.mailbox.connect import open_cache, open_state
from service.mailbox.errors import MailboxError, StateBrokenError, StateFullError, StateUnavailableError
from service.mailbox.mailbox import LEASE_MS, Mailbox
from service.mailbox.values import (
    CommitResult,
    Committed,
    DeadLetter,
    Idle,
    InboxEntry,
    InboxLease,
    OutboxLease,
    QueueStats,
    Settled,
)

__all__ = [
    "LEASE_MS",
    "CommitResult",
    "Committed",
    "DeadLetter",
    "Idle",
    "InboxEntry",
    "InboxLease",
    "Mailbox",
    "MailboxError",
    "OutboxLease",
    "QueueStats",
    "Settled",
    "StateBrokenError",
    "StateFullError",
    "StateUnavailableError",
    "open_cache",
    "open_state",
]
