"""The error envelope of all our HTTP answers: ``{"error": <name>, "details": {<field>: <what is wrong>}}``."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException

ErrorResponse = Response[dict[str, object]]

_NAMES: Final[dict[int, str]] = {HTTPStatus.NOT_FOUND: "not_found", HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large"}


def error_body(error: str, details: Mapping[str, str]) -> dict[str, object]:
    """The envelope: the error's name, and what is wrong by field."""
    return {"error": error, "details": dict(details)}


def error_response(status: int, error: str, details: Mapping[str, str]) -> ErrorResponse:
    return Response(error_body(error, details), status_code=status)


def http_error_handler(_: Request[Any, Any, Any], error: HTTPException) -> ErrorResponse:
    """Litestar's own refusals: an unknown path, a method that is not allowed, a body that is too large or too slow."""
    name = _NAMES.get(error.status_code, "refused")
    return error_response(error.status_code, name, {"request": str(error.detail)})
