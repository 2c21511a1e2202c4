"""What becomes of an accepted message: sent, delivered and shown, read, or failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from simulator.whatsapp_cloud.errors import Refused, known
from simulator.whatsapp_cloud.handset import Handset
from simulator.whatsapp_cloud.limits import DAY_MS
from simulator.whatsapp_cloud.validate import Sending
from simulator.whatsapp_cloud.values import (
    Bubble,
    Event,
    Failure,
    Json,
    Knobs,
    Reacted,
    Shown,
    StatusNote,
    StatusReported,
)
from simulator.whatsapp_cloud.wire import Update

__all__ = ("Ladder",)


@dataclass(slots=True, eq=False)
class _Climber:
    """A message on its way; None while it waits for a phone to come online."""

    due_ms: int | None


class Ladder:
    """Takes messages through their statuses, and reports each to the bot."""

    def __init__(
        self,
        clock_ms: Callable[[], int],
        knobs: Knobs,
        *,
        report: Callable[[Update], None],
        emit: Callable[[Event], None],
    ) -> None:
        self._clock_ms = clock_ms
        self._knobs = knobs
        self._report = report
        self._emit = emit
        self._climbers: dict[_Climber, None] = {}

    def busy(self, until_ms: int) -> bool:
        """Whether a message will reach a status by then."""
        return any(climber.due_ms is not None and climber.due_ms <= until_ms for climber in self._climbers)

    @staticmethod
    def comes_later(failure: Failure) -> bool:
        """Whether a failure comes in a status, after the request was accepted."""
        return known(failure.code).later if failure.later is None else failure.later

    def climb(
        self, sending: Sending, person: Handset | None, problem: Refused | None, *, in_window: bool
    ) -> Coroutine[Any, Any, None]:
        """The way of one message; it counts from now on, and goes on while the coroutine runs."""
        climber = _Climber(sending.bubble.at_ms + self._knobs.sent_ms)
        self._climbers[climber] = None
        return self._climb(climber, sending, person, problem, in_window=in_window)

    async def announce(self, sending: Sending, person: Handset | None) -> None:
        """Report `sent` before the request that it is about is answered."""
        self._reach(sending.bubble, person, "sent", in_window=True)
        # Time enough for the bot to take it.
        await asyncio.sleep(self._knobs.sent_ms / 1000)

    async def _climb(
        self, climber: _Climber, sending: Sending, person: Handset | None, problem: Refused | None, *, in_window: bool
    ) -> None:
        bubble = sending.bubble
        try:
            await self._until(climber, bubble.at_ms + self._knobs.sent_ms)
            if problem is not None or person is None:
                self._fail(bubble, person, problem or Refused(131026))
                return
            if not bubble.statuses:
                self._reach(bubble, person, "sent", in_window=in_window)
            if not person.online:
                climber.due_ms = None
                await person.reachable.wait()
            await self._until(climber, self._clock_ms() + self._knobs.delivered_ms - self._knobs.sent_ms)
            if bubble.kind == "reaction":
                person.reactions[sending.target] = sending.emoji
                self._emit(Reacted(self._clock_ms(), person.phone, sending.target, sending.emoji))
                return
            person.show(bubble)
            self._emit(Shown(self._clock_ms(), person.phone, bubble))
            if not (self._knobs.skip_delivered and person.receipts):
                self._reach(bubble, person, "delivered", in_window=in_window)
            if person.receipts:
                await self._until(climber, self._clock_ms() + self._knobs.read_ms - self._knobs.delivered_ms)
                self._reach(bubble, person, "read", in_window=in_window)
        finally:
            del self._climbers[climber]

    async def _until(self, climber: _Climber, due_ms: int) -> None:
        climber.due_ms = due_ms
        await asyncio.sleep(max(0, due_ms - self._clock_ms()) / 1000)

    def _fail(self, bubble: Bubble, person: Handset | None, problem: Refused) -> None:
        self._note(bubble, "failed", problem.code)
        status = self._status(bubble, person, "failed")
        status.pop("recipient_user_id", None)
        self._report(Update(bubble.phone, "statuses", {**status, "errors": [problem.as_failure()]}))

    def _reach(self, bubble: Bubble, person: Handset | None, name: str, *, in_window: bool) -> None:
        self._note(bubble, name, None)
        status = self._status(bubble, person, name)
        if name != "read":
            status["pricing"] = _pricing(bubble, in_window=in_window)
        if name == "sent" and self._knobs.legacy_conversation:
            status["conversation"] = _conversation(bubble)
        contact = None if person is None else self.contact(person)
        self._report(Update(bubble.phone, "statuses", status, contact))

    def _note(self, bubble: Bubble, name: str, code: int | None) -> None:
        bubble.statuses.append(StatusNote(name, self._clock_ms(), code))
        self._emit(StatusReported(self._clock_ms(), bubble.phone, bubble.wamid, name, code))

    def _status(self, bubble: Bubble, person: Handset | None, name: str) -> Json:
        status: Json = {"id": bubble.wamid, "status": name, "timestamp": str(self._clock_ms() // 1000)}
        if person is None or not person.hides_number:
            status["recipient_id"] = bubble.phone
        if person is not None:
            status["recipient_user_id"] = person.user_id
        if bubble.callback is not None:
            status["biz_opaque_callback_data"] = bubble.callback
        return status

    @staticmethod
    def contact(person: Handset) -> Json:
        """What a webhook says about a person, in `contacts`."""
        contact: Json = {"profile": {}, "user_id": person.user_id}
        if person.name:
            contact["profile"]["name"] = person.name
        if person.username:
            contact["profile"]["username"] = person.username
        if not person.hides_number:
            contact["wa_id"] = person.phone
        if person.parent_id:
            contact["parent_user_id"] = person.parent_id
        return contact


def _pricing(bubble: Bubble, *, in_window: bool) -> Json:
    free = in_window
    return {
        "billable": not free,
        "pricing_model": "PMP",
        "category": "utility" if bubble.kind == "template" else "service",
        "type": "free_customer_service" if free else "regular",
    }


def _conversation(bubble: Bubble) -> Json:
    ends_s = (bubble.at_ms + DAY_MS) // 1000
    return {
        "id": bubble.wamid[-32:].lower(),
        "expiration_timestamp": str(ends_s),
        "origin": {"type": "utility" if bubble.kind == "template" else "service"},
    }
