"""What WhatsApp holds for one business phone number, shared by the parts of the API that read and change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .account import Account
from .faults import Rules
from .handset import Handset, InboundMessage
from .phone_numbers import digits
from .values import Bubble, Business, Config, Json
from .wire import IdFactory

__all__ = ("Store",)


@dataclass(slots=True, eq=False)
class Store:
    """The state of one business phone number.

    Attributes:
        business: the number and the app that serves it.
        config: how the API behaves; replaced as a whole when it changes.
        now_ms: milliseconds since the epoch.
        ids: makes message, media and trace ids.
        account: the business account: its subscription, forms and templates.
        rules: the fault rules in force.
        handsets: by phone number.
        accepted: every message that was accepted, for any recipient, in order.
        last_written_ms: when each phone last wrote, which opens the 24-hour window.
        inbound: people's messages by wamid, each with the handset that sent it.
    """

    business: Business
    config: Config
    now_ms: Callable[[], int]
    ids: IdFactory
    account: Account
    rules: Rules
    handsets: dict[str, Handset] = field(default_factory=dict)
    accepted: list[Bubble] = field(default_factory=list)
    last_inbound_ms: dict[str, int] = field(default_factory=dict)
    inbound: dict[str, tuple[Handset, InboundMessage]] = field(default_factory=dict)

    def current_config(self) -> Config:
        """The configuration as of now."""
        return self.config

    def recipient_of(self, payload: Json) -> str:
        """The phone number that a message is for, named by number or by user id; empty if nobody has it."""
        if isinstance(payload.get("to"), str):
            return digits(payload["to"])
        named = payload.get("recipient")
        return next((person.phone for person in self.handsets.values() if person.user_id == named), "")

    def in_window(self, phone: str) -> bool:
        """Whether free-form messages may be sent to this number now."""
        if self.config.window_ms is None:
            return True
        last_ms = self.last_inbound_ms.get(phone)
        return last_ms is not None and self.now_ms() - last_ms < self.config.window_ms

    def clear(self) -> None:
        """Remove people and messages."""
        self.handsets.clear()
        self.accepted.clear()
        self.last_inbound_ms.clear()
        self.inbound.clear()
