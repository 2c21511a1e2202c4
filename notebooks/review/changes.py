"""What changed for members between two versions of the bot: in words, and on phones before and after.

``python -m notebooks.review.changes REVISION`` says it in the terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import islice
from typing import Any, Final

from IPython.display import display

from notebooks.review.bubbles import Bubble, read_snapshot
from notebooks.review.graph import in_words
from notebooks.review.phones import Phone, phones
from notebooks.review.pictures import Picture, Table
from notebooks.review.versions import NoHistoryError, Version, now, version_at

__all__ = ("Changes", "compare", "what_changed_for_members")

MOST_SHOWN: Final = 6
"""The number of conversations shown on phones, each for a different change; all are named."""

MOST_BUBBLES: Final = 6
AMOUNT: Final = re.compile(r"[0-9][0-9,.]*")
"""Amounts are ignored when changes are compared."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different.

    Attributes:
        before: what the older version is called.
        after: what the newer version is called.
        sentences: the place (flow, step or conversation) and the change.
        phones: pairs of phones, before and after.
        trouble: why the versions cannot be compared; empty if they can.
    """

    before: str
    after: str
    sentences: tuple[tuple[str, str], ...] = ()
    phones: tuple[tuple[Phone, Phone], ...] = ()
    trouble: str = ""

    def table(self) -> Table:
        """The sentences."""
        return Table(("where", "what changed for members"), self.sentences, f"{self.after}, since {self.before}")

    def picture(self) -> Picture:
        """The phones."""
        return phones(*self.phones)

    def text(self) -> str:
        """The changes as text."""
        if self.trouble:
            return self.trouble
        if not self.sentences:
            return f"Nothing changed for members since {self.before}."
        return self.table().text()

    def _ipython_display_(self) -> None:
        if self.trouble or not self.sentences:
            sys.stdout.write(self.text() + "\n")
            return
        display(self.table())  # type: ignore[no-untyped-call]
        if self.phones:
            display(self.picture())  # type: ignore[no-untyped-call]


def what_changed_for_members(since: str) -> Changes:
    """What changed between a revision of git and the working tree: transcripts and flows.

    If the revision is not available (shallow clone, no git), the result says so.
    """
    try:
        return compare(version_at(since), now())
    except NoHistoryError as error:
        return Changes(since, "the working tree", trouble=str(error))


def compare(before: Version, after: Version) -> Changes:
    """The differences between two versions: graphs first, then transcripts."""
    sentences = [*_flows(before.graphs, after.graphs), *_conversations(before.transcripts, after.transcripts)]
    changed = [
        name
        for name, text in after.transcripts.items()
        if name in before.transcripts and before.transcripts[name] != text
    ]
    pairs = (_pair(name, before, after) for name in _telling(changed, before, after))
    shown = islice((pair for pair in pairs if pair is not None), MOST_SHOWN)
    return Changes(before.name, after.name, tuple(sentences), tuple(shown))


def _telling(changed: Sequence[str], before: Version, after: Version) -> Iterator[str]:
    """The conversations that show a change which no earlier one shows."""
    known: set[tuple[str, str]] = set()
    for name in changed:
        old, new = _marked(read_snapshot(before.transcripts[name]), read_snapshot(after.transcripts[name]))
        gone, came = _lines(old), _lines(new)
        fresh = {("gone", line) for line in gone - came} | {("came", line) for line in came - gone}
        if fresh - known:
            yield name
        known |= fresh


def _lines(side: Sequence[Bubble]) -> set[str]:
    return {AMOUNT.sub("0", line) for bubble in side if bubble.changed for line in bubble.words().split(" / ")}


# -- flows ----------------------------------------------------------------------------------------------------------


def _flows(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for flow in sorted(before.keys() - after.keys()):
        yield flow, f"the flow is gone: {before[flow]['title']}"
    for flow in sorted(after.keys() - before.keys()):
        yield flow, f"a new flow: {after[flow]['title']}"
    for flow in (name for name in after if name in before):
        if before[flow]["title"] != after[flow]["title"]:
            yield flow, f"is called “{after[flow]['title']}”, was “{before[flow]['title']}”"
        yield from _steps(flow, before[flow]["steps"], after[flow]["steps"])


def _steps(flow: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for step in (name for name in before if name not in after):
        yield f"{flow}.{step}", "the step is gone"
    for step, made in after.items():
        where = f"{flow}.{step}"
        if step not in before:
            exits = ", ".join(f"{in_words(name)} → {target or 'the end'}" for name, target in made["exits"].items())
            yield where, "a new step" + (f"; its exits: {exits}" if exits else ", where members stay until they go on")
            continue
        if before[step]["kind"] != made["kind"]:
            yield where, f"asks by {made['kind']}, asked by {before[step]['kind']}"
        yield from ((where, said) for said in _exits(before[step]["exits"], made["exits"]))


def _exits(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in (each for each in before if each not in after):
        yield f"the exit “{in_words(name)}” is gone (it led to {before[name] or 'the end'})"
    for name, target in after.items():
        if name not in before:
            yield f"a new exit “{in_words(name)}” → {target or 'the end'}"
        elif before[name] != target:
            yield f"the exit “{in_words(name)}” leads to {target or 'the end'}, led to {before[name] or 'the end'}"


# -- transcripts ----------------------------------------------------------------------------------------------------


def _conversations(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in sorted(before.keys() - after.keys()):
        yield name, f"the conversation is gone: {_title(before[name])}"
    for name in sorted(after.keys() - before.keys()):
        yield name, f"a new conversation: {_title(after[name])}"
    for name, text in after.items():
        if name in before and before[name] != text:
            yield name, _how(read_snapshot(before[name]), read_snapshot(text))


def _title(text: str) -> str:
    return text.partition("\n")[0]


def _how(before: Sequence[Bubble], after: Sequence[Bubble]) -> str:
    gone, came = (sum(bubble.changed for bubble in side) for side in _marked(before, after))
    if not gone and not came:
        return "the same messages, at other times"
    otherwise = min(gone, came)
    counted = ((otherwise, "changed"), (gone - otherwise, "gone"), (came - otherwise, "new"))
    return ", ".join(f"{number} message{'s' * (number != 1)} {what}" for number, what in counted if number)


def _pair(name: str, before: Version, after: Version) -> tuple[Phone, Phone] | None:
    """The first difference of two transcripts, with its context."""
    old, new = _marked(read_snapshot(before.transcripts[name]), read_snapshot(after.transcripts[name]))
    first = next((place for place, two in enumerate(zip(old, new, strict=False)) if two[0].said != two[1].said), None)
    if first is None:
        if len(old) == len(new):
            return None
        first = min(len(old), len(new))
    start = max(first - 1, 0)
    title = _title(after.transcripts[name])
    sides = [side[start : start + MOST_BUBBLES] for side in (old, new)]
    until = [max((place for place, bubble in enumerate(side) if bubble.changed), default=0) + 1 for side in sides]
    cut = [side[: max(*until, 2)] for side in sides]
    return Phone(f"before: {title}", cut[0], name), Phone(f"after: {title}", cut[1], name)


def _marked(before: Sequence[Bubble], after: Sequence[Bubble]) -> tuple[list[Bubble], list[Bubble]]:
    """Both sides, with what differs marked."""
    matcher = SequenceMatcher(None, [each.said for each in before], [each.said for each in after], autojunk=False)
    old, new = list(before), list(after)
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag != "equal":
            old[first:last] = [replace(bubble, changed=True) for bubble in old[first:last]]
            new[start:end] = [replace(bubble, changed=True) for bubble in new[start:end]]
    return old, new


def main() -> int:
    """The command."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and the revision
        sys.stderr.write("Usage: python -m notebooks.review.changes REVISION\n")
        return 2
    changes = what_changed_for_members(since=sys.argv[1])
    sys.stdout.write(changes.text() + "\n")
    return int(bool(changes.trouble))


if __name__ == "__main__":
    raise SystemExit(main())
