"""Where a conversation stands between two messages, and what a turn makes of it."""

import msgspec

from service.domain.commands import Call
from service.messages import Message


class Option(msgspec.Struct, frozen=True, array_like=True):
    """A button or row of the current screen: the id that a tap would bring, and the title that the member reads."""

    id: str
    title: str


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the member is. Never holds tokens, balances or anything else that core could have changed meanwhile.

    Attributes:
        flow: the flow under way; empty when none is.
        turn: number of the current screen; never repeats for a member.
        answers: what the member said so far in this flow, by name.
        account: the account that the member chose to act for; empty for the personal one.
        options: the choices on the current screen, in the order shown.
        preface: what to say above the next screen.
        prompted_at_ms: when the current screen was made.
        valid_until_ms: a message that arrives later starts from the beginning.
        hinted_at_ms: when the member was told what cannot be read, if nothing else came since; else 0.
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


class Transition(msgspec.Struct, frozen=True, array_like=True):
    """An exit that was taken: of which flow and step, and which."""

    flow: str
    step: str
    exit: str


class Turn(msgspec.Struct, frozen=True):
    """What one event makes of a session: the next session, what to send, and at most one call to Credex core."""

    session: Session
    messages: tuple[Message, ...] = ()
    call: Call | None = None
    transitions: tuple[Transition, ...] = ()
