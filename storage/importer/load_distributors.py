"""Loads distributors of heat: their register by radiator, and what they showed over a year.

Units of premises are added up of readings of all its distributors; with one of them missing nothing is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from billing.distributors import units_of
from storage import distributor_devices, distributors
from storage.distributor_devices import Device, Placed
from storage.distributors import Parts
from storage.importer import sheets
from storage.importer.book import Book, Row, refuse_twins
from storage.importer.known import Load, find_account
from storage.people import Deed, PeopleRefused

GROUND = "Загрузка из таблицы"
GROUND_MAX = 300
NAMED_MAX = 5
"""So many serials a verdict names; of the rest it says how many."""


# ---- the register ------------------------------------------------------------------------------------------


async def load_distributors(load: Load, book: Book) -> None:
    """New distributors, and of known ones what the file says otherwise."""
    sheet = sheets.DISTRIBUTORS
    refuse_twins(book.good(sheet), ("account", "serial"), "Этот распределитель счёта")
    found = [(row, find_account(load, row)) for row in book.good(sheet)]
    rows = [(row, account) for row, account in found if account is not None and _judge(load, row, account)]
    known = await distributor_devices.of_accounts(load.session, {account.id for _, account in rows})
    counts = book.counts(sheet)
    placed: list[Placed] = []
    for row, account in rows:
        before = known.get(account.id, {}).get(row["serial"])
        device = _device(row, account.id, before)
        if device == before:
            counts.unchanged += 1
            continue
        counts.added += before is None
        counts.changed += before is not None
        placed.append(Placed(device, account.house_id, account.company_id, row["ground"] or GROUND))
    await distributor_devices.keep(load.session, placed, load.user_id)
    load.broken |= {("distributor", row["account"], row["serial"]) for row in book.rows(sheet) if row.is_bad}


def _judge(load: Load, row: Row, account: Any) -> bool:
    if row["installed"] > load.today:
        row.refuse("installed", "День установки ещё не наступил. Проверьте дату.")
    elif account.closed_on is not None and row["installed"] >= account.closed_on:
        row.refuse("installed", "Счёт к этому дню закрыт. Впишите новый счёт помещения.")
    if row["removed"] is not None and row["removed"] < row["installed"]:
        row.refuse("removed", "Снят раньше, чем установлен. Проверьте обе даты.")
    elif row["removed"] is not None and row["removed"] > load.today:
        row.refuse("removed", "День снятия ещё не наступил. Проверьте дату.")
    return not row.is_bad


def _device(row: Row, account_id: int, before: Device | None) -> Device:
    """What the file says; an empty cell changes nothing."""
    made = Device(account_id, row["serial"], row["place"], row["factor"], row["installed"], row["removed"])
    if before is None:
        return made
    return replace(made, place=made.place or before.place, removed_on=made.removed_on or before.removed_on)


# ---- readings of a year ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Premises:
    """Rows of an account and year that are right: units, of which readings, whether anything is known."""

    account: Any
    rows: list[Row]
    units_micro: int
    parts: Parts | None


async def load_distributor_readings(load: Load, book: Book) -> None:
    """Readings year by year; the same ones again change nothing, others supersede the units of the year."""
    sheet = sheets.DISTRIBUTOR_READINGS
    refuse_twins(book.good(sheet), ("account", "year", "serial"), "Показание за этот год")
    found = [(row, find_account(load, row)) for row in book.good(sheet)]
    rows = [
        (row, account) for row, account in found if account is not None and _is_timely(load, row, account)
    ]
    rows.sort(key=lambda one: (one[0]["year"], one[1].id, one[0].number))
    for year, of_year in groupby(rows, lambda one: int(one[0]["year"])):
        await _load_year(load, book, year, list(of_year))


def _is_timely(load: Load, row: Row, account: Any) -> bool:
    if row["year"] > load.today.year:
        row.refuse("year", f"{row['year']} год ещё не начался. Проверьте год.")
    elif account.closed_on is not None:
        row.refuse("account", "Счёт закрыт. Впишите нынешний счёт помещения: год делят по нему.")
    return not row.is_bad


async def _load_year(load: Load, book: Book, year: int, rows: Sequence[tuple[Row, Any]]) -> None:
    ids = {account.id for _, account in rows}
    register = await distributor_devices.of_accounts(load.session, ids)
    known = await distributor_devices.units_of_year(load.session, ids, year)
    counts = book.counts(sheets.DISTRIBUTOR_READINGS)
    houses: dict[int, list[_Premises]] = {}
    for _, mine in groupby(rows, lambda one: one[1].id):
        of_account = list(mine)
        account = of_account[0][1]
        before = known.get(account.id)
        one = _premises(
            load, account, [row for row, _ in of_account], year, register.get(account.id, {}), before
        )
        if one is None:
            continue
        houses.setdefault(account.house_id, []).append(one)
        counts.added += len(one.rows) if before is None else 0
        if before is not None:
            is_same = before[0] == one.units_micro
            counts.unchanged += len(one.rows) if is_same else 0
            counts.changed += 0 if is_same else len(one.rows)
    if all(not row.is_bad for row, _ in rows):
        for house_id in sorted(houses):
            await _keep(load, house_id, year, houses[house_id])


def _premises(
    load: Load,
    account: Any,
    rows: list[Row],
    year: int,
    register: Mapping[str, Device],
    before: tuple[int, Parts] | None,
) -> _Premises | None:
    """Units of an account; None when a row of it is refused."""
    plain = [row for row in rows if row["serial"] is None]
    if plain and len(plain) < len(rows):
        plain[0].refuse(
            "serial", "У счёта есть строки с номерами распределителей и строка без номера. Оставьте одно."
        )
        return None
    if plain:
        return _Premises(account, rows, plain[0]["value"], None)
    for row in rows:
        _refuse_unknown(load, row, year, register.get(row["serial"]))
    if any(row.is_bad for row in rows):
        return None
    standing = {serial: one for serial, one in register.items() if one.is_of(year)}
    values = {serial: value for serial, (value, _) in (before[1] if before else {}).items()}
    values |= {row["serial"]: row["value"] for row in rows}
    missing = sorted(standing.keys() - values.keys())
    if missing:
        rows[0].refuse("serial", _missing(missing))
        return None
    parts = {serial: (values[serial], one.factor_micro) for serial, one in standing.items()}
    return _Premises(account, rows, units_of(parts.values()), parts)


def _refuse_unknown(load: Load, row: Row, year: int, device: Device | None) -> None:
    if device is None:
        if ("distributor", row["account"], row["serial"]) not in load.broken:
            row.refuse(
                "serial",
                "Такого распределителя у счёта нет ни в файле, ни в базе. "
                "Добавьте его на лист «Распределители».",
            )
        row.is_bad = True
    elif not device.is_of(year):
        until = f" по {device.removed_on:%d.%m.%Y}" if device.removed_on else ""
        row.refuse("year", f"Он стоял с {device.installed_on:%d.%m.%Y}{until}: в {year} году его не было.")


def _missing(serials: Sequence[str]) -> str:
    named = ", ".join(f"№ {one}" for one in serials[:NAMED_MAX])
    more = f" и ещё {len(serials) - NAMED_MAX}" if len(serials) > NAMED_MAX else ""
    return (
        f"Нет показаний {named}{more}, а показание помещения — сумма всех его распределителей. "
        "Впишите их или укажите на листе «Распределители», когда они сняты."
    )


async def _keep(load: Load, house_id: int, year: int, premises: Sequence[_Premises]) -> None:
    """The house as it becomes; half of its area or less is refused at the first of its rows."""
    house = await distributors.of_house(load.session, house_id, year)
    if house is None:
        return
    grounds = dict.fromkeys(row["ground"] or GROUND for one in premises for row in one.rows)
    deed = Deed(load.user_id, "; ".join(grounds)[:GROUND_MAX], load.ip)
    units = {one.account.id: one.units_micro for one in premises}
    parts = {one.account.id: one.parts for one in premises if one.parts is not None}
    try:
        await distributors.save(load.session, house, year, units, deed, parts)
    except PeopleRefused as refused:
        premises[0].rows[0].refuse(
            "account", f"{house.address}: {refused.message[0].lower()}{refused.message[1:]}"
        )
