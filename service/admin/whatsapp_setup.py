"""Checks and sets up what the bot needs at Meta: token, number, account, subscription, forms and template.

Both may be repeated: what is right already is left alone.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import httpx

from service.http_client import named
from service.whatsapp.forms import DEFINITIONS, FormDefinition
from service.whatsapp.json_text import integer, listed, parse, table, text
from service.whatsapp.templates import INCOMING, TemplateDefinition

DEADLINE_S: Final = 30.0
_MOST_PAGES: Final = 100
_NO_SUCH_OBJECT: Final = (100, 33)
_TOKEN: Final = frozenset({0, 104, 190})
_PERMISSION: Final = frozenset({3, 10, 131005, *range(200, 300)})


@dataclass
class Report:
    """Findings for an operator: ``lines`` with ✓ or ✗ in front, and ``ids``, values for `.env` by variable."""

    lines: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    ok: bool = True

    def good(self, text: str) -> None:
        self.lines.append(f"✓ {text}")

    def bad(self, text: str) -> None:
        self.ok = False
        self.lines.append(f"✗ {text}")

    def __str__(self) -> str:
        told = list(self.lines)
        if self.ids:
            told += ["", "For .env:", *(f"{name}={value}" for name, value in self.ids.items())]
        return "\n".join(told)


class MetaApiError(Exception):
    """Meta refused a call, or did not answer it."""

    def __init__(self, details: str, code: int | None = None, subcode: int | None = None) -> None:
        super().__init__(details)
        self.details = details
        self.code = code
        self.subcode = subcode


class Setup:
    """What `python -m service whatsapp check` and `setup` do."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        api_url: str,
        access_token: str,
        phone_number_id: str,
        business_id: str,
        ids: Mapping[str, str],
    ) -> None:
        """Takes values of the settings; ``ids`` are those of forms that are set, by variable."""
        self._graph = _Graph(http, api_url, access_token)
        self._number_id = phone_number_id
        self._business_id = business_id
        self._ids = ids

    async def check(self) -> Report:
        return await self._run(changing=False)

    async def set_up(self) -> Report:
        return await self._run(changing=True)

    async def _run(self, *, changing: bool) -> Report:
        report = Report()
        if not await self._access(report):
            return report
        steps = [self._subscription(report, changing=changing)]
        steps += [self._form(report, definition, changing=changing) for definition in DEFINITIONS]
        steps += [self._template(report, INCOMING, changing=changing)]
        for step in steps:
            try:
                await step
            except MetaApiError as error:
                report.bad(_advice(error))
        return report

    # -- token, number, account -----------------------------------------------------------------------------------

    async def _access(self, report: Report) -> bool:
        """Whether the token may use the number and the account; otherwise nothing else can be done."""
        try:
            number = await self._graph.get(self._number_id, fields="display_phone_number,verified_name")
        except MetaApiError as error:
            report.bad(_advice(error, "WHATSAPP_PHONE_NUMBER_ID", self._number_id))
            return False
        shown = text(number, "display_phone_number") or self._number_id
        report.good(f"The access token is valid, and the number is {shown} ({text(number, 'verified_name') or '?'}).")
        try:
            await self._graph.get(self._business_id, fields="id,name")
            owned = [text(each, "id") async for each in self._graph.each(f"{self._business_id}/phone_numbers")]
        except MetaApiError as error:
            report.bad(_advice(error, "WHATSAPP_BUSINESS_ID", self._business_id))
            return False
        if self._number_id not in owned:
            report.bad(
                f"WHATSAPP_BUSINESS_ID: the account {self._business_id} does not have the number {self._number_id}. "
                "Take both ids from the same page of Meta's app dashboard (WhatsApp, API setup)."
            )
            return False
        report.good(f"The number belongs to the business account {self._business_id}.")
        return True

    # -- what is to be set up -------------------------------------------------------------------------------------

    async def _subscription(self, report: Report, *, changing: bool) -> None:
        path = f"{self._business_id}/subscribed_apps"
        if [each async for each in self._graph.each(path)]:
            report.good("Webhooks are subscribed.")
        elif changing:
            await self._graph.post(path)
            report.good("Webhooks are subscribed now.")
        else:
            report.bad("Webhooks are not subscribed: no message reaches the bot. Run `whatsapp setup`.")

    async def _form(self, report: Report, definition: FormDefinition, *, changing: bool) -> None:
        found = await self._find_form(definition)
        status = text(found, "status") if found else None
        if status in {"BLOCKED", "THROTTLED"}:
            report.bad(f"The form {definition.name} is {status} by Meta: see WhatsApp Manager, Flows, for the reason.")
            return
        form_id = (text(found, "id") if found else None) or ""
        current = bool(form_id) and await self._is_current(form_id, definition)
        if current and status == "PUBLISHED":
            report.good(f"The form {definition.name} is published as it is here.")
        elif not changing:
            wrong = "does not exist" if not found else "differs from ours" if not current else "is not published"
            report.bad(f"The form {definition.name} {wrong}. Run `whatsapp setup`.")
        else:
            form_id = form_id or await self._create(definition)
            if not current and not await self._upload(report, form_id, definition):
                return
            await self._graph.post(f"{form_id}/publish")
            report.good(f"The form {definition.name} is published now.")
        if form_id:
            self._report_id(report, definition, form_id, changing=changing)

    def _report_id(self, report: Report, definition: FormDefinition, form_id: str, *, changing: bool) -> None:
        known = self._ids.get(definition.variable, "")
        report.ids[definition.variable] = form_id
        if known and known != form_id and not changing:
            report.bad(f"{definition.variable} is {known}, but the form {definition.name} has the id {form_id}.")

    async def _find_form(self, definition: FormDefinition) -> Any:
        path = f"{self._business_id}/flows"
        named = [each async for each in self._graph.each(path) if text(each, "name") == definition.name]
        usable = [each for each in named if text(each, "status") != "DEPRECATED"]
        return usable[0] if usable else None

    async def _is_current(self, form_id: str, definition: FormDefinition) -> bool:
        async for asset in self._graph.each(f"{form_id}/assets"):
            address = text(asset, "download_url")
            if text(asset, "asset_type") == "FLOW_JSON" and address:
                return bool(await self._graph.download(address) == definition.content)
        return False

    async def _create(self, definition: FormDefinition) -> str:
        given = {"name": definition.name, "categories": list(definition.categories)}
        created = text(await self._graph.post(f"{self._business_id}/flows", json=given), "id")
        if not created:
            raise MetaApiError(f"Meta named no id for the form {definition.name}")
        return created

    async def _upload(self, report: Report, form_id: str, definition: FormDefinition) -> bool:
        answer = await self._graph.post(
            f"{form_id}/assets",
            data={"name": "flow.json", "asset_type": "FLOW_JSON"},
            files={"file": ("flow.json", definition.source.encode(), "application/json")},
        )
        errors = [text(each, "message") or "unknown" for each in listed(answer, "validation_errors")]
        if errors:
            report.bad(f"Meta finds errors in the form {definition.name}, so it was not published: {'; '.join(errors)}")
        return not errors

    async def _template(self, report: Report, definition: TemplateDefinition, *, changing: bool) -> None:
        path = f"{self._business_id}/message_templates"
        found = [
            each
            async for each in self._graph.each(path, name=definition.name)
            if (text(each, "name"), text(each, "language")) == (definition.name, definition.language)
        ]
        if not found and not changing:
            report.bad(f"The template {definition.name} does not exist. Run `whatsapp setup`.")
            return
        if not found:
            given = {
                "name": definition.name,
                "language": definition.language,
                "category": definition.category,
                "components": definition.components,
            }
            found = [await self._graph.post(path, json=given)]
        self._report_template(report, definition, found[0])

    @staticmethod
    def _report_template(report: Report, definition: TemplateDefinition, template: Any) -> None:
        status = text(template, "status") or "PENDING"
        bodies = [text(part, "text") for part in listed(template, "components") if text(part, "type") == "BODY"]
        if bodies and bodies != [definition.body]:
            report.bad(
                f"The template {definition.name} has another wording at Meta. Edit it in WhatsApp Manager, Message "
                f"templates, to read: {definition.body}"
            )
        elif status in {"APPROVED", "PENDING", "IN_APPEAL"}:
            waits = "" if status == "APPROVED" else " Members silent for a day can be notified once it is approved."
            report.good(f"The template {definition.name} is {status.lower()}.{waits}")
        else:
            report.bad(f"The template {definition.name} is {status} by Meta: see WhatsApp Manager, Message templates.")


