"""Льготы: what each ground gives by law, as dated numbers, and the льготы of a block as columns.

Terms come with the product (law/benefits.yaml); a region's own values lie over them by key and first day.
What a person gets is worked out by billing.rules.benefit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from billing.services import Service

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]
Bool = npt.NDArray[np.bool_]

PARTS: dict[str, tuple[int, ...]] = {
    "housing": (Service.UPKEEP, Service.RENT),
    "capital": (Service.CAPITAL_REPAIR,),
    "water": (Service.COLD_WATER, Service.HOT_WATER, Service.SEWERAGE),
    "energy": (Service.ELECTRICITY, Service.GAS),
    "heating": (Service.HEATING,),
    "waste": (Service.WASTE,),
}
"""Parts of the payment a ground gives a share of, and their services."""
PART_TITLES = {
    "housing": "жильё",
    "capital": "капремонт",
    "water": "вода и стоки",
    "energy": "свет и газ",
    "heating": "отопление",
    "waste": "ТКО",
}
AREA_SERVICES = (Service.UPKEEP, Service.RENT, Service.CAPITAL_REPAIR, Service.HEATING)
"""Services a льгота limits by the social norm of area."""
SERVICES = 1 + max(code for codes in PARTS.values() for code in codes)
FLAGS = ("family", "area", "norm", "tenants", "document")
AREA_NORMS = ("area_norm.1", "area_norm.2", "area_norm.3")
CAPITAL_MINIMUM = "capital_minimum"
PERMILLE_MAX = 1000


@dataclass(frozen=True, slots=True)
class Ground:
    """A category with a льгота: title, act, and the usual clause of it."""

    code: str
    title: str
    act: str


@dataclass(frozen=True, slots=True)
class Key:
    """A dated number of the law: what it is, its unit, its values with their sources."""

    key: str
    title: str
    unit: str
    values: tuple[tuple[dt.date, int, str], ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a ground gives in a month. shares: permille by part of the payment.

    family: the shares of all who live together, not of the person alone. is_area_limited: housing within the
    social norm of area; otherwise by the person's share of the flat. is_norm_limited: utilities within norms.
    is_tenants_only: housing only for those who rent (a charge of rent stands on the account).
    """

    shares: Mapping[str, int]
    family: bool
    is_area_limited: bool
    is_norm_limited: bool
    is_tenants_only: bool
    in_document: bool

    def of_service(self, service: int) -> int:
        """Permille of a service."""
        return next((self.shares[part] for part, codes in PARTS.items() if service in codes), 0)


Look = Callable[[str], int | None]


def terms_of(ground: str, value: Look) -> Terms | None:
    """Terms of a ground by a look-up of values of that month; None where nothing is known of it."""
    shares = {part: value(f"ground.{ground}.{part}") for part in PARTS}
    if all(share is None for share in shares.values()):
        return None
    flags = {flag: bool(value(f"ground.{ground}.{flag}")) for flag in FLAGS}
    return Terms(
        shares={part: share or 0 for part, share in shares.items()},
        family=flags["family"],
        is_area_limited=flags["area"],
        is_norm_limited=flags["norm"],
        is_tenants_only=flags["tenants"],
        in_document=flags["document"],
    )


def area_norm(people: int, value: Look) -> int:
    """Social norm of area for one of `people` living together, dm2; 0 where the region named none."""
    return value(AREA_NORMS[min(max(people, 1), len(AREA_NORMS)) - 1]) or 0


# ---- values that come with the product ---------------------------------------------------------------


