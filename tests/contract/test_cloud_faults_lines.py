"""What lines of a conversation may say about WhatsApp, and what is said of a line that says nothing that can be."""

from __future__ import annotations

import pytest

from simulator.errors import ConversationError
from simulator.playback.player import replay
from simulator.script.conversation import parse
from simulator.script.directives.handset import VERBS
from simulator.script.directives.whatsapp import STAGE
from simulator.whatsapp_cloud.transcript.model import Kind

PEOPLE = """\
title: A test
people:
  Tariro: {phone: "+263 77 123 4567"}
lines:
"""


def written(*lines: str) -> str:
    """A conversation of these lines."""
    return PEOPLE + "".join(f"  - {line}\n" for line in lines)


def problems(line: str) -> str:
    """What is said of a line."""
    with pytest.raises(ConversationError) as wrong:
        parse(written(line), file="f.yaml", flow="f", name="n")
    return str(wrong.value)


def directions(*lines: str) -> list[str]:
    """The stage directions that come of lines."""
    transcript = replay(parse(written(*lines), file="f.yaml", flow="f", name="n"))
    return [moment.text for moment in transcript.moments if moment.kind is Kind.STAGE]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("whatsapp: {on: messages, do: refuse}", "'refuse' needs 'code'"),
        ("whatsapp: {on: messages, do: duplicate}", "'duplicate' cannot be done to messages"),
        ("whatsapp: {on: messages, do: reset, too: Tariro}", "too"),
        ("whatsapp: {on: messages, do: reset, to: Farai}", "nobody here is called 'Farai'"),
        ("whatsapp: {on: webhooks, do: delay, ms: soon}", "not a duration: 'soon'"),
        ("whatsapp: {do: reset}", "on"),
        ("webhooks: {in_order: maybe}", "neither true nor false: 'maybe'"),
        ("webhooks: {batch_shape: round}", "no shape of a batch: 'round'"),
        ("webhooks: {hat: true}", "hat"),
        ("meta announces: rain", "nothing to announce: 'rain'"),
        ("Tariro phone: broken", "a phone is on or off, not 'broken'"),
        ("Tariro changes user id: nobody", "nobody"),
    ],
)
def test_a_line_that_cannot_be_is_told_with_what_could_be(line: str, said: str) -> None:
    """The place, what is wrong, and what would be right."""
    told = problems(line)
    assert said in told
    assert "f.yaml:5" in told


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "whatsapp: {on: messages, do: hang, taken: true, to: Tariro}",
            "WhatsApp takes what is sent, but does not answer what is sent to Tariro",
        ),
        (
            "whatsapp: {on: webhooks, do: delay, ms: 3 s, kind: text, every: 2, percent: 50, times: always}",
            "WhatsApp delivers webhooks (text) 3 s later, one time in 2, in 50 of 100 cases, from now on",
        ),
        (
            "whatsapp: {on: webhooks, do: strip, without: [contacts, name], times: 3}",
            "WhatsApp leaves contacts, name out of webhooks, 3 times",
        ),
        ("whatsapp: works", "WhatsApp works as usual again"),
        ("webhooks: {in_order: false, jitter_ms: 2 s}", "WhatsApp delivers otherwise (in order: no, jitter: 2 s)"),
        ("Tariro blocks: true", "Tariro blocks the business"),
        ("Tariro phone: off", "Tariro's phone is off"),
    ],
)
def test_what_happens_around_people_is_a_stage_direction(line: str, expected: str) -> None:
    """In words that a reader who does not program understands."""
    assert directions(line) == [expected]


def test_a_rule_is_in_force_until_whatsapp_works_again() -> None:
    """Two greetings go unheard, the third is answered."""
    hi = "Tariro: hi"
    lines = ("whatsapp: {on: webhooks, do: drop, times: always}", hi, hi, "whatsapp: works", hi)
    transcript = replay(parse(written(*lines), file="f.yaml", flow="f", name="n"))
    kinds = [moment.kind for moment in transcript.moments if moment.kind in {Kind.SAID, Kind.SHOWN}]
    assert kinds == [Kind.SAID, Kind.SAID, Kind.SAID, Kind.SHOWN]


@pytest.mark.parametrize("directive", [*STAGE, *VERBS], ids=lambda directive: directive.words)
def test_the_example_of_each_line_can_be_read(directive: object) -> None:
    """And each has a help of one sentence."""
    example, help_ = directive.example, directive.help  # type: ignore[attr-defined]
    assert len(parse(written(example), file="f.yaml", flow="f", name="n").lines) == 1
    assert help_.endswith(".")
