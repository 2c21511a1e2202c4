"""The Graph API over HTTP: tokens, paths, rates, recipients, and failures on purpose."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from simulator.whatsapp_cloud import ApprovedTemplate, CloudApi, Config, Event, SendRefused, Shown, Warned
from tests.contract.cloud_bot import BUSINESS, FARAI, TARIRO, World, buttons, code_of, greeted, play, text


@pytest.mark.parametrize(
    ("path", "authorization", "status", "error"),
    [
        (
            "",
            "",
            401,
            {
                "message": "An access token is required to request this resource.",
                "type": "OAuthException",
                "code": 104,
            },
        ),
        (
            "",
            "Bearer wrong",
            401,
            {
                "message": "Invalid OAuth access token - Cannot parse access token",
                "type": "OAuthException",
                "code": 190,
            },
        ),
        (
            "/v25.0/1/messages",
            "Bearer a-token",
            400,
            {
                "message": "Unsupported post request. Object with ID '1' does not exist, cannot be loaded due to "
                "missing permissions, or does not support this operation. Please read the Graph API documentation at "
                "https://developers.facebook.com/docs/graph-api",
                "type": "GraphMethodException",
                "code": 100,
                "error_subcode": 33,
            },
        ),
        (
            "/25/506914307656634/messages",
            "Bearer a-token",
            400,
            {
                "message": "Unknown path components: /25/506914307656634/messages",
                "type": "OAuthException",
                "code": 2500,
            },
        ),
        (
            "/v25.0/506914307656634/letters",
            "Bearer a-token",
            400,
            {
                "message": "Unknown path components: /v25.0/506914307656634/letters",
                "type": "OAuthException",
                "code": 2500,
            },
        ),
    ],
)
def test_the_token_and_the_path_are_looked_at_first(
    path: str, authorization: str, status: int, error: dict[str, Any]
) -> None:
    """Whatever the body, a request without the right token or object gets Meta's error for that."""

    async def scenario(world: World) -> tuple[int, dict[str, Any]]:
        answer = await world.post("no object at all", path=path, authorization=authorization)
        body: dict[str, Any] = answer.json()["error"]
        body.pop("fbtrace_id")
        return answer.status_code, body

    assert play(scenario) == (status, error)


@pytest.mark.parametrize("version", ["v16.0", "v25.0", "v101.12"])
def test_any_version_is_served(version: str) -> None:
    """Versions have the form vN.N."""

    async def scenario(world: World) -> int:
        await greeted(world)
        body = {"messaging_product": "whatsapp", "to": TARIRO, **text("x")}
        return (await world.post(body, path=f"/{version}/506914307656634/messages")).status_code

    assert play(scenario) == 200


def test_a_body_that_is_no_json_is_refused() -> None:
    """It reads as a body without parameters."""

    async def scenario(world: World) -> tuple[int, str]:
        headers = {"Authorization": "Bearer a-token"}
        answer = await world.graph.post("/v25.0/506914307656634/messages", content=b"{", headers=headers)
        return answer.status_code, answer.json()["error"]["message"]

    assert play(scenario) == (400, "(#100) The parameter messaging_product is required.")


def test_an_accepted_message_is_answered_with_its_id() -> None:
    """`input` is what was given, `wa_id` the digits."""

    async def scenario(world: World) -> tuple[dict[str, Any], str]:
        await greeted(world)
        answer = await world.say(text("x"), to="+263 (77) 123-4567")
        return answer.json(), world.cloud.accepted[0].wamid

    answer, wamid = play(scenario)
    assert answer == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "+263 (77) 123-4567", "wa_id": TARIRO}],
        "messages": [{"id": wamid}],
    }


def test_too_many_messages_to_one_person_are_refused_and_others_are_not_affected() -> None:
    """A burst of 45, then 131056; six seconds later one more goes; another person is written to meanwhile."""

    async def scenario(world: World) -> tuple[list[int | None], list[int | None], list[int | None]]:
        await greeted(world)
        burst = [code_of(await world.say(text("x"))) for _ in range(46)]
        other = [code_of(await world.say(text("x"), to=FARAI))]
        await asyncio.sleep(6)
        return burst, other, [code_of(await world.say(text("x"))) for _ in range(2)]

    assert play(scenario) == ([None] * 45 + [131056], [None], [None, 131056])


def test_more_than_80_messages_a_second_are_refused() -> None:
    """130429 to everyone until the second has passed."""

    async def scenario(world: World) -> list[int | None]:
        people = [str(263771000000 + number) for number in range(81)]
        codes = [code_of(await world.say(text("x"), to=phone)) for phone in people]
        await asyncio.sleep(1)
        return [codes[79], codes[80], code_of(await world.say(text("x")))]

    assert play(scenario) == [None, 130429, None]


def test_what_people_write_counts_towards_the_throughput() -> None:
    """In and out together: after 79 messages in, one goes out within the second."""

    async def scenario(world: World) -> list[int | None]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        for _ in range(79):
            tariro.type("x")
        return [code_of(await world.say(text("x"))) for _ in range(2)]

    assert play(scenario) == [None, 130429]


def test_rates_can_be_switched_off() -> None:
    """For load tests there are no limits."""

    async def scenario(world: World) -> set[int | None]:
        await greeted(world)
        return {code_of(await world.say(text("x"))) for _ in range(200)}

    assert play(scenario, Config(pair_every_ms=None, per_second=None)) == {None}


def test_a_test_number_writes_to_its_list_only() -> None:
    """131030 for everybody else."""

    async def scenario(world: World) -> list[int | None]:
        return [code_of(await world.say(text("x"), to=phone)) for phone in (TARIRO, FARAI)]

    assert play(scenario, Config(allowed=frozenset({TARIRO}))) == [None, 131030]


