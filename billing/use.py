"""What an account used of a metered service: by meters, by average, by the norm; and how that becomes
lines.

Law: Rules 354, cl. 42 (annex 2, formulas 1, 4, 4(1)), 43, 56, 57, 59, 60. The choice among methods is made
in billing.metering; here the norm is multiplied out, people without whom there is no norm are found
missing, and the volumes are handed on to the services that need them (sewerage, common needs).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from billing.basis import OWNERS, Basis
from billing.block import I64, MISSING, AccountKind, Bool
from billing.choices import PEOPLE_LINES, RAISING_MONTH, answered
from billing.communal import add_rooms, share_flats
from billing.communal_checks import flat_checks
from billing.cut import find_cuts, measured_parts
from billing.metering import BASIS_OF_RANK, FIRST_AVERAGE, NO_METER, Group, Joined, join
from billing.money import mul_div_half_up
from billing.parked import Reason
from billing.rule import clause, emit
from billing.services import CATALOGUE
from billing.work import AVERAGE_DEN, Cuts, Rows, Scalar, Used, Volume, Work


@dataclass(slots=True)
class NormGroup:
    """Accounts charged by a norm.

    Volume daily (S, n) / den, people × days (S, n), norm (S, n), K by raised (n,).
    """

    rows: Rows
    basis: Any
    daily: I64
    den: Scalar
    people: I64
    norm: I64
    raised: Bool

    def take(self, kept: Rows | Bool) -> NormGroup:
        basis = self.basis[kept] if isinstance(self.basis, np.ndarray) else self.basis
        den = self.den[kept] if isinstance(self.den, np.ndarray) else self.den
        raised = self.raised[kept]
        return NormGroup(
            self.rows[kept], basis, self.daily[:, kept], den, self.people[:, kept], self.norm[:, kept], raised
        )


@dataclass(slots=True)
class Use:
    """Volumes of one service in the block, in disjoint groups by method (a temporary group goes beside a
    norm).
    """

    service: int
    joined: Joined
    norms: list[NormGroup]
    cuts: dict[int, Cuts]
    flats: list[tuple[int, Group, I64]] = field(default_factory=list)  # rooms by a common meter, with den


@clause("ПП 354, п. 42, прил. 2, ф. 4")
def by_norm(people_days: I64, norm: I64) -> I64:
    """Persons × norm; over the days of the month, daily volumes summed. (S, n)"""
    return people_days * norm


def regional_raising(service: int) -> str:
    """Key of the coefficient by which a region's K of the service stands in the place of the federal one."""
    return f"raise_{CATALOGUE[service].key}"


@clause("ПП 354, п. 42, прил. 2, ф. 4(1)")
def raising(work: Work, service: int, rows: Rows) -> I64 | None:
    """K of the service in permille by segment, (S, 1) or (S, n); None when the service has none."""
    federal = work.law.raising.get(service)
    if federal is None:
        return None
    regional = work.block.coefficients.get(regional_raising(service))
    answer = answered(work, RAISING_MONTH, rows)
    if answer.any():
        whole = np.array([0, federal[0], federal[-1]], np.int64)[answer]
        by_month = np.where(answer > 0, whole, federal[:, None])
    else:
        by_month = federal[:, None]
    if regional is None:
        return by_month
    given = regional[:, work.block.accounts.house[rows]]
    return np.where(given == MISSING, by_month, given)


@clause("ПП 354, п. 56(2)")
def with_owners(work: Work, rows: Rows, basis: I64) -> I64:
    """Row 11: nobody lives, owners are counted; the basis says so."""
    return basis + OWNERS * work.block.accounts.by_owners[rows]


def find_use(work: Work, service: int, *, needs_norm: bool = True) -> Use:
    """Volumes of a service measured by meters, with work.used filled for sewerage and common needs.

    Accounts whose norm or people are missing are parked and marked unknown. needs_norm is False where a
    service has something else than a norm per person to fall back to (sewerage, heating, gas): then only
    meters are joined.
    """
    joined = join(work, service)
    flats = share_flats(work, service, joined)
    use = Use(service, joined, [], find_cuts(work, joined, service), flats)
    if 0 in use.cuts:
        work.cuts[service] = use.cuts[0]
    used = Used.nothing(work.segments, len(work.block))
    work.used[service] = used
    for group in joined.measured.values():
        used.even[group.rows] += group.num
        used.measured[group.rows] = True
    for group in joined.averaged.values():
        used.even[group.rows] += group.num
        used.even_den[group.rows] = AVERAGE_DEN
        used.measured[group.rows] = True
    add_rooms(used, flats)
    add_checked(work, used, service)
    if needs_norm:
        by_contract, by_people = without_meter(work, joined, service)
        use.norms = [
            contract_group(work, service, by_contract),
            *people_groups(work, service, "person", by_people, norm_basis(work, joined, service, by_people)),
        ]
        for group_by_norm in use.norms:
            add_norm(used, group_by_norm)
    return use


