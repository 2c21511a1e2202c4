"""Core's bearer tokens in the cache: the newest of each member, for a few minutes, encrypted.

A token expires 300 s after the last call made with it, and each response brings a newer one.
"""

import base64
import os
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

_LIFE_MS = 300_000
USABLE_MS = 285_000
"""Shorter than core's: a write is sent once, and not again after a 401."""

_NONCE_BYTES = 12
_EXPIRY_BYTES = 8


class Tokens(Protocol):
    """A store of members' tokens."""

    async def get(self, member: str) -> str | None:
        """The member's newest token that is still usable, if there is one."""

    async def put(self, member: str, token: str) -> None:
        """Store a token that core just returned; it replaces the previous one."""

    async def drop(self, member: str, token: str) -> None:
        """Delete a token that core no longer accepts; a newer one stays."""


class CachedTokens:
    """Tokens in the cache, encrypted with AES-256-GCM under a key derived from the service's secret.

    The member is part of the authenticated data, so a value copied to another member's key cannot be decrypted. If the
    cache is down, or a value cannot be read, there is no token: the member is logged in again.
    """

    def __init__(
        self,
        redis: Redis | RedisCluster,
        secret: str,
        clock_ms: Callable[[], int],
        *,
        nonce: Callable[[int], bytes] = os.urandom,
    ) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"vimbisopay credex tokens 1").derive(secret.encode())
        self._cipher = AESGCM(key)
        self._redis = redis
        self._clock_ms = clock_ms
        self._nonce = nonce

    async def get(self, member: str) -> str | None:
        try:
            sealed = await self._redis.get(_key(member))
        except (RedisError, OSError):
            return None
        return None if sealed is None else self._decrypted(member, sealed)

    async def put(self, member: str, token: str) -> None:
        nonce = self._nonce(_NONCE_BYTES)
        expires = (self._clock_ms() + USABLE_MS).to_bytes(_EXPIRY_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, expires + token.encode(), member.encode())
        try:
            await self._redis.set(_key(member), base64.urlsafe_b64encode(sealed), px=_LIFE_MS)
        except (RedisError, OSError):
            return

    async def drop(self, member: str, token: str) -> None:
        if await self.get(member) != token:
            return
        try:
            await self._redis.delete(_key(member))
        except (RedisError, OSError):
            return

    def _decrypted(self, member: str, sealed: bytes | str) -> str | None:
        try:
            raw = base64.urlsafe_b64decode(sealed)
            plain = self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], member.encode())
            expires_ms = int.from_bytes(plain[:_EXPIRY_BYTES])
            token = plain[_EXPIRY_BYTES:].decode()
        except (InvalidTag, ValueError):
            return None
        return token if self._clock_ms() < expires_ms else None


def _key(member: str) -> str:
    return f"token:{member}"
