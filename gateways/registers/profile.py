"""The profile of a register: everything two banks' files differ in, as data an operator can edit."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

PRESETS = Path(__file__).parent / "presets"
TARGETS = (
    "account", "sum", "penalty", "fee", "number", "date", "time", "period", "service", "name", "address",
    "receipt",
)  # fmt: skip
"""What a cell may be, by our names. number: the agent's number of the payment."""
Encoding = Literal["detect", "cp1251", "cp866", "utf-8", "koi8-r"]


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"«{value}» — не образец: {error}") from None
    return value


Pattern = Annotated[str, Field(max_length=300), AfterValidator(_pattern)]


class Strict(BaseModel):
    """A part of a profile: what it does not know is a mistake of whoever wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class FieldRule(Strict):
    """Where a value stands and how it is written.

    at       number of a column from 1, its name, «file:GROUP» of the file's name, «head:GROUP» of a head line
    pattern  the value is its first group (or the whole match)
    dates    how dates are written, tried in turn
    fixed    widths only: (first position from 1, length) instead of at
    """

    at: str = ""
    fixed: tuple[int, int] | None = None
    pattern: Pattern | None = None
    dates: list[str] = []
    decimal: Literal[".", ",", "any", "kopecks"] = "any"
    required: bool = True
    default: str = ""


class TotalsRule(Strict):
    """Lines (or an XML element) that say how many rows there are and for how much; several add up.

    prefix: how such a line begins; fields after it are numbered from 1 once it is cut off.
    """

    prefix: str = ""
    element: str = ""
    count: str = ""
    sum: str = ""
    fee: str = ""
    of: Literal["sum", "transfer"] = "sum"
    required: bool = True


class HeadRule(Strict):
    """A head line whose named groups may be values of every row."""

    pattern: Pattern


class ReadingsRule(Strict):
    """Readings of meters that come with a payment: pairs of cells, or cells named by a pattern.

    first, pairs: column of the first meter and how many (meter, reading) pairs follow.
    named: a pattern of names whose group 1 is the meter.
    """

    first: int = 0
    pairs: int = 0
    named: Pattern | None = None
    none: list[str] = ["", "НЕТ", "0"]


class TicketRule(Strict):
    """A control ticket: another file that names the register, its count of rows and its sum."""

    delimiter: str = "|"
    file: int
    count: int
    sum: int


class RegisterProfile(Strict):
    """What the files of one counterpart look like. Raises pydantic.ValidationError for nonsense."""

    title: str = Field(min_length=1, max_length=120)
    container: Literal["text", "fixed", "dbf", "xlsx", "xml"]
    member: str = "*"
    encoding: Encoding = "detect"
    delimiter: str = Field(";", min_length=1, max_length=3)
    quoted: bool = False
    skip: int = Field(0, ge=0, le=1000)
    header_row: bool = False
    row_prefix: str = ""
    comments: list[str] = []
    ends: list[str] = []
    columns_least: int = 1
    tail: bool = False
    row_element: str = ""
    fields: dict[str, FieldRule]
    only: dict[str, str] = {}
    totals: list[TotalsRule] = []
    heads: list[HeadRule] = []
    file_name: Pattern | None = None
    readings: ReadingsRule | None = None
    ticket: TicketRule | None = None
    services: dict[str, int] = {}
    key: str = "{number}"

    @model_validator(mode="after")
    def _is_whole(self) -> RegisterProfile:
        foreign = sorted(set(self.fields) - set(TARGETS))
        if foreign:
            raise ValueError(f"fields: не бывает {', '.join(foreign)}; есть {', '.join(TARGETS)}")
        missing = [name for name in ("account", "sum", "number", "date") if name not in self.fields]
        if missing:
            raise ValueError(f"fields: нет {', '.join(missing)}")
        if self.container == "xml" and not self.row_element:
            raise ValueError("row_element: назовите элемент одной строки")
        if self.container == "fixed":
            bare = [name for name, rule in self.fields.items() if rule.fixed is None and ":" not in rule.at]
            if bare:
                raise ValueError(f"fields: у {', '.join(bare)} нет мест fixed: [с какого знака, сколько]")
        try:
            self.key.format_map(dict.fromkeys(TARGETS, "1"))
        except (KeyError, ValueError, IndexError):
            raise ValueError("key: в фигурных скобках пишутся только имена полей") from None
        return self


@cache
def presets() -> dict[str, dict[str, Any]]:
    """Ready profiles by key."""
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(PRESETS.glob("*.yaml"))}


def preset(key: str, **changes: Any) -> RegisterProfile:
    """A ready profile with some things changed."""
    return RegisterProfile.model_validate(presets()[key] | changes)


def in_words(error: ValidationError) -> str:
    """What is wrong with a profile, for the person who edits it."""
    parts = []
    for one in error.errors():
        place = ".".join(str(part) for part in one["loc"])
        words = one["msg"].removeprefix("Value error, ")
        parts.append(f"{place}: {words}" if place else words)
    return "; ".join(parts)
