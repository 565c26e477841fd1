"""Льготы: a share of the charge of a service within norms, a line a person and service.

Law: Housing Code, art. 159, 160, 169 p. 2.1 and the acts of the grounds (law/benefits.yaml). The base is the
charge after absences and breaks (before them where the centre chose so), without K, temporary residents,
common needs and acts of unauthorised use.
Of several grounds of a person the largest counts; several people add up to the charge at most. A льгота paid
by the social protection body makes a line of no money that says the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.basis import DIVISIONS, FIXES, REDUCTIONS, UNAUTHORISED, Basis
from billing.benefits import LIMIT_BITS, PERMILLE_MAX, SERVICES, Benefits, packed
from billing.block import I64, MISSING, Bool
from billing.choices import BENEFIT_BASE, answered_in
from billing.divided import area_shares
from billing.lines import Lines
from billing.money import charge, mul_div_half_up
from billing.quantity import KOPECKS_PER_RUBLE, MICRO, MICRO_M2_PER_DM2, RATE_PER_RUBLE
from billing.relief import Charged, Rows
from billing.rule import clause
from billing.services import Component, Service

RATE_PER_KOPECK = RATE_PER_RUBLE // KOPECKS_PER_RUBLE
PARTS_OF_UNIT = 60  # averages are sixtieths; volumes are compared in 1 / (60 × days) of a micro-unit
FINE = 1_000_000  # a share too wide for 64 bits is rounded to 10⁻¹²
WIDE = 1 << 60
NORMED = (Service.COLD_WATER, Service.HOT_WATER, Service.SEWERAGE, Service.ELECTRICITY, Service.GAS)
WATERS = (Service.COLD_WATER, Service.HOT_WATER)
LIMIT_MAX = (1 << LIMIT_BITS) - 1

_gcd = np.frompyfunc(math.gcd, 2, 1)
Objects = npt.NDArray[Any]


@dataclass(slots=True)
class _Base:
    """Charges льготы may be of: account × service, (K,) each. row: a line to copy the supplier from."""

    owner: I64
    service: I64
    row: Rows
    kopecks: I64
    left: I64  # what a льгота may take off: the charge after absences and breaks
    used: I64  # volume in 1 / (PARTS_OF_UNIT × days) of a micro-unit

    def at(self, owner: I64, service: I64) -> tuple[I64, Bool]:
        """Places of pairs of account and service, and which are there."""
        key = self.owner * SERVICES + self.service
        wanted = owner * SERVICES + service
        place = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
        return place, key[place] == wanted if len(key) else np.zeros(len(wanted), np.bool_)


@dataclass(slots=True)
class _Claims:
    """Льготы × services with a charge, (C,) each: rows of benefits and of the base, the share."""

    benefit: I64
    at: I64
    permille: I64
    limit: I64  # a person, micro-units, 0 = does not limit
    num: Objects
    den: Objects

    def take(self, rows: Any) -> _Claims:
        return _Claims(*(getattr(self, name)[rows] for name in self.__slots__))


def benefit(charged: Charged) -> list[Lines]:
    """Lines of льготы: negative sums in the bill, lines of no money for what is paid to the person."""
    benefits = charged.block.benefits
    if benefits is None or not len(benefits) or not len(charged.lines):
        return []
    base = _base(charged, benefits)
    claims = _largest(_claims(charged, benefits, base), benefits, base)
    if not len(claims.benefit):
        return []
    num, den = _within_charge(claims, benefits, base)
    return _lines(charged, benefits, base, claims, num, den)


def _base(charged: Charged, benefits: Benefits) -> _Base:
    """What the accounts with льготы are charged by service, without what no льгота is given on."""
    lines, days = charged.lines, charged.block.days_in_month
    known = np.zeros(len(charged.block), np.bool_)
    known[benefits.account] = True
    left_out = list(UNAUTHORISED | {Basis.NORM_TEMPORARY} | FIXES)
    rows = np.flatnonzero(known[charged.owner] & (lines.service < SERVICES) & ~np.isin(lines.basis, left_out))
    divisions = np.isin(lines.basis[rows], list(DIVISIONS))
    rows = np.concatenate([rows[~divisions], rows[divisions]])  # a remainder is no line to copy from
    key = charged.owner[rows].astype(np.int64) * SERVICES + lines.service[rows]
    keys, first, place = np.unique(key, return_index=True, return_inverse=True)
    kopecks, left, used = (np.zeros(len(keys), np.int64) for _ in range(3))
    np.add.at(left, place, lines.amount_kopecks[rows])
    before = answered_in(charged.block, BENEFIT_BASE, charged.owner[rows]) == 1
    counted = np.where(before & np.isin(lines.basis[rows], list(REDUCTIONS)), 0, lines.amount_kopecks[rows])
    np.add.at(kopecks, place, counted)
    of_heat = (lines.service[rows] == Service.HOT_WATER) & (
        (lines.component[rows] == Component.HEAT_PART) | (lines.component[rows] >= Component.FUEL_GAS)
    )
    metered = ~np.isin(lines.basis[rows], list(REDUCTIONS | DIVISIONS)) & ~of_heat
    metered &= np.isin(lines.service[rows], NORMED)
    some = rows[metered]
    parts = mul_div_half_up(lines.volume_num[some], PARTS_OF_UNIT * days, lines.volume_den[some])
    np.add.at(used, place[metered], parts)
    return _Base(keys // SERVICES, keys % SERVICES, rows[first], kopecks, np.maximum(left, 0), used)


@clause("ЖК РФ, ст. 159, 160: льгота на одного из живущих, в пределах норм площади и потребления")
def _claims(charged: Charged, benefits: Benefits, base: _Base) -> _Claims:
    """Share of the charge: permille × covered / people × days × what is within the norm / what is used."""
    row, service = np.nonzero(benefits.permille > 0)
    owner = benefits.account[row].astype(np.int64)
    at, has = base.at(owner, service)
    has &= base.kopecks[at] > 0 if len(base.kopecks) else has
    if (benefits.is_tenants_only[row] & has).any():
        _, rents = base.at(owner, np.full(len(row), Service.RENT))
        has &= ~(benefits.is_tenants_only[row] & (service == Service.UPKEEP)) | rents
    row, service, at = row[has], service[has], at[has]
    limit, top, bottom = _limits(charged, benefits, base, row, service, at)
    permille = benefits.permille[row, service].astype(np.int64)
    num = (permille * benefits.covered[row] * benefits.days[row]).astype(object) * top
    den = (benefits.people[row].astype(np.int64) * benefits.open_days[row] * PERMILLE_MAX).astype(
        object
    ) * bottom
    return _Claims(row, at, permille, limit, num, den)


def _limits(
    charged: Charged, benefits: Benefits, base: _Base, row: I64, service: I64, at: I64
) -> tuple[I64, Objects, Objects]:
    """Limit a person (0 where it does not limit), and what is within it as a fraction of what is used."""
    block, owner = charged.block, benefits.account[row]
    people = benefits.people[row].astype(np.int64)
    area, area_den = area_shares(block, owner.astype(np.int64))
    per_area = np.isin(service, (Service.UPKEEP, Service.RENT, Service.CAPITAL_REPAIR))
    wanted = np.where(per_area, benefits.area_dm2[row], 0)
    wanted = np.where(service == Service.HEATING, benefits.heat_dm2[row], wanted)
    by_area = (wanted > 0) & (area > 0)
    unit = PARTS_OF_UNIT * block.days_in_month
    norm = _norms(charged, owner.astype(np.int64), service)
    by_norm = benefits.is_norm_limited[row] & (norm > 0) & (base.used[at] > 0)
    used = np.where(by_area, area, np.where(by_norm, base.used[at], 1))
    within = np.where(by_area, wanted * people * area_den, np.where(by_norm, norm * unit * people, 1))
    limits = within < used
    limit = np.where(by_area, wanted * MICRO_M2_PER_DM2, norm)
    limit = np.where(limits, np.minimum(limit, LIMIT_MAX), 0)
    top, bottom = np.where(limits, within, 1), np.where(limits, used, 1)
    top, bottom = _of_minimum(charged, benefits, base, at, service, top, bottom)
    common = np.gcd(top, bottom)
    return limit, (top // common).astype(object), (bottom // common).astype(object)


@clause("ЖК РФ, ст. 169, ч. 2.1: льгота с минимального взноса на капремонт")
def _of_minimum(
    charged: Charged, benefits: Benefits, base: _Base, at: I64, service: I64, top: I64, bottom: I64
) -> tuple[I64, I64]:
    """Of a contribution above the minimum only the minimum counts, where the region has named it."""
    least = benefits.capital_rate
    rate = charged.lines.rate[base.row[at]] if len(at) else np.zeros(0, np.int64)
    above = (service == Service.CAPITAL_REPAIR) & (least > 0) & (rate > least)
    return np.where(above, top * least, top), np.where(above, bottom * rate, bottom)


def _norms(charged: Charged, owner: I64, service: I64) -> I64:
    """Norm a person of the service on the first day of the month, 0 where there is none."""
    norm = np.zeros(len(owner), np.int64)
    for code in NORMED:
        mine = np.flatnonzero(service == code)
        if mine.size:
            found = _norm(charged, code)[owner[mine]]
            if code == Service.SEWERAGE:  # without its own norm, the sum of the waters
                waters = [np.maximum(_norm(charged, water)[owner[mine]], 0) for water in WATERS]
                found = np.where(found > 0, found, waters[0] + waters[1])
            norm[mine] = np.maximum(found, 0)
    return norm


def _norm(charged: Charged, service: int) -> I64:
    table = charged.block.norm(service, "person")
    return np.asarray(np.where(table[0] == MISSING, table.max(0), table[0]), np.int64)


@clause("ЖК РФ, ст. 159, 160: из нескольких оснований человека наибольшее")
def _largest(claims: _Claims, benefits: Benefits, base: _Base) -> _Claims:
    """One claim a person and service; of equal ones the льгота entered first."""
    if not len(claims.benefit):
        return claims
    person = claims.at * 8 + benefits.person[claims.benefit]
    scaled = (claims.num * FINE * FINE // claims.den).astype(np.int64)
    order = np.lexsort((benefits.id[claims.benefit], -scaled, person))
    first = np.append(True, person[order][1:] != person[order][:-1])
    return claims.take(order[first])


def _within_charge(claims: _Claims, benefits: Benefits, base: _Base) -> tuple[I64, I64]:
    """Shares in micro as 64-bit fractions; of people together never more than the charge itself."""
    num, den = claims.num * MICRO, claims.den
    common = _gcd(num, den)
    num, den = num // common, den // common
    wide = np.asarray((num >= WIDE) | (den >= WIDE), np.bool_)
    num[wide], den[wide] = (2 * num[wide] * FINE + den[wide]) // (2 * den[wide]), FINE
    tops, bottoms = num.astype(np.int64), den.astype(np.int64)
    kopecks = base.kopecks[claims.at]
    amount = charge(tops, bottoms, kopecks * RATE_PER_KOPECK)
    before = np.cumsum(amount) - amount
    start = np.append(True, claims.at[1:] != claims.at[:-1])
    left = base.left[claims.at] - (before - np.maximum.accumulate(np.where(start, before, 0)))
    over = amount > left
    tops[over], bottoms[over] = np.maximum(left[over], 0) * MICRO, kopecks[over]
    return tops, bottoms


def _lines(
    charged: Charged, benefits: Benefits, base: _Base, claims: _Claims, num: I64, den: I64
) -> list[Lines]:
    kept = np.flatnonzero(num > 0)
    row, at = claims.benefit[kept], claims.at[kept]
    in_document = benefits.in_document[row]
    basis = np.where(in_document, int(Basis.BENEFIT_1), int(Basis.COMPENSATION_1)) + benefits.person[row]
    kopecks = base.kopecks[at]
    parts = (
        benefits.id[row],
        benefits.people[row],
        benefits.covered[row],
        claims.permille[kept],
        benefits.days[row],
        benefits.open_days[row],
    )
    made = charged.derived(
        base.row[at],
        component=int(Component.WHOLE),
        basis=basis,
        first_day=1,
        days=charged.block.days_in_month,
        volume_num=-num[kept],
        volume_den=den[kept],
        rate=np.where(in_document, kopecks * RATE_PER_KOPECK, 0),
        a=kopecks << LIMIT_BITS | claims.limit[kept],
        b=packed(parts),
    )
    return [made]
