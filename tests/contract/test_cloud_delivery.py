"""How people's messages reach a bot: signed, escaped, in order, again and again until it answers 200."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import httpx
import pytest

from simulator.whatsapp_cloud import CloudApi, Config, HandshakeFailedError, WebhookDropped
from tests.contract.cloud_bot import BUSINESS, FARAI, START, TARIRO, World, play, text


def test_nothing_is_delivered_before_the_bot_has_verified_its_url() -> None:
    """The handshake comes first; without it what people say is lost."""

    async def scenario(world: World) -> tuple[int, list[str], list[str]]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        tariro.type("too early")
        await world.settle()
        early = len(world.bot.received)
        await world.cloud.start()
        tariro.type("in time")
        await world.settle()
        return early, world.bot.texts, [event.reason for event in world.events if isinstance(event, WebhookDropped)]

    expected = (0, ["in time"], ["the callback URL was never verified"])
    assert play(scenario, started=False) == expected


def test_who_has_not_subscribed_to_the_account_gets_nothing_where_that_is_asked() -> None:
    """As at Meta: what came before is lost, and what comes after is delivered."""

    async def scenario(world: World) -> tuple[list[str], list[str]]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        tariro.type("before")
        world.cloud.account.subscribe(world.cloud.business.business_id)
        tariro.type("after")
        await world.settle()
        return world.bot.texts, [event.reason for event in world.events if isinstance(event, WebhookDropped)]

    assert play(scenario, Config(subscription_needed=True)) == (["after"], ["the app is not subscribed to the account"])


def test_a_failed_handshake_says_so_and_nothing_is_delivered() -> None:
    """A wrong verify token is told at the start, and later webhooks are not delivered."""

    async def scenario(world: World) -> int:
        world.bot.verify_token = "another"
        with pytest.raises(HandshakeFailedError, match="answered 403 'no' instead of 200"):
            await world.cloud.start()
        world.cloud.handset(TARIRO, name="Tariro").type("Mhoro")
        await world.settle()
        return len(world.bot.received)

    assert play(scenario) == 0


@pytest.mark.parametrize(("status", "form"), [(201, "{}"), (403, "{}"), (200, '"{}"'), (200, "{}\n")])
def test_the_handshake_wants_200_and_the_bare_challenge(status: int, form: str) -> None:
    """Another status, quotes or a line's end around the challenge are a failed handshake."""

    async def scenario(world: World) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(status, text=form.format(request.url.params["hub.challenge"]))

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as to_bot:
            cloud = CloudApi(BUSINESS, to_bot=to_bot, clock_ms=world.clock.now_ms, rng=random.Random(1))
            with pytest.raises(HandshakeFailedError, match=f"answered {status}"):
                await cloud.start()

    play(scenario)


