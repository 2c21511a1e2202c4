"""Setting up Meta's side, against the simulated business account: over ASGI, and once over a real socket."""

from __future__ import annotations

import json
import os
import random
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from service.admin.whatsapp_setup import Report, Setup
from service.whatsapp.forms import DEFINITIONS
from service.whatsapp.templates import INCOMING
from simulator.whatsapp_cloud import CloudApi, Config, graph_app
from tests.contract.cloud_bot import BUSINESS, FARAI
from tests.contract.test_cloud_sockets import served

MINUTE = 60_000


class Meta:
    """The business account, a clock that stands still, and an owner at the command line."""

    def __init__(self) -> None:
        self.now_ms = 1_793_606_400_000
        self.requests: list[str] = []
        self.cloud = CloudApi(
            BUSINESS,
            to_bot=httpx.AsyncClient(),
            clock_ms=lambda: self.now_ms,
            rng=random.Random(1),
            config=Config(templates=()),
        )
        app: Any = graph_app(self.cloud)
        transport = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=transport, event_hooks={"request": [self._note]})

    async def _note(self, request: httpx.Request) -> None:
        self.requests.append(f"{request.method} {request.url.path}")

    @property
    def changes(self) -> list[str]:
        """What was asked for but looking."""
        return [request for request in self.requests if not request.startswith("GET")]

    def setup(self, **given: Any) -> Setup:
        """The commands, with the settings of this account unless told otherwise."""
        usual = {
            "api_url": "http://graph/v25.0/",
            "access_token": BUSINESS.access_token,
            "phone_number_id": BUSINESS.phone_number_id,
            "business_id": BUSINESS.business_id,
            "ids": {},
        }
        return Setup(self.http, **{**usual, **given})

    async def set_up(self) -> Report:
        """Once, from the beginning; what was asked for so far is forgotten."""
        report = await self.setup().set_up()
        self.requests.clear()
        return report

    def form(self, name: str) -> Any:
        """A form of the account by its name."""
        (found,) = [form for form in self.cloud.account.forms.values() if form.name == name]
        return found


@pytest.fixture
async def meta() -> AsyncIterator[Meta]:
    """An account where nothing was set up."""
    world = Meta()
    yield world
    await world.http.aclose()


async def test_everything_is_set_up_and_the_ids_are_told(meta: Meta) -> None:
    """Subscribed, both forms published as they are here, the template submitted."""
    report = await meta.setup().set_up()
    assert report.ok, report
    account = meta.cloud.account
    assert account.subscribed
    for definition in DEFINITIONS:
        form = meta.form(definition.name)
        assert (form.status, json.loads(form.published)) == ("PUBLISHED", definition.content)
        assert report.ids[definition.variable] == form.id
    (template,) = account.templates
    assert (template.name, template.language, template.category) == ("incoming_notification", "en_US", "UTILITY")
    assert f"WHATSAPP_REGISTRATION_FLOW_ID={meta.form('member_signup').id}" in str(report)


async def test_setting_up_again_changes_nothing(meta: Meta) -> None:
    """And tells the same ids."""
    first = await meta.set_up()
    again = await meta.setup().set_up()
    assert (again.ok, again.ids, meta.changes) == (True, first.ids, [])


async def test_checking_changes_nothing_and_names_what_is_missing(meta: Meta) -> None:
    """Each thing, and what to do about it."""
    report = await meta.setup().check()
    assert (report.ok, meta.changes) == (False, [])
    missing = [line for line in report.lines if line.startswith("✗")]
    assert len(missing) == 4
    assert all("Run `whatsapp setup`" in line for line in missing)


async def test_what_was_set_up_passes_the_check(meta: Meta) -> None:
    """The template waits for its approval first, and is usable afterwards."""
    done = await meta.set_up()
    report = await meta.setup(ids=done.ids).check()
    assert report.ok, report
    assert "is pending" in str(report)
    meta.now_ms += MINUTE
    assert "is approved" in str(await meta.setup().check())
    assert (INCOMING.name, INCOMING.language, INCOMING.body) in [
        (each.name, each.language, each.body) for each in meta.cloud.account.approved()
    ]


async def test_a_form_that_differs_is_uploaded_and_published_again(meta: Meta) -> None:
    """Under the same id; the others are left alone."""
    first = await meta.set_up()
    form = meta.form("member_signup")
    form.published = form.published.replace("Your name", "Your names")
    assert "The form member_signup differs from ours" in str(await meta.setup().check())
    again = await meta.setup().set_up()
    assert (again.ok, again.ids) == (True, first.ids)
    assert meta.changes == [f"POST /v25.0/{form.id}/assets", f"POST /v25.0/{form.id}/publish"]
    assert json.loads(form.published) == DEFINITIONS[0].content


async def test_a_setup_that_was_interrupted_is_finished(meta: Meta) -> None:
    """A form that was made or filled, but not published, is not made again."""
    await meta.set_up()
    made, filled = meta.form("member_signup"), meta.form("open_account")
    made.published, made.draft = "", ""
    filled.published, filled.draft = "", filled.published
    assert "is not published" in str(await meta.setup().check())
    report = await meta.setup().set_up()
    assert report.ok
    assert (made.status, filled.status, len(meta.cloud.account.forms)) == ("PUBLISHED", "PUBLISHED", 2)
    assert not [request for request in meta.changes if request.endswith("/flows")]


