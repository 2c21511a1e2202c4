"""The index of the transcripts: the capabilities of VimbisoPay, and which conversations show them.

A conversation lists under ``covers`` the capabilities that it shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ("CAPABILITIES", "index")

CAPABILITIES: Final = {
    "Coming in": {
        "greetings": "Greetings in several languages, answered with one that fits the hour",
        "leaving": "Menu, home, cancel and x, from anywhere",
        "numbers": "Choices by their number or title, typed instead of tapped",
        "thanks": "Thanks, ok and thumbs up, answered with a reaction",
        "unreadable": "Pictures, voice notes, polls and all else that cannot be read: one short hint",
        "help": "Help, and what VimbisoPay is",
        "cash": "Cash in and cash out",
        "one moment": "Waiting for Credex: a typing indicator, then a word",
        "old buttons": "Buttons of yesterday",
    },
    "Registration": {
        "registration by questions": "By questions, with the name as it will be stored",
        "registration by form": "By a WhatsApp form",
        "hidden number": "Members who hide their number, and numbers that change",
    },
    "Accounts": {
        "business account by questions": "A business account by questions",
        "business account by form": "A business account by a WhatsApp form",
        "account picker": "Several accounts: the list, and the choice that the highest tier makes first",
        "switch account": "Acting for another account",
    },
    "Dashboard": {
        "dashboard": "Balances, net assets, what may still be offered today, pending offers",
        "without backing": "What is owed without backing",
    },
    "Offering": {
        "offer": "A secured offer, by questions",
        "offer in one line": "A secured offer in one line: 0.5=>handle",
        "pay later": "An unsecured offer with a due date, by questions",
        "pay later in one line": "An unsecured offer in one line: 0.5->handle, 0.5->handle=2026-12-03",
        "source account": "The account that an offer comes from",
        "confirm": "Confirm and cancel, and answers that come too early, too late or twice",
        "limits": "Limits and balances: a warning, and what Credex says",
    },
    "Pending offers": {
        "incoming": "Incoming offers: the list and one of them",
        "outgoing": "Outgoing offers: the list and one of them",
        "accept": "Accept",
        "decline": "Decline",
        "cancel offer": "Cancel",
        "accept all": "Accept all",
        "gone": "Offers that are gone meanwhile",
    },
    "Ledger": {
        "ledger": "Pages, newest first",
        "ledger entry": "One entry",
    },
    "People of an account": {
        "people": "Who may act for it",
        "authorise": "Let another member act for it",
        "un-authorise": "No longer",
        "notice recipient": "Who is told of its offers",
    },
    "Tiers": {
        "upgrade": "The hustler tier: 1 USD for 28 days",
    },
    "Notices from Credex": {
        "notice": "A notice within a day of the member's last word",
        "template": "A notice after more than a day, as a template",
        "view pending": "From the notice to the offer",
        "core webhooks": "Signed events of accounts, members and offers",
    },
    "When something fails": {
        "credex fails": "Credex is slow, away or confused: what members are told while nothing of value moves",
        "money is safe": "Credex fails, or the bot dies, while an offer is made, accepted, declined or cancelled",
        "not known yet": "What became of it is not known: said, looked after, and told",
        "whatsapp fails": "WhatsApp repeats, delays or refuses messages",
        "redis fails": "A Redis is away or loses answers",
    },
}
"""The capabilities by section: the key that conversations name, and the text of the index."""


def index(shown: Iterable[tuple[str, str, Iterable[str]]]) -> str:
    """The index as Markdown.

    Args:
        shown: name, title and covered keys of each conversation.
    """
    by_key: dict[str, list[tuple[str, str]]] = {key: [] for keys in CAPABILITIES.values() for key in keys}
    for name, title, covers in shown:
        for key in covers:
            by_key[key].append((name, title))
    lines = [_HEAD]
    for section, keys in CAPABILITIES.items():
        lines += [f"## {section}", ""]
        for key, words in keys.items():
            lines += [f"**{words}**", ""]
            lines += [f"- [{title}]({name}.txt)" for name, title in sorted(by_key[key])] or ["- (nothing yet)"]
            lines.append("")
    return "\n".join(lines)


_HEAD: Final = """# What there is to see

What can be done with VimbisoPay, and the transcripts that show it, as a member sees them on the phone. Made from the
conversations' `covers` by `make snapshots`; a test holds it true. `python -m simulator coverage` tells the same from
within: which exits of the flows the conversations take.
"""
