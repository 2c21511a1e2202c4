"""Every kind and oddity of what a bot is told, as Meta's reference and published payloads have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.whatsapp_cloud import Handset
from simulator.whatsapp_cloud.inbound import OTHER_FIELDS
from tests.contract.cloud_bot import TARIRO, World, greeted, play, rows, text

HERE = "263242700100"
NEW = "263782000909"


def told(act: Callable[[Handset], object], *, shown: dict[str, Any] | None = None, **persona: Any) -> dict[str, Any]:
    """The value of the webhook that comes of what Tariro does, after something was shown."""

    async def scenario(world: World) -> dict[str, Any]:
        await greeted(world, **persona)
        if shown is not None:
            await world.say(shown)
            await world.settle()
        world.bot.received.clear()
        act(world.cloud.handsets[TARIRO])
        await world.settle()
        (value,) = world.bot.received[0].values
        return value

    return play(scenario)


def message(act: Callable[[Handset], object], **more: Any) -> dict[str, Any]:
    """Its message, without id, time and sender."""
    (found,) = told(act, **more)["messages"]
    return {key: part for key, part in found.items() if key not in {"from", "from_user_id", "id", "timestamp"}}


def first(phone: Handset) -> str:
    """The wamid of the first message on the screen."""
    return phone.screen[0].wamid


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda phone: phone.type("x", forwarded=True), {"forwarded": True}),
        (lambda phone: phone.type("x", forwarded="frequently"), {"frequently_forwarded": True}),
        (
            lambda phone: phone.type("x", product="SKU-1"),
            {"from": HERE, "referred_product": {"catalog_id": "194836987003835", "product_retailer_id": "SKU-1"}},
        ),
    ],
)
def test_a_text_says_where_it_comes_from(act: Callable[[Handset], object], expected: dict[str, Any]) -> None:
    """Forwarded, forwarded often, or asked about a product."""
    assert message(act) == {"type": "text", "text": {"body": "x"}, "context": expected}


def test_a_quoted_text_names_the_message_and_who_wrote_it() -> None:
    """The business's number for one of the bot's, the person's own for one of theirs."""
    quoted = message(lambda phone: phone.type("x", reply_to=first(phone)), shown=text("hello"))
    assert quoted["context"]["from"] == HERE
    own = message(lambda phone: phone.type("x", reply_to=phone.sent[0].wamid))
    assert own["context"]["from"] == TARIRO


def test_an_advertisement_comes_as_a_referral() -> None:
    """With all that the reference lists; a field can be another."""
    referral = message(lambda phone: phone.type("x", advertisement={"headline": "Join"}))["referral"]
    assert {"source_url", "source_id", "source_type", "headline", "body", "media_type", "ctwa_clid"} <= set(referral)
    assert referral["headline"] == "Join"


def test_a_row_without_description_is_told_without_one() -> None:
    """The key is absent, not empty."""
    shown = rows({"id": "a", "title": "A"}, {"id": "b", "title": "B", "description": "why"})

    def tapped(row: str) -> dict[str, Any]:
        reply: dict[str, Any] = message(lambda phone: phone.tap(None, row), shown=shown)["interactive"]["list_reply"]
        return reply

    assert [tapped("A"), tapped("B")] == [
        {"id": "a", "title": "A"},
        {"id": "b", "title": "B", "description": "why"},
    ]


def test_a_tap_may_come_without_its_context() -> None:
    """As taps on templates sometimes do."""
    tapped = message(lambda phone: phone.tap(None, "A", context=False), shown=rows({"id": "a", "title": "A"}))
    assert "context" not in tapped


@pytest.mark.parametrize(("emoji", "expected"), [("👍", {"emoji": "👍"}), ("", {"emoji": ""}), (None, {})])
def test_a_reaction_is_taken_back_with_an_empty_emoji_or_without_the_key(
    emoji: str | None, expected: dict[str, str]
) -> None:
    """Both are seen; a bot must read both."""
    reaction = message(lambda phone: phone.react(first(phone), emoji), shown=text("hello"))["reaction"]
    assert {key: value for key, value in reaction.items() if key != "message_id"} == expected


