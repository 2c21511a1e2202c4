"""The Cloud API of one number: it delivers the bot's messages to phones, and people's messages to the bot."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import httpx

from .account import Account
from .delivery import WebhookDispatcher
from .errors import RefusedError, known
from .events import Acted, Event
from .faults import Rule, Rules
from .handset import Handset, InboundExtras, InboundMessage
from .inbound import OTHER_FIELDS
from .phone_numbers import digits
from .send_handler import SendHandler
from .status_lifecycle import OutgoingMessage, StatusLifecycle
from .store import Store
from .tasks import Tasks
from .values import Attempt, Bubble, Business, Config, DeliveryFault, Json, Shape
from .wire import IdFactory, Update

__all__ = ("CloudApi",)


def _ignore(_: Event) -> None:
    """Observe nothing."""


class CloudApi:
    """Meta's side of one business phone number.

    It needs an event loop and a clock; both may be real or virtual.

    Args:
        to_bot: a client that reaches the business's callback URL.
        clock_ms: milliseconds since the epoch; must agree with the event loop's sleeps.
        rng: seeds the ids. Ids of one person do not depend on what others do.
        config: how the API behaves where Meta's behaviour varies or is not published.
        on_event: is called at once with every event.

    Attributes:
        store: the state; `handsets`, `accepted`, `last_inbound_ms` and `inbound` are parts of it.
        handsets: by phone number.
        accepted: every message that was accepted, for any recipient, in order.
        account: the business account: its subscription, forms and templates.
        rules: the fault rules in force.
        last_inbound_ms: when each phone last sent a message, which opens the 24-hour window.
        inbound: people's messages by wamid.
        dispatcher: delivers webhooks to the bot.
        lifecycle: takes the bot's messages through their statuses.
        send_handler: accepts what the bot sends, and limits its rate.
    """

    def __init__(
        self,
        business: Business,
        *,
        to_bot: httpx.AsyncClient,
        clock_ms: Callable[[], int],
        rng: random.Random,
        config: Config | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        seed = rng.getrandbits(64)
        self.ids = IdFactory(seed)
        # Not part of the dumped state: a bot that does not answer is challenged any number of times.
        self._challenges = IdFactory(seed)
        self.rules = Rules(random.Random(rng.getrandbits(64)))
        self.account = Account(business, self.ids, clock_ms)
        self.store = Store(business, config or Config(), clock_ms, self.ids, self.account, self.rules)
        self.business = business
        self.now_ms = clock_ms
        self.handsets = self.store.handsets
        self.accepted = self.store.accepted
        self.last_inbound_ms = self.store.last_inbound_ms
        self.inbound = self.store.inbound
        self._emit = on_event or _ignore
        self.tasks = Tasks()
        self.dispatcher = WebhookDispatcher(
            business,
            to_bot,
            clock_ms=clock_ms,
            config=self.store.current_config,
            emit=self._emit,
            tasks=self.tasks,
            rules=self.rules,
            chance=random.Random(rng.getrandbits(64)),
        )
        self.dispatcher.subscribed = lambda: self.account.subscribed
        self.lifecycle = StatusLifecycle(
            clock_ms, self.store.current_config, report=self.dispatcher.report, emit=self._emit
        )
        self.send_handler = SendHandler(self.store, self.lifecycle, self.tasks, self._emit)

    @property
    def config(self) -> Config:
        """The configuration; replaced as a whole."""
        return self.store.config

    @config.setter
    def config(self, config: Config) -> None:
        self.store.config = config

    async def start(self) -> None:
        """Have the bot verify its callback URL, as Meta does when it is set.

        Raises:
            HandshakeFailedError: the bot did not; nothing is delivered until a later `start` succeeds.
        """
        await self.dispatcher.handshake(self._challenges.text("challenge"))

    async def stop(self) -> None:
        """Cancel all deliveries and statuses. Undelivered webhooks are lost."""
        await self.tasks.stop()

    def busy(self) -> bool:
        """Whether deliveries or statuses are due within `Config.horizon_ms`."""
        self.tasks.check()
        until_ms = self.now_ms() + self.config.horizon_ms
        return self.lifecycle.busy(until_ms) or self.dispatcher.busy(until_ms)

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
        """Give a person a phone with this number. ``persona`` holds further arguments of `Handset`.

        Raises:
            ValueError: this is not a phone number, or another person has it.
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
        return self.dispatcher.attempts

    def redeliver(self, number: int) -> int:
        """Deliver the bytes of a logged attempt once more. Returns the number of the new webhook.

        Raises:
            UnknownAttemptError: the log has no attempt with this number.
        """
        return self.dispatcher.redeliver(number)

    def batch(self, shape: Shape = "natural") -> AbstractContextManager[None]:
        """Deliver everything that people do within the block in one POST."""
        return self.dispatcher.batch(shape)

    def announce(self, field: str, value: Mapping[str, Any] | None = None) -> None:
        """Deliver a webhook of a field other than `messages`, such as ``account_update``.

        Args:
            field: Meta's name for it.
            value: the JSON of its value; an example by default.

        Raises:
            ValueError: there is no example of this field.
        """
        if value is None and field not in OTHER_FIELDS:
            raise ValueError(f"no example of the field {field!r}; there are: {', '.join(OTHER_FIELDS)}")
        self.dispatcher.report(Update("", "field", dict(OTHER_FIELDS[field] if value is None else value), field=field))

    def announce_error(self, code: int) -> None:
        """Deliver an account error in `value.errors`."""
        self.dispatcher.report(Update("", "errors", RefusedError(code).as_failure()))

    def change(self, **changes: Any) -> None:
        """Change the configuration while the API runs, by fields of `Config`."""
        self.config = replace(self.config, **changes)

    def next_delivery(self, **changes: Any) -> None:
        """Apply a fault to the next webhook with a person's message; ``changes`` are fields of `DeliveryFault`."""
        unknown = set(changes) - set(DeliveryFault.__dataclass_fields__)
        if unknown:
            raise ValueError(f"a delivery has no {', '.join(sorted(unknown))}")
        self.dispatcher.next(changes)

    def delay_next(self, delay_ms: int) -> None:
        """Delay the next webhook with a person's message."""
        self.next_delivery(delay_ms=delay_ms)

    def hold(self) -> None:
        """Hold webhooks back. Timestamps remain those of people's actions."""
        self.dispatcher.hold()

    def release(self) -> None:
        """Deliver the webhooks that were held back."""
        self.dispatcher.release()

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
        """Fail the next messages with this code, at once or (``later``) in a status. See `Rule`."""
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

    # Used by the Graph API.

    async def handle(self, payload: Any) -> Json:
        """Answer an authenticated request to `/messages`.

        Raises:
            RefusedError: with one of Meta's errors.
        """
        return await self.send_handler.handle(payload)

    def remember(self, handset: Handset) -> None:
        """Add a person with the phone's contents, when state is loaded."""
        self.handsets[handset.phone] = handset
        self.inbound |= {message.wamid: (handset, message) for message in handset.sent}

    def resume(self, message: OutgoingMessage) -> None:
        """Continue the lifecycle of a message, when state is loaded."""
        person = self.handsets.get(message.bubble.phone)
        self.tasks.start(self.lifecycle.track(message, person), f"statuses of {message.bubble.wamid}")

    def forget(self) -> None:
        """Remove people and messages, before state is loaded."""
        self.store.clear()

    # Used by handsets; see `HandsetBackend`.

    def receive(self, handset: Handset, message: Json, extras: InboundExtras) -> str:
        """Accept a person's message and deliver it to the bot. Returns the wamid."""
        now_ms = self.now_ms()
        wamid = str(message.get("id") or self.ids.inbound(handset.phone))
        context = message.get("context")
        if isinstance(context, dict) and context.get("from") == "":
            context["from"] = self.business.display_phone_number
        sender: Json = {} if handset.hides_number else {"from": handset.phone}
        sender["from_user_id"] = handset.user_id
        message = {**sender, "id": wamid, "timestamp": str(now_ms // 1000), **message}
        self.send_handler.count(now_ms)
        self.last_inbound_ms[handset.phone] = now_ms
        inbound = InboundMessage(wamid, now_ms, message)
        handset.sent.append(inbound)
        self.inbound[wamid] = (handset, inbound)
        self.account.media.receive(message)
        self._emit(Acted(now_ms, handset.phone, wamid, message, extras.form))
        about = self.lifecycle.contact(handset) if extras.contact else None
        self.dispatcher.add(Update(handset.phone, "messages", message, about, tuple(extras.errors)))
        return wamid

    def form(self, bubble: Bubble) -> str:
        """The Flow JSON of the form that a message opens; empty if the account does not have the form."""
        return self.account.opened_by(bubble.payload["interactive"]["action"]["parameters"])

    def media_id(self, phone: str) -> str:
        """Make an id for a file that a person sends."""
        return self.ids.number(f"media {phone}")

    def renumber(self, handset: Handset, phone: str) -> None:
        """Move a person to another phone number."""
        number = digits(phone)
        if number in self.handsets:
            raise ValueError(f"{phone!r} is taken")
        del self.handsets[handset.phone]
        handset.phone = number
        self.handsets[number] = handset
