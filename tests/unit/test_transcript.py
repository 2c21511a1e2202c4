"""Transcripts: their order and ids, and how they are drawn."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.cells import cell_len

from simulator import whatsapp_cloud as cloud
from simulator.units import HARARE
from simulator.whatsapp_cloud import Bubble
from simulator.whatsapp_cloud.transcript.bubbles import screen
from simulator.whatsapp_cloud.transcript.model import Choice, Kind, Moment, Recorder, Screen, Transcript, relative
from simulator.whatsapp_cloud.transcript.render import draw, plain

START_MS = 1_793_599_200_000  # Monday 2 November 2026, 08:00 in Harare

MENU = Screen(
    body="Good morning, Tariro.\n\nBalance: *1,234.50 USD*",
    header="VimbisoPay",
    footer="Credex",
    opener="Choose",
    choices=(
        Choice("Offer a credex", "Promise an amount to another member of the ecosystem", "Credex"),
        Choice("Help", section="More"),
    ),
)


def transcript(*moments: Moment, members: tuple[str, ...] = ("Tariro",)) -> Transcript:
    return Transcript("A title", "What a reviewer should see.", START_MS, members, moments, HARARE)


def said(after_ms: int, member: str, text: str, wamid: str, sequence: int = 0) -> Moment:
    return Moment(START_MS + after_ms, member, Kind.SAID, sequence, text, wamid)


def test_the_order_is_time_then_member_then_occurrence() -> None:
    """Nothing else may decide it, and ids are given out in it."""
    made = transcript(
        said(2_000, "Tariro", "third", "w1", 0),
        said(1_000, "Tariro", "second", "w2", 1),
        said(1_000, "Farai", "first", "w3", 9),
        said(2_000, "Tariro", "fourth", "w4", 3),
        members=("Tariro", "Farai"),
    )

    assert [moment.text for moment in made.moments] == ["first", "second", "third", "fourth"]
    assert made.ids == {"w3": "m1", "w2": "m2", "w1": "m3", "w4": "m4"}
    assert made.turns == 4


def test_a_recorder_keeps_what_happened_since_a_place() -> None:
    """Whoever watches sees only what is new."""
    recorder = Recorder()
    recorder.record(START_MS, "Tariro", Kind.SAID, text="a")
    place = len(recorder)
    recorder.record(START_MS + 1, "Tariro", Kind.SAID, text="b")

    assert [moment.text for moment in recorder.since(place)] == ["b"]
    assert [moment.text for moment in recorder.since(0)] == ["a", "b"]


@pytest.mark.parametrize(
    ("after_ms", "shown"),
    [
        (0, "+0:00"),
        (3_999, "+0:03"),
        (63_000, "+1:03"),
        (3_723_000, "+1:02:03"),
        (86_400_000, "day 2, +0:00"),
        (2 * 86_400_000 + 3_600_000, "day 3, +1:00:00"),
    ],
)
def test_times_are_told_from_the_start(after_ms: int, shown: str) -> None:
    """Minutes and seconds, hours when there are any, and the day from the second on."""
    assert shown == relative(after_ms)


def test_a_conversation_is_drawn_as_on_a_phone() -> None:
    """The member's bubbles stand on the right, the bot's on the left, with ids and times in their lower edges."""
    drawn = plain(
        transcript(
            said(0, "Tariro", "Mhoro", "w1"),
            Moment(START_MS + 900, "Tariro", Kind.TYPING, 1),
            Moment(START_MS + 1_000, "Tariro", Kind.SHOWN, 2, wamid="w2", screen=MENU),
            Moment(START_MS + 2_000, "", Kind.STAGE, 3, "6 minutes pass"),
            Moment(START_MS + 362_000, "Tariro", Kind.TAPPED, 4, "Help", "w3", "w2", stale=True),
        )
    )

    expected = """\
A title
What a reviewer should see.
Monday 2 November 2026, 08:00 in Harare

                              ╭────────────╮
                              │ Mhoro      │
                              ╰─ m1 +0:00 ─╯

…  +0:00

╭──────────────────────────────────────╮
│ VimbisoPay                           │
│                                      │
│ Good morning, Tariro.                │
│                                      │
│ Balance: *1,234.50 USD*              │
│                                      │
│ Credex                               │
├──────────────────────────────────────┤
│               ≡ Choose               │
├──────────────────────────────────────┤
│ CREDEX                               │
│ • Offer a credex                     │
│   Promise an amount to another       │
│   member of the ecosystem            │
│ MORE                                 │
│ • Help                               │
╰─────────────────────────── m2 +0:01 ─╯

            -- 6 minutes pass --

                          ╭────────────────╮
                          │ ▸ Help (on m2) │
                          ╰───── m3 +6:02 ─╯
