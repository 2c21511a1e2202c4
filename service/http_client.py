"""The HTTP client for Credex core and WhatsApp alike, and what its exceptions are certain about."""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

__all__ = ("certainly_not_sent", "named", "open_http")

_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_AIOHTTP_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)


KEPT_S: Final = 3.0
"""A connection that has been idle for longer is not used again.

The other side closes idle ones too (Node, which Credex core runs on, after 5 s by default), and a request written at
that very moment is lost without anybody knowing whether it was handled. So we are first.
"""


def open_http(*, connections: int = 50) -> httpx.AsyncClient:
    """A client with a pool of connections that repeats nothing, follows no redirect and keeps no cookie.

    Members share its connections, so a cookie that core set for one would be sent for another.
    """

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEPT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    return httpx.AsyncClient(
        transport=AiohttpTransport(client=session),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=False,
        trust_env=False,
    )


def certainly_not_sent(error: Exception) -> bool:
    """Whether this error proves that not one byte of the request left.

    The aiohttp transport reports every lost connection, even one lost while waiting for the answer, as
    ``httpx.ConnectTimeout``; only the exception behind it tells (read in httpx-aiohttp 0.2, ``AIOHTTP_EXC_MAP``).
    """
    if not isinstance(error, _BEFORE_SENDING):
        return False
    cause = error.__cause__
    return not isinstance(cause, aiohttp.ClientError) or isinstance(cause, _AIOHTTP_BEFORE_SENDING)


def named(error: Exception) -> str:
    """What to call an error in logs and reports: by the exception behind it, where there is one (see above)."""
    return type(error.__cause__ or error).__name__
