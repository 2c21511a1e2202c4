"""The outcome of a message: references are checked at once, delivery problems are reported later in a status."""

from __future__ import annotations

import re
from typing import Final

from .account import Account
from .errors import RefusedError
from .handset import Handset
from .limits import MESSAGE_AGE_MS
from .templates import fill
from .validate import Sending
from .values import Config

__all__ = ("delivery_outcome", "look_up")

USER_ID: Final = re.compile(r"[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}", re.ASCII)


def look_up(sending: Sending, account: Account, config: Config) -> None:
    """Check the templates, forms and files that a message refers to, and fill in the template's text.

    Raises:
        RefusedError: a template, form or file does not exist or may not be used.
    """
    if sending.to is None and not USER_ID.fullmatch(sending.recipient or ""):
        raise RefusedError(131009, details=f"Recipient {sending.recipient} is not valid")
    bubble = sending.bubble
    if bubble.kind == "template":
        templates = None if config.templates is None else (*config.templates, *account.approved())
        found = fill(bubble, templates)
        if found is not None and found.category == "AUTHENTICATION" and sending.to is None:
            raise RefusedError(131062, details="Authentication templates can only be sent to a phone number")
    if bubble.kind == "flow" and config.known_forms:
        account.may_send_form(bubble.payload["interactive"]["action"]["parameters"])
    for _, media_id in sending.media:
        file = account.media.find(media_id)
        if file is None or not file.uploaded:
            raise RefusedError(131009, details=f"Media with ID {media_id} does not exist or has expired")


def delivery_outcome(
    sending: Sending, person: Handset | None, account: Account, config: Config, *, now_ms: int, in_window: bool
) -> RefusedError | None:
    """The error with which a message that is accepted now will fail later; None if it will be delivered."""
    if person is None or person.blocked:
        return RefusedError(131026, details="Message Undeliverable.")
    known = sending.bubble.payload.get("recipient_identity_key_hash")
    if known is not None and known != person.identity:
        return RefusedError(137000, details="The identity key hash is not that of the recipient any more")
    if sending.bubble.kind == "reaction":
        return None if _can_react(person, sending.target, now_ms) else _BAD_REACTION
    if sending.bubble.kind != "template" and not in_window:
        return RefusedError(131047, details="More than 24 hours have passed since the recipient last replied")
    return _bad_file(sending, account, config)


_BAD_REACTION: Final = RefusedError(131009, details="Parameter value is not valid: message_id of the reaction")


def _can_react(person: Handset, target: str, now_ms: int) -> bool:
    """Whether a message belongs to this chat, is not itself a reaction, and is not too old (Meta, September 2026)."""
    theirs = {one.wamid: one.at_ms for one in person.sent if one.message.get("type") != "reaction"}
    ours = {one.wamid: one.at_ms for one in person.bubbles}
    at_ms = {**ours, **theirs}.get(target)
    return at_ms is not None and now_ms - at_ms <= MESSAGE_AGE_MS


def _bad_file(sending: Sending, account: Account, config: Config) -> RefusedError | None:
    """The error for a file; Meta fetches links and inspects files only after it has accepted a message."""
    for link in sending.links:
        if link in config.unreachable:
            return RefusedError(131053, details=f"Downloading media from weblink failed: {link}")
    for kind, media_id in sending.media:
        file = account.media.find(media_id)
        if file is not None and file.kind != kind:
            return RefusedError(131053, details=f"Unsupported {kind} mime type {file.mime_type}")
    return None
