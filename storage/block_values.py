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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import MISSING, Norm, Rate
from billing.period import Period
from storage.bulk import Connection
from storage.formulas import FormulaBook, read_formulas
from storage.relief_values import Reliefs, read_reliefs

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


@dataclass(frozen=True, slots=True)
class Spots:
    """Houses as the look-up sees them: distinct (zone, company, supplier) and which of them each house is,
    (H,).
    """

    combos: list[tuple[int, int, int]]
    of_house: npt.NDArray[np.intp]

    @classmethod
    def of(cls, at: Places, supplier: I32) -> Spots:
        """supplier (H,): of the service in each house, 0 = none."""
        key = at.zone.astype(np.int64) << 48 | at.company.astype(np.int64) << 24 | supplier
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        columns = (at.zone[first].tolist(), at.company[first].tolist(), supplier[first].tolist())
        return cls(list(zip(*columns, strict=True)), inverse)


@dataclass(slots=True)
class Table:
    """Rows of one value. wide: of the city, zones and organisations, wider first; houses: rows of single
    houses.
    """

    wide: list[DatedRow]
    houses: dict[int, list[DatedRow]]

    @classmethod
    def of(cls, rows: Iterable[DatedRow]) -> Table:
        ordered = sorted(rows, key=lambda row: row.narrowness)
        houses: dict[int, list[DatedRow]] = defaultdict(list)
        for row in ordered:
            if row.house:
                houses[row.house].append(row)
        return cls([row for row in ordered if not row.house], dict(houses))

    def __iter__(self) -> Iterator[DatedRow]:
        yield from self.wide
        for rows in self.houses.values():
            yield from rows

    def at(self, combo: tuple[int, int, int]) -> list[DatedRow]:
        """Rows for a zone, managing company and supplier; later ones overwrite. The company's after the
        supplier's.
        """
        zone, company, supplier = combo
        fits = [row for row in self.wide if row.zone in (0, zone)]
        general = [row for row in fits if row.organisation in (0, supplier)]
        return general + [row for row in fits if row.organisation == company]


Fill = Callable[[I64, int, DatedRow], None]


