"""The profile of an agent: everything two dialects differ in, as data an operator can edit."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateways.agents.certificates import Certificate, fingerprint

PRESETS = Path(__file__).parent / "presets"

COMMANDS = ("check", "pay", "status", "cancel")
ASKED = ("command", "payment_id", "moment", "account", "sum", "service", "our_id")
"""Fields of a request by our names."""
ANSWERED = (
    "payment_id", "our_id", "sum", "result", "comment", "moment", "name", "address", "balance", "due",
    "fields",
)  # fmt: skip
"""What an answer may say by our names; `fields` is OSMP's nested list of name, address, balance."""
REASONS = {
    "ok": "Принято",
    "temporary": "Временная ошибка, повторите позже",
    "unknown_command": "Неизвестный запрос",
    "bad_account": "Неверный вид номера счёта",
    "no_account": "Счёт не найден",
    "bad_payment_id": "Неверный номер платежа",
    "bad_sum": "Неверная сумма",
    "bad_date": "Неверная дата",
    "too_small": "Сумма слишком мала",
    "too_large": "Сумма слишком велика",
    "inactive": "Счёт закрыт",
    "forbidden": "Приём платежей остановлен",
    "repeat": "Повтор принятого платежа",
    "in_progress": "Платёж ещё обрабатывается",
    "no_payment": "Платёж не найден",
    "no_cancel": "Отмена не разрешена",
    "other": "Другая ошибка: номер платежа занят другим платежом",
}
"""Every reason an answer may have, with its words; a profile gives each a code."""


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"«{value}» — не образец: {error}") from None
    return value


def _address(value: str) -> str:
    ipaddress.ip_network(value, strict=False)  # raises ValueError in words good enough to repeat
    return value


Pattern = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_pattern)]
Network = Annotated[str, AfterValidator(_address)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]


class Profile(BaseModel):
    """A dialect with the agent's own limits and rights. Raises pydantic.ValidationError for nonsense.

    ask       our name of a field → the agent's parameter
    commands  our command → the agent's word for it
    answer    our command → (our item, the agent's element) in the order they are written
    codes     reason → the agent's code
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=120)
    root: Name = "response"
    ask: dict[str, Name]
    commands: dict[str, Name]
    answer: dict[str, list[tuple[str, Name]]]
    codes: dict[str, int]
    date_patterns: list[str] = Field(min_length=1)
    answer_date: str = "%Y%m%d%H%M%S"
    zone: Literal["Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk",
                  "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Vladivostok", "Europe/Kaliningrad", "UTC"] = (
        "Europe/Moscow"
    )  # fmt: skip
    decimal: Literal[".", ",", "kopecks"] = "."
    payment_id_pattern: Pattern = r"\d{1,20}"
    account_pattern: Pattern = r"[0-9A-Za-zА-Яа-я/_-]{1,40}"
    service: int | None = None
    least_kopecks: int = Field(1_00, gt=0)
    most_kopecks: int = Field(100_000_00, gt=0)
    shows: Literal["nothing", "masked", "full"] = "masked"
    shows_balance: bool = True
    may_cancel: Literal["never", "same_day"] = "never"
    networks: list[Network] = []
    certificates: list[Certificate] = Field([], max_length=8)
    in_flight_max: int = Field(50, ge=1, le=1000)

    @model_validator(mode="after")
    def _is_whole(self) -> Profile:
        for kind, given, allowed in (
            ("ask", self.ask, ASKED),
            ("commands", self.commands, COMMANDS),
            ("answer", self.answer, COMMANDS),
            ("codes", self.codes, REASONS),
        ):
            foreign = sorted(set(given) - set(allowed))
            if foreign:
                raise ValueError(f"{kind}: не бывает {', '.join(foreign)}; есть {', '.join(allowed)}")
        for kind, given, needed in (
            ("ask", self.ask, ("command", "payment_id", "account", "sum")),
            ("commands", self.commands, ("check", "pay")),
            ("answer", self.answer, ("check", "pay")),
            ("codes", self.codes, ("ok", "temporary", "other", "no_account")),
        ):
            missing = [name for name in needed if name not in given]
            if missing:
                raise ValueError(f"{kind}: нет {', '.join(missing)}")
        for pairs in self.answer.values():
            foreign = [item for item, _ in pairs if item not in ANSWERED]
            if foreign:
                raise ValueError(f"answer: не бывает {', '.join(foreign)}; есть {', '.join(ANSWERED)}")
        if self.least_kopecks > self.most_kopecks:
            raise ValueError("наименьшая сумма больше наибольшей")
        return self

    def code(self, reason: str) -> int:
        """The agent's code; a reason the agent has no code for is its «other»."""
        return self.codes.get(reason, self.codes["other"])

    def knows_certificate(self, der: bytes | None, now: dt.datetime) -> bool:
        """Whether the caller proved one of the pinned certificates in its time; yes when none is pinned."""
        if not self.certificates:
            return True
        given = None if der is None else fingerprint(der)
        return any(one.fingerprint == given and one.is_valid(now) for one in self.certificates)

    def lets_in(self, address: str) -> bool:
        """Whether a caller from this address may ask; anyone may when no networks are named."""
        if not self.networks:
            return True
        try:
            caller = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(caller in ipaddress.ip_network(one, strict=False) for one in self.networks)


@cache
def presets() -> dict[str, dict[str, Any]]:
    """Ready dialects by key: what a new agent's profile begins with."""
    found = {}
    for path in sorted(PRESETS.glob("*.yaml")):
        found[path.stem] = yaml.safe_load(path.read_text("utf-8"))
    return found


def preset(key: str, **changes: Any) -> Profile:
    """A ready dialect with some things changed."""
    return Profile.model_validate(presets()[key] | changes)


def in_words(error: ValidationError) -> str:
    """What is wrong with a profile, for the person who edits it."""
    parts = []
    for one in error.errors():
        place = ".".join(str(part) for part in one["loc"])
        words = one["msg"].removeprefix("Value error, ")
        parts.append(f"{place}: {words}" if place else words)
    return "; ".join(parts)
