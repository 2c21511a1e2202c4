"""Lines of an adversary: what they say, what they do, and what is said of those that say nothing."""

from __future__ import annotations

import pytest

from simulator.errors import ConversationError, LineError
from simulator.playback.player import replay
from simulator.script.conversation import Conversation, parse
from simulator.whatsapp_cloud.transcript.model import Kind, Transcript

pytestmark = pytest.mark.usefixtures("quiet")

HEAD = """\
title: t
processes: {processes}
people:
  Tariro: {{phone: "+263 77 123 4567", name: Tariro Moyo, member: {{tier: 2, balances: [50 USD]}}}}
  Farai: {{phone: "+263 71 234 5678", name: Farai Ncube, member: {{handle: farai_shop}}}}
lines:
"""


def conversation(*lines: str, processes: int = 2) -> Conversation:
    text = HEAD.format(processes=processes) + "".join(f"  - {line}\n" for line in lines)
    return parse(text, file="t.yaml", flow="f", name="t")


def played(*lines: str, processes: int = 2) -> Transcript:
    return replay(conversation(*lines, processes=processes))


def said(transcript: Transcript, member: str = "Tariro") -> list[str]:
    """What the bot told them, the first line of each message."""
    shown = [moment for moment in transcript.moments if moment.member == member and moment.screen]
    return [moment.screen.body.splitlines()[0] for moment in shown if moment.screen]


def at_s(transcript: Transcript, kind: Kind) -> list[float]:
    return [(moment.at_ms - transcript.start_ms) / 1000 for moment in transcript.moments if moment.kind is kind]


OFFERED = "✅ You offered *5.00 USD* to *Farai Ncube Personal*."
ASKED = "Offer *5.00 USD* to *Farai Ncube Personal* (farai_shop)?"


def test_a_line_in_a_hurry_does_not_wait_for_the_answer() -> None:
    """Two messages 300 ms apart; both are answered, in their order."""
    transcript = played("Tariro: outgoing", "hurry: 300 ms", "Tariro: incoming")
    assert at_s(transcript, Kind.SAID) == [0.0, 0.3]
    assert said(transcript) == ["You have no offers waiting.", "No offers wait for you."]


def test_a_line_without_a_hurry_waits_for_the_answer() -> None:
    """The second message comes when the first is answered and somebody has typed."""
    transcript = played("Tariro: outgoing", "Tariro: incoming")
    assert at_s(transcript, Kind.SAID)[1] > at_s(transcript, Kind.SHOWN)[0] + 4


def test_what_a_killed_process_held_another_one_finishes() -> None:
    """One of two dies when core has made the offer: the other finds it out and tells; there is one offer."""
    transcript = played(
        "Tariro: 5=>farai_shop",
        "bot: killed at after createCredex",
        "Tariro taps: Confirm",
        "wait: 2 min",
        "Tariro: outgoing",
    )
    assert "is killed" in " ".join(moment.text for moment in transcript.moments)
    found = "Credex answered unclearly, so I looked: it is there."
    assert said(transcript) == [ASKED, found, "Your offers that wait: 1."]


def test_with_all_processes_gone_nobody_is_answered_until_one_is_back() -> None:
    """WhatsApp brings the message again, and it is answered then."""
    transcript = played(
        "process: {1: stops}",
        "process: {2: killed}",
        "Tariro: outgoing",
        "process: {2: starts}",
        "wait: 1 min",
    )
    assert "Webhook not taken; it comes again" in [moment.text for moment in transcript.moments]
    assert said(transcript) == ["You have no offers waiting."]


def test_what_the_next_release_began_only_the_next_release_goes_on_with() -> None:
    """This release gives a newer record back untouched; with the next one back, the confirmation counts."""
    transcript = played(
        "deploy: next release",
        "Tariro: 5=>farai_shop",
        "deploy: this release",
        "Tariro taps: Confirm",
        "wait: 20 s",
        "deploy: next release",
        "wait: 1 min",
    )
    assert said(transcript) == [ASKED, OFFERED]
    confirmed, offered = at_s(transcript, Kind.TAPPED)[0], at_s(transcript, Kind.SHOWN)[-1]
    assert offered - confirmed > 20


def test_two_releases_side_by_side_answer_everybody() -> None:
    """What one stores in the newer form, the one that can read it finishes, and the other leaves it to it."""
    transcript = played(
        "process: {2: becomes the next release}",
        "Tariro: 5=>farai_shop",
        "Tariro taps: Confirm",
        "wait: 3 min",
    )
    assert said(transcript) == [ASKED, OFFERED]


def test_a_full_state_takes_no_message_and_loses_none() -> None:
    """The webhook is answered 503; when there is room again WhatsApp brings it again."""
    transcript = played("state redis: full", "Tariro: outgoing", "state redis: has room", "wait: 1 min")
    assert "Webhook answered 503; it comes again" in [moment.text for moment in transcript.moments]
    assert said(transcript) == ["You have no offers waiting."]


