"""Credex core as the bot sees it: the client, its errors, and what goes with them. Wire only."""

from __future__ import annotations

from service.credex.budget import Budget
from service.credex.client import CredexClient
from service.credex.errors import (
    Answered,
    Busy,
    CredexError,
    NoAnswer,
    NotFound,
    NotSent,
    Refusal,
    Refused,
    ServerError,
    TooManyRequests,
    Unauthorised,
)
from service.credex.http import open_http
from service.credex.tokens import CachedTokens, MemoryTokens, Tokens
from service.credex.values import CredexKind, CredexState, LedgerEntry, Written

__all__ = (
    "Answered",
    "Budget",
    "Busy",
    "CachedTokens",
    "CredexClient",
    "CredexError",
    "CredexKind",
    "CredexState",
    "LedgerEntry",
    "MemoryTokens",
    "NoAnswer",
    "NotFound",
    "NotSent",
    "Refusal",
    "Refused",
    "ServerError",
    "Tokens",
    "TooManyRequests",
    "Unauthorised",
    "Written",
    "open_http",
)
