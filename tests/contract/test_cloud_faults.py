"""Faults as data: rules of target, trigger and effect, on the Graph API and on webhooks."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import httpx
import msgspec
import pytest

from simulator.whatsapp_cloud import InProcessTransport, Rule, RuleError, Rules, graph_app, parse_rule, parse_rule_text
from simulator.whatsapp_cloud.faults import WEBHOOK_EFFECTS
from tests.contract.cloud_bot import FARAI, TARIRO, World, buttons, code_of, greeted, play, text


def rules(*given: Rule) -> Rules:
    """These rules, in force."""
    made = Rules(random.Random(1))
    for rule in given:
        made.add(rule)
    return made


def struck(rule: Rule, requests: int) -> list[int]:
    """Which of so many requests it strikes, from 1."""
    made = rules(rule)
    return [number for number in range(1, requests + 1) if made.match("messages", {rule.do})]


# -- the trigger ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({}, [1]),
        ({"times": 3}, [1, 2, 3]),
        ({"times": None}, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"times": None, "after": 7}, [8, 9]),
        ({"times": None, "every": 3}, [3, 6, 9]),
        ({"times": 2, "after": 1, "every": 2}, [3, 5]),
    ],
)
def test_a_rule_strikes_when_its_trigger_says(trigger: dict[str, Any], expected: list[int]) -> None:
    """The next, the next n, always, after the first n, every nth, and these together."""
    assert struck(Rule("messages", "reset", **trigger), 9) == expected


def test_a_probability_is_drawn_from_the_seed() -> None:
    """About as often as it says, and the same requests each time."""
    rule = Rule("messages", "reset", times=None, percent=30)
    once = struck(rule, 1_000)
    assert 250 < len(once) < 350
    assert struck(rule, 1_000) == once


# -- the data ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"on": "messages", "do": "refuse"}, "'refuse' needs 'code'"),
        ({"on": "messages", "do": "slow"}, "'slow' needs 'ms'"),
        ({"on": "messages", "do": "duplicate"}, "'duplicate' cannot be done to messages"),
        ({"on": "webhooks", "do": "hang"}, "'hang' cannot be done to webhooks"),
        ({"on": "messages", "do": "reset", "ms": 5}, "'ms' says nothing about 'reset'; it belongs to delay, slow"),
        ({"on": "messages", "do": "reset", "times": 0}, "a rule strikes at least once"),
        ({"on": "messages", "do": "reset", "percent": 0}, "'percent' is from 1 to 100"),
        ({"on": "messages", "do": "answer", "status": 50}, "50 is no HTTP status"),
        ({"on": "media", "do": "reset", "kind": "text"}, "media have no 'kind'"),
        ({"on": "webhooks", "do": "strip", "without": ["hat"]}, "a webhook has no hat to leave out"),
        ({"on": "messages", "do": "reset", "to": "Tariro"}, "'to' is a phone number, not 'Tariro'"),
        ({"on": "typing", "do": "fail", "code": 1}, "only messages can fail later"),
        (
            {"on": "mesages", "do": "reset"},
            "'on' is one of messages, typing, media, account, graph, webhooks, statuses",
        ),
        ({"on": "messages", "do": "rest"}, "'do' is one of answer, reset, hang, garble, slow, refuse, fail"),
        ({"on": "messages", "do": "reset", "time": 3}, "unknown field `time`"),
        ({"do": "reset"}, "missing required field `on`"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_the_reason(given: dict[str, Any], said: str) -> None:
    """What cannot be meant is told, and nothing is put in force."""
    with pytest.raises(RuleError) as refused:
        parse_rule(given)
    assert said in str(refused.value)


def test_a_rule_is_the_same_in_words_in_json_and_in_python() -> None:
    """One record in three notations; defaults are left out of JSON."""
    rule = Rule("messages", "refuse", to=TARIRO, kind="button", times=None, every=2, code=131056)
    words = f"on=messages do=refuse to={TARIRO} kind=button times=always every=2 code=131056"
    as_json = {
        "on": "messages",
        "do": "refuse",
        "to": TARIRO,
        "kind": "button",
        "times": None,
        "every": 2,
        "code": 131056,
    }
    assert (parse_rule_text(words), parse_rule(as_json), msgspec.to_builtins(rule)) == (rule, rule, as_json)
    assert parse_rule_text(msgspec.json.encode(rule).decode()) == rule


def test_rules_are_listed_and_removed_by_their_numbers() -> None:
    """Numbers are never given twice; an unknown one is told with those in force."""
    made = rules(Rule("messages", "reset"), Rule("media", "hang"))
    made.remove(1)
    assert [(each.number, each.rule.on) for each in made] == [(2, "media")]
    assert made.add(Rule("typing", "reset")) == 3
    with pytest.raises(RuleError, match=r"no rule in force has the number 1 \(in force: 2, 3\)"):
        made.remove(1)


# -- the Graph API ----------------------------------------------------------------------------------------------------


async def outcome(world: World, payload: dict[str, Any]) -> str:
    """What becomes of a request, as a client with a read timeout of 2 s sees it."""
    async with httpx.AsyncClient(
        transport=InProcessTransport(graph_app(world.cloud)), base_url="http://graph.test", timeout=2
    ) as http:
        try:
            answer = await http.post(
                "/v25.0/506914307656634/messages",
                json={"messaging_product": "whatsapp", "to": TARIRO, **payload},
                headers={"Authorization": "Bearer a-token"},
            )
        except httpx.HTTPError as error:
            return type(error).__name__
    try:
        said = answer.json()
    except ValueError:
        return f"{answer.status_code} garbled"
    return f"{answer.status_code} {said['error'] if isinstance(said.get('error'), str) else code_of(answer)}"


@pytest.mark.parametrize(
    ("rule", "expected", "accepted"),
    [
        (Rule("messages", "answer", status=503), "503 injected", 0),
        (Rule("messages", "answer", status=500, taken=True), "500 injected", 1),
        (Rule("messages", "reset"), "ReadError", 0),
        (Rule("messages", "reset", taken=True), "ReadError", 1),
        (Rule("messages", "hang"), "ReadTimeout", 0),
        (Rule("messages", "hang", taken=True), "ReadTimeout", 1),
        (Rule("messages", "garble", taken=True), "200 garbled", 1),
        (Rule("messages", "garble"), "200 garbled", 0),
        (Rule("graph", "reset"), "ReadError", 0),
        (Rule("messages", "refuse", code=131056), "400 131056", 0),
        (Rule("messages", "refuse", code=131016, status=503), "503 131016", 0),
        (Rule("messages", "fail", code=131047), "200 None", 1),
        (Rule("messages", "reset", to=FARAI), "200 None", 1),
        (Rule("messages", "reset", kind="button"), "200 None", 1),
        (Rule("typing", "reset"), "200 None", 1),
    ],
)
def test_a_request_meets_its_fault(rule: Rule, expected: str, accepted: int) -> None:
    """Each effect as a client sees it, and whether the message was taken all the same; others' rules pass it by."""

    async def scenario(world: World) -> tuple[str, int]:
        await greeted(world)
        world.cloud.rules.add(rule)
        return await outcome(world, text("x")), len(world.cloud.accepted)

    assert play(scenario) == (expected, accepted)


