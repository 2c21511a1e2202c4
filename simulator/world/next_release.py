"""The bot's next release, as far as a deployment is concerned: its records have a newer version.

It reads both versions, as a release must that takes over from another. This release must leave newer records untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from service.mailbox import CommitResult, EndedLease, Idle, InboxEntry, InboxLease, Mailbox, OutboxLease
from service.mailbox.mailbox import LEASE_MS
from service.mailbox.versioning import RecordType
from service.runtime.records import INBOX_ENTRY, OUTBOX_ENTRY, PENDING_WRITES, SESSION

__all__ = ("NextMailbox",)

_Record = dict[str, msgspec.Raw]


class NextMailbox(Mailbox):
    """A mailbox that writes records of the next version and reads both versions."""

    async def ingest(self, arrivals: Sequence[InboxEntry], now_ms: int) -> list[bool]:
        """As in `Mailbox`."""
        return await super().ingest([replace(each, entry=_newer(each.entry, INBOX_ENTRY)) for each in arrivals], now_ms)

    async def claim(self, now_ms: int, lease_ms: int = LEASE_MS) -> InboxLease | Idle:
        """As in `Mailbox`."""
        claimed = await super().claim(now_ms, lease_ms)
        return claimed if isinstance(claimed, Idle) else _read(claimed)

    async def commit(
        self,
        lease: InboxLease,
        now_ms: int,
        *,
        session: bytes | None,
        outbox: Sequence[bytes] = (),
        pending_writes: bytes | None = None,
        due_ms: int | None = None,
        lease_ms: int = LEASE_MS,
    ) -> EndedLease[InboxLease]:
        """As in `Mailbox`."""
        committed = await super().commit(
            lease,
            now_ms,
            session=session and _newer(session, SESSION),
            outbox=[_newer(entry, OUTBOX_ENTRY) for entry in outbox],
            pending_writes=pending_writes and _newer(pending_writes, PENDING_WRITES),
            due_ms=due_ms,
            lease_ms=lease_ms,
        )
        return replace(committed, next=committed.next and _read(committed.next))

    async def dead_letter(
        self, lease: InboxLease, now_ms: int, *, reason: str, outbox: Sequence[bytes] = (), lease_ms: int = LEASE_MS
    ) -> EndedLease[InboxLease]:
        """As in `Mailbox`."""
        messages = [_newer(entry, OUTBOX_ENTRY) for entry in outbox]
        ended = await super().dead_letter(lease, now_ms, reason=reason, outbox=messages, lease_ms=lease_ms)
        return replace(ended, next=ended.next and _read(ended.next))

    async def store_pending_writes(
        self, lease: InboxLease, now_ms: int, pending_writes: bytes, *, lease_ms: int = LEASE_MS
    ) -> CommitResult:
        """As in `Mailbox`."""
        return await super().store_pending_writes(
            lease, now_ms, _newer(pending_writes, PENDING_WRITES), lease_ms=lease_ms
        )

    async def post_progress(self, lease: InboxLease, now_ms: int, entry: bytes) -> CommitResult:
        """As in `Mailbox`."""
        return await super().post_progress(lease, now_ms, _newer(entry, OUTBOX_ENTRY))

    async def post(self, member: str, entry: bytes, *, key: str, now_ms: int) -> bool:
        """As in `Mailbox`."""
        return await super().post(member, _newer(entry, OUTBOX_ENTRY), key=key, now_ms=now_ms)

    async def claim_outbox(self, now_ms: int, lease_ms: int = LEASE_MS) -> OutboxLease | Idle:
        """As in `Mailbox`."""
        claimed = await super().claim_outbox(now_ms, lease_ms)
        return claimed if isinstance(claimed, Idle) else _read_outbox_lease(claimed)

    async def ack(self, lease: OutboxLease, now_ms: int, *, lease_ms: int = LEASE_MS) -> EndedLease[OutboxLease]:
        """As in `Mailbox`."""
        ended = await super().ack(lease, now_ms, lease_ms=lease_ms)
        return replace(ended, next=ended.next and _read_outbox_lease(ended.next))


def _read(lease: InboxLease) -> InboxLease:
    return replace(
        lease,
        entry=_older(lease.entry, INBOX_ENTRY),
        session=_older(lease.session, SESSION),
        pending_writes=_older(lease.pending_writes, PENDING_WRITES),
    )


def _read_outbox_lease(lease: OutboxLease) -> OutboxLease:
    return replace(lease, entry=_with_version(lease.entry, OUTBOX_ENTRY.version))


def _newer(raw: bytes, record_type: RecordType[Any]) -> bytes:
    return _with_version(raw, record_type.version + 1)


def _older(raw: bytes | None, record_type: RecordType[Any]) -> bytes | None:
    return None if raw is None else _with_version(raw, record_type.version)


def _with_version(raw: bytes, version: int) -> bytes:
    stored = msgspec.Raw(msgspec.json.encode(version))
    return msgspec.json.encode({**msgspec.json.decode(raw, type=_Record), "version": stored})
