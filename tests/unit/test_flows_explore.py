"""From wherever a member can get, whatever they do and whatever core answers, there is an answer and a way on.

All screens that can be reached are visited, breadth first, and on each everything is tried. Two visits count as the
same screen when step, choices and what is known are of the same kind.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import get_args

import msgspec
import pytest

from service.conversation import FlowRegistry, Option, Question, WriteReconciled, take_turn
from service.domain import Dashboard, Person, Recipient
from service.domain.commands import (
    DidNotHappen,
    Done,
    Known,
    NotFound,
    Outcome,
    PossibleDuplicate,
    Refused,
    Unavailable,
    Unknown,
    Write,
)
from service.flows import flow_registry
from service.flows.forms import Forms
from service.messages import Form
from service.whatsapp.forms import form_tokens
from tests.unit.flows_play import MEMBER, MINUTE, NOON, Play
from tests.unit.flows_world import (
    FARAI,
    OWN,
    REFUSALS,
    RUDO,
    account,
    credex,
    dashboard,
    largest,
    largest_answers,
    ledger,
    line,
    money,
    offer,
    shop,
)

MARKS = "777."
"""How balances begin, and nothing else, to be looked for where balances must not be."""

USUAL = dashboard(
    account(
        balances=(money(f"{MARKS}50"),),
        incoming=tuple(offer(f"cx-{number}") for number in range(1, 8)),
        outgoing=(offer("to-8", "7.00"),),
        authorised=(Person("member-1", "Tariro Moyo"), RUDO),
        send_offers_to=RUDO,
    ),
)
AFTER = dashboard(account(balances=(money(f"{MARKS}25"),)))


def in_the_usual_world() -> list[Outcome]:
    """Members with much and with nothing, with one account, several and none; and whatever else core may tell."""
    poor = dashboard(account(balances=()), remaining_today=None)
    rich = dashboard(account(authorised=(Person("member-1", "Tariro Moyo"),)), shop(), tier=5)
    other = dashboard(shop(owned=False), tier=4)
    told: list[Recipient | Person] = [FARAI, OWN, RUDO, Person("member-2", "Chipo Banda")]
    pages = [ledger(), ledger(line(), line("5.00", credex_id=None)), ledger(line(), page=2, pages=3)]
    each = [credex(), credex(amount=None), credex(state="CLEARED", outgoing=False, due=date(2026, 12, 3))]
    looks = [Known(look) for look in (USUAL, poor, rich, other, dashboard())]
    return [*looks, *(Known(value) for value in told), *pages, *each, *_done(AFTER)]


def in_the_largest_world(letter: str) -> list[Outcome]:
    """A member with the most that core allows, written in this letter."""
    most = largest(letter)
    return [Known(most), Known(largest(letter, accounts=12)), *largest_answers(letter), *_done(most)]


def _done(after: Dashboard) -> list[Outcome]:
    ways = [(False, True, False), (True, True, False), (True, True, True), (True, False, False)]
    return [Done(None), *(Done(after, "cx-9", proven, by_us, accepted) for proven, by_us, accepted in ways)]


OTHERWISE: list[Outcome] = [
    NotFound(),
    DidNotHappen(),
    Unavailable(),
    Unknown(),
    PossibleDuplicate(),
    PossibleDuplicate(made=True),
    *(Refused(code, money("1.00")) for code in REFUSALS),
]

TOKEN = form_tokens("a-secret")
FORMS = Forms(TOKEN, person="1111", business="2222")

WORLDS = {
    "usual": in_the_usual_world(),
    "asked by forms": in_the_usual_world(),
    "names of emoji": in_the_largest_world("😀"),
    "names of nothing but marks": in_the_largest_world("*"),
}


@dataclass(frozen=True)
class Explored:
    """The flows of a world, what core may answer, and every kind of screen and call that can be reached."""

    registry: FlowRegistry
    outcomes: list[Outcome]
    plays: list[Play]


@pytest.fixture(scope="module")
def worlds() -> Callable[[str], Explored]:
    """Each world, explored once."""

    def explore(name: str) -> Explored:
        flows = flow_registry(FORMS if name == "asked by forms" else None)
        return Explored(flows, WORLDS[name], explored(flows, WORLDS[name]))

    return cache(explore)


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in WORLDS])
def world(request: pytest.FixtureRequest, worlds: Callable[[str], Explored]) -> Explored:
    """Each of them."""
    return worlds(request.param)


@pytest.fixture
def usual(worlds: Callable[[str], Explored]) -> Explored:
    """The one where everything is tried."""
    return worlds("usual")


_SAID = (
    *(
        "",
        " ",
        "\n",
        "\x00",
        "perhaps",
        "yes",
        "no",
        "0",
        "1",
        "2",
        "3",
        "4",
        "10",
        "11",
        "99",
        "-1",
        "1e3",
        "{0}",
        "%s",
    ),
    *("menu", "hi", "help", "offer", "pending", "outgoing", "refresh", "register", "x", "*menu*", "n:menu"),
    *("thanks", "ok", "👍", "❤️"),
    *("5", "999,999,999,999.9999 XAU", "ZWG 1,000", "1,5", "5=>farai_shop", "1,5=>farai_shop", "5=>x"),
    "999,999,999,999.9999 XAU=>" + "h" * 30,
    *(
        "questions",
        "in 3 weeks",
        "in 2 days",
        "31 Feb",
        "5->farai_shop=in 3 weeks",
        "5->farai_shop=in 2 days",
        "x->farai_shop=31 Feb",
    ),
    "999,999,999,999.9999 XAU->" + "h" * 30 + "=in 3 weeks",
    *(
        "farai_shop",
        "h" * 30,
        "Tariro",
        "a" * 50,
        "ë" * 97 + "abc",
        "😀" * 97 + "abc",
        "x" * 4096,
        "😀" * 2048,
        "*_~`" * 9,
    ),
)
SAID = sorted(_SAID, key=len, reverse=True)
"""Longest first, so that screens are visited with the longest that is accepted."""

NAMES = {"form": "member_signup", "first_name": "Tariro", "last_name": "Moyo"}
SHOP = {"form": "open_account", "name": "Moyo & Sons", "denomination": "ZWG", "handle": "@Moyo_Sons"}
PAPERS = (NAMES, {**NAMES, "last_name": "M" * 51}, SHOP, {**SHOP, "handle": "a.b.c"}, {"form": "another"})

KINDS = ("image", "contacts", "unsupported", "{0}")
OLD = ("a:1:confirm", "n:", "n:cellar", "n:help", "n:open:gone", "n:incoming:9", "z", "")

DECIDING = frozenset({"typed", "typed_due", "amount", "handle", "receiver", "due", "count"})
"""Answers by which a step chooses its way; all others only change words on a screen."""

READ_LATER = "typed_due"
"""Only its words decide: it is kept as it was typed until core's answer is there, and may turn out to be no date."""

