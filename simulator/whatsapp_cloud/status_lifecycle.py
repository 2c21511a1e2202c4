"""The statuses of accepted messages: sent, delivered, read, or failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from .errors import RefusedError
from .events import Event, Reacted, Shown, StatusReported
from .handset import Handset
from .limits import DAY_MS
from .values import Bubble, Config, Json, StatusNote
from .wire import Update

__all__ = ("OutgoingMessage", "StatusLifecycle")

RETENTION_MS: Final = 30 * DAY_MS
"""How long WhatsApp keeps a message for a phone that is offline; then it is dropped without a status."""

_WITHOUT_CONVERSATION: Final = (24, 0)
_PER_MESSAGE: Final = (23, 0)
"""Graph versions from which statuses have no `conversation`, and pricing is per message."""


@dataclass(slots=True, eq=False)
class OutgoingMessage:
    """An accepted message in flight.

    Attributes:
        target: the message that a reaction is for, and its emoji.
        problem: the error with which it fails once it has reached ``stage``.
        in_window: whether the 24-hour window was open when it was accepted.
        due_ms: when it reaches its next status; None while the phone is offline.
        withheld: statuses to be reported later, in reverse order.
    """

    bubble: Bubble
    target: str = ""
    emoji: str = ""
    problem: RefusedError | None = None
    stage: str = "accepted"
    in_window: bool = True
    due_ms: int | None = 0
    withheld: list[Update] = field(default_factory=list)

    def reached(self, *names: str) -> bool:
        """Whether it has reached one of these statuses."""
        return any(note.status in names for note in self.bubble.statuses)


class StatusLifecycle:
    """Takes messages through their statuses and reports each to the bot."""

    def __init__(
        self,
        clock_ms: Callable[[], int],
        config: Callable[[], Config],
        *,
        report: Callable[[Update], None],
        emit: Callable[[Event], None],
    ) -> None:
        self._config = config
        self._clock_ms = clock_ms
        self._report = report
        self._emit = emit
        self._in_flight: dict[OutgoingMessage, None] = {}

    def busy(self, until_ms: int) -> bool:
        """Whether a message will reach a status by then."""
        return any(outgoing.due_ms is not None and outgoing.due_ms <= until_ms for outgoing in self._in_flight)

    @property
    def in_flight(self) -> list[OutgoingMessage]:
        """The messages in flight, oldest first."""
        return list(self._in_flight)

    def forget(self) -> None:
        """Drop the messages in flight, whose coroutines were cancelled."""
        self._in_flight.clear()

    def track(self, outgoing: OutgoingMessage, person: Handset | None) -> Coroutine[Any, Any, None]:
        """Track a message from now on; its statuses advance while the returned coroutine runs."""
        outgoing.due_ms = outgoing.bubble.at_ms + self._config().sent_ms
        self._in_flight[outgoing] = None
        return self._run(outgoing, person)

    async def announce(self, outgoing: OutgoingMessage, person: Handset | None) -> None:
        """Report `sent` before the request is answered."""
        self._reach(outgoing, person, "sent")
        # Gives the bot time to accept the webhook.
        await asyncio.sleep(self._config().sent_ms / 1000)

    async def _run(self, outgoing: OutgoingMessage, person: Handset | None) -> None:
        try:
            await self._until(outgoing, outgoing.bubble.at_ms + self._config().sent_ms)
            if person is None or self._fails(outgoing, "accepted"):
                self._fail(outgoing, person)
                return
            if not outgoing.bubble.statuses:
                self._reach(outgoing, person, "sent")
            if self._fails(outgoing, "sent"):
                self._fail(outgoing, person)
                return
            await self._deliver(outgoing, person)
        finally:
            self._report_withheld(outgoing)
            del self._in_flight[outgoing]

    async def _deliver(self, outgoing: OutgoingMessage, person: Handset) -> None:
        bubble = outgoing.bubble
        if not await self._wait_until_online(outgoing, person):
            return
        if not outgoing.reached("delivered") and bubble.shown_ms is None:
            await self._until(outgoing, self._clock_ms() + self._config().delivered_ms - self._config().sent_ms)
        if bubble.kind == "reaction":
            person.reactions[outgoing.target] = outgoing.emoji
            self._emit(Reacted(self._clock_ms(), person.phone, outgoing.target, outgoing.emoji))
            return
        if bubble.shown_ms is None:
            person.show(bubble)
            self._emit(Shown(self._clock_ms(), person.phone, bubble))
        if not (self._config().skip_delivered and person.receipts) and not outgoing.reached("delivered"):
            self._reach(outgoing, person, "delivered")
        if self._fails(outgoing, "delivered"):
            self._fail(outgoing, person)
        elif person.receipts and not outgoing.reached("read"):
            await self._until(outgoing, self._clock_ms() + self._config().read_ms - self._config().delivered_ms)
            self._reach(outgoing, person, "read")
            if bubble.kind == "audio":
                self._reach(outgoing, person, "played")

    async def _wait_until_online(self, outgoing: OutgoingMessage, person: Handset) -> bool:
        """Wait until the phone is online. Returns False if the message expired before."""
        if person.online:
            return True
        outgoing.due_ms = None
        self._report_withheld(outgoing)
        try:
            async with asyncio.timeout((outgoing.bubble.at_ms + RETENTION_MS - self._clock_ms()) / 1000):
                await person.reachable.wait()
        except TimeoutError:
            return False
        return True

    async def _until(self, outgoing: OutgoingMessage, due_ms: int) -> None:
        outgoing.due_ms = due_ms
        await asyncio.sleep(max(0, due_ms - self._clock_ms()) / 1000)

    @staticmethod
    def _fails(outgoing: OutgoingMessage, stage: str) -> bool:
        return outgoing.problem is not None and outgoing.stage == stage

    def _fail(self, outgoing: OutgoingMessage, person: Handset | None) -> None:
        problem = outgoing.problem or RefusedError(131026)
        self._record(outgoing.bubble, "failed", problem.code)
        status = self._status(outgoing.bubble, person, "failed")
        if outgoing.bubble.payload.get("to"):
            # A failure of a message to a number names the number only.
            status.pop("recipient_user_id", None)
            status.pop("recipient_parent_user_id", None)
        self._report_or_withhold(
            outgoing, Update(outgoing.bubble.phone, "statuses", {**status, "errors": [problem.as_failure()]})
        )

    def _reach(self, outgoing: OutgoingMessage, person: Handset | None, name: str) -> None:
        bubble = outgoing.bubble
        # Pricing is reported with `sent` and with the first status that proves arrival.
        priced = name in {"sent", "delivered"} or (name == "read" and not outgoing.reached("delivered"))
        self._record(bubble, name, None)
        status = self._status(bubble, person, name)
        if priced:
            status["pricing"] = _pricing(bubble, _number(self._config().webhook_version), in_window=outgoing.in_window)
            if _number(self._config().webhook_version) < _WITHOUT_CONVERSATION:
                status["conversation"] = _conversation(bubble, ends=name == "sent")
        with_contact = person is not None and self._config().contacts_beside_statuses
        self._report_or_withhold(
            outgoing,
            Update(bubble.phone, "statuses", status, self.contact(person) if with_contact and person else None),
        )

    def _report_or_withhold(self, outgoing: OutgoingMessage, update: Update) -> None:
        if self._config().reversed_statuses:
            outgoing.withheld.append(update)
        else:
            self._report(update)

    def _report_withheld(self, outgoing: OutgoingMessage) -> None:
        withheld, outgoing.withheld = outgoing.withheld, []
        for update in reversed(withheld):
            self._report(update)

    def _record(self, bubble: Bubble, name: str, code: int | None) -> None:
        bubble.statuses.append(StatusNote(name, self._clock_ms(), code))
        self._emit(StatusReported(self._clock_ms(), bubble.phone, bubble.wamid, name, code))

    def _status(self, bubble: Bubble, person: Handset | None, name: str) -> Json:
        status: Json = {"id": bubble.wamid, "status": name, "timestamp": str(self._clock_ms() // 1000)}
        if person is None or not person.hides_number:
            status["recipient_id"] = bubble.phone
        if person is not None:
            status["recipient_user_id"] = person.user_id
            if person.parent_id:
                status["recipient_parent_user_id"] = person.parent_id
        if bubble.callback is not None:
            status["biz_opaque_callback_data"] = bubble.callback
        return status

    def contact(self, person: Handset) -> Json:
        """The entry of a person in a webhook's `contacts`."""
        contact: Json = {"profile": {}, "user_id": person.user_id}
        if person.name:
            contact["profile"]["name"] = person.name
        if person.username:
            contact["profile"]["username"] = person.username
        if not person.hides_number:
            contact["wa_id"] = person.phone
        if person.parent_id:
            contact["parent_user_id"] = person.parent_id
        if self._config().identity_check:
            contact["identity_key_hash"] = person.identity
        return contact


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split("."))


def _pricing(bubble: Bubble, version: tuple[int, ...], *, in_window: bool) -> Json:
    pricing: Json = {
        "billable": not in_window,
        "pricing_model": "CBP" if version < _PER_MESSAGE else "PMP",
        "category": "utility" if bubble.kind == "template" else "service",
    }
    if version >= _PER_MESSAGE:
        pricing["type"] = "free_customer_service" if in_window else "regular"
    return pricing


def _conversation(bubble: Bubble, *, ends: bool) -> Json:
    conversation: Json = {
        "id": bubble.wamid[-32:].lower(),
        "origin": {"type": "utility" if bubble.kind == "template" else "service"},
    }
    if ends:
        conversation["expiration_timestamp"] = str((bubble.at_ms + DAY_MS) // 1000)
    return conversation
