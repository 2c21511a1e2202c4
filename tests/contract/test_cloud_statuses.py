"""What becomes of accepted messages, and what the bot hears of it: statuses, the 24-hour window, read and typing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.whatsapp_cloud import Config
from tests.contract.cloud_bot import FARAI, START, TARIRO, World, code_of, greeted, play, text

DAY_S = 86_400


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
    """Before v24.0 a priced status carries `conversation`, with its end only when sent."""

    async def scenario(world: World) -> list[tuple[bool, bool]]:
        await greeted(world)
        await world.say(text("x"))
        await world.settle()
        told = [status.get("conversation", {}) for status in world.bot.statuses]
        return [(bool(each), "expiration_timestamp" in each) for each in told]

    assert play(scenario, Config(webhook_version="v23.0")) == [(True, True), (True, False), (False, False)]
    assert play(scenario) == [(False, False)] * 3


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


def test_a_status_can_come_before_the_answer_to_its_request() -> None:
    """The bot may hear that a message was sent before it knows the message's id."""

    async def scenario(world: World) -> tuple[int, list[str]]:
        await greeted(world)
        await world.say(text("x"))
        early = len(world.bot.statuses)
        await world.settle()
        return early, [status["status"] for status in world.bot.statuses]

    assert play(scenario, Config(status_before_answer=True)) == (1, ["sent", "delivered", "read"])
    assert play(scenario)[0] == 0


def test_delivered_can_be_skipped() -> None:
    """`read` may come without `delivered`."""

    async def scenario(world: World) -> list[str]:
        await greeted(world)
        await world.say(text("x"))
        await world.settle()
        return [status["status"] for status in world.bot.statuses]

    assert play(scenario, Config(skip_delivered=True)) == ["sent", "read"]


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
        return [written.read for written in tariro.sent], shown, [at_ms - START for at_ms in tariro.typing[:1]]

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


def test_a_failed_status_tells_the_user_id_only_where_it_was_written_to() -> None:
    """Who was written to by number is told by number."""

    async def scenario(world: World) -> list[bool]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        tariro.type("Mhoro")
        tariro.blocked = True
        await world.say(text("x"))
        await world.post({"messaging_product": "whatsapp", "recipient": tariro.user_id, **text("x")})
        await world.settle()
        return ["recipient_user_id" in status for status in world.bot.statuses]

    assert play(scenario) == [False, True]


def test_statuses_tell_the_parents_id_of_who_has_one() -> None:
    """Beside their own, under the name that it has since May 2026."""

    async def scenario(world: World) -> set[str]:
        world.cloud.handset(TARIRO, name="Tariro", parent_id="ZW.ENT.1").type("Mhoro")
        await world.say(text("x"))
        await world.settle()
        return {str(status["recipient_parent_user_id"]) for status in world.bot.statuses}

    assert play(scenario) == {"ZW.ENT.1"}


def test_a_message_for_keys_of_an_old_device_fails() -> None:
    """137000: somebody else may hold the phone now. What contacts say of the keys is a knob."""

    async def scenario(world: World) -> tuple[list[int], bool]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        tariro.type("Mhoro")
        old = tariro.identity
        await world.settle()
        (told,) = world.bot.received[0].values[0]["contacts"]
        tariro.change_identity()
        for known in (old, tariro.identity):
            await world.say(text("x"), recipient_identity_key_hash=known)
        await world.settle()
        codes = [error["code"] for status in world.bot.statuses for error in status.get("errors", [])]
        return codes, told["identity_key_hash"] == old

    assert play(scenario, Config(identity_check=True)) == ([137000], True)
