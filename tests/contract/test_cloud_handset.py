"""What people can do with their phones, and the JSON that comes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.whatsapp_cloud import (
    Acted,
    Config,
    HandsetError,
    NotOnScreenError,
    Reacted,
    Shown,
    TypingShown,
)
from tests.contract.cloud_bot import FARAI, TARIRO, World, buttons, last, play, rows, shown, text


def test_a_button_is_tapped_by_its_title_or_its_id() -> None:
    """Each tap is a new message that quotes the bubble, however old it is."""

    async def scenario(world: World) -> tuple[list[dict[str, Any]], int, str]:
        first, _ = await shown(world, buttons("Yes", "No"), text("newer"))
        tariro = world.cloud.handsets[TARIRO]
        messages = []
        for choice in ("Yes", "yes", "No"):
            tariro.tap(first, choice)
            await world.settle()
            messages.append(last(world))
        return messages, len({written.wamid for written in tariro.sent}), first

    messages, different, first = play(scenario)
    reply = {"id": "yes", "title": "Yes"}
    assert messages[0] == {
        "type": "interactive",
        "context": {"from": "263242700100", "id": first},
        "interactive": {"type": "button_reply", "button_reply": reply},
    }
    assert messages[1] == messages[0]
    assert messages[2]["interactive"]["button_reply"]["id"] == "no"
    assert different == 4


def test_a_row_comes_back_with_its_description_if_it_has_one() -> None:
    """A list reply."""

    async def scenario(world: World) -> list[dict[str, Any]]:
        await shown(world, rows({"id": "1", "title": "One", "description": "first"}, {"id": "2", "title": "Two"}))
        replies = []
        for title in ("One", "Two"):
            world.cloud.handsets[TARIRO].tap(None, title)
            await world.settle()
            replies.append(last(world)["interactive"])
        return replies

    assert play(scenario) == [
        {"type": "list_reply", "list_reply": {"id": "1", "title": "One", "description": "first"}},
        {"type": "list_reply", "list_reply": {"id": "2", "title": "Two"}},
    ]


def test_the_newest_bubble_that_has_a_title_is_tapped() -> None:
    """Without naming a bubble, the last one shown counts."""

    async def scenario(world: World) -> bool:
        _, second, _ = await shown(world, buttons("Yes"), buttons("Yes", "No"), text("x"))
        world.cloud.handsets[TARIRO].tap(None, "Yes")
        await world.settle()
        return bool(last(world)["context"]["id"] == second)

    assert play(scenario)


def test_what_is_not_on_the_screen_cannot_be_tapped() -> None:
    """The error names what is on the screen; a message under way is not there yet."""

    async def scenario(world: World) -> list[str]:
        first, _ = await shown(world, text("Hello"), buttons("Yes", "No"))
        tariro = world.cloud.handsets[TARIRO]
        farai = world.cloud.handset(FARAI, name="Farai")
        said = []
        await world.say(buttons("Later"))
        for person, bubble, choice in (
            (tariro, None, "Maybe"),
            (tariro, first, "Yes"),
            (tariro, None, "Later"),
            (farai, None, "Yes"),
        ):
            with pytest.raises(NotOnScreenError) as caught:
                person.tap(bubble, choice)
            said.append(str(caught.value))
        with pytest.raises(NotOnScreenError, match="sees no such form"):
            tariro.fill(None, {})
        return said

    screen = "On the screen: “Hello”; “Choose” [Yes] [No]."
    assert play(scenario) == [
        f"Tariro Moyo ({TARIRO}) cannot tap 'Maybe'. {screen}",
        f"Tariro Moyo ({TARIRO}) cannot tap 'Yes' on that message. {screen}",
        f"Tariro Moyo ({TARIRO}) cannot tap 'Later'. {screen}",
        f"Farai ({FARAI}) cannot tap 'Yes'. The screen is empty.",
    ]


def test_a_templates_quick_reply_comes_back_as_a_button() -> None:
    """Its shape differs from a reply button's."""

    async def scenario(world: World) -> dict[str, Any]:
        parameters = [{"type": "payload", "payload": "CONFIRM_42"}]
        components = [{"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": parameters}]
        template = {"name": "t", "language": {"code": "en"}, "components": components}
        await shown(world, {"type": "template", "template": template})
        world.cloud.handsets[TARIRO].tap(None, "CONFIRM_42")
        await world.settle()
        message = last(world)
        message.pop("context")
        return message

    assert play(scenario) == {"type": "button", "button": {"payload": "CONFIRM_42", "text": "CONFIRM_42"}}


