"""``snapshots/README.md`` leads from what VimbisoPay can do to the transcripts that show it."""

from __future__ import annotations

from collections import Counter

import pytest

from simulator.errors import ConversationError
from simulator.playback.snapshots import SNAPSHOTS
from simulator.script.capabilities import CAPABILITIES, index
from simulator.script.conversation import load, parse
from simulator.script.library import stored

README = SNAPSHOTS / "README.md"
KEYS = [key for keys in CAPABILITIES.values() for key in keys]


def written() -> str:
    conversations = [load(path) for path in stored()]
    return index((each.id, each.title, each.covers) for each in conversations)


def test_the_index_is_as_the_conversations_say(request: pytest.FixtureRequest) -> None:
    """`make snapshots` writes it anew."""
    if request.config.option.update_snapshots:
        README.write_text(written(), "utf-8")

    assert README.read_text("utf-8") == written()


def test_everything_that_can_be_done_is_shown() -> None:
    """Each line of the index leads somewhere."""
    covered = {key for path in stored() for key in load(path).covers}

    assert [key for key in KEYS if key not in covered] == []


def test_every_conversation_is_in_the_index() -> None:
    """Otherwise nobody would find it."""
    assert [f"{path.parent.name}/{path.stem}" for path in stored() if not load(path).covers] == []


def test_no_two_transcripts_of_a_list_have_the_same_title() -> None:
    """A reader who looks for one of them must see which it is."""
    conversations = [load(path) for path in stored()]
    listed = Counter((key, each.title) for each in conversations for key in each.covers)

    assert [which for which, times in listed.items() if times > 1] == []


def test_no_key_stands_for_two_things() -> None:
    """A conversation names a key alone."""
    assert len(set(KEYS)) == len(KEYS)


def test_a_key_that_is_not_in_the_index_is_told_with_those_that_are() -> None:
    """With file and line, as everything in a conversation file."""
    text = "title: A\ncovers: [helf]\npeople:\n  A: {phone: '+263771234567'}\nlines:\n  - A: hi\n"

    with pytest.raises(ConversationError, match=r"a\.yaml:2.*helf(.|\n)*help"):
        parse(text, file="a.yaml", flow="a", name="a")
