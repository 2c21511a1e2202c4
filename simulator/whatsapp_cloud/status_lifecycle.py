"""What becomes of an accepted message: sent, delivered and shown, read, or failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from .errors import RefusedError
from .handset import Handset
from .limits import DAY_MS
from .values import (
    Bubble,
    Config,
    Event,
    Json,
    Reacted,
    Shown,
    StatusNote,
    StatusReported,
)
from .wire import Update

__all__ = ("OutgoingMessage", "StatusLifecycle")

KEPT_MS: Final = 30 * DAY_MS
"""How long WhatsApp keeps a message for a phone that is off; then it is gone, and nobody is told."""

_WITHOUT_CONVERSATION: Final = (24, 0)
_PER_MESSAGE: Final = (23, 0)
"""Graph versions from which statuses have no `conversation`, and are priced per message."""


@dataclass(slots=True, eq=False)
class OutgoingMessage:
    """A message on its way.

    Attributes:
        target: the message that a reaction is for, and its emoji.
        problem: why it will fail, once it has come as far as ``stage``.
        in_window: whether the 24-hour window was open when it was accepted.
        due_ms: when it reaches its next status; None while it waits for a phone to come online.
        kept: statuses that are told later.
    """

    bubble: Bubble
    target: str = ""
    emoji: str = ""
    problem: RefusedError | None = None
    stage: str = "accepted"
    in_window: bool = True
    due_ms: int | None = 0
    kept: list[Update] = field(default_factory=list)

    def reached(self, *names: str) -> bool:
        """Whether it has reached one of these statuses."""
        return any(note.status in names for note in self.bubble.statuses)


class StatusLifecycle:
    """Takes messages through their statuses, and reports each to the bot."""

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
        self._climbers: dict[OutgoingMessage, None] = {}

    def busy(self, until_ms: int) -> bool:
        """Whether a message will reach a status by then."""
        return any(climber.due_ms is not None and climber.due_ms <= until_ms for climber in self._climbers)

    @property
    def climbers(self) -> list[OutgoingMessage]:
        """The messages on their way, oldest first."""
        return list(self._climbers)

    def forget(self) -> None:
        """Forget the messages on their way, whose coroutines were cancelled."""
        self._climbers.clear()

    def climb(self, climber: OutgoingMessage, person: Handset | None) -> Coroutine[Any, Any, None]:
        """The way of one message; it counts from now on, and goes on while the coroutine runs."""
        climber.due_ms = climber.bubble.at_ms + self._config().sent_ms
        self._climbers[climber] = None
        return self._climb(climber, person)

    async def announce(self, climber: OutgoingMessage, person: Handset | None) -> None:
        """Report `sent` before the request that it is about is answered."""
        self._reach(climber, person, "sent")
        # Time enough for the bot to take it.
        await asyncio.sleep(self._config().sent_ms / 1000)

    async def _climb(self, climber: OutgoingMessage, person: Handset | None) -> None:
        try:
            await self._until(climber, climber.bubble.at_ms + self._config().sent_ms)
            if person is None or self._fails(climber, "accepted"):
                self._fail(climber, person)
                return
            if not climber.bubble.statuses:
                self._reach(climber, person, "sent")
            if self._fails(climber, "sent"):
                self._fail(climber, person)
                return
            await self._arrive(climber, person)
        finally:
            self._tell_kept(climber)
            del self._climbers[climber]

    async def _arrive(self, climber: OutgoingMessage, person: Handset) -> None:
        bubble = climber.bubble
        if not await self._online(climber, person):
            return
        if not climber.reached("delivered") and bubble.shown_ms is None:
            await self._until(climber, self._clock_ms() + self._config().delivered_ms - self._config().sent_ms)
        if bubble.kind == "reaction":
            person.reactions[climber.target] = climber.emoji
            self._emit(Reacted(self._clock_ms(), person.phone, climber.target, climber.emoji))
            return
        if bubble.shown_ms is None:
            person.show(bubble)
            self._emit(Shown(self._clock_ms(), person.phone, bubble))
        if not (self._config().skip_delivered and person.receipts) and not climber.reached("delivered"):
            self._reach(climber, person, "delivered")
        if self._fails(climber, "delivered"):
            self._fail(climber, person)
        elif person.receipts and not climber.reached("read"):
            await self._until(climber, self._clock_ms() + self._config().read_ms - self._config().delivered_ms)
            self._reach(climber, person, "read")
            if bubble.kind == "audio":
                self._reach(climber, person, "played")

    async def _online(self, climber: OutgoingMessage, person: Handset) -> bool:
        """Wait for the phone; whether it came back before WhatsApp forgot the message."""
        if person.online:
            return True
        climber.due_ms = None
        self._tell_kept(climber)
        try:
            async with asyncio.timeout((climber.bubble.at_ms + KEPT_MS - self._clock_ms()) / 1000):
                await person.reachable.wait()
        except TimeoutError:
            return False
        return True

    async def _until(self, climber: OutgoingMessage, due_ms: int) -> None:
        climber.due_ms = due_ms
        await asyncio.sleep(max(0, due_ms - self._clock_ms()) / 1000)

    @staticmethod
    def _fails(climber: OutgoingMessage, stage: str) -> bool:
        return climber.problem is not None and climber.stage == stage

    def _fail(self, climber: OutgoingMessage, person: Handset | None) -> None:
        problem = climber.problem or RefusedError(131026)
        self._note(climber.bubble, "failed", problem.code)
        status = self._status(climber.bubble, person, "failed")
        if climber.bubble.payload.get("to"):
            # Who was written to by number is told by number alone.
            status.pop("recipient_user_id", None)
            status.pop("recipient_parent_user_id", None)
        self._tell(climber, Update(climber.bubble.phone, "statuses", {**status, "errors": [problem.as_failure()]}))

    def _reach(self, climber: OutgoingMessage, person: Handset | None, name: str) -> None:
        bubble = climber.bubble
        # Priced are `sent` and the first that tells of the arrival.
        priced = name in {"sent", "delivered"} or (name == "read" and not climber.reached("delivered"))
        self._note(bubble, name, None)
        status = self._status(bubble, person, name)
        if priced:
            status["pricing"] = _pricing(bubble, _number(self._config().webhook_version), in_window=climber.in_window)
            if _number(self._config().webhook_version) < _WITHOUT_CONVERSATION:
                status["conversation"] = _conversation(bubble, ends=name == "sent")
        beside = person is not None and self._config().contacts_beside_statuses
        self._tell(
            climber, Update(bubble.phone, "statuses", status, self.contact(person) if beside and person else None)
        )

    def _tell(self, climber: OutgoingMessage, update: Update) -> None:
        if self._config().reversed_statuses:
            climber.kept.append(update)
        else:
            self._report(update)

    def _tell_kept(self, climber: OutgoingMessage) -> None:
        kept, climber.kept = climber.kept, []
        for update in reversed(kept):
            self._report(update)

    def _note(self, bubble: Bubble, name: str, code: int | None) -> None:
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
