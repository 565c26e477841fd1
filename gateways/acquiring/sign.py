"""Signatures of banks: both checksums of Сбер's notices, token of T-Bank's requests and notices."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import load_pem_public_key

RSA_BITS_MIN = 2048  # a shorter key is broken by whoever has a farm
NOT_SIGNED = ("checksum", "sign_alias")


def sber_string(values: Mapping[str, Any]) -> str:
    """`name;value;` of every parameter but the signature, by name."""
    return "".join(f"{name};{values[name]};" for name in sorted(values) if name not in NOT_SIGNED)


def sber_checksum(values: Mapping[str, Any], key: str) -> str:
    """HMAC-SHA256 in capital hex."""
    return hmac.new(key.encode(), sber_string(values).encode(), hashlib.sha256).hexdigest().upper()


def sber_is_genuine(values: Mapping[str, Any], key: str) -> bool:
    """Whether a notice carries the right checksum."""
    return hmac.compare_digest(str(values.get("checksum", "")).encode(), sber_checksum(values, key).encode())


class BadKey(ValueError):
    """What stands in the file of keys is no key a signature can be checked by; the message says why."""


@lru_cache(maxsize=32)
def rsa_key(pem: str) -> RSAPublicKey:
    """The public key of a certificate or of a bare key, PEM. Raises BadKey."""
    try:
        is_certificate = "BEGIN CERTIFICATE" in pem
        found: object = (
            x509.load_pem_x509_certificate(pem.encode()).public_key()
            if is_certificate
            else load_pem_public_key(pem.encode())
        )
    except ValueError as error:
        raise BadKey("Сертификат банка не читается: нужен текст PEM целиком") from error
    if not isinstance(found, RSAPublicKey):
        raise BadKey("В сертификате банка не ключ RSA")
    if found.key_size < RSA_BITS_MIN:
        raise BadKey(f"Ключ банка короче {RSA_BITS_MIN} бит: попросите у банка новый сертификат")
    return found


def sber_is_signed(values: Mapping[str, Any], pem: str) -> bool:
    """Whether a notice is signed by the bank's key: RSA PKCS#1 v1.5 over SHA-512, in hex. Raises BadKey."""
    key = rsa_key(pem)
    try:
        given = bytes.fromhex(str(values.get("checksum", "")))
        key.verify(given, sber_string(values).encode(), PKCS1v15(), SHA512())
    except (ValueError, InvalidSignature):
        return False
    return True


def tbank_token(values: Mapping[str, Any], password: str) -> str:
    """SHA-256 hex of the values of root scalars and the password, by name."""
    signed = {
        name: _word(value)
        for name, value in values.items()
        if name != "Token" and value is not None and not isinstance(value, dict | list)
    }
    signed["Password"] = password
    return hashlib.sha256("".join(signed[name] for name in sorted(signed)).encode()).hexdigest()


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def tbank_is_genuine(values: Mapping[str, Any], password: str) -> bool:
    """Whether a notice carries the right token."""
    given = str(values.get("Token", "")).lower().encode()
    return hmac.compare_digest(given, tbank_token(values, password).encode())
