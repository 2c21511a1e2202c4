"""The service as a whole on the web: every refusal has the same shape, wherever it comes from."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from service.app import Dependencies, Service
from service.mailbox import open_cache, open_state
from service.settings import load


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/bot/notify", 405, "refused"),
        ("PUT", "/api/webhooks/", 405, "refused"),
        ("POST", "/bot/notify", 401, "unauthorized"),
        ("POST", "/api/webhooks/", 401, "unauthorized"),
        ("POST", "/api/webhooks", 401, "unauthorized"),
        ("POST", "/bot/webhook", 401, "unauthorized"),
        ("GET", "/bot/webhook", 403, "forbidden"),
    ],
)
async def test_every_refusal_names_its_error_and_details(method: str, path: str, status: int, error: str) -> None:
    """Also for paths and methods that nobody takes."""
    parts = Dependencies(clock_ms=lambda: 0, state=open_state("embedded://"), cache=open_cache("embedded://"))
    app: Any = Service(load({}, env_file=None), dependencies=parts).asgi
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot") as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["error"], sorted(answer.json())) == (status, error, ["details", "error"])
