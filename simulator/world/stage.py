"""The stage: a world in which people are known by their keys and act on what their screens show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.errors import did_you_mean
from simulator.people.attachments import ATTACHMENTS
from simulator.units import FlawError, show_duration
from simulator.whatsapp_cloud import Bubble, NotFilledInError
from simulator.whatsapp_cloud.transcript.bubbles import screen
from simulator.whatsapp_cloud.transcript.model import Kind, Screen
from simulator.world.world import World

__all__ = ("Stage",)


class Stage:
    """A world as steps act on it: people by their keys, messages by what the screen shows."""

    def __init__(self, world: World) -> None:
        self.world = world

    def note(self, text: str) -> None:
        """Write a stage direction into the transcript."""
        self.world.recorder.record(self.world.clock_ms(), "", Kind.STAGE, text=text)

    async def type(self, who: str, text: str) -> None:
        """A person types a text and sends it."""
        self.world.handsets[who].type(text)

    async def tap(self, who: str, title: str, *, older: bool = False) -> None:
        """A person taps a button or a row by its title, on the newest message that shows it or on an older one.

        Raises:
            FlawError: the title is not on their screen.
        """
        shown = self.screens(who)
        found = [bubble for bubble, each in reversed(shown) if any(choice.title == title for choice in each.choices)]
        if older and len(found) == 1:
            raise FlawError(f"only the newest message of {who} shows {title!r}, no older one", _on_screen(shown))
        if not found:
            raise FlawError(f"{title!r} is not on {who}'s screen", _hint(title, shown))
        self.world.handsets[who].tap(found[1 if older else 0].wamid, title)

    async def send(self, who: str, kind: str) -> None:
        """A person sends a message other than text; for the kinds see `Handset.send`."""
        self.world.handsets[who].send(kind, **ATTACHMENTS.get(kind, {}))

    async def fill(self, who: str, answers: Mapping[str, str], *, older: bool = False, **how: bool) -> None:
        """A person fills in the newest form or an older one and submits it; ``how`` is for `Handset.fill`.

        Raises:
            FlawError: their screen shows no such form, or the form does not accept these answers.
        """
        forms = [bubble for bubble, _ in reversed(self.screens(who)) if bubble.kind == "flow"]
        if len(forms) <= older:
            raise FlawError(f"{who}'s screen shows no {'older ' if older else ''}form", _on_screen(self.screens(who)))
        try:
            self.world.handsets[who].fill(forms[1 if older else 0].wamid, answers, **how)
        except NotFilledInError as refused:
            raise FlawError(str(refused), "`fills in unchecked` goes past the form's rules.") from None

    async def react(self, who: str, emoji: str) -> None:
        """A person reacts to the newest message.

        Raises:
            FlawError: their screen is empty.
        """
        shown = self.screens(who)
        if not shown:
            raise FlawError(f"{who}'s screen shows nothing to react to")
        self.world.handsets[who].react(shown[-1][0].wamid, emoji)

    def screens(self, who: str) -> list[tuple[Bubble, Screen]]:
        """The messages that a person's phone shows, oldest first."""
        bubbles = [bubble for bubble in self.world.handsets[who].bubbles if bubble.shown_ms is not None]
        return [(bubble, shown) for bubble in bubbles if (shown := screen(bubble)) is not None]

    async def wait(self, duration_ms: int) -> None:
        """Virtual time passes."""
        said = show_duration(duration_ms)
        single = said.startswith("1 ") and " and " not in said
        self.note(f"{said} {'passes' if single else 'pass'}")
        await self.world.pass_time(duration_ms)


def _hint(title: str, shown: Sequence[tuple[Bubble, Screen]]) -> str:
    opened = next((each for _, each in reversed(shown) if each.opener == title), None)
    if opened is not None:
        rows = ", ".join(choice.title for choice in opened.choices)
        return f"{title!r} only opens the list; tap one of its rows: {rows}"
    titles = list(dict.fromkeys(choice.title for _, each in reversed(shown) for choice in each.choices))
    return f"{did_you_mean(title, titles, 'titles')}\n{_on_screen(shown)}"


def _on_screen(shown: Sequence[tuple[Bubble, Screen]]) -> str:
    if not shown:
        return "The screen is empty."
    newest = shown[-1][1]
    choices = "".join(f"\n  [ {choice.title} ]" for choice in newest.choices)
    return f"The newest message reads: {newest.body}{choices}"
