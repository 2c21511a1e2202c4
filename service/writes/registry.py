"""All writes that the bot makes. A new one is a module with its command and its operation, and a line here."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from service.domain.commands import Write
from service.writes import (
    accept_offer,
    authorise,
    cancel_offer,
    create_offer,
    decline_offer,
    offer_recipient,
    open_account,
    register,
    unauthorise,
    upgrade,
)
from service.writes.operation import Operation

CommandT = TypeVar("CommandT", bound=Write)

WRITES: Final[tuple[Operation[Any], ...]] = tuple(
    module.OPERATION
    for module in (
        register,
        create_offer,
        accept_offer,
        decline_offer,
        cancel_offer,
        open_account,
        authorise,
        unauthorise,
        offer_recipient,
        upgrade,
    )
)

COMMANDS: Final[tuple[type[Write], ...]] = tuple(operation.command for operation in WRITES)

_BY_COMMAND: Final = {operation.command: operation for operation in WRITES}


def operation_of(command: CommandT) -> Operation[CommandT]:
    return _BY_COMMAND[type(command)]


def may_duplicate(command: Write, other: Write) -> bool:
    """Whether the effect of another write could be taken for this one's."""
    return operation_of(command).may_duplicate(command, other)
