"""Conversation files: what they may say, and what is said of those that cannot be read."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from service.domain import Denomination, Money
from simulator.errors import ConversationError, UnknownConversationError
from simulator.script.conversation import Conversation, load, parse
from simulator.script.directives import STAGE, VERBS
from simulator.script.directives.people import ActInCore, Tap, TypeText
from simulator.script.directives.scene import Wait
from simulator.script.library import find, stored
from simulator.units import FlawError, read_duration_ms, read_phone
from simulator.world.core_acts import AnswerOffer

PEOPLE = """
people:
  Tariro: {phone: "+263 77 123 4567"}
  Farai: {phone: "071 234 5678", name: Farai Ncube, member: {tier: 2, balances: [12.50 USD, 1,040 ZWG]}}
"""


def conversation(lines: str, people: str = PEOPLE) -> Conversation:
    text = f"title: A test\n{dedent(people)}\nlines:\n{dedent(lines)}"
    return parse(text, file="test.yaml", flow="flow", name="name")


def problems(lines: str, people: str = PEOPLE) -> list[str]:
    with pytest.raises(ConversationError) as caught:
        conversation(lines, people)
    return [problem.what for problem in caught.value.problems]


def test_a_file_is_read_into_people_and_lines() -> None:
    """What stands in the file is what comes out, in its order."""
    read = conversation(
        """
        - Tariro: Mhoro
        - Tariro taps: Become a member
        - wait: 6 min
        - Farai in core: accepts the newest offer from Tariro
        """
    )

    assert [person.key for person in read.people] == ["Tariro", "Farai"]
    assert [person.phone for person in read.people] == ["263771234567", "263712345678"]
    assert [line.step for line in read.lines] == [
        TypeText("Tariro", "Mhoro"),
        Tap("Tariro", "Become a member"),
        Wait(360_000),
        ActInCore("Farai", AnswerOffer("accepts", "Tariro", newest=True)),
    ]
    assert [line.step.paced for line in read.lines] == [True, True, False, False]


def test_a_comma_without_a_space_belongs_to_the_number() -> None:
    """Balances may be written as people write them: thousands with commas, several in one list."""
    member = conversation("- Tariro: a").people[1].member

    assert member is not None
    assert (Money(Decimal("12.50"), Denomination.USD), Money(Decimal(1040), Denomination.ZWG)) == member.balances


def test_texts_stay_as_written() -> None:
    """What a member types is never read as a number, a date or a truth value."""
    read = conversation(
        "- Tariro: yes\n- Tariro: 007\n- Tariro: 2026-11-02\n- Tariro: '  a: b  '\n- Tariro: 0.5=>farai"
    )

    texts = [line.step.text for line in read.lines if isinstance(line.step, TypeText)]
    assert texts == ["yes", "007", "2026-11-02", "  a: b  ", "0.5=>farai"]


@pytest.mark.parametrize("directive", [*VERBS.values(), *STAGE.values()], ids=lambda each: each.words or "(name)")
def test_every_directive_reads_its_own_example(directive: object) -> None:
    """The examples in the help can be copied into a file."""
    example = directive.example  # type: ignore[attr-defined]

    assert len(conversation(f"- {example}").lines) == 1
    assert directive.help  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("- Tario: Mhoro", "nobody and nothing here is called 'Tario'"),
        ("- Tariro tapps: Confirm", "Tariro cannot 'tapps'"),
        ("- Tariro sends: pigeon", "nothing of the kind 'pigeon' can be sent"),
        ("- Tariro:", "what is typed is empty"),
        ("- Tariro: [a, b]", "what is typed must be a text on one line, not a list"),
        ("- wait: 6 parsecs", "not a duration: '6 parsecs'"),
        ("- wait: 0 min", "not a duration: '0 min'"),
        ("- {Tariro: a, Farai: b}", "a line says one thing, not 2: Tariro, Farai"),
        ("- again: often", "not a number of times: 'often'"),
        ("- core: {fails: log-in, with: 500}", "fails cannot be 'log-in'"),
        ("- core: {fails: login, with: 418}", "with cannot be '418'"),
        ("- core: {fails: login}", "core needs either 'with' or 'slow'"),
        ("- core: {fails: login, with: refused, when: after}", "a connection that is refused never comes to 'after'"),
        ("- graph: {fails: messages, with: 99999}", "with cannot be '99999'"),
        ("- redis: {cash: down}", "redis knows no 'cash'"),
        ("- redis: {loses: comit}", "no script of the mailbox: 'comit'"),
        ("- redis: {cache: sideways}", "redis can be up or down, not 'sideways'"),
        ("- bot: explodes", "nothing that can happen to the bot: 'explodes'"),
        ("- bot: killed at dawn", "no point to be killed at: 'dawn'"),
        ("- bot: frozen at before dawn", "no point to freeze at: 'before dawn'"),
        ("- together: [{wait: 1 min}]", "only what people say and tap can come 'together'"),
        ("- Farai in core: dances", "nothing that can be done in core: 'dances'"),
        ("- Farai in core: offers nan USD to tariro", "nothing that can be done in core: 'offers nan USD to tariro'"),
        ("- Farai in core: offers 5 USS to tariro", "not an amount: '5 USS'"),
        ("- Farai in core: accepts the newest offer from Rudo", "nobody here is called 'Rudo'"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(line: str, what: str) -> None:
    """Every mistake is named in words."""
    assert [what] == problems(line)


@pytest.mark.parametrize(
    ("people", "what"),
    [
        ('people:\n  Tariro: {phone: "12"}', "no such phone number can exist: '12'"),
        ("people:\n  Tariro: {fone: 1}", "Tariro knows no 'fone'"),
        ('people:\n  Tariro: {phone: "0771234567", member: {tier: 9}, name: T M}', "no tier: '9'"),
        (
            'people:\n  Tariro: {phone: "0771234567", member: {tier: 1}}',
            "Tariro is a member and needs a first and a last name",
        ),
        ('people:\n  Tariro: {phone: "0771234567"}\n  Rudo: {phone: "+263771234567"}', "same phone number"),
        ('people:\n  Tariro: {phone: "0771234567", name: T M, member: {balances: [5]}}', "not an amount: '5'"),
        (
            'people:\n  Tariro: {phone: "0771234567", name: T M, member: {owes: [5 USD to Rudo]}}',
            "nothing to do with 'Rudo'",
        ),
        ('people:\n  Tariro: {phone: "0771234567"}\n  bot: {phone: "0771234568"}', "nobody can be called 'bot'"),
    ],
)
def test_people_that_cannot_be_are_refused(people: str, what: str) -> None:
    """Every mistake is named in words."""
    assert any(what in problem for problem in problems("- Tariro: a", people))


def test_all_problems_are_told_at_once_with_their_lines() -> None:
    """One run shows everything that is wrong, in the order of the file."""
    with pytest.raises(ConversationError) as caught:
        conversation("- Tarrio: a\n- Tariro: b\n- wait: long\n- grpah: x")

    assert [problem.line for problem in caught.value.problems] == [8, 10, 11]
    assert "test.yaml:8: " in str(caught.value)
    assert "Did you mean 'Tariro'?" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("title: x\npeople:\n\tA: b", 3, "a tab stands where only spaces may"),
        ("title: x\npeople: {A: {phone: '0771234567'}}\nlines:\n- A: b: c", 4, "a second ': ' on this line"),
        ("title: x\nlines: [", 2, "not YAML"),
        ("", 1, "the file is empty"),
        ("just text", 1, "a conversation must be of the form key: value"),
        (
            "title: x\ntitle: y\npeople: {A: {phone: '0771234567'}}\nlines:\n- A: b",
            2,
            "a conversation says 'title' twice",
        ),
        ("title: x\npeople: {A: {phone: '0771234567'}}\nlines: []", 3, "nothing is said"),
    ],
)
def test_text_that_is_no_conversation_is_refused(text: str, line: int, what: str) -> None:
    """What YAML itself cannot read is explained, too."""
    with pytest.raises(ConversationError) as caught:
        parse(text, file="test.yaml", flow="flow", name="name")

    first = caught.value.problems[0]
    assert what in first.what
    assert line == first.line


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [("6 min", 360_000), ("90 s", 90_000), ("1 h 30 min", 5_400_000), ("3 days", 259_200_000), ("0.5 s", 500)],
)
def test_durations_are_read(text: str, duration_ms: int) -> None:
    """Durations are written as people write them."""
    assert duration_ms == read_duration_ms(text)


def test_numbers_without_a_country_are_zimbabwean() -> None:
    """A trunk zero stands for +263, and what libphonenumber calls impossible is refused."""
    assert read_phone("077 123 4567") == "263771234567"
    with pytest.raises(FlawError):
        read_phone("+263 77 123")


def test_conversations_are_found_by_path_name_and_flow(tmp_path: Path) -> None:
    """`replay` takes a file, a name, a flow, or flow/name; anything else gets a guess."""
    text = f"title: T\n{PEOPLE}\nlines:\n- Tariro: a\n"
    for name in ("one/alpha", "one/beta", "two/gamma"):
        file = tmp_path / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    assert [path.stem for path in stored(tmp_path)] == ["alpha", "beta", "gamma"]
    assert [path.stem for path in find("one", tmp_path)] == ["alpha", "beta"]
    assert [path.stem for path in find("two/gamma", tmp_path)] == ["gamma"]
    assert [path.stem for path in find("beta", tmp_path)] == ["beta"]
    assert load(tmp_path / "one" / "alpha.yaml").id == "one/alpha"
    with pytest.raises(UnknownConversationError, match="Did you mean 'gamma'"):
        list(find("gama", tmp_path))
    with pytest.raises(UnknownConversationError, match=r"no file nowhere\.yaml"):
        list(find("nowhere.yaml", tmp_path))
