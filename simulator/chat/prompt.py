"""Input of the chat: a prompt with arrow keys in a terminal, plain lines otherwise."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console

__all__ = ("Prompt", "open_prompt")


Titles = Callable[[], Sequence[str]]
"""Returns the titles that can be tapped now; they may change while the prompt waits."""


class Prompt(Protocol):
    """Reads one line."""

    waits: bool
    """Whether output may be printed while it waits."""

    async def ask(self, titles: Titles) -> str | None:
        """The line, or None at the end of input."""


def open_prompt(console: Console, *, waits: bool) -> Prompt:
    """A terminal prompt if standard input is a terminal, otherwise a line prompt."""
    if sys.stdin.isatty() and console.is_terminal:
        return TerminalPrompt(waits=waits)
    return LinePrompt()


class LinePrompt:
    """Reads lines from standard input."""

    waits = False

    async def ask(self, titles: Titles) -> str | None:
        """The next line; the numbered choices are printed first."""
        numbered = [f"{number} ▸ {title}" for number, title in enumerate(titles(), 1)]
        if numbered:
            print("  ".join(numbered), flush=True)
        # Nothing else runs meanwhile, so it may block.
        line = sys.stdin.readline()
        return line.rstrip("\n") if line else None


class TerminalPrompt:
    """Reads a line with editing and history; the arrow keys select a choice."""

    def __init__(self, *, waits: bool) -> None:
        """Create a prompt; with ``waits`` time goes on while it waits."""
        self.waits = waits
        self._titles: Titles = list
        self._session: PromptSession[str] = PromptSession(
            key_bindings=self._keys(),
            bottom_toolbar=self._toolbar,
            reserve_space_for_menu=0,
            refresh_interval=0.5 if waits else 0,
            erase_when_done=True,
        )

    async def ask(self, titles: Titles) -> str | None:
        """The line, or None at Ctrl-D or Ctrl-C."""
        self._titles = titles
        try:
            if not self.waits:
                # Virtual time stands still while the prompt waits, so the loop may block.
                return self._session.prompt("› ", in_thread=True)
            with patch_stdout(raw=True):
                return await self._session.prompt_async("› ")
        except (EOFError, KeyboardInterrupt, asyncio.CancelledError):
            return None

    def _toolbar(self) -> FormattedText:
        numbered = "   ".join(f"{number} {title}" for number, title in enumerate(self._titles(), 1))
        return FormattedText([("", f"{numbered}   ↑↓ choose   /help" if numbered else "/help")])

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("down")
        def _(event: KeyPressEvent) -> None:
            self._pick(event, 1)

        @keys.add("up")
        def _(event: KeyPressEvent) -> None:
            self._pick(event, -1)

        return keys

    def _pick(self, event: KeyPressEvent, step: int) -> None:
        """Write the next choice into the line, unless something else was typed."""
        written = [f"▸ {title}" for title in self._titles()]
        buffer = event.current_buffer
        if not written or (buffer.text and buffer.text not in written):
            return
        place = written.index(buffer.text) + step if buffer.text else (0 if step > 0 else -1)
        buffer.text = written[place % len(written)]
        buffer.cursor_position = len(buffer.text)
