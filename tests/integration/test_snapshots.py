"""Every stored conversation, and some generated ones, come out as they are kept under ``snapshots/``.

``pytest tests/integration/test_snapshots.py --snapshot-update`` keeps what comes out now. Read the difference before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from simulator.playback.generate import SNAPSHOT_SEEDS, generate
from simulator.playback.snapshots import generated_name, path_of, stored_names
from simulator.script.library import stored
from simulator.whatsapp_cloud.transcript.model import Transcript
from simulator.whatsapp_cloud.transcript.render import plain
from tests.integration.plays import Plays
from tests.integration.transcripts import TranscriptFiles

pytestmark = [pytest.mark.usefixtures("quiet"), pytest.mark.xdist_group("plays")]


def _stored(path: Path, plays: Plays) -> Transcript:
    return plays.transcript(path)


def _generated(seed: int, _: Plays) -> Transcript:
    return generate(seed).transcript


CONVERSATIONS: dict[str, Callable[[Plays], Transcript]] = {
    **{f"{path.parent.name}/{path.stem}": partial(_stored, path) for path in stored()},
    **{generated_name(seed): partial(_generated, seed) for seed in SNAPSHOT_SEEDS},
}


@pytest.fixture
def transcripts(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TranscriptFiles)


@pytest.mark.parametrize("name", CONVERSATIONS, ids=str)
def test_transcript(name: str, transcripts: SnapshotAssertion, plays: Plays) -> None:
    """What members see is what was reviewed, to the letter."""
    assert plain(CONVERSATIONS[name](plays)) == transcripts


def test_no_transcript_is_kept_of_what_is_no_longer_played(request: pytest.FixtureRequest) -> None:
    """A transcript whose conversation was deleted or renamed goes with it: an update deletes it."""
    orphans = sorted(set(stored_names()) - set(CONVERSATIONS))
    if request.config.option.update_snapshots:
        for name in orphans:
            path_of(name).unlink()
        orphans = []

    assert orphans == []
