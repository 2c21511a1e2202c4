"""The stored conversations: where they are, and how the command line names them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from simulator.errors import UnknownConversationError

__all__ = ("CONVERSATIONS", "find", "stored")

CONVERSATIONS: Final = Path(__file__).parents[1] / "conversations"


def stored(root: Path = CONVERSATIONS) -> list[Path]:
    """All stored conversation files, by flow, then name."""
    return sorted(root.glob("*/*.yaml"))


def find(word: str, root: Path = CONVERSATIONS) -> Iterator[Path]:
    """The files meant by a path, ``flow/name``, a name, or a flow.

    Raises:
        UnknownConversationError: nothing is meant by it.
    """
    path = Path(word)
    if path.suffix in {".yaml", ".yml"} or path.is_file():
        if not path.is_file():
            raise UnknownConversationError(f"there is no file {word}")
        yield path
        return
    files = stored(root)
    meant = [file for file in files if word in {f"{file.parent.name}/{file.stem}", file.stem, file.parent.name}]
    if not meant:
        flows = sorted({file.parent.name for file in files})
        near = get_close_matches(word.lower(), [*flows, *(file.stem for file in files)], n=1)
        guess = f"Did you mean {near[0]!r}? " if near else ""
        raise UnknownConversationError(
            f"no conversation is called {word!r}. {guess}`python -m simulator list` names them all; "
            f"their flows: {', '.join(flows)}."
        )
    yield from meant
