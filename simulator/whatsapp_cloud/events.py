"""The events that observers receive: people's actions, what phones show, and webhook deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .values import Attempt, Bubble, Json

__all__ = (
    "Acted",
    "Event",
    "EventSignal",
    "Reacted",
    "SendRefused",
    "Shown",
    "StatusReported",
    "TypingShown",
    "Warned",
    "WebhookAnswered",
    "WebhookDropped",
)


@dataclass(frozen=True, slots=True)
class Acted:
    """A person sent a message, tapped or reacted; ``message`` is the JSON for the bot.

    ``form`` holds the filled-in screens of a form, line by line.
    """

    at_ms: int
    phone: str
    wamid: str
    message: Json
    form: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A phone shows a message of the business."""

    at_ms: int
    phone: str
    bubble: Bubble


@dataclass(frozen=True, slots=True)
class TypingShown:
    """A phone shows that the business is typing, in answer to the message ``wamid``."""

    at_ms: int
    phone: str
    wamid: str


@dataclass(frozen=True, slots=True)
class Reacted:
    """A phone shows the business's reaction to the message ``wamid``; an empty emoji removes it."""

    at_ms: int
    phone: str
    wamid: str
    emoji: str


@dataclass(frozen=True, slots=True)
class SendRefused:
    """A request to send was answered with an error."""

    at_ms: int
    phone: str | None
    code: int
    details: str
    payload: Any


@dataclass(frozen=True, slots=True)
class StatusReported:
    """A message of the business reached a status; ``code`` says why it failed."""

    at_ms: int
    phone: str
    wamid: str
    status: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """A message was accepted that a stricter reading of Meta's rules would refuse."""

    at_ms: int
    phone: str | None
    text: str


@dataclass(frozen=True, slots=True)
class WebhookAnswered:
    """An attempt to deliver a webhook ended, with or without an answer."""

    at_ms: int
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class WebhookDropped:
    """A webhook is dropped for good."""

    at_ms: int
    webhook: int
    reason: str


Event = Acted | Shown | TypingShown | Reacted | SendRefused | StatusReported | Warned | WebhookAnswered | WebhookDropped


class EventSignal:
    """Wakes coroutines that wait for a condition; `notify` is an observer of the API."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()

    def notify(self, _: Event) -> None:
        """Wake all waiting coroutines."""
        happened, self._happened = self._happened, asyncio.Event()
        happened.set()

    async def wait_until(self, condition: Callable[[], bool], wait_ms: int) -> None:
        """Wait until the condition holds, at most for this time."""
        try:
            async with asyncio.timeout(wait_ms / 1000):
                while not condition():
                    await self._happened.wait()
        except TimeoutError:
            return
