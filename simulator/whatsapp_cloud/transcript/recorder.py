"""Records a transcript from the events of a Cloud API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .. import (
    Acted,
    Event,
    Reacted,
    SendRefused,
    Shown,
    StatusReported,
    TypingShown,
    Warned,
    WebhookAnswered,
    WebhookDropped,
)
from .bubbles import screen
from .model import Kind, Recorder

__all__ = ("TranscriptRecorder", "read_message")

OK = 200


class TranscriptRecorder:
    """Converts events to transcript entries."""

    def __init__(self, recorder: Recorder, names: Mapping[str, str]) -> None:
        """Record to ``recorder``; ``names`` are people's names by phone number."""
        self._recorder = recorder
        self._names = dict(names)
        self._newest: dict[str, str] = {}

    def moved(self, old: str, new: str) -> None:
        """Note that a person has moved to another number."""
        self._names[new] = self._names[old]

    def see(self, event: Event) -> None:
        """Record an event if a person could notice it."""
        match event:
            case Acted():
                self._acted(event)
            case Shown(phone=phone, bubble=bubble):
                if (shown := screen(bubble)) is not None:
                    self._newest[phone] = bubble.wamid
                    self._record(event.at_ms, phone, Kind.SHOWN, wamid=bubble.wamid, screen=shown)
            case TypingShown(phone=phone):
                self._record(event.at_ms, phone, Kind.TYPING)
            case Reacted(phone=phone, wamid=wamid, emoji=emoji):
                self._record(event.at_ms, phone, Kind.BOT_REACTED, text=emoji or "(no more)", on=wamid)
            case _:
                self._trouble(event)

    def _trouble(self, event: Event) -> None:
        match event:
            case SendRefused(phone=phone, code=code):
                self._record(event.at_ms, phone, Kind.UNDELIVERED, text=f"WhatsApp refuses a message: {code}")
            case StatusReported(phone=phone, status="failed", code=code):
                self._record(event.at_ms, phone, Kind.UNDELIVERED, text=f"A message cannot be delivered: {code}")
            case Warned(phone=phone, text=text):
                self._record(event.at_ms, phone, Kind.UNDELIVERED, text=f"WhatsApp could refuse that: {text}")
            case WebhookAnswered(attempt=attempt) if attempt.status != OK and b'"messages":[' in attempt.body:
                answer = f"Webhook answered {attempt.status}" if attempt.status else "Webhook not taken"
                for phone in attempt.phones:
                    self._record(event.at_ms, phone, Kind.UNDELIVERED, text=f"{answer}; it comes again")
            case WebhookDropped(reason=reason):
                self._record(event.at_ms, None, Kind.STAGE, text=f"WhatsApp gives a webhook up: {reason}")
            case _:
                pass

    def _acted(self, event: Acted) -> None:
        message = event.message
        if message.get("type") == "system":  # sent by WhatsApp itself, and not visible to people
            return
        kind, text, on = read_message(message)
        if event.form:
            text = "\n".join(["(form)", *event.form])
        stale = kind is Kind.TAPPED and on not in {"", self._newest.get(event.phone, "")}
        self._record(event.at_ms, event.phone, kind, text=text, wamid=event.wamid, on=on, stale=stale)

    def _record(self, at_ms: int, phone: str | None, kind: Kind, **what: Any) -> None:
        self._recorder.record(at_ms, self._names.get(phone or "", ""), kind, **what)


def read_message(message: Mapping[str, Any]) -> tuple[Kind, str, str]:
    """The kind and text of a person's message, and the id of the message that it answers."""
    kind = str(message.get("type", ""))
    on = str(message.get("context", {}).get("id", ""))
    content = message.get(kind, {})
    if kind == "text":
        return Kind.SAID, str(content.get("body", "")), on
    if kind == "button":
        return Kind.TAPPED, str(content.get("text", "")), on
    if kind == "reaction":
        return Kind.REACTED, str(content.get("emoji", "")), str(content.get("message_id", ""))
    if kind != "interactive" or not content:
        return Kind.SENT, kind, on
    reply = content.get(content.get("type", ""), {})
    if content.get("type") == "nfm_reply":
        return Kind.FILLED, _filled(str(reply.get("response_json", ""))), on
    return Kind.TAPPED, str(reply.get("title", "")), on


def _filled(response: str) -> str:
    """The answers in a form, line by line, without the flow token and the form's name."""
    answers = json.loads(response)
    shown = [f"{name}: {value}" for name, value in answers.items() if name not in {"flow_token", "form"}]
    return "\n".join(["(form)", *shown])
