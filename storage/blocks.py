"""Reads one block: the columns of the accounts of whole houses, as known now or as known at a moment.

Six narrow reads by house (houses, flats, accounts, facts, meters, readings) and two small ones (services,
exceptions); no query per account. What belongs together is joined here by numpy, which costs less than a join
in SQL.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from billing import history
from billing.block import ACCOUNT_KINDS, MISSING, Accounts, Block, HouseMeter, Houses, HouseService, sum_by
from billing.choices import AVERAGE_WINDOW, FAULT_DAYS, PEOPLE_LINES
from billing.coowners import Divided
from billing.lines import Lines
from billing.period import Period
from billing.services import METHOD_NAMES, Service
from storage.block_benefits import read_benefits
from storage.block_divided import folded, holders, read_divided, whole_columns
from storage.block_meters import individual, past_of
from storage.block_relief import read_absent, read_troubles
from storage.block_values import Places, Segments, Spots, Values, known, overlaps
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.common_past import Kept, read_common, settle_methods
from storage.distributors import read_distributors
from storage.heat_fix import CHOSEN, read_heat_fix
from storage.heat_past import heat_year, house_failures
from storage.meter_reads import DAY_ZERO, Month, Read, house_meters, read_meters, rows_of
from storage.relief_values import Reliefs
from storage.unauthorised import read_unauthorised

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

HOUSE = Row.of(id="int4", company_id="int4", zone="int2", total="int8", common="int8", uniform="bool")
ACCOUNT = Row.of(id="int4", house_id="int4", flat_id="int4", kind="int2", opened="date", closed="date")
FLAT = Row.of(id="int4", rooms="int2", floor="int2")
FACT = Row.of(
    account_id="int4",
    first="date",
    after="date",
    area="int4",
    living="int4",
    heated="int4",
    residents="int2",
    temporary="int2",
    owners="int2",
    impossible="int4",
)
HOUSE_SERVICE = Row.of(
    house_id="int4", service="int2", supplier="int4", method="int2", first="date", id="int4"
)
EXCEPTION = Row.of(account_id="int4", service="int2", is_on="bool", supplier="int4", first="date", id="int4")

KIND = " ".join(f"WHEN '{name}' THEN {code}" for name, code in ACCOUNT_KINDS.items())
METHOD = " ".join(f"WHEN '{name}' THEN {int(code)}" for name, code in METHOD_NAMES.items())


async def read_block(
    connection: Connection,
    values: Values,
    house_ids: Sequence[int],
    cuts: Iterable[int] = (),
    as_of: dt.datetime | None = None,
    instead: Mapping[int, Lines] | None = None,
    kept: Kept | None = None,
    is_fixing: bool = False,
) -> Block:
    """The block of these houses for the month of `values`. cuts: days on which a federal value changes.

    Accounts are ordered by house, then id; a house without accounts stays. as_of: recorded time, None = now.
    instead, kept: lines and months of common needs a correction puts in the place of published ones.
    """
    period = values.period
    month = Month(period, int_array(house_ids), as_of, instead or {})
    houses = await _houses(connection, month)
    accounts = await _accounts(connection, month, houses)
    read = await read_meters(connection, month)
    services = await _services(connection, month, houses, accounts)
    at = Places(houses.id, houses.zone, houses.company_id)
    facts, divided = await _who(connection, month, accounts)
    nobody = Spots.of(at, np.zeros(len(houses), np.int32))
    window, fault_days, each = (
        _chosen(values, key, at, nobody) for key in (AVERAGE_WINDOW, FAULT_DAYS, PEOPLE_LINES)
    )
    past = await past_of(connection, month, read, accounts, window, fault_days)
    asked = {*past.state.event_day.tolist(), *_people_days(period, each, accounts, facts)}
    segments = Segments.of(period, {*cuts, *values.cuts(houses.id, _organisations(houses, services)), *asked})
    days = segments.dates(period)
    spots = {service: Spots.of(at, made.supplier) for service, made in services.items()}
    of_houses = await _of_houses(connection, month, read, houses)
    of_year = await heat_year(connection, month, houses, accounts["id"], of_houses)
    of_coefficients = {key: values.coefficient(key, at, nobody, days) for key in values.coefficients}
    meters, checked = await individual(connection, month, past, accounts, days[1:])
    settle_methods(services, of_coefficients)
    block = Block(
        period=period,
        first_day=segments.first_day,
        days=segments.days,
        houses=houses,
        accounts=_weigh(*whole_columns(divided, accounts, facts), segments, period, houses),
        divided=divided,
        meters=meters,
        checked=checked,
        house_meters=of_houses,
        services=services,
        rates={key: values.rate(key, at, spots.get(key[0], nobody), days) for key in values.tariffs},
        norms={key: values.norm(key, at, spots.get(key[0], nobody), days) for key in values.norms},
        coefficients=of_coefficients,
        heat_year=of_year,
        heat_fix=await read_heat_fix(
            connection, month, houses, accounts, of_year, of_coefficients.get(CHOSEN)
        ),
        distributors=await read_distributors(
            connection, month, houses, accounts, of_coefficients.get(CHOSEN)
        ),
        common=await read_common(
            connection, month, houses, accounts, services, of_coefficients, kept or {}, is_fixing
        ),
        absent=await read_absent(connection, month, accounts, facts, segments),
        troubles=await read_troubles(connection, month, houses.id, accounts["id"]),
        formulas=values.formulas.of_houses(houses.id, houses.company_id),
        unauthorised=await read_unauthorised(connection, month, accounts["id"]),
        benefits=await read_benefits(
            connection, month, accounts, facts, values.reliefs or Reliefs(period.first_day)
        ),
    )
    return folded(block)


async def _who(connection: Connection, month: Month, accounts: Columns) -> tuple[Columns, Divided | None]:
    """Facts of the accounts, and who of them shares a premises; accounts get `holder` (index)."""
    facts = await _facts(connection, month, accounts["id"])
    divided = await read_divided(connection, month, accounts, facts)
    accounts["holder"] = holders(accounts, divided)
    return facts, divided


def _organisations(houses: Houses, services: Mapping[int, HouseService]) -> set[int]:
    """Companies of the houses and suppliers of their services."""
    return set(houses.company_id.tolist()).union(*(set(one.supplier.tolist()) for one in services.values()))


async def _of_houses(
    connection: Connection, month: Month, read: Read, houses: Houses
) -> dict[int, HouseMeter]:
    """Meters of houses by service; that of heat with its failures."""
    found = house_meters(read, houses.id)
    if (heat := found.get(Service.HEATING)) is not None:
        heat.failure = await house_failures(connection, month, read, houses.id)
    return found


def _chosen(values: Values, key: str, at: Places, nobody: Spots) -> I64 | None:
    """Answers of the houses to a question on the first of the month, (H,); None = nobody answered."""
    if key not in values.coefficients:
        return None
    return np.asarray(values.coefficient(key, at, nobody, [values.period.first_day])[0], np.int64)


def _people_days(period: Period, each: I64 | None, accounts: Columns, facts: Columns) -> list[int]:
    """Days on which people of accounts change, in houses that print each number of them on a line."""
    if each is None:
        return []
    begins = facts["first"][each[accounts["house"][facts["account"]]] == 1].astype(np.int64)
    days: list[int] = np.unique(begins - (period.first_day.toordinal() - DAY_ZERO) + 1).tolist()
    return days


async def _houses(connection: Connection, month: Month) -> Houses:
    """Houses as they were on the last day of the month: areas and company by their dated rows when there are
    any.
    """
    last = month.period.last_day
    on_last_day = f"valid_from <= '{last}' AND (valid_to IS NULL OR valid_to > '{last}')"
    columns = await copy_out(
        connection,
        HOUSE,
        "SELECT h.id, coalesce(m.company_id, h.company_id), h.zone_id, coalesce(s.area_total_dm2, "
        "h.area_total_dm2), "
        "coalesce(s.area_common_dm2, h.area_common_dm2), h.heating_mode = 'uniform' FROM houses h "
        "LEFT JOIN LATERAL (SELECT area_total_dm2, area_common_dm2 FROM house_states s WHERE s.house_id = "
        "h.id "
        f"AND {on_last_day} AND {known('s', month.as_of)} ORDER BY valid_from DESC, id DESC LIMIT 1) s ON "
        "true "
        "LEFT JOIN LATERAL (SELECT company_id FROM house_managements m WHERE m.house_id = h.id "
        f"AND {on_last_day} AND {known('m', month.as_of)} ORDER BY valid_from DESC, id DESC LIMIT 1) m ON "
        "true "
        f"WHERE h.id = ANY({month.house_ids}) ORDER BY h.id",
    )
    return Houses(
        id=columns["id"],
        company_id=columns["company_id"],
        zone=columns["zone"],
        area_total_dm2=columns["total"],
        area_common_dm2=columns["common"],
        heating_uniform=columns["uniform"],
    )


async def _accounts(connection: Connection, month: Month, houses: Houses) -> Columns:
    """Accounts open on some day of the month, by house and id, with `house` (index) and `rooms`.

    closed_on is the last day the account is open; `closed` here is the day after.
    """
    period = month.period
    columns = await copy_out(
        connection,
        ACCOUNT,
        f"SELECT a.id, a.house_id, a.flat_id, (CASE a.kind {KIND} END)::int2, a.opened_on, "
        "coalesce(a.closed_on + 1, 'infinity') FROM accounts a "
        f"WHERE a.house_id = ANY({month.house_ids}) AND a.opened_on <= '{period.last_day}' "
        f"AND (a.closed_on IS NULL OR a.closed_on >= '{period.first_day}')",
    )
    flats = await copy_out(
        connection,
        FLAT,
        "SELECT f.id, f.rooms_count, coalesce(f.floor, -1)::int2 FROM flats f "
        f"WHERE f.house_id = ANY({month.house_ids})",
    )
    house = rows_of(columns["house_id"], houses.id).astype(np.int32)
    order = np.lexsort((columns["id"], house))
    columns = {name: column[order] for name, column in columns.items()}
    columns["house"] = house[order]
    flat = rows_of(columns["flat_id"], flats["id"])
    assert (flat >= 0).all(), "an account stands in a flat of another house"
    for name in ("rooms", "floor"):
        columns[name] = flats[name][flat] if len(flat) else np.zeros(0, np.int16)
    return columns


async def _facts(connection: Connection, month: Month, account_ids: I32) -> Columns:
    """Stretches of facts that meet the month, with `account` (index), in order of time for each account."""
    columns = await copy_out(
        connection,
        FACT,
        "SELECT f.account_id, f.valid_from, coalesce(f.valid_to, 'infinity'), coalesce(f.area_dm2, -1), "
        "coalesce(f.living_area_dm2, -1), coalesce(f.heated_area_dm2, -1), f.residents, f.temporary, "
        "f.owners, "
        f"f.meter_impossible FROM account_facts f WHERE f.house_id = ANY({month.house_ids}) "
        f"AND {overlaps('f', month.period)} AND {known('f', month.as_of)}",
    )
    account = rows_of(columns["account_id"], account_ids)
    order = np.lexsort((columns["first"], account))
    order = order[account[order] >= 0]
    columns = {name: column[order] for name, column in columns.items()}
    columns["account"] = account[order]
    return columns


def _weigh(accounts: Columns, facts: Columns, segments: Segments, period: Period, houses: Houses) -> Accounts:
    """Facts by day → sums over the days of each segment, and the facts of the account's last day."""
    size, account = len(accounts["id"]), facts["account"]
    shape = (len(segments.days), size)
    open_days, area_days, norm_days, temporary_days = (np.zeros(shape, np.int64) for _ in range(4))
    residents, temporary = facts["residents"].astype(np.int64), facts["temporary"].astype(np.int64)
    people = history.counted_people(residents, temporary, facts["owners"].astype(np.int64))
    area = np.maximum(facts["area"], 0).astype(np.int64)
    first_of_month = period.first_day.toordinal() - DAY_ZERO
    lived = np.zeros(size, np.int64)
    for s, (first, days) in enumerate(zip(segments.first_day, segments.days, strict=True)):
        start = first_of_month + int(first) - 1
        begin = np.maximum(accounts["opened"], start).astype(np.int64)
        end = np.minimum(accounts["closed"], start + int(days)).astype(np.int64)
        open_days[s] = np.maximum(end - begin, 0)
        of_fact = np.minimum(facts["after"], end[account]) - np.maximum(facts["first"], begin[account])
        of_fact = np.maximum(of_fact, 0)
        area_days[s] = sum_by(account, area * of_fact, size)
        norm_days[s] = sum_by(account, people * of_fact, size)
        temporary_days[s] = sum_by(account, temporary * of_fact, size)
        lived += sum_by(account, residents * of_fact, size)
    last = _last_facts(accounts, facts, period)
    area_dm2 = last["area"].astype(np.int64)
    persons = np.where(last["residents"] > 0, last["residents"], last["owners"])
    return Accounts(
        id=accounts["id"],
        house=accounts["house"],
        company_id=houses.company_id[accounts["house"]],
        kind=accounts["kind"].astype(np.int8),
        rooms=accounts["rooms"],
        persons=persons.astype(np.int16),
        area_dm2=area_dm2,
        living_area_dm2=np.where(last["living"] < 0, area_dm2, last["living"]),
        heated_area_dm2=np.where(last["heated"] < 0, area_dm2, last["heated"]),
        open_days=open_days,
        area_days=area_days,
        norm_person_days=norm_days,
        temporary_days=temporary_days,
        by_owners=lived == 0,
        meter_impossible=last["impossible"].astype(np.int32),
        flat=accounts["flat_id"],
        floor=accounts["floor"],
    )