def test_a_state_that_restarts_has_forgotten_its_scripts_and_nothing_else() -> None:
    """A conversation goes on where it was."""
    transcript = played("Tariro: 5=>farai_shop", "state redis: restarted", "Tariro taps: Confirm")
    assert said(transcript) == [ASKED, OFFERED]


def test_a_state_that_loses_its_last_writes_stands_where_it_was_backed_up() -> None:
    """What was asked before is still open; what was done since is not, and the ledger keeps it."""
    transcript = played(
        "Tariro: 5=>farai_shop",
        "state redis: backed up",
        "Tariro taps: Confirm",
        "state redis: restored",
        "Tariro taps: Confirm",
        "Tariro: outgoing",
    )
    assert said(transcript) == [ASKED, OFFERED, OFFERED, "Your offers that wait: 2."]


def test_a_state_that_was_never_backed_up_cannot_be_restored() -> None:
    """The line says what is missing before it."""
    with pytest.raises(LineError, match="was never backed up"):
        played("state redis: restored")


def test_a_connection_that_breaks_before_the_commit_costs_a_moment() -> None:
    """The step is made again; the member is told once."""
    transcript = played("state redis: {drops: commit}", "Tariro: outgoing")
    assert said(transcript) == ["You have no offers waiting."]
    assert at_s(transcript, Kind.SHOWN) > at_s(played("Tariro: outgoing"), Kind.SHOWN)


def test_a_cache_that_forgets_leaves_the_state_alone() -> None:
    """A conversation goes on where it was, on a database that both share."""
    transcript = played("Tariro: 5=>farai_shop", "cache redis: flushed", "Tariro taps: Confirm")
    assert said(transcript) == [ASKED, OFFERED]


def test_a_lost_answer_to_a_webhook_brings_it_again_and_costs_nobody_anything() -> None:
    """WhatsApp brings it once more; the message is answered once."""
    transcript = played("network: {with: reset, when: after}", "Tariro: outgoing", "wait: 1 min")
    assert "Webhook not taken; it comes again" in [moment.text for moment in transcript.moments]
    assert said(transcript) == ["You have no offers waiting."]


def test_a_late_webhook_holds_up_what_the_same_person_says_after_it() -> None:
    """Messages are answered in the order in which they were sent."""
    transcript = played("webhook: {late: 20 s}", "Tariro: outgoing", "hurry: 1 s", "Tariro: incoming", "wait: 1 min")
    assert said(transcript) == ["You have no offers waiting.", "No offers wait for you."]
    assert at_s(transcript, Kind.SHOWN)[0] > 20


def test_a_clock_that_is_behind_does_no_harm() -> None:
    """Two seconds are within what a confirmation tolerates."""
    transcript = played(
        "process: {1: clock 2 s behind}", "process: {2: clock 1 s ahead}", "Tariro: 5=>farai_shop",
        "Tariro taps: Confirm",
    )  # fmt: skip
    assert said(transcript) == [ASKED, OFFERED]


def test_repair_ends_all_trouble() -> None:
    """Whatever was broken: afterwards everything is answered."""
    transcript = played(
        "core: {fails: everything, with: 500, times: always}",
        "graph: {fails: everything, with: 503, times: always}",
        "network: {with: refused, times: always}",
        "hold: true",
        "redis: {both: down}",
        "state redis: full",
        "bot: killed at before commit",
        "process: {1: killed}",
        "process: {2: clock 1 min ahead}",
        "Tariro: outgoing",
        "repair",
        "wait: 2 min",
    )
    assert said(transcript) == ["You have no offers waiting."]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("process: {9: killed}", "no number of a process: '9'"),
        ("process: {2: eaten}", "nothing that can become of a process: 'eaten'"),
        ("process: killed", "process must be of the form key: value"),
        ("deploy: another", "nothing to deploy: 'another'"),
        ("network: {with: 404}", "with cannot be '404'"),
        ("network: {with: refused, when: after}", "never comes to 'after'"),
        ("webhook: {times: 1}", "not a number of times: '1'"),
        ("webhook: {}", "webhook says nothing"),
        ("state redis: gone", "nothing that can become of the state Redis: 'gone'"),
        ("state redis: {drops: comit}", "no script of the mailbox: 'comit'"),
        ("cache redis: gone", "nothing that can become of the cache Redis: 'gone'"),
        ("hurry: soon", "not a duration: 'soon'"),
    ],
)
def test_a_line_that_says_nothing_is_named_with_what_could_be_said(line: str, problem: str) -> None:
    """The problem names the line's number."""
    with pytest.raises(ConversationError) as caught:
        conversation(line)
    assert problem in str(caught.value)
    assert str(caught.value).startswith("t.yaml:7:")


@pytest.mark.parametrize("count", ["0", "5", "many"])
def test_there_are_one_to_four_processes(count: str) -> None:
    """Any other number is refused."""
    text = HEAD.format(processes=count) + "  - Tariro: hi\n"
    with pytest.raises(ConversationError, match="not a number of processes"):
        parse(text, file="t.yaml", flow="f", name="t")