def add_checked(work: Work, used: Used, service: int) -> None:
    """What checks of meters found is consumption of the month (п. 61), for whoever adds volumes up."""
    acts = work.block.checked
    if acts is None:
        return
    of_flats, flats = flat_checks(work, service, acts)
    mine = (acts.service == service) & work.has(service)[acts.account] & ~of_flats
    found = acts.volume()[mine].sum(1)
    account = acts.account[mine].astype(np.intp)
    np.add.at(used.even, account, found * used.even_den[account])
    for _, part, num, den in flats.shares() if flats is not None else ():
        rows = part.rooms.rows
        used.even[rows] *= np.where(used.even_den[rows] == 1, AVERAGE_DEN, 1)
        used.even_den[rows] = AVERAGE_DEN
        used.even[rows] += mul_div_half_up(num, AVERAGE_DEN, den)


def without_meter(work: Work, joined: Joined, service: int) -> tuple[Rows, Rows]:
    """Accounts of the service that no meter or average covers: non-residential ones, then dwellings."""
    uncovered = work.has(service) & ((joined.rank < FIRST_AVERAGE) | (joined.rank == NO_METER))
    nonresidential = work.block.accounts.kind == AccountKind.NONRESIDENTIAL
    return np.flatnonzero(uncovered & nonresidential), np.flatnonzero(uncovered & ~nonresidential)


def add_norm(used: Used, group: NormGroup) -> None:
    """Adds volumes by norm whose denominator is the days of the month."""
    used.daily[:, group.rows] += group.daily
    used.by_norm[group.rows] = True


def norm_basis(work: Work, joined: Joined, service: int, rows: Rows) -> I64:
    """Rows 3, 5, 7, 12 from the meters; rows 8, 9 where there is none; row 11 by owners. (n,)"""
    rank = joined.rank[rows]
    impossible = (work.block.accounts.meter_impossible[rows] >> service & 1).astype(np.bool_)
    plain = impossible | (service not in work.law.raising)
    no_meter = np.where(plain, int(Basis.NORM), int(Basis.NORM_RAISED))
    of_meter = BASIS_OF_RANK[np.minimum(rank, NO_METER - 1)]
    return with_owners(work, rows, np.where(rank == NO_METER, no_meter, of_meter).astype(np.int64))


@clause("ПП 354, п. 60")
def is_raised(basis: I64) -> Bool:
    """Methods whose norm takes K: no meter though possible, long fault, refused access."""
    row = np.where(basis > OWNERS, basis - OWNERS, basis)
    return np.isin(row, (int(Basis.NORM_FAULT), int(Basis.NORM_REFUSED), int(Basis.NORM_RAISED)))


@clause("ПП 354, п. 43")
def contract_group(work: Work, service: int, rows: Rows) -> NormGroup:
    """Non-residential premises by the volume of their contract (norm of kind «contract», a month)."""
    norm = work.norm(service, "contract", rows)
    gone = work.missing(norm, rows)
    work.park(rows[gone], Reason.NO_NORM, service)
    work.lose(service, rows[gone])
    rows, norm = rows[~gone], filled(norm[:, ~gone])
    days = work.block.accounts.open_days[:, rows]
    none = np.zeros(len(rows), np.bool_)
    return NormGroup(rows, int(Basis.CONTRACT), days * norm, work.days, days, norm, none)


def people_groups(
    work: Work, service: int, kind: str, rows: Rows, basis: I64, *, per: int = 1
) -> list[NormGroup]:
    """Dwellings by the norm per person, and their temporary residents apart. Parks whom people or norm miss.

    per is 12 where the norm is of a year.
    """
    accounts, days = work.block.accounts, work.days * per
    norm = work.norm(service, kind, rows)
    people = accounts.norm_person_days[:, rows]
    nobody = (people.sum(0) == 0) & (accounts.temporary_days[:, rows].sum(0) == 0)
    gone = work.missing(norm, rows)
    work.park(rows[nobody], Reason.NO_PEOPLE, service)
    work.park(rows[gone & ~nobody], Reason.NO_NORM, service)
    lost = gone | nobody
    if lost.any():
        work.lose(service, rows[lost])
        kept = ~lost
        rows, norm, people, basis = rows[kept], norm[:, kept], people[:, kept], basis[kept]
    norm = filled(norm)
    raised = is_raised(basis)
    group = NormGroup(rows, basis, by_norm(people, norm), days, people, norm, raised)
    temporary = temporary_group(work, group)
    lived_in = np.asarray(people.any(0), np.bool_)  # no owners on days of temporary residents
    return [group if lived_in.all() else group.take(lived_in), *temporary]


