"""The Cloud API: takes what a bot sends to people's phones, and tells the bot what people do with them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final

import httpx

from simulator.whatsapp_cloud.account import Account
from simulator.whatsapp_cloud.delivery import Courier
from simulator.whatsapp_cloud.errors import Refused, known
from simulator.whatsapp_cloud.fate import fate, look_up
from simulator.whatsapp_cloud.faults import Rule, Rules
from simulator.whatsapp_cloud.graph import graph
from simulator.whatsapp_cloud.handset import Handset, Written
from simulator.whatsapp_cloud.inbound import OTHER_FIELDS
from simulator.whatsapp_cloud.injection import Injection, kind_of
from simulator.whatsapp_cloud.ladder import Climber, Ladder
from simulator.whatsapp_cloud.limits import LIMITS, MESSAGE_AGE_MS
from simulator.whatsapp_cloud.rates import PairRate, Throughput
from simulator.whatsapp_cloud.shapes import breach
from simulator.whatsapp_cloud.tasks import Tasks
from simulator.whatsapp_cloud.validate import MarkAsRead, Sending, parse
from simulator.whatsapp_cloud.values import (
    Acted,
    Attempt,
    Bubble,
    Business,
    DeliveryFault,
    Event,
    Json,
    Knobs,
    SendRefused,
    Shape,
    TypingShown,
    Warned,
)
from simulator.whatsapp_cloud.wire import Mint, Update, digits

__all__ = ("CloudApi",)


_SHORTEST: Final = 7
_LONGEST: Final = 15
"""Digits of an E.164 number."""


def _nobody(_: Event) -> None:
    """The observer when there is none."""


class CloudApi:
    """Meta's side of one business phone number.

    It needs an event loop and a clock, no more: both may be real or virtual.

    Args:
        to_bot: a client that reaches the business's callback URL.
        clock_ms: milliseconds since the epoch; must agree with the event loop's sleeps.
        rng: seeds the ids. Ids of one person do not depend on what others do.
        knobs: how it behaves where Meta's behaviour varies or is unpublished.
        on_event: told at once of everything that happens.

    Attributes:
        asgi: the Graph API, an ASGI application.
        handsets: by phone number.
        accepted: every message accepted, whoever it is for, in order.
        account: the business account: its subscription, forms and templates.
        rules: the faults in force.
        courier: brings webhooks to the bot; ``ladder``: takes the bot's messages through their statuses.
        last_written_ms: when each phone last wrote, which opens the 24-hour window.
        knobs: how it behaves.
    """

    def __init__(
        self,
        business: Business,
        *,
        to_bot: httpx.AsyncClient,
        clock_ms: Callable[[], int],
        rng: random.Random,
        knobs: Knobs | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.business = business
        self.knobs = Knobs() if knobs is None else knobs
        self.handsets: dict[str, Handset] = {}
        self.accepted: list[Bubble] = []
        seed = rng.getrandbits(64)
        self.mint = Mint(seed)
        # Not part of what is kept: a bot that is away is asked again and again.
        self._challenges = Mint(seed)
        self.rules = Rules(random.Random(rng.getrandbits(64)))
        self.now_ms = clock_ms
        self.account = Account(business, self.mint, clock_ms)
        self._emit = on_event or _nobody
        self.tasks = Tasks()
        self.courier = Courier(
            business,
            to_bot,
            clock_ms=clock_ms,
            knobs=self.knobs,
            emit=self._emit,
            tasks=self.tasks,
            rules=self.rules,
            chance=random.Random(rng.getrandbits(64)),
        )
        self.ladder = Ladder(clock_ms, self.knobs, report=self.courier.report, emit=self._emit)
        self._pairs = PairRate(self.knobs.pair_every_ms, self.knobs.pair_burst)
        self._throughput = Throughput(self.knobs.per_second)
        self.last_written_ms: dict[str, int] = {}
        self._written: dict[str, tuple[Handset, Written]] = {}
        self.asgi = Injection(graph(self), self)

    async def start(self) -> None:
        """Have the bot verify its callback URL, as Meta does when it is set.

        Raises:
            HandshakeFailed: it did not; nothing will be delivered until a later `start` succeeds.
        """
        await self.courier.handshake(self._challenges.text("challenge"))

    async def stop(self) -> None:
        """End all deliveries and statuses. What was not handed over is lost."""
        await self.tasks.stop()

    def busy(self) -> bool:
        """Whether deliveries or statuses are still to come within the knobs' horizon."""
        self.tasks.check()
        until_ms = self.now_ms() + self.knobs.horizon_ms
        return self.ladder.busy(until_ms) or self.courier.busy(until_ms)

    def handset(
        self,
        phone: str,
        *,
        name: str,
        receipts: bool = True,
        online: bool = True,
        blocked: bool = False,
        **persona: Any,
    ) -> Handset:
        """Give a person a phone with this number. ``persona``: username, hides_number, parent_id, country.

        Raises:
            ValueError: the number is no number, or somebody has it.
        """
        number = digits(phone)
        if not number.isdecimal() or number in self.handsets:
            raise ValueError(f"{phone!r} is {'taken' if number in self.handsets else 'no phone number'}")
        person = Handset(self, number, name=name, receipts=receipts, online=online, blocked=blocked, **persona)
        self.handsets[number] = person
        return person

    @property
    def deliveries(self) -> list[Attempt]:
        """Every attempt to deliver a webhook, in order."""
        return self.courier.attempts

    def redeliver(self, number: int) -> int:
        """Deliver the bytes of an attempt in the log once more; returns the number of the webhook.

        Raises:
            UnknownAttempt: the log has none with this number.
        """
        return self.courier.redeliver(number)

    def together(self, shape: Shape = "natural") -> AbstractContextManager[None]:
        """What people do within this block reaches the bot in one POST."""
        return self.courier.together(shape)

    def announce(self, field: str, value: Mapping[str, Any] | None = None) -> None:
        """Tell the bot something of another webhook field than `messages`: ``account_update`` for one.

        Args:
            field: Meta's name for it.
            value: the JSON of its value; that of an example by default.

        Raises:
            ValueError: there is no example of it.
        """
        if value is None and field not in OTHER_FIELDS:
            raise ValueError(f"no example of the field {field!r}; there are: {', '.join(OTHER_FIELDS)}")
        self.courier.report(Update("", "field", dict(OTHER_FIELDS[field] if value is None else value), field=field))

    def announce_error(self, code: int) -> None:
        """Tell the bot of an error of the account, in `value.errors`."""
        self.courier.report(Update("", "errors", Refused(code).as_failure()))

    def change(self, **changes: Any) -> None:
        """Turn knobs while it runs, by fields of `Knobs`; rates keep theirs."""
        self.knobs = self.courier.knobs = self.ladder.knobs = replace(self.knobs, **changes)

    def next_delivery(self, **changes: Any) -> None:
        """Make the next webhook with a person's message odd, by fields of `DeliveryFault`: ``times=3`` for one."""
        unknown = set(changes) - set(DeliveryFault.__dataclass_fields__)
        if unknown:
            raise ValueError(f"a delivery has no {', '.join(sorted(unknown))}")
        self.courier.next(changes)

    def delay_next(self, delay_ms: int) -> None:
        """Hand over the next webhook with a person's message so much later."""
        self.next_delivery(delay_ms=delay_ms)

    def hold(self) -> None:
        """Cut the network between Meta and the bot. Timestamps stay those of when people acted."""
        self.courier.hold()

    def release(self) -> None:
        """Mend the network: what was held back is handed over."""
        self.courier.release()

    def fail_next(
        self,
        code: int,
        times: int = 1,
        to: str | None = None,
        *,
        later: bool | None = None,
        details: str | None = None,
        status: int | None = None,
    ) -> None:
        """Let the next requests to send fail with this code, at once or (``later``) in a status. See `Rule`."""
        fails = known(code).later if later is None else later
        self.rules.add(
            Rule(
                "messages",
                "fail" if fails else "refuse",
                to=digits(to or ""),
                times=times,
                code=code,
                details=details,
                status=0 if fails else status or 0,
            )
        )

    # What the Graph API asks for.

    async def handle(self, payload: Any) -> Json:
        """The answer to an authenticated request to `/messages`.

        Raises:
            Refused: with one of Meta's errors.
        """
        try:
            return await self._handle(payload)
        except Refused as refused:
            given = payload.get("to") if isinstance(payload, dict) else None
            phone = digits(given) if isinstance(given, str) else None
            self._emit(SendRefused(self.now_ms(), phone, refused.code, refused.details or refused.message, payload))
            raise

    async def _handle(self, payload: Any) -> Json:
        if isinstance(payload, dict) and "status" not in payload:
            rule = self._strike("refuse", payload)
            if rule is not None:
                raise Refused(rule.code or 0, details=rule.details, status=rule.status or None)
        request = parse(payload)
        if isinstance(request, MarkAsRead):
            return self._mark_as_read(request)
        return await self._send(request)

    def _strike(self, do: str, payload: Json) -> Rule | None:
        if not self.rules:
            return None
        return self.rules.strike("messages", {do}, phone=self.addressed(payload), kind=kind_of(payload))

    def addressed(self, payload: Json) -> str:
        """The phone that a message is for, whether it is named by number or by user id; empty if it is nobody's."""
        if isinstance(payload.get("to"), str):
            return digits(payload["to"])
        named = payload.get("recipient")
        return next((person.phone for person in self.handsets.values() if person.user_id == named), "")

    def _mark_as_read(self, request: MarkAsRead) -> Json:
        person, written = self._written.get(request.message_id, (None, None))
        if person is None or written is None or self.now_ms() - written.at_ms > MESSAGE_AGE_MS:
            raise Refused(131009, details=f"No message with id {request.message_id} was received in the last 30 days")
        person.mark_read(written)
        if request.typing and person.online and not person.blocked:
            person.show_typing()
            self._emit(TypingShown(self.now_ms(), person.phone, written.wamid))
        return {"success": True}

    async def _send(self, sending: Sending) -> Json:
        now_ms = self.now_ms()
        phone, person = self._recipient(sending)
        bubble = sending.bubble
        look_up(sending, self.account, self.knobs)
        self._admit(phone, now_ms)
        bubble.at_ms, bubble.phone, bubble.wamid = now_ms, phone, self.mint.outbound(phone)
        self.accepted.append(bubble)
        for warning in sending.warnings:
            self._emit(Warned(now_ms, phone, warning))
        climber = self._climber(sending, person)
        if person is not None and bubble.kind != "reaction":
            person.bubbles.append(bubble)
        if self.knobs.status_before_answer:
            await self.ladder.announce(climber, person)
        self.tasks.start(self.ladder.climb(climber, person), f"statuses of {bubble.wamid}")
        return _accepted(sending)

    def _admit(self, phone: str, now_ms: int) -> None:
        """Refuse what comes too fast, or goes to somebody whom this business may not write to."""
        if phone == self.business.display_phone_number:
            raise Refused(131021, details="Recipient cannot be sender")
        if self.knobs.allowed is not None and phone not in self.knobs.allowed:
            raise Refused(131030, details="Recipient phone number not in allowed list")
        if not self._throughput.take(now_ms):
            raise breach(LIMITS["rate.throughput"])
        if not self._pairs.take(phone, now_ms):
            raise breach(LIMITS["rate.pair_burst"])

    def _recipient(self, sending: Sending) -> tuple[str, Handset | None]:
        if sending.to is not None:
            phone = digits(sending.to)
            if not (phone.isascii() and phone.isdecimal() and _SHORTEST <= len(phone) <= _LONGEST):
                raise Refused(131009, details=f"Recipient phone number {sending.to} is not valid")
            return phone, self.handsets.get(phone)
        for person in self.handsets.values():
            if person.user_id == sending.recipient:
                return person.phone, person
        raise Refused(131009, details=f"Recipient {sending.recipient} is not valid")

    def _climber(self, sending: Sending, person: Handset | None) -> Climber:
        """The message that is accepted now, and what will become of it."""
        bubble = sending.bubble
        climber = Climber(bubble, sending.target, sending.emoji, in_window=self._in_window(bubble.phone))
        wanted = self._strike("fail", bubble.payload)
        if wanted is None:
            climber.problem = self._later(sending, person)
        else:
            climber.problem, climber.stage = Refused(wanted.code or 0, details=wanted.details), wanted.stage
        return climber

    def _later(self, sending: Sending, person: Handset | None) -> Refused | None:
        """Why a message that is accepted now will turn out to have failed."""
        in_window = person is not None and self._in_window(person.phone)
        return fate(sending, person, self.account, self.knobs, now_ms=self.now_ms(), in_window=in_window)

    def _in_window(self, phone: str) -> bool:
        if self.knobs.window_ms is None:
            return True
        last_ms = self.last_written_ms.get(phone)
        return last_ms is not None and self.now_ms() - last_ms < self.knobs.window_ms

    def remember(self, handset: Handset) -> None:
        """Take in a person with all that the phone holds, as after a restart."""
        self.handsets[handset.phone] = handset
        self._written |= {written.wamid: (handset, written) for written in handset.written}

    def resume(self, climber: Climber) -> None:
        """Go on with a message on its way, as after a restart."""
        person = self.handsets.get(climber.bubble.phone)
        self.tasks.start(self.ladder.climb(climber, person), f"statuses of {climber.bubble.wamid}")

    def forget(self) -> None:
        """Forget people and messages, to take in others."""
        self.handsets.clear()
        self.accepted.clear()
        self.last_written_ms.clear()
        self._written.clear()

    # What phones ask for.

    def hand_over(self, handset: Handset, message: Json, *, contact: bool = True, errors: Sequence[Json] = ()) -> str:
        """Take a person's message to the bot; see `Handset`."""
        now_ms = self.now_ms()
        wamid = str(message.get("id") or self.mint.inbound(handset.phone))
        context = message.get("context")
        if isinstance(context, dict) and context.get("from") == "":
            context["from"] = self.business.display_phone_number
        sender: Json = {} if handset.hides_number else {"from": handset.phone}
        sender["from_user_id"] = handset.user_id
        message = {**sender, "id": wamid, "timestamp": str(now_ms // 1000), **message}
        self._throughput.count(now_ms)
        self.last_written_ms[handset.phone] = now_ms
        written = Written(wamid, now_ms, message)
        handset.written.append(written)
        self._written[wamid] = (handset, written)
        self.account.media.receive(message)
        self._emit(Acted(now_ms, handset.phone, wamid, message))
        about = self.ladder.contact(handset) if contact else None
        self.courier.add(Update(handset.phone, "messages", message, about, tuple(errors)))
        return wamid

    def media_id(self, phone: str) -> str:
        """A new id for a file that a person sends."""
        return self.mint.number(f"media {phone}")

    def renumber(self, handset: Handset, phone: str) -> None:
        """Move a person to another phone number."""
        number = digits(phone)
        if number in self.handsets:
            raise ValueError(f"{phone!r} is taken")
        del self.handsets[handset.phone]
        handset.phone = number
        self.handsets[number] = handset


def _accepted(sending: Sending) -> Json:
    bubble = sending.bubble
    contact = {"input": sending.to, "wa_id": bubble.phone}
    if sending.to is None:
        contact = {"input": sending.recipient, "user_id": sending.recipient}
    message = {"id": bubble.wamid}
    if bubble.kind == "template":
        message["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}
