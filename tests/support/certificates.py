"""Certificates made on the spot: of a bank that signs, of an agent who proves itself by TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Made:
    """A self-signed certificate with its key."""

    private: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> str:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Files of the certificate and of the key."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_text(self.pem)
        key.write_text(self.key_pem)
        return certificate, key


def certificate(
    name: str = "agent",
    *,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    size: int = 2048,
) -> Made:
    """For 127.0.0.1, valid for a year around now when not told otherwise."""
    now = dt.datetime.now(dt.UTC)
    private = rsa.generate_private_key(65537, size)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(issuer_name=subject, subject_name=subject, public_key=private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since or now - dt.timedelta(days=180))
        .not_valid_after(until or now + dt.timedelta(days=180))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(private, SHA256())
    )
    return Made(private, made)
