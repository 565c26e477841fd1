"""Lines by an act: a volume found on a day, at the tariff of that day (Rules 354, cl. 61, 62)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from billing.block import I64, Bool
from billing.heated_water import heat_norm, heat_of, heat_volumes, park_without_heat, rates
from billing.rule import emit
from billing.services import Component, Method, Service
from billing.work import Rows, Volume, Work


@dataclass(slots=True)
class Due:
    """Accounts of one service, each once: volume num / den, tariff segment, what a line tells."""

    rows: Rows
    num: I64
    den: I64
    segment: Rows
    basis: int
    a: I64
    b: I64

    def take(self, kept: Bool) -> Due:
        """Some of the accounts."""
        rows, num, den, segment = self.rows[kept], self.num[kept], self.den[kept], self.segment[kept]
        return Due(rows, num, den, segment, self.basis, self.a[kept], self.b[kept])


def charge(work: Work, service: int, due: Due, component: int = Component.WHOLE) -> None:
    """Lines of the accounts of an act; hot water takes its tariff in one part or two."""
    if due.rows.size == 0:
        return
    if service == Service.HOT_WATER:
        _charge_hot(work, due)
        return
    rate = _on_day(work.rate(service, component, due.rows), due.segment)
    _emit(work, service, component, due, rate)


def _on_day(rate: I64, segment: Rows) -> I64:
    """The rate of the day of the finding in every segment, (S, n)."""
    return np.broadcast_to(rate[segment, np.arange(len(segment))], rate.shape).copy()


def _emit(work: Work, service: int, component: int, due: Due, rate: I64) -> None:
    volume = Volume(even=due.num, even_den=due.den)
    emit(work, service, component, due.rows, volume, basis=due.basis, a=due.a, b=due.b, rate=rate)


def _charge_hot(work: Work, due: Due) -> None:
    """Hot water in one part, or its water and its heat by the norm of a cubic metre; of a boiler, water."""
    service = Service.HOT_WATER
    own = work.block.method(service)[due.rows] == Method.BOILER
    if own.any():
        made, due = due.take(own), due.take(~own)
        rate = _on_day(work.rate(service, Component.COLD_PART, made.rows), made.segment)
        _emit(work, service, Component.COLD_PART, made, rate)
    norm = heat_norm(work, service)
    found = park_without_heat(work, service, rates(work, service, due.rows), norm)
    kept = np.isin(due.rows, found.rows)
    rows, segment = due.rows[kept], due.segment[kept]
    volume = Volume(even=due.num[kept], even_den=due.den[kept])
    a, b = due.a[kept], due.b[kept]
    for component, of in ((Component.WHOLE, found.whole), (Component.COLD_PART, found.cold)):
        given: dict[str, Any] = {
            "basis": due.basis,
            "a": a,
            "b": b,
            "rate": _on_day(of, segment),
            "skip_missing": True,
        }
        emit(work, service, component, rows, volume, **given)
    heat = _on_day(found.heat, segment)
    for some, of_heat in heat_volumes(work, heat_of(norm), rows, volume):
        given = {"basis": due.basis, "a": a[some], "b": b[some], "rate": heat[:, some], "skip_missing": True}
        emit(work, service, Component.HEAT_PART, rows[some], of_heat, **given)
