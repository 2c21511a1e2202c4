"""The flow framework: flows, sessions, turns, and `advance`, which takes one turn. Pure."""

from __future__ import annotations

from service.engine.advance import CONFIRM_WITHIN_MS, Answered, EngineError, Event, Found, Received, advance
from service.engine.book import Book, BookError, Phrases, Words
from service.engine.flow import (
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
from service.engine.session import Option, Session, Turn, Walked

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
