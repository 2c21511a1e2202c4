"""Durable per-member queues on Redis: Lua scripts and their one Python face."""

from __future__ import annotations

from service.mailbox.connect import open_cache, open_state
from service.mailbox.errors import MailboxError, StateBroken, StateFull, StateUnavailable
from service.mailbox.mailbox import LEASE_MS, Mailbox
from service.mailbox.values import (
    Arrival,
    Claim,
    Committed,
    DeadLetter,
    Depths,
    Idle,
    Outcome,
    Posting,
    Settled,
)

__all__ = [
    "LEASE_MS",
    "Arrival",
    "Claim",
    "Committed",
    "DeadLetter",
    "Depths",
    "Idle",
    "Mailbox",
    "MailboxError",
    "Outcome",
    "Posting",
    "Settled",
    "StateBroken",
    "StateFull",
    "StateUnavailable",
    "open_cache",
    "open_state",
]
