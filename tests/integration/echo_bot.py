"""A bot of forty lines: echoes texts, offers buttons and a list, remembers nothing. For tests of the replay itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

import httpx

from simulator.world.connections import BUSINESS, GRAPH_URL, Connections

BUTTONS = {
    "type": "button",
    "body": {"text": "Choose"},
    "action": {"buttons": [{"type": "reply", "reply": {"id": title, "title": title}} for title in ("Yes", "No")]},
}
LIST = {
    "type": "list",
    "body": {"text": "Look"},
    "action": {"button": "Open", "sections": [{"rows": [{"id": "1", "title": "First row"}]}]},
}


class EchoBot:
    """Answers every message of every webhook, as often as it comes."""

    def __init__(self, wires: Connections) -> None:
        self._http = httpx.AsyncClient(
            transport=wires.graph, base_url=GRAPH_URL, headers={"Authorization": f"Bearer {BUSINESS.access_token}"}
        )
        self._tasks: set[asyncio.Task[None]] = set()

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"] if scope["method"] == "POST" else b""
        challenge = parse_qs(scope["query_string"].decode()).get("hub.challenge", [""])[0]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": challenge.encode()})
        for entry in json.loads(body or b"{}").get("entry", []):
            for change in entry["changes"]:
                for message in change["value"].get("messages", []):
                    self._tasks.add(asyncio.create_task(self._answer(message)))

    async def _answer(self, message: dict[str, Any]) -> None:
        text = message.get("text", {}).get("body", message["type"])
        content: dict[str, Any] = {"type": "text", "text": {"body": f"You sent: {text}"}}
        if text in {"buttons", "list"}:
            content = {"type": "interactive", "interactive": BUTTONS if text == "buttons" else LIST}
        await self._http.post(
            f"{BUSINESS.phone_number_id}/messages",
            json={"messaging_product": "whatsapp", "to": f"+{message['from']}", **content},
        )

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        self.kill()
        await self._http.aclose()

    def kill(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def busy(self) -> bool:
        return any(not task.done() for task in self._tasks)
