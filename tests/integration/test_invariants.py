"""What explored worlds are held to holds for all stored conversations, and is read from the bot's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.explore.invariants.checker import INVARIANTS
from simulator.explore.run import play
from simulator.script.conversation import load
from simulator.script.library import CONVERSATIONS, stored


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("path", stored(), ids=lambda path: str(path.relative_to(CONVERSATIONS).with_suffix("")))
def test_every_stored_conversation_keeps_its_promises(path: Path) -> None:
    """Whatever goes wrong in a conversation, no promise is broken by it, and each was looked at after every line."""
    conversation = load(path)

    outcome = play(conversation)

    assert outcome.violations == ()
    assert outcome.checked == dict.fromkeys(INVARIANTS, len(conversation.lines) + 2)


UNHEARD = """
title: Help, and nobody heard that it was asked for
about: The bot has the message, and answers it; that it has it, WhatsApp hears at the fourth time.
people:
  Ropafadzo: {phone: "+263 77 700 1916", name: Ropafadzo Zhou, member: {tier: 5, balances: ["64.18 USD"]}}
lines:
  - network: {with: reset, when: after, times: 3}
  - Ropafadzo: help
  - wait: 1 min
"""


@pytest.mark.usefixtures("quiet")
def test_what_was_answered_before_whatsapp_heard_of_it_is_answered() -> None:
    """The answer, and the help, are there before the message counts as taken: they are for it, not for none."""
    assert play(UNHEARD).violations == ()


def test_every_promise_is_one_sentence() -> None:
    """A promise that takes more words than one sentence is two promises."""
    assert [name for name, sentence in INVARIANTS.items() if sentence.count(".") != 1 or sentence[-1] != "."] == []
