"""Sends what waits in the outboxes, one member's messages in order, and decides what follows from each failure.

WhatsApp has no idempotency key. A message that may have been sent waits 30 s for a status that carries its id (which
pops it from the outbox), and is then sent once more: a duplicate is accepted, silence is not.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
import structlog
from cachetools import LRUCache

from service.mailbox import CommitResult, EndedLease, Idle, OutboxLease, StateFullError, StateUnavailableError
from service.mailbox.versioning import NewerRecordError, read_record
from service.messages import Message, Outgoing, Template
from service.runtime.poller import Poller
from service.runtime.rate_limiter import LONGEST_WAIT_MS, RateLimiter
from service.runtime.records import OUTBOX_ENTRY
from service.runtime.send_gate import LONGEST_BACKOFF_S, SendGate, StopReason
from service.whatsapp import (
    GraphError,
    NoAnswerError,
    NotSentError,
    PairLimitedError,
    RejectedError,
    SendingStoppedError,
    ThrottledError,
    WindowClosedError,
)

_STATUS_WAIT_MS: Final = 30_000
UNREADABLE_WAIT_MS: Final = 60_000
DEFER_MS: Final = 200
"""How much longer a process waits that rescheduled a newer release's entry, so that another one can claim it first."""
DAY_MS: Final = 24 * 60 * 60 * 1000
WINDOW_MS: Final = DAY_MS - 60_000
"""How long after a member's last message a free-form one is sent: Meta's 24 hours, less a minute to get there."""
_MOST_FAILURES: Final = 12
_LONGEST_PAIR_WAIT_S: Final = 300
_REPEAT_AFTER_S: Final = (0.5, 1.0, 2.0, 4.0)
_REMEMBERED: Final = 10_000


class SenderOutbox(Protocol):
    """What the sender needs of the mailbox: methods of `Mailbox`."""

    async def claim_outbox(self, now_ms: int, /) -> OutboxLease | Idle: ...

    async def ack(self, lease: OutboxLease, now_ms: int, /) -> EndedLease[OutboxLease]: ...

    async def reschedule(
        self, lease: OutboxLease, now_ms: int, /, *, due_ms: int, uncertain_since_ms: int | None
    ) -> EndedLease[OutboxLease]: ...


