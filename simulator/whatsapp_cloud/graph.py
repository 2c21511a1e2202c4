"""The Graph API over HTTP: paths, tokens and error bodies."""

from __future__ import annotations

import hmac
import json
import re
from typing import TYPE_CHECKING, Any, Final

from litestar import Litestar, MediaType, Request, Response, post
from litestar.exceptions import HTTPException

from simulator.whatsapp_cloud.errors import Refused

if TYPE_CHECKING:
    from simulator.whatsapp_cloud.api import CloudApi

__all__ = ("graph",)

_VERSION: Final = re.compile(r"v\d+\.\d+")


def graph(api: CloudApi) -> Litestar:
    """The application that serves one business phone number."""

    @post("/{version:str}/{number_id:str}/messages", status_code=200)
    async def messages(request: Request[Any, Any, Any]) -> Response[bytes]:
        try:
            _authenticate(api, request.headers.get("authorization", ""))
            _find(api, request)
            return _answer(200, await api.handle(_json(await request.body())))
        except Refused as refused:
            return _refusal(api, refused)

    def elsewhere(request: Request[Any, Any, Any], problem: HTTPException) -> Response[bytes]:
        if problem.status_code in {404, 405}:
            return _refusal(api, _unknown_path(request.url.path))
        return _refusal(api, Refused(1, status=problem.status_code, details=problem.detail))

    return Litestar([messages], exception_handlers={HTTPException: elsewhere}, openapi_config=None, logging_config=None)


def _authenticate(api: CloudApi, header: str) -> None:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(104)
    if not hmac.compare_digest(token.strip().encode(), api.business.access_token.encode()):
        raise Refused(190, message="Invalid OAuth access token - Cannot parse access token")


def _find(api: CloudApi, request: Request[Any, Any, Any]) -> None:
    if _VERSION.fullmatch(request.path_params["version"]) is None:
        raise _unknown_path(request.url.path)
    number_id = request.path_params["number_id"]
    if number_id != api.business.phone_number_id:
        raise Refused(
            100,
            message=f"Unsupported post request. Object with ID '{number_id}' does not exist, cannot be loaded due to "
            "missing permissions, or does not support this operation. Please read the Graph API documentation at "
            "https://developers.facebook.com/docs/graph-api",
            subcode=33,
            kind="GraphMethodException",
        )


def _unknown_path(path: str) -> Refused:
    return Refused(2500, message=f"Unknown path components: {path}", status=400)


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
