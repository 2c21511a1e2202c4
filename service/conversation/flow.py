"""What a flow is: steps, each with all its exits declared, so that the graph can be drawn, checked and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from service.conversation.session import Session
from service.domain import FormReply
from service.domain.commands import Call, Known, Outcome
from service.messages import Button, Message, Row, shorten

__all__ = (
    "END",
    "Chosen",
    "CoreCall",
    "Exit",
    "Flow",
    "Question",
    "Reply",
    "Retry",
    "Shortcut",
    "Step",
    "TurnContext",
    "Typed",
    "navigation_id",
)

END = ""
"""The target of an exit after which nothing is under way."""

ROW_TITLE = 24
ROW_DESCRIPTION = 72


def navigation_id(route: str, argument: str = "") -> str:
    """The id of a button that works however old it is: menu, open this offer, view pending."""
    return f"n:{route}:{argument}" if argument else f"n:{route}"


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What is known when a screen is made or an answer read.

    Attributes:
        member: the sender's phone number (digits), or business-scoped id.
        now_ms: the time, ms since the epoch.
        session: where the conversation stands.
        outcome: what came of the call just made; None when no call was made in this turn.
        wamid: WhatsApp's id of the message being answered; empty when there is none.
    """

    member: str
    now_ms: int
    session: Session
    outcome: Outcome | None = None
    wamid: str = ""

    @property
    def answers(self) -> dict[str, str]:
        """What the member said so far in this flow."""
        return self.session.answers

    @property
    def value(self) -> object:
        """The value that the call just made brought, if it brought one."""
        return self.outcome.value if isinstance(self.outcome, Known) else None

    def option(self, value: str, title: str) -> Button:
        """A button that answers this screen, and only this one."""
        return Button(f"a:{self.session.turn}:{value}", title)

    def choice(self, value: str, title: str, description: str = "") -> Row:
        """A row that answers this screen, and only this one."""
        return self._row(f"a:{self.session.turn}:{value}", title, description)

    def link(self, route: str, title: str, argument: str = "") -> Button:
        """A button that leads somewhere, today and tomorrow."""
        return Button(navigation_id(route, argument), title)

    def entry(self, route: str, title: str, description: str = "", argument: str = "") -> Row:
        """A row that leads somewhere, today and tomorrow."""
        return self._row(navigation_id(route, argument), title, description)

    @staticmethod
    def _row(row_id: str, title: str, description: str) -> Row:
        return Row(row_id, shorten(title, ROW_TITLE), shorten(description, ROW_DESCRIPTION))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The member chose one of the options of the current screen, by a tap, its number or its title."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class Typed:
    """The member typed something that is none of the options."""

    text: str


Reply = Chosen | Typed | FormReply


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a step, with what was learnt and what to say above the next screen."""

    name: str
    answers: Mapping[str, str] = field(default_factory=dict)
    preface: str = ""
    account: str | None = None
    messages: Sequence[Message] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """The answer cannot be taken: the reason is shown, and the same screen again."""

    reason: str


Kind = Literal["text", "buttons", "list", "form"]


@dataclass(frozen=True, slots=True)
class Question:
    """A step that shows a screen and waits for the member.

    Attributes:
        name: of the step.
        kind: what the screen is.
        show: makes the screen.
        exits: every way out, by name, with its target: ``step``, ``flow.step`` or `END`.
        read: turns the reply into an exit; by default the value of the option chosen is the exit's name.
        confirms: the exit ``confirm`` moves money, so it is held to the rules of confirmations.
        reenter_at: the step that can make this screen again, where it needs a call to do so.
        interruptible: nothing is left unfinished by leaving here.
    """

    name: str
    kind: Kind
    show: Callable[[TurnContext], Sequence[Message]]
    exits: Mapping[str, str] = field(default_factory=dict)
    read: Callable[[Reply, TurnContext], Exit | Retry] | None = None
    confirms: bool = False
    reenter_at: str = ""
    interruptible: bool = False


@dataclass(frozen=True, slots=True)
class CoreCall:
    """A step that asks Credex core something and goes on by what comes of it.

    Attributes:
        name: of the step.
        call: makes the call.
        exits: every way out, by name, with its target.
        result: turns the outcome into an exit.
        on_reconciled: for writes, what to tell the member when the outcome became known only later.
    """

    name: str
    call: Callable[[TurnContext], Call]
    exits: Mapping[str, str]
    result: Callable[[Outcome, TurnContext], Exit]
    on_reconciled: Callable[[Call, Outcome, TurnContext], Sequence[Message]] | None = None


Step = Question | CoreCall


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Something that may be typed anywhere: text to answers, or None when it is not meant."""

    read: Callable[[str], Mapping[str, str] | Retry | None]
    target: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A list of steps that belong together; the first is where it begins.

    Attributes:
        name: of the flow.
        title: what it is, in words for a reviewer.
        steps: in the order a reviewer would read them.
        cancelled_text: sent when the member leaves in the middle.
        expired_text: sent when the member comes back too late.
    """

    name: str
    title: str
    steps: Sequence[Step]
    cancelled_text: str = ""
    expired_text: str = ""

    def step(self, name: str) -> Step | None:
        """The step of this name."""
        return next((step for step in self.steps if step.name == name), None)
