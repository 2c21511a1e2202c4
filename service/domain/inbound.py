"""Messages from members as plain values; the names on the wire stay in `service.whatsapp`."""

import msgspec


class TextMessage(msgspec.Struct, frozen=True, tag="said"):
    text: str


class ButtonReply(msgspec.Struct, frozen=True, tag="tapped"):
    """The member tapped a button or a list row (of any of our earlier messages, however old)."""

    id: str
    title: str


class FormReply(msgspec.Struct, frozen=True, tag="filled"):
    """The member submitted a form. The answers come from the member's phone and are not to be trusted."""

    token: str | None
    answers: dict[str, str]
    context_id: str | None = None


class Reacted(msgspec.Struct, frozen=True, tag="reacted"):
    """The member reacted to a message; an empty emoji takes a reaction back."""

    emoji: str


class UnsupportedMessage(msgspec.Struct, frozen=True, tag="sent"):
    """The member sent something that is no text; ``kind`` is WhatsApp's type (image, location, unsupported, ...)."""

    kind: str


class NumberChanged(msgspec.Struct, frozen=True, tag="number-changed"):
    """WhatsApp says that this member now has another number."""

    to: str | None


Content = TextMessage | ButtonReply | FormReply | Reacted | UnsupportedMessage | NumberChanged


class InboundMessage(msgspec.Struct, frozen=True):
    """One message from a member, as it is kept in the inbox.

    Attributes:
        wamid: WhatsApp's id of the message, opaque.
        sent_at_ms: when the member sent it, by WhatsApp's clock, which counts in seconds; in ms since the epoch.
        received_at_ms: when it reached us.
    """

    wamid: str
    sent_at_ms: int
    received_at_ms: int
    content: Content
    version: int = 1
