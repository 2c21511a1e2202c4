"""Transcripts of conversations played before are shown again only while nothing they depend on has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.playback.cache import ReplayCache, sources_digest
from simulator.playback.runner import play_all
from simulator.script.library import find
from simulator.whatsapp_cloud.transcript.model import Transcript

TRANSCRIPT = Transcript("Title", "About", 0, ("Tariro",), ())


@pytest.fixture
def conversation(tmp_path: Path) -> Path:
    path = tmp_path / "offer" / "one.yaml"
    path.parent.mkdir()
    path.write_text("title: one\n", "utf-8")
    return path


def test_what_was_kept_is_found_for_the_same_conversation_and_seed_only(tmp_path: Path, conversation: Path) -> None:
    """A line changed, or another seed, and it is played again."""
    cache = ReplayCache.of("sources", at=tmp_path / "shelf")
    assert cache.find(conversation, 1) is None
    cache.keep(conversation, 1, TRANSCRIPT)

    assert cache.find(conversation, 1) == TRANSCRIPT
    assert cache.find(conversation, 2) is None
    conversation.write_text("title: two\n", "utf-8")
    assert cache.find(conversation, 1) is None


def test_other_sources_find_nothing_and_clear_what_is_stale(tmp_path: Path, conversation: Path) -> None:
    """A change of any source makes all transcripts stale."""
    ReplayCache.of("then", at=tmp_path / "shelf").keep(conversation, 1, TRANSCRIPT)
    now = ReplayCache.of("now", at=tmp_path / "shelf")

    assert now.find(conversation, 1) is None
    assert list((tmp_path / "shelf").iterdir()) == []


def test_a_spoilt_record_is_played_again(tmp_path: Path, conversation: Path) -> None:
    """Whatever stands there."""
    cache = ReplayCache.of("sources", at=tmp_path / "shelf")
    cache.keep(conversation, 1, TRANSCRIPT)
    for record in (tmp_path / "shelf" / "sources").iterdir():
        record.write_bytes(b"spoilt")

    assert cache.find(conversation, 1) is None


def test_every_source_and_lock_counts_and_conversations_do_not(tmp_path: Path) -> None:
    """Conversations count one by one: a change of one must not make the others stale."""
    (tmp_path / "service").mkdir()
    source = tmp_path / "service" / "a.lua"
    digests = [sources_digest(tmp_path)]
    for path in (source, tmp_path / "replay.lock"):
        path.write_text("one", "utf-8")
        digests.append(sources_digest(tmp_path))
    source.write_text("two", "utf-8")
    digests.append(sources_digest(tmp_path))

    assert len(set(digests)) == 4
    assert sources_digest(tmp_path) == digests[-1]


def test_a_conversation_is_played_once_and_compared_each_time(tmp_path: Path) -> None:
    """The second report says so, and holds the same transcript."""
    cache = ReplayCache.of("sources", at=tmp_path)
    (path,) = find("registration/stranger")
    first, second = (play_all([path], cache=cache) for _ in range(2))

    assert [report.cached for report in (first, second)] == [0, 1]
    assert second.played[0].transcript == first.played[0].transcript
    assert second.good
