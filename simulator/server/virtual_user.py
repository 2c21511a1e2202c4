"""A user of a simulated phone in real time."""

from __future__ import annotations

import asyncio

from simulator.whatsapp_cloud import Bubble, Handset

__all__ = ("VirtualUser",)


class VirtualUser:
    """Acts on a simulated phone and waits for the bot's answers, in real time.

    Args:
        handset: the phone.
        skip: messages with these texts are not counted as answers.
    """

    def __init__(self, handset: Handset, *, skip: frozenset[str] = frozenset()) -> None:
        """Use this phone."""
        self.handset = handset
        self._skip = skip
        self._news = asyncio.Event()

    @property
    def phone(self) -> str:
        """The phone number."""
        return self.handset.phone

    @property
    def answers(self) -> list[Bubble]:
        """The bot's messages, in the order in which WhatsApp accepted them.

        A message that the bot sent again because it did not know whether it had been sent has the same
        ``biz_opaque_callback_data`` and counts as one answer.
        """
        first = {bubble.callback or bubble.wamid: bubble for bubble in reversed(self.handset.bubbles)}
        return [
            bubble
            for bubble in self.handset.bubbles
            if first[bubble.callback or bubble.wamid] is bubble and bubble.body not in self._skip
        ]

    @property
    def repetitions(self) -> list[tuple[Bubble, Bubble]]:
        """Messages that were sent more than once: the first one, with each further one."""
        first = {bubble.callback or bubble.wamid: bubble for bubble in reversed(self.handset.bubbles)}
        pairs = [(first[bubble.callback or bubble.wamid], bubble) for bubble in self.handset.bubbles]
        return [(one, other) for one, other in pairs if one is not other]

    def type(self, text: str) -> None:
        """Send a text."""
        self.handset.type(text)

    def tap(self, bubble: Bubble, title: str) -> None:
        """Tap a button or a row of a message by its title."""
        self.handset.tap(bubble.wamid, title)

    async def answer(self, number: int) -> Bubble:
        """Wait until the answer with this number (from 0) is shown."""
        while True:
            answers = self.answers
            if len(answers) > number and answers[number].shown_ms is not None:
                return answers[number]
            self._news.clear()
            await self._news.wait()

    def notify(self) -> None:
        """Wake `answer`: the screen has changed."""
        self._news.set()
