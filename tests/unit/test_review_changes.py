"""What changed between two versions, in a reviewer's words."""

from __future__ import annotations

from typing import Any

from notebooks.review.changes import Changes, compare
from notebooks.review.tryout import Tryout, small_registry
from notebooks.review.versions import Version, graphs_of
from service.conversation import Flow, Question, TurnContext
from service.messages import Buttons, Message


def screen(body: str, *titles: str) -> Question:
    def show(context: TurnContext[Any]) -> list[Message]:
        return [Buttons(body=body, buttons=tuple(context.option(each.lower(), each) for each in titles))]

    return Question("ask", "buttons", show, {each.lower(): "" for each in titles})


def version(name: str, *steps: Question, title: str = "A flow") -> Version:
    registry = small_registry(Flow("f", title, steps))
    return Version(name, graphs_of([registry]), {"f/asked": Tryout(registry).says("go").snapshot("Asked")})


def said(changes: Changes) -> list[tuple[str, str]]:
    return list(changes.sentences)


def test_nothing_changed_is_said_so() -> None:
    """And no picture is drawn."""
    changes = compare(version("1", screen("Tea?", "Yes")), version("2", screen("Tea?", "Yes")))

    assert changes.text() == "Nothing changed for members since 1."
    assert changes.phones == ()


def test_an_exit_that_is_gone_is_named_with_where_it_led() -> None:
    """The transcript that shows it too, on phones before and after."""
    changes = compare(version("1", screen("Tea?", "Yes", "No")), version("2", screen("Tea?", "Yes")))

    assert said(changes) == [
        ("f.ask", "the exit “no” is gone (it led to the end)"),
        ("f/asked", "1 message changed"),
    ]
    before, after = changes.phones[0]
    assert [[bubble.changed for bubble in phone.bubbles] for phone in (before, after)] == [[False, True], [False, True]]
    assert "[Yes] [No]" in changes.picture().words


def test_steps_exits_titles_and_kinds_are_compared() -> None:
    """New, gone, led elsewhere, asked otherwise."""
    other = Question("other", "text", lambda _: [], {"ok": "ask"})
    changes = compare(
        version("1", screen("Tea?", "Yes")),
        version(
            "2", Question("ask", "list", screen("Tea?", "Yes").show, {"yes": "other", "no": ""}), other, title="Tea"
        ),
    )

    assert said(changes)[:5] == [
        ("f", "is called “Tea”, was “A flow”"),
        ("f.ask", "asks by list, asked by buttons"),
        ("f.ask", "the exit “yes” leads to f.other, led to the end"),
        ("f.ask", "a new exit “no” → the end"),
        ("f.other", "a new step; its exits: goes on → f.ask"),
    ]


def test_each_change_is_shown_once_in_whichever_conversations_it_is() -> None:
    """All of them are named; amounts are no change of words."""

    def said_in(name: str, *bodies: str) -> Version:
        kept = {f"f/{place}": playbacks(body) for place, body in enumerate(bodies)}
        return Version(name, {}, kept)

    def playbacks(body: str) -> str:
        return Tryout(small_registry(Flow("f", "A flow", [screen(body, "Yes")]))).says("go").snapshot("Asked")

    before = said_in("1", "Balance: nothing. Go on?", "Balance: nothing. Go on?", "Pay 5.00?", "Pay 7.00?")
    after = said_in("2", "Balance: 0. Go on?", "Balance: 0. Go on?", "Really pay 5.00?", "Really pay 7.00?")
    changes = compare(before, after)

    assert [where for where, _ in said(changes)] == ["f/0", "f/1", "f/2", "f/3"]
    assert [pair[0].about for pair in changes.phones] == ["f/0", "f/2"]


def test_conversations_that_came_and_went_are_named_by_their_titles() -> None:
    """They have nothing to be compared with."""
    before, after = Version("1", {}, {"f/old": "Old ways\n"}), Version("2", {}, {"f/new": "New ways\n"})

    assert said(compare(before, after)) == [
        ("f/old", "the conversation is gone: Old ways"),
        ("f/new", "a new conversation: New ways"),
    ]


def test_a_flow_that_is_gone_is_said_first() -> None:
    """With what it was."""
    one = version("1", screen("Tea?", "Yes"))

    assert said(compare(one, Version("2", {}, one.transcripts)))[0] == ("f", "the flow is gone: A flow")