class Graph(Protocol):
    """What the sender needs of the Graph API: a method of `GraphClient`."""

    async def send(self, message: Message, *, to: str, callback_id: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Reschedule:
    """The entry stays and is due again; `uncertain_since_ms` is set if it may have been sent."""

    at_ms: int
    uncertain_since_ms: int | None = None


_ACK: Final = None
"""The entry leaves the outbox."""


@dataclass(slots=True)
class _Failures:
    """Failures of one message, and how many messages had been sent at the last one that counted."""

    counted: int = 0
    sent_before: int = -1


class Sender:
    """Takes messages from outboxes and hands them to the Graph API.

    Attributes:
        counts: what became of messages: `sent`, `again:<error class>`, `lost:<reason>` or `lost:<reason>:<code>`.
    """

    def __init__(
        self,
        outbox: SenderOutbox,
        graph: Graph,
        *,
        limiter: RateLimiter,
        clock_ms: Callable[[], int],
        poll_ms: int | None = 1000,
        concurrency: int = 8,
        pseudonym: Callable[[str], str] = lambda _: "",
        log: Any = None,
    ) -> None:
        """Sends nothing yet.

        Args:
            poll_ms: how often to poll for messages that other processes left; None: only when woken or due.
            concurrency: how many members are served at a time.
            pseudonym: names a member in logs. Numbers, and ids that hold them, are never logged.
            log: a structlog logger.
        """
        self.counts: Counter[str] = Counter()
        self._outbox = outbox
        self._graph = graph
        self._limiter = limiter
        self._clock_ms = clock_ms
        self._poll_ms = poll_ms
        self._concurrency = concurrency
        self._pseudonym = pseudonym
        self._log = structlog.get_logger(__name__) if log is None else log
        self._gate = SendGate(self._log)
        self._stop: asyncio.Event | None = None
        self._in_hand = 0
        self._deferring_until_ms = 0
        # Other processes may finish these, so the memory of them is bounded.
        self._failures = LRUCache[str, _Failures](_REMEMBERED)
        self._unacknowledged = LRUCache[str, bool](_REMEMBERED)

    @property
    def stopped(self) -> StopReason | None:
        """Why WhatsApp has stopped our sending; None while it has not."""
        return self._gate.stopped

    @property
    def busy(self) -> bool:
        return self._in_hand > 0

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Sends until `stop` is set; then finishes what is being sent and reschedules what else is leased."""
        self._stop = stop
        await Poller("sender", expected=(StateFullError, StateUnavailableError), log=self._log).serve(
            self.run_once,
            wake=wake,
            stop=stop,
            clock_ms=self._clock_ms,
            poll_ms=self._poll_ms,
            concurrency=self._concurrency,
        )

    async def run_once(self) -> int | None:
        """Serves one member as long as messages follow one another.

        Returns:
            0 if there was something to do, else the milliseconds until there is, or None if nothing waits.

        Raises:
            MailboxError: the state Redis failed; a leased entry is due again when its lease ends.
        """
        now = self._clock_ms()
        if (closed_until := self._closed_until(now)) is not None and closed_until > now:
            return closed_until - now
        found = await self._outbox.claim_outbox(now)
        if isinstance(found, Idle):
            defer_ms = DEFER_MS if now < self._deferring_until_ms else 0
            return None if found.next_due_ms is None else max(1, found.next_due_ms - self._clock_ms()) + defer_ms
        lease: OutboxLease | None = found
        self._in_hand += 1
        try:
            while lease is not None:
                lease = await self._end_attempt(lease, await self._attempt(lease))
        finally:
            self._in_hand -= 1
        return 0

    def _log_fields(self, lease: OutboxLease) -> dict[str, object]:
        return {"member": self._pseudonym(lease.member), "seq": lease.seq, "attempts": lease.attempts}

    def _closed_until(self, now: int) -> int | None:
        """Until when nothing may be sent to anybody; None while messages may be sent."""
        if self._stop is not None and self._stop.is_set():
            return now
        return self._gate.closed_until(now)

    async def _attempt(self, lease: OutboxLease) -> Reschedule | None:
        """Sends the message if it is time; returns what becomes of the entry."""
        now, since = self._clock_ms(), lease.uncertain_since_ms
        if lease.id in self._unacknowledged:
            return _ACK
        if (closed_until := self._closed_until(now)) is not None:
            return Reschedule(closed_until, since)
        outgoing = self._read(lease)
        if outgoing is None:
            return Reschedule(now + UNREADABLE_WAIT_MS, since)
        if since is not None and now < since + _STATUS_WAIT_MS:
            return Reschedule(since + _STATUS_WAIT_MS, since)
        message: Message | None = outgoing.message
        if not isinstance(message, Template) and not _is_window_open(lease, now):
            message = outgoing.otherwise
        if message is None:
            self._give_up(lease, "window_closed", details="the member has not written for 24 hours")
            return _ACK
        return await self._send(lease, message, outgoing.otherwise)

    def _read(self, lease: OutboxLease) -> Outgoing | None:
        """The entry; None if this release cannot read it. Then it is kept, and logged."""
        try:
            return read_record(lease.entry, OUTBOX_ENTRY)
        except NewerRecordError:
            self._deferring_until_ms = self._clock_ms() + UNREADABLE_WAIT_MS
            self._log.warning("outbox_entry_newer", **self._log_fields(lease))
        except msgspec.MsgspecError as error:  # its text may hold the message's
            self._log.error("outbox_entry_unreadable", error=type(error).__name__, **self._log_fields(lease))
        return None

    async def _send(self, lease: OutboxLease, message: Message, otherwise: Template | None = None) -> Reschedule | None:
        """Sends the message; ``otherwise`` when WhatsApp says that the member has been silent for too long."""
        now = self._clock_ms()
        wait_ms = await self._limiter.take(now)
        if wait_ms > LONGEST_WAIT_MS:
            self._gate.pause_until(now + wait_ms)
        elif wait_ms > 0:
            await asyncio.sleep(wait_ms / 1000)
        now = self._clock_ms()
        if (closed_until := self._closed_until(now)) is not None:
            return Reschedule(closed_until, lease.uncertain_since_ms)
        self._gate.about_to_send(now)
        try:
            await self._graph.send(message, to=lease.member, callback_id=lease.id)
        except WindowClosedError as error:
            if otherwise is not None and message is not otherwise:
                return await self._send(lease, otherwise)
            return await self._handle_failure(error, lease, now)
        except GraphError as error:
            return await self._handle_failure(error, lease, now)
        self._unacknowledged[lease.id] = True
        self.counts["sent"] += 1
        self._gate.sent(now)
        self._log.info("message_sent", **self._log_fields(lease))
        return _ACK

    async def _handle_failure(self, error: GraphError, lease: OutboxLease, sent_at_ms: int) -> Reschedule | None:
        """What becomes of the entry after a failure, by the error's class."""
        now = self._clock_ms()
        if isinstance(error, RejectedError | PairLimitedError | ThrottledError):
            self._gate.resume(sent_at_ms)
        if isinstance(error, SendingStoppedError):
            again = Reschedule(self._gate.stop(error, now))
        elif isinstance(error, RejectedError):
            reason = "window_closed" if isinstance(error, WindowClosedError) else "rejected"
            self._give_up(lease, reason, code=error.code, details=error.details)
            return _ACK
        elif isinstance(error, PairLimitedError):
            again = Reschedule(now + _pair_wait_ms(lease))
        elif isinstance(error, ThrottledError):
            if self._gate.throttle(now, sent_at_ms):
                await self._limiter.pause(self._gate.paused_until_ms, now)
            again = Reschedule(max(now, self._gate.paused_until_ms))
        elif now - lease.seq > DAY_MS or self._count_failure(error, lease) >= _MOST_FAILURES:
            # A sequence number is the time at which the entry was stored, or slightly more.
            self._give_up(lease, "given_up", code=error.code, details=error.details)
            return _ACK
        elif isinstance(error, NoAnswerError):
            again = Reschedule(sent_at_ms + _STATUS_WAIT_MS, sent_at_ms)
        else:
            again = Reschedule(now + _backoff_ms(lease))
        self.counts[f"again:{type(error).__name__}"] += 1
        self._log.warning("message_delayed", reason=str(error), again_ms=again.at_ms, **self._log_fields(lease))
        return again

    def _count_failure(self, error: GraphError, lease: OutboxLease) -> int:
        """Counts a failure that says something about the message, and returns how many there were.

        While no message gets through, failures say nothing about this one: an outage of Meta's must not cost any.
        """
        if isinstance(error, NoAnswerError | NotSentError):
            return 0
        failures = self._failures.setdefault(lease.id, _Failures())
        if self.counts["sent"] > failures.sent_before:
            failures.counted += 1
            failures.sent_before = self.counts["sent"]
        return failures.counted

    def _give_up(self, lease: OutboxLease, reason: str, *, details: str, code: int | None = None) -> None:
        self.counts[f"lost:{reason}" if code is None else f"lost:{reason}:{code}"] += 1
        self._log.error(
            "message_lost",
            **self._log_fields(lease),
            reason=reason,
            code=code,
            details=details,
            may_have_been_sent=lease.uncertain_since_ms is not None,
        )

    async def _end_attempt(self, lease: OutboxLease, verdict: Reschedule | None) -> OutboxLease | None:
        """Acknowledges or reschedules the entry; returns the lease of the member's next one, if one waits."""
        ended = await self._ended(lease, verdict)
        self._unacknowledged.pop(lease.id, None)
        if verdict is None or ended.result is not CommitResult.COMMITTED:
            self._failures.pop(lease.id, None)
        if ended.result is CommitResult.LOST:
            self._log.warning("lease_lost", **self._log_fields(lease))
        return ended.next

    async def _ended(self, lease: OutboxLease, verdict: Reschedule | None) -> EndedLease[OutboxLease]:
        async def attempt() -> EndedLease[OutboxLease]:
            if verdict is None:
                return await self._outbox.ack(lease, self._clock_ms())
            return await self._outbox.reschedule(
                lease, self._clock_ms(), due_ms=verdict.at_ms, uncertain_since_ms=verdict.uncertain_since_ms
            )

        for pause_s in _REPEAT_AFTER_S:
            try:
                return await attempt()
            except StateUnavailableError as error:
                self._log.warning("ack_repeated", reason=str(error), **self._log_fields(lease))
                await asyncio.sleep(pause_s)
        return await attempt()


def _is_window_open(lease: OutboxLease, now: int) -> bool:
    return lease.last_wrote_ms is not None and now < lease.last_wrote_ms + WINDOW_MS


def _pair_wait_ms(lease: OutboxLease) -> int:
    """Meta's advice: 4^n seconds."""
    return min(int(4 ** min(lease.attempts - 1, 5)), _LONGEST_PAIR_WAIT_S) * 1000


def _backoff_ms(lease: OutboxLease) -> int:
    return min(int(2 ** min(lease.attempts - 1, 6)), LONGEST_BACKOFF_S) * 1000
