"""Promises about the conversation: everyone is answered, once, in order, by messages that WhatsApp takes."""

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
"""What stands above the question that was asked for help with; all else is said in one message."""

ASKS_FOR_HELP: Final = re.compile(r"help|about|info|rubatsiro|uncedo|what is this|\d", re.IGNORECASE)
"""What may have asked for it: a word, a title, or the number of a row."""

UNANSWERED: Final = frozenset({"system", "revoke"})
"""What WhatsApp itself says, and that a message was deleted: neither needs an answer."""

FAULTY: Final = frozenset({100, 131008, 131009})
"""Codes by which WhatsApp says that a request is wrong in itself."""


class _Windows:
    """A person's messages and the bot's, between two moments at which nothing was under way for them."""

    def __init__(self) -> None:
        self._heard: dict[str, int] = defaultdict(int)
        self._told: dict[str, int] = defaultdict(int)
        self._given_up = 0

    def closed(
        self, observation: Observation
    ) -> Iterator[tuple[str, list[IncomingMessage], list[OutgoingMessage], bool]]:
        """Those that ended now, and whether the bot could not send something meanwhile."""
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


class _Early:
    """What was answered before it was taken.

    What the bot has stored though its 200 was lost it answers at once, and takes again later as known. Which of
    several messages that was cannot be seen from outside.
    """

    def __init__(self) -> None:
        self._early: dict[str, int] = defaultdict(int)

    def missing(self, who: str, missing: int, untaken: int) -> int:
        """How many answers are missing, but for those that came early; there are ``untaken`` that may have one."""
        if missing < 0:
            self._early[who] = min(self._early[who] - missing, untaken)
            return missing
        made_up = min(missing, self._early[who])
        self._early[who] -= made_up
        return missing - made_up


class AlwaysAnswered:
    """Counts what the bot took and what it answered, whenever a person has nothing more to wait for."""

    name = "answered"
    sentence = "Each message that the bot took is answered."

    def __init__(self) -> None:
        self._windows = _Windows()
        self._media: dict[str, bool] = {}
        self._answers, self._helps = _Early(), _Early()

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Messages without an answer."""
        for who, incoming, outgoing, lost in self._windows.closed(observation):
            reactions = {
                # What WhatsApp has accepted counts, as for messages: the phone shows it a moment later.
                bubble.payload["reaction"]["message_id"]
                for bubble in observation.history.world.cloud.accepted
                if bubble.kind == "reaction"
            }
            wanted = [one for one in incoming if self._wants_answer(one) and one.wamid not in reactions]
            answers = [one for one in outgoing if not is_unsolicited(one.body) and not is_late_result(one.body)]
            later = [one for one in outgoing if is_late_result(one.body)]
            untaken = [
                one
                for one in observation.history.incoming[who]
                if one.first_attempt_ms is not None and one.acknowledged_ms is None
            ]
            missing = self._answers.missing(who, len(wanted) - len(answers), len(untaken))
            # A look that a message brought about is told beside its answer; alone, it may be all that is said.
            if missing > len(later) and not lost:
                said = ", ".join(repr(one.text) for one in wanted)
                yield Finding(who, f"{len(wanted)} messages were taken ({said}), {len(answers)} answered")
            unhelped = self._helps.missing(
                who, sum(map(_is_help, wanted)) - sum(HELP in one.body for one in outgoing), sum(map(_is_help, untaken))
            )
            if unhelped > 0 and not lost:
                yield Finding(who, f"asked for help {unhelped} times more than they were helped")

    def _wants_answer(self, incoming: IncomingMessage) -> bool:
        """An album is answered once; a reaction, a deletion, or what WhatsApp itself says, not at all."""
        if _is_silent(incoming):
            return False
        media, self._media[incoming.who] = self._media.get(incoming.who, False), incoming.kind is Kind.SENT
        return not (media and incoming.kind is Kind.SENT)


class Once:
    """The same count from the other side."""

    name = "once"
    sentence = "No message is answered twice, however often it was delivered."

    def __init__(self) -> None:
        self._answers: dict[str, int] = defaultdict(int)
        self._helps: dict[str, int] = defaultdict(int)
        self._places: dict[str, int] = defaultdict(int)

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """More answers than messages that can have reached the bot; whether it said so or not."""
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
                yield Finding(who, f"was helped {self._helps[who]} times, and asked for it {asked} times at most")


def _answers_a_message(outgoing: OutgoingMessage) -> bool:
    return not (is_unsolicited(outgoing.body) or is_late_result(outgoing.body) or outgoing.body.startswith(HELP))


def _is_help(incoming: IncomingMessage) -> bool:
    # Whoever hides the number is told what that means, whatever they ask for.
    return incoming.kind is Kind.SAID and incoming.text.lower() == "help" and incoming.has_number


def _is_silent(incoming: IncomingMessage) -> bool:
    return incoming.kind is Kind.REACTED or (incoming.kind is Kind.SENT and incoming.text in UNANSWERED)


class InOrder:
    """Looks at the places of the bot's messages, and at which of a person's messages it first said it was at work."""

    name = "in order"
    sentence = "A person's messages are handled in the order in which they were taken, and answered in it."

    def __init__(self) -> None:
        self._first: dict[str, list[IncomingMessage]] = defaultdict(list)
        self._typed: list[TypingShown] = []
        self._seqs: dict[str, int] = defaultdict(int)
        self._places: dict[str, int] = defaultdict(int)

    def see(self, event: Event) -> None:
        """Told of everything at WhatsApp."""
        if isinstance(event, TypingShown):
            self._typed.append(event)

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """What overtook something else."""
        for who, all_told in observation.history.outgoing.items():
            for outgoing in all_told[self._places[who] :]:
                newest = self._seqs[outgoing.queue]
                if 0 < outgoing.seq < newest:
                    yield Finding(who, f"message {outgoing.seq} went out after message {newest}: {outgoing.body[:60]}")
                self._seqs[outgoing.queue] = max(newest, outgoing.seq)
            self._places[who] = len(all_told)
        typed, self._typed = self._typed, []
        for event in typed:
            incoming = observation.history.message(event.wamid)
            if incoming is None or incoming in self._first[incoming.who]:
                continue
            earlier = self._first[incoming.who]
            overtaken = next((one for one in earlier if _before(incoming, one)), None)
            if overtaken is not None:
                yield Finding(
                    incoming.who, f"{incoming.text!r} was begun after {overtaken.text!r}, which was taken later"
                )
            earlier.append(incoming)


def _before(one: IncomingMessage, other: IncomingMessage) -> bool:
    """Whether a message had surely been taken when the other one was first handed over.

    One without a number and one with it are two people's to the bot.
    """
    if one.has_number is not other.has_number:
        return False
    if one.acknowledged_ms is None or other.first_attempt_ms is None:
        return False
    if one.batch is not None and one.batch == other.batch:
        return one.position < other.position
    return one.acknowledged_ms < other.first_attempt_ms


class Accepted:
    """Looks at what WhatsApp answered to the bot."""

    name = "accepted"
    sentence = "WhatsApp never finds a message of the bot wrong."

    def __init__(self) -> None:
        self._seen: dict[str, int] = defaultdict(int)

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Refusals that are the bot's own fault."""
        for who, codes in observation.refused.items():
            for code in codes[self._seen[who] :]:
                if code in FAULTY:
                    yield Finding(who, f"WhatsApp refused a message with {code}")
            self._seen[who] = len(codes)