def test_a_bot_that_cannot_be_reached_fails_the_handshake() -> None:
    """No answer is a failed handshake."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as to_bot:
            cloud = CloudApi(BUSINESS, to_bot=to_bot, clock_ms=lambda: START, rng=random.Random(1))
            with pytest.raises(HandshakeFailedError, match="no answer"):
                await cloud.start()

    asyncio.run(main())


def test_a_message_arrives_signed_escaped_and_complete() -> None:
    """The whole envelope of a text, its escapes, and a signature over exactly these bytes."""

    async def scenario(world: World) -> tuple[bytes, bool, dict[str, str]]:
        world.cloud.handset("+263 77 123 4567", name="Tariro Moyo").type("Mhoro / é")
        await world.settle()
        received = world.bot.received[0]
        return received.body, received.signed, received.headers

    body, signed, headers = play(scenario)
    assert signed
    assert headers["content-type"] == "application/json"
    assert b'"Mhoro \\/ \\u00e9"' in body
    value = json.loads(body)["entry"][0]["changes"][0]["value"]
    message = value["messages"][0]
    assert json.loads(body)["entry"][0]["id"] == "215589313241560883"
    assert value["metadata"] == {"display_phone_number": "263242700100", "phone_number_id": "506914307656634"}
    assert value["contacts"][0]["profile"] == {"name": "Tariro Moyo"}
    assert (message["from"], message["timestamp"], message["type"]) == (TARIRO, "1795340400", "text")


def test_wrong_missing_and_tampered_signatures_are_sent_on_demand() -> None:
    """A bot that does not look at signatures can be caught."""

    async def scenario(world: World) -> list[tuple[bool, bool]]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        for odd in ({"signature": "wrong"}, {"signature": "missing"}, {"tampered": True}, {}):
            world.cloud.next_delivery(**odd)
            tariro.type("Mhoro")
            await world.settle()
        return [("x-hub-signature-256" in one.headers, one.signed) for one in world.bot.received]

    assert play(scenario) == [(True, False), (False, False), (True, False), (True, True)]


def test_an_unknown_kind_of_fault_is_refused() -> None:
    """A misspelt fault does not pass in silence."""

    async def scenario(world: World) -> None:
        with pytest.raises(ValueError, match="no tmies"):
            world.cloud.next_delivery(tmies=3)

    play(scenario)


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 404, 500, 503])
def test_only_200_counts_as_received(status: int) -> None:
    """Any other status is a failure, and the same bytes come again at once."""

    async def scenario(world: World) -> list[tuple[int, bytes]]:
        world.bot.answers = [status]
        world.cloud.handset(TARIRO, name="Tariro").type("Mhoro")
        await world.settle()
        return [(one.at_ms, one.body) for one in world.bot.received]

    first, second = play(scenario)
    assert first == second
    assert first[0] == START


def test_attempts_follow_the_schedule_and_end_after_seven_days() -> None:
    """Once at once, then 10 s, 30 s, 1 min, doubling; then the webhook is dropped and its loss told."""

    async def scenario(world: World) -> tuple[list[int], list[str], bool]:
        world.bot.answers = [503] * 100
        world.cloud.handset(TARIRO, name="Tariro").type("Mhoro")
        await asyncio.sleep(8 * 86_400)
        waits = [two.at_ms - one.at_ms for one, two in zip(world.bot.received, world.bot.received[1:], strict=False)]
        dropped = [event.reason for event in world.events if isinstance(event, WebhookDropped)]
        return waits, dropped, world.cloud.busy()

    waits, dropped, busy = play(scenario)
    assert waits == [0, 10_000, 30_000, *(60_000 * 2**power for power in range(13))]
    assert dropped == ["nobody answered 200 in time"]
    assert not busy


def test_a_bot_that_takes_too_long_is_tried_again() -> None:
    """Ten seconds without an answer are a failure, and the log says so."""

    async def scenario(world: World) -> list[tuple[int, int | None, str]]:
        world.bot.takes_s = 11
        world.cloud.handset(TARIRO, name="Tariro").type("Mhoro")
        await asyncio.sleep(15)
        world.bot.takes_s = 9
        await world.settle()
        return [(one.at_ms - START, one.status, one.problem) for one in world.cloud.deliveries]

    late = "no answer within 10000 ms"
    assert play(scenario) == [(0, None, late), (10_000, None, late), (30_000, 200, "")]


def test_a_persons_messages_are_handed_over_in_order() -> None:
    """The next one waits until the one before it has been received, even for long."""

    async def scenario(world: World) -> tuple[list[str], list[int]]:
        tariro, farai = (world.cloud.handset(phone, name="x") for phone in (TARIRO, FARAI))
        world.bot.answers = [500, 500]
        tariro.type("1")
        tariro.type("2")
        await asyncio.sleep(1)
        farai.type("other")
        await world.settle()
        return world.bot.texts, [one.at_ms - START for one in world.bot.received]

    assert play(scenario) == (["1", "1", "other", "1", "2"], [0, 0, 1_000, 10_000, 10_000])


def test_without_order_nothing_waits() -> None:
    """With the knob turned, messages are independent, and a delayed one is overtaken."""

    async def scenario(world: World) -> list[str]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        world.cloud.delay_next(5_000)
        tariro.type("1")
        tariro.type("2")
        await world.settle()
        return world.bot.texts

    assert play(scenario, Config(in_order=False)) == ["2", "1"]
    assert play(scenario) == ["1", "2"]


def test_different_people_are_delivered_concurrently() -> None:
    """A slow answer to one person's message does not hold up another's."""

    async def scenario(world: World) -> list[int]:
        world.bot.takes_s = 2
        for phone in (TARIRO, FARAI):
            world.cloud.handset(phone, name="x").type("Mhoro")
        await world.settle()
        return [one.at_ms - START for one in world.bot.received]

    assert play(scenario) == [0, 0]


def test_a_webhook_that_the_bot_rightly_refuses_holds_nobody_up() -> None:
    """One with a wrong signature comes back for days while the person's next message goes through."""

    async def scenario(world: World) -> list[bool]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        world.cloud.next_delivery(signature="wrong")
        world.bot.answers = [401, 401]
        tariro.type("forged")
        await asyncio.sleep(1)
        tariro.type("true")
        await asyncio.sleep(1)
        return [one.signed for one in world.bot.received]

    assert play(scenario) == [False, False, True]


def test_messages_together_share_a_post() -> None:
    """Three messages of two people, one POST, one timestamp each."""

    async def scenario(world: World) -> tuple[int, list[str], int]:
        tariro, farai = (world.cloud.handset(phone, name="x") for phone in (TARIRO, FARAI))
        with world.cloud.batch():
            tariro.type("a")
            tariro.type("b")
            farai.type("c")
        await world.settle()
        return len(world.bot.received), world.bot.texts, len(world.bot.received[0].values)

    assert play(scenario) == (1, ["a", "b", "c"], 2)


