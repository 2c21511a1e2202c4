"""Lines that make Credex core odd in a conversation."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from simulator.credex_core import Quirks
from simulator.errors import ConversationError
from simulator.playback.player import replay
from simulator.script.conversation import parse
from simulator.whatsapp_cloud.transcript.model import Kind
from simulator.world.world import World
from tests.integration.echo_bot import EchoBot

pytestmark = pytest.mark.usefixtures("quiet")

TEXT = """
title: Odd
people:
  Tariro: {{phone: "+263 77 123 4567"}}
lines:
{lines}
"""


def oddities(*values: str) -> tuple[Quirks, Sequence[str]]:
    """How core is after such lines, and what the transcript says of it."""
    worlds: list[World] = []
    lines = "\n".join(f"  - odd: {value}" for value in values)
    conversation = parse(TEXT.format(lines=lines), file="test.yaml", flow="flow", name="name")
    made = replay(conversation, run_bot=EchoBot, bend=worlds.append)
    return worlds[0].core.quirks, [moment.text for moment in made.moments if moment.kind is Kind.STAGE]


@pytest.mark.parametrize(
    ("values", "quirks"),
    [
        (["null_tier"], Quirks(null_tier=True)),
        (["null_tier", "negative_zero"], Quirks(null_tier=True, negative_zero=True)),
        (["[null_tier, created_but_404]"], Quirks(null_tier=True, created_but_404=1)),
        (["all of form"], Quirks.format_only()),
        (["[all of form, null_tier]"], Quirks.format_only().union(Quirks(null_tier=True))),
        (["everything"], Quirks.everything()),
        (["everything", "none"], Quirks()),
    ],
)
def test_core_takes_one_oddity_several_or_a_group(values: list[str], quirks: Quirks) -> None:
    """Lines add up until one of them says none."""
    assert oddities(*values)[0] == quirks


def test_the_transcript_says_how_core_is_odd() -> None:
    """In words."""
    said = oddities("[null_tier, negative_zero]", "none")[1]
    assert said == ["Credex core is odd: null tier, negative zero", "Credex core is odd: no more"]


def test_an_oddity_that_nobody_knows_is_named_with_the_nearest() -> None:
    """Where it stands, and what may have been meant."""
    with pytest.raises(ConversationError) as caught:
        oddities("[null_tier, negative_zeros]")
    assert "not known to be odd like this: 'negative_zeros'" in str(caught.value)
    assert "negative_zero" in str(caught.value)
