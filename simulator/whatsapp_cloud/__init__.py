"""A simulator of Meta's WhatsApp Cloud API and of the phones behind it.

`limits` and `errors` hold facts with their sources; where Meta's behaviour is not published, `Config` decides.
"""

from __future__ import annotations

from .account import Account
from .api import CloudApi
from .app import graph_app, simulator_app
from .errors import (
    CODES,
    CloudError,
    Code,
    HandsetError,
    HandshakeFailedError,
    NotFilledInError,
    NotOnScreenError,
    RefusedError,
)
from .events import (
    Acted,
    Event,
    EventSignal,
    Reacted,
    SendRefused,
    Shown,
    StatusReported,
    TypingShown,
    Warned,
    WebhookAnswered,
    WebhookDropped,
)
from .faults import ArmedRule, Rule, RuleError, Rules, parse_rule, parse_rule_text
from .forms import FlowForm
from .handset import Handset, InboundMessage, scoped_id
from .in_process import InProcessTransport
from .limits import LIMITS, Limit
from .values import (
    ApprovedTemplate,
    Attempt,
    Bubble,
    Business,
    Choice,
    Config,
    DeliveryFault,
    StatusNote,
    TemplateButton,
    backing_off,
)

__all__ = (
    "CODES",
    "LIMITS",
    "Account",
    "Acted",
    "ApprovedTemplate",
    "ArmedRule",
    "Attempt",
    "Bubble",
    "Business",
    "Choice",
    "CloudApi",
    "CloudError",
    "Code",
    "Config",
    "DeliveryFault",
    "Event",
    "EventSignal",
    "FlowForm",
    "Handset",
    "HandsetError",
    "HandshakeFailedError",
    "InProcessTransport",
    "InboundMessage",
    "Limit",
    "NotFilledInError",
    "NotOnScreenError",
    "Reacted",
    "RefusedError",
    "Rule",
    "RuleError",
    "Rules",
    "SendRefused",
    "Shown",
    "StatusNote",
    "StatusReported",
    "TemplateButton",
    "TypingShown",
    "Warned",
    "WebhookAnswered",
    "WebhookDropped",
    "backing_off",
    "graph_app",
    "parse_rule",
    "parse_rule_text",
    "scoped_id",
    "simulator_app",
)