def test_a_correction_is_told_in_full_only_in_coexistence() -> None:
    """Elsewhere it is unsupported; a deletion names the message."""
    wamid = "wamid.1"
    assert message(lambda phone: phone.edit(wamid, "new"))["unsupported"] == {"type": "edit"}
    edit = message(lambda phone: phone.edit(wamid, "new", coexistence=True))["edit"]
    assert (edit["original_message_id"], edit["message"]["text"]["body"]) == (wamid, "new")
    revoked = message(lambda phone: phone.revoke(wamid))
    assert revoked == {"type": "revoke", "revoke": {"original_message_id": wamid}}


@pytest.mark.parametrize(
    ("form", "kind", "keys"),
    [
        ("new", "user_changed_number", {"wa_id"}),
        ("old", "customer_changed_number", {"new_wa_id"}),
        ("user_id", "user_changed_user_id", {"wa_id", "user_id"}),
    ],
)
def test_a_changed_number_is_told_in_each_of_its_forms_without_contacts(form: Any, kind: str, keys: set[str]) -> None:
    """From the old number; what is new is under other keys."""
    value = told(lambda phone: phone.change_number(NEW, form=form))
    (found,) = value["messages"]
    assert "contacts" not in value
    assert found["from"] == TARIRO
    assert found["system"]["type"] == kind
    assert set(found["system"]) == {"body", "type", *keys}


def test_an_identity_that_changed_comes_with_its_hash() -> None:
    """A system message with an identity beside it."""
    found = message(lambda phone: phone.change_identity())
    assert found["system"]["type"] == "customer_identity_changed"
    assert set(found["identity"]) == {"acknowledged", "created_timestamp", "hash"}


def test_an_interactive_message_may_have_nothing_in_it_but_an_error_beside_it() -> None:
    """Seen in production: the key is missing, and value.errors says 131000."""
    value = told(lambda phone: phone.garble())
    (found,) = value["messages"]
    assert "interactive" not in found
    assert [error["code"] for error in value["errors"]] == [131000]


def test_an_order_has_its_products() -> None:
    """As they come from a shop."""
    order = message(lambda phone: phone.send("order"))["order"]
    assert order["product_items"][0]["product_retailer_id"] == "SKU-1"


@pytest.mark.parametrize(
    ("persona", "contact", "sender"),
    [
        ({}, {"profile", "wa_id", "user_id"}, {"from", "from_user_id"}),
        ({"username": "tari"}, {"profile", "wa_id", "user_id"}, {"from", "from_user_id"}),
        ({"username": "tari", "hides_number": True}, {"profile", "user_id"}, {"from_user_id"}),
        ({"parent_id": "ZW.ENT.1"}, {"profile", "wa_id", "user_id", "parent_user_id"}, {"from", "from_user_id"}),
    ],
)
def test_the_four_kinds_of_test_users_are_told_apart(
    persona: dict[str, Any], contact: set[str], sender: set[str]
) -> None:
    """No username; with one; with one and without the number; with a parent id."""
    value = told(lambda phone: phone.type("x"), **persona)
    assert set(value["contacts"][0]) == contact
    assert value["contacts"][0]["profile"].get("username", "") == persona.get("username", "")
    assert {"from", "from_user_id"} & set(value["messages"][0]) == sender


def test_other_fields_and_errors_of_the_account_come_to_the_same_address() -> None:
    """Each field as a change of its own, signed like all; an error without any message."""

    async def scenario(world: World) -> tuple[list[str], list[Any], bool]:
        for field in OTHER_FIELDS:
            world.cloud.announce(field)
        world.cloud.announce_error(131000)
        await world.settle()
        changes = [change for one in world.bot.received for change in one.envelope["entry"][0]["changes"]]
        signed = all(one.signed for one in world.bot.received)
        return [change["field"] for change in changes], changes[-1]["value"]["errors"], signed

    fields, errors, signed = play(scenario)
    assert fields == [*OTHER_FIELDS, "messages"]
    assert [error["code"] for error in errors] == [131000]
    assert signed
