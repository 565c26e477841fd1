"""The bank of a gate: which of the three, by its profile."""

from __future__ import annotations

from gateways.acquiring.profile import SBER, YOOKASSA, Profile
from gateways.acquiring.sber import Sber
from gateways.acquiring.shape import Bank
from gateways.acquiring.tbank import Tbank
from gateways.acquiring.yookassa import Yookassa
from gateways.http import Ask
from gateways.secrets import Secrets


def bank_of(profile: Profile, secrets: Secrets, ask: Ask) -> Bank:
    """The client of a profile."""
    if profile.bank == SBER:
        return Sber(profile, secrets, ask)
    if profile.bank == YOOKASSA:
        return Yookassa(profile, secrets, ask)
    return Tbank(profile, secrets, ask)
