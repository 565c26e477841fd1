"""Gas: by meter and average; by the norm per person and, where gas heats, per square metre; never with K.

Law: Rules 354, cl. 42 (annex 2, formulas 1, 4), 43, 56, 57, 59, 60. Both norms make one volume and one line.
"""

from __future__ import annotations

import numpy as np

from billing.block import I64, MISSING, Bool
from billing.parked import Reason
from billing.quantity import DM2_PER_M2
from billing.rule import clause, service_rule
from billing.services import Component, Service
from billing.use import (
    NormGroup,
    charge_use,
    contract_group,
    filled,
    find_use,
    norm_basis,
    temporary_group,
    without_meter,
)
from billing.work import Rows, Work

GAS = Service.GAS


@service_rule(GAS)
def gas(work: Work) -> None:
    """Meters, contracts of non-residential premises, then norms."""
    use = find_use(work, GAS, needs_norm=False)
    by_contract, rows = without_meter(work, use.joined, GAS)
    person, area = (work.norm(GAS, kind, rows) for kind in ("person", "area"))
    cooks, heats = _given(work, person, rows), _given(work, area, rows)
    basis = norm_basis(work, use.joined, GAS, rows)
    good = _complete(work, rows, person, area, cooks, heats)
    use.norms = [contract_group(work, GAS, by_contract)]
    for with_area in (False, True):
        some = good & (heats == with_area)
        chosen = rows[some]
        person_norm = np.where(cooks[some], filled(person[:, some]), 0)
        area_norm = filled(area[:, some]) if with_area else np.zeros_like(person_norm)
        group = _group(work, chosen, person_norm, area_norm, basis[some], DM2_PER_M2 if with_area else 1)
        temporary = _temporary(work, group, cooks[some])
        lived_in = np.asarray(group.people.any(0) | with_area, np.bool_)  # guests alone have their own group
        use.norms += [group if lived_in.all() else group.take(lived_in), *temporary]
    charge_use(work, use, Component.WHOLE)
    for by in use.norms[1:]:
        work.used[GAS].by_norm[by.rows] = True


def _given(work: Work, norm: I64, rows: Rows) -> Bool:
    """(n,) norms that exist on some open day."""
    opened = work.block.accounts.open_days[:, rows] > 0
    return np.asarray(((norm != MISSING) & opened).any(0), np.bool_)


def _complete(work: Work, rows: Rows, person: I64, area: I64, cooks: Bool, heats: Bool) -> Bool:
    """Rows that have all they need; the others are parked."""
    gap = (cooks & work.missing(person, rows)) | (heats & work.missing(area, rows))
    no_norm = gap | ~(cooks | heats)
    accounts = work.block.accounts
    people = accounts.norm_person_days[:, rows].sum(0) + accounts.temporary_days[:, rows].sum(0)
    nobody = cooks & (people == 0)
    no_area = heats & (work.block.accounts.area_dm2[rows] <= 0)
    work.park(rows[no_norm], Reason.NO_NORM, GAS)
    work.park(rows[nobody], Reason.NO_PEOPLE, GAS)
    work.park(rows[no_area], Reason.NO_AREA, GAS)
    bad = no_norm | nobody | no_area
    work.lose(GAS, rows[bad])
    return np.asarray(~bad, np.bool_)


@clause("ПП 354, п. 42, прил. 2, ф. 4 (газ: на человека и на м²)")
def _group(work: Work, rows: Rows, person: I64, area: I64, basis: I64, scale: int) -> NormGroup:
    """n × N + S × N_area over days (and over 100 where dm2 count)."""
    accounts = work.block.accounts
    people = accounts.norm_person_days[:, rows]
    daily = people * person * scale
    if scale > 1:
        daily = daily + accounts.area_days[:, rows] * area
    den = work.days * scale
    return NormGroup(rows, basis, daily, den, people, person, np.zeros(len(rows), np.bool_))


def _temporary(work: Work, group: NormGroup, cooks: Bool) -> list[NormGroup]:
    """Temporary residents by the norm per person alone."""
    parts = temporary_group(work, group.take(cooks))
    for part in parts:
        part.daily, part.den = part.people * part.norm, work.days
    return parts
