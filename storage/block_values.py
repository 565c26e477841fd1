"""Tariffs, norms and coefficients of one month: read once a run, resolved for the houses of a block.

The narrower row wins: house over organisation over zone over city. An organisation's row is of the company
that manages the house, or of the supplier of the service there. Of two equally narrow rows the later one
wins.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import MISSING, Norm, Rate
from billing.period import Period
from storage.bulk import Connection

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

FAR = dt.date.max
CONSUMERS = ("population", "nonresidential")


@dataclass(frozen=True, slots=True)
class DatedRow:
    """One row of tariffs, norms or coefficients. 0 in organisation, zone, house means any."""

    id: int
    organisation: int
    zone: int
    house: int
    first: dt.date
    after: dt.date
    value: int
    consumer: int = 0
    rooms: int = 0
    persons: int = 0

    @property
    def narrowness(self) -> tuple[bool, bool, bool, bool, bool, dt.date, int]:
        """Sorts the wider before the narrower, the earlier before the later."""
        narrow = (self.house > 0, self.organisation > 0, self.zone > 0, self.persons > 0, self.rooms > 0)
        return (*narrow, self.first, self.id)


@dataclass(frozen=True, slots=True)
class Places:
    """Where values are looked up: (H,) ids of houses, zones, managing companies."""

    house: I32
    zone: npt.NDArray[np.int16]
    company: I32

    def __len__(self) -> int:
        return len(self.house)


@dataclass(frozen=True, slots=True)
class Segments:
    """Days of the month between two changes: first day (1-based) and length, each (S,)."""

    first_day: npt.NDArray[np.int16]
    days: npt.NDArray[np.int16]

    @classmethod
    def of(cls, period: Period, cuts: Iterable[int]) -> Segments:
        """cuts: days of the month (2 …) on which something changes."""
        inside = {day for day in cuts if 1 < day <= period.days}
        starts = np.array([1, *sorted(inside)], np.int16)
        return cls(starts, np.diff(np.append(starts, period.days + 1)).astype(np.int16))

    def dates(self, period: Period) -> list[dt.date]:
        """The first date of each segment."""
        return [period.first_day + dt.timedelta(days=int(day) - 1) for day in self.first_day]


@dataclass(slots=True)
class Values:
    """All dated values of one month. version: digest of exactly these rows, part of the law version of a
    run.
    """

    period: Period
    tariffs: dict[tuple[int, int], list[DatedRow]] = field(default_factory=dict)
    norms: dict[tuple[int, str], list[DatedRow]] = field(default_factory=dict)
    coefficients: dict[str, list[DatedRow]] = field(default_factory=dict)
    version: str = ""

    def cuts(self, houses: I32, organisations: set[int]) -> set[int]:
        """Days on which a value that may concern these houses begins or ends inside the month."""
        known = set(houses.tolist())
        out: set[int] = set()
        for rows in self._all():
            for row in rows:
                if (row.house and row.house not in known) or (
                    row.organisation and row.organisation not in organisations
                ):
                    continue
                for day in (row.first, row.after):
                    if self.period.first_day < day <= self.period.last_day:
                        out.add(day.day)
        return out

    def _all(self) -> Iterable[list[DatedRow]]:
        yield from self.tariffs.values()
        yield from self.norms.values()
        yield from self.coefficients.values()

    def rate(self, key: tuple[int, int], at: Places, supplier: I32, days: Sequence[dt.date]) -> Rate:
        """Tariff of a service component in each house: (S, 2, H)."""
        out = np.full((len(days), len(CONSUMERS), len(at)), MISSING, np.int64)
        for row, where in _matching(self.tariffs.get(key, []), at, supplier):
            for s, day in enumerate(days):
                if row.first <= day < row.after:
                    out[s, row.consumer, where] = row.value
        return Rate(out)

    def norm(self, key: tuple[int, str], at: Places, supplier: I32, days: Sequence[dt.date]) -> Norm:
        """Norm of a kind in each house. Houses with the same values share a group."""
        rows = self.norms.get(key, [])
        rooms_max = max((row.rooms for row in rows), default=0) or 1
        persons_max = max((row.persons for row in rows), default=0) or 1
        out = np.full((len(days), len(at), rooms_max, persons_max), MISSING, np.int64)
        for row, where in _matching(rows, at, supplier):
            rooms = slice(row.rooms - 1, row.rooms) if row.rooms else slice(None)
            persons = slice(row.persons - 1, row.persons) if row.persons else slice(None)
            for s, day in enumerate(days):
                if row.first <= day < row.after:
                    out[s, where, rooms, persons] = row.value
        return _grouped(out)

    def coefficient(self, key: str, at: Places, days: Sequence[dt.date]) -> I64:
        """A coefficient in each house: (S, H) permille."""
        out = np.full((len(days), len(at)), MISSING, np.int64)
        for row, where in _matching(self.coefficients[key], at, at.company):
            for s, day in enumerate(days):
                if row.first <= day < row.after:
                    out[s, where] = row.value
        return out


def _matching(
    rows: list[DatedRow], at: Places, supplier: I32
) -> Iterator[tuple[DatedRow, npt.NDArray[np.intp]]]:
    """Rows with the houses they are for, wider first, so that a narrower one overwrites.

    rows: in order of narrowness. Of organisations the supplier's row is wider than the managing company's.
    """
    organisations = set(at.company.tolist()) | set(supplier.tolist())
    wide = [
        row for row in rows if not row.house and (not row.organisation or row.organisation in organisations)
    ]
    for row in wide:
        yield (
            row,
            np.flatnonzero(_in_zone(row, at) & ((supplier == row.organisation) | (row.organisation == 0))),
        )
    for row in wide:
        if row.organisation:
            yield row, np.flatnonzero(_in_zone(row, at) & (at.company == row.organisation))
    houses = {int(house): index for index, house in enumerate(at.house)}
    for row in rows:
        if row.house in houses:
            yield row, np.array([houses[row.house]], np.intp)


def _in_zone(row: DatedRow, at: Places) -> npt.NDArray[np.bool_]:
    return np.asarray((at.zone == row.zone) | (row.zone == 0), np.bool_)


def _grouped(values: I64) -> Norm:
    """(S, H, R, P) values by house → one group for houses with equal values."""
    segments, houses = values.shape[:2]
    if houses == 0:
        return Norm(np.full((segments, 1, 1, 1), MISSING, np.int64), np.zeros(0, np.int32))
    flat = np.moveaxis(values, 1, 0).reshape(houses, -1)
    _, first, group = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    return Norm(np.ascontiguousarray(values[:, first]), group.reshape(-1).astype(np.int32))


def known(alias: str, as_of: dt.datetime | None) -> str:
    """SQL: the row as known now, or as it was known at `as_of` (recorded time)."""
    if as_of is None:
        return f"{alias}.superseded_at IS NULL"
    assert as_of.tzinfo is not None, "recorded time has a zone"
    instant = f"'{as_of.astimezone(dt.UTC).isoformat()}'::timestamptz"
    return (
        f"{alias}.recorded_at <= {instant} "
        f"AND ({alias}.superseded_at IS NULL OR {alias}.superseded_at > {instant})"
    )


def overlaps(alias: str, period: Period) -> str:
    """SQL: the row's valid time meets the month."""
    after = period.shift(1).first_day
    still = f"({alias}.valid_to IS NULL OR {alias}.valid_to > '{period.first_day}')"
    return f"{alias}.valid_from < '{after}' AND {still}"


