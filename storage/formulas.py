"""Formulas as runs and explanations read them: versions in force in a month, numbers of lines."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.basis import Basis
from billing.formula.check import Checked, check
from billing.formula.rows import FormulaFacts, Formulas, Numbers, ServiceFormulas, Version
from billing.formula.units import unit_of_service
from billing.period import Period
from storage.bulk import Connection
from storage.session import Session

I32 = npt.NDArray[np.int32]
TOLD_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class FormulaInForce:
    """A version that begins in or before the month; text None: back to the method of the house."""

    id: int
    service: int
    organisation: int  # 0 = of the city
    houses: tuple[int, ...]  # empty = all of the organisation
    text: str | None
    ceiling_kopecks: int
    first: dt.date
    service_unit: str

    @property
    def narrowness(self) -> tuple[bool, bool, dt.date, int]:
        """Sorts the wider before the narrower, the earlier before the later."""
        return (bool(self.houses), self.organisation > 0, self.first, self.id)


@dataclass(frozen=True, slots=True)
class FormulaBook:
    """All versions a month may use, wider before narrower."""

    rows: tuple[FormulaInForce, ...] = field(default=())

    def of_houses(self, houses: I32, companies: I32) -> Formulas | None:
        """Which version bills each house, by service; None when there are none."""
        by_service: dict[int, list[FormulaInForce]] = defaultdict(list)
        for row in self.rows:
            by_service[row.service].append(row)
        if not by_service:
            return None
        return Formulas({service: _resolved(rows, houses, companies) for service, rows in by_service.items()})


def _resolved(rows: Sequence[FormulaInForce], houses: I32, companies: I32) -> ServiceFormulas:
    versions: list[Version] = []
    of_house = np.full(len(houses), -1, np.int16)
    for row in rows:
        reached = np.ones(len(houses), np.bool_) if not row.organisation else companies == row.organisation
        if row.houses:
            reached &= np.isin(houses, row.houses)
        if row.text is None:
            of_house[reached] = -1
            continue
        of_house[reached] = len(versions)
        versions.append(Version(row.id, compiled(row.text, row.service_unit), row.ceiling_kopecks))
    return ServiceFormulas(versions, of_house)


@lru_cache(maxsize=1_000)
def compiled(formula: str, service_unit: str) -> Checked:
    """A formula that was checked when it was entered."""
    return check(formula, unit_of_service(service_unit))


IN_FORCE = """
SELECT f.id, f.service, coalesce(f.organisation_id, 0) AS organisation, coalesce(f.house_ids, '{}') AS houses,
       f.text, f.ceiling_kopecks, f.valid_from AS first, s.unit AS service_unit
  FROM formulas f JOIN services s ON s.code = f.service
 WHERE f.state = 'approved' AND f.valid_from <= $1 AND f.decided_at <= coalesce($2, 'infinity'::timestamptz)
 ORDER BY f.id"""


async def read_formulas(connection: Connection, period: Period, as_of: dt.datetime | None) -> FormulaBook:
    """Versions that may bill the month, as known now or at a moment."""
    rows = await connection.fetch(IN_FORCE, period.first_day, as_of)
    made = [FormulaInForce(**{**dict(row), "houses": tuple(row["houses"])}) for row in rows]
    return FormulaBook(tuple(sorted(made, key=lambda row: row.narrowness)))


async def write_told(connection: Connection, formulas: Formulas | None) -> None:
    """Keep what lines were computed from; numbers that are known already are left alone."""
    if formulas is None or not formulas.told:
        return
    rows = [(version, key, list(numbers)) for (version, key), numbers in sorted(formulas.told.items())]
    for first in range(0, len(rows), TOLD_AT_ONCE):
        await connection.executemany(
            "INSERT INTO formula_inputs (formula_id, id, numbers) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            rows[first : first + TOLD_AT_ONCE],
        )


FACTS = """
SELECT f.id, f.text, f.valid_from, f.document, s.unit, i.id AS key, i.numbers
  FROM unnest(CAST(:versions AS int[]), CAST(:keys AS bigint[])) AS w(version, key)
  JOIN formulas f ON f.id = w.version JOIN services s ON s.code = f.service
  JOIN formula_inputs i ON i.formula_id = w.version AND i.id = w.key"""


async def facts_of(session: Session, lines: Iterable[Any]) -> dict[tuple[int, int], FormulaFacts]:
    """By (a, b) of lines whose basis is a formula; no query where there are none."""
    keys = sorted({(line.a, line.b) for line in lines if line.basis == Basis.FORMULA})
    if not keys:
        return {}
    found = await session.execute(
        text(FACTS), {"versions": [a for a, _ in keys], "keys": [b for _, b in keys]}
    )
    return {
        (row.id, row.key): FormulaFacts(
            row.id,
            compiled(row.text, row.unit),
            _numbers(row.numbers),
            f"{row.valid_from:%d.%m.%Y}",
            row.document,
        )
        for row in found
    }


def _numbers(stored: Sequence[int]) -> Numbers:
    return tuple(int(one) for one in stored)
