"""What can be seen of a world from outside: what people did, what the bot took, what it showed, what reached core.

Nothing here asks the bot. It reads WhatsApp's log of deliveries, the phones, core's log of calls and the ledger, each
from where it had come to, so that a look after every step costs little.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.credex_core import HandledCall
from simulator.whatsapp_cloud import Attempt, Bubble
from simulator.whatsapp_cloud.transcript.bubbles import screen
from simulator.whatsapp_cloud.transcript.model import Kind, Screen
from simulator.whatsapp_cloud.transcript.recorder import read_message
from simulator.world.connections import BUSINESS
from simulator.world.world import World

__all__ = ("WRITES", "CoreWrite", "History", "IncomingMessage", "OutgoingMessage")

OK: Final = 200

WRITES: Final = frozenset(
    {
        "onboardMember",
        "createCredex",
        "acceptCredex",
        "declineCredex",
        "cancelCredex",
        "createAccount",
        "authorizeForAccount",
        "unauthorizeForAccount",
        "updateSendOffersTo",
        "hustler10k",
    }
)
"""The endpoints of core that change something."""

NOT_TAKEN: Final = frozenset({401, 429})
"""Core's answers to requests that it did not even look at."""


@dataclass(slots=True)
class IncomingMessage:
    """A message of a person that reached the bot, or was to.

    Attributes:
        on: the wamid of the message that it answers.
        sent_ms: when the person sent it.
        taken_ms: when the bot first answered 200 for it; None while it has not.
        handed_ms: when it was first handed over to the bot.
        batch: the webhook that the bot took it with, and ``position`` where it stood in it.
        taken_order: its place among all that the bot took.
        numbered: the phone number was told with it; without, nobody can know that it is from the same person.
    """

    wamid: str
    who: str
    kind: Kind
    text: str
    replies_to: str
    sent_ms: int
    acknowledged_ms: int | None = None
    first_attempt_ms: int | None = None
    batch: int | None = None
    position: int = 0
    ack_order: int = 0
    has_number: bool = True


@dataclass(slots=True)
class OutgoingMessage:
    """One message of the bot, however often it was sent.

    Attributes:
        callback: its id at the bot, the same each time it is sent; ``seq`` is its place in the person's outbox.
        at_ms: when WhatsApp first accepted it.
        wamids: of each time it was accepted.
    """

    callback: str
    seq: int
    who: str
    at_ms: int
    kind: str
    screen: Screen | None
    wamids: list[str] = field(default_factory=list)

    @property
    def queue(self) -> str:
        """In which it stood: there is one for each name under which the bot knows somebody."""
        return self.callback.rpartition(":")[0]

    @property
    def body(self) -> str:
        """What it says."""
        return self.screen.body if self.screen else ""

    @property
    def titles(self) -> frozenset[str]:
        """What can be tapped on it."""
        return frozenset(choice.title for choice in self.screen.choices) if self.screen else frozenset()


@dataclass(slots=True)
class CoreWrite:
    """A write of the bot that core looked at, and what the ledger made of it: the credex, or nothing."""

    who: str
    call: HandledCall
    credex_id: str = ""
    happened: bool = False
    prompt: str = ""


