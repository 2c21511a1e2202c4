"""What an operation must state so that its write can be sent once and reconciled afterwards.

Credex core has no idempotency key, and an error or a timeout does not mean that nothing happened. So before a write is
sent its operation notes the baseline, and afterwards it says what a fresh dashboard shows that was not there before.
Operations are pure: a further read that one needs is returned as a value, and the reconciler makes it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from service.credex.endpoints import Endpoint
from service.credex.errors import CredexError, NotFoundError, Refusal, RefusedError
from service.credex.values import CredexState, LedgerEntry, Written
from service.domain import Account, Dashboard, Money
from service.domain.commands import DidNotHappen, Done, OnlySimilar, Outcome, Refused, Unknown, Write
from service.writes.verdict import LookMemory, Row

CommandT = TypeVar("CommandT", bound=Write)


class Baseline(msgspec.Struct, frozen=True):
    """The issuing account immediately before the write: what is there later and is not in it is new.

    Attributes:
        pending: ids of all offers pending on the account, and of those since known to be other writes'.
        lookalikes: ids of those among them that look like the offer to be made.
        balance: the secured balance in the denomination of the write; an upgrade is paid in USD.
        shared: a new offer that looks like this one need not be it: another member may act for the account, or another
            write made one that cannot be told from it.
        tier: the member's, if the write is to raise it and core said which it is.
        member_id: of the member whose dashboard it is; empty for those who are none yet.
        offers: the outgoing offers that were pending.
        ledger_rows: how many rows the ledger had; None if it was not read to its end.
        ledger_ids: the ids of those rows, as far as core names them.
    """

    pending: tuple[str, ...] = ()
    lookalikes: tuple[str, ...] = msgspec.field(default=(), name="alike")
    balance: Money | None = None
    shared: bool = False
    tier: int | None = None
    member_id: str = ""
    offers: tuple[Row, ...] = ()
    ledger_rows: int | None = None
    ledger_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known about a write when its evidence is asked for.

    Attributes:
        dashboard: read after the write; None if core does not know the member.
        baseline: from before it.
        at_ms: the state's time when the look began.
        send_by_ms: the state's time after which the write cannot have left.
        memory: of the look before.
        others: offers made since the baseline that are known to be other writes'.
        twins: how many other writes, whose outcome is unknown, may have had the same effect.
        nameless: how many others certainly had it, and core did not name the credex.
    """

    dashboard: Dashboard | None
    baseline: Baseline
    at_ms: int
    send_by_ms: int
    memory: LookMemory
    others: Sequence[Row] = ()
    twins: int = 0
    nameless: int = 0

    def account(self, account_id: str) -> Account | None:
        """An account of the member; None if core does not show it."""
        return self.dashboard.account(account_id) if self.dashboard else None


@dataclass(frozen=True, slots=True)
class NotSeen:
    """The effect of the write shows nowhere, so far.

    Attributes:
        observable: core showed the place where the effect would stand; False if its absence was only inferred.
    """

    observable: bool = True


@dataclass(frozen=True, slots=True)
class OfferFinding:
    """What a look proves about an offer, by `service.writes.verdict`.

    Attributes:
        outcome: what that means for the member; `Unknown` while it is not decided.
        memory: for the next look.
        shows_nothing: the look shows no new offer of the amount, whatever it proves.
    """

    outcome: Done | DidNotHappen | OnlySimilar | Unknown
    memory: LookMemory
    shows_nothing: bool


Finding = Done | Refused | Unknown | NotSeen | OfferFinding
"""What core shows about a write."""


@dataclass(frozen=True, slots=True)
class NeedsLedger:
    """``conclude`` needs the account's accepted credexes, oldest first; None if they were not read to their end."""

    account_id: str
    conclude: Callable[[Sequence[LedgerEntry] | None], Evidence]


