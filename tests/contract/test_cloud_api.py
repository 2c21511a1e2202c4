"""The Graph API over HTTP: tokens, paths, statuses, rates, the 24-hour window, and failures on purpose."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import httpx
import pytest

from simulator.whatsapp_cloud import Approved, CloudApi, Event, Knobs, SendRefused, Shown, Warned
from tests.contract.cloud_bot import BUSINESS, FARAI, START, TARIRO, World, buttons, play, text

DAY_S = 86_400


def code_of(answer: httpx.Response) -> int | None:
    """The error's code, or None for a success."""
    code: int | None = answer.json().get("error", {}).get("code")
    return code


async def greeted(world: World, **persona: Any) -> None:
    """Tariro has a phone and has opened the 24-hour window."""
    world.cloud.handset(TARIRO, name="Tariro", **persona).type("Mhoro")
    await asyncio.sleep(1)


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


def test_a_message_is_sent_delivered_and_read_and_the_bot_is_told() -> None:
    """After 200, 600 and 1,500 ms, each in a webhook of its own that echoes the callback data."""

    async def scenario(world: World) -> tuple[list[tuple[int, str]], dict[str, Any], list[str]]:
        await greeted(world)
        before = world.clock.now_ms()
        await world.say(text("x"), biz_opaque_callback_data="job-91")
        await world.settle()
        webhooks = [one for one in world.bot.received if "statuses" in one.values[0]]
        times = [(one.at_ms - before, one.values[0]["statuses"][0]["status"]) for one in webhooks]
        notes = [note.status for note in world.cloud.accepted[0].statuses]
        return times, world.bot.statuses[0], notes

    times, first, notes = play(scenario)
    assert times == [(200, "sent"), (600, "delivered"), (1_500, "read")]
    assert notes == ["sent", "delivered", "read"]
    assert {key: first[key] for key in ("status", "timestamp", "recipient_id", "biz_opaque_callback_data")} == {
        "status": "sent",
        "timestamp": "1795340401",
        "recipient_id": TARIRO,
        "biz_opaque_callback_data": "job-91",
    }
    assert first["pricing"]["type"] == "free_customer_service"
    assert "conversation" not in first


def test_older_versions_report_the_conversation() -> None:
    """Before v24.0 the status `sent` carries `conversation`."""

    async def scenario(world: World) -> list[bool]:
        await greeted(world)
        await world.say(text("x"))
        await world.settle()
        return ["conversation" in status for status in world.bot.statuses]

    assert play(scenario, Knobs(legacy_conversation=True)) == [True, False, False]


@pytest.mark.parametrize(
    ("persona", "statuses"),
    [
        ({}, ["sent", "delivered", "read"]),
        ({"receipts": False}, ["sent", "delivered"]),
    ],
)
def test_receipts_are_the_persons_choice(persona: dict[str, Any], statuses: list[str]) -> None:
    """Without read receipts the bot never hears that a message was read."""

    async def scenario(world: World) -> list[str]:
        await greeted(world, **persona)
        await world.say(text("x"))
        await world.settle()
        return [status["status"] for status in world.bot.statuses]

    assert play(scenario) == statuses


def test_a_phone_without_network_gets_its_messages_later_in_order() -> None:
    """Only `sent` comes until the phone is back; nothing is busy meanwhile; then all is shown in order."""

    async def scenario(world: World) -> tuple[list[str], list[str], list[str]]:
        await greeted(world)
        tariro = world.cloud.handsets[TARIRO]
        tariro.switch_off()
        await world.say(text("1"))
        await world.say(text("2"))
        await world.settle()
        off = [status["status"] for status in world.bot.statuses]
        seen_off = [bubble.body for bubble in tariro.screen]
        await asyncio.sleep(3_600)
        tariro.switch_on()
        await asyncio.sleep(0)
        await world.settle()
        assert [status["status"] for status in world.bot.statuses].count("read") == 2
        return off, seen_off, [bubble.body for bubble in tariro.screen]

    assert play(scenario) == (["sent", "sent"], [], ["1", "2"])


