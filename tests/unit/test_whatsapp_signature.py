"""Meta's signature."""

from __future__ import annotations

import pytest

from service.whatsapp import sign, verify

# Computed with: printf '{"a":"\\/"}' | openssl dgst -sha256 -hmac topsecret
BODY = b'{"a":"\\/"}'
KNOWN = "sha256=661f01d4c641429dc9191394f97f64de316cc19e5f21ddc6bab5cb1da4793ae5"


def test_a_signature_is_that_of_another_program() -> None:
    """The signature equals what openssl computes over the same bytes."""
    assert sign("topsecret", BODY) == KNOWN


def test_a_signature_is_accepted() -> None:
    """What was signed with our secret passes."""
    assert verify("topsecret", BODY, sign("topsecret", BODY)) is True


def test_one_other_byte_is_refused() -> None:
    """The same JSON in other bytes is another body."""
    assert verify("topsecret", BODY.replace(b"\\/", b"/"), sign("topsecret", BODY)) is False


def test_another_secret_is_refused() -> None:
    """Another secret signs differently."""
    assert verify("other", BODY, sign("topsecret", BODY)) is False


@pytest.mark.parametrize(
    "header",
    [None, "", "sha256=", "sha256", KNOWN[7:], KNOWN.upper(), "sha1=" + KNOWN[7:], KNOWN + " ", "sha256=é\udcff", "\0"],
)
def test_an_odd_header_is_refused(header: str | None) -> None:
    """Anything but the exact header is refused without an error."""
    assert verify("topsecret", BODY, header) is False
