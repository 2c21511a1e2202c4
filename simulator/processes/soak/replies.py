"""Classifies the bot's messages by words that only one kind of message contains."""

from __future__ import annotations

import re
from typing import Final

from simulator.explore.invariants.claims import is_given_up
from simulator.whatsapp_cloud import Bubble

__all__ = ("classify",)

_LABELS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("old button", r"That button is from an earlier message"),
        ("look again", r"I did nothing yet: that answer was given before"),
        ("away", r"I cannot reach Credex at the moment"),
        ("joined", r"You are now a member\.|This number is a member already"),
        ("not joined", r"\*not\* registered yet"),
        ("joining unknown", r"I do not know yet whether you are registered"),
        (
            "offered",
            r"✅ You offered \*|our offer of .*was \*not\* made|Credex refused the offer|\*not know yet\* whether",
        ),
        ("may be twice", r"^⚠️ (?:I looked first|Not sent yet)"),
        ("ended", r"✅ You accepted \*|You declined \*|You took back your offer"),
        ("ended", r"^The offer of .*no longer waiting|^Credex refused:|still waits\.|\*not know yet\* what became"),
        ("gone", r"That offer is no longer waiting"),
        ("offer?", r"Offer \*.+\* to \*.+\* \(.+\)\?"),
        ("accept?", r"^Accept \*.+\* from"),
        ("decline?", r"^Decline \*.+\* from"),
        ("cancel?", r"^Take back your offer of"),
        ("incoming offer", r"offered to you by"),
        ("outgoing offer", r"They have not answered yet"),
        ("incoming", r"Offers that wait for you: "),
        ("no incoming", r"No offers wait for you"),
        ("outgoing", r"Your offers that wait: "),
        ("no outgoing", r"You have no offers waiting"),
        ("dashboard", r"Handle: "),
        ("help", r"keeps your credexes"),
        ("welcome", r"Your number is not registered yet"),
        ("first name?", r"What is your first name\?"),
        ("last name?", r"And your last name\?"),
        ("register?", r"You will be registered as"),
    )
)
"""Kinds of messages and their patterns; the first match counts."""


def classify(bubble: Bubble) -> str:
    """The kind of a message; its text if the kind is unknown."""
    if is_given_up(bubble.body):
        return "given up"
    return next((name for name, pattern in _LABELS if pattern.search(bubble.body)), bubble.body)
