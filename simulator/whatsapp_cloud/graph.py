"""The Graph API over HTTP: paths, tokens and error bodies."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from simulator.whatsapp_cloud.account import PAGE, no_such
from simulator.whatsapp_cloud.errors import Refused
from simulator.whatsapp_cloud.values import Json

if TYPE_CHECKING:
    from simulator.whatsapp_cloud.api import CloudApi

__all__ = ("graph",)

_VERSION: Final = re.compile(r"v\d+\.\d+")
_EDGES: Final = ("phone_numbers", "subscribed_apps", "flows", "assets", "message_templates")
_Request = Request[Any, Any, Any]
_Answered = Callable[[_Request, Callable[[str], Awaitable[object]]], Awaitable[Response[bytes]]]


def graph(api: CloudApi) -> Litestar:
    """The application that serves one business phone number, and the account that it belongs to."""

    async def answered(request: _Request, act: Callable[[str], Awaitable[object]]) -> Response[bytes]:
        try:
            _authenticate(api, request.headers.get("authorization", ""))
            if _VERSION.fullmatch(request.path_params["version"]) is None:
                raise _unknown_path(request.url.path)
            return _answer(200, await act(request.path_params["node_id"]))
        except Refused as refused:
            return _refusal(api, refused)

    @post("/{version:str}/{node_id:str}/messages", status_code=200)
    async def messages(request: _Request) -> Response[bytes]:
        async def act(node_id: str) -> Json:
            if node_id != api.business.phone_number_id:
                raise no_such(node_id, "post")
            return await api.handle(_json(await request.body()))

        return await answered(request, act)

    def elsewhere(request: _Request, problem: HTTPException) -> Response[bytes]:
        if problem.status_code in {404, 405}:
            return _refusal(api, _unknown_path(request.url.path))
        return _refusal(api, Refused(1, status=problem.status_code, details=problem.detail))

    return Litestar(
        [messages, *_looking(api, answered), *_forms(api, answered), *_others(api, answered)],
        exception_handlers={HTTPException: elsewhere},
        openapi_config=None,
        logging_config=None,
    )


def _looking(api: CloudApi, answered: _Answered) -> list[HTTPRouteHandler]:
    """What can be looked at: the number, the account, forms, and what hangs on them."""

    @get("/{version:str}/{node_id:str}")
    async def node(request: _Request) -> Response[bytes]:
        async def act(node_id: str) -> Json:
            return _fields(api.account.node(node_id), request.query_params.get("fields"))

        return await answered(request, act)

    @get([f"/{{version:str}}/{{node_id:str}}/{edge}" for edge in _EDGES])
    async def edges(request: _Request) -> Response[bytes]:
        async def act(node_id: str) -> Json:
            edge = request.url.path.rstrip("/").rsplit("/", 1)[-1]
            base_url = f"{request.url.scheme}://{request.url.netloc}"
            return _page(api.account.edge(node_id, edge, base_url=base_url), request.query_params)

        return await answered(request, act)

    return [node, edges]


def _forms(api: CloudApi, answered: _Answered) -> list[HTTPRouteHandler]:
    """Making, filling and publishing forms."""

    @post("/{version:str}/{node_id:str}/flows", status_code=200)
    async def create_form(request: _Request) -> Response[bytes]:
        async def act(node_id: str) -> Json:
            return api.account.create_form(node_id, await _given(request))

        return await answered(request, act)

    @post("/{version:str}/{node_id:str}/assets", status_code=200)
    async def upload(request: _Request) -> Response[bytes]:
        async def act(node_id: str) -> Json:
            form = await request.form()
            file = form.get("file")
            source = (await file.read()).decode("utf-8", "replace") if isinstance(file, UploadFile) else ""
            return api.account.upload(
                node_id, name=str(form.get("name", "")), kind=str(form.get("asset_type", "")), source=source
            )

        return await answered(request, act)

    @post("/{version:str}/{node_id:str}/publish", status_code=200)
    async def publish(request: _Request) -> Response[bytes]:
        async def act(node_id: str) -> Json:
            return api.account.publish(node_id)

        return await answered(request, act)

    @get("/flow-assets/{form_id:str}")
    async def download(request: _Request) -> Response[bytes]:
        try:
            source = api.account.download(request.path_params["form_id"])
            return Response(source.encode(), media_type=MediaType.JSON)
        except Refused as refused:
            return _refusal(api, refused)

    return [create_form, upload, publish, download]


def _others(api: CloudApi, answered: _Answered) -> list[HTTPRouteHandler]:
    """Subscribing the app, and submitting templates."""

    @post("/{version:str}/{node_id:str}/subscribed_apps", status_code=200)
    async def subscribe(request: _Request) -> Response[bytes]:
        async def act(node_id: str) -> Json:
            return api.account.subscribe(node_id)

        return await answered(request, act)

    @post("/{version:str}/{node_id:str}/message_templates", status_code=200)
    async def submit(request: _Request) -> Response[bytes]:
        async def act(node_id: str) -> Json:
            return api.account.submit(node_id, await _given(request))

        return await answered(request, act)

    return [subscribe, submit]


def _authenticate(api: CloudApi, header: str) -> None:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(104)
    if not hmac.compare_digest(token.strip().encode(), api.business.access_token.encode()):
        raise Refused(190, message="Invalid OAuth access token - Cannot parse access token")


def _unknown_path(path: str) -> Refused:
    return Refused(2500, message=f"Unknown path components: {path}", status=400)


def _fields(node: Json, wanted: str | None) -> Json:
    """The fields asked for, and the id that is always there."""
    if wanted is None:
        return node
    return {name: node[name] for name in ("id", *wanted.split(",")) if name in node}


def _page(listed: list[Json], asked: Any) -> Json:
    """One page of a list. Its cursors are places in the list, which nobody need know."""
    after, size = str(asked.get("after", "0")), str(asked.get("limit", PAGE))
    if not (after.isdecimal() and size.isdecimal() and int(size) > 0):
        raise Refused(131059, details="Invalid cursor")
    begin, end = int(after), int(after) + int(size)
    paging: Json = {"cursors": {"before": str(begin), "after": str(end)}}
    if end < len(listed):
        paging["next"] = f"https://graph.simulated/?after={end}&limit={size}"
    return {"data": listed[begin:end], "paging": paging} if listed else {"data": []}


async def _given(request: _Request) -> Json:
    """The parameters of a request, whether they come as JSON or as a form."""
    found = _json(await request.body())
    if isinstance(found, dict):
        return found
    return dict(await request.form())


def _json(body: bytes) -> Any:
    """The request's JSON. Meta answers what is none as if it were empty."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _refusal(api: CloudApi, refused: Refused) -> Response[bytes]:
    return _answer(refused.status, refused.body(api.mint.text("trace")))


def _answer(status: int, content: object) -> Response[bytes]:
    return Response(json.dumps(content).encode(), status_code=status, media_type=MediaType.JSON)
