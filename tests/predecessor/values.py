"""Money, and what is stored of a member's message.

From the release before the packages were renamed (version 0.1.0, record version 1). Do not edit: it stands for what
is deployed while this release is rolled out or back.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import msgspec


class Denomination(StrEnum):
    """The unit of a credex."""

    CXX = "CXX"
    CAD = "CAD"
    USD = "USD"
    XAU = "XAU"
    ZWG = "ZWG"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount; may be negative where core shows a debt."""

    amount: Decimal
    denomination: Denomination

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError(f"money must be a finite amount, not {self.amount}")


class Said(msgspec.Struct, frozen=True, tag="said"):
    """The member typed a text."""

    text: str


class Tapped(msgspec.Struct, frozen=True, tag="tapped"):
    """The member tapped a button or a list row (of any of our earlier messages, however old)."""

    id: str
    title: str


class Filled(msgspec.Struct, frozen=True, tag="filled"):
    """The member submitted a form. The answers come from the member's phone and are not to be trusted."""

    token: str | None
    answers: dict[str, str]
    context_id: str | None = None


class Reacted(msgspec.Struct, frozen=True, tag="reacted"):
    """The member reacted to a message; an empty emoji takes a reaction back."""

    emoji: str


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """The member sent something that is no text: kind is WhatsApp's word (image, location, unsupported, ...)."""

    kind: str


class NumberChanged(msgspec.Struct, frozen=True, tag="number-changed"):
    """WhatsApp says that this member now has another number."""

    to: str | None


Content = Said | Tapped | Filled | Reacted | Sent | NumberChanged


class Inbound(msgspec.Struct, frozen=True):
    """One message from a member, as it is kept in the inbox.

    Attributes:
        wamid: WhatsApp's id of the message, opaque.
        sent_at_ms: when the member sent it, by WhatsApp's clock (which counts in seconds), in ms since the epoch.
        received_at_ms: when it reached us.
        content: what it says.
        version: of this record's form.
    """

    wamid: str
    sent_at_ms: int
    received_at_ms: int
    content: Content
    version: int = 1
