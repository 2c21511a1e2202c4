"""Cases for media, templates and forms, which need requests to set them up."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from .api_under_test import BUSINESS, SHARED, SimulatedApi, observe
from .case import Case, changed
from .generated import sizes_of
from .observed import Json, Observed
from .reference import SIZES
from .samples import DRAFT, FORM, MEDIA, SAMPLES

__all__ = ("file_cases",)

SECOND: Final = 1_000
DAY: Final = 24 * 3_600 * SECOND
Scenario = Callable[[SimulatedApi], Awaitable[Observed]]
_TYPES: Final = {
    "media.image": "image/jpeg",
    "media.video": "video/mp4",
    "media.audio": "audio/mpeg",
    "media.document": "application/pdf",
    "media.sticker": "image/webp",
    "media.animated_sticker": "image/webp",
}
_SMALL: Final = 20 * 1024 * 1024


def file_cases() -> Iterator[Case]:
    """All cases of this module."""
    for make in (_uploads, _sizes, _downloads, _templates, _forms):
        yield from make()


def _upload(mime_type: str, content: bytes = b"x", **fields: Any) -> Scenario:
    async def scene(api: SimulatedApi) -> Observed:
        whole = {"file": ("a-file", content, mime_type), "messaging_product": (None, "whatsapp"), **fields}
        files = {name: part for name, part in whole.items() if part is not None}
        path = f"/v25.0/{BUSINESS.phone_number_id}/media"
        return observe(await api.request("POST", path, files=files))

    return scene


def _uploads() -> Iterator[Case]:
    for mime_type in ("image/png", "image/webp", "video/3gpp", "audio/ogg; codecs=opus", "text/plain"):
        yield Case("upload", mime_type, None, scenario=_upload(mime_type))
    wrong = "Param file must be a file with one of the following types: "
    for mime_type in ("image/gif", "audio/wav", "application/zip"):
        yield Case("upload", mime_type, 100, scenario=_upload(mime_type), text=wrong)
    yield Case("upload", "without a product", 100, scenario=_upload("image/png", messaging_product=None))
    yield Case("upload", "for another product", 100, scenario=_upload("image/png", messaging_product=(None, "sms")))
    yield Case("upload", "without a file", 100, scenario=_upload("image/png", file=None, type=(None, "image/png")))

    async def elsewhere(api: SimulatedApi) -> Observed:
        return observe(await api.request("POST", "/v25.0/1/media", files={"messaging_product": (None, "whatsapp")}))

    yield Case("upload", "to another number", 100, scenario=elsewhere, subcode=33, type="GraphMethodException")


def _bytes(part: str, size: int) -> bytes:
    """A file of this size with the header of its type."""
    if part != "media.animated_sticker":
        return bytes(size)
    header = b"RIFF" + struct.pack("<I", size - 8) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02"
    return header + bytes(size - len(header))


def _sizes() -> Iterator[Case]:
    for part in _TYPES:
        size = SIZES[part]
        sizes = sizes_of(size)
        if size.most > _SMALL:
            # A file of 100 MB takes a second, so only the limit and one byte beyond it are tried.
            sizes = {one: code for one, code in sizes.items() if one <= size.least or one >= size.most}

        for one, code in sizes.items():
            yield Case("upload", f"{part}: {one} of {size.most} bytes", code, scenario=_large(part, one))


def _large(part: str, size: int) -> Scenario:
    async def scene(api: SimulatedApi) -> Observed:
        return await _upload(_TYPES[part], _bytes(part, size))(api)

    return scene


async def _address(api: SimulatedApi, kind: str = "image") -> Json:
    told: Json = (await api.request("GET", f"/v25.0/{api.ids[MEDIA[kind]]}")).json()
    return told


def _downloads() -> Iterator[Case]:
    def fetched(wait_ms: int, authorization: str | None = None) -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            url = (await _address(api))["url"]
            await api.sleep(wait_ms)
            answer = await api.request("GET", url, authorization=authorization)
            return Observed(observe(answer).code or (404 if answer.status_code == 404 else None), answer.status_code)  # noqa: PLR2004

        return scene

    yield Case("download", "at once", None, scenario=fetched(0), status=200)
    yield Case("download", "4:59 later", None, scenario=fetched(299 * SECOND), config=SHARED)
    yield Case("download", "5:00 later", 404, scenario=fetched(300 * SECOND), status=404, config=SHARED)
    yield Case("download", "without a token", 104, scenario=fetched(0, ""), status=401)

    def used(wait_ms: int) -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            file = api.cloud.account.media.files[api.ids[MEDIA["image"]]]
            await api.sleep(file.ends_ms - 30 * DAY + wait_ms - api.clock.now_ms())
            return await api.post(changed(SAMPLES["image"], "image", to={"id": MEDIA["image"]}))

        return scene

    yield Case("image", "by an id of nearly 30 days", None, scenario=used(30 * DAY - SECOND), config=SHARED)
    yield Case("image", "by an id of 30 days", 131009, scenario=used(30 * DAY), config=SHARED)

    async def deleted(api: SimulatedApi) -> Observed:
        path = f"/v25.0/{api.ids[MEDIA['image']]}"
        await api.request("DELETE", path)
        return observe(await api.request("GET", path))

    async def received(api: SimulatedApi) -> Observed:
        api.person.send("image")
        media_id = api.person.sent[-1].message["image"]["id"]
        url = (await api.request("GET", f"/v25.0/{media_id}")).json()["url"]
        answer = await api.request("GET", url)
        return Observed(None, answer.status_code)

    yield Case("download", "a deleted file", 100, scenario=deleted, subcode=33, config=SHARED)
    yield Case("download", "what a person sent", None, scenario=received, status=200, config=SHARED)


def _submit(**changes: Any) -> Scenario:
    async def scene(api: SimulatedApi) -> Observed:
        body = {"type": "BODY", "text": "Hello, {{1}}.", "example": {"body_text": [["Alex"]]}}
        whole = {"name": "greeting", "language": "en_US", "category": "UTILITY", "components": [body], **changes}
        return observe(await api.request("POST", f"/v25.0/{BUSINESS.business_id}/message_templates", json=whole))

    return scene


def _templates() -> Iterator[Case]:
    plain = {"type": "BODY", "text": "Hello."}
    for part, kind in (
        ("template.header_text", "HEADER"),
        ("template.body_text", "BODY"),
        ("template.footer", "FOOTER"),
    ):
        for one, code in sizes_of(SIZES[part]).items():
            component: Json = {"type": kind, "text": "x" * one} | ({"format": "TEXT"} if kind == "HEADER" else {})
            components = [component] if kind == "BODY" else [component, plain]
            yield Case("set-up", f"{part}: {one}", code, scenario=_submit(components=components), config=SHARED)
    for part, make in (
        ("template.buttons", lambda size: [{"type": "QUICK_REPLY", "text": str(number)} for number in range(size)]),
        ("template.button_text", lambda size: [{"type": "QUICK_REPLY", "text": "x" * size}]),
        ("template.url", lambda size: [{"type": "URL", "text": "Go", "url": "https://a.example/".ljust(size, "x")}]),
    ):
        for one, code in sizes_of(SIZES[part]).items():
            components = [plain, {"type": "BUTTONS", "buttons": make(one)}]
            yield Case("set-up", f"{part}: {one}", code, scenario=_submit(components=components), config=SHARED)
    wrong: tuple[tuple[str, Json], ...] = (
        ("a template with capitals in its name", {"name": "Greeting"}),
        ("a template without a language", {"language": ""}),
        ("a template in a language that is none", {"language": "english"}),
        ("a template of a category that is none", {"category": "FUN"}),
        ("a template without a body", {"components": [{"type": "FOOTER", "text": "Bye"}]}),
        ("a template with two bodies", {"components": [plain, plain]}),
        ("a variable without an example", {"components": [{"type": "BODY", "text": "Hello, {{1}}."}]}),
        ("a variable at the start", {"components": [{"type": "BODY", "text": "{{1}}, hello."}]}),
        ("a variable at the end", {"components": [{"type": "BODY", "text": "Hello {{1}}"}]}),
        ("variables with a gap", {"components": [{"type": "BODY", "text": "A {{1}} and {{3}}."}]}),
        ("a variable in the footer", {"components": [plain, {"type": "FOOTER", "text": "Bye {{1}}."}]}),
        ("a picture without an example", {"components": [plain, {"type": "HEADER", "format": "IMAGE"}]}),
    )
    for rule, changes in wrong:
        yield Case("set-up", rule, 100, scenario=_submit(**changes), config=SHARED)
    yield Case("set-up", "a template in order", None, scenario=_submit(), config=SHARED)

    def sent(wait_ms: int, stopped: str = "") -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            await _submit()(api)
            api.cloud.account.templates[0].stopped = stopped
            await api.sleep(wait_ms)
            template = SAMPLES["template"]["template"] | {"name": "greeting", "language": {"code": "en_US"}}
            template["components"] = [{"type": "body", "parameters": [{"type": "text", "text": "Alex"}]}]
            return await api.post({**SAMPLES["template"], "template": template})

        return scene

    yield Case("template", "before it is approved", 132001, scenario=sent(59 * SECOND), config=SHARED)
    yield Case("template", "once it is approved", None, scenario=sent(60 * SECOND), config=SHARED)
    yield Case("template", "paused after its approval", 132015, scenario=sent(60 * SECOND, "PAUSED"), config=SHARED)
    yield Case("template", "disabled after its approval", 132016, scenario=sent(60 * SECOND, "DISABLED"), config=SHARED)


def _forms() -> Iterator[Case]:
    def stopped(why: str) -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            api.cloud.account.forms[api.ids[FORM]].stopped = why
            return await api.post(SAMPLES["flow"])

        return scene

    def asked(method: str, name: str, edge: str = "") -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            return observe(await api.request(method, f"/v25.0/{api.ids[name]}{edge}"))

        return scene

    yield Case("flow", "blocked by Meta", 132068, scenario=stopped("BLOCKED"), config=SHARED)
    yield Case("flow", "throttled by Meta", 132069, scenario=stopped("THROTTLED"), config=SHARED)
    yield Case("flow", "deprecated", 131009, scenario=stopped("DEPRECATED"), config=SHARED)
    yield Case("set-up", "deprecate a published form", None, scenario=asked("POST", FORM, "/deprecate"), config=SHARED)
    yield Case("set-up", "deprecate a draft", 139003, scenario=asked("POST", DRAFT, "/deprecate"), config=SHARED)
    yield Case("set-up", "delete a draft", None, scenario=asked("DELETE", DRAFT), config=SHARED)
    yield Case("set-up", "delete a published form", 139004, scenario=asked("DELETE", FORM), config=SHARED)
    yield Case("set-up", "publish a draft", None, scenario=asked("POST", DRAFT, "/publish"), config=SHARED)
    yield Case("set-up", "publish what has no draft", 139002, scenario=asked("POST", FORM, "/publish"), config=SHARED)