def test_a_slow_request_takes_its_time_before_or_after_it_was_taken() -> None:
    """Only the answer is late when it was taken."""

    async def scenario(world: World) -> list[int]:
        await greeted(world)
        times = []
        for taken in (False, True):
            world.cloud.rules.add(Rule("messages", "slow", ms=1_500, taken=taken))
            before = world.clock.now_ms()
            await outcome(world, text("x"))
            times += [world.cloud.accepted[-1].at_ms - before, world.clock.now_ms() - before]
        return times

    assert play(scenario) == [1_500, 1_500, 0, 1_500]


def test_a_wrong_token_is_refused_before_any_fault() -> None:
    """It neither meets a rule nor uses one up."""

    async def scenario(world: World) -> tuple[int | None, int, str]:
        await greeted(world)
        world.cloud.rules.add(Rule("messages", "reset"))
        answer = await world.post({"messaging_product": "whatsapp"}, authorization="Bearer wrong")
        (armed,) = world.cloud.rules
        return code_of(answer), armed.seen, await outcome(world, text("x"))

    assert play(scenario) == (190, 0, "ReadError")


def test_a_person_is_the_same_by_number_and_by_user_id() -> None:
    """A rule for Tariro strikes what is sent to her user id, too, and not what is sent to Farai's."""

    async def scenario(world: World) -> list[str]:
        await greeted(world)
        world.cloud.handset(FARAI, name="Farai").type("hi")
        await asyncio.sleep(1)
        world.cloud.rules.add(Rule("messages", "reset", to=TARIRO))
        world.cloud.rules.add(Rule("messages", "refuse", to=TARIRO, code=131056))
        ids = [world.cloud.handsets[phone].user_id for phone in (FARAI, TARIRO, TARIRO, TARIRO)]
        return [await outcome(world, {"to": None, "recipient": user_id, **text("x")}) for user_id in ids]

    assert play(scenario) == ["200 None", "ReadError", "400 131056", "200 None"]


def test_other_endpoints_can_fail_too() -> None:
    """Looking at the account is refused with a code; typing is reset; messages go on."""

    async def scenario(world: World) -> tuple[int | None, str, str]:
        await greeted(world)
        world.cloud.rules.add(Rule("account", "refuse", code=4))
        world.cloud.rules.add(Rule("typing", "answer", status=500))
        looked = await world.graph.get("/v25.0/506914307656634", headers={"Authorization": "Bearer a-token"})
        wamid = world.bot.messages[0]["id"]
        typing = await outcome(world, {"status": "read", "message_id": wamid, "to": None})
        return code_of(looked), typing, await outcome(world, text("x"))

    assert play(scenario) == (4, "500 injected", "200 None")


