"""Test an echo bot without a network: a person types a text and reads it back. Run it: ``python echo_bot.py``."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
from typing import Any
from urllib.parse import parse_qs

import httpx
from whatsapp_cloud_simulator import Business, CloudApi, InProcessTransport, graph_app
from whatsapp_cloud_simulator.virtual_time import Clock, run

BUSINESS = Business(
    phone_number_id="100000000000001",
    business_id="200000000000002",
    display_phone_number="15550100000",
    access_token="an-access-token",
    app_secret="an-app-secret",
    verify_token="a-verify-token",
    callback_url="http://bot.test/webhook",
)


class EchoBot:
    """The bot under test, an ASGI application: it answers every text with the same text."""

    graph: httpx.AsyncClient

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one webhook, or the verification of the callback URL."""
        body = (await receive())["body"]
        status, answer = 200, "ok"
        if scope["method"] == "GET":
            query = parse_qs(scope["query_string"].decode())
            answer = query["hub.challenge"][0]
        else:
            signature = "sha256=" + hmac.new(BUSINESS.app_secret.encode(), body, hashlib.sha256).hexdigest()
            if dict(scope["headers"])[b"x-hub-signature-256"].decode() == signature:
                await self.handle(json.loads(body))
            else:
                status, answer = 401, "wrong signature"
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": answer.encode()})

    async def handle(self, webhook: dict[str, Any]) -> None:
        """Answer the texts in a webhook; statuses need no answer."""
        values = [change["value"] for entry in webhook["entry"] for change in entry["changes"]]
        for message in [message for value in values for message in value.get("messages", [])]:
            answer = await self.graph.post(
                f"/v25.0/{BUSINESS.phone_number_id}/messages",
                headers={"Authorization": f"Bearer {BUSINESS.access_token}"},
                json={"messaging_product": "whatsapp", "to": message["from"], "text": message["text"]},
            )
            answer.raise_for_status()


async def main(clock: Clock) -> list[str]:
    """Return what a person's phone shows after she typed a text."""
    bot = EchoBot()
    to_bot = httpx.AsyncClient(transport=InProcessTransport(bot))
    api = CloudApi(BUSINESS, to_bot=to_bot, clock_ms=clock.now_ms, rng=random.Random(1))
    bot.graph = httpx.AsyncClient(transport=InProcessTransport(graph_app(api)), base_url="http://graph.test")
    async with to_bot, bot.graph:
        await api.start()  # verifies the bot's callback URL, as Meta does
        alex = api.handset("+44 7700 900123", name="Alex")
        alex.type("Hello, bot")
        while api.busy():  # deliveries and statuses are under way
            await asyncio.sleep(0.1)  # virtual: takes no real time
        await api.stop()
        return [message.body for message in alex.screen]


if __name__ == "__main__":
    shown = run(main, start_ms=1_767_225_600_000)  # 1 January 2026, 00:00 UTC
    assert shown == ["Hello, bot"], shown
    print("The phone shows:", *shown)
