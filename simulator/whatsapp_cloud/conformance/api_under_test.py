"""The API under test: a simulated Cloud API on virtual time, reached over HTTP, or a remote server."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qs

import httpx

from .. import ApprovedTemplate, Business, CloudApi, Config, Handset, TemplateButton, graph_app
from ..virtual_time import Clock
from .observed import Json, Observed
from .samples import DRAFT, FORM, FORM_NAME, INBOUND, MEDIA, OUTBOUND, PERSON

__all__ = (
    "APPROVED",
    "BUSINESS",
    "FORM_JSON",
    "PERSON_PHONE",
    "SHARED",
    "START_MS",
    "ApiUnderTest",
    "SimulatedApi",
    "observe",
    "open_simulated_api",
)

START_MS: Final = 1_795_340_400_000
PERSON_PHONE: Final = PERSON.removeprefix("+")
BUSINESS: Final = Business(
    phone_number_id="506914307656634",
    business_id="215589313241560883",
    display_phone_number="15550100000",
    access_token="a-token",  # noqa: S106  (invented)
    app_secret="an-app-secret",  # noqa: S106
    verify_token="a-verify-token",  # noqa: S106
    callback_url="http://bot.test/hook",
)
APPROVED: Final = (
    ApprovedTemplate("status_update", "en", "{{1}}", buttons=("Confirm",), header="{{1}}"),
    ApprovedTemplate("counted", "en", "{{1}} owes {{2}} to {{3}}"),
    ApprovedTemplate("named", "en", "Dear {{name}}, welcome"),
    ApprovedTemplate("plain", "en", "Good day"),
    ApprovedTemplate("picture", "en", "Look", media="image"),
    ApprovedTemplate("place", "en", "Here", media="location"),
    ApprovedTemplate(
        "buttons",
        "en",
        "Choose",
        buttons=(
            "Yes",
            TemplateButton("url", "Pay", "https://shop.example/{{1}}"),
            TemplateButton("url", "Home", "https://shop.example/"),
            TemplateButton("copy_code", "Copy"),
            TemplateButton("flow", "Register"),
        ),
    ),
    ApprovedTemplate("slept", "en", "Good day", status="PAUSED"),
    ApprovedTemplate("gone", "en", "Good day", status="DISABLED"),
    ApprovedTemplate("code", "en", "Your code", category="AUTHENTICATION"),
    *(ApprovedTemplate("x" * size, "en", "Good day") for size in (1, 2, 511, 512)),
)
SHARED: Final = Config(
    pair_every_ms=None,
    per_second=None,
    templates=APPROVED,
    known_forms=True,
    unreachable=frozenset({"https://files.example/gone"}),
)
FORM_JSON: Final[dict[str, Any]] = {
    "version": "7.3",
    "screens": [
        {
            "id": "REGISTER",
            "title": "Register",
            "terminal": True,
            "data": {"hint": {"type": "string", "__example__": "Alex"}},
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
_FILES: Final[Mapping[str, str]] = {
    "image": "image/png",
    "video": "video/mp4",
    "audio": "audio/ogg",
    "document": "application/pdf",
    "sticker": "image/webp",
}


class WebhookSink:
    """A bot that accepts every webhook and keeps the errors of failed statuses by wamid."""

    def __init__(self) -> None:
        self.failed: dict[str, tuple[int, str]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        query = parse_qs(scope["query_string"].decode())
        answer = query.get("hub.challenge", ["{}"])[0]
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), bool(event.get("more_body"))
        if body:
            self._note(json.loads(body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer.encode()})

    def _note(self, envelope: Json) -> None:
        for entry in envelope["entry"]:
            for change in entry["changes"]:
                for status in change["value"].get("statuses", []):
                    for error in status.get("errors", []):
                        self.failed[status["id"]] = (error["code"], error["error_data"]["details"])


class ApiUnderTest:
    """An API reached over HTTP, with the ids that replace the placeholders in samples."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        token: str,
        phone_number_id: str,
        version: str = "v25.0",
        ids: Mapping[str, str] | None = None,
    ) -> None:
        self.http = http
        self.token = token
        self.version = version
        self.phone_number_id = phone_number_id
        self.ids = dict(ids or {})

    async def post(self, payload: Any, *, path: str = "", authorization: str | None = None) -> Observed:
        """Send a request, by default to `/messages`."""
        answer = await self.request("POST", path, json=self.with_ids(payload), authorization=authorization)
        return observe(answer)

    async def request(
        self, method: str, path: str = "", *, authorization: str | None = None, **body: Any
    ) -> httpx.Response:
        """Send any request. ``authorization`` replaces the valid header; "" omits it."""
        header = f"Bearer {self.token}" if authorization is None else authorization
        headers = {"Authorization": header} if header else {}
        url = path or f"/{self.version}/{self.phone_number_id}/messages"
        return await self.http.request(method, url, headers=headers, **body)

    def with_ids(self, payload: Any) -> Any:
        """The payload with ids in place of placeholders."""
        if isinstance(payload, dict):
            return {key: self.with_ids(value) for key, value in payload.items()}
        if isinstance(payload, list):
            return [self.with_ids(one) for one in payload]
        return self.ids.get(payload, payload) if isinstance(payload, str) else payload


