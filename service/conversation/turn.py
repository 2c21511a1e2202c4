"""One turn of a conversation: a pure function of the session, what happened, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from service.conversation.flow import (
    END,
    Chosen,
    CoreCall,
    Exit,
    Flow,
    Question,
    Reply,
    Retry,
    Step,
    TurnContext,
    Typed,
)
from service.conversation.registry import FlowRegistry, resolve
from service.conversation.session import Option, Session, Transition, Turn
from service.conversation.text import KINDS, normalize, option_meant, paragraphs, thanked, with_preface
from service.domain import (
    ButtonReply,
    FormReply,
    InboundMessage,
    NumberChanged,
    Reacted,
    TextMessage,
    UnsupportedMessage,
)
from service.domain.commands import Call, Outcome
from service.messages import Message, Reaction, Text, choices

__all__ = (
    "CONFIRM_WITHIN_MS",
    "VALID_MS",
    "CallFinished",
    "ConversationError",
    "Event",
    "Received",
    "WriteReconciled",
    "take_turn",
)

VALID_MS: Final = 5 * 60_000
"""A conversation left alone for longer starts afresh."""

CONFIRM_WITHIN_MS: Final = 5 * 60_000
"""A confirmed call must start this soon after its prompt."""

CONFIRM_TOLERANCE_MS: Final = 2_000
"""WhatsApp's clock and ours may differ by this much."""

UNANSWERED: Final = frozenset({"system", "revoke"})
"""Kinds that need no answer: WhatsApp itself tells that a security code changed, and the like; or a message was
deleted, and whoever deletes something wants less said about it, not more."""

HINT_AGAIN_MS: Final = 60_000
"""Whoever sends an album is told once that pictures cannot be read, not once a picture."""


class ConversationError(RuntimeError):
    """A flow broke its own declaration: a defect, and the message goes to the dead letters."""


class Received(msgspec.Struct, frozen=True):
    """A message from the member.

    Attributes:
        told_ms: when the newest answers to the member had left; None while some wait to.
    """

    member: str
    inbound: InboundMessage
    last_delivered_ms: int | None = 0


class CallFinished(msgspec.Struct, frozen=True):
    """The call that the session waits for came to this."""

    member: str
    outcome: Outcome


class WriteReconciled(msgspec.Struct, frozen=True):
    """What became of an earlier write, unknown until now."""

    member: str
    step: str
    call: Call
    outcome: Outcome
    answers: dict[str, str]


Event = Received | CallFinished | WriteReconciled


def take_turn(registry: FlowRegistry, session: Session | None, event: Event, now_ms: int) -> Turn:
    """Take one turn.

    Args:
        registry: the flows.
        session: where the conversation stands; None when nothing is known of it.
        event: what happened.
        now_ms: the time.

    Returns:
        The next session, the messages to send, and the call to make, if any.

    Raises:
        ConversationError: a flow broke its own declaration.
    """
    builder = TurnBuilder(registry, session or Session(), event.member, now_ms)
    match event:
        case Received(inbound=InboundMessage(content=NumberChanged())):
            # Whoever has the old number next knows nothing of this, and the new one will speak for itself.
            return Turn(Session(turn=builder.last_turn))
        case Received(inbound=inbound) if registry.anonymous and not event.member.isdecimal():
            builder.receive_anonymous(inbound)
        case Received(inbound=inbound):
            builder.receive(inbound, known=session is not None, last_delivered_ms=event.last_delivered_ms)
        case CallFinished(outcome=outcome):
            builder.resume(outcome)
        case WriteReconciled():
            return builder.on_reconciled(event)
    return builder.turn()


