"""A gate of a bank as data: its address, our name there, what is taken, who makes the fiscal receipt."""

from __future__ import annotations

import ipaddress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

PRESETS = Path(__file__).parent / "presets"
SBER, YOOKASSA, TBANK = "sber", "yookassa", "tbank"
HMAC, RSA = "hmac", "rsa"


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError as error:
        raise ValueError(f"«{value}» — не адрес сети: пишите как 185.71.76.0/27") from error


def _address(value: str) -> str:
    if not value.startswith(("https://", "http://127.0.0.1:", "http://localhost:", "http://test/")):
        raise ValueError("адрес должен начинаться с https://")
    return value if value.endswith("/") else f"{value}/"


class Profile(BaseModel):
    """checks: who makes the fiscal receipt — the fiscal service, the bank, or nobody (it is not due).

    signature: how Сбер signs its notices by our agreement — a shared secret or the bank's certificate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=100)
    bank: Literal["sber", "yookassa", "tbank"]
    base_url: Annotated[str, AfterValidator(_address)]
    merchant: str = Field(min_length=1, max_length=100)
    takes_card: bool = True
    takes_sbp: bool = False
    least_kopecks: int = Field(1_00, gt=0)
    most_kopecks: int = Field(300_000_00, gt=0)
    lifetime_minutes: int = Field(20, ge=5, le=1440)
    checks: Literal["service", "bank", "none"] = "none"
    signature: Literal["hmac", "rsa"] = "hmac"
    vat: str = "none"
    tax_system: Literal["osn", "usn_income", "usn_income_outcome", "esn", "patent"] = "osn"
    utilities_order: bool = True
    kbk: str = ""
    oktmo: str = ""
    notify_url: str = ""
    qr_path: str = "sbp/c2b/qr/dynamic/get.do"
    networks: list[Annotated[str, AfterValidator(_network)]] = []

    @model_validator(mode="after")
    def _is_whole(self) -> Profile:
        if self.least_kopecks > self.most_kopecks:
            raise ValueError("наименьшая сумма больше наибольшей")
        if not (self.takes_card or self.takes_sbp):
            raise ValueError("шлюз не принимает ни карты, ни СБП: отметьте хотя бы одно")
        return self

    def lets_in(self, address: str) -> bool:
        """Whether a notice may come from this address; from any when no networks are named."""
        if not self.networks:
            return True
        try:
            caller = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(caller in ipaddress.ip_network(one) for one in self.networks)


@cache
def presets() -> dict[str, dict[str, Any]]:
    """Ready profiles by key."""
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(PRESETS.glob("*.yaml"))}


def preset(key: str, **changes: Any) -> Profile:
    """A ready profile with some things changed."""
    return Profile.model_validate(presets()[key] | changes)


def in_words(error: ValidationError) -> str:
    """What is wrong with a profile, for the person who edits it."""
    parts = []
    for one in error.errors():
        place = ".".join(str(part) for part in one["loc"])
        words = one["msg"].removeprefix("Value error, ")
        parts.append(f"{place}: {words}" if place else words)
    return "; ".join(parts)
