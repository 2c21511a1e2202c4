"""Reads statements about writes from the bot's messages, so that they can be compared with the ledger.

Each rule matches one sentence of the flows. If a sentence changes and no rule matches it, its write counts as not
reported, which violates an invariant: so this table cannot become outdated unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ("GROUPS", "Claim", "Meaning", "claims", "is_given_up", "is_late_result", "is_unsolicited")


class Meaning(StrEnum):
    """What a sentence states about a write."""

    DONE = "done"
    NOT = "not done"
    UNCLEAR = "no longer waiting, whoever ended it"
    UNKNOWN = "not known yet"
    STOPPED = "not known, and no longer looked for"


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about a write.

    Attributes:
        group: the kind of write (see `GROUPS`).
        endpoint: of the write; empty if the sentence does not tell.
        amount: as shown; empty if there is none.
        party: the other side, as shown.
    """

    group: str
    endpoint: str
    meaning: Meaning
    amount: str = ""
    party: str = ""


GROUPS: Final = {
    "createCredex": "offer",
    "acceptCredex": "end",
    "declineCredex": "end",
    "cancelCredex": "end",
    "createAccount": "account",
    "authorizeForAccount": "people",
    "unauthorizeForAccount": "people",
    "updateSendOffersTo": "people",
    "hustler10k": "upgrade",
    "onboardMember": "registration",
}
"""Groups of endpoints whose writes are described by the same sentences."""

_A, _P = r"\*(?P<amount>[^*]+)\*", r"\*(?P<party>[^*]+)\*"
_MINE = rf"your offer of {_A} to {_P}"
_EITHER = rf"(?:the|your) offer of {_A} (?:from|to) {_P}"
_SHORT = rf"[Tt]he offer of {_A} \((?P<party>.+?)\)"
_LINE = rf"{_A} from (?P<party>.+?)(?:,.*)?$"

_D, _N, _U, _X, _S = Meaning.DONE, Meaning.NOT, Meaning.UNKNOWN, Meaning.UNCLEAR, Meaning.STOPPED

