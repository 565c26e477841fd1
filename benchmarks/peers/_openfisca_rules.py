"""The formulas of the base services as OpenFisca variables: an account is a person, a house is its group.

One variable an amount (kopecks, surcharge included), one a volume; the ones that differ only by service are
made by the same few functions. K of the month is 1,5 (3,0 for cold water), as in billing/law/federal.yaml.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from benchmarks.peers._openfisca_base import ACCOUNT, HOUSE, Formula, kopecks, variable
from benchmarks.peers._openfisca_inputs import METERED, NORMS, PLACES, SERVICES
from benchmarks.peers._openfisca_meters import meter_inputs, meters

TEMPORARY = 1 << 12
K = {"cold": 3.0, "hot": 1.5, "power": 1.5}
CODES = {name: code for code, name in SERVICES.items()}
RATES = (
    (1, 0), (2, 1), (2, 2), (3, 0), (4, 0), (5, 0), (5, 1), (5, 2), (5, 3), (6, 0), (7, 0), (8, 0), (9, 0),
    (21, 0), (22, 1), (22, 2), (23, 0), (25, 0), (25, 1), (25, 2), (25, 3),
)  # fmt: skip
AMOUNTS: dict[str, int] = {}  # variable → service × 8 + component (+ TEMPORARY)


@cache
def city_system() -> TaxBenefitSystem:
    """The system with every variable, made once."""
    system = TaxBenefitSystem([ACCOUNT, HOUSE])
    for one in _variables():
        system.add_variable(one)
    return system


# ---- inputs --------------------------------------------------------------------------------------


def _variables() -> list[type[Variable]]:
    return [*_inputs(), *meters(), *_uses(), *_sewerage(), *_heating(), *_by_area_and_people(), *_common()]


def _inputs() -> list[type[Variable]]:
    made = [variable(name, ACCOUNT, bool) for name in ("is_nonresidential", "is_unheated")]
    made += [variable(name, ACCOUNT, float) for name in ("people", "temporary", "open_share", "area")]
    made += [variable(f"norm_{name}", ACCOUNT, float) for name in NORMS]
    made += [variable(f"has_{name}", ACCOUNT, bool) for name in SERVICES.values()]
    for service, name in METERED.items():
        made.append(variable(f"{name}_is_possible", ACCOUNT, bool))
        for place in range(PLACES):
            made += meter_inputs(f"{name}_m{place}", service)
    made += [variable(n, HOUSE, float) for n in ("house_area", "house_common_area", "heating_months")]
    made += [variable(name, HOUSE, bool) for name in ("is_uniform",)]
    made.append(variable("waste_by_area", ACCOUNT, bool))
    for name in ("common_cold", "common_hot", "common_sewerage", "common_power"):
        made.append(variable(f"{name}_by_meter", HOUSE, bool))
    for name in ("cold", "hot", "heating", "power"):
        made.append(variable(f"house_{name}_is_read", HOUSE, bool))
        made.append(variable(f"house_{name}_volume", HOUSE, float))
    made += [variable(f"house_power_{zone}_share", HOUSE, float) for zone in range(4)]
    for service, component in RATES:
        for word in ("population", "business"):
            made.append(variable(f"tariff_{service}_{component}_{word}", HOUSE, float))
    return made


def tariff(account: Any, period: Any, service: int, component: int) -> Any:
    """Of the account's house and its kind of consumer."""
    name = f"tariff_{service}_{component}"
    business = account.house(f"{name}_business", period)
    return np.where(
        account("is_nonresidential", period), business, account.house(f"{name}_population", period)
    )


# ---- metered services ----------------------------------------------------------------------------


