"""Sends what waits in the outboxes, one member's messages in their order, and knows what to do when it fails.

WhatsApp has no idempotency key. A message whose fate is unknown waits 30 s for a status that carries its id (which pops
it from the outbox), and is then sent once more: a duplicate is accepted, silence is not.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
import structlog

from service.mailbox import CommitResult, EndedLease, Idle, OutboxLease, StateFullError, StateUnavailableError
from service.mailbox.versioning import NewerRecordError, read_record
from service.messages import Message, Outgoing, Template
from service.runtime.poller import Poller
from service.runtime.rate_limiter import LONGEST_WAIT_MS, Bucket
from service.runtime.records import OUTBOX_ENTRY
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

__all__ = ("Graph", "Sender", "SenderOutbox", "StopReason")

STATUS_WAIT_MS: Final = 30_000
UNREADABLE_WAIT_MS: Final = 60_000
GIVE_WAY_MS: Final = 200
"""Whoever put a newer release's entry back looks so much later than others, or the nearest would always be first."""
PROBE_EVERY_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * 60 * 1000
WINDOW_MS: Final = DAY_MS - 60_000
"""How long after a member's last message a free-form one goes out: Meta's 24 hours, less a minute to get there."""
MOST_FAILURES: Final = 12
_LONGEST_BACKOFF_S: Final = 60
_LONGEST_PAIR_WAIT_S: Final = 300
_REPEAT_AFTER_S: Final = (0.5, 1.0, 2.0, 4.0)
_MOST_REMEMBERED: Final = 10_000


class SenderOutbox(Protocol):
    """What the sender needs of the mailbox."""

    async def claim_outbox(self, now_ms: int, /) -> OutboxLease | Idle:
        """The head of an outbox that is due, held by us from now on."""

    async def ack(self, lease: OutboxLease, now_ms: int, /) -> EndedLease[OutboxLease]:
        """Pops the head."""

    async def reschedule(
        self, lease: OutboxLease, now_ms: int, /, *, due_ms: int, uncertain_since_ms: int | None
    ) -> EndedLease[OutboxLease]:
        """Keeps the head, due again at that time."""


class Graph(Protocol):
    """What the sender needs of the Graph API."""

    async def send(self, message: Message, *, to: str, callback_id: str) -> str:
        """Sends a message and returns its wamid."""


@dataclass(frozen=True, slots=True)
class StopReason:
    """Why nothing is sent, and since when."""

    code: int | None
    details: str
    since_ms: int

    def __str__(self) -> str:
        return f"stopped ({'no code' if self.code is None else self.code})"


@dataclass(frozen=True, slots=True)
class Reschedule:
    """The message stays, and is due again; with a mark if it may have been sent."""

    at_ms: int
    uncertain_since_ms: int | None = None


_DROP: Final = None
"""The message leaves the outbox."""


@dataclass(slots=True)
class _Failures:
    """Failures of one message, and how many messages had been sent at the last one that counted."""

    counted: int
    sent_before: int


