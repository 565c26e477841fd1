"""What banks send of their own accord: whose order it is about, whether it is genuine, what is answered.

A notice is a hint. Nothing is credited on it: it only makes the order due, and the bank is asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateways.acquiring.profile import RSA, SBER, TBANK, Profile
from gateways.acquiring.sign import BadKey, sber_is_genuine, sber_is_signed, tbank_is_genuine
from gateways.secrets import NoSecret, Secrets, need

VALUES_MAX = 60
ANSWERS = {TBANK: b"OK"}


@dataclass(frozen=True, slots=True)
class About:
    """The order a notice is about: our number, or the bank's."""

    number: str
    bank_id: str


def about(bank: str, values: Mapping[str, Any]) -> About:
    """Whose order it is; empty words when the notice does not say."""
    if bank == SBER:
        return About(_own(values.get("orderNumber")), _word(values.get("mdOrder")))
    if bank == TBANK:
        return About(_own(values.get("OrderId")), _word(values.get("PaymentId")))
    told = values.get("object")
    inner: Mapping[str, Any] = told if isinstance(told, dict) else {}
    is_refund = str(values.get("event", "")).startswith("refund")
    return About("", _word(inner.get("payment_id" if is_refund else "id")))


def _own(value: object) -> str:
    """Our number without the number of a second try."""
    return _word(value).partition("-")[0]


def _word(value: object) -> str:
    return str(value)[:100] if isinstance(value, str | int) else ""


def is_genuine(profile: Profile, secrets: Secrets, values: Mapping[str, Any], address: str) -> bool:
    """Whether the bank itself sent it: by its signature, or (ЮKassa signs nothing) by where it came from.

    How a notice is signed is the agreement's word, never the notice's own: or else a stranger who knows the
    bank's open certificate could use its text as a secret. Raises NoSecret when there is no key to judge by.
    """
    if not profile.lets_in(address):
        return False
    if profile.bank == SBER:
        return _sber_is_genuine(profile, secrets, values)
    if profile.bank == TBANK:
        return tbank_is_genuine(values, need(secrets, "password"))
    return bool(profile.networks)


def _sber_is_genuine(profile: Profile, secrets: Secrets, values: Mapping[str, Any]) -> bool:
    if profile.signature != RSA:
        return sber_is_genuine(values, need(secrets, "callback"))
    try:
        return sber_is_signed(values, need(secrets, "certificate"))
    except BadKey as error:
        raise NoSecret(str(error)) from error


def digest(values: Mapping[str, Any]) -> str:
    """The same words twice are one notice."""
    return hashlib.sha256(
        json.dumps(values, sort_keys=True, ensure_ascii=False, default=str).encode()
    ).hexdigest()
