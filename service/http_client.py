"""The HTTP client for Credex core and WhatsApp, and which of its errors prove that nothing was sent."""

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_AIOHTTP_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)


_KEEPALIVE_S: Final = 3.0
"""A connection that has been idle for longer is not used again.

The server closes idle connections too (Node, which Credex core runs on, after 5 s by default). A request written at
that moment is lost, and nobody knows whether it was handled, so the client closes first.
"""


def open_http(*, connections: int = 50) -> httpx.AsyncClient:
    """A client with a pool of connections that repeats nothing, follows no redirect and keeps no cookie.

    Members share its connections, so a cookie that core set for one would be sent for another.
    """

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=_KEEPALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    return httpx.AsyncClient(
        transport=AiohttpTransport(client=session),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=False,
        trust_env=False,
    )


def certainly_not_sent(error: Exception) -> bool:
    """Whether this error proves that no byte of the request was sent.

    The aiohttp transport reports every lost connection, even one lost while waiting for the answer, as
    ``httpx.ConnectTimeout``; only the exception behind it tells (read in httpx-aiohttp 0.2, ``AIOHTTP_EXC_MAP``).
    """
    if not isinstance(error, _BEFORE_SENDING):
        return False
    cause = error.__cause__
    return not isinstance(cause, aiohttp.ClientError) or isinstance(cause, _AIOHTTP_BEFORE_SENDING)


def named(error: Exception) -> str:
    """The error's name for logs and reports: that of the exception behind it, if there is one."""
    return type(error.__cause__ or error).__name__
