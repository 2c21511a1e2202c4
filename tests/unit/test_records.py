"""Records of the release before this one are read, and what this release writes, that one reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from service.domain import (
    ButtonReply,
    Denomination,
    FormReply,
    InboundMessage,
    Money,
    NumberChanged,
    Reacted,
    TextMessage,
    UnsupportedMessage,
)
from service.flows import flow_registry
from service.mailbox import DeadLetter, InboxLease, Mailbox, open_state
from service.mailbox.versioning import NewerRecordError, RecordType, read_record
from service.messages import Message, Outgoing
from service.runtime.records import INBOX_ENTRY, OUTBOX_ENTRY, PENDING_WRITES, SESSION
from service.writes.create_offer import CreateOffer
from service.writes.pending_write import PendingWrites
from service.writes.registry import COMMANDS
from tests.contract.mailbox_steps import arrival
from tests.predecessor import records as predecessor
from tests.predecessor.messages import Outgoing as PredecessorOutgoing
from tests.predecessor.values import Inbound as PredecessorInbound
from tests.unit.test_flows_explore import WORLDS, explored

RECORDS: Final = Path(__file__).parents[1] / "fixtures" / "records"
TYPES: Final[Mapping[str, tuple[RecordType[Any], type[Any]]]] = {
    "session": (SESSION, predecessor.Session),
    "inbox": (INBOX_ENTRY, PredecessorInbound),
    "outbox": (OUTBOX_ENTRY, PredecessorOutgoing),
    "pending_writes": (PENDING_WRITES, predecessor.Intents),
}
FILES: Final = sorted(path for kind in TYPES for path in (RECORDS / kind).glob("*.json"))
CONTENTS: Final = (
    TextMessage("Mhoro"),
    ButtonReply("3:confirm", "Confirm"),
    FormReply("token", {"first": "Tariro"}, "wamid.form"),
    FormReply(None, {}),
    Reacted(""),
    UnsupportedMessage("image"),
    NumberChanged("263772222222"),
    NumberChanged(None),
)


def shown(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read_file(path: Path) -> Any:
    return read_record(path.read_bytes(), TYPES[path.parent.name][0])


def fields(record: Any) -> Any:
    """A record's values by the names they are stored under."""
    return json.loads(msgspec.json.encode(record))


def read_by_predecessor(record: Any, kind: str) -> Any:
    """What the release before this one reads where this release has written a record."""
    return predecessor.read(msgspec.json.encode(record), TYPES[kind][1])


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_a_record_of_the_predecessor_is_read_with_all_its_values(path: Path) -> None:
    """No value is lost or changed, whatever its field is called now."""
    assert fields(read_file(path)) == json.loads(path.read_bytes())


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_the_predecessor_reads_its_own_record_after_this_release_has_rewritten_it(path: Path) -> None:
    """A release that is rolled back finds what it had written."""
    before = predecessor.read(path.read_bytes(), TYPES[path.parent.name][1])
    assert read_by_predecessor(read_file(path), path.parent.name) == before


def test_the_fields_of_a_stored_offer_mean_what_they_meant() -> None:
    """Amounts, dates and flags by today's names."""
    pending: PendingWrites = read_file(RECORDS / "pending_writes" / "create-offer-unsecured.under-way.json")
    assert pending.under_way is not None
    command = pending.under_way.command
    assert isinstance(command, CreateOffer)
    assert (command.account_id, command.receiver_id, command.receiver_name) == ("a-1", "a-2", "Farai")
    assert command.amount == Money(Decimal("0.0375"), Denomination.XAU)
    assert (command.due, command.allow_duplicate) == (date(2026, 12, 24), True)
    assert [transition.exit for transition in pending.under_way.transitions] == ["yes"]
    assert len(pending.under_way.messages) == len(Message.__args__)
    assert (pending.under_way.attempts, pending.under_way.reconcile_at_ms) == (0, 0)