@pytest.mark.parametrize("reason", ["blocked", "unknown"])
def test_who_blocks_the_business_or_has_no_whatsapp_gets_nothing(reason: str) -> None:
    """The message is accepted and fails with 131026, without contacts and scoped id; nothing is shown."""

    async def scenario(world: World) -> tuple[int, list[tuple[str, int]], list[str]]:
        await greeted(world)
        world.cloud.handsets[TARIRO].blocked = reason == "blocked"
        answer = await world.say(text("x"), to=TARIRO if reason == "blocked" else FARAI)
        await world.settle()
        failed = [(status["status"], status["errors"][0]["code"]) for status in world.bot.statuses]
        assert "recipient_user_id" not in world.bot.statuses[0]
        assert "contacts" not in world.bot.received[-1].values[0]
        return answer.status_code, failed, [bubble.body for bubble in world.cloud.handsets[TARIRO].screen]

    assert play(scenario) == (200, [("failed", 131026)], [])


def test_the_window_closes_24_hours_after_the_persons_last_message() -> None:
    """One millisecond before, a text is delivered; at 24 hours it is accepted and fails; a template still goes."""

    async def scenario(world: World) -> list[tuple[str, int | None]]:
        tariro = world.cloud.handset(TARIRO, name="Tariro", receipts=False)
        tariro.type("Mhoro")
        await asyncio.sleep(DAY_S - 0.001)
        await world.say(text("in time"))
        await asyncio.sleep(0.001)
        await world.say(text("too late"))
        await world.say({"type": "template", "template": {"name": "t", "language": {"code": "en"}}})
        await world.settle()
        tariro.type("again")
        await world.say(text("open"))
        await world.settle()
        return [(bubble.statuses[-1].status, bubble.statuses[-1].code) for bubble in tariro.bubbles]

    assert play(scenario) == [("delivered", None), ("failed", 131047), ("delivered", None), ("delivered", None)]