@pytest.mark.parametrize(
    ("stage", "expected"),
    [("accepted", ["failed"]), ("sent", ["sent", "failed"]), ("delivered", ["sent", "delivered", "failed"])],
)
def test_a_message_fails_at_the_stage_that_the_rule_says(stage: Any, expected: list[str]) -> None:
    """At once, after `sent`, or when the phone has it already."""

    async def scenario(world: World) -> list[str]:
        await greeted(world)
        world.cloud.rules.add(Rule("messages", "fail", code=131053, stage=stage))
        await world.say(text("x"))
        await world.settle()
        return [status["status"] for status in world.bot.statuses]

    assert play(scenario) == expected


# -- webhooks ---------------------------------------------------------------------------------------------------------


def test_every_oddity_of_a_webhook_can_be_made_by_a_rule() -> None:
    """What each does to the bytes, their number and their time."""

    async def one(world: World, rule: Rule) -> dict[str, Any]:
        world.bot.received.clear()
        armed = world.cloud.rules.add(rule)
        before = world.clock.now_ms()
        world.cloud.handsets[TARIRO].type("Mhoro")
        await asyncio.sleep(8)
        if any(each.number == armed for each in world.cloud.rules):
            world.cloud.rules.remove(armed)
        received = world.bot.received
        value = received[0].values[0] if received else {}
        return {
            "came": len(received),
            "signed": all(each.signed for each in received),
            "late": received[0].at_ms - before if received else None,
            "contacts": "contacts" in value,
            "ours": value.get("metadata", {}).get("phone_number_id") == "506914307656634",
            "new": value.get("messages", [{}])[0].get("new"),
        }

    made = {
        "duplicate": Rule("webhooks", "duplicate", copies=3),
        "delay": Rule("webhooks", "delay", ms=4_000),
        "drop": Rule("webhooks", "drop"),
        "unsign": Rule("webhooks", "unsign"),
        "missign": Rule("webhooks", "missign"),
        "tamper": Rule("webhooks", "tamper"),
        "misaddress": Rule("webhooks", "misaddress"),
        "strip": Rule("webhooks", "strip", without=("contacts",)),
        "extend": Rule("webhooks", "extend", extra={"new": 1}),
    }
    assert set(made) == WEBHOOK_EFFECTS

    async def scenario(world: World) -> dict[str, dict[str, Any]]:
        world.cloud.handset(TARIRO, name="Tariro")
        return {name: await one(world, rule) for name, rule in made.items()}

    usual = {"came": 1, "signed": True, "late": 0, "contacts": True, "ours": True, "new": None}
    nothing = {"came": 0, "signed": True, "late": None, "contacts": False, "ours": False, "new": None}
    assert play(scenario) == {
        "duplicate": {**usual, "came": 3},
        "delay": {**usual, "late": 4_000},
        "drop": nothing,
        "unsign": {**usual, "signed": False},
        "missign": {**usual, "signed": False},
        "tamper": {**usual, "signed": False},
        "misaddress": {**usual, "ours": False},
        "strip": {**usual, "contacts": False},
        "extend": {**usual, "new": 1},
    }


def test_rules_for_webhooks_tell_people_and_kinds_apart() -> None:
    """Only Farai's taps are dropped; the rest comes."""

    async def scenario(world: World) -> list[tuple[str, str]]:
        world.cloud.rules.add(Rule("webhooks", "drop", times=None, to=FARAI, kind="button_reply"))
        for phone in (TARIRO, FARAI):
            world.cloud.handset(phone, name=phone).type("hi")
            await asyncio.sleep(1)
            await world.say(buttons("Yes"), to=phone)
            await asyncio.sleep(5)
            world.cloud.handsets[phone].tap(None, "Yes")
            await asyncio.sleep(1)
        return [(message["from"], message["type"]) for message in world.bot.messages]

    assert play(scenario) == [(TARIRO, "text"), (TARIRO, "interactive"), (FARAI, "text")]


def test_rules_for_statuses_leave_messages_alone() -> None:
    """`delivered` never comes, `read` comes twice; what people write comes once."""

    async def scenario(world: World) -> tuple[list[str], int]:
        world.cloud.rules.add(Rule("statuses", "drop", times=None, kind="delivered"))
        world.cloud.rules.add(Rule("statuses", "duplicate", times=None, kind="read"))
        await greeted(world)
        await world.say(text("x"))
        await world.settle()
        return [status["status"] for status in world.bot.statuses], len(world.bot.messages)

    assert play(scenario) == (["sent", "read", "read"], 1)
