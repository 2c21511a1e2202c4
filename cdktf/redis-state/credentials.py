"""Generate the credentials of the state Redis: a password, a certificate with its authority, and the clients' URL.

    python cdktf/redis-state/credentials.py --environment staging --out FOLDER

writes one file per secret, named as in Secrets Manager, for `aws secretsmanager put-secret-value --secret-string file://`.
The authority's key is not stored: another certificate needs another authority, and therefore a new URL.
"""

from __future__ import annotations

import argparse
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ("credentials",)

PORT = 6380
DAYS = 3650
"""Validity of the certificate. It is long because only our own clients trust its authority, which signs nothing else,
and because an unnoticed expiry would stop the bot."""


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _certificates(host: str, now: datetime) -> tuple[str, str, str]:
    """The authority's certificate, the server's certificate and the server's key, as PEM."""
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name(f"{host} authority")

    def started(subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=DAYS))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not authority,
                    key_cert_sign=authority,
                    crl_sign=authority,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )

    authority = started(authority_name, authority_key, authority=True).sign(authority_key, hashes.SHA256())
    server = (
        started(_name(host), server_key, authority=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    return authority.public_bytes(encoding).decode(), server.public_bytes(encoding).decode(), _pem(server_key)


def credentials(host: str, *, port: int = PORT, now: datetime) -> dict[str, str]:
    """Values by name of the secret: the server's password, certificate and key, and the clients' URL.

    Args:
        host: the name that clients use, and the only name in the certificate.
        port: the port of the server.
        now: the start of the certificate's validity of ten years.
    """
    authority, certificate, key = _certificates(host, now)
    password = secrets.token_hex(32)
    verified = urlencode({"ssl_ca_data": authority, "ssl_cert_reqs": "required", "ssl_check_hostname": "true"})
    return {
        "redis-state-password": password,
        "redis-state-certificate": certificate,
        "redis-state-key": key,
        "redis-state-url": f"rediss://:{password}@{host}:{port}/0?{verified}",
    }


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", required=True, choices=["staging", "production"])
    parser.add_argument(
        "--out", required=True, type=Path, help="a directory that only you can read; delete it afterwards"
    )
    options = parser.parse_args()
    options.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    host = f"redis-state.vimbiso-pay-{options.environment}.internal"
    for name, value in credentials(host, now=datetime.now(UTC)).items():
        path = options.out / name
        path.touch(mode=0o600)
        path.write_text(value, "utf-8")
        print(path)  # noqa: T201 - this is a command


if __name__ == "__main__":
    main()