async def read_values(connection: Connection, period: Period, as_of: dt.datetime | None = None) -> Values:
    """All tariffs, norms and coefficients that touch the month."""
    made = Values(period)
    digest = hashlib.sha256()
    common = (
        "t.id, coalesce(t.organisation_id, 0) AS organisation, coalesce(t.zone_id, 0) AS zone, "
        "t.valid_from AS first, coalesce(t.valid_to, '9999-12-31') AS after"
    )
    where = f"WHERE {overlaps('t', period)} AND {known('t', as_of)} ORDER BY t.id"
    tariffs = await connection.fetch(
        f"SELECT {common}, coalesce(t.house_id, 0) AS house, t.service, t.component, t.rate AS value, "
        "array_position(ARRAY['population', 'nonresidential'], t.consumer) - 1 AS consumer FROM tariffs t "
        f"{where}"
    )
    norms = await connection.fetch(
        f"SELECT {common}, coalesce(t.house_id, 0) AS house, t.service, t.kind, coalesce(t.rooms, 0) AS "
        "rooms, "
        f"coalesce(t.persons, 0) AS persons, t.value_micro AS value FROM norms t {where}"
    )
    coefficients = await connection.fetch(
        f"SELECT {common}, 0 AS house, t.service, t.key, t.value_permille AS value FROM coefficients t "
        f"{where}"
    )
    made.tariffs = _by(tariffs, lambda r: (r["service"], r["component"]), ("consumer",), digest)
    made.norms = _by(norms, lambda r: (r["service"], r["kind"]), ("rooms", "persons"), digest)
    made.coefficients = _by(coefficients, _coefficient_key, (), digest)
    made.version = digest.hexdigest()[:16]
    return made


def _coefficient_key(row: Any) -> str:
    """`key` for every service, `key:service` for one."""
    return str(row["key"]) if row["service"] is None else f"{row['key']}:{row['service']}"


def _by(rows: Sequence[Any], key: Any, extra: tuple[str, ...], digest: Any) -> dict[Any, list[DatedRow]]:
    """Rows by key, wider first; every row goes into the digest."""
    grouped: dict[Any, list[DatedRow]] = defaultdict(list)
    names = ("id", "organisation", "zone", "house", "first", "after", "value", *extra)
    for row in rows:
        made = DatedRow(**{name: row[name] for name in names})
        digest.update(repr((key(row), made)).encode())
        grouped[key(row)].append(made)
    for members in grouped.values():
        members.sort(key=lambda one: one.narrowness)
    return dict(grouped)
