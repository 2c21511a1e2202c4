"""Redis by TLS: the certificate is verified against the authority that the address itself names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from redis.exceptions import ConnectionError as RedisConnectionError

from service.mailbox import open_state
from tests.redis_server import RunningRedis, free_port, redis_server
from tests.system import need

BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
PASSWORD = "a-password-of-some-length"


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a test's own, and a server's certificate that it signed."""

    certificate: str
    server_certificate: bytes
    server_key: bytes


def authority() -> Authority:
    """For a server at 127.0.0.1, and no other."""
    own, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's authority")])
    base = x509.CertificateBuilder().issuer_name(name).not_valid_before(BEGIN).not_valid_after(END)
    root = (
        base.subject_name(name)
        .public_key(own.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(own, SHA256())
    )
    leaf = (
        base.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis-state")]))
        .public_key(server.public_key())
        .serial_number(2)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(own, SHA256())
    )
    key = server.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Authority(root.public_bytes(Encoding.PEM).decode(), leaf.public_bytes(Encoding.PEM), key)


@pytest.fixture(scope="module")
def known() -> Authority:
    """The authority that signed the server's certificate."""
    return authority()


@pytest.fixture(scope="module")
def server(known: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedis]:
    """A redis-server that speaks nothing but TLS, and wants a password."""
    need("redis-server")
    folder: Path = tmp_path_factory.mktemp("tls")
    (folder / "server.crt").write_bytes(known.server_certificate)
    (folder / "server.key").write_bytes(known.server_key)
    secure = free_port()
    arguments = ["--save", "", "--appendonly", "no", "--requirepass", PASSWORD, "--tls-port", str(secure)]
    arguments += ["--tls-cert-file", str(folder / "server.crt"), "--tls-key-file", str(folder / "server.key")]
    arguments += ["--tls-auth-clients", "no", "--tls-ca-cert-file", str(folder / "server.crt")]
    with redis_server(*arguments) as running:
        yield RunningRedis(url=f"rediss://:{PASSWORD}@127.0.0.1:{secure}/0", port=secure, process=running.process)


async def test_the_state_is_reached_by_a_certificate_that_is_verified(server: RunningRedis, known: Authority) -> None:
    """The authority's certificate stands in the address, so that nothing has to be put onto the disk of a container."""
    client = open_state(f"{server.url}?ssl_ca_data={quote(known.certificate)}")
    await client.set("key", "value")
    assert await client.get("key") == b"value"
    await client.aclose()


async def test_a_certificate_of_another_authority_is_refused(server: RunningRedis) -> None:
    """Whoever stands between gets neither the password nor a member's data."""
    client = open_state(f"{server.url}?ssl_ca_data={quote(authority().certificate)}")
    with pytest.raises(RedisConnectionError, match="certificate verify failed"):
        await client.get("key")
    await client.aclose()


async def test_a_certificate_for_another_host_is_refused(server: RunningRedis, known: Authority) -> None:
    """Even if the right authority signed it."""
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    client = open_state(f"{elsewhere}?ssl_ca_data={quote(known.certificate)}")
    with pytest.raises(RedisConnectionError, match="certificate verify failed"):
        await client.get("key")
    await client.aclose()
