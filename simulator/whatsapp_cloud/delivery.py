"""Webhooks: handing what people did to the bot, again and again until it answers 200."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx

from simulator.whatsapp_cloud.errors import HandshakeFailed
from simulator.whatsapp_cloud.tasks import Tasks
from simulator.whatsapp_cloud.values import (
    Attempt,
    Business,
    DeliveryFault,
    Event,
    Knobs,
    WebhookAnswered,
    WebhookDropped,
)
from simulator.whatsapp_cloud.wire import Shape, Update, envelope, escaped, signature

__all__ = ("Courier",)

ACCEPTED: Final = 200


@dataclass(slots=True, eq=False)
class _Webhook:
    """A webhook under way: what it waits for, and when something will happen to it next."""

    number: int
    phones: tuple[str, ...]
    body: bytes
    headers: dict[str, str]
    after: tuple[_Webhook, ...]
    due_ms: int
    posting: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Courier:
    """Delivers webhooks to one bot. Different people's go at the same time, one person's in order.

    Attributes:
        attempts: every POST so far.
        verified: whether the bot has verified its callback URL; until then nothing is delivered.
    """

    def __init__(
        self,
        business: Business,
        to_bot: httpx.AsyncClient,
        *,
        clock_ms: Callable[[], int],
        knobs: Knobs,
        emit: Callable[[Event], None],
        tasks: Tasks,
    ) -> None:
        self.attempts: list[Attempt] = []
        self.verified = False
        self._business = business
        self._to_bot = to_bot
        # Read once: reading an address takes longer than signing a webhook.
        self._callback_url = httpx.URL(business.callback_url)
        self._clock_ms = clock_ms
        self._knobs = knobs
        self._emit = emit
        self._tasks = tasks
        self._last = 0
        self._under_way: list[_Webhook] = []
        self._tails: dict[str, tuple[_Webhook, ...]] = {}
        self._batch: list[Update] | None = None
        self._fault = DeliveryFault()
        self._open = asyncio.Event()
        self._open.set()

    async def handshake(self, challenge: str) -> None:
        """Have the bot verify its callback URL.

        Raises:
            HandshakeFailed: its answer was not 200 with the bare challenge.
        """
        self.verified = False
        parameters = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": self._business.verify_token,
        }
        try:
            async with asyncio.timeout(self._knobs.webhook_timeout_ms / 1000):
                answer = await self._to_bot.get(self._callback_url, params=parameters)
        except (httpx.HTTPError, TimeoutError) as problem:
            raise HandshakeFailed(
                f"no answer to the verification request: {problem!r}; nothing will be delivered"
            ) from problem
        if answer.status_code != ACCEPTED or answer.text != challenge:
            raise HandshakeFailed(
                f"the verification request was answered {answer.status_code} {answer.text[:80]!r} instead of 200 "
                f"{challenge!r}; nothing will be delivered: is the verify token the same on both sides?"
            )
        self.verified = True

    def add(self, update: Update) -> None:
        """A person did something: deliver it, or collect it if a batch is open."""
        if self._batch is not None:
            self._batch.append(update)
            return
        self._deliver([update], "natural", self._take_fault())

    def report(self, update: Update) -> None:
        """A status: delivered on its own, whatever else is under way."""
        self._post([update], "natural", DeliveryFault(), after=())

    @contextmanager
    def together(self, shape: Shape) -> Iterator[None]:
        """What people do within the block is delivered in one POST at its end."""
        if self._batch is not None:
            raise ValueError("a batch is open already")
        self._batch = []
        try:
            yield
        finally:
            batch, self._batch = self._batch, None
            if batch:
                self._deliver(batch, shape, self._take_fault())

    def next(self, changes: dict[str, Any]) -> None:
        """Make the next webhook with a person's message odd; adds to what was asked for already."""
        self._fault = replace(self._fault, **changes)

    def hold(self) -> None:
        """The network between Meta and the bot is cut: attempts that are due wait."""
        self._open.clear()

    def release(self) -> None:
        """The network is back."""
        self._open.set()

    def redeliver(self, number: int) -> None:
        """Deliver the same bytes as attempt ``number`` did once more, as a webhook of its own."""
        attempt = self.attempts[number]
        self._start(attempt.phones, attempt.body, dict(attempt.headers), after=(), delay_ms=0)

    def busy(self, until_ms: int) -> bool:
        """Whether something will happen by then. What is held back will not."""
        return any(self._stirs(webhook, until_ms) for webhook in self._under_way)

    def _stirs(self, webhook: _Webhook, until_ms: int) -> bool:
        if webhook.posting:
            return True
        # One that waits for others stirs when they do; they are under way themselves.
        waits = any(not before.ended.is_set() for before in webhook.after)
        return not waits and self._open.is_set() and webhook.due_ms <= until_ms

    def _take_fault(self) -> DeliveryFault:
        fault, self._fault = self._fault, DeliveryFault()
        return fault

    def _deliver(self, updates: Sequence[Update], shape: Shape, fault: DeliveryFault) -> None:
        phones = {update.phone for update in updates}
        earlier = {before: None for phone in sorted(phones) for before in self._tails.get(phone, ())}
        after = tuple(earlier) if self._knobs.in_order else ()
        last = self._post(updates, shape, fault, after=after)
        # A webhook that the bot rightly refuses comes back for days; it must not hold up the person's others.
        if last and not fault.refused:
            self._tails.update(dict.fromkeys(phones, last))

    def _post(
        self, updates: Sequence[Update], shape: Shape, fault: DeliveryFault, *, after: tuple[_Webhook, ...]
    ) -> tuple[_Webhook, ...]:
        """Start a webhook as often as the fault wants. Returns those that come last."""
        phones = tuple(dict.fromkeys(update.phone for update in updates))
        if fault.lost or not self.verified:
            self._last += 1
            reason = "lost on the way" if fault.lost else "the callback URL was never verified"
            self._emit(WebhookDropped(self._clock_ms(), self._last, reason))
            return ()
        body = escaped(envelope(self._business, updates, shape, fault))
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        if fault.signature != "missing":
            secret = self._business.app_secret + ("" if fault.signature == "right" else "?")
            headers["X-Hub-Signature-256"] = signature(secret, body)
        if fault.tampered:
            body = body.replace(b'"timestamp":"1', b'"timestamp":"2', 1)
        started: list[_Webhook] = []
        for _ in range(fault.times):
            before = after if fault.at_once else (*after, *started)
            started.append(self._start(phones, body, headers, after=before, delay_ms=fault.delay_ms))
        return tuple(started)

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
        self._under_way.append(webhook)
        self._tasks.start(self._run(webhook), f"webhook {webhook.number} for {', '.join(phones)}")
        return webhook

    async def _run(self, webhook: _Webhook) -> None:
        try:
            for before in webhook.after:
                await before.ended.wait()
            waits = iter(self._knobs.retry_after_ms)
            while True:
                await asyncio.sleep(max(0, webhook.due_ms - self._clock_ms()) / 1000)
                await self._open.wait()
                if await self._attempt(webhook):
                    return
                wait = next(waits, None)
                if wait is None:
                    self._emit(WebhookDropped(self._clock_ms(), webhook.number, "nobody answered 200 in time"))
                    return
                webhook.due_ms = self._clock_ms() + wait
        finally:
            self._under_way.remove(webhook)
            webhook.after = ()
            webhook.ended.set()

    async def _attempt(self, webhook: _Webhook) -> bool:
        number = len(self.attempts)
        attempt = Attempt(number, webhook.number, webhook.phones, self._clock_ms(), webhook.body, webhook.headers)
        self.attempts.append(attempt)
        webhook.posting = True
        try:
            async with asyncio.timeout(self._knobs.webhook_timeout_ms / 1000):
                answer = await self._to_bot.post(
                    self._callback_url, content=webhook.body, headers=webhook.headers, timeout=None
                )
            attempt.status = answer.status_code
        except TimeoutError:
            attempt.problem = f"no answer within {self._knobs.webhook_timeout_ms} ms"
        except Exception as problem:  # noqa: BLE001  (in one process a bot's own exception comes through: to Meta it is one more failure)
            attempt.problem = repr(problem)
        finally:
            webhook.posting = False
        attempt.ended_ms = self._clock_ms()
        self._emit(WebhookAnswered(attempt.ended_ms, attempt))
        return attempt.status == ACCEPTED
