"""Short forms for tests of the mailbox: one clock reading, arrivals, claims that must succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.mailbox import InboxEntry, InboxLease, OutboxLease

if TYPE_CHECKING:
    from service.mailbox import Mailbox

NOW = 1_700_000_000_000
MEMBER = "263771234567"
SECOND = 1_000
LEASE = 40 * SECOND
DAY = 86_400 * SECOND


def arrival(text: str, member: str = MEMBER, sent_at_ms: int = NOW) -> InboxEntry:
    """A message whose wamid is made from its text."""
    return InboxEntry(member, f"wamid.{text}", sent_at_ms, text.encode())


async def deliver(mailbox: Mailbox, *texts: str, now_ms: int = NOW, member: str = MEMBER) -> list[bool]:
    """Ingests one message for each text."""
    return await mailbox.ingest([arrival(text, member) for text in texts], now_ms)


async def claimed(mailbox: Mailbox, now_ms: int = NOW) -> InboxLease:
    """Claims, and insists on a claim."""
    claim = await mailbox.claim(now_ms)
    assert isinstance(claim, InboxLease), claim
    return claim


async def posting(mailbox: Mailbox, now_ms: int = NOW) -> OutboxLease:
    """Claims an outbox, and insists on a posting."""
    found = await mailbox.claim_outbox(now_ms)
    assert isinstance(found, OutboxLease), found
    return found


async def reply_with(mailbox: Mailbox, *entries: bytes, now_ms: int = NOW, text: str = "hello") -> None:
    """Lets a message arrive and be answered, so that `entries` wait in the outbox."""
    await deliver(mailbox, text, now_ms=now_ms)
    await mailbox.commit(await claimed(mailbox, now_ms), now_ms, session=None, outbox=entries)