@pytest.mark.parametrize(
    ("kind", "fields", "keys"),
    [
        ("image", {"caption": "My ID"}, {"caption", "mime_type", "sha256", "id"}),
        ("video", {}, {"mime_type", "sha256", "id"}),
        ("audio", {}, {"mime_type", "sha256", "id", "voice"}),
        ("document", {"filename": "cr14.pdf"}, {"filename", "mime_type", "sha256", "id"}),
        ("sticker", {}, {"mime_type", "sha256", "id", "animated"}),
        ("location", {"name": "Harare"}, {"latitude", "longitude", "name"}),
        ("unsupported", {"type": "edit"}, {"type"}),
        ("order", {"catalog_id": "1"}, {"catalog_id"}),
    ],
)
def test_anything_can_be_sent(kind: str, fields: dict[str, Any], keys: set[str]) -> None:
    """Media, places and what nobody supports have their own shapes."""

    async def scenario(world: World) -> dict[str, Any]:
        world.cloud.handset(TARIRO, name="Tariro").send(kind, **fields)
        await world.settle()
        return last(world)

    message = play(scenario)
    assert message["type"] == kind
    assert set(message[kind]) == keys
    assert ("errors" in message) is (kind == "unsupported")
    assert {key: message[kind][key] for key in fields} == fields


def test_contacts_are_a_list() -> None:
    """Not an object as for the others."""

    async def scenario(world: World) -> Any:
        world.cloud.handset(TARIRO, name="Tariro").send("contacts")
        await world.settle()
        return last(world)["contacts"][0]["name"]["formatted_name"]

    assert play(scenario) == "Sam Carter"


def test_a_reaction_names_its_message() -> None:
    """An empty emoji takes it back."""

    async def scenario(world: World) -> dict[str, Any]:
        (wamid,) = await shown(world, text("x"))
        world.cloud.handsets[TARIRO].react(wamid, "👍")
        await world.settle()
        return {**last(world), "same": last(world)["reaction"]["message_id"] == wamid}

    message = play(scenario)
    assert (message["type"], message["reaction"]["emoji"], message["same"]) == ("reaction", "👍", True)


def test_a_text_can_reply_or_be_forwarded() -> None:
    """A reply names the writer of what it quotes; a forwarded text has no id in its context."""

    async def scenario(world: World) -> list[dict[str, Any]]:
        (wamid,) = await shown(world, text("x"))
        tariro = world.cloud.handsets[TARIRO]
        own = tariro.sent[0].wamid
        contexts = []
        for quoted in (wamid, own):
            tariro.type("a", reply_to=quoted)
            await world.settle()
            contexts.append(last(world)["context"]["from"])
        tariro.type("c", forwarded=True)
        await world.settle()
        return [*contexts, last(world)["context"]]

    assert play(scenario) == ["263242700100", TARIRO, {"forwarded": True}]


def test_a_message_of_any_shape_can_be_sent() -> None:
    """What it has of id, time and sender stays as it is."""

    async def scenario(world: World) -> dict[str, Any]:
        wamid = world.cloud.handset(TARIRO, name="Tariro").raw(
            {"type": "interactive", "id": "wamid.ODD"}, contact=False
        )
        await world.settle()
        assert wamid == "wamid.ODD"
        assert "contacts" not in world.bot.received[0].values[0]
        return last(world)

    assert play(scenario) == {"type": "interactive"}


