"""What is synthesised is what was reviewed."""

from __future__ import annotations

import json

from tests.infrastructure.conftest import SNAPSHOTS, STACKS, Synthesised
from tests.infrastructure.stacks import text_of


def test_the_stacks_are_as_their_snapshots_say(synthesised: Synthesised) -> None:
    """A change of what is to be built is seen in review, resource by resource (`make infra-snapshots`)."""
    fresh = {name: text_of(json.loads(path.read_text("utf-8"))) for name, path in synthesised.files.items()}
    kept = {path.stem: path.read_text("utf-8") for path in SNAPSHOTS.glob("*.json")}

    assert sorted(kept) == sorted(STACKS)
    assert [name for name in STACKS if fresh[name] != kept[name]] == []