class History:
    """All that was seen so far, by person."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.incoming: dict[str, list[IncomingMessage]] = defaultdict(list)
        self.outgoing: dict[str, list[OutgoingMessage]] = defaultdict(list)
        self.core_writes: dict[str, list[CoreWrite]] = defaultdict(list)
        self.core_events = 0
        """How often core asked the bot to tell somebody something."""
        self.broken_webhooks: list[Attempt] = []
        self._taken_so_far = 0
        self._by_wamid: dict[str, IncomingMessage] = {}
        self._by_callback: dict[str, OutgoingMessage] = {}
        self._written: dict[str, int] = defaultdict(int)
        self._shown: dict[str, int] = defaultdict(int)
        self._moments = 0
        self._calls = 0
        self._attempts = 0
        self._open: list[Attempt] = []
        self._phones: dict[str, str] = {}

    def look(self) -> None:
        """Take in what happened since the last look."""
        for who, handset in self.world.handsets.items():
            self._phones[handset.phone] = who
            self._phones[handset.user_id] = who
            for written in handset.sent[self._written[who] :]:
                kind, text, replies_to = read_message(written.message)
                has_number = bool(written.message.get("from"))
                incoming = IncomingMessage(
                    written.wamid, who, kind, text, replies_to, written.at_ms, has_number=has_number
                )
                self._by_wamid[written.wamid] = incoming
                self.incoming[who].append(incoming)
            self._written[who] = len(handset.sent)
            for bubble in handset.bubbles[self._shown[who] :]:
                self._tell(who, bubble)
            self._shown[who] = len(handset.bubbles)
        self._deliveries()
        self._core()
        directions = self.world.recorder.since(self._moments)
        self._moments = len(self.world.recorder)
        self.core_events += sum(moment.text.startswith(_NEWS) for moment in directions if moment.kind is Kind.STAGE)

    def who(self, named: str) -> str:
        """Whom a phone number, a user id or a name of the mailbox means; nobody for strangers to this world."""
        return self._phones.get(named) or next((who for key, who in self._phones.items() if key in named), "")

    def message(self, wamid: str) -> IncomingMessage | None:
        """The person's message with this id."""
        return self._by_wamid.get(wamid)

    def answers_to(self, wamid: str, who: str) -> OutgoingMessage | None:
        """The bot's message with this id."""
        return next((outgoing for outgoing in reversed(self.outgoing[who]) if wamid in outgoing.wamids), None)

    def _tell(self, who: str, bubble: Bubble) -> None:
        callback = bubble.callback or bubble.wamid
        known = self._by_callback.get(callback)
        if known is not None:
            known.wamids.append(bubble.wamid)
            return
        last = callback.rsplit(":", 1)[-1]
        seq = int(last) if last.isdecimal() else 0
        outgoing = OutgoingMessage(callback, seq, who, bubble.at_ms, bubble.kind, screen(bubble), [bubble.wamid])
        self._by_callback[callback] = outgoing
        self.outgoing[who].append(outgoing)

    def _deliveries(self) -> None:
        attempts = self.world.cloud.deliveries
        self._open += attempts[self._attempts :]
        self._attempts = len(attempts)
        waiting: list[Attempt] = []
        for attempt in sorted(self._open, key=lambda one: (one.ended_ms or 0, one.number)):
            self._handed(attempt)
            if attempt.ended_ms is None:
                waiting.append(attempt)
            elif attempt.status == OK:
                self._taken(attempt)
            elif attempt.status is not None and attempt.status not in _HONEST:
                self.broken_webhooks.append(attempt)
        self._open = waiting

    def _handed(self, attempt: Attempt) -> None:
        for incoming in self._within(attempt):
            if incoming.first_attempt_ms is None or attempt.at_ms < incoming.first_attempt_ms:
                incoming.first_attempt_ms = attempt.at_ms

    def _taken(self, attempt: Attempt) -> None:
        for place, incoming in enumerate(self._within(attempt)):
            if incoming.acknowledged_ms is None:
                incoming.acknowledged_ms, incoming.batch, incoming.position = attempt.ended_ms, attempt.number, place
                self._taken_so_far += 1
                incoming.ack_order = self._taken_so_far

    def _within(self, attempt: Attempt) -> list[IncomingMessage]:
        if b'"messages":[' not in attempt.body:
            return []
        found = (self._by_wamid.get(wamid) for wamid in _wamids(json.loads(attempt.body)))
        return [incoming for incoming in found if incoming is not None]

    def _core(self) -> None:
        calls, ledger = self.world.core.calls, self.world.core.ledger
        for call in calls[self._calls :]:
            if call.endpoint not in WRITES or call.status in NOT_TAKEN:
                continue
            write = CoreWrite(self.who(call.phone), call)
            self.core_writes[write.who].append(write)
            self._effect(write, ledger.credexes)
        self._calls = len(calls)

    def _effect(self, write: CoreWrite, credexes: Mapping[str, Any]) -> None:
        body, at_ms = write.call.body, write.call.at_ms
        if write.call.endpoint == "createCredex":
            claimed = {other.credex_id for writes in self.core_writes.values() for other in writes}
            for credex in reversed(list(credexes.values())):
                if credex.created_ms < at_ms:
                    break
                asked = (at_ms, body.get("issuerAccountID"), body.get("receiverAccountID"))
                if (
                    credex.created_ms,
                    credex.issuer_id,
                    credex.receiver_id,
                ) == asked and credex.credex_id not in claimed:
                    write.credex_id, write.happened = credex.credex_id, True
                    return
        elif write.call.endpoint in ENDS:
            credex = credexes.get(str(body.get("credexID")))
            if credex is not None:
                write.credex_id = credex.credex_id
                write.happened = credex.ended_ms == at_ms and credex.state in ENDS[write.call.endpoint]
        else:
            write.happened = write.call.status < 300  # noqa: PLR2004 - the HTTP range of success


ENDS: Final[Mapping[str, frozenset[str]]] = {
    "acceptCredex": frozenset({"OWES", "CLEARED"}),
    "declineCredex": frozenset({"DECLINED"}),
    "cancelCredex": frozenset({"CANCELLED"}),
}
"""What an offer is afterwards."""

_NEWS: Final = ("Credex core notifies ", "Credex core reports ")

_HONEST: Final = frozenset({400, 401, 403, 404, 405, 413, 503})
"""Answers that a bot may give to a webhook besides 200: it refuses, or it cannot keep it now."""


def _wamids(payload: Mapping[str, Any]) -> Iterator[str]:
    """The messages in a webhook that are for this bot, from somebody whom it could answer."""
    for entry in payload.get("entry", []):
        for change in entry.get("changes", []):
            value = change.get("value", {})
            ours = value.get("metadata", {}).get("phone_number_id") == BUSINESS.phone_number_id
            for message in value.get("messages", []) if ours else []:
                if any(message.get(name) for name in ("from", "from_user_id")):
                    yield str(message.get("id", ""))