def _last_facts(accounts: Columns, facts: Columns, period: Period) -> dict[str, npt.NDArray[Any]]:
    """Facts of the last day of the month on which each account was open; areas MISSING, people 0 without
    any.
    """
    size = len(accounts["id"])
    last_day = np.minimum(accounts["closed"].astype(np.int64) - 1, period.last_day.toordinal() - DAY_ZERO)
    began = np.flatnonzero(facts["first"] <= last_day[facts["account"]])
    row = np.full(size, -1, np.intp)
    row[facts["account"][began]] = began  # in order of time: the last assignment wins
    has = row >= 0
    out: dict[str, npt.NDArray[Any]] = {}
    for name in ("area", "living", "heated", "residents", "temporary", "owners", "impossible"):
        column = np.full(size, MISSING if name in ("area", "living", "heated") else 0, facts[name].dtype)
        column[has] = facts[name][row[has]]
        out[name] = column
    return out


async def _services(
    connection: Connection, month: Month, houses: Houses, accounts: Columns
) -> dict[int, HouseService]:
    """Services of the houses and exceptions of their accounts; of two rows in one month the later one
    counts.
    """
    where = (
        f"{overlaps('s', month.period)} AND {known('s', month.as_of)} AND s.house_id = ANY({month.house_ids})"
    )
    rows = await copy_out(
        connection,
        HOUSE_SERVICE,
        f"SELECT s.house_id, s.service, s.supplier_id, (CASE s.method {METHOD} ELSE 0 END)::int2, "
        "s.valid_from, s.id "
        f"FROM house_services s WHERE {where}",
    )
    exceptions = await copy_out(
        connection,
        EXCEPTION,
        "SELECT s.account_id, s.service, s.is_on, coalesce(s.supplier_id, 0), s.valid_from, s.id "
        f"FROM account_services s WHERE {where}",
    )
    rows = _in_time(rows)
    house = rows_of(rows["house_id"], houses.id)
    out: dict[int, HouseService] = {}
    for service in np.unique(np.append(rows["service"], exceptions["service"])).tolist():
        of = np.flatnonzero(rows["service"] == service)
        supplier, method = np.zeros(len(houses), np.int32), np.zeros(len(houses), np.int16)
        supplier[house[of]] = rows["supplier"][of]
        method[house[of]] = rows["method"][of]
        out[service] = HouseService(supplier, method)
    _add_exceptions(out, _in_time(exceptions), accounts)
    return out


def _add_exceptions(services: dict[int, HouseService], rows: Columns, accounts: Columns) -> None:
    account = rows_of(rows["account_id"], accounts["id"])
    last: dict[tuple[int, int], int] = {}
    for at in np.flatnonzero(account >= 0).tolist():
        last[(int(rows["service"][at]), int(account[at]))] = at
    for service, made in services.items():
        mine = [(index, at) for (code, index), at in last.items() if code == service]
        off = [index for index, at in mine if not rows["is_on"][at]]
        on = [(index, _supplier(made, rows, at, index, accounts)) for index, at in mine if rows["is_on"][at]]
        on = [(index, supplier) for index, supplier in on if supplier > 0]
        made.off = np.array(off, np.int32)
        made.on = np.array([index for index, _ in on], np.int32)
        made.on_supplier = np.array([supplier for _, supplier in on], np.int32)


def _supplier(made: HouseService, rows: Columns, at: int, index: int, accounts: Columns) -> int:
    """Of the exception, else of the house."""
    return int(rows["supplier"][at]) or int(made.supplier[accounts["house"][index]])


def _in_time(rows: Columns) -> Columns:
    order = np.lexsort((rows["id"], rows["first"]))
    return {name: column[order] for name, column in rows.items()}
