"""One turn of a conversation: a pure function of the session, what happened, and the time."""

from __future__ import annotations

from typing import Any, Final, assert_never

import msgspec

from service.conversation.answers import from_record, to_record
from service.conversation.builder import ConversationError, TurnBuilder
from service.conversation.flow import Chosen, CoreCall, Exit, Question, Reply, Retry, TurnContext, Typed
from service.conversation.registry import FlowRegistry
from service.conversation.session import Option, Session, Turn
from service.conversation.text import KINDS, normalize, option_meant, paragraphs, thanked
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
from service.messages import Text

CONFIRM_WITHIN_MS: Final = 5 * 60_000
"""A confirmed call must start this soon after its prompt."""

CONFIRM_TOLERANCE_MS: Final = 2_000
"""WhatsApp's clock and ours may differ by this much."""

UNANSWERED: Final = frozenset({"system", "revoke"})
"""Kinds that need no answer: WhatsApp's own notes, such as a changed security code, and deleted messages."""

HINT_AGAIN_MS: Final = 60_000
"""A member who sends an album is told once that pictures cannot be read, not once a picture."""


class Received(msgspec.Struct, frozen=True):
    """A message from the member; ``last_delivered_ms`` is when the newest answers had left, None while some wait to."""

    member: str
    inbound: InboundMessage
    last_delivered_ms: int | None = 0


class CallFinished(msgspec.Struct, frozen=True):
    """The outcome of the call that the session waits for."""

    member: str
    outcome: Outcome


class WriteReconciled(msgspec.Struct, frozen=True):
    """The outcome of an earlier write, unknown until now."""

    member: str
    step: str
    call: Call
    outcome: Outcome
    answers: dict[str, str]


Event = Received | CallFinished | WriteReconciled


def take_turn(registry: FlowRegistry, session: Session | None, event: Event, now_ms: int) -> Turn:
    """Take one turn.

    Raises:
        ConversationError: a flow broke its own declaration.
    """
    match event:
        case Received():
            return _MessageHandler(registry, session, event, now_ms).turn()
        case CallFinished(member=member, outcome=outcome):
            builder = TurnBuilder(registry, session or Session(), member, now_ms)
            builder.finish_call(outcome)
            return builder.turn()
        case WriteReconciled():
            return _report(registry, session or Session(), event, now_ms)
        case _:
            assert_never(event)


def _report(registry: FlowRegistry, session: Session, event: WriteReconciled, now_ms: int) -> Turn:
    flow, step = registry.find(event.step) or (None, None)
    if flow is None or not isinstance(step, CoreCall) or step.on_reconciled is None:
        raise ConversationError(f"{event.step} cannot tell what became of its call")
    context: TurnContext[Any] = TurnContext(
        event.member, now_ms, session, from_record(flow.answers, event.answers), event.outcome
    )
    return Turn(session, tuple(step.on_reconciled(event.call, event.outcome, context)))


