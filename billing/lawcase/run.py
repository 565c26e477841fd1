"""Runs law cases, each alone and again hidden in a shuffled block of strangers, and compares every line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from billing.basis import Basis
from billing.block import Block
from billing.lawcase.block import Memo, build
from billing.lawcase.crowd import crowd
from billing.lawcase.instalment import instalment_checks
from billing.lawcase.model import AccountSpec, Case, Expectation, ExpectedLine, ExpectedParking, HouseSpec
from billing.lawcase.overdue import overdue_checks
from billing.lawcase.run_penalty import penalty_checks
from billing.lawcase.subsidy import subsidy_checks
from billing.lines import Lines
from billing.parked import Parked
from billing.period import Period
from billing.quantity import MICRO, RATE_PER_RUBLE, format_scaled
from billing.services import CATALOGUE, component_label, component_unit

Accrue = Callable[[Block], tuple[Lines, Parked]]

STRANGERS = 1000
ALONE, HIDDEN = "один", "в блоке"
NOTHING = "—"
SHORT_FRACTION = 12  # figures a reader takes in at a glance


@dataclass(frozen=True, slots=True)
class Check:
    """One compared line (or parking) of a case: words of both sides."""

    case: Case
    account: str
    where: str
    service: str
    expected: str
    got: str
    ok: bool


@dataclass(frozen=True, slots=True)
class GotLine:
    """A line of the engine in natural units."""

    service: int
    component: int
    basis: int
    volume: Fraction
    rate: int
    amount_kopecks: int
    surcharge_kopecks: int
    first_day: int
    days: int


def run_cases(
    cases: Sequence[Case], accrue: Accrue, rng: np.random.Generator, strangers: int = STRANGERS
) -> list[Check]:
    """Checks of every case, alone and hidden. strangers = 0 leaves the hidden pass out."""
    crowds: dict[Period, list[HouseSpec]] = {}
    memo: Memo = {}
    checks: list[Check] = []
    for case in cases:
        if case.penalty is not None:
            checks.extend(_penalty(case, rng, strangers))
            continue
        if case.instalment is not None:
            checks.extend(Check(case, "", ALONE, *words) for words in instalment_checks(case.instalment))
            continue
        if case.overdue is not None:
            checks.extend(Check(case, "", ALONE, *words) for words in overdue_checks(case.overdue))
            continue
        if case.subsidy is not None:
            checks.extend(Check(case, "", ALONE, *words) for words in subsidy_checks(case.subsidy))
            continue
        checks.extend(_pass(case, [case.house], 0, accrue, ALONE, memo))
        if strangers:
            if case.period not in crowds:
                crowds[case.period] = crowd(rng, case.period, strangers)
            houses, at = hide(case.house, crowds[case.period], rng)
            checks.extend(_pass(case, houses, at, accrue, HIDDEN, memo))
    return checks


def _penalty(case: Case, rng: np.random.Generator, strangers: int) -> list[Check]:
    """Checks of a case about a penalty, alone and among strangers."""
    assert case.penalty is not None
    out = []
    for where, others in ((ALONE, 0), (HIDDEN, strangers)):
        if where == ALONE or strangers:
            found = penalty_checks(case.penalty, rng, others)
            out += [Check(case, "", where, *words) for words in found]
    return out


def hide(
    house: HouseSpec, others: Sequence[HouseSpec], rng: np.random.Generator
) -> tuple[list[HouseSpec], int]:
    """All houses in a random order with shuffled accounts, and the place of the case's house among them."""
    everyone = [*others, house]
    order = rng.permutation(len(everyone)).tolist()
    mixed = [_shuffled(everyone[at], rng) for at in order]
    return mixed, order.index(len(others))


def _shuffled(house: HouseSpec, rng: np.random.Generator) -> HouseSpec:
    order = rng.permutation(len(house.accounts)).tolist()
    return replace(house, accounts=tuple(house.accounts[at] for at in order))


def _pass(
    case: Case, houses: Sequence[HouseSpec], at: int, accrue: Accrue, where: str, memo: Memo
) -> list[Check]:
    """Checks of the case whose house is houses[at]."""
    built = build(houses, case.period, memo=memo)
    try:
        lines, parked = accrue(built.block)
        lines.check()
    except Exception as error:
        fault = f"движок упал: {type(error).__name__}: {error}"
        return [Check(case, "", where, NOTHING, "строки", fault, False)]
    checks: list[Check] = []
    for position, account in enumerate(houses[at].accounts, built.starts[at]):
        if account.expect is not None:
            account_id = int(built.block.accounts.id[position])
            found = _lines_of(lines, account_id)
            reason = parked.reason.get(position)
            checks.extend(
                Check(case, account.name, where, *words)
                for words in _compare(account, account.expect, found, reason)
            )
    return checks


def _lines_of(lines: Lines, account_id: int) -> list[GotLine]:
    """Lines of one account in natural units, in a stable order."""
    rows = lines.take(np.flatnonzero(lines.account_id == account_id)).ordered()
    return [
        GotLine(
            service=int(rows.service[i]),
            component=int(rows.component[i]),
            basis=int(rows.basis[i]),
            volume=Fraction(int(rows.volume_num[i]), int(rows.volume_den[i]) * MICRO),
            rate=int(rows.rate[i]),
            amount_kopecks=int(rows.amount_kopecks[i]),
            surcharge_kopecks=int(rows.surcharge_kopecks[i]),
            first_day=int(rows.first_day[i]),
            days=int(rows.days[i]),
        )
        for i in range(len(rows))
    ]


# ---- comparison ------------------------------------------------------------------------------------------

Words = tuple[str, str, str, bool]  # service, expected, got, ok


