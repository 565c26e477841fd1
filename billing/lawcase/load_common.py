"""What a case says of the kept months of common needs: balance and last year of the house, last year of an
account.
"""

from __future__ import annotations

from billing.lawcase.cells import Cell
from billing.lawcase.model import CommonSpec, YearSpec
from billing.lawcase.units import SERVICES, rate_unit, volume_unit
from billing.services import COMMON

MONTHS = 12


def _services(cell: Cell | None) -> dict[int, Cell]:
    """Services of common needs by what is said of each."""
    if cell is None or cell.is_none:
        return {}
    names = {name: code for name, code in SERVICES.items() if COMMON < code < COMMON * 2}
    return {names[name]: item for name, item in cell.fields(names).items()}


def common_past_of(cell: Cell | None) -> dict[int, CommonSpec]:
    """Of a house: {common_cold_water: {carried: -5, last_year: 120, months: 12}}."""
    out = {}
    for service, item in _services(cell).items():
        row = item.fields(("carried", "last_year", "months"))
        carried = row["carried"].quantity(volume_unit(service), signed=True) if "carried" in row else 0
        if carried > 0:
            item.fail("остаток прошлых месяцев не бывает больше нуля: он уменьшает следующие.")
        year = row["last_year"].quantity(volume_unit(service)) if "last_year" in row else 0
        months = row["months"].integer(0, MONTHS) if "months" in row else MONTHS * ("last_year" in row)
        out[service] = CommonSpec(carried, year, months)
    return out


def common_years_of(cell: Cell | None) -> dict[int, YearSpec]:
    """Of an account: {common_cold_water: {billed: 12000, months: [{volume: 0.5, tariff: 45.67}]}}."""
    out = {}
    for service, item in _services(cell).items():
        row = item.fields(("billed", "months"), ("billed", "months"))
        cost = 0
        for month in row["months"].items():
            cells = month.fields(("volume", "tariff"), ("volume", "tariff"))
            cost += cells["volume"].quantity(volume_unit(service)) * cells["tariff"].quantity(
                rate_unit(service, 0)
            )
        out[service] = YearSpec(row["billed"].integer(0, 10**9), cost)
    return out