@clause("ПП 354, п. 56, 57")
def temporary_group(work: Work, group: NormGroup) -> list[NormGroup]:
    """Temporary residents of the group's accounts: the same norm and K by their days, a line of their own."""
    temporary = work.block.accounts.temporary_days[:, group.rows]
    some = np.flatnonzero(temporary.any(0))
    if some.size == 0:
        return []
    part = group.take(some)
    people = temporary[:, some]
    basis = int(Basis.NORM_TEMPORARY)
    return [NormGroup(part.rows, basis, people * part.norm, part.den, people, part.norm, part.raised)]


def filled(norm: I64) -> I64:
    """MISSING only remains where an account is not open: there the next day's value stands for the reader."""
    if (norm != MISSING).all():
        return norm
    out = norm.copy()
    for segment in range(len(out) - 2, -1, -1):
        out[segment] = np.where(out[segment] == MISSING, out[segment + 1], out[segment])
    return np.maximum(out, 0)


def charge_use(work: Work, use: Use, component: int, *, raise_norm: bool = True, **options: Any) -> None:
    """Lines of a service with one rate a component: each group in turn.

    Zones of electricity keep their component.
    """
    for zone, group in use.joined.measured.items():
        emit_group(work, use.service, zone or component, group, 1, use.cuts.get(zone), **options)
    for zone, group in use.joined.averaged.items():
        emit_group(work, use.service, zone or component, group, AVERAGE_DEN, **options)
    for zone, group, den in use.flats:
        emit_group(work, use.service, zone or component, group, den, **options)
    for by in use.norms:
        emit_norm(work, use.service, component, by, raise_norm=raise_norm, **options)


def emit_group(
    work: Work,
    service: int,
    component: int,
    group: Group,
    den: Scalar,
    cuts: Cuts | None = None,
    *,
    rate: I64 | None = None,
    skip_missing: bool = False,
) -> None:
    """Lines of volumes found by meters."""
    for some, volume in measured_parts(work, service, group, den, cuts):
        chosen = group if some is None else group.take(some)
        of_some = rate if rate is None or some is None else rate[:, some]
        emit(
            work,
            service,
            component,
            chosen.rows,
            volume,
            basis=chosen.basis,
            a=chosen.a,
            b=chosen.b,
            rate=of_some,
            skip_missing=skip_missing,
        )


def emit_norm(
    work: Work,
    service: int,
    component: int,
    group: NormGroup,
    *,
    raise_norm: bool = True,
    rate: I64 | None = None,
    skip_missing: bool = False,
) -> None:
    """Lines of volumes by norm: those with K and those without in two goes. rate (S, n) is as in `emit`."""
    coefficient = raising(work, service, group.rows) if raise_norm else None
    everyone = np.ones(len(group.rows), np.bool_)
    goes: list[tuple[Bool, bool]] = [(everyone, False)]
    if coefficient is not None and group.raised.any():
        goes = [(~group.raised, False), (group.raised, True)]
    for some, raised in goes:
        part = group if some is everyone else group.take(some)
        k = coefficient if raised else None
        if k is not None and k.shape[1] != 1:
            k = k[:, some]
        emit(
            work,
            service,
            component,
            part.rows,
            Volume(daily=part.daily, daily_den=part.den),
            basis=part.basis,
            a=part.people,
            b=part.norm,
            raising=k,
            rate=None if rate is None else rate[:, some],
            skip_missing=skip_missing,
            cut_at=people_change(work, part),
        )


@clause("ПП 354, п. 42, 56: строка на каждое число людей")
def people_change(work: Work, group: NormGroup) -> Bool | None:
    """(S, n) segments that begin with another number of people, where the centre prints them apart."""
    each = answered(work, PEOPLE_LINES, group.rows) == 1
    if work.segments == 1 or not each.any():
        return None
    opened = work.block.accounts.open_days[:, group.rows]
    people = group.people // np.maximum(opened, 1)  # of one day: segments begin where facts change
    out = np.zeros(people.shape, np.bool_)
    out[1:] = (people[1:] != people[:-1]) & (opened[1:] > 0) & (opened[:-1] > 0)
    return np.asarray(out & each, np.bool_)
