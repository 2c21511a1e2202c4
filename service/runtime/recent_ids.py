"""What was seen lately, in bounded memory."""

from __future__ import annotations

from collections import deque

__all__ = ("RecentIds",)


class RecentIds:
    """The newest so many words; older ones are forgotten."""

    def __init__(self, most: int) -> None:
        """Keep at most this many."""
        self._order: deque[str] = deque()
        self._words: set[str] = set()
        self._most = most

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def add(self, word: str) -> None:
        """Remember a word."""
        if word in self._words:
            return
        self._words.add(word)
        self._order.append(word)
        if len(self._order) > self._most:
            self._words.discard(self._order.popleft())