NOT_FOR_ALL = {
    *("greeting.no_account", "pending.incoming_none", "pending.outgoing_none", "ledger.none", "upgrade.already"),
    "people.not_owner",
}
"""Screens for members who have little, or are not the owner: not to be met where everybody has the most."""


def deeds(play: Play) -> Iterator[Callable[[Play], Play]]:
    """Everything that can be done on a screen."""
    for option in play.session.options if play.session else ():
        yield partial(Play.tap_again, option=option)
        if option.id.startswith("a:"):
            yield partial(Play.say, text=option.title)
            yield lambda fork, late=option: fork.wait(4 * MINUTE).tap_again(late, sent_ms=NOON)  # type: ignore[misc]
    for old in (*OLD, f"a:{play.turn - 1}:confirm", f"a:{play.turn}:nothing"):
        yield partial(Play.tap_again, option=Option(old, "Old"))
    if play.session is None:
        for route in play.registry.routes:
            yield partial(Play.tap_again, option=Option(f"n:{route}", "Old"))
            yield partial(Play.tap_again, option=Option(f"n:{route}:x", "Old"))
    for text in SAID:
        yield partial(Play.say, text=text)
    for kind in KINDS:
        # After a while: more of the same at once is told once only.
        yield lambda fork, sent=kind: fork.wait(2 * MINUTE).send(sent)  # type: ignore[misc]
    yield lambda fork: fork.fill(name="x")
    yield from submissions(play)
    yield lambda fork: fork.wait(6 * MINUTE).say("1")
    yield lambda fork: fork.wait(6 * MINUTE).say("5=>farai_shop")
    yield lambda fork: fork.wait(6 * MINUTE).say("help")


def submissions(play: Play) -> Iterator[Callable[[Play], Play]]:
    """Everything that a form on the screen can come back with: with its token, an old one, and none."""
    if any(isinstance(message, Form) for message in play.said):
        for paper in PAPERS:
            for token in (None, TOKEN(play.member, play.turn), TOKEN(play.member, play.turn - 1)):
                yield lambda fork, answers=paper, token=token: fork.fill(form_token=token, **answers)  # type: ignore[misc]