async def test_forms_are_found_on_later_pages(meta: Meta) -> None:
    """Others may have made many."""
    for number in range(60):
        meta.cloud.account.create_form(BUSINESS.business_id, {"name": f"other {number}", "categories": ["OTHER"]})
    await meta.set_up()
    assert (await meta.setup().set_up()).ok
    assert meta.changes == []


async def test_an_id_in_the_settings_that_is_another_forms_is_named(meta: Meta) -> None:
    """With both ids."""
    await meta.set_up()
    report = await meta.setup(ids={"WHATSAPP_REGISTRATION_FLOW_ID": "1"}).check()
    assert not report.ok
    assert f"WHATSAPP_REGISTRATION_FLOW_ID is 1, but the form member_signup has the id" in str(report)  # noqa: F541


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"access_token": "expired"}, "WHATSAPP_ACCESS_TOKEN: it is not valid or has expired."),
        ({"phone_number_id": "1"}, "WHATSAPP_PHONE_NUMBER_ID: 1 names nothing that this token may see."),
        ({"business_id": "2"}, "WHATSAPP_BUSINESS_ID: 2 names nothing that this token may see."),
        ({"api_url": "http://graph/25/"}, "Unknown path components"),
    ],
)
async def test_what_is_wrong_is_said_in_clear_words(meta: Meta, wrong: dict[str, str], said: str) -> None:
    """By the variable to correct; nothing else is tried, and the token is never shown."""
    report = await meta.setup(**wrong).set_up()
    assert (report.ok, meta.changes) == (False, [])
    assert said in report.lines[-1]
    assert "expired" not in wrong.values() or "Bearer" not in str(report)


async def test_a_number_of_another_account_is_refused(meta: Meta) -> None:
    """Webhooks would be subscribed for the wrong one."""
    form = meta.cloud.account.create_form(BUSINESS.business_id, {"name": "x", "categories": ["OTHER"]})
    report = await meta.setup(phone_number_id=form["id"]).set_up()
    assert report.lines[-1].startswith("✗ WHATSAPP_BUSINESS_ID: the account")
    assert meta.changes == []


async def test_meta_out_of_reach_is_said_so() -> None:
    """With the variable to look at."""

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as http:
        setup = Setup(http, api_url="http://x/v25.0/", access_token="t", phone_number_id="1", business_id="2", ids={})
        report = await setup.check()
    assert report.lines == [
        "✗ http://x/v25.0/ cannot be reached (ConnectError): check WHATSAPP_API_URL and the network"
    ]


async def test_a_template_with_another_wording_or_rejected_is_named(meta: Meta) -> None:
    """It cannot be changed from here."""
    await meta.set_up()
    (template,) = meta.cloud.account.templates
    template.rejected = True
    assert "The template incoming_notification is REJECTED by Meta" in str(await meta.setup().check())
    template.components[0]["text"] = "Hello {{1}}, read {{2}} now."
    report = await meta.setup().set_up()
    assert not report.ok
    assert "has another wording at Meta" in str(report)


async def test_the_approved_template_carries_a_notice(meta: Meta) -> None:
    """What was set up is what the service sends."""
    await meta.set_up()
    body = {
        "messaging_product": "whatsapp",
        "to": f"+{FARAI}",
        "type": "template",
        "template": {
            "name": "incoming_notification",
            "language": {"code": "en_US"},
            "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "Farai"}, {"type": "text", "text": "News."}]},
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": "0",
                    "parameters": [{"type": "payload", "payload": "n:incoming"}],
                },
            ],
        },
    }
    address = f"http://graph/v25.0/{BUSINESS.phone_number_id}/messages"
    headers = {"Authorization": f"Bearer {BUSINESS.access_token}"}
    assert (await meta.http.post(address, json=body, headers=headers)).status_code == 404
    meta.now_ms += MINUTE
    assert (await meta.http.post(address, json=body, headers=headers)).status_code == 200
    await meta.cloud.stop()
    assert meta.cloud.accepted[-1].body.startswith("Hello Farai, there is news from VimbisoPay: News.")


async def test_the_commands_work_over_a_real_socket() -> None:
    """As an operator types them: check finds what is missing, setup mends it, check agrees, exit codes tell."""
    meta = Meta()
    meta.cloud = CloudApi(
        replace(BUSINESS), to_bot=httpx.AsyncClient(), clock_ms=lambda: meta.now_ms, rng=random.Random(1)
    )

    async def command(deed: str, url: str) -> tuple[int | None, str]:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "WHATSAPP_API_URL": f"{url}/v25.0/",
            "WHATSAPP_ACCESS_TOKEN": BUSINESS.access_token,
            "WHATSAPP_PHONE_NUMBER_ID": BUSINESS.phone_number_id,
            "WHATSAPP_BUSINESS_ID": BUSINESS.business_id,
            "USE_PROGRESSIVE_FLOW": "False",
        }
        process = await create_subprocess_exec(
            sys.executable, "-m", "service", "whatsapp", deed, env=environment, stdout=PIPE, stderr=PIPE
        )
        out, _ = await process.communicate()
        return process.returncode, out.decode()

    async with served(graph_app(meta.cloud)) as url:
        assert (await command("check", url))[0] == 1
        code, told = await command("setup", url)
        assert (code, "For .env:" in told) == (0, True)
        assert (await command("check", url))[0] == 0
    assert meta.cloud.account.subscribed