def test_a_person_can_change_their_number() -> None:
    """WhatsApp says so from the old number, without contacts; the new one has another scoped id."""

    async def scenario(world: World) -> tuple[dict[str, Any], bool, str, bool]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        before = tariro.user_id
        tariro.change_number("263781234567")
        await world.settle()
        system = last(world)
        no_contacts = "contacts" not in world.bot.received[0].values[0]
        tariro.type("it is me")
        await world.settle()
        return system, no_contacts, world.bot.messages[-1]["from"], tariro.user_id != before

    system, no_contacts, number, other_id = play(scenario)
    assert (system["type"], system["system"]["type"], system["system"]["wa_id"]) == (
        "system",
        "user_changed_number",
        "263781234567",
    )
    assert (no_contacts, number, other_id) == (True, "263781234567", True)


@pytest.mark.parametrize(("online", "blocked", "said"), [(False, False, "offline"), (True, True, "blocked")])
def test_who_is_offline_or_has_blocked_the_business_cannot_write(online: bool, blocked: bool, said: str) -> None:  # noqa: FBT001
    """A conversation that lets them is a mistake, and is told."""

    async def scenario(world: World) -> None:
        person = world.cloud.handset(TARIRO, name="Tariro", online=online, blocked=blocked)
        with pytest.raises(HandsetError, match=said):
            person.type("x")

    play(scenario)


def test_a_number_belongs_to_one_person() -> None:
    """A second phone with the same number is a mistake, as is a number that is none."""

    async def scenario(world: World) -> None:
        world.cloud.handset("+263 77 123 4567", name="Tariro")
        with pytest.raises(ValueError, match="taken"):
            world.cloud.handset(TARIRO, name="Farai")
        with pytest.raises(ValueError, match="no phone number"):
            world.cloud.handset("call me", name="Farai")

    play(scenario)


def test_an_observer_is_told_of_all_that_people_see_and_do_in_order() -> None:
    """What was typed, that the bot types, its answer when it is shown, and its reaction."""

    async def scenario(world: World) -> list[str]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        wamid = tariro.type("Mhoro")
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        await world.post({**read, "typing_indicator": {"type": "text"}})
        await asyncio.sleep(1)
        await world.say(text("Welcome"))
        await world.say({"type": "reaction", "reaction": {"message_id": wamid, "emoji": "👋"}})
        await world.settle()
        seen = []
        for event in world.events:
            match event:
                case Acted(message=message):
                    seen.append(f"wrote {message['text']['body']}")
                case TypingShown():
                    seen.append("typing")
                case Shown(bubble=bubble):
                    seen.append(
                        f"saw {bubble.body} after {bubble.shown_ms - bubble.at_ms if bubble.shown_ms else 0} ms"
                    )
                case Reacted(emoji=emoji):
                    seen.append(f"saw {emoji}")
        return seen

    assert play(scenario) == ["wrote Mhoro", "typing", "saw Welcome after 600 ms", "saw 👋"]


def test_a_persona_can_be_anybody_of_metas() -> None:
    """With a username, without a number, with a parent id, without a name."""

    async def scenario(world: World) -> list[dict[str, Any]]:
        personas: tuple[dict[str, Any], ...] = (
            {"name": "Tariro"},
            {"name": "Tariro", "username": "tariro.moyo", "hides_number": True},
            {"name": "Tariro", "username": "tariro.moyo"},
            {"name": "", "parent_id": "ZW.ENT.1"},
        )
        for number, persona in enumerate(personas):
            world.cloud.handset(f"26377123456{number}", **persona).type("x")
            await world.settle()
        contacts = [one.values[0]["contacts"][0] for one in world.bot.received]
        return [{key: value for key, value in contact.items() if key != "user_id"} for contact in contacts]

    assert play(scenario, Config()) == [
        {"profile": {"name": "Tariro"}, "wa_id": "263771234560"},
        {"profile": {"name": "Tariro", "username": "tariro.moyo"}},
        {"profile": {"name": "Tariro", "username": "tariro.moyo"}, "wa_id": "263771234562"},
        {"profile": {}, "wa_id": "263771234563", "parent_user_id": "ZW.ENT.1"},
    ]