def _uses() -> list[type[Variable]]:
    """Cold water, hot water in two parts, electricity by zones, gas."""
    made = []
    for name in ("cold", "hot", "power", "gas"):
        made += [variable(f"{name}_normed", ACCOUNT, float, _normed(name))]
        made += [variable(f"{name}_temporary", ACCOUNT, float, _of_temporary(name))]
        made.append(variable(f"{name}_used", ACCOUNT, float, _used(name)))
    for name, service, component in (
        ("cold", 1, 0), ("hot", 2, 1), ("power", 5, 0), ("power", 5, 1), ("power", 5, 2), ("power", 5, 3),
        ("gas", 6, 0),
    ):  # fmt: skip
        made.append(_amount(f"{name}_{component}", service, component, _charge(name, service, component)))
    made.append(_amount("hot_heat", 2, 2, _charge_heat("hot_0_volume", "hot_normed")))
    for name, service, component in (("cold", 1, 0), ("hot", 2, 1), ("power", 5, 0), ("gas", 6, 0)):
        formula = _charge_temporary(name, service, component)
        made.append(_amount(f"{name}_temporary", service, component, formula, TEMPORARY))
    made.append(_amount("hot_heat_temporary", 2, 2, _charge_heat(None, "hot_temporary"), TEMPORARY))
    return made


def _amount(name: str, service: int, component: int, formula: Formula, extra: int = 0) -> type[Variable]:
    AMOUNTS[f"{name}_kopecks"] = service * 8 + component + extra
    return variable(f"{name}_kopecks", ACCOUNT, float, formula)


def _by_norm(account: Any, period: Any, name: str) -> Any:
    measured = account(f"{name}_is_read", period) | account(f"{name}_is_averaged", period)
    return account(f"has_{name}", period) & ~measured


def _normed(name: str) -> Formula:
    """By the norm of the dwelling, or by the contract of a non-residential premises."""

    def formula(account: Any, period: Any) -> Any:
        volume = account("people", period) * account(f"norm_{name}", period)
        if name == "gas":
            volume = volume + account("area", period) * account("norm_gas_area", period)
        contract = account("open_share", period) * account(f"norm_{name}_contract", period)
        business = account("is_nonresidential", period)
        return np.where(_by_norm(account, period, name), np.where(business, contract, volume), 0)

    return formula


def _of_temporary(name: str) -> Formula:
    def formula(account: Any, period: Any) -> Any:
        some = _by_norm(account, period, name) & ~account("is_nonresidential", period)
        return np.where(some, account("temporary", period) * account(f"norm_{name}", period), 0)

    return formula


def _used(name: str) -> Formula:
    """All that an account used of a resource, for sewerage and for common needs."""

    def formula(account: Any, period: Any) -> Any:
        total = account(f"{name}_normed", period) + account(f"{name}_temporary", period)
        for component in range(4 if name == "power" else 1):
            total = total + account(f"{name}_{component}_volume", period)
        return total

    return formula


def _charge(name: str, service: int, component: int) -> Formula:
    part = component if name == "power" else 0

    def formula(account: Any, period: Any) -> Any:
        rate = tariff(account, period, service, component)
        amount = kopecks(account(f"{name}_{part}_volume", period), rate)
        if part:
            return amount
        normed = account(f"{name}_normed", period)
        amount = amount + kopecks(normed, rate)
        if name not in K:
            return amount
        raised = account(f"{name}_is_raised", period) & ~account("is_nonresidential", period)
        return amount + np.where(raised, kopecks(normed, rate, K[name] - 1), 0)

    return formula


def _charge_temporary(name: str, service: int, component: int) -> Formula:
    def formula(account: Any, period: Any) -> Any:
        rate, volume = tariff(account, period, service, component), account(f"{name}_temporary", period)
        amount = kopecks(volume, rate)
        if name not in K:
            return amount
        return amount + np.where(account(f"{name}_is_raised", period), kopecks(volume, rate, K[name] - 1), 0)

    return formula


def _charge_heat(metered: str | None, normed: str) -> Formula:
    """Heat of hot water: cubic metres × q, never with K."""

    def formula(account: Any, period: Any) -> Any:
        rate, norm = tariff(account, period, 2, 2), account("norm_heat_per_m3", period)
        volume = account(normed, period)
        if metered is not None:
            volume = volume + account(metered, period)
        return kopecks(volume * norm, rate)

    return formula


# ---- sewerage ------------------------------------------------------------------------------------