class Sender:
    """Takes messages from outboxes and hands them to the Graph API.

    Attributes:
        stopped: why nothing is sent; None while all is well.
        counts: what became of messages: `sent`, `again:<error class>`, `lost:<reason>` or `lost:<reason>:<code>`.
    """

    def __init__(
        self,
        outbox: SenderOutbox,
        graph: Graph,
        *,
        bucket: Bucket,
        clock_ms: Callable[[], int],
        poll_ms: int | None = 1000,
        concurrency: int = 8,
        pseudonym: Callable[[str], str] = lambda _: "",
        log: Any = None,
    ) -> None:
        """Takes its surroundings.

        Args:
            outbox: where messages wait.
            graph: where they go.
            bucket: how fast they may.
            clock_ms: now.
            poll_ms: how often to look for messages that other processes left; None: never, only when woken or due.
            concurrency: how many members are served at a time.
            pseudonym: what logs call a member. Numbers, and ids that hold them, are never logged.
            log: a structlog logger.
        """
        self.stopped: StopReason | None = None
        self.counts: Counter[str] = Counter()
        self._outbox = outbox
        self._graph = graph
        self._bucket = bucket
        self._clock_ms = clock_ms
        self._poll_ms = poll_ms
        self._concurrency = concurrency
        self._pseudonym = pseudonym
        self._log = structlog.get_logger(__name__) if log is None else log
        self._leaving: asyncio.Event | None = None
        self._in_hand = 0
        self._probe_at_ms = 0
        self._paused_until_ms = 0
        self._throttles = 0
        self._giving_way_until_ms = 0
        self._failures: dict[str, _Failures] = {}
        self._unacknowledged: set[str] = set()

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Sends until `stop` is set; then finishes what is being sent and puts back what else it holds."""
        self._leaving = stop
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
            MailboxError: the state Redis failed; whatever was in hand is due again when its lease ends.
        """
        now = self._clock_ms()
        if (held_until := self._held_until(now)) is not None and held_until > now:
            return held_until - now
        found = await self._outbox.claim_outbox(now)
        if isinstance(found, Idle):
            way_ms = GIVE_WAY_MS if now < self._giving_way_until_ms else 0
            return None if found.next_due_ms is None else max(1, found.next_due_ms - self._clock_ms()) + way_ms
        lease: OutboxLease | None = found
        self._in_hand += 1
        try:
            while lease is not None:
                lease = await self._end_attempt(lease, await self._attempt(lease))
        finally:
            self._in_hand -= 1
        return 0

    @property
    def busy(self) -> bool:
        """Whether a message is in hand."""
        return self._in_hand > 0

    def _which(self, lease: OutboxLease) -> dict[str, object]:
        """How logs name a message."""
        return {"member": self._pseudonym(lease.member), "seq": lease.seq, "claims": lease.attempts}

    def _held_until(self, now: int) -> int | None:
        """Until when nothing may be sent at all, if so. In a stop one message is let through each minute."""
        if self._leaving is not None and self._leaving.is_set():
            return now
        if self.stopped is not None and now < self._probe_at_ms:
            return self._probe_at_ms
        return self._paused_until_ms if now < self._paused_until_ms else None

    async def _attempt(self, lease: OutboxLease) -> Reschedule | None:
        """Sends the message if it is its time. What is to become of it."""
        now, mark = self._clock_ms(), lease.uncertain_since_ms
        if lease.id in self._unacknowledged:
            return _DROP
        if (held_until := self._held_until(now)) is not None:
            return Reschedule(held_until, mark)
        outgoing = self._read(lease)
        if outgoing is None:
            return Reschedule(now + UNREADABLE_WAIT_MS, mark)
        if mark is not None and now < mark + STATUS_WAIT_MS:
            return Reschedule(mark + STATUS_WAIT_MS, mark)
        message: Message | None = outgoing.message
        if not isinstance(message, Template) and not _window_open(lease, now):
            message = outgoing.otherwise
        if message is None:
            self._lose(lease, "window_closed", details="the member has not written for 24 hours")
            return _DROP
        return await self._send(lease, message, outgoing.otherwise)

    def _read(self, lease: OutboxLease) -> Outgoing | None:
        """The entry, or None (and a log line) if this release cannot read it; then it is kept."""
        try:
            outgoing = read_record(lease.entry, OUTBOX_ENTRY)
        except NewerRecordError:
            self._giving_way_until_ms = self._clock_ms() + UNREADABLE_WAIT_MS
            self._log.warning("outbox_entry_newer", **self._which(lease))
        except msgspec.MsgspecError as error:  # its text may hold the message's
            self._log.error("outbox_entry_unreadable", error=type(error).__name__, **self._which(lease))
        else:
            return outgoing
        return None

    async def _send(self, lease: OutboxLease, message: Message, otherwise: Template | None = None) -> Reschedule | None:
        """Sends the message; ``otherwise`` goes out when WhatsApp says that the member has been silent for too long."""
        now = self._clock_ms()
        wait_ms = await self._bucket.take(now)
        if wait_ms > LONGEST_WAIT_MS:
            self._paused_until_ms = max(self._paused_until_ms, now + wait_ms)
        elif wait_ms > 0:
            await asyncio.sleep(wait_ms / 1000)
        now = self._clock_ms()
        if (held_until := self._held_until(now)) is not None:
            return Reschedule(held_until, lease.uncertain_since_ms)
        if self.stopped is not None:
            self._probe_at_ms = now + PROBE_EVERY_MS
        try:
            await self._graph.send(message, to=lease.member, callback_id=lease.id)
        except WindowClosedError as error:
            if otherwise is not None and message is not otherwise:
                return await self._send(lease, otherwise)
            return await self._after(error, lease, now)
        except GraphError as error:
            return await self._after(error, lease, now)
        _make_room(self._unacknowledged)
        self._unacknowledged.add(lease.id)
        self.counts["sent"] += 1
        self._resume(now)
        if now >= self._paused_until_ms:
            self._throttles = 0
        self._log.info("message_sent", **self._which(lease))
        return _DROP

    async def _after(self, error: GraphError, lease: OutboxLease, sent_at_ms: int) -> Reschedule | None:
        """What follows from a failure, by its class."""
        now = self._clock_ms()
        if isinstance(error, SendingStoppedError):
            self._stop(error, now)
            again = Reschedule(self._probe_at_ms)
        elif isinstance(error, RejectedError):
            self._resume(sent_at_ms)
            reason = "window_closed" if isinstance(error, WindowClosedError) else "rejected"
            self._lose(lease, reason, code=error.code, details=error.details)
            return _DROP
        elif isinstance(error, PairLimitedError):
            self._resume(sent_at_ms)
            again = Reschedule(now + _pair_wait_ms(lease))
        elif isinstance(error, ThrottledError):
            self._resume(sent_at_ms)
            again = Reschedule(await self._slow_down(now, sent_at_ms))
        elif self._is_hopeless(error, lease, now):
            self._lose(lease, "given_up", code=error.code, details=error.details)
            return _DROP
        elif isinstance(error, NoAnswerError):
            again = Reschedule(sent_at_ms + STATUS_WAIT_MS, sent_at_ms)
        else:
            again = Reschedule(now + _backoff_ms(lease))
        self.counts[f"again:{type(error).__name__}"] += 1
        self._log.warning("message_delayed", reason=str(error), again_ms=again.at_ms, **self._which(lease))
        return again

    def _is_hopeless(self, error: GraphError, lease: OutboxLease, now: int) -> bool:
        """Whether to stop trying: after 24 hours, or when the message fails again and again and others do not.

        While nothing gets through, failures say nothing about a message, and an outage of Meta's must not cost any.
        """
        # A sequence number is the time at which the entry was stored, or slightly more.
        if now - lease.seq > DAY_MS:
            return True
        if isinstance(error, NoAnswerError | NotSentError):
            return False
        sent = self.counts["sent"]
        _make_room(self._failures)
        failures = self._failures.setdefault(lease.id, _Failures(0, -1))
        if sent > failures.sent_before:
            failures.counted += 1
            failures.sent_before = sent
        return failures.counted >= MOST_FAILURES

    def _stop(self, error: SendingStoppedError, now: int) -> None:
        self._probe_at_ms = now + PROBE_EVERY_MS
        if self.stopped is None:
            self.stopped = StopReason(error.code, error.details, now)
            self._log.error("sending_stopped", code=error.code, details=error.details, http_status=error.http_status)

    def _resume(self, sent_at_ms: int) -> None:
        """Ends a stop when a message sent since then was not refused for the same reason."""
        if self.stopped is not None and sent_at_ms >= self.stopped.since_ms:
            self._log.info("sending_resumed", stopped_ms=sent_at_ms - self.stopped.since_ms)
            self.stopped = None

    async def _slow_down(self, now: int, sent_at_ms: int) -> int:
        """Everyone pauses, twice as long each time. Until when."""
        if sent_at_ms >= self._paused_until_ms:  # otherwise it left before the pause that its like brought about
            pause_s = min(2**self._throttles, _LONGEST_BACKOFF_S)
            self._throttles = min(self._throttles + 1, _LONGEST_BACKOFF_S.bit_length())
            self._paused_until_ms = now + pause_s * 1000
            await self._bucket.pause(self._paused_until_ms, now)
        return max(now, self._paused_until_ms)

    def _lose(self, lease: OutboxLease, reason: str, *, details: str, code: int | None = None) -> None:
        """Gives a message up, never silently: it leaves the outbox."""
        self.counts[f"lost:{reason}" if code is None else f"lost:{reason}:{code}"] += 1
        self._log.error(
            "message_lost",
            **self._which(lease),
            reason=reason,
            code=code,
            details=details,
            may_have_been_sent=lease.uncertain_since_ms is not None,
        )

    async def _end_attempt(self, lease: OutboxLease, verdict: Reschedule | None) -> OutboxLease | None:
        """Acknowledges or reschedules the head. The lease of the member's next entry, if one waits."""
        ended = await self._ended(lease, verdict)
        self._unacknowledged.discard(lease.id)
        if verdict is None or ended.result is not CommitResult.COMMITTED:
            self._failures.pop(lease.id, None)
        if ended.result is CommitResult.LOST:
            self._log.warning("posting_taken_over", **self._which(lease))
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
                self._log.warning("settle_repeated", reason=str(error), **self._which(lease))
                await asyncio.sleep(pause_s)
        return await attempt()


def _make_room(remembered: dict[str, _Failures] | set[str]) -> None:
    """Forgets what other processes may have finished long ago, so that it does not pile up."""
    if len(remembered) >= _MOST_REMEMBERED:
        remembered.clear()


def _window_open(lease: OutboxLease, now: int) -> bool:
    return lease.last_wrote_ms is not None and now < lease.last_wrote_ms + WINDOW_MS


def _pair_wait_ms(lease: OutboxLease) -> int:
    """Meta's advice: 4^n seconds."""
    return min(int(4 ** min(lease.attempts - 1, 5)), _LONGEST_PAIR_WAIT_S) * 1000


def _backoff_ms(lease: OutboxLease) -> int:
    return min(int(2 ** min(lease.attempts - 1, 6)), _LONGEST_BACKOFF_S) * 1000
