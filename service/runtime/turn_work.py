"""The state of one lease while the inbox worker handles it, and what is reported of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from service.conversation import Session, Transition
from service.domain.commands import Outcome, Read
from service.mailbox import InboxLease
from service.messages import Message
from service.writes.pending_write import PendingWrites


class Reads(Protocol):
    """Reads from Credex core: a failure is an outcome, never an exception."""

    async def read(self, member: str, call: Read) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """One turn, for logs and metrics: never the texts.

    Attributes:
        wamid: of the message that began it; None if none did.
        ms: how long the turn took.
        reply_ms: since that message was stored.
    """

    member: str
    wamid: str | None
    event: str
    flow: str
    step: str
    transitions: tuple[Transition, ...]
    messages: int
    calls: int
    ms: int
    reply_ms: int | None


class LeaseLostError(Exception):
    """Another worker holds this member now: nothing computed here may be stored."""


@dataclass(slots=True)
class TurnWork:
    """The state of one lease while it is worked on."""

    lease: InboxLease
    session: Session | None
    pending: PendingWrites
    started_ms: int
    messages: list[Message] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    calls: int = 0
    event: str = ""
    wamid: str | None = None
    core_called: Callable[[], None] = lambda: None
    core_answers: bool = False

    @property
    def member(self) -> str:
        return self.lease.member