class TurnBuilder:
    """One turn in the making."""

    def __init__(self, registry: FlowRegistry, session: Session, member: str, now_ms: int) -> None:
        self._registry = registry
        self._session = session
        self._member = member
        self._now_ms = now_ms
        self._messages: list[Message] = []
        self._transitions: list[Transition] = []
        self._call: Call | None = None
        self._outcome: Outcome | None = None
        self._wamid = ""
        self._last_delivered_ms: int | None = 0
        self._chose_too_late = False

    @property
    def last_turn(self) -> int:
        """The number of the screen before this turn."""
        return self._session.turn

    # -- what happened --------------------------------------------------------------------------------------------

    def receive(self, inbound: InboundMessage, *, known: bool, last_delivered_ms: int | None) -> None:
        self._wamid = inbound.wamid
        self._last_delivered_ms = last_delivered_ms
        hinted_at_ms = self._hinted(inbound)
        self._session = msgspec.structs.replace(self._session, hinted_at_ms=0)
        _, step = self._here() or (None, None)
        live = isinstance(step, Question) and inbound.received_at_ms <= self._session.valid_until_ms
        if not live:
            unfinished = self._unfinished()
            said = inbound.content.text if isinstance(inbound.content, TextMessage) else ""
            self._chose_too_late = self._option(normalize(said)) is not None
            self._rest(preface=unfinished.expired_text if unfinished else self._session.preface)
        match inbound.content:
            case ButtonReply(id=tapped, title=title):
                self._tap(tapped, title, inbound, live=live)
            case TextMessage(text=text):
                self._say(text, inbound, live=live, known=known)
            case FormReply() as filled:
                self._form(filled, inbound, live=live)
            case UnsupportedMessage(kind=kind) if not hinted_at_ms and kind not in UNANSWERED:
                self._sent(kind, live=live)
            case UnsupportedMessage() | Reacted() | NumberChanged():
                # A reaction could only be answered by one, which WhatsApp refuses; a changed number never comes so far.
                self._session = msgspec.structs.replace(self._session, hinted_at_ms=hinted_at_ms)

    def receive_anonymous(self, inbound: InboundMessage) -> None:
        """Whoever hides their number gets one answer to everything: core knows members by nothing else."""
        kind = inbound.content.kind if isinstance(inbound.content, UnsupportedMessage) else ""
        if not isinstance(inbound.content, Reacted) and kind not in UNANSWERED and not self._hinted(inbound):
            self._enter(self._registry.anonymous, {"sent": kind} if kind else {})
            self._session = msgspec.structs.replace(self._session, hinted_at_ms=self._now_ms if kind else 0)

    def resume(self, outcome: Outcome) -> None:
        flow, step = self._here() or (None, None)
        if flow is None or not isinstance(step, CoreCall):
            raise ConversationError(
                f"a call was answered, but {self._session.flow}.{self._session.step} waits for none"
            )
        self._outcome = outcome
        self._leave_by(flow, step, step.result(outcome, self._context()))

    def on_reconciled(self, event: WriteReconciled) -> Turn:
        at = self._registry.find(event.step)
        if at is None or not isinstance(at[1], CoreCall) or at[1].on_reconciled is None:
            raise ConversationError(f"{event.step} cannot tell what became of its call")
        told = msgspec.structs.replace(self._session, answers=event.answers)
        context = TurnContext(self._member, self._now_ms, told, event.outcome)
        return Turn(self._session, tuple(at[1].on_reconciled(event.call, event.outcome, context)))

    def _hinted(self, inbound: InboundMessage) -> int:
        """When the member was told what cannot be read, if this is more of the same burst; else 0."""
        at_ms = self._session.hinted_at_ms
        more = (
            isinstance(inbound.content, UnsupportedMessage | Reacted) and inbound.received_at_ms < at_ms + HINT_AGAIN_MS
        )
        return at_ms if more else 0

    # -- the kinds of message -------------------------------------------------------------------------------------

    def _tap(self, tapped: str, title: str, inbound: InboundMessage, *, live: bool) -> None:
        mark, _, rest = tapped.partition(":")
        if mark == "n":
            route, _, argument = rest.partition(":")
            self._navigate(route, argument, live=live)
            return
        turn, _, value = rest.partition(":")
        current = live and mark == "a" and turn == str(self._session.turn)
        if current and any(option.id == tapped for option in self._session.options):
            self._reply(Chosen(value, title), inbound)
        elif live:
            self._show_again(self._registry.texts.old_button)
        else:
            self._go_home(self._session.preface or self._registry.texts.old_button)

    def _say(self, text: str, inbound: InboundMessage, *, live: bool, known: bool) -> None:
        word = normalize(text)
        vocabulary = self._registry.vocabulary
        if word in vocabulary.greetings or word in vocabulary.leave:
            self._leave(live=live)
        elif word in vocabulary.help:
            self._navigate("help", "", live=live)
        elif word in self._registry.keywords:
            self._navigate(self._registry.keywords[word], "", live=live)
        elif self._shortcut(text, live=live):
            pass
        elif not live and not self._session.preface and (emoji := thanked(text, vocabulary, agreeing=True)):
            self._react(emoji, inbound)
        elif not live:
            texts = self._registry.texts
            why = texts.old_choice if self._chose_too_late else texts.not_understood if known else ""
            self._go_home(self._session.preface or why)
        else:
            self._typed(text, word, inbound)

    def _typed(self, text: str, word: str, inbound: InboundMessage) -> None:
        option = self._option(word)
        if option is None:
            self._reply(Typed(text), inbound)
        else:
            self._tap(option.id, option.title, inbound, live=True)

    def _form(self, filled: FormReply, inbound: InboundMessage, *, live: bool) -> None:
        _, step = self._here() or (None, None)
        old = self._registry.texts.old_form or self._registry.texts.old_button
        if live and isinstance(step, Question) and step.kind == "form":
            self._reply(filled, inbound)
        elif live:
            self._show_again(old)
        else:
            self._go_home(self._session.preface or old)

    def _sent(self, kind: str, *, live: bool) -> None:
        reason = self._registry.texts.cannot_read.format(kind=KINDS.get(kind, "that"))
        self._session = msgspec.structs.replace(self._session, hinted_at_ms=self._now_ms)
        if live:
            self._show_again(reason)
        else:
            self._go_home(paragraphs(self._session.preface, reason))

    def _option(self, word: str) -> Option | None:
        """The option of the current screen that was meant."""
        _, step = self._here() or (None, None)
        turn = self._session.turn if isinstance(step, Question) and step.confirms else None
        return option_meant(word, self._session.options, self._registry.vocabulary, confirm_turn=turn)

    def _not_taken(self, reply: Reply, why: Retry, step: Question, inbound: InboundMessage) -> None:
        """What cannot be an answer may be thanks: whoever is called Tatenda is asked for their name before."""
        # Where there is something to choose, a thumb up must not look like a choice made.
        agreeing = step.kind == "text" or not step.exits
        said = reply.text if isinstance(reply, Typed) and not step.confirms else ""
        if emoji := thanked(said, self._registry.vocabulary, agreeing=agreeing):
            self._react(emoji, inbound)
        else:
            self._show_again(why.reason or self._registry.texts.pick_an_option)

    def _react(self, emoji: str, inbound: InboundMessage) -> None:
        self._messages.append(Reaction(inbound.wamid, emoji))

    def _shortcut(self, text: str, *, live: bool) -> bool:
        for shortcut in self._registry.shortcuts:
            meant = shortcut.read(text)
            if meant is None:
                continue
            if isinstance(meant, Retry):
                if live:
                    self._show_again(meant.reason)
                else:
                    self._go_home(paragraphs(self._session.preface, meant.reason))
            else:
                self._enter(shortcut.target, meant, preface=self._leaving(live=live))
            return True
        return False

    # -- moving about ---------------------------------------------------------------------------------------------

    def _navigate(self, route: str, argument: str, *, live: bool) -> None:
        if route == "help" and live and self._unfinished():
            self._messages.append(Text(self._registry.texts.help))
            self._show_again("")
        elif route in self._registry.routes:
            answers = {"target": argument} if argument else {}
            self._enter(self._registry.routes[route], answers, preface=self._leaving(live=live))
        elif live:
            self._show_again(self._registry.texts.old_button)
        else:
            self._go_home(self._session.preface or self._registry.texts.old_button)

    def _leave(self, *, live: bool) -> None:
        self._go_home(self._leaving(live=live))

    def _leaving(self, *, live: bool) -> str:
        """What to say about what is left behind, here and now or because it took too long."""
        unfinished = self._unfinished() if live else None
        return unfinished.cancelled_text if unfinished else self._session.preface

    def _go_home(self, preface: str = "") -> None:
        self._enter(self._registry.home, {}, preface=preface)

    def _enter(self, target: str, answers: Mapping[str, str], *, preface: str = "") -> None:
        self._session = msgspec.structs.replace(self._session, answers=dict(answers), preface=preface)
        self._go_to(target)

    def _rest(self, *, preface: str = "") -> None:
        self._session = Session(turn=self._session.turn, account=self._session.account, preface=preface)

    def _reply(self, reply: Reply, inbound: InboundMessage) -> None:
        flow, step = self._here() or (None, None)
        if flow is None or not isinstance(step, Question):
            raise ConversationError(f"{self._session.flow}.{self._session.step} was answered but asked nothing")
        result = (step.read or _by_value)(reply, self._context())
        if isinstance(result, Retry):
            self._not_taken(reply, result, step, inbound)
        elif step.confirms and result.name == "confirm" and not self._confirmed(inbound):
            self._show_again(self._registry.texts.check_again)
        else:
            self._leave_by(flow, step, result)

    def _confirmed(self, inbound: InboundMessage) -> bool:
        """A confirmation acts only if it was given after its prompt, and soon enough.

        A button can be tapped only on the prompt itself. A word may be meant for the screen before, as long as the
        prompt had not left: it must be of a later second (WhatsApp stamps seconds).
        """
        prompted = self._session.prompted_at_ms
        earliest = prompted // 1000 * 1000 - CONFIRM_TOLERANCE_MS
        if isinstance(inbound.content, TextMessage):
            if self._last_delivered_ms is None:
                return False
            earliest = (max(prompted, self._last_delivered_ms) // 1000 + 1) * 1000
        return inbound.sent_at_ms >= earliest and self._now_ms <= prompted + CONFIRM_WITHIN_MS

    def _leave_by(self, flow: Flow, step: Step, way: Exit) -> None:
        if way.name not in step.exits:
            raise ConversationError(f"{flow.name}.{step.name} left by {way.name!r}, which it does not declare")
        self._transitions.append(Transition(flow.name, step.name, way.name))
        self._messages.extend(way.messages)
        target = resolve(flow, step.exits[way.name])
        stays = target.partition(".")[0] == flow.name
        self._session = msgspec.structs.replace(
            self._session,
            answers={**(self._session.answers if stays else {}), **way.answers},
            account=self._session.account if way.account is None else way.account,
            preface=paragraphs(self._session.preface, way.preface),
        )
        self._go_to(target)

    def _go_to(self, target: str) -> None:
        if target == END:
            self._messages.extend([Text(self._session.preface)] if self._session.preface else [])
            self._rest()
            return
        at = self._registry.find(target)
        if at is None:
            raise ConversationError(f"there is no step {target}")
        flow, step = at
        self._session = msgspec.structs.replace(self._session, flow=flow.name, step=step.name, options=())
        if isinstance(step, CoreCall):
            self._call = step.call(self._context())
        else:
            self._show(step)

    def _show_again(self, reason: str) -> None:
        flow, step = self._here() or (None, None)
        if flow is None or not isinstance(step, Question):
            self._go_home(reason)
            return
        self._session = msgspec.structs.replace(self._session, preface=reason)
        self._go_to(resolve(flow, step.reenter_at or step.name))

    def _show(self, step: Question) -> None:
        preface = self._session.preface
        self._session = msgspec.structs.replace(
            self._session,
            turn=max(self._session.turn + 1, self._now_ms),
            prompted_at_ms=self._now_ms,
            preface="",
        )
        screen = step.show(self._context())
        self._messages.extend(with_preface(preface, screen))
        shown = tuple(Option(choice.id, choice.title) for message in screen for choice in choices(message))
        self._session = msgspec.structs.replace(self._session, options=shown)

    # -- small things ---------------------------------------------------------------------------------------------

    def _here(self) -> tuple[Flow, Step] | None:
        return self._registry.find(f"{self._session.flow}.{self._session.step}") if self._session.flow else None

    def _unfinished(self) -> Flow | None:
        """The flow that would be left in the middle by going away from here."""
        flow, step = self._here() or (None, None)
        return None if isinstance(step, Question) and step.interruptible else flow

    def _context(self) -> TurnContext:
        return TurnContext(self._member, self._now_ms, self._session, self._outcome, self._wamid)

    def turn(self) -> Turn:
        session = msgspec.structs.replace(self._session, valid_until_ms=self._now_ms + VALID_MS)
        return Turn(session, tuple(self._messages), self._call, tuple(self._transitions))


def _by_value(reply: Reply, context: TurnContext) -> Exit | Retry:  # noqa: ARG001 - the shape that all readers have
    """The default reader: the value chosen is the exit's name."""
    return Exit(reply.value) if isinstance(reply, Chosen) else Retry("")
