"""Phones show what transcripts say, on lines that fit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebooks.review.bubbles import Bubble, bubbles_of, read_snapshot
from notebooks.review.phones import Phone, phones, split
from notebooks.review.tryout import Tryout, TryoutError, small_registry
from notebooks.review.wrapping import width_of, wrapped
from service.conversation import Flow, Question, TurnContext
from service.messages import Buttons, List, Message, Section
from simulator.playback.snapshots import SNAPSHOTS

KEPT = sorted(SNAPSHOTS.glob("*/*.txt"))


def shown(context: TurnContext[Any]) -> list[Message]:
    rows = (
        context.choice("a", "An apple", "Red, green or yellow, as they come at this time of the year"),
        context.choice("b", "Bread"),
    )
    buttons = (context.option("more", "More"), context.link("menu", "Menu"))
    return [
        List(
            body="What will it be today, of all that there is in the shop?", button="Choose", sections=(Section(rows),)
        ),
        Buttons(body="Or:\n\n*something else* <&>", buttons=buttons),
    ]


def playbacks() -> Tryout:
    flow = Flow("shop", "A shop", [Question("what", "list", shown, {"a": "", "b": "", "more": "what"})])
    return (
        Tryout(small_registry(flow))
        .says("go")
        .waits(2)
        .taps("More")
        .says("a text so long that it takes more than one line")
    )


def test_a_transcript_kept_as_text_is_read_as_it_was() -> None:
    """Sides, words, openers, choices with what stands under them; lines that were broken are whole again."""
    transcript = playbacks().transcript("A shop")
    wanted = [bubble.said for bubble in bubbles_of(transcript, transcript.moments)]

    assert [bubble.said for bubble in read_snapshot(playbacks().snapshot("A shop"))] == wanted


@pytest.mark.parametrize("path", KEPT[::7], ids=lambda path: path.stem)
def test_every_box_of_a_kept_transcript_is_a_bubble(path: Path) -> None:
    """On one phone and on two side by side."""
    text = path.read_text("utf-8")
    bubbles = read_snapshot(text)

    assert sum(bubble.side != "stage" and bool(bubble.stamp) for bubble in bubbles) >= len(re.findall("╭", text))
    assert all(bubble.body for bubble in bubbles)


@given(st.text(alphabet="aWi .*\n✅ü", max_size=120))
@settings(max_examples=80, deadline=None)
def test_no_line_is_wider_than_its_phone(text: str) -> None:
    """Whatever is written: long words are cut."""
    for line in wrapped(text, 60, 10):
        assert sum(width_of(run.text.rstrip(), 10, bold=run.bold) for run in line) <= 60 + 10


def test_stars_make_bold_as_on_whatsapp() -> None:
    """Not in the middle of a word, nor around spaces."""
    assert [(run.text, run.bold) for run in wrapped("pay *5.00 USD* now", 500, 10)[0]] == [
        ("pay ", False),
        ("5.00 USD", True),
        (" now", False),
    ]
    assert [run.bold for run in wrapped("2*3*4 and * this *", 500, 10)[0]] == [False]


def test_a_full_stop_stays_with_the_word_before_it() -> None:
    """Also where that is bold and it is not; so does what opens before a bold word."""
    said = "It was sent to (*Farai Ncube Personal*). You owe nothing."
    lines = ["".join(run.text for run in line).strip() for width in range(60, 200) for line in wrapped(said, width, 10)]

    assert [line for line in lines if line.startswith((")", ".")) or line.endswith("(")] == []


def test_the_picture_is_well_formed_and_holds_the_words() -> None:
    """Names may hold what XML reserves."""
    picture = phones([playbacks().phone("<Shop> & more")])
    words = "".join(ET.fromstring(picture.svg).itertext())  # noqa: S314 - drawn above

    assert "<Shop> & more" in words
    assert "something else" in words
    assert "bot: Or: /  / *something else* <&>  [More] [Menu]" in picture.words


def test_a_long_conversation_goes_on_on_the_next_phone() -> None:
    """Nothing is left out, and the phones say which is which."""
    bubbles = [Bubble("bot", f"Message {number}") for number in range(30)]
    pages = split("A talk", bubbles)

    assert [bubble for page in pages for bubble in page.bubbles] == bubbles
    assert pages[0].title == f"A talk (1/{len(pages)})"
    assert split("A talk", bubbles[:2]) == [Phone("A talk", bubbles[:2])]


def test_only_what_is_on_the_screen_can_be_tapped() -> None:
    """The mistake is told with what there is."""
    with pytest.raises(TryoutError, match=r"nothing is called 'Pears'; there are .*An apple"):
        playbacks().says("go").taps("Pears")