_RULES: Final[tuple[tuple[str, str, Meaning, str], ...]] = (
    ("offer", "createCredex", _D, rf"✅ You offered {_A} to {_P}\."),
    ("offer", "createCredex", _D, rf"I looked again: {_MINE} was made\."),
    ("offer", "createCredex", _N, rf"Credex refused the offer of {_A} to {_P}:"),
    ("offer", "createCredex", _N, rf"{_MINE} was \*not\* made\."),
    ("offer", "createCredex", _U, rf"I do \*not know yet\* whether {_MINE} was made\."),
    ("offer", "createCredex", _S, rf"I could not find out whether {_MINE} was made, and I have stopped looking"),
    ("end", "acceptCredex", _D, rf"✅ You accepted {_A} from {_P}\."),
    ("end", "declineCredex", _D, rf"You declined {_A} from {_P}\."),
    ("end", "cancelCredex", _D, rf"You took back your offer of {_A} to {_P}\."),
    ("end", "", _X, rf"{_SHORT} is no longer waiting\. Credex did not answer clearly"),
    ("end", "", _X, rf"I looked again: {_EITHER} is no longer waiting\. I cannot tell"),
    ("end", "", _N, rf"I looked again: {_EITHER} is no longer waiting, but it ended in another way"),
    ("end", "", _N, rf"{_SHORT} still waits\."),
    ("end", "", _N, rf"{_EITHER} still waits\."),
    ("end", "", _U, rf"I do \*not know yet\* what became of {_SHORT}\."),
    ("end", "acceptCredex", _S, rf"I could not find out whether you accepted {_A} from {_P}, and I have stopped"),
    ("end", "declineCredex", _S, rf"I could not find out whether you declined {_A} from {_P}, and I have stopped"),
    ("end", "cancelCredex", _S, rf"I could not find out whether you took back {_MINE}, and I have stopped looking"),
    ("end", "acceptCredex", _D, rf"^✅ {_LINE}"),
    ("end", "acceptCredex", _X, rf"^❌ no longer waiting: {_LINE}"),
    ("end", "acceptCredex", _N, rf"^❌ (?:Credex refused|not accepted, still waits): {_LINE}"),
    ("end", "acceptCredex", _U, rf"^❓ not known yet: {_LINE}"),
    ("account", "createAccount", _D, rf"✅ The account {_P} is open\."),
    ("account", "createAccount", _D, rf"✅ I looked again: the account {_P} .*is open\."),
    ("account", "createAccount", _N, rf"the account {_P} .*was \*not\* opened"),
    ("account", "createAccount", _N, r"No account was opened\."),
    ("account", "createAccount", _U, rf"I do \*not know yet\* whether the account {_P} was opened"),
    ("account", "createAccount", _S, rf"I could not find out whether the account {_P} "),
    ("people", "authorizeForAccount", _D, rf"✅ {_P} may now act for"),
    ("people", "unauthorizeForAccount", _D, rf"✅ {_P} can no longer act for"),
    ("people", "updateSendOffersTo", _D, rf"✅ {_P} is now told of new offers"),
    ("people", "", _X, r"Nothing had to be changed\."),
    ("people", "", _U, rf"I do \*not know yet\* whether {_P} (?:may|is now told)"),
    ("people", "", _S, rf"I could not find out whether {_P} (?:may|is now told)"),
    ("upgrade", "hustler10k", _D, r"✅ (?:I looked again: y|Y)ou now have the \*hustler tier\*"),
    ("upgrade", "hustler10k", _X, r"[Yy]ou have the hustler tier or a higher one"),
    ("upgrade", "hustler10k", _N, r"nothing was paid|Nothing was paid"),
    ("upgrade", "hustler10k", _U, r"I do \*not know yet\* whether .* was paid and your tier raised"),
    ("upgrade", "hustler10k", _S, r"I could not find out what became of your upgrade"),
    ("registration", "onboardMember", _D, r"Your registration went through"),
    ("registration", "onboardMember", _N, r"you are \*not\* registered yet|Your registration did not go through"),
    ("registration", "onboardMember", _U, r"I do not know yet whether you are registered"),
    ("registration", "onboardMember", _S, r"I could not find out whether your registration went through"),
)

_COMPILED: Final = tuple(
    (group, endpoint, said, re.compile(text, re.MULTILINE)) for group, endpoint, said, text in _RULES
)

# A repeated screen begins with a reason; its statements about writes are repetitions.
_NEW: Final = re.compile(
    r"\A(?:Credex answered unclearly, so I looked: it is there\.\n\n)?"
    r"(?:✅|I looked again|You (?:declined|took back)|Accepted \d|Your registration)"
)
_LATE_RESULT: Final = re.compile(r"I looked again|I have stopped looking|Your registration (?:went|did not go) through")
_PROGRESS: Final = ("Credex is slow just now.",)
_CORE_EVENT: Final = re.compile(r"there is news:|^Your membership was changed|^The account .* was changed")
_GIVEN_UP: Final = "Something went wrong on our side with your last message, and I could not finish it."


def claims(body: str) -> Iterator[Claim]:
    """The statements in a message about writes; those about done writes only if they are new."""
    is_new = _NEW.search(body) is not None
    for group, endpoint, meaning, pattern in _COMPILED:
        if meaning is Meaning.DONE and not is_new:
            continue
        for found in pattern.finditer(body):
            parts = found.groupdict()
            yield Claim(group, endpoint, meaning, parts.get("amount") or "", parts.get("party") or "")


def is_late_result(body: str) -> bool:
    """Whether a message reports the outcome of an earlier write and so answers no message."""
    return _LATE_RESULT.search(body) is not None


def is_unsolicited(body: str) -> bool:
    """Whether a message reports progress or an event of core and so answers no message."""
    return body.startswith(_PROGRESS) or _CORE_EVENT.search(body) is not None


def is_given_up(body: str) -> bool:
    """Whether a message reports that a member's message could not be finished."""
    return body.startswith(_GIVEN_UP)
