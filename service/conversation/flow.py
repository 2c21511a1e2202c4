"""What a flow is: steps, each with all its exits declared, so that the graph can be drawn, checked and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import msgspec

from service.conversation.answers import Answers
from service.conversation.session import Session
from service.domain import FormReply
from service.domain.commands import Call, Known, Outcome
from service.messages import ROW_DESCRIPTION, ROW_TITLE, Button, Message, Row, shorten

END = ""
"""The target of an exit after which nothing is under way."""

A_co = TypeVar("A_co", bound=Answers, covariant=True)


def navigation_id(route: str, argument: str = "") -> str:
    """The id of a button that works however old it is: menu, open this offer, view pending."""
    return f"n:{route}:{argument}" if argument else f"n:{route}"


@dataclass(frozen=True, slots=True)
class TurnContext(Generic[A_co]):
    """What is known when a screen is made or an answer read.

    Attributes:
        member: the sender's phone number (digits), or business-scoped id.
        outcome: of the call just made; None when no call was made in this turn.
        wamid: WhatsApp's id of the message being answered; empty when there is none.
    """

    member: str
    now_ms: int
    session: Session
    answers: A_co
    outcome: Outcome | None = None
    wamid: str = ""
    menu: Sequence[MenuEntry] = ()

    @property
    def value(self) -> object:
        """The value that the call just made returned, if it returned one."""
        return self.outcome.value if isinstance(self.outcome, Known) else None

    def exit(self, name: str, /, *, preface: str = "", **learnt: Any) -> Exit:
        """An exit with the answers so far, and these fields of them changed."""
        return Exit(name, msgspec.structs.replace(self.answers, **learnt), preface)

    def option(self, value: str, title: str) -> Button:
        """A button that answers this screen only."""
        return Button(f"a:{self.session.turn}:{value}", title)

    def choice(self, value: str, title: str, description: str = "") -> Row:
        """A row that answers this screen only."""
        return _row(f"a:{self.session.turn}:{value}", title, description)

    def link(self, route: str, title: str, argument: str = "") -> Button:
        """A button that leads to a route, however old it is."""
        return Button(navigation_id(route, argument), title)

    def entry(self, route: str, title: str, description: str = "", argument: str = "") -> Row:
        """A row that leads to a route, however old it is."""
        return _row(navigation_id(route, argument), title, description)


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
    """An exit taken from a step.

    Attributes:
        answers: all the answers of the flow that it leads to. None: within a flow as they are, in another flow none.
        preface: what to say above the next screen.
        account: the account to act for from now on; None for no change.
        messages: to send before the next screen.
    """

    name: str
    answers: Answers | None = None
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
        kind: of the screen's message.
        exits: every way out, by name, with its target: ``step``, ``flow.step`` or `END`.
        read: turns the reply into an exit; by default the value of the option chosen is the exit's name.
        confirms: the exit ``confirm`` moves money, so it is held to the rules of confirmations.
        reenter_at: the step that can make this screen again, where it needs a call to do so.
        interruptible: nothing is left unfinished by leaving here.
    """

    name: str
    kind: Kind
    show: Callable[[TurnContext[Any]], Sequence[Message]]
    exits: Mapping[str, str] = field(default_factory=dict)
    read: Callable[[Reply, TurnContext[Any]], Exit | Retry] | None = None
    confirms: bool = False
    reenter_at: str = ""
    interruptible: bool = False


@dataclass(frozen=True, slots=True)
class CoreCall:
    """A step that calls Credex core and goes on by the outcome.

    Attributes:
        exits: every way out, by name, with its target.
        on_reconciled: for writes, what to tell the member when the outcome became known only later.
    """

    name: str
    call: Callable[[TurnContext[Any]], Call]
    exits: Mapping[str, str]
    result: Callable[[Outcome, TurnContext[Any]], Exit]
    on_reconciled: Callable[[Call, Outcome, TurnContext[Any]], Sequence[Message]] | None = None


Step = Question | CoreCall


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A notation that may be typed anywhere; ``read`` returns the answers of the target's flow, or None."""

    read: Callable[[str], Answers | Retry | None]
    target: str


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A row of the main menu.

    Attributes:
        title: of the row, at most 24 characters are shown; made from the dashboard where it is a function.
        shown: whether this member has the row.
    """

    route: str
    title: str | Callable[[TurnContext[Any]], str]
    description: str | Callable[[TurnContext[Any]], str] = ""
    shown: Callable[[TurnContext[Any]], bool] = lambda _: True

    def row(self, context: TurnContext[Any]) -> Row:
        title = self.title if isinstance(self.title, str) else self.title(context)
        description = self.description if isinstance(self.description, str) else self.description(context)
        return context.entry(self.route, title, description)


@dataclass(frozen=True, slots=True)
class Flow:
    """A list of steps that belong together, and every way that leads into them.

    Attributes:
        name: of the flow; stored in sessions.
        title: what it does, for a reviewer.
        steps: in the order a reviewer would read them; the first is where it begins.
        routes: names that durable buttons lead to, each with its step.
        keywords: words that may be typed anywhere, each with the route that it leads to.
        cancelled_text: sent when the member leaves in the middle.
        expired_text: sent when the member comes back too late.
    """

    name: str
    title: str
    steps: Sequence[Step]
    answers: type[Answers] = Answers
    routes: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, str] = field(default_factory=dict)
    shortcuts: Sequence[Shortcut] = ()
    menu: Sequence[MenuEntry] = ()
    cancelled_text: str = ""
    expired_text: str = ""

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)


def resolve(flow: Flow, target: str) -> str:
    """An exit's target as ``flow.step``; a bare step name means the same flow."""
    return target if target == END or "." in target else f"{flow.name}.{target}"
