"""The turn in the making: where the conversation stands, and how it moves from step to step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from service.conversation.answers import Answers, from_record, to_record
from service.conversation.flow import END, CoreCall, Exit, Flow, Question, Step, TurnContext, resolve
from service.conversation.registry import FlowRegistry
from service.conversation.session import Option, Session, Transition, Turn
from service.conversation.text import paragraphs, with_preface
from service.domain.commands import Call, Outcome
from service.messages import Message, Reaction, Text, choices

VALID_MS = 5 * 60_000
"""A conversation left alone for longer starts again from the beginning."""


class ConversationError(RuntimeError):
    """A flow broke its own declaration: a defect, and the message goes to the dead letters."""


class TurnBuilder:
    """One turn in the making: the session so far, the messages, the call and the exits taken."""

    def __init__(self, registry: FlowRegistry, session: Session, member: str, now_ms: int, wamid: str = "") -> None:
        self.registry = registry
        self.session = session
        self.now_ms = now_ms
        self._member = member
        self._wamid = wamid
        self._messages: list[Message] = []
        self._transitions: list[Transition] = []
        self._call: Call | None = None
        self._outcome: Outcome | None = None

    def turn(self) -> Turn:
        session = msgspec.structs.replace(self.session, valid_until_ms=self.now_ms + VALID_MS)
        return Turn(session, tuple(self._messages), self._call, tuple(self._transitions))

    def here(self) -> tuple[Flow, Step] | None:
        """The flow and step under way."""
        return self.registry.find(f"{self.session.flow}.{self.session.step}") if self.session.flow else None

    def question(self) -> tuple[Flow, Question] | None:
        """The flow and step under way, if the step waits for the member."""
        flow, step = self.here() or (None, None)
        return (flow, step) if flow and isinstance(step, Question) else None

    def unfinished(self) -> Flow | None:
        """The flow that would be left in the middle by leaving here."""
        flow, step = self.here() or (None, None)
        return None if isinstance(step, Question) and step.interruptible else flow

    def context(self) -> TurnContext[Any]:
        flow, _ = self.here() or (None, None)
        answers = from_record(flow.answers if flow else Answers, self.session.answers)
        menu = self.registry.menu
        return TurnContext(self._member, self.now_ms, self.session, answers, self._outcome, self._wamid, menu)

    def add(self, message: Message) -> None:
        self._messages.append(message)

    def react(self, emoji: str) -> None:
        self._messages.append(Reaction(self._wamid, emoji))

    def change(self, **changes: Any) -> None:
        self.session = msgspec.structs.replace(self.session, **changes)

    def rest(self, *, preface: str = "") -> None:
        """Forget what was under way."""
        self.session = Session(turn=self.session.turn, account=self.session.account, preface=preface)

    def go_home(self, preface: str = "") -> None:
        self.enter(self.registry.home, {}, preface=preface)

    def enter(self, target: str, answers: Mapping[str, str], *, preface: str = "") -> None:
        self.change(answers=dict(answers), preface=preface)
        self.go_to(target)

    def finish_call(self, outcome: Outcome) -> None:
        """Go on with the outcome of the call that the session waits for."""
        flow, step = self.here() or (None, None)
        if flow is None or not isinstance(step, CoreCall):
            raise ConversationError(f"a call was answered, but {self.session.flow}.{self.session.step} waits for none")
        self._outcome = outcome
        self.leave_by(flow, step, step.result(outcome, self.context()))

    def leave_by(self, flow: Flow, step: Step, taken: Exit) -> None:
        if taken.name not in step.exits:
            raise ConversationError(f"{flow.name}.{step.name} left by {taken.name!r}, which it does not declare")
        self._transitions.append(Transition(flow.name, step.name, taken.name))
        self._messages.extend(taken.messages)
        target = resolve(flow, step.exits[taken.name])
        if taken.answers is not None:
            self.change(answers=to_record(taken.answers))
        elif target.partition(".")[0] != flow.name:
            self.change(answers={})
        self.change(
            account=self.session.account if taken.account is None else taken.account,
            preface=paragraphs(self.session.preface, taken.preface),
        )
        self.go_to(target)

    def go_to(self, target: str) -> None:
        """Show the screen of a step, or make its call."""
        if target == END:
            self._messages.extend([Text(self.session.preface)] if self.session.preface else [])
            self.rest()
            return
        found = self.registry.find(target)
        if found is None:
            raise ConversationError(f"there is no step {target}")
        flow, step = found
        self.change(flow=flow.name, step=step.name, options=())
        if isinstance(step, CoreCall):
            self._call = step.call(self.context())
        else:
            self._show(step)

    def show_again(self, reason: str) -> None:
        asked = self.question()
        if asked is None:
            self.go_home(reason)
            return
        flow, step = asked
        self.change(preface=reason)
        self.go_to(resolve(flow, step.reenter_at or step.name))

    def _show(self, step: Question) -> None:
        preface = self.session.preface
        self.change(turn=max(self.session.turn + 1, self.now_ms), prompted_at_ms=self.now_ms, preface="")
        screen = step.show(self.context())
        self._messages.extend(with_preface(preface, screen))
        self.change(options=tuple(Option(choice.id, choice.title) for message in screen for choice in choices(message)))
