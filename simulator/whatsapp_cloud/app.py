"""The Graph API as an ASGI application: routes over a `CloudApi`, behind the fault rules in force."""

from __future__ import annotations

from .api import CloudApi
from .fault_middleware import FaultMiddleware
from .graph import graph

__all__ = ("graph_app",)


def graph_app(api: CloudApi) -> FaultMiddleware:
    """The ASGI application that a bot uses in place of ``https://graph.facebook.com``."""
    return FaultMiddleware(graph(api), api.store)
