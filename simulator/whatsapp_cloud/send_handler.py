"""Requests to `/messages`: each is refused at once, or accepted and tracked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .delivery_outcome import delivery_outcome, look_up
from .errors import RefusedError
from .events import Event, SendRefused, TypingShown, Warned
from .faults import Rule
from .handset import Handset
from .limits import LIMITS, MESSAGE_AGE_MS
from .phone_numbers import digits
from .rates import PairRate, Throughput
from .schema import violation
from .status_lifecycle import OutgoingMessage, StatusLifecycle
from .store import Store
from .tasks import Tasks
from .validate import MarkAsRead, Sending, kind_of, parse
from .values import Json

__all__ = ("SendHandler",)

_SHORTEST: Final = 7
_LONGEST: Final = 15
"""Digits of an E.164 number."""


class SendHandler:
    """Accepts messages of the business and enforces rate limits.

    Attributes:
        pairs: the pair rate limit.
    """

    def __init__(self, store: Store, lifecycle: StatusLifecycle, tasks: Tasks, emit: Callable[[Event], None]) -> None:
        """Accept messages into ``store``, and start their lifecycles as ``tasks``."""
        self._store = store
        self._lifecycle = lifecycle
        self._tasks = tasks
        self._emit = emit
        self.pairs = PairRate(store.current_config)
        self._throughput = Throughput(store.current_config)

    def count(self, now_ms: int) -> None:
        """Count a person's message towards the throughput of this second."""
        self._throughput.count(now_ms)

    async def handle(self, payload: Any) -> Json:
        """Answer an authenticated request to `/messages`.

        Raises:
            RefusedError: with one of Meta's errors.
        """
        try:
            return await self._handle(payload)
        except RefusedError as refused:
            given = payload.get("to") if isinstance(payload, dict) else None
            phone = digits(given) if isinstance(given, str) else None
            self._emit(
                SendRefused(self._store.now_ms(), phone, refused.code, refused.details or refused.message, payload)
            )
            raise

    async def _handle(self, payload: Any) -> Json:
        if isinstance(payload, dict) and "status" not in payload:
            rule = self._match_rule("refuse", payload)
            if rule is not None:
                raise RefusedError(rule.code or 0, details=rule.details, status=rule.status or None)
        request = parse(payload)
        if isinstance(request, MarkAsRead):
            return self._mark_as_read(request)
        return await self._send(request)

    def _match_rule(self, do: str, payload: Json) -> Rule | None:
        if not self._store.rules:
            return None
        return self._store.rules.match("messages", {do}, phone=self._store.recipient_of(payload), kind=kind_of(payload))

    def _mark_as_read(self, request: MarkAsRead) -> Json:
        person, inbound = self._store.inbound.get(request.message_id, (None, None))
        if person is None or inbound is None or self._store.now_ms() - inbound.at_ms > MESSAGE_AGE_MS:
            raise RefusedError(
                131009, details=f"No message with id {request.message_id} was received in the last 30 days"
            )
        person.mark_read(inbound)
        if request.typing and person.online and not person.blocked:
            person.show_typing()
            self._emit(TypingShown(self._store.now_ms(), person.phone, inbound.wamid))
        return {"success": True}

    async def _send(self, sending: Sending) -> Json:
        now_ms = self._store.now_ms()
        phone, person = self._recipient(sending)
        bubble = sending.bubble
        look_up(sending, self._store.account, self._store.config)
        self._check_allowed(phone, now_ms)
        bubble.at_ms, bubble.phone, bubble.wamid = now_ms, phone, self._store.ids.outbound(phone)
        self._store.accepted.append(bubble)
        for warning in sending.warnings:
            self._emit(Warned(now_ms, phone, warning))
        outgoing = self._outgoing(sending, person)
        if person is not None and bubble.kind != "reaction":
            person.bubbles.append(bubble)
        if self._store.config.status_before_answer:
            await self._lifecycle.announce(outgoing, person)
        self._tasks.start(self._lifecycle.track(outgoing, person), f"statuses of {bubble.wamid}")
        return _accepted(sending)

    def _check_allowed(self, phone: str, now_ms: int) -> None:
        """Refuse a message that exceeds a rate limit, or to a recipient that is not allowed."""
        if phone == self._store.business.display_phone_number:
            raise RefusedError(131021, details="Recipient cannot be sender")
        if self._store.config.allowed is not None and phone not in self._store.config.allowed:
            raise RefusedError(131030, details="Recipient phone number not in allowed list")
        if not self._throughput.take(now_ms):
            raise violation(LIMITS["rate.throughput"])
        if not self.pairs.take(phone, now_ms):
            raise violation(LIMITS["rate.pair_burst"])

    def _recipient(self, sending: Sending) -> tuple[str, Handset | None]:
        if sending.to is not None:
            phone = digits(sending.to)
            if not (phone.isascii() and phone.isdecimal() and _SHORTEST <= len(phone) <= _LONGEST):
                raise RefusedError(131009, details=f"Recipient phone number {sending.to} is not valid")
            return phone, self._store.handsets.get(phone)
        for person in self._store.handsets.values():
            if person.user_id == sending.recipient:
                return person.phone, person
        raise RefusedError(131009, details=f"Recipient {sending.recipient} is not valid")

    def _outgoing(self, sending: Sending, person: Handset | None) -> OutgoingMessage:
        """The accepted message, with the problem that it will meet."""
        bubble = sending.bubble
        outgoing = OutgoingMessage(bubble, sending.target, sending.emoji, in_window=self._store.in_window(bubble.phone))
        rule = self._match_rule("fail", bubble.payload)
        if rule is None:
            outgoing.problem = self._delivery_problem(sending, person)
        else:
            outgoing.problem, outgoing.stage = RefusedError(rule.code or 0, details=rule.details), rule.stage
        return outgoing

    def _delivery_problem(self, sending: Sending, person: Handset | None) -> RefusedError | None:
        """The error with which a message that is accepted now will fail later."""
        in_window = person is not None and self._store.in_window(person.phone)
        return delivery_outcome(
            sending, person, self._store.account, self._store.config, now_ms=self._store.now_ms(), in_window=in_window
        )


def _accepted(sending: Sending) -> Json:
    bubble = sending.bubble
    contact = {"input": sending.to, "wa_id": bubble.phone}
    if sending.to is None:
        contact = {"input": sending.recipient, "user_id": sending.recipient}
    message = {"id": bubble.wamid}
    if bubble.kind == "template":
        message["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}
