"""Meta's signature of a webhook: HMAC-SHA256 of the raw bytes, keyed with the App Secret."""

import hmac
from hashlib import sha256
from typing import Final

_PREFIX: Final = "sha256="


def sign(secret: str, body: bytes) -> str:
    """The value of the header `X-Hub-Signature-256` for these bytes: `sha256=` and lowercase hex."""
    return _PREFIX + hmac.new(secret.encode(), body, sha256).hexdigest()


def verify(secret: str, body: bytes, header: str | None) -> bool:
    """Whether the header is the signature of exactly these bytes. Takes the same time wherever they differ."""
    if header is None:
        return False
    # As bytes: compare_digest refuses text that is not ASCII, and a header may hold anything.
    return hmac.compare_digest(sign(secret, body).encode(), header.encode("utf-8", "surrogatepass"))
