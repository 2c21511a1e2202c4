"""What is turned away at the door, before any room sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from service.app import Dependencies, Service
from service.mailbox import open_cache, open_state
from service.settings import load
from service.web.request_guard import BODY_WITHIN_S
from simulator.whatsapp_cloud.virtual_time import Clock, run

JUDGED = {"/bot/webhook": 401, "/bot/notify": 400, "/api/webhooks/": 401}
"""Where a body is read, and what an empty object without a signature is answered there."""
KEY = (b"x-client-api-key", b"development-api-key")
"""Without it `/bot/notify` reads no body at all."""


def answered(
    path: str, parts: Sequence[tuple[float, bytes]], headers: Sequence[tuple[bytes, bytes]]
) -> tuple[int, float, bool]:
    """The status, after how many seconds it comes when parts of the body have pauses before them, and if it closes."""

    async def main(clock: Clock) -> tuple[int, float, bool]:
        wires = Dependencies(clock_ms=clock.now_ms, state=open_state("embedded://"), cache=open_cache("embedded://"))
        waiting, sent = list(parts), list[Any]()

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.Event().wait()
            pause_s, body = waiting.pop(0)
            await asyncio.sleep(pause_s)
            return {"type": "http.request", "body": body, "more_body": bool(waiting) or not body}

        async def send(message: Any) -> None:
            await asyncio.sleep(0)
            sent.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
        }
        scope |= {"headers": list(headers), "http_version": "1.1", "scheme": "http", "root_path": ""}
        scope |= {"server": ("bot", 80), "client": ("stranger", 1), "asgi": {"version": "3.0"}}
        began_ms = clock.now_ms()
        await Service(load({}, env_file=None), dependencies=wires).asgi(scope, receive, send)
        start, *bodies = sent
        answer = json.loads(b"".join(each["body"] for each in bodies))
        assert sorted(answer) == ["details", "error"]
        closes = (b"connection", b"close") in start["headers"]
        return start["status"], (clock.now_ms() - began_ms) / 1000, closes

    return run(main, start_ms=0)


@pytest.mark.parametrize("path", JUDGED)
def test_a_body_that_trickles_in_is_not_waited_for(path: str) -> None:
    """Byte by byte, each soon after the other: the deadline is for the whole, and what is left of it is never read."""
    trickle = [(1.0, b"x")] * 1000
    assert answered(path, trickle, [KEY]) == (408, BODY_WITHIN_S, True)


@pytest.mark.parametrize("path", JUDGED)
def test_a_body_that_stops_is_not_waited_for(path: str) -> None:
    """The connection stays open, and nothing more comes."""
    assert answered(path, [(0.0, b"")], [KEY]) == (408, BODY_WITHIN_S, True)


@pytest.mark.parametrize("path", JUDGED)
def test_a_body_on_a_slow_line_is_read(path: str) -> None:
    """Then it is judged like any other."""
    assert answered(path, [(3.0, b"{"), (3.0, b"}"), (3.0, b" ")], [KEY]) == (JUDGED[path], 9.0, False)


@pytest.mark.parametrize("path", JUDGED)
def test_two_lengths_are_refused_unread(path: str) -> None:
    """What one server takes for the body another takes for the next request."""
    both = [(b"content-length", b"4"), (b"transfer-encoding", b"chunked")]
    assert answered(path, [], both) == (400, 0.0, True)