def test_every_kind_of_record_is_among_those_kept() -> None:
    """Each command, content and message: a new kind needs a record once a release has written it."""
    pending = [read_file(path) for path in FILES if path.parent.name == "pending_writes"]
    under_way = {type(each.under_way.command) for each in pending if each.under_way}
    unresolved = {type(write.command) for each in pending for write in each.unresolved}
    contents = {type(read_file(path).content) for path in FILES if path.parent.name == "inbox"}
    messages = {type(read_file(path).message) for path in FILES if path.parent.name == "outbox"}
    assert under_way == unresolved == set(COMMANDS)
    assert contents == {type(content) for content in CONTENTS}
    assert messages == set(Message.__args__)


@pytest.mark.parametrize(("name", "is_pending"), [("message", False), ("intent", True)])
def test_a_dead_letter_of_the_predecessor_is_read(name: str, is_pending: bool) -> None:  # noqa: FBT001
    """Its reason and time, and the record that was given up."""
    stored = (RECORDS / "dead_letter" / f"{name}.bin").read_bytes()
    letter, before = DeadLetter.parse(stored), predecessor.DeadLetter.parse(stored)
    assert (letter.member, letter.seq, letter.entry, letter.reason, letter.died_at_ms, letter.stored) == (
        *(before.member, before.seq, before.entry, before.reason, before.died_at_ms),
        stored,
    )
    assert letter.is_pending_writes is is_pending
    read_record(letter.entry, PENDING_WRITES if is_pending else INBOX_ENTRY)


async def test_the_predecessor_reads_the_dead_letters_of_this_release() -> None:
    """As the mailbox's script writes them."""
    redis = open_state("embedded://")
    mailbox = Mailbox(redis)
    await mailbox.ingest([arrival("hi")], 1)
    lease = await mailbox.claim(1)
    assert isinstance(lease, InboxLease)
    await mailbox.dead_letter(lease, 2, reason="ünreadable")
    (letter,) = await mailbox.dead_letters()
    await redis.aclose()
    read = predecessor.DeadLetter.parse(letter.stored)
    assert (read.member, read.seq, read.entry, read.reason, read.died_at_ms) == (
        *(letter.member, letter.seq, letter.entry, letter.reason, letter.died_at_ms),
    )


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
def test_the_predecessor_reads_the_messages_that_this_release_stores(content: Any) -> None:
    """Every content, with the same values."""
    inbound = InboundMessage("wamid.1", 1, 2, content)
    assert fields(read_by_predecessor(inbound, "inbox")) == fields(inbound)


def test_the_predecessor_reads_what_this_release_stores_in_every_flow() -> None:
    """The sessions and messages of all turns that the flows can take, with typed answers."""
    for play in explored(flow_registry(), WORLDS["usual"]):
        if play.session is not None:
            assert fields(read_by_predecessor(play.session, "session")) == fields(play.session)
        for message in play.said:
            outgoing = Outgoing(message)
            assert fields(read_by_predecessor(outgoing, "outbox")) == fields(outgoing)


# -- versions and migrations ----------------------------------------------------------------------------------------


class Tea(msgspec.Struct):
    """A record in its third version."""

    cups: int
    milk: bool
    version: int = 3


TEA: Final = RecordType(
    Tea,
    version=3,
    migrations={
        1: lambda record: {"cups": int(record["count"])},
        2: lambda record: {**record, "milk": False},
    },
)


@pytest.mark.parametrize(
    "raw",
    [b'{"count":"2"}', b'{"count":"2","version":1}', b'{"cups":2,"version":2}', b'{"cups":2,"milk":false,"version":3}'],
)
def test_an_older_record_is_migrated_step_by_step(raw: bytes) -> None:
    """Each version has a migration to the next one; a record without a version is of the first."""
    assert read_record(raw, TEA) == Tea(2, milk=False)


def test_only_a_newer_record_is_said_to_be_newer() -> None:
    """Another type's version does not matter, and what cannot be decoded is no newer record."""
    with pytest.raises(NewerRecordError):
        read_record(b'{"version":4}', TEA)
    for raw in (b"", b"{", b"[]", b'{"cups":"two","milk":true,"version":3}'):
        with pytest.raises(msgspec.MsgspecError):
            read_record(raw, TEA)
    assert read_record(None, TEA) is None
