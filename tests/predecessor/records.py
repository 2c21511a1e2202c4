"""Sessions, pending writes and dead letters, and the reader of all records.

From the release before the packages were renamed (version 0.1.0, record version 1). Do not edit: it stands for what
is deployed while this release is rolled out or back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

import msgspec

from tests.predecessor.messages import Message
from tests.predecessor.values import Denomination, Money


class Option(msgspec.Struct, frozen=True, array_like=True):
    """A button or row of the current screen: the id that a tap would bring, and the title that the member reads."""

    id: str
    title: str


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the member is. Never holds tokens, balances or anything else that core could have changed meanwhile.

    Attributes:
        flow: the flow under way; empty when none is.
        step: its step.
        turn: number of the current screen; never repeats for a member.
        answers: what the member said so far in this flow, by name.
        account: the account that the member chose to act for; empty for the personal one.
        options: the choices on the current screen, in the order shown.
        preface: what to say above the next screen.
        prompted_at_ms: when the current screen was made.
        valid_until_ms: a message that arrives later starts afresh.
        hinted_at_ms: when the member was told what cannot be read, if nothing else came since; else 0.
        version: of this record's form.
    """

    flow: str = ""
    step: str = ""
    turn: int = 0
    answers: dict[str, str] = {}
    account: str = ""
    options: tuple[Option, ...] = ()
    preface: str = ""
    prompted_at_ms: int = 0
    valid_until_ms: int = 0
    hinted_at_ms: int = 0
    version: int = 1


class Walked(msgspec.Struct, frozen=True, array_like=True):
    """An exit that was taken: of which flow and step, and which."""

    flow: str
    step: str
    exit: str


class Register(msgspec.Struct, frozen=True, tag="register"):
    """Make the sender a member."""

    first_name: str
    last_name: str
    denomination: Denomination = Denomination.USD


class CreateOffer(msgspec.Struct, frozen=True, tag="create-offer"):
    """Offer a credex from one of the member's accounts."""

    account_id: str
    receiver_id: str
    receiver_name: str
    amount: Money
    due: date | None = None
    despite: bool = False
    """The member was told that an earlier offer that looks the same is unresolved, and wants this one all the same."""


class _OnOffer(msgspec.Struct, frozen=True):
    account_id: str
    credex_id: str
    amount: Money
    counterparty: str


class AcceptOffer(_OnOffer, frozen=True, tag="accept-offer"):
    """Accept a pending incoming offer."""


class DeclineOffer(_OnOffer, frozen=True, tag="decline-offer"):
    """Decline a pending incoming offer."""


class CancelOffer(_OnOffer, frozen=True, tag="cancel-offer"):
    """Take back a pending outgoing offer."""


class OpenAccount(msgspec.Struct, frozen=True, tag="open-account"):
    """Open a business account that the sender owns."""

    name: str
    handle: str
    denomination: Denomination


class _OnPerson(msgspec.Struct, frozen=True):
    account_id: str
    member_id: str
    name: str


class Authorise(_OnPerson, frozen=True, tag="authorise"):
    """Let another member act for an account."""

    handle: str


class Unauthorise(_OnPerson, frozen=True, tag="unauthorise"):
    """Let another member no longer act for an account."""


class DirectNotices(_OnPerson, frozen=True, tag="direct-notices"):
    """Send the notices of new offers to an account to this member."""


class Upgrade(msgspec.Struct, frozen=True, tag="upgrade"):
    """Pay for the next membership tier from the personal account."""

    account_id: str


Write = (
    Register
    | CreateOffer
    | AcceptOffer
    | DeclineOffer
    | CancelOffer
    | OpenAccount
    | Authorise
    | Unauthorise
    | DirectNotices
    | Upgrade
)


class Baseline(msgspec.Struct, frozen=True):
    """How the issuing account stood immediately before the write: what is there later and was not here is new.

    Attributes:
        pending: ids of all offers pending on the account, and of those known to be other writes' since.
        alike: ids of those among them that looked like the offer to be made.
        balance: the secured balance in the denomination of the write; an upgrade is paid in USD.
        shared: a new offer that looks like this one need not be it: another member may act for the account, or another
            write made one that cannot be told from it.
        tier: the member's, where the write is to raise it and core said which it is.
    """

    pending: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    balance: Money | None = None
    shared: bool = False
    tier: int | None = None


class Intent(msgspec.Struct, frozen=True):
    """A write under way or unresolved, with the whole turn so far: it is continued, never computed again.

    Attributes:
        seq: the sequence number of the message that led to it.
        step: the step (``flow.step``) that made the call.
        call: the write.
        session: the session as it waits for the call's outcome.
        messages: what the turn says besides.
        walked: the exits that the turn took.
        baseline: how things stood before.
        made_at_ms: when this was written down.
        send_by_ms: nothing is sent later than this.
        looks: how often it was looked at since it became unresolved.
        look_at_ms: when it is looked at next.
    """

    seq: int
    step: str
    call: Write
    session: Session
    baseline: Baseline
    made_at_ms: int
    send_by_ms: int
    messages: tuple[Message, ...] = ()
    walked: tuple[Walked, ...] = ()
    looks: int = 0
    look_at_ms: int = 0


class Intents(msgspec.Struct, frozen=True):
    """All that is written down for one member: at most one write under way, and those that are unresolved."""

    under_way: Intent | None = None
    unresolved: tuple[Intent, ...] = ()
    version: int = 1


FORM: Final = 1


_T = TypeVar("_T")


class NewerRecord(Exception):  # noqa: N818 - it is no error: two releases run side by side during a deployment
    """A newer release wrote this record, and runs beside this one: it is theirs to handle."""


class _Versioned(msgspec.Struct):
    version: int = 1


def read(raw: bytes | None, kind: type[_T]) -> _T | None:
    """Read a stored record; None when there is none.

    Raises:
        NewerRecord: a newer release wrote it.
        msgspec.MsgspecError: it cannot be read at all.
    """
    if raw is None:
        return None
    if msgspec.json.decode(raw, type=_Versioned).version > FORM:
        raise NewerRecord
    return msgspec.json.decode(raw, type=kind)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something given up: a message, or (with `seq` 0) an intent. `stored` is its record, and names it."""

    member: str
    seq: int
    entry: bytes
    reason: str
    died_at_ms: int
    stored: bytes

    @classmethod
    def parse(cls, stored: bytes) -> DeadLetter:
        """Reads a record as `bury.lua` writes it: a line of sizes, then member, reason and entry."""
        head, _, rest = stored.partition(b"\n")
        _kind, seq, _token, died_at_ms, member_size, reason_size = head.split(b" ")
        member_end = int(member_size)
        reason_end = member_end + int(reason_size)
        return cls(
            member=rest[:member_end].decode("utf-8", "surrogatepass"),
            seq=int(seq),
            entry=rest[reason_end:],
            reason=rest[member_end:reason_end].decode("utf-8", "surrogatepass"),
            died_at_ms=int(died_at_ms),
            stored=stored,
        )
