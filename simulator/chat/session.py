"""A simulated phone in the terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.text import Text

from service.domain import Denomination, Money
from service.settings import EMBEDDED
from simulator.chat.prompt import Prompt, open_prompt
from simulator.errors import ConversationError, Problem
from simulator.script.directives.people import MEDIA
from simulator.units import HARARE, FlawError, read_duration_ms, read_phone
from simulator.whatsapp_cloud.transcript.model import Transcript
from simulator.whatsapp_cloud.transcript.render import draw_moment
from simulator.whatsapp_cloud.virtual_time import run
from simulator.world.people import MemberSpec, Person
from simulator.world.redis_database import exclusive
from simulator.world.stage import Stage
from simulator.world.world import AnyClock, World

__all__ = ("chat",)

ME: Final = "You"
START_BALANCES: Final = (Money(Decimal(25), Denomination.USD), Money(Decimal(1_000), Denomination.ZWG))
REFRESH_EVERY_S: Final = 0.1

HELP: Final = """\
Type a text and press Enter to send it. A number, or a choice picked with the arrow keys, taps a button or a row;
a space before a number sends it as a text.
  /wait 6 min    let time pass
  /send image    send something that is no text
  /react 👍      react to the newest message
  /help          this
  /quit          leave (so does Ctrl-D)"""


class RealClock:
    """The system clock, for chats in real time."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


def chat(*, name: str, phone: str, member: bool, real_time: bool, console: Console, redis_url: str = EMBEDDED) -> None:
    """Run a chat with the bot until the person leaves.

    Raises:
        ConversationError: the name or the number is invalid.
    """
    me = _me(name, phone, member=member)

    async def main(clock: AnyClock) -> None:
        world = World(clock, [me], redis_url=redis_url)
        await world.start()
        try:
            await Chat(world, console, open_prompt(console, waits=real_time), real_time=real_time).run()
        finally:
            await world.stop()

    with exclusive(redis_url):
        if real_time:
            asyncio.run(main(RealClock()))
        else:
            # A virtual day begins at the hour at which the person sits there, so that greetings fit.
            run(main, start_ms=RealClock().now_ms())


def _me(name: str, phone: str, *, member: bool) -> Person:
    if member and len(name.split()) < 2:  # noqa: PLR2004 - first and last
        raise ConversationError([Problem("chat", 1, "a member needs a first and a last name")])
    try:
        return Person(ME, read_phone(phone), name, MemberSpec(balances=START_BALANCES) if member else None)
    except FlawError as flaw:
        raise ConversationError([Problem("chat", 1, flaw.what, flaw.hint)]) from None


@dataclass(slots=True)
class Chat:
    """One person's chat with the bot."""

    world: World
    console: Console
    prompt: Prompt
    real_time: bool
    _shown: set[int] = field(default_factory=set)
    _left: bool = False

    async def run(self) -> None:
        """Read a line, act, show the answers, until the person leaves."""
        self.console.print(Text("You are on WhatsApp with VimbisoPay. Say hi. /help helps, /quit leaves.", "grey50"))
        watching = asyncio.create_task(self._watch()) if self.real_time else None
        try:
            while not self._left:
                text = await self.prompt.ask(self._titles)
                if text is None:
                    break
                await self._act(text)
                await self._await_answers()
        finally:
            if watching is not None:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching

    async def _await_answers(self) -> None:
        # In real time the watcher shows answers while the person types; a line prompt has to wait for them.
        if not self.real_time or not self.prompt.waits:
            await self.world.settle()
        self._show()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_EVERY_S)
            self._show()

    def _show(self) -> None:
        moments = self.world.recorder.since(0)
        transcript = Transcript("", "", moments[0].at_ms if moments else 0, (ME,), moments, HARARE)
        for moment in transcript.moments:
            if moment.sequence in self._shown:
                continue
            for line in draw_moment(transcript, moment):
                line.rstrip()
                self.console.print(line, soft_wrap=True)
            self.console.print()
        # By sequence number, not by count: a short typing indicator is removed from the recording.
        self._shown |= {moment.sequence for moment in moments}

    def _titles(self) -> Sequence[str]:
        screens = Stage(self.world).screens(ME)
        return [choice.title for choice in screens[-1][1].choices] if screens else []

    async def _act(self, text: str) -> None:
        stage = Stage(self.world)
        try:
            if text.startswith("/"):
                await self._command(stage, text)
            elif (title := self._tapped(text)) is not None:
                await stage.tap(ME, title)
            elif text.strip():
                await stage.type(ME, text.strip())
        except FlawError as flaw:
            self.console.print(Text(f"{flaw.what}\n{flaw.hint}".strip(), "yellow"))

    def _tapped(self, text: str) -> str | None:
        """The title of the choice that the line selects, by number or by the arrow keys."""
        titles = self._titles()
        if text.startswith("▸ "):
            return text.removeprefix("▸ ")
        if text.isdecimal() and text.isascii() and 1 <= int(text) <= len(titles):
            return titles[int(text) - 1]
        return None

    async def _command(self, stage: Stage, text: str) -> None:
        word, _, rest = text.partition(" ")
        commands: dict[str, Callable[[], Awaitable[None]]] = {
            "/wait": lambda: stage.wait(read_duration_ms(rest)),
            "/send": lambda: self._send(stage, rest),
            "/react": lambda: stage.react(ME, rest or "👍"),
        }
        if word in {"/quit", "/exit", "/q"}:
            self._left = True
        elif word in commands:
            await commands[word]()
        else:
            self.console.print(Text(HELP, "grey50"))

    async def _send(self, stage: Stage, kind: str) -> None:
        if kind not in MEDIA:
            raise FlawError(f"nothing of the kind {kind!r} can be sent", f"There are: {', '.join(MEDIA)}.")
        await stage.send(ME, kind)