def test_who_never_wrote_gets_templates_only() -> None:
    """Without a message from the person there is no window, and the status says why."""

    async def scenario(world: World) -> dict[str, Any]:
        world.cloud.handset(TARIRO, name="Tariro")
        await world.say(text("x"))
        await world.settle()
        errors: dict[str, Any] = world.bot.statuses[0]["errors"][0]
        return errors

    assert play(scenario) == {
        "code": 131047,
        "title": "Re-engagement message",
        "message": "Re-engagement message",
        "error_data": {"details": "More than 24 hours have passed since the recipient last replied"},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
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

    assert play(scenario, Knobs(pair_every_ms=None, per_second=None)) == {None}


def test_a_test_number_writes_to_its_list_only() -> None:
    """131030 for everybody else."""

    async def scenario(world: World) -> list[int | None]:
        return [code_of(await world.say(text("x"), to=phone)) for phone in (TARIRO, FARAI)]

    assert play(scenario, Knobs(allowed=frozenset({TARIRO}))) == [None, 131030]


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


def test_a_status_can_come_before_the_answer_to_its_request() -> None:
    """The bot may hear that a message was sent before it knows the message's id."""

    async def scenario(world: World) -> tuple[int, list[str]]:
        await greeted(world)
        await world.say(text("x"))
        early = len(world.bot.statuses)
        await world.settle()
        return early, [status["status"] for status in world.bot.statuses]

    assert play(scenario, Knobs(status_before_answer=True)) == (1, ["sent", "delivered", "read"])
    assert play(scenario)[0] == 0


def test_delivered_can_be_skipped() -> None:
    """`read` may come without `delivered`."""

    async def scenario(world: World) -> list[str]:
        await greeted(world)
        await world.say(text("x"))
        await world.settle()
        return [status["status"] for status in world.bot.statuses]

    assert play(scenario, Knobs(skip_delivered=True)) == ["sent", "read"]


def test_marking_as_read_reaches_earlier_messages_and_shows_typing() -> None:
    """The typing indicator ends with the next message, or after 25 seconds."""

    async def scenario(world: World) -> tuple[list[bool], list[bool], list[int]]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        wamids = [tariro.type(word) for word in ("a", "b", "c")]
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": wamids[1]}
        answer = await world.post({**read, "typing_indicator": {"type": "text"}})
        assert answer.json() == {"success": True}
        shown = [tariro.typing_shown]
        await world.say(text("x"))
        await world.settle()
        shown.append(tariro.typing_shown)
        await world.post({**read, "typing_indicator": {"type": "text"}})
        await asyncio.sleep(24.999)
        shown.append(tariro.typing_shown)
        await asyncio.sleep(0.001)
        shown.append(tariro.typing_shown)
        return [written.read for written in tariro.written], shown, [at_ms - START for at_ms in tariro.typing[:1]]

    assert play(scenario) == ([True, True, False], [True, False, True, False], [0])


def test_only_a_received_message_of_the_last_30_days_can_be_marked_as_read() -> None:
    """Unknown, own and old ids are refused."""

    async def scenario(world: World) -> list[int | None]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        wamid = tariro.type("a")
        own = (await world.say(text("x"))).json()["messages"][0]["id"]

        async def mark(identity: str) -> int | None:
            return code_of(
                await world.post({"messaging_product": "whatsapp", "status": "read", "message_id": identity})
            )

        codes = [await mark("wamid.X"), await mark(own)]
        await asyncio.sleep(30 * DAY_S)
        codes.append(await mark(wamid))
        await asyncio.sleep(0.001)
        return [*codes, await mark(wamid)]

    assert play(scenario) == [131009, 131009, None, 131009]


def test_a_reaction_gets_sent_only_and_one_to_nothing_fails() -> None:
    """It is no bubble; a reaction to an unknown message is accepted and fails with 131009."""

    async def scenario(world: World) -> tuple[list[tuple[str, Any]], dict[str, str], int]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        wamid = tariro.type("Mhoro")
        for target in (wamid, "wamid.X"):
            await world.say({"type": "reaction", "reaction": {"message_id": target, "emoji": "👍"}})
        await world.settle()
        statuses = [(status["status"], status.get("errors", [{}])[0].get("code")) for status in world.bot.statuses]
        return statuses, {tariro.reactions[wamid]: "on it"}, len(tariro.bubbles)

    assert play(scenario) == ([("sent", None), ("failed", 131009)], {"👍": "on it"}, 0)


def test_a_template_that_meta_does_not_know_is_refused_over_http() -> None:
    """132001 comes with 404."""

    async def scenario(world: World) -> tuple[int, int | None, str]:
        template = {"type": "template", "template": {"name": "t", "language": {"code": "en"}}}
        refused = await world.say(template)
        template["template"]["name"] = "hello"  # type: ignore[index]
        answer = await world.say(template)
        return refused.status_code, code_of(refused), answer.json()["messages"][0]["message_status"]

    assert play(scenario, Knobs(templates=(Approved("hello", "en", "Hello"),))) == (404, 132001, "accepted")


def test_an_observer_that_fails_is_not_silent() -> None:
    """Its exception comes out of `busy`, where whoever plays a world will see it."""

    async def scenario(world: World) -> None:
        def observer(event: Event) -> None:
            if isinstance(event, Shown):
                raise LookupError("no such screen")

        cloud = CloudApi(
            BUSINESS,
            to_bot=world.graph,
            clock_ms=world.clock.now_ms,
            rng=random.Random(1),
            on_event=observer,
            knobs=Knobs(window_ms=None),
        )
        cloud.handset(TARIRO, name="Tariro")
        await cloud.handle({"messaging_product": "whatsapp", "to": TARIRO, **text("x")})
        await asyncio.sleep(1)
        with pytest.raises(LookupError, match="no such screen"):
            cloud.busy()
        assert not cloud.busy()

    play(scenario)
