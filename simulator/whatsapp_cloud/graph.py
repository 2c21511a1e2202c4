"""The Graph API over HTTP: paths, tokens and error bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Final

from litestar import Litestar, MediaType, Request, Response, delete, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from .account import PAGE, no_such
from .api import CloudApi
from .errors import RefusedError
from .limits import LIMITS
from .values import Json

__all__ = ("graph",)

_VERSION: Final = re.compile(r"v\d+\.\d+")
_EDGES: Final = ("phone_numbers", "subscribed_apps", "flows", "assets", "message_templates")
_SCOPE_KEY: Final = "whatsapp_cloud.api"
"""The key of the ASGI scope under which a request carries its API."""

_Request = Request[Any, Any, Any]
_Act = Callable[[CloudApi, _Request, str], Awaitable[object]]
_Application = Callable[[Any, Any, Any], Awaitable[None]]

LARGEST_BODY: Final = LIMITS["media.document"].most + 1024 * 1024
"""The largest accepted file, with a margin so that a larger file is refused with Meta's error."""


def graph(api: CloudApi) -> _Application:
    """The routes of one business phone number and its account."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        scope[_SCOPE_KEY] = api
        await _routes()(scope, receive, send)

    return serve


@cache
def _routes() -> Litestar:
    """The application shared by all APIs of a process; it is stateless, and slow to build."""
    return Litestar(
        [
            _route(post, "/messages", _messages),
            _route(get, "", _node),
            _route(get, [f"/{edge}" for edge in _EDGES], _edge),
            _route(post, "/flows", _create_form),
            _route(post, "", _change_form),
            _route(post, "/assets", _fill_form, request_max_body_size=LARGEST_BODY),
            _route(post, "/publish", _publish_form),
            _route(post, "/deprecate", _deprecate_form),
            _route(post, "/subscribed_apps", _subscribe),
            _route(delete, "/subscribed_apps", _unsubscribe),
            _route(post, "/message_templates", _submit),
            _route(delete, "/message_templates", _withdraw),
            _route(post, "/media", _upload, request_max_body_size=LARGEST_BODY),
            _route(delete, "", _delete),
            _flow_json,
            _download,
        ],
        exception_handlers={HTTPException: _http_error},
        openapi_config=None,
        logging_config=None,
    )


def _route(method: Callable[..., Any], path: str | list[str], act: _Act, **options: Any) -> HTTPRouteHandler:
    """A handler for an edge of a node; it checks the token first, then the version."""

    async def handle(request: _Request) -> Response[bytes]:
        api = _api(request)
        try:
            api.account.tokens.check(request.headers.get("authorization", ""), api.now_ms())
            if _VERSION.fullmatch(request.path_params["version"]) is None:
                raise _unknown_path(request.url.path)
            return _answer(200, await act(api, request, request.path_params["node_id"]))
        except RefusedError as refused:
            return _error_response(api, refused)

    paths = [path] if isinstance(path, str) else path
    served = [f"/{{version:str}}/{{node_id:str}}{one}" for one in paths]
    handler: HTTPRouteHandler = method(served, status_code=200, **options)(handle)
    return handler


def _api(request: _Request) -> CloudApi:
    api: CloudApi = request.scope[_SCOPE_KEY]  # type: ignore[typeddict-item]
    return api


async def _messages(api: CloudApi, request: _Request, node_id: str) -> Json:
    _check_number(api, node_id)
    return await api.handle(_json(await request.body()))


# Reading and deleting nodes and edges.


async def _node(api: CloudApi, request: _Request, node_id: str) -> Json:
    number = request.query_params.get("phone_number_id")
    if number is not None:
        _check_number(api, number)
    return _fields(api.account.node(node_id, base_url=_base(request)), request.query_params.get("fields"))


async def _edge(api: CloudApi, request: _Request, node_id: str) -> Json:
    edge = request.url.path.rstrip("/").rsplit("/", 1)[-1]
    listed = api.account.edge(node_id, edge, base_url=_base(request))
    wanted = {key: request.query_params.get(key) for key in ("name", "status", "language")}
    found = [one for one in listed if all(value is None or one.get(key) == value for key, value in wanted.items())]
    return _page(found, request.query_params)


async def _delete(api: CloudApi, _: _Request, node_id: str) -> Json:
    return api.account.delete(node_id)


async def _unsubscribe(api: CloudApi, _: _Request, node_id: str) -> Json:
    return api.account.unsubscribe(node_id)


async def _withdraw(api: CloudApi, request: _Request, node_id: str) -> Json:
    return api.account.withdraw(node_id, str(request.query_params.get("name", "")))


# Creating and changing forms, subscriptions, templates and files.


async def _create_form(api: CloudApi, request: _Request, node_id: str) -> Json:
    return api.account.create_form(node_id, await _parameters(request))


async def _change_form(api: CloudApi, request: _Request, node_id: str) -> Json:
    return api.account.change(node_id, await _parameters(request))


async def _fill_form(api: CloudApi, request: _Request, node_id: str) -> Json:
    form = await request.form()
    content, _ = await _file(form.get("file"))
    name, kind = str(form.get("name", "")), str(form.get("asset_type", ""))
    return api.account.upload(node_id, name=name, kind=kind, source=(content or b"").decode("utf-8", "replace"))


async def _publish_form(api: CloudApi, _: _Request, node_id: str) -> Json:
    return api.account.publish(node_id)


async def _deprecate_form(api: CloudApi, _: _Request, node_id: str) -> Json:
    return api.account.deprecate(node_id)


async def _subscribe(api: CloudApi, _: _Request, node_id: str) -> Json:
    return api.account.subscribe(node_id)


async def _submit(api: CloudApi, request: _Request, node_id: str) -> Json:
    return api.account.submit(node_id, await _parameters(request))


async def _upload(api: CloudApi, request: _Request, node_id: str) -> Json:
    _check_number(api, node_id)
    form = await request.form()
    return api.account.media.upload(form, *await _file(form.get("file")))


# Downloads, which are not part of the Graph API: Flow JSON and files.


@get("/flow-assets/{form_id:str}")
async def _flow_json(request: _Request) -> Response[bytes]:
    api = _api(request)
    try:
        source = api.account.download(request.path_params["form_id"])
        return Response(source.encode(), media_type=MediaType.JSON)
    except RefusedError as refused:
        return _error_response(api, refused)


@get("/whatsapp_business/attachments")
async def _download(request: _Request) -> Response[bytes]:
    api = _api(request)
    try:
        api.account.tokens.check(request.headers.get("authorization", ""), api.now_ms())
    except RefusedError as refused:
        return _error_response(api, refused)
    query = request.query_params
    file = api.account.media.download(str(query.get("mid", "")), str(query.get("hash", "")))
    if file is None:
        return Response(b"", status_code=404, media_type=MediaType.TEXT)
    return Response(file.content, media_type=file.mime_type)


def _http_error(request: _Request, problem: HTTPException) -> Response[bytes]:
    api = _api(request)
    if problem.status_code in {404, 405}:
        return _error_response(api, _unknown_path(request.url.path))
    return _error_response(api, RefusedError(1, status=problem.status_code, details=problem.detail))


def _check_number(api: CloudApi, node_id: str) -> None:
    if node_id != api.business.phone_number_id:
        raise no_such(node_id, "post")


def _base(request: _Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


async def _file(part: Any) -> tuple[bytes | None, str]:
    """The content and the declared type of an uploaded file; None if there is no file."""
    return (await part.read(), part.content_type) if isinstance(part, UploadFile) else (None, "")


def _unknown_path(path: str) -> RefusedError:
    return RefusedError(2500, message=f"Unknown path components: {path}", status=400)


def _fields(node: Json, wanted: str | None) -> Json:
    """The requested fields, and the id, which is always included."""
    if wanted is None:
        return node
    return {name: node[name] for name in ("id", *wanted.split(",")) if name in node}


def _page(listed: list[Json], query: Any) -> Json:
    """One page of a list. Cursors are opaque to clients; they are positions in the list."""
    after, size = str(query.get("after", "0")), str(query.get("limit", PAGE))
    if not (after.isdecimal() and size.isdecimal() and int(size) > 0):
        raise RefusedError(131059, details="Invalid cursor")
    begin, end = int(after), int(after) + int(size)
    paging: Json = {"cursors": {"before": str(begin), "after": str(end)}}
    if end < len(listed):
        paging["next"] = f"https://graph.simulated/?after={end}&limit={size}"
    return {"data": listed[begin:end], "paging": paging} if listed else {"data": []}


async def _parameters(request: _Request) -> Json:
    """The parameters of a request, from JSON or from a form body."""
    found = _json(await request.body())
    if isinstance(found, dict):
        return found
    return dict(await request.form())


def _json(body: bytes) -> Any:
    """The body as JSON; None if it is not JSON, which Meta treats like an empty body."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _error_response(api: CloudApi, refused: RefusedError) -> Response[bytes]:
    return _answer(refused.status, refused.body(api.ids.text("trace")))


def _answer(status: int, content: object) -> Response[bytes]:
    return Response(json.dumps(content).encode(), status_code=status, media_type=MediaType.JSON)
