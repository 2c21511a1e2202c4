"""Webhook delivery: each webhook is sent until the bot answers 200 or the retries are used up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx

from .errors import CloudError, HandshakeFailedError
from .events import Event, WebhookAnswered, WebhookDropped
from .faults import Rules
from .tasks import Tasks
from .values import Attempt, Business, Config, DeliveryFault, Shape
from .wire import Undelivered, Update, envelope, escaped, shuffled, signature

__all__ = ("UnknownAttemptError", "WebhookDispatcher")

ACCEPTED: Final = 200


class UnknownAttemptError(CloudError, LookupError):
    """The delivery log has no attempt with this number."""


@dataclass(slots=True, eq=False)
class _Webhook:
    """A webhook in flight: the webhooks that it waits for, and when it is due next."""

    number: int
    phones: tuple[str, ...]
    body: bytes
    headers: dict[str, str]
    after: tuple[_Webhook, ...]
    due_ms: int
    tries: int = 0
    posting: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class WebhookDispatcher:
    """Delivers webhooks to one bot: concurrently for different people, in order for one person.

    Attributes:
        attempts: every POST so far.
        subscribed: whether the app is subscribed to the account; used if `Config.subscription_needed`.
        wait_for_verification: keep webhooks until the bot has verified its callback URL; otherwise they are dropped,
            as by Meta.
    """

    def __init__(
        self,
        business: Business,
        to_bot: httpx.AsyncClient,
        *,
        clock_ms: Callable[[], int],
        config: Callable[[], Config],
        emit: Callable[[Event], None],
        tasks: Tasks,
        rules: Rules,
        chance: random.Random,
    ) -> None:
        self.attempts: list[Attempt] = []
        self._config = config
        self.wait_for_verification = False
        self.subscribed: Callable[[], bool] = lambda: True
        self._rules = rules
        self._chance = chance
        self._verified = asyncio.Event()
        self._business = business
        self._to_bot = to_bot
        # Parsed once: parsing a URL takes longer than signing a webhook.
        self._callback_url = httpx.URL(business.callback_url)
        self._clock_ms = clock_ms
        self._emit = emit
        self._tasks = tasks
        self._last = 0
        self._under_way: list[_Webhook] = []
        self._tails: dict[str, tuple[_Webhook, ...]] = {}
        self._batch: list[Update] | None = None
        self._gathered: list[Update] = []
        self._gathered_until_ms = 0
        self._fault = DeliveryFault()
        self._open = asyncio.Event()
        self._open.set()

    @property
    def verified(self) -> bool:
        """Whether the bot has verified its callback URL; until then nothing is delivered."""
        return self._verified.is_set()

    async def handshake(self, challenge: str) -> None:
        """Have the bot verify its callback URL.

        Raises:
            HandshakeFailedError: the bot's answer was not 200 with the challenge as its body.
        """
        self._verified.clear()
        parameters = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": self._business.verify_token,
        }
        try:
            async with asyncio.timeout(self._config().webhook_timeout_ms / 1000):
                answer = await self._to_bot.get(self._callback_url, params=parameters)
        except (httpx.HTTPError, TimeoutError) as problem:
            raise HandshakeFailedError(
                f"no answer to the verification request: {problem!r}; nothing will be delivered"
            ) from problem
        if answer.status_code != ACCEPTED or answer.text != challenge:
            raise HandshakeFailedError(
                f"the verification request was answered {answer.status_code} {answer.text[:80]!r} instead of 200 "
                f"{challenge!r}; nothing will be delivered: is the verify token the same on both sides?"
            )
        self._verified.set()

    def add(self, update: Update) -> None:
        """Deliver a person's action, or collect it while a batch is open."""
        if self._batch is not None:
            self._batch.append(update)
        elif self._config().batch_ms:
            self._gather(update)
        else:
            self._deliver([update], "natural", self._take_fault())

    def report(self, update: Update) -> None:
        """Deliver a status or an account update, independently of a person's other webhooks."""
        if self._config().batch_ms:
            self._gather(update)
        else:
            self._post([update], "natural", self._odd([update], DeliveryFault()), after=())

    def _gather(self, update: Update) -> None:
        self._gathered.append(update)
        if len(self._gathered) == 1:
            self._gathered_until_ms = self._clock_ms() + self._config().batch_ms
            self._tasks.start(self._flush_later(self._config().batch_ms), "a batch of webhooks")

    async def _flush_later(self, wait_ms: int) -> None:
        await asyncio.sleep(wait_ms / 1000)
        self.flush()

    def flush(self) -> None:
        """Deliver the collected updates."""
        gathered, self._gathered = self._gathered, []
        self._deliver_all(gathered, self._config().batch_shape)

    @contextmanager
    def batch(self, shape: Shape) -> Iterator[None]:
        """Deliver what people do within the block in one POST at its end."""
        if self._batch is not None:
            raise ValueError("a batch is open already")
        self._batch = []
        try:
            yield
        finally:
            batch, self._batch = self._batch, None
            self._deliver_all(batch, shape)

    def next(self, changes: dict[str, Any]) -> None:
        """Apply a fault to the next webhook with a person's message; repeated calls add up."""
        self._fault = replace(self._fault, **changes)

    def hold(self) -> None:
        """Hold webhooks back; due attempts wait."""
        self._open.clear()

    def release(self) -> None:
        """Deliver what was held back."""
        self._open.set()

    def redeliver(self, number: int) -> int:
        """Deliver the bytes of attempt ``number`` once more, as a new webhook. Returns the webhook's number.

        Raises:
            UnknownAttemptError: the log has none with this number.
        """
        attempt = next((each for each in self.attempts if each.number == number), None)
        if attempt is None:
            held = f"{self.attempts[0].number} to {self.attempts[-1].number}" if self.attempts else "nothing"
            raise UnknownAttemptError(f"no delivery {number} in the log, which holds {held}; nothing was delivered")
        return self._start(attempt.phones, attempt.body, dict(attempt.headers), after=(), delay_ms=0).number

    def undelivered(self) -> list[Undelivered]:
        """The webhooks that the bot has not accepted yet, oldest first."""
        return [
            Undelivered(
                each.number,
                each.phones,
                each.body,
                each.headers,
                each.due_ms,
                each.tries,
                tuple(before.number for before in each.after if not before.ended.is_set()),
            )
            for each in self._under_way
        ]

    def forget(self) -> None:
        """Drop the webhooks in flight, whose tasks were cancelled."""
        self._under_way.clear()
        self._gathered.clear()
        self._tails.clear()

    @property
    def held(self) -> bool:
        """Whether webhooks are held back."""
        return not self._open.is_set()

    @property
    def gathered(self) -> list[Update]:
        """The updates collected for a batch."""
        return list(self._gathered)

    def resume(self, undelivered: Sequence[Undelivered], *, last: int, gathered: Sequence[Update] = ()) -> None:
        """Continue the deliveries of a loaded state; ``last`` is the highest webhook number so far.

        The updates in ``gathered`` are collected for a new batch.
        """
        self._last = last
        started: dict[int, _Webhook] = {}
        for kept in undelivered:
            after = tuple(started[number] for number in kept.after if number in started)
            webhook = _Webhook(kept.number, kept.phones, kept.body, kept.headers, after, kept.due_ms, kept.tries)
            started[kept.number] = webhook
            self._set_out(webhook)
            self._tails.update(dict.fromkeys(kept.phones, (webhook,)))
        for update in gathered:
            self._gather(update)

    @property
    def waiting(self) -> int:
        """How many webhooks the bot has not accepted yet."""
        return len(self._under_way) + len(self._gathered)

    @property
    def last(self) -> int:
        """The highest webhook number so far."""
        return self._last

    def busy(self, until_ms: int) -> bool:
        """Whether a delivery is due by then. Webhooks that are held back are not."""
        gathers = bool(self._gathered) and self._gathered_until_ms <= until_ms
        return gathers or any(self._stirs(webhook, until_ms) for webhook in self._under_way)

    def _stirs(self, webhook: _Webhook, until_ms: int) -> bool:
        if webhook.posting:
            return True
        # A webhook that waits for others continues when they end; those are in flight themselves.
        waits = any(not before.ended.is_set() for before in webhook.after)
        return not waits and self._open.is_set() and self.verified and webhook.due_ms <= until_ms

    def _take_fault(self) -> DeliveryFault:
        fault, self._fault = self._fault, DeliveryFault()
        return fault

    def _odd(self, updates: Sequence[Update], fault: DeliveryFault) -> DeliveryFault:
        """The fault, combined with those of the matching rules."""
        if not self._rules:
            return fault
        for rule in self._rules.match_all([update.about() for update in updates]):
            fault = replace(fault, **rule.delivery_fault())
        return fault

    def _deliver_all(self, updates: Sequence[Update], shape: Shape) -> None:
        most = self._config().batch_most
        for begin in range(0, len(updates), most):
            self._deliver(updates[begin : begin + most], shape, self._take_fault())

    def _deliver(self, updates: Sequence[Update], shape: Shape, fault: DeliveryFault) -> None:
        fault = self._odd(updates, fault)
        phones = {update.phone for update in updates}
        earlier = {before: None for phone in sorted(phones) for before in self._tails.get(phone, ())}
        after = tuple(earlier) if self._config().in_order else ()
        last = self._post(updates, shape, fault, after=after)
        # A webhook that the bot is right to refuse is retried for days and must not delay the person's others.
        if last and not fault.refused:
            self._tails.update(dict.fromkeys(phones, last))

    def _post(
        self, updates: Sequence[Update], shape: Shape, fault: DeliveryFault, *, after: tuple[_Webhook, ...]
    ) -> tuple[_Webhook, ...]:
        """Start as many copies of a webhook as the fault says. Returns the last ones."""
        phones = tuple(dict.fromkeys(update.phone for update in updates))
        if reason := self._undeliverable(fault):
            self._last += 1
            self._emit(WebhookDropped(self._clock_ms(), self._last, reason))
            return ()
        made = envelope(self._business, updates, shape, fault)
        body = escaped(shuffled(made, self._chance) if self._config().shuffle_keys else made)
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        if fault.signature != "missing":
            secret = self._business.app_secret + ("" if fault.signature == "right" else "?")
            headers["X-Hub-Signature-256"] = signature(secret, body)
        if fault.tampered:
            body = body.replace(b'"timestamp":"1', b'"timestamp":"2', 1)
        started: list[_Webhook] = []
        for _ in range(fault.times):
            before = after if fault.at_once else (*after, *started)
            late_ms = self._chance.randint(0, self._config().jitter_ms) if self._config().jitter_ms else 0
            started.append(self._start(phones, body, headers, after=before, delay_ms=fault.delay_ms + late_ms))
        return tuple(started)

    def _undeliverable(self, fault: DeliveryFault) -> str:
        """Why a webhook is not sent at all; empty if it is."""
        if fault.lost:
            return "lost on the way"
        if self._config().subscription_needed and not self.subscribed():
            return "the app is not subscribed to the account"
        return "" if self.verified or self.wait_for_verification else "the callback URL was never verified"

    def _start(
        self,
        phones: tuple[str, ...],
        body: bytes,
        headers: dict[str, str],
        *,
        after: tuple[_Webhook, ...],
        delay_ms: int,
    ) -> _Webhook:
        self._last += 1
        webhook = _Webhook(self._last, phones, body, headers, after, self._clock_ms() + delay_ms)
        self._set_out(webhook)
        return webhook

    def _set_out(self, webhook: _Webhook) -> None:
        self._under_way.append(webhook)
        self._tasks.start(self._run(webhook), f"webhook {webhook.number} for {', '.join(webhook.phones)}")

    async def _run(self, webhook: _Webhook) -> None:
        try:
            for before in webhook.after:
                await before.ended.wait()
            while True:
                await asyncio.sleep(max(0, webhook.due_ms - self._clock_ms()) / 1000)
                await self._open.wait()
                await self._verified.wait()
                if await self._attempt(webhook):
                    return
                webhook.tries += 1
                if webhook.tries > len(self._config().retry_after_ms):
                    self._emit(WebhookDropped(self._clock_ms(), webhook.number, "nobody answered 200 in time"))
                    return
                webhook.due_ms = self._clock_ms() + self._config().retry_after_ms[webhook.tries - 1]
        finally:
            self._under_way.remove(webhook)
            webhook.after = ()
            webhook.ended.set()

    async def _attempt(self, webhook: _Webhook) -> bool:
        number = self.attempts[-1].number + 1 if self.attempts else 0
        attempt = Attempt(number, webhook.number, webhook.phones, self._clock_ms(), webhook.body, webhook.headers)
        self.attempts.append(attempt)
        webhook.posting = True
        try:
            async with asyncio.timeout(self._config().webhook_timeout_ms / 1000):
                answer = await self._to_bot.post(
                    self._callback_url, content=webhook.body, headers=webhook.headers, timeout=None
                )
            attempt.status = answer.status_code
        except TimeoutError:
            attempt.problem = f"no answer within {self._config().webhook_timeout_ms} ms"
        except Exception as problem:  # noqa: BLE001 - an exception of a bot in this process
            attempt.problem = repr(problem)
        finally:
            webhook.posting = False
        attempt.ended_ms = self._clock_ms()
        self._emit(WebhookAnswered(attempt.ended_ms, attempt))
        return attempt.status == ACCEPTED
