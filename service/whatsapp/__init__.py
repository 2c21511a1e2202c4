"""The WhatsApp Cloud API: webhooks in, Graph API out."""

from service.whatsapp.decode import Status, WebhookPayload, decode
from service.whatsapp.encode import encode
from service.whatsapp.errors import (
    GraphError,
    NoAnswerError,
    NotAnEnvelopeError,
    NotSentError,
    NotStoredError,
    PairLimitedError,
    RejectedError,
    SendingStoppedError,
    ThrottledError,
    TransientError,
    WhatsAppError,
    WindowClosedError,
)
from service.whatsapp.forms import DEFINITIONS as FORMS
from service.whatsapp.forms import form_tokens
from service.whatsapp.graph import GraphClient
from service.whatsapp.signature import sign, verify
from service.whatsapp.templates import INCOMING

__all__ = (
    "FORMS",
    "INCOMING",
    "GraphClient",
    "GraphError",
    "NoAnswerError",
    "NotAnEnvelopeError",
    "NotSentError",
    "NotStoredError",
    "PairLimitedError",
    "RejectedError",
    "SendingStoppedError",
    "Status",
    "ThrottledError",
    "TransientError",
    "WebhookPayload",
    "WhatsAppError",
    "WindowClosedError",
    "decode",
    "encode",
    "form_tokens",
    "sign",
    "verify",
)