@dataclass(frozen=True, slots=True)
class NeedsCredex:
    """``conclude`` needs the credex; None if core does not know it, or not any more."""

    account_id: str
    credex_id: str
    conclude: Callable[[CredexState | None], Evidence]


@dataclass(frozen=True, slots=True)
class NeedsName:
    """``conclude`` needs the present name of the account with this handle; empty if core knows none."""

    handle: str
    conclude: Callable[[str], Evidence]


Evidence = Finding | NeedsLedger | NeedsCredex | NeedsName


class Operation(ABC, Generic[CommandT]):
    """Base of the operations. Each is stated, with its command, in a module of its own.

    Attributes:
        command: the type of the command.
        endpoint: where it is sent.
        asks_while_watched: the member is asked before it is sent while an earlier one like it is watched. For the
            others the precheck shows whether the earlier one happened after all.
    """

    command: type[CommandT]
    endpoint: Endpoint
    asks_while_watched: bool = False

    @abstractmethod
    def request(self, command: CommandT) -> Mapping[str, object]: ...

    @abstractmethod
    def precheck(self, command: CommandT, dashboard: Dashboard | None) -> Outcome | None:
        """Why there is nothing to send, as the baseline's dashboard shows; None to go on.

        In all methods the dashboard is None if core does not know the member.
        """

    def ledger_account(self, command: CommandT) -> str | None:  # noqa: ARG002
        """The account whose ledger belongs to the baseline; None if the dashboard is enough."""
        return None

    def baseline(
        self,
        command: CommandT,  # noqa: ARG002
        dashboard: Dashboard | None,  # noqa: ARG002
        ledger: Sequence[LedgerEntry] | None,  # noqa: ARG002
    ) -> Baseline:
        """What has to be known of the time before the write; nothing by default.

        The ledger is that of `ledger_account`, oldest first; None if it was not read to its end.
        """
        return Baseline()

    def unseen_lookalike(self, command: CommandT, baseline: Baseline) -> bool:  # noqa: ARG002
        """Whether the baseline shows what could be this write's effect, and the confirmed screen did not."""
        return False

    @abstractmethod
    def evidence(self, command: CommandT, now: Observation) -> Evidence:
        """What core shows about the write now."""

    def offer_row(self, command: CommandT, credex_id: str) -> Row | None:  # noqa: ARG002
        """The row that the offer made by this write stands in; None if it makes none."""
        return None

    def may_duplicate(self, command: CommandT, other: Write) -> bool:  # noqa: ARG002
        """Whether the effect of another write could be taken for this one's."""
        return False

    def allows_duplicate(self, command: CommandT) -> bool:  # noqa: ARG002
        """Whether the member wants it although an earlier write that it may duplicate is unresolved."""
        return False

    def is_watched(self, outcome: Outcome) -> bool:
        """Whether a write is looked for after this verdict: what showed nowhere may show late."""
        return isinstance(outcome, DidNotHappen | Refused)

    def done(self, command: CommandT, written: Written) -> Done:  # noqa: ARG002
        """The outcome that core's success answer means."""
        return Done(written.dashboard, written.credex_id or "")

    def conclude(self, finding: Done | Refused | Unknown | NotSeen, error: CredexError | None) -> Outcome:
        """The outcome that a finding means in view of core's own answer (None: the answer is not known)."""
        return self.refusal(error, finding) if isinstance(finding, NotSeen) else finding

    def refusal(self, error: CredexError | None, not_seen: NotSeen) -> Outcome:
        """What core's answer means for a write whose effect shows nowhere."""
        match error:
            case NotFoundError() | RefusedError(code=Refusal.NOT_PENDING):
                return Refused("unknown")  # has nothing to do with this write
            case RefusedError(code=Refusal.ALREADY):
                # If it were so already it would show, where it can.
                return Refused("unknown" if not_seen.observable else "already")
            case RefusedError(code=code, remaining=remaining):
                return Refused(code.value, remaining)
            case _:
                return DidNotHappen()
