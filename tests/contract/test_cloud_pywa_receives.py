"""pywa reads each webhook that our API delivers, from its bytes, as what it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from operator import methodcaller
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

from simulator.whatsapp_cloud import ApprovedTemplate, Config, Handset
from tests.contract.cloud_bot import FARAI, TARIRO, World, buttons, greeted, play, rows, text
from tests.contract.pywa_client import Reader, types

KNOBS: Final = Config(templates=(ApprovedTemplate("hello", "en", "Hello", buttons=("Yes",)),))
FORM: Final = {
    "type": "interactive",
    "interactive": {
        "type": "flow",
        "body": {"text": "Fill in"},
        "action": {
            "name": "flow",
            "parameters": {
                "flow_message_version": "3",
                "flow_id": "1",
                "flow_token": "reg-7f3a",
                "flow_cta": "Register",
            },
        },
    },
}
TEMPLATE: Final = {"type": "template", "template": {"name": "hello", "language": {"code": "en"}}}
SENT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "buttons": buttons("Me", "You"),
        "rows": rows({"id": "a", "title": "A", "description": "The first"}, {"id": "b", "title": "B"}),
        "form": FORM,
        "template": TEMPLATE,
        "text": text("Hello"),
    }
)


def _said(word: str) -> Callable[[Any], bool]:
    return lambda update: update.text == word


def _media(kind: str) -> Callable[[Any], bool]:
    return lambda update: update.type == kind and update.media.id is not None


ACTS: Mapping[str, tuple[str, Callable[[Handset], object], type[Any], Callable[[Any], bool]]] = {
    "a text": ("text", lambda her: her.type("Mhoro 🙏🏾 / 50%"), types.Message, _said("Mhoro 🙏🏾 / 50%")),
    "a reply": (
        "text",
        lambda her: her.type("ehe", reply_to=her.screen[0].wamid),
        types.Message,
        lambda update: update.reply_to_message.id.startswith("wamid."),
    ),
    "what was forwarded": ("text", lambda her: her.type("fwd", forwarded=True), types.Message, lambda u: u.forwarded),
    "what was forwarded often": (
        "text",
        lambda her: her.type("fwd", forwarded="frequently"),
        types.Message,
        lambda update: update.forwarded_many_times,
    ),
    "a question about a product": ("text", lambda her: her.type("How much?", product="SKU-1"), types.Message, bool),
    "an answer to an advertisement": (
        "text",
        lambda her: her.type("I saw it", advertisement={}),
        types.Message,
        lambda update: update.referral.source_type == "ad",
    ),
    "a button": ("buttons", lambda her: her.tap(None, "You"), types.CallbackButton, lambda u: u.data == "you"),
    "a row": ("rows", lambda her: her.tap(None, "A"), types.CallbackSelection, lambda u: u.description == "The first"),
    "a row without a description": (
        "rows",
        lambda her: her.tap(None, "B"),
        types.CallbackSelection,
        lambda u: not u.description,
    ),
    "a template's button": (
        "template",
        lambda her: her.tap(None, "Yes"),
        types.CallbackButton,
        lambda u: u.data == "Yes",
    ),
    "a template's button without a context": (
        "template",
        lambda her: her.tap(None, "Yes", context=False),
        types.CallbackButton,
        lambda update: update.data == "Yes",
    ),
    "a form": (
        "form",
        lambda her: her.fill(None, {"name": "Tariro"}),
        types.FlowCompletion,
        lambda update: (update.token, update.response["name"]) == ("reg-7f3a", "Tariro"),
    ),
    "a form without a token": (
        "form",
        lambda her: her.fill(None, {"name": "Tariro"}, with_token=False),
        types.FlowCompletion,
        lambda update: update.token is None,
    ),
    **{
        kind: ("text", methodcaller("send", kind), types.Message, _media(kind))
        for kind in ("image", "video", "audio", "document", "sticker")
    },
    "a location": ("text", lambda her: her.send("location"), types.Message, lambda u: u.location.latitude == 51.4779),
    "contacts": (
        "text",
        lambda her: her.send("contacts"),
        types.Message,
        lambda u: u.contacts[0].name.last_name == "Carter",
    ),
    "an order": ("text", lambda her: her.send("order"), types.Message, lambda u: u.order.products[0].quantity == 2),
    "what is not supported": (
        "text",
        lambda her: her.send("unsupported"),
        types.Message,
        lambda u: u.error.code == 131051,
    ),
    "a reaction": (
        "text",
        lambda her: her.react(her.screen[0].wamid, "👍"),
        types.Message,
        lambda update: update.reaction.emoji == "👍",
    ),
    "a reaction taken back": (
        "text",
        lambda her: her.react(her.screen[0].wamid, ""),
        types.Message,
        lambda update: not update.reaction.emoji,
    ),
    "a reaction taken back without an emoji": (
        "text",
        lambda her: her.react(her.screen[0].wamid, None),
        types.Message,
        lambda update: not update.reaction.emoji,
    ),
    "an edit": (
        "text",
        lambda her: her.edit(her.sent[0].wamid, "corrected", coexistence=True),
        types.EditedMessage,
        lambda update: update.message.text == "corrected",
    ),
    "an edit that is not told": (
        "text",
        lambda her: her.edit(her.sent[0].wamid, "x"),
        types.Message,
        lambda u: u.error,
    ),
    "a deletion": ("text", lambda her: her.revoke(her.sent[0].wamid), types.DeletedMessage, bool),
    "an interactive message with nothing in it": ("text", lambda her: her.garble(), types.Message, bool),
    "another number": (
        "text",
        lambda her: her.change_number(FARAI),
        types.PhoneNumberChange,
        lambda u: u.new_wa_id == FARAI,
    ),
    "another device": ("text", lambda her: her.change_identity(), types.IdentityChange, bool),
}


KNOWN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "a form without a token": (
            "A flow completion message without flow token is received, This is a known issue on iOS devices.",
        )
    }
)
"""What pywa says of odd webhooks that it reads nevertheless."""


@pytest.mark.parametrize("name", ACTS)
def test_whatever_a_person_does_is_read_by_an_independent_client(name: str) -> None:
    """With nothing to complain of, as the right class, with what was said in it."""
    sent, act, expected, check = ACTS[name]

    async def scenario(world: World) -> Reader:
        await greeted(world)
        await world.say(SENT[sent])
        await world.settle()
        seen = len(world.bot.received)
        act(world.cloud.handsets[TARIRO])
        await asyncio.sleep(1)
        reader = Reader()
        for one in world.bot.received[seen:]:
            reader.feed(one.body)
        return reader

    reader = play(scenario, KNOBS)
    complaints = [complaint for complaint in reader.complaints if complaint not in KNOWN.get(name, ())]
    assert (complaints, [type(update) for update in reader.read]) == ([], [expected])
    assert check(reader.read[0])


@pytest.mark.parametrize(
    ("persona", "wa_id"),
    [
        ({}, TARIRO),
        ({"username": "tariro.moyo", "hides_number": True}, None),
        ({"username": "tariro.moyo"}, TARIRO),
        ({"parent_id": "ZW.ENT.11"}, TARIRO),
    ],
)
def test_the_four_identities_are_read_by_an_independent_client(persona: dict[str, Any], wa_id: str | None) -> None:
    """With a number or without one, always with the business-scoped id; in messages and in statuses."""

    async def scenario(world: World) -> tuple[Reader, str]:
        await greeted(world, **persona)
        her = world.cloud.handsets[TARIRO]
        await world.post({"messaging_product": "whatsapp", "recipient": her.user_id, **text("Hello")})
        await world.settle()
        reader = Reader()
        for one in world.bot.received:
            reader.feed(one.body)
        return reader, her.user_id

    reader, user_id = play(scenario)
    assert reader.complaints == []
    message, *statuses = reader.read
    assert (message.from_user.wa_id, message.from_user.bsuid) == (wa_id, user_id)
    assert [str(status.status) for status in statuses] == ["sent", "delivered", "read"]
    assert {(status.from_user.wa_id, status.from_user.bsuid) for status in statuses} == {(wa_id, user_id)}


@pytest.mark.parametrize("version", ["v22.0", "v23.0", "v25.0"])
def test_statuses_of_each_version_are_read_by_an_independent_client(version: str) -> None:
    """With their prices, and what the send carried."""

    async def scenario(world: World) -> Reader:
        await greeted(world)
        await world.say(text("Hello"), biz_opaque_callback_data="job-91")
        await world.settle()
        reader = Reader()
        for one in world.bot.received:
            reader.feed(one.body)
        return reader

    reader = play(scenario, Config(webhook_version=version))
    assert reader.complaints == []
    assert [(str(status.status), status.tracker) for status in reader.read[1:]] == [
        ("sent", "job-91"),
        ("delivered", "job-91"),
        ("read", "job-91"),
    ]


def test_an_independent_client_cannot_read_a_failed_status_as_meta_sends_it() -> None:
    """Meta leaves `contacts` out of failed statuses; pywa 4.5.0 needs them. With them it reads the rest."""

    async def scenario(world: World) -> bytes:
        await world.say(text("Hello"))
        await world.settle()
        (failed,) = world.bot.received
        return failed.body

    body = play(scenario)
    as_sent, completed = Reader(), Reader()
    as_sent.feed(body)
    assert (as_sent.read, len(as_sent.complaints), "KeyError('contacts')" in as_sent.complaints[0]) == ([], 1, True)
    envelope = json.loads(body)
    envelope["entry"][0]["changes"][0]["value"]["contacts"] = [{"profile": {"name": "Tariro"}, "wa_id": TARIRO}]
    completed.feed(json.dumps(envelope).encode())
    (failed,) = completed.read
    assert (completed.complaints, str(failed.status), failed.error.code) == ([], "failed", 131026)


def test_an_independent_client_reads_the_first_of_a_batch_only() -> None:
    """What our deliveries hold together must not be tried on it: pywa 4.5.0 handles one message of a POST."""

    async def scenario(world: World) -> Reader:
        her = world.cloud.handset(TARIRO, name="Tariro")
        with world.cloud.batch("messages"):
            her.type("one")
            her.type("two")
        await asyncio.sleep(1)
        reader = Reader()
        for one in world.bot.received:
            reader.feed(one.body)
        return reader

    reader = play(scenario)
    assert ([update.text for update in reader.read], reader.complaints) == (["one"], [])


FIXTURES: Final = Path(__file__).parents[1] / "fixtures" / "meta" / "inbound"


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_every_published_payload_is_read_by_an_independent_client(path: Path) -> None:
    """Statuses of before April 2026 had no `contacts`, without which pywa 4.5.0 reads none."""
    envelope = json.loads(path.read_bytes())
    value = envelope["entry"][0]["changes"][0]["value"]
    reader = Reader()
    if "statuses" in value:
        reader.feed(json.dumps(envelope).encode())
        assert ["KeyError('contacts')" in complaint for complaint in reader.complaints] == [True]
        value["contacts"] = [{"profile": {"name": "Tariro"}, "wa_id": TARIRO}]
        reader.complaints.clear()
    reader.feed(json.dumps(envelope).encode())
    assert (reader.complaints, len(reader.read)) == ([], 1)
