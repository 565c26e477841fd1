"""Why a month costs more or less than the one before: exact parts of the change, to the kopeck.

Lines of two months are compared service by service, and the tariff is put first. Each step replaces one
number of the old month by that of the new one and asks what the line costs then (chain substitution), in
this order:

1. TARIFF       the old volume at the new rate; SHARE: the old volume by the new share of a divided flat
2. PEOPLE, AREA the new people and days, or metres and days, at the old norm
3. NORM         the new norm
4. VOLUME       the new volume; HOUSE for common needs; METHOD when the volume is found in another way now
5. COEFFICIENT  the new raising coefficient
6. ROUNDING     what whole kopecks of several lines of one service leave (a month cut by a tariff)

What has no pair is told whole: a service begins (STARTED) or ends (ENDED). Recalculations, reductions, acts
and late readings are RECALCULATION, льготы are BENEFIT, penalties PENALTY. Steps telescope, so the parts of
an account add up to the difference of its bills whatever the rounding of a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from billing.basis import BENEFITS, COMPENSATIONS, DIVISIONS, OWNERS, REDUCTIONS, SUMS, UNAUTHORISED, Basis
from billing.lines import Lines
from billing.why_cells import Cells, cells, cost, scaled
from billing.why_shares import Shares, by_new_share

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Part(IntEnum):
    """A cause of a change, in the order of substitution."""

    TARIFF = 1
    PEOPLE = 2
    AREA = 3
    NORM = 4
    VOLUME = 5
    METHOD = 6
    HOUSE = 7
    COEFFICIENT = 8
    STARTED = 9
    ENDED = 10
    RECALCULATION = 11
    BENEFIT = 12
    PENALTY = 13
    ROUNDING = 14
    SHARE = 15


WORDS: dict[Part, str] = {
    Part.TARIFF: "Тариф",
    Part.PEOPLE: "Люди и дни",
    Part.AREA: "Площадь и дни",
    Part.NORM: "Норматив",
    Part.VOLUME: "Объём",
    Part.METHOD: "Способ расчёта",
    Part.HOUSE: "Общедомовые нужды",
    Part.COEFFICIENT: "Повышающий коэффициент",
    Part.STARTED: "Новые услуги",
    Part.ENDED: "Услуги, которых больше нет",
    Part.RECALCULATION: "Перерасчёты",
    Part.BENEFIT: "Льготы",
    Part.PENALTY: "Пени",
    Part.ROUNDING: "Округление",
    Part.SHARE: "Доля в квартире",
}

COMMON_FIRST, COMMON_LAST = 21, 29
"""Codes of common needs of a house."""
RECALCULATED = REDUCTIONS | UNAUTHORISED | SUMS | {Basis.LATE_READING, Basis.CHECK, Basis.CHECK_ROOM}
HOUSE_BASES = (
    Basis.COMMON_NORM,
    Basis.COMMON_ACTUAL,
    Basis.COMMON_CARRIED,
    Basis.COMMON_CAP,
    Basis.COMMON_AVERAGE,
    Basis.HOUSE_NORM,
    Basis.HOUSE_ACTUAL,
    Basis.HOUSE_CAP,
    Basis.ROOM_NORM,
    Basis.ROOM_ACTUAL,
    Basis.ROOM_CAP,
)
CODES = 1 << 8

PEOPLE_FAMILY, AREA_FAMILY = 1, 2
_FAMILIES: dict[int, tuple[Basis, ...]] = {
    PEOPLE_FAMILY: (
        Basis.NORM_FAULT,
        Basis.NORM_SILENT,
        Basis.NORM_REFUSED,
        Basis.NORM_RAISED,
        Basis.NORM,
        Basis.NORM_FAULT_PLAIN,
        Basis.NORM_TEMPORARY,
        Basis.SEWERAGE_NORM,
        Basis.WASTE_PERSONS,
        Basis.WASTE_OWNERS,
        Basis.PERSONS,
        Basis.FIXED,
    ),
    AREA_FAMILY: (Basis.AREA, Basis.RENT, Basis.WASTE_AREA, Basis.HEAT_NORM, Basis.HEAT_NORM_UNIFORM),
    3: (Basis.METER,),
    4: (
        Basis.AVERAGE_FAULT,
        Basis.AVERAGE_SILENT,
        Basis.AVERAGE_REFUSED,
        Basis.AVERAGE_SUPPLIER,
        Basis.AVERAGE_NONRESIDENTIAL,
    ),
    5: (
        Basis.HEAT_HOUSE,
        Basis.HEAT_HOUSE_METERED,
        Basis.HEAT_HOUSE_UNMETERED,
        Basis.HEAT_HOUSE_ALL_METERED,
    ),
    6: (Basis.HEAT_YEAR, Basis.HEAT_YEAR_METERED, Basis.HEAT_YEAR_UNMETERED),
    7: (Basis.HEAT_FAILED, Basis.HEAT_FAILED_METERED, Basis.HEAT_FAILED_UNMETERED),
}
_NO_NORM = (Basis.AREA, Basis.PERSONS, Basis.FIXED, Basis.RENT)
"""Bases whose second operand is not a norm."""


def _family_table() -> I64:
    """Family of each basis; a basis nobody named is a family of its own."""
    table = np.arange(CODES, 2 * CODES, dtype=np.int64)
    for family, members in _FAMILIES.items():
        for basis in members:
            table[basis] = family
            if basis + OWNERS < Basis.AREA and basis < OWNERS:
                table[basis + OWNERS] = family
    return table


FAMILY = _family_table()


@dataclass(frozen=True, slots=True)
class MonthBill:
    """What accounts were charged in a month. charged: lines of the month that stand; corrected: lines of
    corrections posted in it.
    """

    days: int
    charged: Lines
    corrected: Lines


@dataclass(frozen=True, slots=True)
class Changes:
    """n parts that are not zero: (account, service, part) → kopecks. service 0: of no service (penalties)."""

    account_id: I64
    service: I64
    part: I64
    kopecks: I64

    def __len__(self) -> int:
        return len(self.kopecks)

    @classmethod
    def of(cls, rows: list[tuple[I64, I64, int | I64, I64]]) -> Changes:
        """Rows of (account, service, part, kopecks) added up by key, without zeros, in order of keys."""
        if not rows:
            none = np.zeros(0, np.int64)
            return cls(none, none, none, none)
        account, service, kopecks = (
            np.concatenate([np.asarray(row[at], np.int64) for row in rows]) for at in (0, 1, 3)
        )
        part = np.concatenate([np.broadcast_to(np.asarray(row[2], np.int64), len(row[3])) for row in rows])
        key = account << 20 | service << 4 | part
        order = np.argsort(key, kind="stable")
        key, kopecks = key[order], kopecks[order]
        starts = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.zeros(0, np.intp)
        sums = np.add.reduceat(kopecks, starts) if len(key) else kopecks
        found = key[starts][sums != 0]
        return cls(found >> 20, found >> 4 & 0xFFFF, found & 0xF, sums[sums != 0])


def changes(before: MonthBill, now: MonthBill, penalties: tuple[I64, I64] | None = None) -> Changes:
    """Parts of the change of every account that either month has.

    penalties: account ids and by how much their penalties of the month changed.
    """
    rows: list[tuple[I64, I64, int | I64, I64]] = []
    for month, sign in ((before, -1), (now, 1)):
        rows.append(_whole(month.corrected, Part.RECALCULATION, sign))
        kind = _kind(month.charged)
        whole = (Part.RECALCULATION, Part.BENEFIT, Part.ROUNDING)
        rows += [_whole(month.charged.take(kind == part), part, sign) for part in whole]
    old = cells(before.charged.take(_kind(before.charged) == 0))
    new = cells(now.charged.take(_kind(now.charged) == 0))
    _, at_old, at_new = np.intersect1d(old.key, new.key, assume_unique=True, return_indices=True)
    rows += _alone(old, at_old, new, Part.ENDED, -1)
    rows += _alone(new, at_new, old, Part.STARTED, 1)
    shares = (Shares.of(before.charged), Shares.of(now.charged))
    rows += _chain(old.take(at_old), new.take(at_new), before.days, now.days, shares)
    if penalties is not None:
        rows.append((penalties[0], np.zeros_like(penalties[0]), Part.PENALTY, penalties[1]))
    return Changes.of(rows)


def _kind(lines: Lines) -> npt.NDArray[np.int8]:
    """0 for charges that can be compared, else the part the line belongs to as a whole."""
    table = np.zeros(CODES, np.int8)
    table[list(BENEFITS | COMPENSATIONS)] = Part.BENEFIT
    table[list(RECALCULATED)] = Part.RECALCULATION
    table[list(DIVISIONS)] = Part.ROUNDING
    return np.asarray(table[lines.basis], np.int8)


def _whole(lines: Lines, part: Part, sign: int) -> tuple[I64, I64, int | I64, I64]:
    """Lines told by their sums alone."""
    kopecks = (lines.amount_kopecks + lines.surcharge_kopecks) * sign
    return lines.account_id.astype(np.int64), lines.service.astype(np.int64), int(part), kopecks


def _alone(
    mine: Cells, paired: npt.NDArray[np.intp], other: Cells, part: Part, sign: int
) -> list[tuple[I64, I64, int | I64, I64]]:
    """Cells without a pair: the service begins or ends, or is split another way while it goes on."""
    rest = np.ones(len(mine), np.bool_)
    rest[paired] = False
    left = mine.take(np.flatnonzero(rest))
    goes_on = np.isin(left.account_service, other.account_service)
    cause = np.where(goes_on, np.where(left.is_temporary, Part.PEOPLE, Part.METHOD), part)
    return [(left.account_id, left.service, cause.astype(np.int64), left.total * sign)]


def _chain(
    old: Cells, new: Cells, days_old: int, days_new: int, shares: tuple[Shares, Shares]
) -> list[tuple[I64, I64, int | I64, I64]]:
    """The steps of pairs of cells (see the head of the module)."""
    differs = old.differs(new)
    old, new = old.take(differs), new.take(differs)
    account, service = old.account_id, old.service
    at_old, at_old_new_rate = cost(old, old.rate), cost(old, new.rate)
    left = old.total - at_old
    old = by_new_share(old, *shares)
    at_new_share = cost(old, new.rate)
    raised_by_old = scaled(new.num, old.raised, old.num, otherwise=new.raised)
    at_new_volume = cost(new, new.rate, raised=raised_by_old)
    at_new = cost(new, new.rate)
    whole = at_new_volume - at_new_share
    mover, norms_part = _movers(old, new, days_old, days_new)
    by_people = np.where(norms_part, 0, whole)
    both = np.flatnonzero(mover.is_split)
    if both.size:
        some, later = old.take(both), new.take(both)
        top, bottom = later.a * days_old, some.a * days_new
        num = scaled(some.num, top, bottom, otherwise=some.num)
        raised = scaled(some.raised, top, bottom, otherwise=some.raised)
        by_people[both] = cost(some, later.rate, num=num, raised=raised) - at_new_share[both]
    return [
        (account, service, int(Part.TARIFF), at_old_new_rate - at_old),
        (account, service, int(Part.SHARE), at_new_share - at_old_new_rate),
        (account, service, mover.part, by_people),
        (account, service, int(Part.NORM), whole - by_people),
        (account, service, int(Part.COEFFICIENT), at_new - at_new_volume),
        (account, service, int(Part.ROUNDING), (new.total - at_new) - left),
    ]


@dataclass(frozen=True, slots=True)
class _Movers:
    """Which part moved the volume of each pair; is_split: people (or metres) and the norm, both."""

    part: I64
    is_split: Bool


def _movers(old: Cells, new: Cells, days_old: int, days_new: int) -> tuple[_Movers, Bool]:
    """The part of each pair's volume, and where all of it is the norm's."""
    family, later = FAMILY[old.basis], FAMILY[new.basis]
    same = family == later
    part = np.where(same, int(Part.VOLUME), int(Part.METHOD))
    part[same & (family == PEOPLE_FAMILY)] = Part.PEOPLE
    part[same & (family == AREA_FAMILY)] = Part.AREA
    common = (old.service >= COMMON_FIRST) & (old.service <= COMMON_LAST)
    part[common | np.isin(new.basis, HOUSE_BASES)] = Part.HOUSE
    by_norm = np.isin(part, (Part.PEOPLE, Part.AREA)) & ~np.isin(new.basis, _NO_NORM) & (old.b != new.b)
    people_same = old.a * days_new == new.a * days_old
    norms_part = by_norm & people_same
    split = by_norm & ~people_same & (old.a > 0)
    return _Movers(part.astype(np.int64), split), norms_part
