"""Certificates by which an agent proves itself in TLS: pinned whole by digest, so whoever issued them.

The handshake proves that the caller has the key. Who ends the TLS — a trusted proxy or our own server — puts
the certificate into the scope of the request under SCOPE_KEY; nobody else may (`web/proxy.py`).
"""

from __future__ import annotations

import binascii
import datetime as dt
import hashlib
import ssl
from base64 import b64decode
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel, ConfigDict, Field

SCOPE_KEY = "paylogic.certificate"
PEM_MAX = 16 * 1024
RSA_BITS_MIN = 2048  # a shorter key is broken by whoever has a farm
SOON = dt.timedelta(days=14)
"""A certificate that ends sooner is shown as a warning: the agent needs days to issue another."""


class Certificate(BaseModel):
    """A pinned certificate. fingerprint: SHA-256 of DER, hex."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    subject: str = Field(max_length=500)
    valid_from: dt.datetime
    valid_until: dt.datetime

    def is_valid(self, now: dt.datetime) -> bool:
        """Whether it is in its time."""
        return self.valid_from <= now <= self.valid_until

    def state(self, now: dt.datetime) -> str:
        """expired, early (not begun yet), soon (SOON or less is left), good."""
        if now > self.valid_until:
            return "expired"
        if now < self.valid_from:
            return "early"
        return "soon" if self.valid_until - now <= SOON else "good"


class BadCertificate(ValueError):
    """What was given is no certificate we may pin; the message says why and what to do."""


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate, hex."""
    return hashlib.sha256(der).hexdigest()


def read(pem: str, now: dt.datetime) -> Certificate:
    """A certificate a person pasted. Raises BadCertificate."""
    if "PRIVATE KEY" in pem:
        raise BadCertificate(
            "Это закрытый ключ: он должен остаться у агента. Вставьте сертификат, а ключ агент пусть сменит."
        )
    try:
        found = x509.load_pem_x509_certificate(pem.strip().encode())
        key = found.public_key()
    except ValueError as error:
        raise BadCertificate(
            "Сертификат не читается: вставьте текст целиком, от BEGIN CERTIFICATE до END CERTIFICATE."
        ) from error
    if isinstance(key, RSAPublicKey) and key.key_size < RSA_BITS_MIN:
        raise BadCertificate(f"Ключ короче {RSA_BITS_MIN} бит: попросите у агента другой сертификат.")
    if found.not_valid_after_utc < now:
        raise BadCertificate("Срок этого сертификата истёк: попросите у агента новый.")
    return Certificate(
        fingerprint=fingerprint(found.public_bytes(Encoding.DER)),
        subject=found.subject.rfc4514_string()[:500],
        valid_from=found.not_valid_before_utc,
        valid_until=found.not_valid_after_utc,
    )


def of_header(value: str) -> bytes | None:
    """DER of a proxy's header: PEM URL-encoded (nginx) or its bare base64 (Traefik); else None."""
    text = unquote(value[:PEM_MAX]).strip()
    try:
        if text.startswith("-----BEGIN CERTIFICATE-----"):
            return ssl.PEM_cert_to_DER_cert(text)
        return b64decode(text.partition(",")[0], validate=True) or None
    except (ValueError, binascii.Error):
        return None