def test_a_batch_keeps_each_persons_order() -> None:
    """A batch waits for what its people said before, and what they say next waits for it."""

    async def scenario(world: World) -> list[str]:
        tariro, farai = (world.cloud.handset(phone, name="x") for phone in (TARIRO, FARAI))
        world.cloud.delay_next(3_000)
        farai.type("1")
        with world.cloud.batch("entries"):
            tariro.type("2")
            farai.type("3")
        tariro.type("4")
        await world.settle()
        return world.bot.texts

    assert play(scenario) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("at_once", [False, True])
def test_the_same_webhook_is_delivered_three_times(at_once: bool) -> None:  # noqa: FBT001
    """One after the other or at once, and although the bot has answered 200; the message after it comes once."""

    async def scenario(world: World) -> tuple[list[str], int, list[int]]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        world.bot.takes_s = 1
        world.cloud.next_delivery(times=3, at_once=at_once)
        tariro.type("thrice")
        tariro.type("once")
        await world.settle()
        return (
            world.bot.texts,
            len({one.body for one in world.bot.received}),
            [one.at_ms - START for one in world.bot.received],
        )

    texts, different, times = play(scenario)
    assert texts == ["thrice", "thrice", "thrice", "once"]
    assert different == 2
    assert times == ([0, 0, 0, 1_000] if at_once else [0, 1_000, 2_000, 3_000])


def test_what_is_held_back_keeps_the_time_at_which_people_acted() -> None:
    """The network is cut for an hour: nothing comes, nothing is busy, and then all comes with its old timestamp."""

    async def scenario(world: World) -> tuple[int, bool, bool, list[tuple[int, str]]]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        world.cloud.hold()
        tariro.type("1")
        await asyncio.sleep(3_600)
        tariro.type("2")
        before, held = len(world.bot.received), world.cloud.busy()
        world.cloud.release()
        released = world.cloud.busy()
        await world.settle()
        received = zip(world.bot.received, world.bot.messages, strict=True)
        return before, held, released, [(one.at_ms - START, message["timestamp"]) for one, message in received]

    assert play(scenario) == (0, False, True, [(3_600_000, "1795340400"), (3_600_000, "1795344000")])


def test_a_lost_webhook_never_comes() -> None:
    """Meta loses one; the person's next message comes alone."""

    async def scenario(world: World) -> list[str]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        world.cloud.next_delivery(lost=True)
        tariro.type("lost")
        tariro.type("found")
        await world.settle()
        return world.bot.texts

    assert play(scenario) == ["found"]


def test_an_attempt_in_the_log_can_be_delivered_again() -> None:
    """The same bytes with the same signature, days later."""

    async def scenario(world: World) -> tuple[bool, list[int]]:
        world.cloud.handset(TARIRO, name="Tariro").type("Mhoro")
        await world.settle()
        await asyncio.sleep(3 * 86_400)
        world.cloud.redeliver(0)
        await world.settle()
        first, second = world.bot.received
        return first.body == second.body and second.signed, [attempt.number for attempt in world.cloud.deliveries]

    assert play(scenario) == (True, [0, 1])


def test_busy_means_within_the_horizon() -> None:
    """A retry half a minute away counts, one in two minutes does not, and the one that comes is made all the same."""

    async def scenario(world: World) -> tuple[bool, bool, int]:
        world.bot.answers = [500] * 5
        world.cloud.handset(TARIRO, name="Tariro").type("Mhoro")
        await asyncio.sleep(11)
        soon = world.cloud.busy()
        await asyncio.sleep(90)
        later = world.cloud.busy()
        await asyncio.sleep(200)
        return soon, later, len(world.bot.received)

    assert play(scenario) == (True, False, 6)


def test_a_bot_that_crashes_in_process_is_tried_again() -> None:
    """An exception out of the bot's application is one more failure to Meta, and the log names it."""

    async def crashing(scope: Any, _receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            raise RuntimeError("out of order")
        challenge = scope["query_string"].decode().split("hub.challenge=")[1].split("&")[0].encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": challenge})

    async def scenario(world: World) -> list[str]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=crashing)) as to_bot:
            cloud = CloudApi(BUSINESS, to_bot=to_bot, clock_ms=world.clock.now_ms, rng=random.Random(1))
            await cloud.start()
            cloud.handset(TARIRO, name="Tariro").type("Mhoro")
            await asyncio.sleep(1)
            await cloud.stop()
            return [attempt.problem for attempt in cloud.deliveries]

    assert play(scenario) == ["RuntimeError('out of order')"] * 2


def test_two_runs_with_the_same_seed_are_byte_identical() -> None:
    """Webhooks, ids and answers are a function of the seed."""

    async def scenario(world: World) -> list[bytes]:
        tariro, farai = (world.cloud.handset(phone, name="x") for phone in (TARIRO, FARAI))
        tariro.type("a")
        farai.send("image", caption="b")
        answer = await world.say(text("c"))
        await world.settle()
        return [answer.content, *(one.body for one in world.bot.received)]

    assert play(scenario) == play(scenario)
    assert play(scenario) != play(scenario, seed=2)
