"""A play: what a member says and taps, and what Credex core answers, line by line, with nothing but the engine behind.

The session is written and read back between all steps, each turn is taken twice to see that it is a pure function, and
what holds for every turn is checked on every turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from service.conversation import (
    CallFinished,
    Event,
    FlowRegistry,
    Option,
    Question,
    Received,
    Session,
    Transition,
    Turn,
    take_turn,
)
from service.domain import (
    ButtonReply,
    Content,
    FormReply,
    InboundMessage,
    NumberChanged,
    Reacted,
    TextMessage,
    UnsupportedMessage,
)
from service.domain.commands import Call, Outcome
from service.flows import flow_registry
from service.messages import Buttons, Form, List, Message, Reaction, Text, choices

__all__ = ("DAY", "MEMBER", "MINUTE", "MOST_MESSAGES", "NOON", "SECOND", "Play", "Stage", "read_back", "text_of")

SECOND = 1_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
NOON = 1_795_860_000_000
"""12:00 in Harare, 28 November 2026, in ms since the epoch."""
MEMBER = "263771234567"
MOST_MESSAGES = 3

_T = TypeVar("_T")


@dataclass
class Play:
    """One member's conversation.

    Attributes:
        registry: the flows.
        now_ms: the time; it stands still but for `wait`.
        member: who writes.
        session: where the conversation stands; None before the first word.
        said: the messages of the last event.
        call: the call that waits for its outcome.
        walked: all exits taken so far.
    """

    registry: FlowRegistry
    now_ms: int = NOON
    member: str = MEMBER
    session: Session | None = None
    said: tuple[Message, ...] = ()
    call: Call | None = None
    walked: list[Transition] = field(default_factory=list)
    _received: int = 0

    # -- what happens ---------------------------------------------------------------------------------------------

    def say(
        self,
        text: str,
        *,
        sent_ms: int | None = None,
        received_ms: int | None = None,
        last_delivered_ms: int | None = 0,
    ) -> Play:
        """The member types this; what they were told last may still wait to be sent."""
        return self._receive(TextMessage(text), sent_ms, received_ms, last_delivered_ms=last_delivered_ms)

    def tap(self, title: str, *, sent_ms: int | None = None, last_delivered_ms: int | None = 0) -> Play:
        """The member taps what has this title on the current screen; rows and buttons alike."""
        return self._receive(ButtonReply(self.option(title).id, title), sent_ms, last_delivered_ms=last_delivered_ms)

    def tap_again(self, option: Option, *, sent_ms: int | None = None) -> Play:
        """The member taps something on any screen that there ever was."""
        return self._receive(ButtonReply(option.id, option.title), sent_ms)

    def send(self, kind: str) -> Play:
        """The member sends something that is no text."""
        return self._receive(UnsupportedMessage(kind))

    def react(self, emoji: str = "👍") -> Play:
        """The member reacts to a message."""
        return self._receive(Reacted(emoji))

    def change_number(self) -> Play:
        """WhatsApp tells that the member has another number."""
        return self._receive(NumberChanged("263772000999"))

    def fill(self, *, form_token: str | None = "", **answers: str) -> Play:
        """The member submits a form; some phones leave the token out."""
        return self._receive(FormReply(form_token, answers))

    def wait(self, ms: int) -> Play:
        """Time passes."""
        self.now_ms += ms
        return self

    def core(self, outcome: Outcome) -> Play:
        """The call that waits comes to this."""
        assert self.call is not None, f"core was asked nothing; on the screen: {self.text!r}"
        return self._take(CallFinished(self.member, outcome))

    # -- what is seen ---------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """All that was said last, messages separated by a line."""
        return "\n---\n".join(text_of(message) for message in self.said)

    @property
    def titles(self) -> list[str]:
        """What can be tapped, as the member sees it."""
        return [choice.title for message in self.said for choice in choices(message)]

    @property
    def at(self) -> str:
        """The step where the conversation stands; empty where it stands nowhere."""
        return f"{self.session.flow}.{self.session.step}" if self.session and self.session.flow else ""

    @property
    def turn(self) -> int:
        """The number of the current screen."""
        return self.session.turn if self.session else 0

    @property
    def answers(self) -> dict[str, str]:
        """What the session keeps of what the member said."""
        return self.session.answers if self.session else {}

    def option(self, title: str) -> Option:
        """A button or row of the current screen, to tap now or later."""
        options = self.session.options if self.session else ()
        found = [option for option in options if option.title == title]
        assert found, f"nothing on the screen is called {title!r}, there is {[option.title for option in options]}"
        return found[0]

    def fork(self) -> Play:
        """The same conversation, to go on differently; the exits that either takes are kept together."""
        return replace(self)

    # -- behind the scene -----------------------------------------------------------------------------------------

    def _receive(
        self,
        content: Content,
        sent_ms: int | None = None,
        received_ms: int | None = None,
        *,
        last_delivered_ms: int | None = 0,
    ) -> Play:
        assert self.call is None, f"core has not answered {self.call} yet"
        self._received += 1
        received = self.now_ms if received_ms is None else received_ms
        # WhatsApp's timestamps count in seconds.
        sent = (received if sent_ms is None else sent_ms) // SECOND * SECOND
        inbound = InboundMessage(f"wamid.{self._received}", sent, received, content)
        return self._take(Received(self.member, inbound, last_delivered_ms=last_delivered_ms))

    def _take(self, event: Event) -> Play:
        before, stored = self.session, msgspec.json.encode(self.session)
        turn = take_turn(self.registry, read_back(before), event, self.now_ms)
        again = take_turn(self.registry, read_back(before), event, self.now_ms)
        assert turn == again, "a turn is a function of the session, the event and the time"
        assert stored == msgspec.json.encode(before), "a turn leaves the session that it came from alone"
        self._hold(before, turn)
        self.session = read_back(turn.session)
        self.said = turn.messages
        self.call = turn.call
        self.walked += turn.transitions
        return self

    def _hold(self, before: Session | None, turn: Turn) -> None:
        """What is true of every turn of every flow."""
        assert len(turn.messages) <= MOST_MESSAGES, f"{len(turn.messages)} messages in one turn: {turn.messages}"
        assert turn.session.turn >= (before.turn if before else 0), "turn numbers do not go back"
        at = self.registry.find(f"{turn.session.flow}.{turn.session.step}")
        screens = [message for message in turn.messages if not isinstance(message, Reaction)]
        if turn.call is None and screens:
            assert at is not None, "whoever is answered stands somewhere"
            assert isinstance(at[1], Question), f"{turn.session.flow}.{turn.session.step} waits for nothing"
            assert at[1].kind == _kind(screens[-1]), f"{turn.session.step} is declared as {at[1].kind}"
        for option in turn.session.options:
            mark, _, rest = option.id.partition(":")
            assert mark == "n" or rest.startswith(f"{turn.session.turn}:"), f"{option.id} is of another screen"


def read_back(value: _T) -> _T:
    """The value as it comes back from where it is stored."""
    return msgspec.json.decode(msgspec.json.encode(value), type=type(value)) if value is not None else value


def text_of(message: Message) -> str:
    """What the member reads of a message, without what can be tapped; of a reaction the emoji."""
    if isinstance(message, Reaction):
        return message.emoji
    assert isinstance(message, Text | Buttons | List | Form), f"flows do not send {message}"
    return message.body


def _kind(message: Message) -> str:
    match message:
        case Text():
            return "text"
        case Buttons():
            return "buttons"
        case List():
            return "list"
        case _:
            return "form"


class Stage:
    """Where the plays of a test are given, with the flows of this release; it remembers them all."""

    def __init__(self) -> None:
        """Nobody has said a word yet."""
        self.registry = flow_registry()
        self.walked: list[Transition] = []

    def member(self, *, account: str = "") -> Play:
        """Somebody who has not written for long; with an account that they chose to act for."""
        return Play(self.registry, session=Session(account=account) if account else None, walked=self.walked)

    def goes(self, play: Play, word: str, *outcomes: Outcome) -> list[str]:
        """Where each outcome of the call that a word or a title leads to takes the member, each tried from here."""
        return [self._start(play, word).core(outcome).at for outcome in outcomes]

    @staticmethod
    def _start(play: Play, word: str) -> Play:
        titles = [option.title for option in play.session.options] if play.session else []
        return play.fork().tap(word) if word in titles else play.fork().say(word)
