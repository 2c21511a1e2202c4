"""Invariants of messaging: each message is answered, once, in order, and WhatsApp accepts the answers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from simulator.explore.invariants.claims import is_late_result, is_unsolicited
from simulator.explore.invariants.history import IncomingMessage, OutgoingMessage
from simulator.explore.invariants.invariant import Finding, Observation
from simulator.whatsapp_cloud import Event, TypingShown
from simulator.whatsapp_cloud.transcript.model import Kind

__all__ = ("Accepted", "AlwaysAnswered", "InOrder", "Once")

HELP: Final = "*VimbisoPay* keeps your credexes"
"""The help message, which is sent in addition to the question that it explains."""

ASKS_FOR_HELP: Final = re.compile(r"help|about|info|rubatsiro|uncedo|what is this|\d", re.IGNORECASE)
"""What asks for help: a word, a title, or the number of a row."""

UNANSWERED: Final = frozenset({"system", "revoke"})
"""Kinds that need no answer: messages of WhatsApp itself, and deletions."""

FAULTY: Final = frozenset({100, 131008, 131009})
"""WhatsApp's codes for invalid requests."""


class _Windows:
    """Splits the messages of a person and of the bot at the moments when nothing is pending for the person."""

    def __init__(self) -> None:
        self._heard: dict[str, int] = defaultdict(int)
        self._told: dict[str, int] = defaultdict(int)
        self._given_up = 0

    def closed(
        self, observation: Observation
    ) -> Iterator[tuple[str, list[IncomingMessage], list[OutgoingMessage], bool]]:
        """The windows that end now, each with whether the bot lost a message meanwhile."""
        lost, self._given_up = observation.given_up > self._given_up, observation.given_up
        for who in sorted(observation.idle):
            everything = observation.history.incoming[who]
            taken = sorted(
                (one for one in everything if one.acknowledged_ms is not None), key=lambda one: one.ack_order
            )
            incoming, outgoing = taken[self._heard[who] :], observation.history.outgoing[who][self._told[who] :]
            self._heard[who], self._told[who] = len(taken), len(observation.history.outgoing[who])
            if incoming or outgoing:
                yield who, incoming, outgoing, lost


class _EarlyAnswers:
    """Counts messages that were answered before they were acknowledged.

    If the bot has stored a message but its 200 was lost, it answers at once and acknowledges a later delivery. Which of
    several messages this concerns is not visible from outside.
    """

    def __init__(self) -> None:
        self._early: dict[str, int] = defaultdict(int)

    def missing(self, who: str, missing: int, unacknowledged: int) -> int:
        """The number of missing answers but for early ones, of which there are at most ``unacknowledged``."""
        if missing < 0:
            self._early[who] = min(self._early[who] - missing, unacknowledged)
            return missing
        made_up = min(missing, self._early[who])
        self._early[who] -= made_up
        return missing - made_up


class AlwaysAnswered:
    """Compares the numbers of acknowledged messages and answers whenever a person is idle."""

    name = "answered"
    sentence = "Each acknowledged message is answered."

    def __init__(self) -> None:
        self._windows = _Windows()
        self._media: dict[str, bool] = {}
        self._answers, self._helps = _EarlyAnswers(), _EarlyAnswers()

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find messages without an answer."""
        for who, incoming, outgoing, lost in self._windows.closed(observation):
            reactions = {
                # As for messages, acceptance by WhatsApp counts; the phone shows it a moment later.
                bubble.payload["reaction"]["message_id"]
                for bubble in observation.history.world.cloud.accepted
                if bubble.kind == "reaction"
            }
            wanted = [one for one in incoming if self._wants_answer(one) and one.wamid not in reactions]
            answers = [one for one in outgoing if not is_unsolicited(one.body) and not is_late_result(one.body)]
            later = [one for one in outgoing if is_late_result(one.body)]
            unacknowledged = [
                one
                for one in observation.history.incoming[who]
                if one.first_attempt_ms is not None and one.acknowledged_ms is None
            ]
            missing = self._answers.missing(who, len(wanted) - len(answers), len(unacknowledged))
            # A late outcome that a message triggered comes in addition to its answer, or instead of it.
            if missing > len(later) and not lost:
                said = ", ".join(repr(one.text) for one in wanted)
                yield Finding(who, f"{len(wanted)} messages were acknowledged ({said}), {len(answers)} answered")
            unhelped = self._helps.missing(
                who,
                sum(map(_is_help, wanted)) - sum(HELP in one.body for one in outgoing),
                sum(map(_is_help, unacknowledged)),
            )
            if unhelped > 0 and not lost:
                yield Finding(who, f"asked for help {unhelped} times more often than they got it")

    def _wants_answer(self, incoming: IncomingMessage) -> bool:
        """Whether a message needs an answer of its own: an album needs one, reactions and system messages none."""
        if _is_silent(incoming):
            return False
        media, self._media[incoming.who] = self._media.get(incoming.who, False), incoming.kind is Kind.SENT
        return not (media and incoming.kind is Kind.SENT)


class Once:
    """Checks that there are no more answers than messages."""

    name = "once"
    sentence = "No message is answered twice, even if it is delivered several times."

    def __init__(self) -> None:
        self._answers: dict[str, int] = defaultdict(int)
        self._helps: dict[str, int] = defaultdict(int)
        self._places: dict[str, int] = defaultdict(int)

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find more answers than messages that were delivered, acknowledged or not."""
        for who, outgoing in list(observation.history.outgoing.items()):
            new, self._places[who] = outgoing[self._places[who] :], len(outgoing)
            if not new:
                continue
            self._answers[who] += sum(_answers_a_message(one) for one in new)
            incoming = observation.history.incoming[who]
            handed = sum(one.first_attempt_ms is not None and not _is_silent(one) for one in incoming)
            if self._answers[who] > handed + observation.history.core_events:
                newest = ", ".join(repr(one.text) for one in incoming[-3:])
                yield Finding(who, f"{self._answers[who]} answers to {handed} messages, the last of them {newest}")
            self._helps[who] += sum(one.body.startswith(HELP) for one in new)
            asked = sum(
                one.first_attempt_ms is not None and ASKS_FOR_HELP.search(one.text) is not None for one in incoming
            )
            if self._helps[who] > asked:
                yield Finding(who, f"got help {self._helps[who]} times, and asked for it at most {asked} times")


