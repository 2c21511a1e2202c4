"""The simulator as one application: the Graph API, and the control API under ``/control``."""

from __future__ import annotations

import asyncio
import random

import httpx

from simulator.whatsapp_cloud import CloudApi, EventSignal, InProcessTransport, simulator_app
from simulator.whatsapp_cloud.virtual_time import Clock, run
from tests.contract.cloud_bot import BUSINESS, START, Bot

PERSON = "447700900123"


def test_a_bot_and_a_controlling_program_share_one_address() -> None:
    """A person types by way of the control API, the bot answers by way of the Graph API, and the screen shows it."""

    async def main(clock: Clock) -> tuple[int, list[str], int]:
        signal = EventSignal()
        async with httpx.AsyncClient(transport=InProcessTransport(Bot(clock))) as to_bot:
            api = CloudApi(BUSINESS, to_bot=to_bot, clock_ms=clock.now_ms, rng=random.Random(1), on_event=signal.notify)
            await api.start()
            transport = InProcessTransport(simulator_app(api, signal))
            async with httpx.AsyncClient(transport=transport, base_url="http://simulator.test", timeout=90) as client:
                await client.post("/control/people", json={"phone": PERSON, "name": "Alex"})
                await client.post(f"/control/people/{PERSON}/type", json={"text": "Hello"})
                await asyncio.sleep(1)
                sent = await client.post(
                    f"/v25.0/{BUSINESS.phone_number_id}/messages",
                    headers={"Authorization": f"Bearer {BUSINESS.access_token}"},
                    json={"messaging_product": "whatsapp", "to": PERSON, "text": {"body": "Hello, Alex"}},
                )
                screen = await client.get(f"/control/people/{PERSON}/screen", params={"wait_ms": 5_000})
                described = await client.get("/control/schema/openapi.json")
                await api.stop()
                messages = [message["body"] for message in screen.json()["messages"]]
                return sent.status_code, messages, len(described.json()["paths"])

    status, messages, paths = run(main, start_ms=START)
    assert (status, messages) == (200, ["Hello, Alex"])
    assert paths >= 15