def _sewerage() -> list[type[Variable]]:
    def is_normed(account: Any, period: Any) -> Any:
        """Both waters by the norm (or not there): the norm of sewerage applies."""
        by_norm = ~account("is_nonresidential", period)
        for name in ("cold", "hot"):
            by_norm = by_norm & (~account(f"has_{name}", period) | _by_norm(account, period, name))
        return account("has_sewerage", period) & by_norm

    def volume(account: Any, period: Any) -> Any:
        waters = account("cold_used", period) + account("hot_used", period)
        dry = ~account("has_cold", period) & ~account("has_hot", period)
        contract = account("open_share", period) * account("norm_sewerage_contract", period)
        of_waters = np.where(dry & account("is_nonresidential", period), contract, waters)
        own = account("people", period) * account("norm_sewerage", period)
        found = np.where(account("sewerage_is_normed", period), own, of_waters)
        return np.where(account("has_sewerage", period), found, 0)

    def amount(account: Any, period: Any) -> Any:
        return kopecks(account("sewerage_volume", period), tariff(account, period, 3, 0))

    def temporary(account: Any, period: Any) -> Any:
        volume = account("temporary", period) * account("norm_sewerage", period)
        due = kopecks(volume, tariff(account, period, 3, 0))
        return np.where(account("sewerage_is_normed", period), due, 0)

    return [
        variable("sewerage_is_normed", ACCOUNT, bool, is_normed),
        variable("sewerage_volume", ACCOUNT, float, volume),
        _amount("sewerage", 3, 0, amount),
        _amount("sewerage_temporary", 3, 0, temporary, TEMPORARY),
    ]


# ---- heating -------------------------------------------------------------------------------------


def _heating() -> list[type[Variable]]:
    def is_metered(account: Any, period: Any) -> Any:
        used = account("heating_is_read", period) | account("heating_is_averaged", period)
        return used & account("has_heating", period) & ~account("is_unheated", period)

    def own_volume(account: Any, period: Any) -> Any:
        return np.where(account("heating_is_metered", period), account("heating_0_volume", period), 0)

    def volume(account: Any, period: Any) -> Any:
        house, area = account.house, account("area", period)
        by_norm = area * account("norm_heating", period)
        uniform = by_norm * house("heating_months", period) / 12
        shared = _shared_heat(account, period)
        found = np.where(house("house_heating_is_read", period), shared, _without_meter(account, period))
        found = np.where(house("is_uniform", period), uniform, found)
        return np.where(account("has_heating", period), found, 0)

    def amount(account: Any, period: Any) -> Any:
        return kopecks(account("heating_volume", period), tariff(account, period, 4, 0))

    return [
        variable("heating_is_metered", ACCOUNT, bool, is_metered),
        variable("heating_own", ACCOUNT, float, own_volume),
        variable("heating_volume", ACCOUNT, float, volume),
        _amount("heating", 4, 0, amount),
    ]


def _without_meter(account: Any, period: Any) -> Any:
    """Formula 2; 2(3) where some premises of the house are unheated."""
    house, norm = account.house, account("norm_heating", period)
    cold = _cold_area(account, period)
    by_house = _nobody_metered(account, period, norm * house("house_area", period), cold)
    return np.where(cold > 0, by_house, account("area", period) * norm)


def _cold_area(account: Any, period: Any) -> Any:
    off = account("is_unheated", period) & (account("open_share", period) > 0)
    return account.house.sum(np.where(off, account("area", period), 0))


def _nobody_metered(account: Any, period: Any, volume: Any, cold: Any) -> Any:
    """Formulas 3, 3(6): V_i of the heated plus the share of what is left, 0 for an unheated premises."""
    house = account.house
    total, common = house("house_area", period), house("house_common_area", period)
    area = account("area", period)
    divided = total - cold + common
    own = np.where(account("is_unheated", period), 0, area * volume / np.maximum(divided, 1))
    spread = volume - (total - cold) * volume / np.maximum(divided, 1)
    return np.where(cold > 0, own + area / total * spread, area * volume / total)


def _shared_heat(account: Any, period: Any) -> Any:
    """Formulas 3, 3(1), 3(3), 3(7) with the meter of the house."""
    house, area = account.house, account("area", period)
    volume, total = house("house_heating_volume", period), house("house_area", period)
    cold = _cold_area(account, period)
    metered, own = account("heating_is_metered", period), account("heating_own", period)
    sum_own = house.sum(own)
    sum_area = house.sum(np.where(metered, area, 0))
    mean = sum_own / np.maximum(sum_area, 1)
    off = account("is_unheated", period)
    left = house.sum((account("has_heating", period) & ~metered & ~off) * 1.0)
    others = np.where(left == 0, 0, np.maximum(total - cold - sum_area, 0))
    mine = np.where(metered, own, np.where(off, 0, area * mean))
    with_meters = mine + area / total * (volume - sum_own - others * mean)
    return np.where(sum_area > 0, with_meters, _nobody_metered(account, period, volume, cold))


