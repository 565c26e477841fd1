"""Columns of a block as inputs of OpenFisca: natural units, one value an account or a house."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import AccountKind, Block, HouseMeter
from billing.services import Method

Column = npt.NDArray[Any]
MICRO = 1e6
METERED = {1: "cold", 2: "hot", 4: "heating", 5: "power", 6: "gas"}
SERVICES = {**METERED, 3: "sewerage", 7: "waste", 8: "upkeep", 9: "repair"}
SERVICES |= {21: "common_cold", 22: "common_hot", 23: "common_sewerage", 25: "common_power"}
NORMS = {
    "cold": (1, "person"), "hot": (2, "person"), "sewerage": (3, "person"), "power": (5, "person"),
    "gas": (6, "person"), "gas_area": (6, "area"), "waste": (7, "waste_year"), "heating": (4, "area"),
    "cold_contract": (1, "contract"), "hot_contract": (2, "contract"), "sewerage_contract": (3, "contract"),
    "power_contract": (5, "contract"), "gas_contract": (6, "contract"), "heat_per_m3": (2, "heat_per_m3"),
    "common_cold": (21, "common"), "common_hot": (22, "common"), "common_sewerage": (23, "common"),
    "common_power": (25, "common"),
}  # fmt: skip
PLACES = 2
ZONES = 3
METER_FLAGS = ("has_reading", "second_refusal", "supplier_duty")
METER_COUNTS = ("gap_months", "silent_months", "failed_month", "refused_month", "window_months")


def inputs_of(block: Block) -> dict[str, Column]:
    """Every input variable of _openfisca_rules, by name."""
    assert len(block.days) == 1, "the peer knows months without a change inside"
    accounts, houses = block.accounts, block.houses
    days = block.days_in_month
    nonresidential = accounts.kind == AccountKind.NONRESIDENTIAL
    out: dict[str, Column] = {
        "is_nonresidential": nonresidential,
        "people": accounts.norm_person_days[0] / days,
        "temporary": accounts.temporary_days[0] / days,
        "open_share": accounts.open_days[0] / days,
        "area": accounts.area_days[0] / (100 * days),
        "is_unheated": accounts.heated_area_dm2 == 0,
        "house_area": houses.area_total_dm2 / 100,
        "house_common_area": houses.area_common_dm2 / 100,
        "is_uniform": houses.heating_uniform,
        "heating_months": block.coefficients["heating_months"][0] / 1000,
    }
    for name, key in NORMS.items():
        out[f"norm_{name}"] = np.maximum(block.norm(*key)[0], 0) / MICRO
    for service, name in SERVICES.items():
        out[f"has_{name}"] = block.has(service)[0]
    out["waste_by_area"] = block.method(7) == Method.AREA
    for service in (21, 22, 23, 25):
        actual = block.services[service].method == Method.COMMON_ACTUAL
        out[f"{SERVICES[service]}_by_meter"] = actual
    for (service, component), table in block.rates.items():
        for consumer, word in enumerate(("population", "business")):
            values = np.maximum(table.values[0, consumer], 0)
            out[f"tariff_{service}_{component}_{word}"] = values / 10_000
    _meters(block, out)
    _house_meters(block, out)
    return out


def _meters(block: Block, out: dict[str, Column]) -> None:
    """Every column of every meter, in two places an account and service; readings in thousandths."""
    meters = block.meters
    for service, name in METERED.items():
        impossible = block.accounts.meter_impossible >> service & 1
        out[f"{name}_is_possible"] = impossible == 0
        rows = meters.of(service)
        account = meters.account[rows].astype(np.intp)
        starts = np.flatnonzero(np.append(True, np.diff(account) > 0)) if len(rows) else np.zeros(0, np.intp)
        within = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
        assert within.max(initial=0) < PLACES, "the peer has room for two meters of a service"
        for place in range(PLACES):
            some = within == place
            _meter_columns(block, out, f"{name}_m{place}", rows[some], account[some], service)


def _meter_columns(
    block: Block, out: dict[str, Column], name: str, rows: Column, account: Column, service: int
) -> None:
    meters = block.meters

    def put(word: str, values: Column, kind: type = np.int64) -> None:
        column: Column = np.zeros(len(block), kind)
        column[account] = values
        out[f"{name}_{word}"] = column

    put("is_there", np.ones(len(rows), np.bool_), np.bool_)
    put("turn", 1000 * 10 ** meters.digits[rows].astype(np.int64))
    for word in METER_FLAGS:
        put(word, getattr(meters, word)[rows], np.bool_)
    for word in METER_COUNTS:
        put(word, getattr(meters, word)[rows])
    for zone in range(ZONES if service == 5 else 1):
        for word in ("start", "end", "window", "billed"):
            put(f"{word}_{zone}", getattr(meters, word)[rows, zone] // 1000)
    if service == 5:
        put("zones", meters.zones[rows])


def _house_meters(block: Block, out: dict[str, Column]) -> None:
    size = len(block.houses)
    none = HouseMeter(
        np.zeros(size, np.bool_),
        np.zeros(size, np.bool_),
        np.ones(size, np.int8),
        np.zeros((size, 3), np.int64),
    )
    for service in (1, 2, 4, 5):
        meter = block.house_meters.get(service, none)
        name = METERED[service]
        out[f"house_{name}_is_read"] = meter.has & meter.has_reading
        out[f"house_{name}_volume"] = meter.volume.sum(1) / MICRO
        if service == 5:
            zoned = (meter.zones > 1) & (meter.volume.sum(1) > 0)
            total = np.maximum(meter.volume.sum(1), 1)
            out["house_power_0_share"] = np.where(zoned, 0.0, 1.0)
            for zone in range(3):
                out[f"house_power_{zone + 1}_share"] = np.where(zoned, meter.volume[:, zone] / total, 0.0)
