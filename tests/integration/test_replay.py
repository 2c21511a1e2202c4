"""The replay: what lines do in the world, and that nothing but the conversation decides what comes out."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import redis

from simulator.errors import DatabaseInUseError, LineError
from simulator.playback.generate import SNAPSHOT_SEEDS, generate
from simulator.playback.player import replay
from simulator.playback.snapshots import path_of
from simulator.script.conversation import Conversation, load, parse, write_conversation
from simulator.script.library import stored
from simulator.whatsapp_cloud.transcript.model import Kind, Transcript
from simulator.whatsapp_cloud.transcript.render import plain
from tests.integration.echo_bot import EchoBot
from tests.redis_server import RunningRedis

pytestmark = pytest.mark.usefixtures("quiet")

PEOPLE = """
people:
  Tariro: {phone: "+263 77 123 4567"}
  Farai: {phone: "+263 71 234 5678", name: Farai Ncube, member: {tier: 3, balances: [50 USD], handle: farai}}
  Rudo: {phone: "+263 77 765 4321", name: Rudo Chirwa, member: {tier: 3, balances: [20 USD], handle: rudo}}
"""


def conversation(lines: str) -> Conversation:
    return parse(f"title: A test\n{PEOPLE}\nlines:\n{dedent(lines)}", file="test.yaml", flow="flow", name="name")


def echoed(lines: str) -> Transcript:
    return replay(conversation(lines), run_bot=EchoBot)


def seen(transcript: Transcript, member: str = "Tariro") -> list[str]:
    """What a member saw, in order."""
    return [moment.screen.body for moment in transcript.moments if moment.screen and moment.member == member]


def stage(transcript: Transcript) -> list[str]:
    return [moment.text for moment in transcript.moments if moment.kind is Kind.STAGE]


def test_what_is_typed_reaches_the_bot_and_its_answer_the_phone() -> None:
    """One line is one message, and the next comes only when all is quiet."""
    made = echoed("- Tariro: Mhoro\n- Tariro: 'yes: \"no\"'\n- Farai: 👍\n- Tariro sends: image")

    assert seen(made) == ["You sent: Mhoro", 'You sent: yes: "no"', "You sent: image"]
    assert seen(made, "Farai") == ["You sent: 👍"]
    assert [moment.kind for moment in made.moments[:4]] == [Kind.SAID, Kind.SHOWN, Kind.SAID, Kind.SHOWN]


def test_taps_go_by_the_visible_title_on_the_newest_message_that_shows_it() -> None:
    """A row, a button, and the same button further up, which the transcript marks as old."""
    made = echoed(
        """
        - Tariro: list
        - Tariro taps: First row
        - Tariro: buttons
        - Tariro: buttons
        - Tariro taps: "Yes"
        - Tariro taps old: "Yes"
        """
    )

    taps = [moment for moment in made.moments if moment.kind is Kind.TAPPED]
    shown = [moment.wamid for moment in made.moments if moment.screen and moment.screen.body == "Choose"]
    assert [(tap.text, tap.stale) for tap in taps] == [("First row", False), ("Yes", False), ("Yes", True)]
    assert [shown[1], shown[0]] == [tap.on for tap in taps[1:]]


@pytest.mark.parametrize(
    ("lines", "what", "hint"),
    [
        ("- Tariro taps: Yes", "'Yes' is not on Tariro's screen", "The screen is empty."),
        ("- Tariro: buttons\n- Tariro taps: Yess", "'Yess' is not on Tariro's screen", "Did you mean 'Yes'?"),
        ("- Tariro: buttons\n- Farai taps: Yes", "'Yes' is not on Farai's screen", "The screen is empty."),
        ("- Tariro: list\n- Tariro taps: Open", "'Open' is not on Tariro's screen", "only opens the list"),
        ("- Tariro: buttons\n- Tariro taps old: Yes", "only the newest message of Tariro shows 'Yes'", "[ Yes ]"),
        ("- Tariro reacts: 👍", "nothing to react to", ""),
        ("- Rudo in core: accepts the newest offer from Farai", "no offer from Farai to Rudo waits", ""),
        ("- Rudo in core: offers 500 USD to Farai", "Credex core refuses it", ""),
        ("- Rudo in core: offers 5 USD to nobody_here", "no account has the handle nobody_here", ""),
        ("- Tariro in core: offers 5 USD to Farai", "Credex core refuses it", ""),
    ],
)
def test_a_line_that_cannot_be_played_fails_with_its_place_and_what_is_there(lines: str, what: str, hint: str) -> None:
    """File and line, what was wrong, and what was on the screen."""
    with pytest.raises(LineError) as caught:
        echoed(lines)

    problem = caught.value.problem
    assert what in problem.what
    assert hint in problem.hint
    assert ("test.yaml", 9 + lines.count("\n")) == (problem.file, problem.line)


def test_a_webhook_can_be_delivered_again_and_again() -> None:
    """A bot that forgets what it has seen answers each of them."""
    made = echoed("- again: 3\n- Tariro: Mhoro\n- Tariro: once")

    assert seen(made) == ["You sent: Mhoro"] * 3 + ["You sent: once"]


def test_messages_that_come_together_are_written_at_the_same_moment() -> None:
    """They share a POST, and the time at which they were sent."""
    made = echoed("- together: [{Tariro: a}, {Tariro: b}, {Farai: c}]")

    assert seen(made) == ["You sent: a", "You sent: b"]
    assert {0} == {moment.at_ms - made.start_ms for moment in made.moments if moment.kind is Kind.SAID}


def test_what_is_held_up_arrives_on_release() -> None:
    """Nothing is shown before, everything after."""
    made = echoed("- hold\n- Tariro: a\n- wait: 1 min\n- release")

    kinds = [moment.kind for moment in made.moments]
    assert kinds == [Kind.STAGE, Kind.SAID, Kind.STAGE, Kind.STAGE, Kind.SHOWN]
    assert made.moments[-1].at_ms - made.start_ms > 60_000


def test_waiting_takes_virtual_time_only() -> None:
    """Three days pass in the transcript."""
    made = echoed("- Tariro: a\n- wait: 3 days\n- Tariro: b")

    assert "3 days pass" in stage(made)
    assert made.at(made.moments[-1]).startswith("day 4, ")


def test_a_bot_that_is_killed_answers_nothing_until_it_is_started_again() -> None:
    """WhatsApp meets a refused connection, and comes again."""
    made = echoed("- bot: killed\n- Tariro: a\n- bot: restarted\n- wait: 1 min")

    troubles = [moment.text for moment in made.moments if moment.kind is Kind.UNDELIVERED]
    assert "Webhook not taken; it comes again" in troubles
    assert seen(made) == ["You sent: a"]


def test_a_bot_is_killed_exactly_where_the_line_says() -> None:
    """After WhatsApp took the message, before the bot knows: the member has the answer, the bot is gone."""
    made = echoed("- bot: killed at after messages\n- Tariro: a\n- Tariro: b\n- bot: restarted\n- wait: 1 min")

    assert seen(made) == ["You sent: a", "You sent: b"]
    assert "The bot is killed" in stage(made)


def test_the_other_side_acts_in_core_without_the_bot() -> None:
    """Offers, and what becomes of them, by name."""
    made = echoed(
        """
        - Rudo in core: offers 5 USD to Farai
        - Farai in core: accepts the newest offer from Rudo
        - Farai in core: offers 1.50 USD to rudo
        - Rudo in core: declines the oldest offer from Farai
        - Rudo in core: offers 2 USD to farai
        - Rudo in core: cancels the newest offer to Farai
        """
    )

    assert stage(made) == [
        "Rudo offers 5.00 USD to Farai in Credex core",
        "Farai accepts the offer of 5.00 USD from Rudo in Credex core",
        "Farai offers 1.50 USD to rudo in Credex core",
        "Rudo declines the offer of 1.50 USD from Farai in Credex core",
        "Rudo offers 2.00 USD to farai in Credex core",
        "Rudo cancels the offer of 2.00 USD to Farai in Credex core",
    ]


@pytest.mark.parametrize("path", stored(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_real_redis_makes_no_difference(path: Path, running_redis: RunningRedis) -> None:
    """The same bytes come out on a real server, and its database is left empty."""
    url = f"{running_redis.url}/7"
    with redis.Redis.from_url(url) as client:
        made = plain(replay(load(path), redis_url=url))
        assert not client.dbsize()

    kept = path_of(f"{path.parent.name}/{path.stem}")
    if not kept.exists() or kept.read_text(encoding="utf-8") != made:
        # It is the embedded one that must not differ; whether both differ from what is kept is another test's business.
        assert plain(replay(load(path))) == made


def test_the_same_conversation_twice_gives_the_same_bytes() -> None:
    """And so it does with another seed: ids and tokens differ, what members see does not."""
    path = next(path for path in stored() if path.stem == "stranger")
    once, again, otherwise = (plain(replay(load(path), seed=seed)) for seed in (1, 1, 2))

    assert once == again == otherwise


def test_a_database_that_is_in_use_is_refused_and_left_alone(running_redis: RunningRedis) -> None:
    """Only --flush may delete what somebody else keeps."""
    url = f"{running_redis.url}/8"
    with redis.Redis.from_url(url) as client:
        client.set("precious", "1")
        with pytest.raises(DatabaseInUseError, match="holds 1 keys already"):
            replay(conversation("- Tariro: a"), redis_url=url, run_bot=EchoBot)
        assert client.get("precious") == b"1"

        replay(conversation("- Tariro: a"), redis_url=url, flush=True, run_bot=EchoBot)
        assert not client.dbsize()


@pytest.mark.parametrize("seed", SNAPSHOT_SEEDS)
def test_a_generated_conversation_is_a_function_of_its_seed_and_replays_as_a_file(seed: int) -> None:
    """What `generate --save` writes is an ordinary conversation that comes out the same."""
    made = generate(seed)
    read = parse(made.yaml, file="saved.yaml", flow="generated", name=f"seed-{seed}")

    assert plain(made.transcript) == plain(replay(read))


def test_a_conversation_is_read_back_from_what_is_written_of_it() -> None:
    """Every stored one, with its people, their memberships and its lines."""
    for path in stored():
        read = load(path)
        assert parse(write_conversation(read), file=read.file, flow=read.flow, name=read.name) == read