@dataclass(slots=True)
class Values:
    """All dated values of one month; version is a digest of exactly these rows, part of the law version of a
    run.
    """

    period: Period
    tariffs: dict[tuple[int, int], Table] = field(default_factory=dict)
    norms: dict[tuple[int, str], Table] = field(default_factory=dict)
    coefficients: dict[str, Table] = field(default_factory=dict)
    version: str = ""
    reliefs: Reliefs | None = None
    formulas: FormulaBook = field(default_factory=FormulaBook)
    _changing: list[DatedRow] = field(init=False, repr=False)
    _known: dict[Any, I64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        tables = (self.tariffs, self.norms, self.coefficients)
        rows = [row for table in tables for members in table.values() for row in members]
        self._changing = [row for row in rows if self._is_inside(row.first) or self._is_inside(row.after)]
        self._known = {}

    def cuts(self, houses: I32, organisations: set[int]) -> set[int]:
        """Days on which a value that may concern these houses begins or ends inside the month."""
        known = set(houses.tolist())
        out: set[int] = set()
        for row in self._changing:
            elsewhere = row.house and row.house not in known
            if elsewhere or (row.organisation and row.organisation not in organisations):
                continue
            out.update(day.day for day in (row.first, row.after) if self._is_inside(day))
        return out

    def _is_inside(self, day: dt.date) -> bool:
        return self.period.first_day < day <= self.period.last_day

    def rate(self, key: tuple[int, int], at: Places, spots: Spots, days: Sequence[dt.date]) -> Rate:
        """Tariff of a service component in each house: (S, 2, H)."""

        def fill(out: I64, s: int, row: DatedRow) -> None:
            out[s, row.consumer] = row.value

        table = self.tariffs[key]
        groups, group = self._resolve(("tariff", key), table, at, spots, days, (len(CONSUMERS),), fill)
        return Rate(np.ascontiguousarray(np.moveaxis(groups[group], 0, 2)))

    def norm(self, key: tuple[int, str], at: Places, spots: Spots, days: Sequence[dt.date]) -> Norm:
        """Norm of a kind: a group for houses that look it up alike."""

        def fill(out: I64, s: int, row: DatedRow) -> None:
            rooms = slice(row.rooms - 1, row.rooms) if row.rooms else slice(None)
            persons = slice(row.persons - 1, row.persons) if row.persons else slice(None)
            out[s, rooms, persons] = row.value

        table = self.norms[key]
        shape = (
            max((row.rooms for row in table), default=0) or 1,
            max((row.persons for row in table), default=0) or 1,
        )
        groups, group = self._resolve(("norm", key), table, at, spots, days, shape, fill)
        return Norm(np.ascontiguousarray(np.moveaxis(groups, 0, 1)), group.astype(np.int32))

    def coefficient(self, key: str, at: Places, spots: Spots, days: Sequence[dt.date]) -> I64:
        """A coefficient in each house: (S, H) permille."""

        def fill(out: I64, s: int, row: DatedRow) -> None:
            out[s] = row.value

        table = self.coefficients[key]
        groups, group = self._resolve(("coefficient", key), table, at, spots, days, (), fill)
        return np.ascontiguousarray(groups[group].T)

    def _resolve(
        self,
        name: tuple[str, Any],
        table: Table,
        at: Places,
        spots: Spots,
        days: Sequence[dt.date],
        shape: tuple[int, ...],
        fill: Fill,
    ) -> tuple[I64, npt.NDArray[np.intp]]:
        """Values (G, S, *shape) of distinct look-ups, and the look-up of each house (H,)."""
        found = [
            self._look_up((name, combo, *days), table, combo, 0, days, shape, fill) for combo in spots.combos
        ]
        group = spots.of_house
        if table.houses:
            group = group.copy()
            for index in np.flatnonzero(np.isin(at.house, list(table.houses))).tolist():
                combo, house = spots.combos[group[index]], int(at.house[index])
                group[index] = len(found)
                found.append(
                    self._look_up((name, combo, house, *days), table, combo, house, days, shape, fill)
                )
        if not found:
            found = [np.full((len(days), *shape), MISSING, np.int64)]
        return np.stack(found), group

    def _look_up(
        self,
        key: Any,
        table: Table,
        combo: tuple[int, int, int],
        house: int,
        days: Sequence[dt.date],
        shape: tuple[int, ...],
        fill: Fill,
    ) -> I64:
        """(S, *shape) of one look-up, kept: the next block asks the same. house 0: no rows of a single
        house.
        """
        known = self._known.get(key)
        if known is None:
            known = np.full((len(days), *shape), MISSING, np.int64)
            for row in table.at(combo) + table.houses.get(house, []):
                for s, day in enumerate(days):
                    if row.first <= day < row.after:
                        fill(known, s, row)
            self._known[key] = known
        return known


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
    by_tariff = _by(tariffs, lambda r: (r["service"], r["component"]), ("consumer",), digest)
    by_norm = _by(norms, lambda r: (r["service"], r["kind"]), ("rooms", "persons"), digest)
    by_key = _by(coefficients, _coefficient_key, (), digest)
    reliefs = await read_reliefs(connection, period.first_day, as_of)
    digest.update(reliefs.version.encode())
    formulas = await read_formulas(connection, period, as_of)
    if formulas.rows:
        digest.update(repr(formulas.rows).encode())
    return Values(period, by_tariff, by_norm, by_key, digest.hexdigest()[:16], reliefs, formulas)


def _coefficient_key(row: Any) -> str:
    """`key` for every service, `key:service` for one."""
    return str(row["key"]) if row["service"] is None else f"{row['key']}:{row['service']}"


def _by(rows: Sequence[Any], key: Any, extra: tuple[str, ...], digest: Any) -> dict[Any, Table]:
    """Tables by key; every row goes into the digest."""
    grouped: dict[Any, list[DatedRow]] = defaultdict(list)
    names = ("id", "organisation", "zone", "house", "first", "after", "value", *extra)
    for row in rows:
        made = DatedRow(**{name: row[name] for name in names})
        digest.update(repr((key(row), made)).encode())
        grouped[key(row)].append(made)
    return {name: Table.of(members) for name, members in grouped.items()}
