"""The history of a world: messages of people, messages of the bot, and writes to core.

It is read from outside the bot: from WhatsApp's log of deliveries, the phones, core's log of calls and the ledger, each
incrementally, so that an update after every step is cheap.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.credex_core import ENDPOINTS, HandledCall
from simulator.whatsapp_cloud import Attempt, Bubble
from simulator.whatsapp_cloud.transcript.bubbles import screen
from simulator.whatsapp_cloud.transcript.model import Kind, Screen
from simulator.whatsapp_cloud.transcript.recorder import read_message
from simulator.world.connections import BUSINESS
from simulator.world.world import World

__all__ = ("WRITES", "CoreWrite", "History", "IncomingMessage", "OutgoingMessage")

OK: Final = 200

WRITES: Final = frozenset({"onboardMember", *(name for name, endpoint in ENDPOINTS.items() if endpoint.writes)})
"""The endpoints of core that change something."""

NOT_HANDLED: Final = frozenset({401, 429})
"""The statuses of requests that core rejects before handling them."""


@dataclass(slots=True)
class IncomingMessage:
    """A message of a person to the bot.

    Attributes:
        replies_to: the wamid of the message that it answers.
        sent_ms: when the person sent it.
        acknowledged_ms: when the bot first answered 200 for it; None before.
        first_attempt_ms: when WhatsApp first tried to deliver it; None before.
        batch: the number of the acknowledged webhook; ``position`` is the message's index in it.
        ack_order: its rank among all acknowledged messages.
        has_number: whether the webhook has the phone number; without it the sender cannot be recognised.
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
    """A message of the bot; repetitions are one message.

    Attributes:
        callback: the bot's id of it, the same in each repetition.
        seq: its sequence number in the person's outbox.
        at_ms: when WhatsApp first accepted it.
        wamids: the ids of all repetitions.
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
        """The name of its outbox: one for each identity under which the bot knows a person."""
        return self.callback.rpartition(":")[0]

    @property
    def body(self) -> str:
        """The text."""
        return self.screen.body if self.screen else ""

    @property
    def titles(self) -> frozenset[str]:
        """The titles that can be tapped."""
        return frozenset(choice.title for choice in self.screen.choices) if self.screen else frozenset()


@dataclass(slots=True)
class CoreWrite:
    """A write of the bot that core handled, and the credex that it made or ended, if any."""

    who: str
    call: HandledCall
    credex_id: str = ""
    happened: bool = False


class History:
    """The history so far, by person."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.incoming: dict[str, list[IncomingMessage]] = defaultdict(list)
        self.outgoing: dict[str, list[OutgoingMessage]] = defaultdict(list)
        self.core_writes: dict[str, list[CoreWrite]] = defaultdict(list)
        self.core_events = 0
        """The number of core's events for members."""
        self.broken_webhooks: list[Attempt] = []
        self._acknowledged = 0
        self._by_wamid: dict[str, IncomingMessage] = {}
        self._by_callback: dict[str, OutgoingMessage] = {}
        self._written: dict[str, int] = defaultdict(int)
        self._shown: dict[str, int] = defaultdict(int)
        self._moments = 0
        self._calls = 0
        self._attempts = 0
        self._open: list[Attempt] = []
        self._phones: dict[str, str] = {}

    def update(self) -> None:
        """Read what happened since the last update."""
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
                self._sent(who, bubble)
            self._shown[who] = len(handset.bubbles)
        self._deliveries()
        self._core()
        directions = self.world.recorder.since(self._moments)
        self._moments = len(self.world.recorder)
        self.core_events += sum(
            moment.text.startswith(_CORE_EVENTS) for moment in directions if moment.kind is Kind.STAGE
        )

    def who(self, named: str) -> str:
        """The person with a phone number, a user id or a mailbox name; empty if there is none."""
        return self._phones.get(named) or next((who for key, who in self._phones.items() if key in named), "")

    def message(self, wamid: str) -> IncomingMessage | None:
        """The person's message with this id."""
        return self._by_wamid.get(wamid)

    def _sent(self, who: str, bubble: Bubble) -> None:
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
            self._attempted(attempt)
            if attempt.ended_ms is None:
                waiting.append(attempt)
            elif attempt.status == OK:
                self._acknowledge(attempt)
            elif attempt.status is not None and attempt.status not in _EXPECTED_STATUSES:
                self.broken_webhooks.append(attempt)
        self._open = waiting

    def _attempted(self, attempt: Attempt) -> None:
        for incoming in self._messages_in(attempt):
            if incoming.first_attempt_ms is None or attempt.at_ms < incoming.first_attempt_ms:
                incoming.first_attempt_ms = attempt.at_ms

    def _acknowledge(self, attempt: Attempt) -> None:
        for place, incoming in enumerate(self._messages_in(attempt)):
            if incoming.acknowledged_ms is None:
                incoming.acknowledged_ms, incoming.batch, incoming.position = attempt.ended_ms, attempt.number, place
                self._acknowledged += 1
                incoming.ack_order = self._acknowledged

    def _messages_in(self, attempt: Attempt) -> list[IncomingMessage]:
        if b'"messages":[' not in attempt.body:
            return []
        found = (self._by_wamid.get(wamid) for wamid in _wamids(json.loads(attempt.body)))
        return [incoming for incoming in found if incoming is not None]

    def _core(self) -> None:
        calls, ledger = self.world.core.calls, self.world.core.ledger
        for call in calls[self._calls :]:
            if call.endpoint not in WRITES or call.status in NOT_HANDLED:
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
"""The states of an offer after each endpoint."""

_CORE_EVENTS: Final = ("Credex core notifies ", "Credex core reports ")

_EXPECTED_STATUSES: Final = frozenset({400, 401, 403, 404, 405, 413, 503})
"""Statuses other than 200 with which a bot may answer a webhook: it refuses it, or cannot store it now."""


def _wamids(payload: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the messages in a webhook that are for this bot and have a sender."""
    for entry in payload.get("entry", []):
        for change in entry.get("changes", []):
            value = change.get("value", {})
            ours = value.get("metadata", {}).get("phone_number_id") == BUSINESS.phone_number_id
            for message in value.get("messages", []) if ours else []:
                if any(message.get(name) for name in ("from", "from_user_id")):
                    yield str(message.get("id", ""))
