"""Signatures of banks: checksum of Сбер's notices, token of T-Bank's requests and notices."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

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
