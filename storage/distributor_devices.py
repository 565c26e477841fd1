"""The register of distributors of heat: radiators that have one, with their factors; read and kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, text

from storage.distributors import Parts
from storage.session import Session
from storage.tables.distributors import DistributorDevice

INSERT_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Device:
    """A distributor of an account; factor in millionths, removed_on is its last day."""

    account_id: int
    serial: str
    place: str | None
    factor_micro: int
    installed_on: dt.date
    removed_on: dt.date | None

    def is_of(self, year: int) -> bool:
        """Whether it stood on any day of the year."""
        began = self.installed_on <= dt.date(year, 12, 31)
        return began and (self.removed_on is None or self.removed_on >= dt.date(year, 1, 1))


@dataclass(frozen=True, slots=True)
class Placed:
    """A distributor to be written: the device, its house and company, the document."""

    device: Device
    house_id: int
    company_id: int
    ground: str


Known = dict[int, dict[str, Device]]
"""Distributors by account and serial."""


async def of_accounts(session: Session, account_ids: Collection[int]) -> Known:
    """The register of these accounts, those removed long ago too; one query."""
    found = await session.execute(
        text(
            "SELECT account_id, serial, place, factor_micro, installed_on, removed_on "
            "FROM distributor_devices WHERE account_id = ANY(:ids) AND superseded_at IS NULL "
            "ORDER BY account_id, serial"
        ),
        {"ids": sorted(account_ids)},
    )
    known: Known = {}
    for row in found:
        known.setdefault(row.account_id, {})[row.serial] = Device(**row._mapping)
    return known


async def to_read(session: Session, year: int, limit: int) -> list[tuple[str, str]]:
    """Numbers of accounts and serials that stood in the year, by address; RLS leaves a company its own."""
    found = await session.execute(
        text(
            "SELECT a.number, d.serial FROM distributor_devices d JOIN accounts a ON a.id = d.account_id "
            "JOIN houses h ON h.id = a.house_id JOIN streets s ON s.id = h.street_id "
            "JOIN flats f ON f.id = a.flat_id WHERE d.superseded_at IS NULL AND a.closed_on IS NULL "
            "AND d.installed_on <= :last AND (d.removed_on IS NULL OR d.removed_on >= :first) "
            "ORDER BY s.search_name, h.sort_key, f.sort_key, a.id, d.serial LIMIT :limit"
        ),
        {"first": dt.date(year, 1, 1), "last": dt.date(year, 12, 31), "limit": limit},
    )
    return [(row.number, row.serial) for row in found]


async def keep(session: Session, placed: Sequence[Placed], user_id: int | None) -> None:
    """Write new distributors and those known otherwise; what was known before is superseded, not edited."""
    for start in range(0, len(placed), INSERT_ROWS):
        part = placed[start : start + INSERT_ROWS]
        await session.execute(
            text(
                "UPDATE distributor_devices d SET superseded_at = clock_timestamp() "
                "FROM unnest(CAST(:ids AS int[]), CAST(:serials AS text[])) w (account_id, serial) "
                "WHERE d.account_id = w.account_id AND d.serial = w.serial AND d.superseded_at IS NULL"
            ),
            {
                "ids": [one.device.account_id for one in part],
                "serials": [one.device.serial for one in part],
            },
        )
        await session.execute(insert(DistributorDevice), [_values(one, user_id) for one in part])


def _values(one: Placed, user_id: int | None) -> dict[str, object]:
    device = one.device
    return {
        "account_id": device.account_id,
        "house_id": one.house_id,
        "company_id": one.company_id,
        "serial": device.serial,
        "place": device.place,
        "factor_micro": device.factor_micro,
        "installed_on": device.installed_on,
        "removed_on": device.removed_on,
        "ground": one.ground,
        "created_by": user_id,
    }


async def units_of_year(
    session: Session, account_ids: Collection[int], year: int
) -> dict[int, tuple[int, Parts]]:
    """Units of the year of these accounts, and the readings they were added up of; one query."""
    found = await session.execute(
        text(
            "SELECT account_id, units_micro, parts FROM heat_distributors "
            "WHERE account_id = ANY(:ids) AND year = :year AND superseded_at IS NULL"
        ),
        {"ids": sorted(account_ids), "year": year},
    )
    return {
        row.account_id: (
            row.units_micro,
            {serial: (int(value), int(factor)) for serial, (value, factor) in (row.parts or {}).items()},
        )
        for row in found
    }
