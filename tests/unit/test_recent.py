"""Bounded memory of what was seen lately."""

from __future__ import annotations

from service.runtime.recent_ids import RecentIds


def test_the_newest_are_remembered_and_the_oldest_forgotten() -> None:
    """However much is added, only so many words are kept, and a word added twice counts once."""
    recent = RecentIds(2)
    for word in ("a", "b", "a", "c"):
        recent.add(word)

    assert [word in recent for word in "abc"] == [False, True, True]
