"""An httpx transport to several bots, with failover."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from service.http_client import certainly_not_sent

__all__ = ("FailoverTransport",)


class FailoverTransport(httpx.AsyncBaseTransport):
    """Sends requests to several bots in turn; a bot that accepts no connection is skipped.

    Attributes:
        bots: their addresses, ``http://127.0.0.1:8000``; may be changed at any time.
    """

    def __init__(self, bots: Sequence[str], inner: httpx.AsyncBaseTransport) -> None:
        """Send requests over ``inner``."""
        self.bots = list(bots)
        self._inner = inner
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            httpx.ConnectError: no bot accepts connections.
            httpx.HTTPError: the connection broke; a bot may have handled the request.
        """
        await request.aread()
        for _ in self.bots:
            self._turn += 1
            bot = httpx.URL(self.bots[self._turn % len(self.bots)])
            request.url = request.url.copy_with(scheme=bot.scheme, host=bot.host, port=bot.port)
            try:
                return await self._inner.handle_async_request(request)
            except httpx.HTTPError as error:
                if not certainly_not_sent(error):
                    raise
        raise httpx.ConnectError("no bot takes connections", request=request)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()