@cache
def _raw() -> dict[str, Any]:
    text = resources.files("billing.law").joinpath("benefits.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@cache
def grounds() -> dict[str, Ground]:
    """Grounds by code, in the order of the file."""
    return {code: Ground(code, str(row["title"]), str(row["act"])) for code, row in _raw()["grounds"].items()}


def ground_title(code: str) -> str:
    """The ground in words; one we do not know by code is shown as it is kept."""
    known = grounds().get(code)
    return known.title if known else code[:1].upper() + code[1:]


FLAG_TITLES = {
    "family": "на всех, кто живёт вместе",
    "area": "жильё в пределах социальной нормы площади",
    "norm": "коммунальные услуги в пределах нормативов",
    "tenants": "жильё — только нанимателям",
    "document": "вычитается в квитанции (0 — выплачивает соцзащита)",
}


@cache
def keys() -> dict[str, Key]:
    """Every key with the values of the product: grounds first, then the norms of area and the rest."""
    made: dict[str, Key] = {}
    for code, row in _raw()["grounds"].items():
        since, source = row["since"], str(row["act"])
        for part, words in PART_TITLES.items():
            name = f"ground.{code}.{part}"
            made[name] = Key(
                name, f"{row['title']}: {words}", "permille", ((since, int(row.get(part, 0)), source),)
            )
        for flag, words in FLAG_TITLES.items():
            name = f"ground.{code}.{flag}"
            made[name] = Key(
                name, f"{row['title']}: {words}", "flag", ((since, int(row.get(flag, 0)), source),)
            )
    for name, row in _raw()["values"].items():
        values = tuple((day, int(one["value"]), str(one["source"])) for day, one in row["values"].items())
        made[name] = Key(name, str(row["title"]), str(row["unit"]), values)
    return made


def product_value(key: str, day: dt.date) -> int | None:
    """The value of the product on a day; None before the first or without the key."""
    known = keys().get(key)
    found = None
    for since, value, _ in known.values if known else ():
        if since <= day:
            found = value
    return found


# ---- льготы of a block ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Benefits:
    """B льготы, ordered by account, person and id. permille (B, SERVICES) by code of service.

    person: 0…7 of the account; people: permanent residents on the 1st; covered: whose shares count; days of
    the open_days of the account on which it is in force. area_dm2: limit a person of housing, 0 = none;
    heat_dm2: of heating; is_norm_limited: utilities within the norm. Where nobody lives there is no row.
    """

    account: I32  # index into Accounts
    id: I32
    person: I16
    people: I16
    covered: I16
    days: I16
    open_days: I16
    in_document: Bool
    is_norm_limited: Bool
    is_tenants_only: Bool
    area_dm2: I64
    heat_dm2: I64
    permille: I16
    capital_rate: int = 0  # the minimum contribution for capital repair, 0 = the whole one counts

    def __len__(self) -> int:
        return len(self.account)


# ---- operands of a line --------------------------------------------------------------------------------

LIMIT_BITS = 31
ID_BITS, PEOPLE_BITS, PERMILLE_BITS, DAY_BITS = 28, 7, 10, 5
_WIDTHS = (ID_BITS, PEOPLE_BITS, PEOPLE_BITS, PERMILLE_BITS, DAY_BITS, DAY_BITS)


@dataclass(frozen=True, slots=True)
class Said:
    """What a line of a льгота says of itself: charge of the service, limit a person (micro-units, 0 = none),
    the льгота, people, whose shares, permille, days in force of the days open.
    """

    charge_kopecks: int
    limit_micro: int
    benefit_id: int
    people: int
    covered: int
    permille: int
    days: int
    open_days: int


def packed(parts: tuple[Any, ...]) -> I64:
    """Columns id, people, covered, permille, days, open_days in one."""
    out = np.zeros(np.shape(parts[0]), np.int64)
    for part, width in zip(parts, _WIDTHS, strict=True):
        out = out << width | np.minimum(np.asarray(part, np.int64), (1 << width) - 1)
    return out


def said(a: int, b: int) -> Said:
    """Read the operands back."""
    parts = []
    for width in reversed(_WIDTHS):
        parts.append(b & ((1 << width) - 1))
        b >>= width
    benefit_id, people, covered, permille, days, open_days = reversed(parts)
    return Said(
        a >> LIMIT_BITS, a & ((1 << LIMIT_BITS) - 1), benefit_id, people, covered, permille, days, open_days
    )


@dataclass(slots=True)
class Held:
    """Льготы as they are kept, (B,) each, by account, person, id. ground: index into a list of terms.

    own_permille stands for the shares of the ground where it is not 0; in_document: 1, 0, -1 = as the ground.
    """

    account: I32
    id: I32
    person: I16
    people: I16
    days: I16
    open_days: I16
    ground: I16
    own_permille: I16
    in_document: I16


def columns(held: Held, terms: list[Terms], value: Look) -> Benefits | None:
    """The льготы of a block with what their grounds give; None when nobody has any in force."""
    if not len(held.account):
        return None
    of = held.ground
    shares = np.array([[one.of_service(code) for code in range(SERVICES)] for one in terms], np.int16)[of]
    flags = {name: np.array([getattr(one, name) for one in terms], np.bool_)[of] for name in _FLAGS}
    norms = np.array([0, *(area_norm(people, value) for people in range(1, len(AREA_NORMS) + 1))], np.int64)
    area = norms[np.minimum(held.people, len(AREA_NORMS))]
    own = held.own_permille[:, None]
    said_so = held.in_document >= 0
    return Benefits(
        account=held.account,
        id=held.id,
        person=held.person,
        people=held.people,
        covered=np.where(flags["family"], held.people, 1).astype(np.int16),
        days=held.days,
        open_days=held.open_days,
        in_document=np.where(said_so, held.in_document == 1, flags["in_document"]),
        is_norm_limited=flags["is_norm_limited"],
        is_tenants_only=flags["is_tenants_only"],
        area_dm2=np.where(flags["is_area_limited"], area, 0),
        heat_dm2=np.where(flags["is_norm_limited"], area, 0),
        permille=np.where((own > 0) & (shares > 0), own, shares).astype(np.int16),
        capital_rate=value(CAPITAL_MINIMUM) or 0,
    )


_FLAGS = ("family", "in_document", "is_norm_limited", "is_tenants_only", "is_area_limited")