"""
    assert expected == drawn


def test_two_phones_stand_side_by_side() -> None:
    """Each member has a column, headed by their name."""
    drawn = plain(
        transcript(said(0, "Tariro", "a", "w1"), said(1, "Farai", "b", "w2"), members=("Tariro", "Farai"))
    ).splitlines()

    assert any(line.count("─") > 40 and "Tariro" in line and "Farai" in line for line in drawn)
    assert [line.rindex("│") for line in drawn if "│" in line] == [43, 91]


def test_more_phones_share_the_width() -> None:
    """A change of phone is announced by a line with the name."""
    names = ("Tariro", "Farai", "Rudo")
    moments = [said(place, name, "a", f"w{place}") for place, name in enumerate(names)]
    drawn = plain(transcript(*moments, members=names)).splitlines()

    assert list(names) == [line.split()[1] for line in drawn if line.startswith("── ")]
    assert all(cell_len(line) <= 44 for line in drawn)


@pytest.mark.parametrize(
    "text", ["x" * 500, "👍" * 60, "مرحبا " * 30, "a\tb\x00c\u202ed", "çé " * 90, "word " * 200, " "]
)
def test_no_text_breaks_the_drawing(text: str) -> None:
    """Every line of a drawing keeps to the width of a phone, whatever is said in it."""
    drawn = draw(
        transcript(
            said(0, "Tariro", text, "w1"),
            Moment(START_MS, "Tariro", Kind.SHOWN, 1, wamid="w2", screen=Screen(body=text, choices=(Choice("Yes"),))),
        )
    )

    frames = [line.plain for line in drawn if line.plain.strip().startswith(("╭", "│", "╰", "├"))]
    assert all(cell_len(line) <= 44 for line in frames)
    assert len({cell_len(line) for line in frames if line.startswith(("╭", "│", "╰", "├"))}) == 1


def test_the_json_form_holds_what_the_drawing_shows() -> None:
    """The same ids and times, as plain values, and nothing that is empty."""
    made = transcript(
        said(0, "Tariro", "Mhoro", "w1"),
        Moment(START_MS + 1_000, "Tariro", Kind.SHOWN, 1, wamid="w2", screen=Screen(body="Hi", choices=(Choice("A"),))),
    )

    moments = json.loads(json.dumps(made.json()))["moments"]

    assert moments == [
        {"at": "+0:00", "after_ms": 0, "member": "Tariro", "kind": "said", "id": "m1", "text": "Mhoro"},
        {
            "at": "+0:01",
            "after_ms": 1000,
            "member": "Tariro",
            "kind": "shown",
            "id": "m2",
            "body": "Hi",
            "choices": [{"title": "A"}],
        },
    ]


def test_a_message_becomes_what_a_member_sees() -> None:
    """All that stands on a bubble is on the screen, and a reaction makes none."""
    bubble = Bubble(
        at_ms=START_MS,
        wamid="w",
        phone="263771234567",
        kind="list",
        payload={},
        body="B",
        header="H",
        footer="F",
        label="Open",
        choices=(cloud.Choice("1", "R", "D", "S"),),
    )

    assert Screen("B", "H", "F", "Open", (Choice("R", "D", "S"),)) == screen(bubble)
    assert screen(replace(bubble, kind="reaction")) is None


def test_a_typing_indicator_is_told_of_only_when_somebody_would_notice_it() -> None:
    """There is one whenever Credex core is asked, and most are over in a moment; others' messages end none."""

    def told(typing_ms: int, shown_ms: int, whom: str = "Tariro") -> list[Kind]:
        recorder = Recorder()
        recorder.record(START_MS + typing_ms, "Tariro", Kind.TYPING)
        recorder.record(START_MS + shown_ms, whom, Kind.SHOWN, screen=MENU)
        return [moment.kind for moment in recorder.since(0)]

    assert told(0, 2_999) == [Kind.SHOWN]
    assert told(0, 3_000) == [Kind.TYPING, Kind.SHOWN]
    assert told(0, 1_000, "Farai") == [Kind.TYPING, Kind.SHOWN]
    assert told(1_000, 0) == [Kind.SHOWN, Kind.TYPING]