# ---- waste, upkeep, capital repair ---------------------------------------------------------------


def _by_area_and_people() -> list[type[Variable]]:
    def waste(account: Any, period: Any) -> Any:
        per = np.where(account("waste_by_area", period), account("area", period), account("people", period))
        volume = np.where(account("has_waste", period), per * account("norm_waste", period) / 12, 0)
        return kopecks(volume, tariff(account, period, 7, 0))

    def temporary(account: Any, period: Any) -> Any:
        some = account("has_waste", period) & ~account("waste_by_area", period)
        volume = np.where(some, account("temporary", period) * account("norm_waste", period) / 12, 0)
        return kopecks(volume, tariff(account, period, 7, 0))

    def by_area(name: str, service: int) -> Formula:
        def formula(account: Any, period: Any) -> Any:
            area = np.where(account(f"has_{name}", period), account("area", period), 0)
            return kopecks(area, tariff(account, period, service, 0))

        return formula

    return [
        _amount("waste", 7, 0, waste),
        _amount("waste_temporary", 7, 0, temporary, TEMPORARY),
        _amount("upkeep", 8, 0, by_area("upkeep", 8)),
        _amount("repair", 9, 0, by_area("repair", 9)),
    ]


# ---- common needs --------------------------------------------------------------------------------


def _common() -> list[type[Variable]]:
    """By the norm of the common property, or by the meter of the house less what the flats used."""
    made = []
    for name, resource in (("cold", "cold"), ("hot", "hot"), ("power", "power"), ("sewerage", "sewerage")):
        made.append(variable(f"common_{name}_volume", HOUSE, float, _excess(resource)))
        made.append(variable(f"common_{name}_share", ACCOUNT, float, _share(name)))
    parts = ((21, 0, "cold"), (22, 1, "hot"), (23, 0, "sewerage"))
    for service, component, name in parts:
        made.append(_amount(f"common_{name}", service, component, _charge_common(name, service, component)))
    made.append(_amount("common_hot_heat", 22, 2, _charge_common("hot", 22, 2, heat=True)))
    for zone in range(4):
        formula = _charge_common("power", 25, zone, zone=zone)
        made.append(_amount(f"common_power_{zone}", 25, zone, formula))
    return made


def _excess(resource: str) -> Formula:
    def formula(house: Any, period: Any) -> Any:
        total = 0.0
        for one in ("cold", "hot") if resource == "sewerage" else (resource,):
            used = house.sum(house.members(f"{one}_used", period))
            provided = house.sum(house.members(f"has_{one}", period) * 1.0) > 0
            left = np.maximum(house(f"house_{one}_volume", period) - used, 0)
            total = total + (provided * left if resource == "sewerage" else left)
        return total

    return formula


def _share(name: str) -> Formula:
    def formula(account: Any, period: Any) -> Any:
        house = account.house
        norm = account(f"norm_common_{name}", period) * house("house_common_area", period)
        by_meter = house(f"common_{name}_by_meter", period)
        volume = np.where(by_meter, house(f"common_{name}_volume", period), norm)
        share = volume * account("area", period) / house("house_area", period)
        return np.where(account(f"has_common_{name}", period), share, 0)

    return formula


def _charge_common(
    name: str, service: int, component: int, heat: bool = False, zone: int | None = None
) -> Formula:
    def formula(account: Any, period: Any) -> Any:
        volume = account(f"common_{name}_share", period)
        if heat:
            volume = volume * account("norm_heat_per_m3", period)
        if zone is not None:
            volume = volume * account.house(f"house_power_{zone}_share", period)
        return kopecks(volume, account.house(f"tariff_{service}_{component}_population", period))

    return formula


assert CODES["waste"] == 7, "names of services are those of the inputs"