def explored(flows: FlowRegistry, outcomes: list[Outcome]) -> list[Play]:
    """Every kind of screen and call that can be reached."""
    start = Play(flows)
    queue, found = deque([start]), {_kind(start): start}
    while queue:
        play = queue.popleft()
        if play.call is not None:
            following = [play.fork().core(outcome) for outcome in (*outcomes, *OTHERWISE)]
        else:
            following = [deed(play.fork()) for deed in deeds(play)]
            for quiet, at in ((play.fork().react(), play.at), (play.fork().change_number(), "")):
                assert (quiet.said, quiet.call, quiet.at) == ((), None, at)
        for after in following:
            assert after.said or after.call, f"silence at {play.at}"
            if _kind(after) not in found:
                found[_kind(after)] = after
                queue.append(after)
    return list(found.values())


def _kind(play: Play) -> tuple[object, ...]:
    options = play.session.options if play.session else ()
    offered = frozenset(re.sub(r"^(n:[a-z_]*).*|^a:\d+:(.*)", r"\1\2", option.id) for option in options)
    said = {name: value for name, value in play.answers.items() if value and name in DECIDING}
    deciding = frozenset((name, value if name == READ_LATER else "") for name, value in said.items())
    target = play.answers.get("target", "") if play.call else ""
    return (
        play.at,
        type(play.call),
        target[:2],
        target[-2:],
        offered,
        deciding,
        bool(play.session and play.session.preface),
    )


def test_whatever_happens_there_is_an_answer_and_a_way_to_the_menu(world: Explored) -> None:
    """No exception, no silence, no dead end, never more than three messages, no message over WhatsApp's limits.

    The play itself checks each turn (see `Play`); messages over a limit cannot be built.
    """
    for play in world.plays:
        if play.call is None:
            home = play.fork().say("menu").core(world.outcomes[0])
            assert home.at == "dashboard.menu", f"no way to the menu from {play.at}"
            options = play.session.options if play.session else ()
            assert not play.said or options or _asks_for_answers(play), f"nothing can be done at {play.at}"


def test_every_screen_and_call_is_visited_in_every_world(world: Explored) -> None:
    """But those for members without offers or accounts, where everybody has the most."""
    steps = {f"{flow.name}.{step.name}" for flow in world.registry.flows for step in flow.steps}
    reached = {play.at for play in world.plays}
    poor = NOT_FOR_ALL if world.outcomes not in (WORLDS["usual"], WORLDS["asked by forms"]) else set()
    anonymous = {flow_registry().anonymous}  # all that those see who hide their number
    assert sorted(steps - reached - anonymous - poor) == []


@pytest.mark.parametrize("name", ["usual", "asked by forms"])
def test_every_way_out_of_every_step_is_taken(worlds: Callable[[str], Explored], name: str) -> None:
    """Whatever a step may lead to, something that members do or core answers leads there."""
    world = worlds(name)
    taken = {(f"{way.flow}.{way.step}", way.exit) for play in world.plays for way in play.walked}
    assert sorted({(step, way) for step, way, _ in world.registry.edges()} - taken) == []


def test_what_became_of_any_write_can_be_told_whatever_it_is(world: Explored) -> None:
    """In one message, wherever the member is by then."""
    told = 0
    for play in world.plays:
        if isinstance(play.call, Write):
            for outcome in (*world.outcomes, *OTHERWISE):
                found = WriteReconciled(MEMBER, play.at, play.call, outcome, play.answers)
                assert len(take_turn(play.registry, None, found, NOON).messages) == 1
                told += 1
    assert told


def test_no_session_holds_a_balance(usual: Explored) -> None:
    """Core could have changed it meanwhile; and the session is not the place for what a member owns."""
    assert any(MARKS in play.text for play in usual.plays)
    for play in usual.plays:
        assert MARKS.encode() not in msgspec.json.encode(play.session)


def test_no_text_shows_the_insides_of_the_program(usual: Explored) -> None:
    """No None, no reprs, no gaps that were not filled."""
    for play in usual.plays:
        for inside in ("None", "Decimal", "Money(", "<", "{amount", "{party"):
            assert inside not in play.text, play.text


def test_every_kind_of_outcome_is_tried() -> None:
    """Whoever adds one adds it here."""
    tried = {type(outcome) for outcome in (*WORLDS["usual"], *OTHERWISE)}
    assert set(get_args(Outcome)) == tried


def _asks_for_answers(play: Play) -> bool:
    at = play.registry.find(play.at)
    return at is not None and isinstance(at[1], Question) and at[1].kind in {"text", "form"}
