"""ASGI applications over a `CloudApi`: the Graph API behind its fault rules, alone or together with the control API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from .api import CloudApi
from .control import control_router
from .events import EventSignal
from .fault_middleware import FaultMiddleware
from .graph import graph
from .openapi_page import OfflineOpenApiPage

__all__ = ("graph_app", "simulator_app")

CONTROL: Final = "/control"


def graph_app(api: CloudApi) -> FaultMiddleware:
    """The application that a bot uses in place of ``https://graph.facebook.com``."""
    return FaultMiddleware(graph(api), api.store)


def simulator_app(api: CloudApi, signal: EventSignal) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """The Graph API and, under ``/control``, the control API; ``/control/schema`` describes the latter.

    Args:
        api: what is served.
        signal: must be told of every event: ``CloudApi(..., on_event=signal.notify)``.
    """
    graph_api = graph_app(api)
    control_api = Litestar(
        [control_router(api, signal)],
        openapi_config=OpenAPIConfig(
            title="WhatsApp Cloud API simulator",
            version="1",
            path=f"{CONTROL}/schema",
            render_plugins=[JsonRenderPlugin(), OfflineOpenApiPage(path="/")],
        ),
        logging_config=None,
    )

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        path = str(scope.get("path", ""))
        of_control = path == CONTROL or path.startswith(f"{CONTROL}/")
        await (control_api if of_control else graph_api)(scope, receive, send)

    return serve