class SimulatedApi(ApiUnderTest):
    """A simulated API for one case, or shared by all cases that change nothing."""

    def __init__(self, http: httpx.AsyncClient, cloud: CloudApi, bot: WebhookSink, clock: Clock) -> None:
        super().__init__(http, token=BUSINESS.access_token, phone_number_id=BUSINESS.phone_number_id)
        self.cloud = cloud
        self.bot = bot
        self.clock = clock

    @property
    def person(self) -> Handset:
        """The recipient of the samples."""
        return self.cloud.handsets[PERSON_PHONE]

    async def sleep(self, ms: int) -> None:
        """Advance virtual time."""
        await asyncio.sleep(ms / 1000)

    async def send(self, payload: Json) -> Observed:
        """Send a message and wait for its statuses."""
        answer = await self.request("POST", json=self.with_ids(payload))
        now = observe(answer)
        if now.code is not None or "messages" not in answer.json():
            return now
        await self.sleep(5_000)
        code, text = self.bot.failed.get(answer.json()["messages"][0]["id"], (None, ""))
        return Observed(code, answer.status_code, text, later=code is not None)

    async def upload(self, content: bytes, mime_type: str) -> httpx.Response:
        """Upload a file."""
        files = {"file": ("a-file", content, mime_type), "messaging_product": (None, "whatsapp")}
        return await self.request("POST", f"/{self.version}/{self.phone_number_id}/media", files=files)

    async def create_fixtures(self) -> None:
        """Create the objects that the placeholders in samples stand for."""
        self.ids[INBOUND] = self.person.type("Hello")
        for kind, mime_type in _FILES.items():
            self.ids[MEDIA[kind]] = (await self.upload(kind.encode(), mime_type)).json()["id"]
        self.ids[FORM] = await self.form(FORM_NAME, published=True)
        self.ids[DRAFT] = await self.form("a draft", published=False)
        greeting = {"messaging_product": "whatsapp", "to": PERSON, "text": {"body": "Hello"}}
        self.ids[OUTBOUND] = (await self.request("POST", json=greeting)).json()["messages"][0]["id"]

    async def form(self, name: str, *, published: bool) -> str:
        """Create a form, and publish it if requested."""
        account = f"/{self.version}/{BUSINESS.business_id}"
        made = {"name": name, "categories": ["OTHER"], "flow_json": json.dumps(FORM_JSON)}
        form_id: str = (await self.request("POST", f"{account}/flows", json=made)).json()["id"]
        if published:
            await self.request("POST", f"/{self.version}/{form_id}/publish")
        return form_id


def observe(answer: httpx.Response) -> Observed:
    """The outcome of a request, from its answer."""
    try:
        body = answer.json()
    except ValueError:
        return Observed(None, answer.status_code, answer.text)
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return Observed(None, answer.status_code)
    text = str(error.get("error_data", {}).get("details") or error.get("message"))
    return Observed(error.get("code"), answer.status_code, text, error.get("error_subcode"), error.get("type", ""))


@asynccontextmanager
async def open_simulated_api(clock: Clock, config: Config) -> AsyncIterator[SimulatedApi]:
    """A new simulated API, with a person who has just sent a message."""
    bot = WebhookSink()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=bot)) as to_bot:
        cloud = CloudApi(BUSINESS, to_bot=to_bot, clock_ms=clock.now_ms, rng=random.Random(1), config=config)
        transport = httpx.ASGITransport(app=graph_app(cloud))
        async with httpx.AsyncClient(transport=transport, base_url="http://graph.test") as http:
            await cloud.start()
            cloud.handset(PERSON_PHONE, name="Alex", receipts=False)
            api = SimulatedApi(http, cloud, bot, clock)
            try:
                await api.create_fixtures()
                yield api
            finally:
                await cloud.stop()
