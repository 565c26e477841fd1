"""The fiscal service as data: its address and group, the seller, taxes, as whom the centre takes money."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

AGENTS = ("", "paying_agent", "bank_paying_agent", "attorney", "commission_agent", "another")


class FiscalProfile(BaseModel):
    """agent: as whom the centre takes money for others («»: in its own name); its words are ATOL's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=100)
    base_url: str
    group_code: str = Field(min_length=1, max_length=100)
    login: str = Field(min_length=1, max_length=100)
    company_email: str = Field(min_length=3, max_length=64)
    inn: str = Field(pattern=r"^\d{10}(\d{2})?$")
    sno: Literal["osn", "usn_income", "usn_income_outcome", "esn", "patent"] = "osn"
    payment_address: str = Field(min_length=1, max_length=256)
    vat: str = "none"
    payment_method: Literal["full_prepayment", "prepayment", "advance", "full_payment", "credit_payment"] = (
        "full_payment"
    )
    payment_object: str = "service"
    agent: Literal["", "paying_agent", "bank_paying_agent", "attorney", "commission_agent", "another"] = ""

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://127.0.0.1:", "http://localhost:", "http://test/")):
            raise ValueError("адрес должен начинаться с https://")
        return value if value.endswith("/") else f"{value}/"


PRESET: dict[str, Any] = {
    "title": "АТОЛ Онлайн",
    "base_url": "https://online.atol.ru/possystem/v4/",
    "group_code": "paylogic",
    "login": "paylogic",
    "company_email": "kassa@example.ru",
    "inn": "0000000000",
    "payment_address": "https://example.ru",
    "agent": "paying_agent",
}
"""What a new gate begins with."""


def in_words(error: ValidationError) -> str:
    """What is wrong with a profile, for the person who edits it."""
    parts = []
    for one in error.errors():
        place = ".".join(str(part) for part in one["loc"])
        parts.append(f"{place}: {one['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)
