"""pywa sends each kind of message, uploads and fetches files, and sets up an account, over HTTP through our API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.whatsapp_cloud import ApprovedTemplate, Config, TemplateButton
from tests.contract.cloud_bot import TARIRO, World, greeted, play
from tests.contract.pywa_client import errors, flows, sender, templates, types

TO = "+" + TARIRO
LINK = "https://example.co.zw/a.png"
KNOBS = Config(
    templates=(
        ApprovedTemplate(
            "status_update",
            "en",
            "Hello {{1}}, {{2}}",
            buttons=("Confirm", TemplateButton("url", "Pay", "https://example.co.zw/{{1}}")),
            header="About {{1}}",
        ),
        ApprovedTemplate("named", "en", "Dear {{name}}, welcome"),
        ApprovedTemplate("picture", "en", "Look", media="image"),
    )
)
_BOLD = types.URLButton(title="Pay now", url="https://example.co.zw/pay/91")
_ROWS = types.SectionList(
    button_title="Services",
    sections=[
        types.Section(
            title="Company",
            rows=[types.SectionRow(title="Search", callback_data="svc:1", description="Is a name free?")],
        )
    ],
)
_FORM = types.FlowButton(
    title="Register",
    flow_id="1234567890123456",
    flow_token="reg-7f3a",
    mode=flows.FlowStatus.PUBLISHED,
    flow_action_type=flows.FlowActionType.NAVIGATE,
    flow_action_screen="REGISTER",
    flow_action_payload={"hint": "Tariro"},
)
_CONTACT = types.Contact(
    name=types.Contact.Name(formatted_name="Farai Ncube", first_name="Farai"),
    phones=[types.Contact.Phone(phone="+263 71 234 5678", type="CELL")],
    org=types.Contact.Org(company="Ncube Trading"),
)

SENDS: dict[str, tuple[Callable[[Any], Awaitable[Any]], str, str]] = {
    "text": (lambda wa: wa.send_message(TO, "Mhoro", tracker="job-1"), "text", "Mhoro"),
    "buttons": (
        lambda wa: wa.send_message(TO, "Who?", header="H", footer="F", buttons=[types.Button("Me", "me")]),
        "button",
        "Who?",
    ),
    "list": (lambda wa: wa.send_message(TO, "Pick", buttons=_ROWS), "list", "Pick"),
    "link": (lambda wa: wa.send_message(TO, "Pay", buttons=_BOLD), "cta_url", "Pay"),
    "form": (lambda wa: wa.send_message(TO, "Fill in", buttons=_FORM), "flow", "Fill in"),
    "image": (lambda wa: wa.send_image(TO, LINK, caption="Receipt"), "image", "Receipt"),
    "image with buttons": (
        lambda wa: wa.send_image(TO, LINK, caption="Pay?", buttons=[types.Button("Yes", "y")]),
        "button",
        "Pay?",
    ),
    "video": (lambda wa: wa.send_video(TO, "https://example.co.zw/a.mp4", caption="How"), "video", "How"),
    "audio": (lambda wa: wa.send_audio(TO, "https://example.co.zw/a.ogg"), "audio", ""),
    "document": (
        lambda wa: wa.send_document(TO, "https://example.co.zw/a.pdf", filename="a.pdf", caption="CR14"),
        "document",
        "CR14",
    ),
    "sticker": (lambda wa: wa.send_sticker(TO, "https://example.co.zw/a.webp"), "sticker", ""),
    "contact": (lambda wa: wa.send_contact(TO, _CONTACT), "contacts", "Farai Ncube +263 71 234 5678"),
    "location": (lambda wa: wa.send_location(TO, -17.8, 31.1), "location", "-17.8, 31.1"),
    "location request": (lambda wa: wa.request_location(TO, "Where?"), "location_request_message", "Where?"),
    "contact request": (lambda wa: wa.request_contact_info(TO, "Who?"), "request_contact_info", "Who?"),
    "template": (
        lambda wa: wa.send_template(
            TO,
            "status_update",
            templates.TemplateLanguage.ENGLISH,
            [
                templates.HeaderText.params("you"),
                templates.BodyText.params("Tariro", "it is done."),
                templates.QuickReplyButton.params(callback_data="yes", index=0),
                templates.URLButton.params(url_variable="pay/91", index=1),
            ],
        ),
        "template",
        "Hello Tariro, it is done.",
    ),
    "named template": (
        lambda wa: wa.send_template(
            TO, "named", templates.TemplateLanguage.ENGLISH, [templates.BodyText.params(name="Tariro")]
        ),
        "template",
        "Dear Tariro, welcome",
    ),
    "template with a picture": (
        lambda wa: wa.send_template(
            TO, "picture", templates.TemplateLanguage.ENGLISH, [templates.HeaderImage.params(image=LINK)]
        ),
        "template",
        "Look",
    ),
}


@pytest.mark.parametrize("name", SENDS)
def test_each_kind_of_message_is_taken_as_an_independent_client_sends_it(name: str) -> None:
    """Accepted with the id that the client then holds, delivered, and shown with what it says."""
    send, kind, body = SENDS[name]

    async def scenario(world: World) -> tuple[bool, list[tuple[str, str]], list[str]]:
        await greeted(world)
        sent = await send(sender(world))
        await world.settle()
        (bubble,) = world.cloud.accepted
        shown = [(one.kind, one.body) for one in world.cloud.handsets[TARIRO].screen]
        return sent.id == bubble.wamid, shown, [note.status for note in bubble.statuses][:3]

    assert play(scenario, KNOBS) == (True, [(kind, body)], ["sent", "delivered", "read"])


def test_reactions_and_read_receipts_of_an_independent_client_arrive() -> None:
    """A reaction, its removal, and the typing indicator."""

    async def scenario(world: World) -> tuple[list[str], bool, int]:
        await greeted(world)
        tariro, wa, seen = world.cloud.handsets[TARIRO], sender(world), []
        wamid = tariro.sent[0].wamid
        await wa.send_reaction(TO, "👍", wamid)
        await world.settle()
        seen.append(tariro.reactions[wamid])
        await wa.remove_reaction(TO, wamid)
        await world.settle()
        seen.append(tariro.reactions[wamid])
        await wa.mark_message_as_read(wamid)
        read = tariro.sent[0].read
        await wa.indicate_typing(wamid)
        return seen, read, len(tariro.typing)

    assert play(scenario) == (["👍", ""], True, 1)


def test_a_file_is_uploaded_sent_fetched_and_deleted() -> None:
    """Its address lives for five minutes, it itself until it is deleted."""

    async def scenario(world: World) -> tuple[bytes, str, str, list[str], str, str]:
        await greeted(world)
        wa = sender(world)
        media = await wa.upload_media(b"a picture", mime_type="image/png", filename="a.png")
        await wa.send_image(TO, media.id, caption="Look")
        await world.settle()
        address = await wa.get_media_url(media.id)
        content = await wa.get_media_bytes(address.url)
        await asyncio.sleep(301)
        late = await world.graph.get(address.url, headers={"Authorization": "Bearer a-token"})
        await wa.delete_media(media.id)
        gone = ""
        try:
            await wa.get_media_url(media.id)
        except errors.WhatsAppError as error:
            gone = f"{error.code} {error.subcode}"
        kinds = [bubble.kind for bubble in world.cloud.handsets[TARIRO].screen]
        return content, address.mime_type, str(address.file_size), kinds, str(late.status_code), gone

    assert play(scenario) == (b"a picture", "image/png", "9", ["image"], "404", "100 33")


@pytest.mark.parametrize(
    ("send", "error"),
    [
        (lambda wa: wa.send_message(TO, "x" * 4097), errors.WhatsAppError),
        (lambda wa: wa.send_message(TO, "x", buttons=[types.Button("x" * 21, "a")]), errors.InvalidParameter),
        (lambda wa: wa.send_template(TO, "no", templates.TemplateLanguage.ENGLISH), errors.TemplateNotExists),
        (
            lambda wa: wa.send_template(TO, "named", templates.TemplateLanguage.ENGLISH, []),
            errors.TemplateParamCountMismatch,
        ),
        (lambda wa: wa.send_message("+263242700100", "x"), errors.RecipientCannotBeSender),
    ],
)
def test_an_independent_client_knows_our_errors(send: Callable[[Any], Awaitable[Any]], error: type[Exception]) -> None:
    """Codes and bodies are such that it raises its own class for each."""

    async def scenario(world: World) -> None:
        with pytest.raises(error):
            await send(sender(world))

    play(scenario, KNOBS)


def test_an_independent_client_sets_up_forms_and_templates() -> None:
    """It makes a form, fills and publishes it, submits a template, and finds both again."""

    async def scenario(world: World) -> tuple[bool, str, list[str], str, list[str]]:
        wa = sender(world)
        made = await wa.create_flow("a form", [types.FlowCategory.OTHER])
        await wa.update_flow_json(made.id, FLOW_JSON)
        published = await wa.publish_flow(made.id)
        status = str((await wa.get_flow(made.id)).status)
        forms = [flow.name for flow in (await wa.get_flows())]
        submitted = await wa.create_template(
            templates.Template(
                name="greeting",
                language=templates.TemplateLanguage.ENGLISH,
                category=templates.TemplateCategory.UTILITY,
                components=[templates.BodyText("Hello {{1}}, good day.", "Tariro")],
            )
        )
        await asyncio.sleep(120)
        known = [template.name for template in world.cloud.account.approved()]
        return bool(published), status, forms, str(submitted.status), known

    assert play(scenario) == (True, "PUBLISHED", ["a form"], "PENDING", ["greeting"])


FLOW_JSON = {
    "version": "7.3",
    "screens": [
        {
            "id": "REGISTER",
            "title": "Register",
            "terminal": True,
            "data": {},
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {"type": "TextInput", "name": "name", "label": "Name", "required": True},
                    {
                        "type": "Footer",
                        "label": "Register",
                        "on-click-action": {"name": "complete", "payload": {"name": "${form.name}"}},
                    },
                ],
            },
        }
    ],
}
