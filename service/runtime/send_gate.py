"""When nothing may be sent to anybody: while WhatsApp has stopped the account, or throttles the phone number."""

from dataclasses import dataclass
from typing import Any, Final

from service.whatsapp import SendingStoppedError

_PROBE_EVERY_MS: Final = 60_000
LONGEST_BACKOFF_S: Final = 60


@dataclass(frozen=True, slots=True)
class StopReason:
    """Why nothing is sent, and since when."""

    code: int | None
    details: str
    since_ms: int

    def __str__(self) -> str:
        return f"stopped ({'no code' if self.code is None else self.code})"


class SendGate:
    """Holds all messages back for a time.

    Attributes:
        stopped: why WhatsApp has stopped our sending; None while it has not. Then one message a minute probes it.
        probe_at_ms: when the next probe may be sent.
        paused_until_ms: nothing is sent before this.
    """

    def __init__(self, log: Any) -> None:
        self.stopped: StopReason | None = None
        self.probe_at_ms = 0
        self.paused_until_ms = 0
        self._throttles = 0
        self._log = log

    def closed_until(self, now_ms: int) -> int | None:
        """Until when nothing may be sent; None while messages may be sent."""
        if self.stopped is not None and now_ms < self.probe_at_ms:
            return self.probe_at_ms
        return self.paused_until_ms if now_ms < self.paused_until_ms else None

    def about_to_send(self, now_ms: int) -> None:
        """During a stop this message is the probe, and the next one is due in a minute."""
        if self.stopped is not None:
            self.probe_at_ms = now_ms + _PROBE_EVERY_MS

    def stop(self, error: SendingStoppedError, now_ms: int) -> int:
        """Stops everything; returns when the next probe may be sent."""
        self.probe_at_ms = now_ms + _PROBE_EVERY_MS
        if self.stopped is None:
            self.stopped = StopReason(error.code, error.details, now_ms)
            self._log.error("sending_stopped", code=error.code, details=error.details, http_status=error.http_status)
        return self.probe_at_ms

    def resume(self, sent_at_ms: int) -> None:
        """Ends a stop, because a message sent since it began was not refused for that reason."""
        if self.stopped is not None and sent_at_ms >= self.stopped.since_ms:
            self._log.info("sending_resumed", stopped_ms=sent_at_ms - self.stopped.since_ms)
            self.stopped = None

    def sent(self, at_ms: int) -> None:
        """A message was taken: a stop ends, and so does the growth of pauses."""
        self.resume(at_ms)
        if at_ms >= self.paused_until_ms:
            self._throttles = 0

    def pause_until(self, until_ms: int) -> None:
        """Holds everything back until then at least."""
        self.paused_until_ms = max(self.paused_until_ms, until_ms)

    def throttle(self, now_ms: int, sent_at_ms: int) -> bool:
        """Pauses everything, twice as long each time; False when the message had left before the present pause."""
        if sent_at_ms < self.paused_until_ms:
            return False
        pause_s = min(2**self._throttles, LONGEST_BACKOFF_S)
        self._throttles = min(self._throttles + 1, LONGEST_BACKOFF_S.bit_length())
        self.paused_until_ms = now_ms + pause_s * 1000
        return True
