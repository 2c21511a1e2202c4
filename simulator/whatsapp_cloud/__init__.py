"""Meta's side of WhatsApp: the Cloud API as a bot meets it, and the phones behind it.

It knows nothing of any particular bot. Facts and their sources are in `limits` and `errors`; what Meta does not publish
is a knob in `Config`.
"""

from __future__ import annotations

from .account import Account
from .api import CloudApi
from .app import graph_app
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
from .faults import ArmedRule, Rule, RuleError, Rules, read_rule, read_words
from .forms import FlowForm
from .handset import Handset, Written, scoped_id
from .in_process import InProcess
from .limits import LIMITS, Limit
from .values import (
    Acted,
    Approved,
    Attempt,
    Bubble,
    Business,
    Choice,
    Config,
    DeliveryFault,
    Event,
    Reacted,
    SendRefused,
    Shown,
    StatusNote,
    StatusReported,
    TemplateButton,
    TypingShown,
    Warned,
    WebhookAnswered,
    WebhookDropped,
    backing_off,
)

__all__ = (
    "CODES",
    "LIMITS",
    "Account",
    "Acted",
    "Approved",
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
    "FlowForm",
    "Handset",
    "HandsetError",
    "HandshakeFailedError",
    "InProcess",
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
    "Written",
    "backing_off",
    "graph_app",
    "read_rule",
    "read_words",
    "scoped_id",
)
