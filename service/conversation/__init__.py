"""The flow framework: flows, sessions, turns, and `advance`, which takes one turn. Pure."""

from __future__ import annotations

from service.conversation.flow import (
    END,
    Ask,
    CallCore,
    Chosen,
    Exit,
    Flow,
    Reply,
    Retry,
    Scene,
    Shortcut,
    Step,
    Typed,
    navigation_id,
)
from service.conversation.registry import Book, BookError, Phrases, Words
from service.conversation.session import Option, Session, Turn, Walked
from service.conversation.turn import CONFIRM_WITHIN_MS, Answered, EngineError, Event, Found, Received, advance

__all__ = (
    "CONFIRM_WITHIN_MS",
    "END",
    "Answered",
    "Ask",
    "Book",
    "BookError",
    "CallCore",
    "Chosen",
    "EngineError",
    "Event",
    "Exit",
    "Flow",
    "Found",
    "Option",
    "Phrases",
    "Received",
    "Reply",
    "Retry",
    "Scene",
    "Session",
    "Shortcut",
    "Step",
    "Turn",
    "Typed",
    "Walked",
    "Words",
    "advance",
    "navigation_id",
)
