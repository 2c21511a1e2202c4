"""ASGI middleware that applies fault rules to Graph API requests that carry the right token."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from .errors import RefusedError
from .faults import WIRE_EFFECTS, Rule
from .store import Store
from .validate import kind_of

__all__ = ("FaultMiddleware",)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

_JSON: Final = [(b"content-type", b"application/json")]
_ANYWHERE: Final = WIRE_EFFECTS | {"refuse"}


class FaultMiddleware:
    """The Graph API with fault rules applied, an ASGI application."""

    def __init__(self, app: Application, store: Store) -> None:
        """Wrap an application; the rules are those of ``store``."""
        self._app = app
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if not self._store.rules or scope["type"] != "http" or not self._authenticated(scope):
            await self._app(scope, receive, send)
            return
        body, replayed = await _received(receive)
        on, phone, kind = self._asked(str(scope["path"]), body)
        # `SendHandler` applies `refuse` to /messages itself, so that observers are told of the refusal.
        does = WIRE_EFFECTS if on == "messages" else _ANYWHERE
        rule = self._store.rules.match(on, does, phone=phone, kind=kind)
        if rule is None:
            await self._app(scope, replayed, send)
            return
        if rule.do == "slow" and not rule.taken:
            await asyncio.sleep(rule.ms / 1000)
            await self._app(scope, replayed, send)
            return
        held: list[Message] = []
        if rule.taken:
            await self._app(scope, replayed, _holding(held))
        await self._happen(rule, receive, send, held)

    async def _happen(self, rule: Rule, receive: Receive, send: Send, held: list[Message]) -> None:
        match rule.do:
            case "slow":
                await asyncio.sleep(rule.ms / 1000)
                for message in held:
                    await send(message)
            case "hang":
                while (await receive())["type"] != "http.disconnect":
                    pass
            case "reset":
                # The body is shorter than its Content-Length, so the server closes the connection.
                await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
            case "garble":
                await _answer(send, 200, b'{"messaging_product":"whatsapp","contacts":[{"inp')
            case "answer":
                await _answer(send, rule.status, b'{"error":"injected"}')
            case _:
                refused = RefusedError(rule.code or 0, details=rule.details, status=rule.status or None)
                body = json.dumps(refused.body(self._store.ids.text("trace"))).encode()
                await _answer(send, refused.status, body)

    def _authenticated(self, scope: Scope) -> bool:
        header = next((value for name, value in scope["headers"] if name.lower() == b"authorization"), b"")
        token = self._store.business.access_token.encode()
        return hmac.compare_digest(header.partition(b" ")[2].strip(), token)

    def _asked(self, path: str, body: bytes) -> tuple[str, str, str]:
        """The rule target, recipient and message kind of a request."""
        edge = path.rstrip("/").rsplit("/", 1)[-1]
        if edge != "messages":
            return ("media" if "media" in path else "account"), "", ""
        try:
            payload = json.loads(body)
        except ValueError:
            return "messages", "", ""
        if not isinstance(payload, dict):
            return "messages", "", ""
        return ("typing" if "status" in payload else "messages"), self._store.recipient_of(payload), kind_of(payload)


async def _received(receive: Receive) -> tuple[bytes, Receive]:
    """The whole body, and a receive function that replays it."""
    parts = [await receive()]
    while parts[-1]["type"] == "http.request" and parts[-1].get("more_body", False):
        parts.append(await receive())
    waiting = iter(parts)

    async def again() -> Message:
        part = next(waiting, None)
        return part if part is not None else await receive()

    return b"".join(part.get("body", b"") for part in parts), again


def _holding(held: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        held.append(message)

    return keep


async def _answer(send: Send, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _JSON})
    await send({"type": "http.response.body", "body": body})
