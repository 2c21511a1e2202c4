"""The flow framework: flows, sessions, turns, and `take_turn`, which takes one turn. Pure."""

from service.conversation.answers import Answers, known
from service.conversation.builder import ConversationError
from service.conversation.flow import (
    END,
    Chosen,
    CoreCall,
    Exit,
    Flow,
    MenuEntry,
    Question,
    Reply,
    Retry,
    Shortcut,
    Step,
    TurnContext,
    Typed,
    navigation_id,
)
from service.conversation.registry import FlowRegistry, FlowRegistryError, SystemTexts, Vocabulary
from service.conversation.session import Option, Session, Transition, Turn
from service.conversation.turn import (
    CONFIRM_WITHIN_MS,
    CallFinished,
    Event,
    Received,
    WriteReconciled,
    take_turn,
)

__all__ = (
    "CONFIRM_WITHIN_MS",
    "END",
    "Answers",
    "CallFinished",
    "Chosen",
    "ConversationError",
    "CoreCall",
    "Event",
    "Exit",
    "Flow",
    "FlowRegistry",
    "FlowRegistryError",
    "MenuEntry",
    "Option",
    "Question",
    "Received",
    "Reply",
    "Retry",
    "Session",
    "Shortcut",
    "Step",
    "SystemTexts",
    "Transition",
    "Turn",
    "TurnContext",
    "Typed",
    "Vocabulary",
    "WriteReconciled",
    "known",
    "navigation_id",
    "take_turn",
)