class _Graph:
    """The Graph API for administration. Its errors never hold the token."""

    def __init__(self, http: httpx.AsyncClient, api_url: str, access_token: str) -> None:
        self._http = http
        self._api_url = api_url
        self._token = access_token

    async def get(self, path: str, **params: str) -> Any:
        return await self._ask("GET", f"{self._api_url}{path}", params=params)

    async def post(self, path: str, **content: Any) -> Any:
        return await self._ask("POST", f"{self._api_url}{path}", **content)

    async def each(self, path: str, **params: str) -> AsyncIterator[Any]:
        """All items of a list, page after page."""
        after = ""
        for _ in range(_MOST_PAGES):
            page = await self.get(path, **params, **({"after": after} if after else {}))
            for item in listed(page, "data"):
                yield item
            paging = table(page, "paging")
            after = text(table(paging, "cursors"), "after") or ""
            if not after or not text(paging, "next"):
                return

    async def download(self, address: str) -> Any:
        """The JSON at a URL that needs no token; None if there is none."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                response = await self._http.get(address, timeout=DEADLINE_S)
            return parse(response.content) if response.is_success else None
        except (TimeoutError, httpx.HTTPError, aiohttp.ClientError, ValueError):
            return None

    async def _ask(self, method: str, url: str, **content: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with asyncio.timeout(DEADLINE_S):
                response = await self._http.request(method, url, headers=headers, timeout=DEADLINE_S, **content)
            answer = parse(response.content)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError) as error:
            where = f"{self._api_url} cannot be reached ({named(error)}): check WHATSAPP_API_URL and the network"
            raise MetaApiError(where) from None
        except (ValueError, RecursionError):
            raise MetaApiError(f"{self._api_url} answers what is no JSON: check WHATSAPP_API_URL") from None
        if response.is_success and isinstance(answer, dict) and "error" not in answer:
            return answer
        raise self._refusal(table(answer, "error"), response.status_code)

    def _refusal(self, refused: Any, status: int) -> MetaApiError:
        details = text(table(refused, "error_data"), "details") or text(refused, "error_user_msg")
        said = (details or text(refused, "message") or f"HTTP {status}").replace(self._token, "[access token]")
        return MetaApiError(said, integer(refused, "code"), integer(refused, "error_subcode"))


def _advice(error: MetaApiError, variable: str = "", value: str = "") -> str:
    """What an operator has to do about the error."""
    code = "" if error.code is None else f" Meta says: {error.details} (code {error.code})"
    if error.code in _TOKEN:
        return (
            "WHATSAPP_ACCESS_TOKEN: it is not valid or has expired. Make a new one for the system user, with "
            f"whatsapp_business_messaging and whatsapp_business_management.{code}"
        )
    if error.code in _PERMISSION:
        return f"WHATSAPP_ACCESS_TOKEN: it lacks a permission, or its user lacks access to the account.{code}"
    if variable and (error.code, error.subcode) == _NO_SUCH_OBJECT:
        return f"{variable}: {value} names nothing that this token may see. Take the id from Meta's app dashboard."
    return error.details if error.code is None else f"Meta refused it.{code}"