def _answers_a_message(outgoing: OutgoingMessage) -> bool:
    return not (is_unsolicited(outgoing.body) or is_late_result(outgoing.body) or outgoing.body.startswith(HELP))


def _is_help(incoming: IncomingMessage) -> bool:
    # A person with a hidden number gets an explanation of that instead of help.
    return incoming.kind is Kind.SAID and incoming.text.lower() == "help" and incoming.has_number


def _is_silent(incoming: IncomingMessage) -> bool:
    return incoming.kind is Kind.REACTED or (incoming.kind is Kind.SENT and incoming.text in UNANSWERED)


class InOrder:
    """Compares the order of the bot's messages, and of its typing indicators for a person's messages."""

    name = "in order"
    sentence = "A person's messages are handled and answered in the order in which they were acknowledged."

    def __init__(self) -> None:
        self._first: dict[str, list[IncomingMessage]] = defaultdict(list)
        self._typed: list[TypingShown] = []
        self._seqs: dict[str, int] = defaultdict(int)
        self._places: dict[str, int] = defaultdict(int)

    def handle_event(self, event: Event) -> None:
        """Note an event at WhatsApp."""
        if isinstance(event, TypingShown):
            self._typed.append(event)

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find messages that overtook others."""
        for who, sent in observation.history.outgoing.items():
            for outgoing in sent[self._places[who] :]:
                newest = self._seqs[outgoing.queue]
                if 0 < outgoing.seq < newest:
                    yield Finding(who, f"message {outgoing.seq} went out after message {newest}: {outgoing.body[:60]}")
                self._seqs[outgoing.queue] = max(newest, outgoing.seq)
            self._places[who] = len(sent)
        typed, self._typed = self._typed, []
        for event in typed:
            incoming = observation.history.message(event.wamid)
            if incoming is None or incoming in self._first[incoming.who]:
                continue
            earlier = self._first[incoming.who]
            overtaken = next((one for one in earlier if _before(incoming, one)), None)
            if overtaken is not None:
                yield Finding(
                    incoming.who,
                    f"{incoming.text!r} was handled after {overtaken.text!r}, acknowledged later",
                )
            earlier.append(incoming)


def _before(one: IncomingMessage, other: IncomingMessage) -> bool:
    """Whether a message was certainly acknowledged before the first delivery of the other one.

    To the bot, messages with and without a number are from two people.
    """
    if one.has_number is not other.has_number:
        return False
    if one.acknowledged_ms is None or other.first_attempt_ms is None:
        return False
    if one.batch is not None and one.batch == other.batch:
        return one.position < other.position
    return one.acknowledged_ms < other.first_attempt_ms


class Accepted:
    """Looks at WhatsApp's answers to the bot's requests."""

    name = "accepted"
    sentence = "WhatsApp refuses no message of the bot as invalid."

    def __init__(self) -> None:
        self._seen: dict[str, int] = defaultdict(int)

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find refusals of invalid messages."""
        for who, codes in observation.refused.items():
            for code in codes[self._seen[who] :]:
                if code in FAULTY:
                    yield Finding(who, f"WhatsApp refused a message with {code}")
            self._seen[who] = len(codes)
