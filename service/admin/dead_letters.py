"""Lists, redrives and drops dead letters for operators. Members appear by their pseudonyms."""

from collections.abc import AsyncIterator, Callable

from service.mailbox import CommitResult, DeadLetter, Mailbox

COMMANDS = ("list", "put-back", "drop")
PAGE = 50
HOUR_MS = 3_600_000


async def dead_letters(
    mailbox: Mailbox, command: str, names: frozenset[str], *, now_ms: int, pseudonym: Callable[[str], str]
) -> list[str]:
    """Executes the command, one of `COMMANDS`, and returns a line for each letter.

    ``names`` are the letters as `list` shows them. `put-back` appends a message to its inbox and deletes the session.
    """
    lines = []
    for letter in [letter async for letter in _all(mailbox)]:
        name = f"{pseudonym(letter.member)}-{letter.seq}-{letter.died_at_ms}"
        if command == "list":
            lines.append(_shown(letter, name, now_ms))
        elif name in names:
            result = await (mailbox.drop(letter) if command == "drop" else mailbox.redrive(letter, now_ms))
            lines.append(f"{name}: {_described(command, result)}")
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


def _described(command: str, result: CommitResult) -> str:
    if result is CommitResult.LOST:
        return "a worker holds this member, or another write of theirs is open: try again"
    if result is CommitResult.DONE:
        return "was no longer there"
    return "dropped" if command == "drop" else "put back"
