"""Decodes Meta's webhook JSON.

Each item is read on its own: an item that is unknown, incomplete or malformed does not affect the others.
Shapes: Meta's webhook reference (September 2026) and payloads published by other projects.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from service.domain import (
    ButtonReply,
    Content,
    FormReply,
    InboundMessage,
    NumberChanged,
    Reacted,
    TextMessage,
    UnsupportedMessage,
)
from service.whatsapp.errors import NotAnEnvelopeError
from service.whatsapp.json_text import integer, listed, parse, table, text, whole_text

_OBJECT: Final = "whatsapp_business_account"
_NUMBER: Final = re.compile(r"[0-9]{1,20}")
# A business-scoped user id: a country, a dot, and up to 128 letters and digits.
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")
_LATEST_S: Final = 253_402_300_799  # the last second of the year 9999
_LONGEST_KIND: Final = 40


@dataclass(frozen=True, slots=True)
class Status:
    """What WhatsApp says about a message that we sent.

    Attributes:
        status: WhatsApp's word: sent, delivered, read, played, failed, or one yet unknown.
        at_ms: when, by WhatsApp's clock; when it reached us, if they do not say.
        recipient: the member, as in `WebhookPayload.messages`.
        callback_id: what the message carried when it was sent.
        codes: error codes of a failed one.
    """

    id: str
    status: str
    at_ms: int
    recipient: str | None
    callback_id: str | None
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WebhookPayload:
    """All that one POST brings, in its order.

    Attributes:
        messages: each with its sender: the digits of a WhatsApp number, or the business-scoped user id of a member who
            hides the number.
        statuses: of messages that we sent.
        ignored: how many items are for another number or cannot be used.
    """

    messages: tuple[tuple[str, InboundMessage], ...]
    statuses: tuple[Status, ...]
    ignored: int


def decode(body: bytes, *, phone_number_id: str, received_at_ms: int) -> WebhookPayload:
    """Reads the body of a webhook: of what is meant for ``phone_number_id``, the rest is ignored.

    ``received_at_ms`` takes the place of timestamps that are missing or unreadable.

    Raises:
        NotAnEnvelopeError: the body is not JSON, or not a notification about a WhatsApp business account.
    """
    messages: list[tuple[str, InboundMessage]] = []
    statuses: list[Status] = []
    ignored = 0
    for value in _values(body):
        ours = value is not None and _is_ours(value, phone_number_id)
        received = [_message(each, received_at_ms) if ours else None for each in listed(value, "messages")]
        reported = [_status(each, received_at_ms) if ours else None for each in listed(value, "statuses")]
        messages += [each for each in received if each is not None]
        statuses += [each for each in reported if each is not None]
        ignored += received.count(None) + reported.count(None) + (value is None)
    return WebhookPayload(tuple(messages), tuple(statuses), ignored)


def _values(body: bytes) -> Iterator[dict[str, Any] | None]:
    """The value of each change that speaks of messages; None for every other."""
    try:
        envelope = parse(body)
    except (ValueError, RecursionError) as error:
        raise NotAnEnvelopeError(f"the body is not JSON: {whole_text(str(error))[:200]}") from None
    if table(envelope).get("object") != _OBJECT:
        raise NotAnEnvelopeError(f"the body is not an object whose 'object' is '{_OBJECT}'")
    if not isinstance(envelope.get("entry"), list):
        raise NotAnEnvelopeError("'entry' is not a list")
    return _changed(envelope["entry"])


def _changed(entries: list[Any]) -> Iterator[dict[str, Any] | None]:
    for entry in entries:
        changes = table(entry).get("changes")
        for change in changes if isinstance(changes, list) else [None]:
            value = table(change).get("value")
            about_messages = table(change).get("field", "messages") == "messages"
            yield value if about_messages and isinstance(value, dict) else None


def _is_ours(value: dict[str, Any], phone_number_id: str) -> bool:
    metadata = table(value, "metadata")
    if metadata.get("phone_number_id") is None:
        return True
    named = text(metadata, "phone_number_id") or str(integer(metadata, "phone_number_id"))
    return named == phone_number_id


def _message(message: Any, received_at_ms: int) -> tuple[str, InboundMessage] | None:
    """The sender and the message; None if it has no id or no sender."""
    wamid = text(message, "id")
    member = _member(text(message, "from"), text(message, "from_user_id"))
    if not wamid or member is None:
        return None
    sent_at_ms = _at_ms(message, received_at_ms)
    return member, InboundMessage(wamid, sent_at_ms, received_at_ms, _content(message))


def _member(number: str | None, user_id: str | None) -> str | None:
    digits = (number or "").removeprefix("+")
    if _NUMBER.fullmatch(digits):
        return digits
    return user_id if user_id is not None and _USER_ID.fullmatch(user_id) else None


def _at_ms(source: Any, received_at_ms: int) -> int:
    seconds = integer(source, "timestamp")
    return seconds * 1000 if seconds is not None and 0 < seconds <= _LATEST_S else received_at_ms


def _status(status: Any, received_at_ms: int) -> Status | None:
    wamid, word = text(status, "id"), text(status, "status")
    if not wamid or not word:
        return None
    return Status(
        id=wamid,
        status=word,
        at_ms=_at_ms(status, received_at_ms),
        recipient=_member(text(status, "recipient_id"), text(status, "recipient_user_id")),
        callback_id=text(status, "biz_opaque_callback_data"),
        codes=tuple(code for error in listed(status, "errors") if (code := integer(error, "code")) is not None),
    )


def _content(message: Any) -> Content:
    kind = text(message, "type") or "unknown"
    read = _READERS.get(kind)
    content = read(message) if read is not None else None
    return content or UnsupportedMessage(kind[:_LONGEST_KIND])


def _text_message(message: Any) -> TextMessage | None:
    body = text(table(message, "text"), "body")
    return None if body is None else TextMessage(body)


def _template_button(message: Any) -> ButtonReply | None:
    """The quick reply of a template; without a payload of its own its text is the payload."""
    button = table(message, "button")
    title = text(button, "text")
    payload = text(button, "payload") or title
    return ButtonReply(payload, title or "") if payload else None


def _interactive(message: Any) -> ButtonReply | FormReply | None:
    interactive = table(message, "interactive")
    for key in ("button_reply", "list_reply"):
        reply = table(interactive, key)
        if chosen := text(reply, "id"):
            return ButtonReply(chosen, text(reply, "title") or "")
    return _form_reply(message) if "nfm_reply" in interactive else None


def _form_reply(message: Any) -> FormReply:
    """A form's answers, which come as JSON inside a text. Some iPhones leave the token out: then the context tells."""
    given = text(table(table(message, "interactive"), "nfm_reply"), "response_json")
    try:
        answers = table(parse(given or ""))
    except (ValueError, RecursionError):
        answers = {}
    return FormReply(
        token=text(answers, "flow_token"),
        answers={
            whole_text(name): _as_text(value)
            for name, value in answers.items()
            if name != "flow_token" and value is not None
        },
        context_id=text(table(message, "context"), "id"),
    )


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return whole_text(value)
    try:
        return whole_text(json.dumps(value, ensure_ascii=False))
    except RecursionError:  # nested almost too deeply to be parsed, hence no answer of a form of ours
        return ""


def _reaction(message: Any) -> Reacted | None:
    """A reaction; taking one back has an empty emoji or none at all."""
    if not isinstance(table(message).get("reaction"), dict):
        return None
    return Reacted(text(table(message, "reaction"), "emoji") or "")


def _system(message: Any) -> NumberChanged | None:
    """Another number, which may be told by its user id alone: a new number always has a new one."""
    system = table(message, "system")
    if text(system, "type") not in {"user_changed_number", "user_changed_user_id"}:
        return None
    return NumberChanged(_member(text(system, "wa_id") or text(system, "new_wa_id"), None))


_READERS: Final[dict[str, Callable[[Any], Content | None]]] = {
    "text": _text_message,
    "button": _template_button,
    "interactive": _interactive,
    "reaction": _reaction,
    "system": _system,
}
