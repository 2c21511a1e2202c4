"""The Cloud API in real time and over real sockets, as it serves a bot in another process."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import httpx
import uvicorn

from simulator.whatsapp_cloud import CloudApi, Config, graph_app
from tests.contract.cloud_bot import BUSINESS, TARIRO


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serves an application on a free port of this machine, and tells its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn offers nothing to wait for)
        await asyncio.sleep(0)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def test_a_bot_in_another_process_is_served_in_real_time() -> None:
    """Handshake, webhook, answer and status go over sockets, without virtual time."""
    bodies: asyncio.Queue[bytes] = asyncio.Queue()

    async def bot(scope: Any, receive: Any, send: Any) -> None:
        answer = b""
        if scope["method"] == "GET":
            answer = parse_qs(scope["query_string"])[b"hub.challenge"][0]
        else:
            bodies.put_nowait((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer})

    async with served(bot) as bot_url, httpx.AsyncClient() as client:
        cloud = CloudApi(
            replace(BUSINESS, callback_url=f"{bot_url}/hook"),
            to_bot=client,
            clock_ms=lambda: time.time_ns() // 1_000_000,
            rng=random.Random(1),
            config=Config(sent_ms=1, delivered_ms=2, read_ms=3),
        )
        async with served(graph_app(cloud)) as graph_url, asyncio.timeout(300):
            await cloud.start()
            tariro = cloud.handset(TARIRO, name="Tariro")
            tariro.type("Mhoro")
            assert b'"body":"Mhoro"' in await bodies.get()
            answer = await client.post(
                f"{graph_url}/v25.0/{BUSINESS.phone_number_id}/messages",
                json={"messaging_product": "whatsapp", "to": TARIRO, "type": "text", "text": {"body": "Welcome"}},
                headers={"Authorization": f"Bearer {BUSINESS.access_token}"},
            )
            assert answer.status_code == 200
            statuses = [await bodies.get() for _ in range(3)]
            assert all(b'"statuses"' in body for body in statuses)
            assert [bubble.body for bubble in tariro.screen] == ["Welcome"]
            await cloud.stop()
