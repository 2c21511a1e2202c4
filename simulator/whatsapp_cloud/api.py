"""The Cloud API: takes what a bot sends to people's phones, and tells the bot what people do with them."""

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

    It needs an event loop and a clock, no more: both may be real or virtual.

    Args:
        to_bot: a client that reaches the business's callback URL.
        clock_ms: milliseconds since the epoch; must agree with the event loop's sleeps.
        rng: seeds the ids. Ids of one person do not depend on what others do.
        config: how it behaves where Meta's behaviour varies or is unpublished.
        on_event: told at once of everything that happens.

    Attributes:
        store: what WhatsApp holds; the following are parts of it.
        handsets: by phone number.
        accepted: every message accepted, whoever it is for, in order.
        account: the business account: its subscription, forms and templates.
        rules: the faults in force.
        last_written_ms: when each phone last wrote, which opens the 24-hour window.
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
        """How it behaves."""
        return self.store.config

    @config.setter
    def config(self, config: Config) -> None:
        self.store.config = config

    async def start(self) -> None:
        """Have the bot verify its callback URL, as Meta does when it is set.

        Raises:
            HandshakeFailed: it did not; nothing will be delivered until a later `start` succeeds.
        """
        await self.dispatcher.handshake(self._challenges.text("challenge"))

    async def stop(self) -> None:
        """End all deliveries and statuses. What was not handed over is lost."""
        await self.tasks.stop()

    def busy(self) -> bool:
        """Whether deliveries or statuses are still to come within the knobs' horizon."""
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
        return self.dispatcher.attempts

    def redeliver(self, number: int) -> int:
        """Deliver the bytes of an attempt in the log once more; returns the number of the webhook.

        Raises:
            UnknownAttempt: the log has none with this number.
        """
        return self.dispatcher.redeliver(number)

    def batch(self, shape: Shape = "natural") -> AbstractContextManager[None]:
        """What people do within this block reaches the bot in one POST."""
        return self.dispatcher.batch(shape)

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
        self.dispatcher.report(Update("", "field", dict(OTHER_FIELDS[field] if value is None else value), field=field))

    def announce_error(self, code: int) -> None:
        """Tell the bot of an error of the account, in `value.errors`."""
        self.dispatcher.report(Update("", "errors", RefusedError(code).as_failure()))

    def change(self, **changes: Any) -> None:
        """Turn knobs while it runs, by fields of `Config`."""
        self.config = replace(self.config, **changes)

    def next_delivery(self, **changes: Any) -> None:
        """Make the next webhook with a person's message odd, by fields of `DeliveryFault`: ``times=3`` for one."""
        unknown = set(changes) - set(DeliveryFault.__dataclass_fields__)
        if unknown:
            raise ValueError(f"a delivery has no {', '.join(sorted(unknown))}")
        self.dispatcher.next(changes)

    def delay_next(self, delay_ms: int) -> None:
        """Hand over the next webhook with a person's message so much later."""
        self.next_delivery(delay_ms=delay_ms)

    def hold(self) -> None:
        """Cut the network between Meta and the bot. Timestamps stay those of when people acted."""
        self.dispatcher.hold()

    def release(self) -> None:
        """Mend the network: what was held back is handed over."""
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
        return await self.send_handler.handle(payload)

    def remember(self, handset: Handset) -> None:
        """Take in a person with all that the phone holds, as after a restart."""
        self.handsets[handset.phone] = handset
        self.inbound |= {message.wamid: (handset, message) for message in handset.sent}

    def resume(self, message: OutgoingMessage) -> None:
        """Go on with a message on its way, as after a restart."""
        person = self.handsets.get(message.bubble.phone)
        self.tasks.start(self.lifecycle.track(message, person), f"statuses of {message.bubble.wamid}")

    def forget(self) -> None:
        """Forget people and messages, to take in others."""
        self.store.clear()

    # What phones ask for.

    def receive(self, handset: Handset, message: Json, extras: InboundExtras) -> str:
        """Take a person's message to the bot; see `Handset`."""
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
        """The definition of the form that a message opens; empty where this account has none."""
        return self.account.opened_by(bubble.payload["interactive"]["action"]["parameters"])

    def media_id(self, phone: str) -> str:
        """A new id for a file that a person sends."""
        return self.ids.number(f"media {phone}")

    def renumber(self, handset: Handset, phone: str) -> None:
        """Move a person to another phone number."""
        number = digits(phone)
        if number in self.handsets:
            raise ValueError(f"{phone!r} is taken")
        del self.handsets[handset.phone]
        handset.phone = number
        self.handsets[number] = handset