def _compare(
    account: AccountSpec, expect: Expectation, found: list[GotLine], parked: tuple[object, int, str] | None
) -> list[Words]:
    if expect.parked is not None:
        return [_compare_parking(expect.parked, found, parked)]
    if parked is not None:
        reason, service, detail = parked
        got = f"отложен: {getattr(reason, 'name', reason)} ({_service(service)}, {detail})"
        return [(_service(service), "строки", got, False)]
    left = [line for line in found if line.service not in expect.ignored]
    out: list[Words] = []
    for wanted in expect.lines:
        best = _best(wanted, left)
        if best is None:
            out.append((_label(wanted.service, wanted.component), _wanted_words(wanted), NOTHING, False))
            continue
        left.remove(best)
        out.append(_compare_line(wanted, best))
    out.extend((_label(line.service, line.component), "нет строки", _got_words(line), False) for line in left)
    if not out:
        out.append((NOTHING, "нет строк", "нет строк", True))
    return out


def _compare_parking(
    wanted: ExpectedParking, found: list[GotLine], parked: tuple[object, int, str] | None
) -> Words:
    label = NOTHING if wanted.service is None else _service(wanted.service)
    expected = f"отложен: {wanted.reason.name}"
    if parked is None:
        return label, expected, f"не отложен, строк: {len(found)}", False
    reason, service, _ = parked
    got = f"отложен: {getattr(reason, 'name', reason)}"
    if wanted.service not in (None, service):
        got += f" ({_service(service)})"
    if found:
        got += f", но строк: {len(found)}"
    ok = reason is wanted.reason and wanted.service in (None, service) and not found
    return label, expected, got, ok


def _best(wanted: ExpectedLine, left: list[GotLine]) -> GotLine | None:
    """The line that agrees with the most of what is wanted, of the same service and component."""
    same = [x for x in left if (x.service, x.component) == (wanted.service, wanted.component)]
    return max(same, key=lambda line: _agreement(wanted, line), default=None)


def _agreement(wanted: ExpectedLine, line: GotLine) -> tuple[bool, ...]:
    return (
        wanted.basis == line.basis,
        wanted.first_day in (None, line.first_day),
        wanted.days in (None, line.days),
        wanted.amount_kopecks == line.amount_kopecks,
        wanted.surcharge_kopecks == line.surcharge_kopecks,
        wanted.rate in (None, line.rate),
        _same_volume(wanted, line),
    )


def _same_volume(wanted: ExpectedLine, line: GotLine) -> bool:
    if wanted.volume is None:
        return True
    if wanted.volume.decimals is None:
        return wanted.volume.value == line.volume
    return wanted.volume.value == half_up(line.volume, wanted.volume.decimals)


def half_up(value: Fraction, decimals: int) -> Fraction:
    """Rounded half away from zero."""
    scale = 10**decimals
    doubled = abs(value) * scale * 2 + 1
    magnitude = doubled.numerator // (doubled.denominator * 2)
    return Fraction(magnitude if value >= 0 else -magnitude, scale)


def _compare_line(wanted: ExpectedLine, line: GotLine) -> Words:
    ok = all(_agreement(wanted, line))
    return _label(wanted.service, wanted.component), _wanted_words(wanted), _got_words(line), ok


# ---- words -----------------------------------------------------------------------------------------------


def _service(service: int) -> str:
    return CATALOGUE[service].short_label if service in CATALOGUE else str(service)


def _label(service: int, component: int) -> str:
    return component_label(service, component) if service in CATALOGUE else str(service)


def _money(kopecks: int, surcharge: int) -> str:
    text = f"{format_scaled(kopecks, 100, 2)} ₽"
    return f"{text} + К {format_scaled(surcharge, 100, 2)} ₽" if surcharge else text


def _volume_words(value: Fraction, unit: str) -> str:
    """The decimal when it is exact, else the fraction, with a decimal beside it when it is long."""
    micro = half_up(value * MICRO, 0)
    text = format_scaled(micro.numerator, MICRO, 6).rstrip("0").rstrip(",")
    if micro != value * MICRO:
        fraction = f"{value.numerator}/{value.denominator}"
        text = fraction if len(fraction) <= SHORT_FRACTION else f"{fraction} (≈{text})"
    return f"{text} {unit}"


def _rate_words(rate: int) -> str:
    """A tariff with two decimals, or four when it needs them."""
    decimals = 2 if rate % 100 == 0 else 4
    return f"по {format_scaled(rate, RATE_PER_RUBLE, decimals)}"


def _wanted_words(line: ExpectedLine) -> str:
    parts = [_basis(line.basis)]
    if line.volume is not None:
        sign = "≈" if line.volume.decimals is not None else ""
        parts.append(sign + _volume_words(line.volume.value, component_unit(line.service, line.component)))
    if line.rate is not None:
        parts.append(_rate_words(line.rate))
    if line.first_day is not None and line.days is not None:
        parts.append(f"{line.first_day}–{line.first_day + line.days - 1} числа")
    parts.append(_money(line.amount_kopecks, line.surcharge_kopecks))
    return " · ".join(parts)


def _got_words(line: GotLine) -> str:
    unit = component_unit(line.service, line.component) if line.service in CATALOGUE else ""
    return " · ".join(
        (
            _basis(line.basis),
            _volume_words(line.volume, unit),
            _rate_words(line.rate),
            f"{line.first_day}–{line.first_day + line.days - 1} числа",
            _money(line.amount_kopecks, line.surcharge_kopecks),
        )
    )


def _basis(code: int) -> str:
    return Basis(code).name.lower() if code in Basis._value2member_map_ else str(code)