@pytest.mark.parametrize(("to", "code"), [("263242700100", 131021), ("12", 131009), ("abc", 131009)])
def test_the_recipient_must_be_somebody_else_with_a_number(to: str, code: int) -> None:
    """The business's own number and what is no number are refused."""

    async def scenario(world: World) -> int | None:
        return code_of(await world.say(text("x"), to=to))

    assert play(scenario) == code


def test_a_person_can_be_written_to_by_scoped_id() -> None:
    """`recipient` instead of `to`; the answer has no number, and the webhooks of a hidden number neither."""

    async def scenario(world: World) -> tuple[dict[str, Any], set[str], int | None]:
        person = world.cloud.handset(TARIRO, name="Tariro", username="tariro.moyo", hides_number=True)
        person.type("Mhoro")
        await world.settle()
        sent = {"messaging_product": "whatsapp", "recipient": person.user_id, **text("x")}
        answer = await world.post(sent)
        await world.settle()
        leaks = {key for status in world.bot.statuses for key in status if key == "recipient_id"}
        leaks |= {key for message in world.bot.messages for key in message if key == "from"}
        leaks |= {key for one in world.bot.received for contact in one.values[0]["contacts"] for key in contact} & {
            "wa_id"
        }
        wrong = await world.post({**sent, "recipient": "ZW.1"})
        return answer.json()["contacts"][0], leaks, code_of(wrong)

    contact, leaks, wrong = play(scenario)
    assert set(contact) == {"input", "user_id"}
    assert leaks == set()
    assert wrong == 131009


def test_any_code_can_be_injected_at_once_or_later() -> None:
    """Codes that Meta reports late come as a failed status; others as an answer; either can be asked for."""

    async def scenario(world: World) -> list[tuple[int | None, str]]:
        await greeted(world)
        outcomes = []
        for code, later in ((131056, None), (131049, None), (131000, True), (131049, False)):
            world.cloud.fail_next(code, later=later)
            answer = await world.say(text("x"))
            await world.settle()
            outcomes.append(
                (code_of(answer), world.cloud.accepted[-1].statuses[-1].status if not code_of(answer) else "")
            )
        outcomes.append((code_of(await world.say(text("x"))), ""))
        return outcomes

    assert play(scenario) == [(131056, ""), (None, "failed"), (None, "failed"), (131049, ""), (None, "")]


def test_injected_failures_can_be_for_one_person_and_several_times() -> None:
    """Others are not hit, and it ends after the times asked for."""

    async def scenario(world: World) -> list[int | None]:
        world.cloud.fail_next(131016, times=2, to="+" + FARAI, status=503)
        everybody = (TARIRO, FARAI, TARIRO, FARAI, FARAI)
        return [code_of(await world.say(text("x"), to=phone)) for phone in everybody]

    assert play(scenario) == [None, 131016, None, 131016, None]


def test_an_unknown_code_can_be_injected() -> None:
    """Bots must live with codes that nobody has documented yet."""

    async def scenario(world: World) -> tuple[int, str]:
        world.cloud.fail_next(999_999, status=500)
        answer = await world.say(text("x"))
        return answer.status_code, answer.json()["error"]["message"]

    assert play(scenario) == (500, "(#999999) Unknown error")


def test_a_refused_message_is_told_to_the_observer_and_not_shown() -> None:
    """With its code and what the error said."""

    async def scenario(world: World) -> tuple[list[tuple[str | None, int, str]], int]:
        await greeted(world)
        await world.say(buttons("x" * 21))
        await world.settle()
        refused = [(event.phone, event.code, event.details) for event in world.events if isinstance(event, SendRefused)]
        return refused, len(world.cloud.handsets[TARIRO].bubbles)

    said = "Button title length invalid. Min length: 1, Max length: 20"
    assert play(scenario) == ([(TARIRO, 131009, said)], 0)


def test_a_warning_is_told_to_the_observer() -> None:
    """A text that only the stricter count refuses is accepted with a warning."""

    async def scenario(world: World) -> list[str]:
        await greeted(world)
        await world.say(buttons("👍" * 11))
        return [event.text for event in world.events if isinstance(event, Warned)]

    assert len(play(scenario)) == 1


def test_a_template_that_meta_does_not_know_is_refused_over_http() -> None:
    """132001 comes with 404."""

    async def scenario(world: World) -> tuple[int, int | None, str]:
        template = {"type": "template", "template": {"name": "t", "language": {"code": "en"}}}
        refused = await world.say(template)
        template["template"]["name"] = "hello"  # type: ignore[index]
        answer = await world.say(template)
        return refused.status_code, code_of(refused), answer.json()["messages"][0]["message_status"]

    assert play(scenario, Config(templates=(ApprovedTemplate("hello", "en", "Hello"),))) == (404, 132001, "accepted")


def test_an_observer_that_fails_is_not_silent() -> None:
    """Its exception comes out of `busy`, where whoever plays a world will see it."""

    async def scenario(world: World) -> None:
        def observer(event: Event) -> None:
            match event:
                case Shown():
                    raise LookupError("no such screen")

        cloud = CloudApi(
            BUSINESS,
            to_bot=world.graph,
            clock_ms=world.clock.now_ms,
            rng=random.Random(1),
            on_event=observer,
            config=Config(window_ms=None),
        )
        cloud.handset(TARIRO, name="Tariro")
        await cloud.handle({"messaging_product": "whatsapp", "to": TARIRO, **text("x")})
        await asyncio.sleep(1)
        with pytest.raises(LookupError, match="no such screen"):
            cloud.busy()
        assert not cloud.busy()

    play(scenario)
