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
from service.domain.commands import DidNotHappen, Done, Outcome, Refused, Unknown, Write

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
    """

    pending: tuple[str, ...] = ()
    lookalikes: tuple[str, ...] = msgspec.field(default=(), name="alike")
    balance: Money | None = None
    shared: bool = False
    tier: int | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known about a write when its evidence is asked for.

    Attributes:
        dashboard: read after the write.
        baseline: from before it.
        since_ms: when the baseline was read; the write is no older.
        ambiguous: another write that is not known to have failed may have had the same effect.
    """

    dashboard: Dashboard | None
    baseline: Baseline
    since_ms: int
    ambiguous: bool

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


Finding = Done | Refused | Unknown | NotSeen
"""What core shows about a write."""


@dataclass(frozen=True, slots=True)
class NeedsLedger:
    """The dashboard does not decide: ``conclude`` does, from the account's accepted credexes, newest first."""

    account_id: str
    conclude: Callable[[Sequence[LedgerEntry]], Finding]


@dataclass(frozen=True, slots=True)
class NeedsCredex:
    """The dashboard does not decide: ``conclude`` does, from the credex; None if core does not give it."""

    account_id: str
    credex_id: str
    conclude: Callable[[CredexState | None], Finding]


Evidence = Finding | NeedsLedger | NeedsCredex


class Operation(ABC, Generic[CommandT]):
    """Base of the operations. Each is stated, with its command, in a module of its own."""

    command: type[CommandT]
    endpoint: Endpoint

    @abstractmethod
    def request(self, command: CommandT) -> Mapping[str, object]: ...

    @abstractmethod
    def precheck(self, command: CommandT, dashboard: Dashboard | None) -> Outcome | None:
        """Why there is nothing to send, as the baseline's dashboard shows; None to go on.

        In all methods the dashboard is None if core does not know the member.
        """

    def baseline(self, command: CommandT, dashboard: Dashboard | None) -> Baseline:  # noqa: ARG002
        """What has to be known of the time before the write; nothing by default."""
        return Baseline()

    @abstractmethod
    def evidence(self, command: CommandT, now: Observation) -> Evidence:
        """What core shows about the write now."""

    def may_duplicate(self, command: CommandT, other: Write) -> bool:  # noqa: ARG002
        """Whether the effect of another write could be taken for this one's."""
        return False

    def allows_duplicate(self, command: CommandT) -> bool:  # noqa: ARG002
        """Whether the member wants it although an earlier write that it may duplicate is unresolved."""
        return False

    def done(self, command: CommandT, written: Written) -> Done:  # noqa: ARG002
        """The outcome that core's success answer means."""
        return Done(written.dashboard, written.credex_id or "")

    def conclude(self, finding: Finding, error: CredexError | None) -> Outcome:
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
