"""Dead letters, for operators: what was given up, put back or dropped. Members are told by their pseudonyms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from service.mailbox import CommitResult, DeadLetter, Mailbox

__all__ = ("COMMANDS", "dead_letters")

COMMANDS = ("list", "put-back", "drop")
PAGE = 50
HOUR_MS = 3_600_000


async def dead_letters(
    mailbox: Mailbox, deed: str, names: frozenset[str], *, now_ms: int, pseudonym: Callable[[str], str]
) -> list[str]:
    """Do it, and tell a line for each letter.

    Args:
        mailbox: where they lie.
        deed: one of `COMMANDS`. What is put back goes to the end of its inbox and starts afresh: it confirms nothing.
        names: of the letters meant, as `list` shows them; empty for none, unless they are listed.
        now_ms: now.
        pseudonym: what logs call a member.
    """
    lines = []
    for letter in [letter async for letter in _all(mailbox)]:
        name = f"{pseudonym(letter.member)}-{letter.seq}-{letter.died_at_ms}"
        if deed == "list":
            lines.append(_shown(letter, name, now_ms))
        elif name in names:
            outcome = await (mailbox.drop(letter) if deed == "drop" else mailbox.redrive(letter, now_ms))
            lines.append(f"{name}: {_told(deed, outcome)}")
            names -= {name}
    return lines + [f"{name}: there is no such letter" for name in sorted(names)]


async def _all(mailbox: Mailbox) -> AsyncIterator[DeadLetter]:
    start = 0
    while letters := await mailbox.dead_letters(start, PAGE):
        for letter in letters:
            yield letter
        start += len(letters)


def _shown(letter: DeadLetter, name: str, now_ms: int) -> str:
    what = "a look at a write" if letter.is_pending_writes else "a message"
    return f"{name}: {what}, given up {(now_ms - letter.died_at_ms) / HOUR_MS:.1f} h ago: {letter.reason}"


def _told(deed: str, outcome: CommitResult) -> str:
    if outcome is CommitResult.LOST:
        return "a worker holds this member, or another write of theirs is open: try again"
    if outcome is CommitResult.DONE:
        return "was no longer there"
    return "dropped" if deed == "drop" else "put back"
