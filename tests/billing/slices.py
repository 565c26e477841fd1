"""Blocks cut and joined in other ways, to show that a block's shape changes nothing."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from billing.block import Accounts, Block, Cut, HouseMeter, Houses, HouseService, Meters, Norm, Rate
from billing.checked import Checked
from billing.heat_past import Distributors, HeatYear, HouseFailure

BY_SEGMENT = ("open_days", "area_days", "norm_person_days", "temporary_days")
T = TypeVar("T", Houses, Accounts, Meters, HouseMeter, Cut, HouseFailure, Checked, Distributors)
Of = TypeVar("Of", Meters, Checked)


def of_houses(block: Block, houses: list[int]) -> Block:
    """The same houses in another order or fewer of them; accounts follow their houses."""
    order = np.concatenate([np.flatnonzero(block.accounts.house == h) for h in houses]).astype(np.intp)
    place = np.full(len(block), -1, np.int64)
    place[order] = np.arange(len(order))
    new_house = np.full(len(block.houses), -1, np.int64)
    new_house[houses] = np.arange(len(houses))
    accounts = _taken(block.accounts, order)
    accounts.house = new_house[accounts.house].astype(np.int32)
    return Block(
        period=block.period,
        first_day=block.first_day,
        days=block.days,
        houses=_taken(block.houses, np.array(houses)),
        accounts=accounts,
        meters=_meters(block.meters, place),
        house_meters={s: _taken(m, np.array(houses)) for s, m in block.house_meters.items()},
        services={s: _service(rows, place, houses) for s, rows in block.services.items()},
        rates={key: Rate(table.values[:, :, houses]) for key, table in block.rates.items()},
        norms={key: Norm(table.values, table.group[houses]) for key, table in block.norms.items()},
        coefficients={key: values[:, houses] for key, values in block.coefficients.items()},
        heat_year=_year(block.heat_year, houses, order),
        checked=None if block.checked is None else _meters(block.checked, place),
        distributors=None if block.distributors is None else _taken(block.distributors, order),
    )


def cut_at(block: Block, day: int) -> Block:
    """A block of one segment cut before `day`, though nothing changes there.

    People and areas must not change inside the month: their days are shared out evenly.
    """
    total = int(block.days[0])
    assert len(block.days) == 1
    days = np.array([day - 1, total - day + 1], np.int16)
    parts = _taken(block.accounts, np.arange(len(block)))
    for name in BY_SEGMENT:
        whole = getattr(parts, name)
        assert (whole % total == 0).all(), name
        setattr(parts, name, whole // total * days[:, None].astype(np.int64))
    return Block(
        period=block.period,
        first_day=np.array([1, day], np.int16),
        days=days,
        houses=block.houses,
        accounts=parts,
        meters=block.meters,
        house_meters=block.house_meters,
        services=block.services,
        rates={key: Rate(np.repeat(table.values, 2, axis=0)) for key, table in block.rates.items()},
        norms={key: Norm(np.repeat(t.values, 2, axis=0), t.group) for key, t in block.norms.items()},
        coefficients={key: np.repeat(values, 2, axis=0) for key, values in block.coefficients.items()},
        heat_year=block.heat_year,
        checked=block.checked,
        distributors=block.distributors,
    )


def _taken(table: T, rows: Any) -> T:
    """Rows of every column; the columns of accounts by segment are (S, rows), a part of a table is one
    itself.
    """
    columns: dict[str, Any] = {}
    for column in fields(table):
        values: Any = getattr(table, column.name)
        if values is None:
            columns[column.name] = None
        elif is_dataclass(values):
            columns[column.name] = _taken(values, rows)  # type: ignore[type-var]
        else:
            columns[column.name] = values[:, rows] if column.name in BY_SEGMENT else values[rows]
    return type(table)(**columns)


def _year(year: HeatYear | None, houses: Any, order: Any) -> HeatYear | None:
    if year is None:
        return None
    return HeatYear(year.state[houses], year.house[houses], year.account[order], year.metered[order])


def _meters(meters: Of, place: Any) -> Of:
    """Meters (or checks of them) of the accounts that stay, in their new order."""
    of = place[meters.account]
    rows = np.flatnonzero(of >= 0)
    rows = rows[np.argsort(of[rows], kind="stable")]
    out = _taken(meters, rows)
    out.account = place[out.account].astype(np.int32)
    return out


def _service(rows: HouseService, place: Any, houses: list[int]) -> HouseService:
    off, on = place[rows.off], place[rows.on]
    return HouseService(
        supplier=rows.supplier[houses],
        method=rows.method[houses],
        off=off[off >= 0].astype(np.int32),
        on=on[on >= 0].astype(np.int32),
        on_supplier=rows.on_supplier[on >= 0],
    )
