"""A phone for trying out flows: only the flow framework, without service, Redis or real clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from notebooks.review.bubbles import bubbles_of
from notebooks.review.phones import Phone, phones
from notebooks.review.pictures import Picture
from service.conversation import (
    CallFinished,
    Flow,
    FlowRegistry,
    Question,
    Received,
    Session,
    Turn,
    TurnContext,
    take_turn,
)
from service.domain import ButtonReply, Content, InboundMessage, TextMessage
from service.domain.commands import Call, Done, Outcome
from service.flows.keywords import SYSTEM_TEXTS, VOCABULARY
from service.messages import Buttons, Form, List, Message, Reaction, Template, Text, choices
from simulator.units import HARARE
from simulator.whatsapp_cloud.transcript.model import Choice, Kind, Moment, Screen, Transcript
from simulator.whatsapp_cloud.transcript.render import plain

__all__ = ("MEMBER", "NOON_MS", "Tryout", "TryoutError", "screen_of", "small_registry")

NOON_MS: Final = 1_795_860_000_000
"""12:00 in Harare, 28 November 2026, in ms since the epoch."""

MEMBER: Final = "263771234567"
NAME: Final = "Tariro"
SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000


class TryoutError(LookupError):
    """The option to tap is not on the screen."""


def small_registry(*flows: Flow) -> FlowRegistry:
    """A registry of these flows with VimbisoPay's keywords and a home screen; “go” starts the first flow."""
    home = Flow(
        "home",
        "Home",
        steps=(Question("here", "buttons", _home, interruptible=True),),
        routes={"menu": "here", "start": f"{flows[0].name}.{flows[0].steps[0].name}"},
        keywords={"go": "start"},
    )
    return FlowRegistry(
        flows=(home, *flows),
        home="home.here",
        vocabulary=VOCABULARY,
        texts=SYSTEM_TEXTS,
    )


def _home(context: TurnContext[Any]) -> Sequence[Message]:
    return [Buttons(body="You are at home.", buttons=(context.link("start", "Start"),))]


@dataclass
class Tryout:
    """One member's conversation with some flows.

    Attributes:
        registry: the flows.
        core: gives the outcome of a call; by default every call succeeds.
        now_ms: the time; it advances by `waits`, and by a second for each message.
        session: the current session.
        turns: all turns so far.
    """

    registry: FlowRegistry
    core: Callable[[Call], Outcome] = lambda _: Done()
    now_ms: int = NOON_MS
    session: Session | None = None
    turns: list[Turn] = field(default_factory=list)
    _moments: list[Moment] = field(default_factory=list)

    def says(self, text: str) -> Tryout:
        """The member types this."""
        return self._receive(TextMessage(text), Kind.SAID, text)

    def taps(self, title: str) -> Tryout:
        """The member taps the option with this title.

        Raises:
            TryoutError: the screen has no such option.
        """
        options = self.session.options if self.session else ()
        option = next((each for each in options if each.title == title), None)
        if option is None:
            raise TryoutError(f"nothing is called {title!r}; there are {[each.title for each in options]}")
        return self._receive(ButtonReply(option.id, title), Kind.TAPPED, title)

    def waits(self, minutes: float) -> Tryout:
        """Advance the time."""
        self.now_ms += int(minutes * MINUTE_MS)
        self._moments.append(Moment(self.now_ms, "", Kind.STAGE, text=f"{minutes:g} minutes pass"))
        return self

    def phone(self, title: str) -> Phone:
        """The phone with all messages so far."""
        transcript = self.transcript(title)
        return Phone(title, tuple(bubbles_of(transcript, transcript.moments)))

    def transcript(self, title: str) -> Transcript:
        """The transcript of the conversation."""
        numbered = (replace(moment, sequence=place) for place, moment in enumerate(self._moments))
        return Transcript(title, "", NOON_MS, (NAME,), tuple(numbered), HARARE)

    def snapshot(self, title: str) -> str:
        """The transcript as text, in the format of the snapshots."""
        return plain(self.transcript(title))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.picture()._repr_mimebundle_()

    def picture(self, title: str = "") -> Picture:
        """A picture of the phone."""
        return phones([self.phone(title)])

    def _receive(self, content: Content, kind: Kind, words: str) -> Tryout:
        self.now_ms += SECOND_MS
        wamid = f"wamid.{len(self._moments) + 1}"
        self._moments.append(Moment(self.now_ms, NAME, kind, text=words, wamid=wamid))
        inbound = InboundMessage(wamid, self.now_ms, self.now_ms, content)
        self._take(take_turn(self.registry, self.session, Received(MEMBER, inbound), self.now_ms))
        return self

    def _take(self, turn: Turn) -> None:
        self.session = turn.session
        self.turns.append(turn)
        for message in turn.messages:
            wamid = f"wamid.{len(self._moments) + 1}"
            self._moments.append(Moment(self.now_ms, NAME, Kind.SHOWN, wamid=wamid, screen=screen_of(message)))
        if turn.call is not None:
            answered = CallFinished(MEMBER, self.core(turn.call))
            self._take(take_turn(self.registry, turn.session, answered, self.now_ms))


def screen_of(message: Message) -> Screen:
    """The screen of an outgoing message."""
    match message:
        case Template():
            return Screen("\n".join(message.body), choices=tuple(Choice(title) for title in message.quick_replies))
        case Reaction():
            return Screen(message.emoji)
        case Text():
            return Screen(message.body)
    opener = message.button if isinstance(message, List | Form) else ""
    shown = tuple(Choice(each.title, getattr(each, "description", "")) for each in choices(message))
    return Screen(message.body, message.header, message.footer, opener, shown)
