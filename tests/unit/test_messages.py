"""Outgoing messages: none can be built that WhatsApp would refuse."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.messages import (
    Button,
    Buttons,
    Form,
    List,
    Message,
    MessageError,
    Outgoing,
    Reaction,
    Row,
    Section,
    Template,
    Text,
    choices,
    length,
    shorten,
)

BUTTON = Button("yes", "Yes")
ROW = Row("one", "One")
SECTIONS = (Section(rows=(ROW,)),)


def buttons(**given: str) -> Buttons:
    return Buttons(**{"body": "Body", **given}, buttons=(BUTTON,))


def a_list(**given: str) -> List:
    return List(**{"body": "Body", "button": "Choose", **given}, sections=SECTIONS)


def form(**given: str) -> Form:
    return Form(**{"body": "Body", "button": "Open", "form_id": "1", "token": "t", "screen": "S", **given})


def rows(count: int, start: int = 0) -> tuple[Row, ...]:
    return tuple(Row(f"r{number}", f"Row {number}") for number in range(start, start + count))


LIMITS: list[tuple[str, Callable[[str], object], int, int]] = [
    ("a text", Text, 1, 4096),
    ("the body of buttons", lambda text: buttons(body=text), 1, 1024),
    ("the header of buttons", lambda text: buttons(header=text), 0, 60),
    ("the footer of buttons", lambda text: buttons(footer=text), 0, 60),
    ("a button's title", lambda text: Button("id", text), 1, 20),
    ("a button's id", lambda text: Button(text, "Title"), 1, 256),
    ("the body of a list", lambda text: a_list(body=text), 1, 1024),
    ("the header of a list", lambda text: a_list(header=text), 0, 60),
    ("the footer of a list", lambda text: a_list(footer=text), 0, 60),
    ("the button of a list", lambda text: a_list(button=text), 1, 20),
    ("a row's title", lambda text: Row("id", text), 1, 24),
    ("a row's id", lambda text: Row(text, "Title"), 1, 200),
    ("a row's description", lambda text: Row("id", "Title", text), 0, 72),
    ("a section's title", lambda text: Section(rows=(ROW,), title=text), 0, 24),
    ("the body of a form", lambda text: form(body=text), 1, 1024),
    ("the header of a form", lambda text: form(header=text), 0, 60),
    ("the footer of a form", lambda text: form(footer=text), 0, 60),
    ("the button of a form", lambda text: form(button=text), 1, 20),
    ("a form's id", lambda text: form(form_id=text), 1, 256),
    ("a form's token", lambda text: form(token=text), 1, 256),
    ("a form's screen", lambda text: form(screen=text), 1, 256),
    ("a template's name", lambda text: Template(text, "en"), 1, 512),
    ("a template's value", lambda text: Template("name", "en", (text,)), 1, 1024),
]
EACH_LIMIT = pytest.mark.parametrize(
    ("build", "least", "most"), [pytest.param(*rest, id=name) for name, *rest in LIMITS]
)


@EACH_LIMIT
def test_a_text_may_be_as_long_as_its_limit(build: Callable[[str], object], least: int, most: int) -> None:
    """At the limit, and one below it, the message can be built."""
    build("a" * most)
    build("a" * (most - 1))
    build("a" * max(least, 1))
    build("😀" * (most // 2))


@EACH_LIMIT
def test_a_text_may_not_be_one_longer(build: Callable[[str], object], least: int, most: int) -> None:
    """One above the limit the constructor raises and says what, how long, and how long it may be."""
    with pytest.raises(MessageError, match=rf"has {most + 1} UTF-16 units, allowed are {least} to {most}"):
        build("a" * (most + 1))


@EACH_LIMIT
def test_an_emoji_counts_two(build: Callable[[str], object], least: int, most: int) -> None:
    """The strictest reading of the limit: UTF-16 units, whatever Meta counts."""
    with pytest.raises(MessageError, match=rf"allowed are {least} to {most}"):
        build("a" * (most - 1) + "😀")


@EACH_LIMIT
def test_only_what_may_be_left_out_may_be_empty(build: Callable[[str], object], least: int, most: int) -> None:
    """A needed text that is empty or blank is refused."""
    if least == 0:
        build("")
        return
    for blank in ("", " ", "\n \t"):
        with pytest.raises(MessageError, match=f"blank|allowed are {least} to {most}|line break"):
            build(blank)


@pytest.mark.parametrize("build", [lambda text: Button(text, "Title"), lambda text: Row(text, "Title")])
@pytest.mark.parametrize("identifier", [" id", "id ", "\nid", "id\t"])
def test_an_id_does_not_begin_or_end_with_a_space(build: Callable[[str], object], identifier: str) -> None:
    """Meta trims them, and what comes back would be another id."""
    with pytest.raises(MessageError, match="may not begin or end with a space"):
        build(identifier)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_there_may_be_one_to_three_buttons(count: int) -> None:
    """As many as WhatsApp shows."""
    made = Buttons(body="Body", buttons=tuple(Button(f"b{n}", f"Button {n}") for n in range(count)))
    assert count == len(choices(made))


@pytest.mark.parametrize("count", [0, 4])
def test_there_may_not_be_none_and_not_four_buttons(count: int) -> None:
    """One above and one below the limit."""
    with pytest.raises(MessageError, match=f"1 to 3 buttons, not {count}"):
        Buttons(body="Body", buttons=tuple(Button(f"b{n}", f"Button {n}") for n in range(count)))


@pytest.mark.parametrize("pair", [(Button("a", "One"), Button("a", "Two")), (Button("a", "One"), Button("b", "One"))])
def test_buttons_differ_in_id_and_title(pair: tuple[Button, Button]) -> None:
    """Two of the same cannot be told apart, by the member or by us."""
    with pytest.raises(MessageError, match="must differ"):
        Buttons(body="Body", buttons=pair)


@pytest.mark.parametrize("sizes", [(1,), (9,), (10,), (5, 5), (1,) * 10])
def test_a_list_may_have_ten_rows_in_all_its_sections(sizes: tuple[int, ...]) -> None:
    """However they are shared out."""
    made = [Section(rows=rows(size, place * 10), title=f"S{place}") for place, size in enumerate(sizes)]
    assert sum(sizes) == len(choices(List(body="Body", button="Choose", sections=tuple(made))))


@pytest.mark.parametrize("sizes", [(11,), (5, 6)])
def test_a_list_may_not_have_eleven_rows(sizes: tuple[int, ...]) -> None:
    """One above the limit, in one section or two."""
    made = tuple(Section(rows=rows(size, place * 10), title=f"S{place}") for place, size in enumerate(sizes))
    with pytest.raises(MessageError, match="1 to 10 rows in all, not 11"):
        List(body="Body", button="Choose", sections=made)


def test_a_list_without_rows_cannot_be_built() -> None:
    """WhatsApp refuses it, and the member would see nothing."""
    with pytest.raises(MessageError, match="1 to 10 rows in all, not 0"):
        List(body="Body", button="Choose", sections=())
    with pytest.raises(MessageError, match="a section needs a row"):
        Section(rows=())


def test_row_ids_differ_also_between_sections() -> None:
    """What comes back says which row was meant."""
    twice = (Section(rows=rows(1), title="A"), Section(rows=rows(1), title="B"))
    with pytest.raises(MessageError, match="row ids must differ"):
        List(body="Body", button="Choose", sections=twice)


def test_each_of_several_sections_needs_a_title() -> None:
    """A single one may go without."""
    untitled = (Section(rows=rows(1), title="A"), Section(rows=rows(1, 1)))
    with pytest.raises(MessageError, match="each of several sections needs a title"):
        List(body="Body", button="Choose", sections=untitled)


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "a     b"])
def test_a_templates_values_have_no_line_breaks_tabs_or_runs_of_spaces(value: str) -> None:
    """Meta refuses such parameters."""
    with pytest.raises(MessageError, match="no line break, tab or more than 4 spaces"):
        Template("name", "en", (value,))
    Template("name", "en", ("a    b",))


def test_a_limit_holds_for_a_message_that_is_changed_or_read_back() -> None:
    """There is no way around the constructor: not by replacing a field, not by decoding."""
    with pytest.raises(MessageError):
        msgspec.structs.replace(Text("a"), body="a" * 4097)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"message":{"type":"text","body":""}}', type=Outgoing)


@pytest.mark.parametrize(
    "message",
    [Text("Mhoro"), buttons(footer="f"), a_list(header="h"), form(), Template("n", "en", ("v",)), Reaction("w", "🙏")],
)
def test_a_message_is_stored_and_read_back_unchanged(message: Message) -> None:
    """What waits in the outbox is what was said."""
    stored = msgspec.json.encode(Outgoing(message))
    assert Outgoing(message) == msgspec.json.decode(stored, type=Outgoing)


def test_only_buttons_and_lists_offer_choices() -> None:
    """In the order shown, across sections."""
    sections = (Section(rows=rows(2), title="A"), Section(rows=rows(1, 2), title="B"))
    assert rows(3) == choices(List(body="Body", button="Choose", sections=sections))
    assert choices(buttons()) == (BUTTON,)
    assert choices(Text("a")) == ()


# -- shortening -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("Tariro", 6, "Tariro"),
        ("Tariro", 5, "Tari…"),
        ("Tari ro", 6, "Tari…"),
        ("😀😀😀", 6, "😀😀😀"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀😀", 4, "😀…"),
        ("😀😀", 2, "…"),
        ("ab", 1, "…"),
        ("", 5, ""),
    ],
)
def test_a_text_is_cut_with_an_ellipsis_between_characters(text: str, most: int, expected: str) -> None:
    """Never in the middle of an emoji, and with no space before the ellipsis."""
    assert expected == shorten(text, most)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=40), st.integers(min_value=1, max_value=50))
def test_a_shortened_text_fits_and_a_text_that_fits_is_left_alone(text: str, most: int) -> None:
    """Whatever the text and the limit."""
    cut = shorten(text, most)
    assert length(cut) <= most
    assert (cut == text) is (length(text) <= most) or cut.endswith("…")