class _MessageHandler:
    """What one message from the member means where the conversation stands."""

    def __init__(self, registry: FlowRegistry, session: Session | None, event: Received, now_ms: int) -> None:
        self._known = session is not None
        self._inbound = event.inbound
        self._last_delivered_ms = event.last_delivered_ms
        self._anonymous = bool(registry.anonymous) and not event.member.isdecimal()
        self._registry = registry
        self._builder = TurnBuilder(registry, session or Session(), event.member, now_ms, event.inbound.wamid)
        self._hinted_at_ms = self._hinted()
        self._live = False
        self._chose_too_late = False

    def turn(self) -> Turn:
        if isinstance(self._inbound.content, NumberChanged):
            # The next owner of the old number must not find this session; the new number will write for itself.
            return Turn(Session(turn=self._builder.session.turn))
        if self._anonymous:
            self._answer_anonymous()
        else:
            self._answer()
        return self._builder.turn()

    def _answer_anonymous(self) -> None:
        """Members who hide their number get one answer to everything: core knows members by nothing else."""
        content = self._inbound.content
        kind = content.kind if isinstance(content, UnsupportedMessage) else ""
        if not isinstance(content, Reacted) and kind not in UNANSWERED and not self._hinted_at_ms:
            self._builder.enter(self._registry.anonymous, {"sent": kind} if kind else {})
            self._builder.change(hinted_at_ms=self._builder.now_ms if kind else 0)

    def _answer(self) -> None:
        builder, content = self._builder, self._inbound.content
        builder.change(hinted_at_ms=0)
        self._live = builder.question() is not None and self._inbound.received_at_ms <= builder.session.valid_until_ms
        if not self._live:
            unfinished = builder.unfinished()
            text = content.text if isinstance(content, TextMessage) else ""
            self._chose_too_late = self._option(normalize(text)) is not None
            builder.rest(preface=unfinished.expired_text if unfinished else builder.session.preface)
        match content:
            case ButtonReply(id=tapped, title=title):
                self._tap(tapped, title)
            case TextMessage(text=text):
                self._read_text(text)
            case FormReply():
                self._read_form(content)
            case UnsupportedMessage(kind=kind) if not self._hinted_at_ms and kind not in UNANSWERED:
                self._hint(kind)
            case UnsupportedMessage() | Reacted() | NumberChanged():
                # WhatsApp refuses a reaction to a reaction, so there is no way to answer one.
                builder.change(hinted_at_ms=self._hinted_at_ms)
            case _:
                assert_never(content)

    def _hinted(self) -> int:
        """When the member was told what cannot be read, if this is more of the same burst; else 0."""
        at_ms = self._builder.session.hinted_at_ms
        more = isinstance(self._inbound.content, UnsupportedMessage | Reacted)
        return at_ms if more and self._inbound.received_at_ms < at_ms + HINT_AGAIN_MS else 0

    def _tap(self, tapped: str, title: str) -> None:
        mark, _, rest = tapped.partition(":")
        if mark == "n":
            route, _, argument = rest.partition(":")
            self._navigate(route, argument)
            return
        turn, _, value = rest.partition(":")
        session = self._builder.session
        current = self._live and mark == "a" and turn == str(session.turn)
        if current and any(option.id == tapped for option in session.options):
            self._reply(Chosen(value, title))
        else:
            self._too_old(self._registry.texts.old_button)

    def _read_text(self, text: str) -> None:
        word = normalize(text)
        vocabulary, texts, preface = self._registry.vocabulary, self._registry.texts, self._builder.session.preface
        keywords = self._registry.keywords
        if word in vocabulary.greetings or word in vocabulary.leave:
            self._builder.go_home(self._leaving())
        elif word in vocabulary.help:
            self._navigate("help", "")
        elif word in keywords:
            self._navigate(keywords[word], "")
        elif self._shortcut(text):
            pass
        elif self._live:
            option = self._option(word)
            if option is None:
                self._reply(Typed(text))
            else:
                self._tap(option.id, option.title)
        elif not preface and (emoji := thanked(text, vocabulary, agreeing=True)):
            self._builder.react(emoji)
        else:
            why = texts.old_choice if self._chose_too_late else texts.not_understood if self._known else ""
            self._builder.go_home(preface or why)

    def _read_form(self, form: FormReply) -> None:
        asked = self._builder.question()
        if self._live and asked and asked[1].kind == "form":
            self._reply(form)
        else:
            self._too_old(self._registry.texts.old_form or self._registry.texts.old_button)

    def _too_old(self, reason: str) -> None:
        """Nothing is done with what belongs to an earlier message, and the member is told so."""
        if self._live:
            self._builder.show_again(reason)
        else:
            self._builder.go_home(self._builder.session.preface or reason)

    def _hint(self, kind: str) -> None:
        reason = self._registry.texts.cannot_read.format(kind=KINDS.get(kind, "that"))
        self._builder.change(hinted_at_ms=self._builder.now_ms)
        self._explain(reason)

    def _explain(self, reason: str) -> None:
        if self._live:
            self._builder.show_again(reason)
        else:
            self._builder.go_home(paragraphs(self._builder.session.preface, reason))

    def _shortcut(self, text: str) -> bool:
        for shortcut in self._registry.shortcuts:
            meant = shortcut.read(text)
            if meant is None:
                continue
            if isinstance(meant, Retry):
                self._explain(meant.reason)
            else:
                self._builder.enter(shortcut.target, to_record(meant), preface=self._leaving())
            return True
        return False

    def _navigate(self, route: str, argument: str) -> None:
        routes = self._registry.routes
        if route == "help" and self._live and self._builder.unfinished():
            self._builder.add(Text(self._registry.texts.help))
            self._builder.show_again("")
        elif route in routes:
            answers = {"target": argument} if argument else {}
            self._builder.enter(routes[route], answers, preface=self._leaving())
        else:
            self._too_old(self._registry.texts.old_button)

    def _leaving(self) -> str:
        """What to say about a flow that is left unfinished, now or because it took too long."""
        unfinished = self._builder.unfinished() if self._live else None
        return unfinished.cancelled_text if unfinished else self._builder.session.preface

    def _option(self, word: str) -> Option | None:
        session = self._builder.session
        asked = self._builder.question()
        turn = session.turn if asked and asked[1].confirms else None
        return option_meant(word, session.options, self._registry.vocabulary, confirm_turn=turn)

    def _reply(self, reply: Reply) -> None:
        asked = self._builder.question()
        if asked is None:
            session = self._builder.session
            raise ConversationError(f"{session.flow}.{session.step} was answered but asked nothing")
        flow, step = asked
        result = (step.read or _by_value)(reply, self._builder.context())
        if isinstance(result, Retry):
            self._retry(reply, result, step)
        elif step.confirms and result.name == "confirm" and not self._confirmed():
            self._builder.show_again(self._registry.texts.check_again)
        else:
            self._builder.leave_by(flow, step, result)

    def _retry(self, reply: Reply, why: Retry, step: Question) -> None:
        """Only what cannot be an answer may be thanks: Tatenda, which means thanks, is also a first name."""
        # Where there is something to choose, a thumb up must not look like a choice made.
        agreeing = step.kind == "text" or not step.exits
        text = reply.text if isinstance(reply, Typed) and not step.confirms else ""
        if emoji := thanked(text, self._registry.vocabulary, agreeing=agreeing):
            self._builder.react(emoji)
        else:
            self._builder.show_again(why.reason or self._registry.texts.pick_an_option)

    def _confirmed(self) -> bool:
        """A confirmation acts only if it was given after its prompt, and soon enough.

        A button can be tapped only on the prompt itself. A word may be meant for the screen before, as long as the
        prompt had not left: it must be of a later second (WhatsApp stamps seconds).
        """
        prompted = self._builder.session.prompted_at_ms
        earliest = prompted // 1000 * 1000 - CONFIRM_TOLERANCE_MS
        if isinstance(self._inbound.content, TextMessage):
            if self._last_delivered_ms is None:
                return False
            earliest = (max(prompted, self._last_delivered_ms) // 1000 + 1) * 1000
        return self._inbound.sent_at_ms >= earliest and self._builder.now_ms <= prompted + CONFIRM_WITHIN_MS


def _by_value(reply: Reply, context: TurnContext[Any]) -> Exit | Retry:  # noqa: ARG001 - the shape of a reader
    """The default reader: the value chosen is the exit's name."""
    return Exit(reply.value) if isinstance(reply, Chosen) else Retry("")
