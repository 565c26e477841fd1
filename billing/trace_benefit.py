"""A льгота told: whose share of the charge, within which limit, by which permille; rent with its factors."""

from __future__ import annotations

from fractions import Fraction

from billing.arithmetic import decimal, ratio
from billing.basis import COMPENSATIONS, RENT_BITS
from billing.benefits import AREA_SERVICES, PERMILLE_MAX, said
from billing.money import share_of
from billing.period import Period
from billing.quantity import DM2_PER_M2, KOPECKS_PER_RUBLE, MICRO, PERMILLE, format_scaled
from billing.services import CATALOGUE, Service
from billing.trace_line import Derived, Facts, Line, Number

PERCENT = 100


def benefit(line: Line, period: Period, facts: Facts) -> Derived:
    """Share within the limit × covered of people × permille × days in force."""
    told = said(line.a, line.b)
    plain = Fraction(told.permille * told.covered * told.days, PERMILLE_MAX * told.people * told.open_days)
    share = -Fraction(line.volume, MICRO)
    within = Fraction(share, plain) if plain else Fraction(1)
    who = facts.sources.get("benefit", "льгота, внесённая на этот счёт")
    numbers = [Number("percent", "доля льготы", _percent(told.permille), who)]
    factors = [decimal(told.permille, PERMILLE)]
    if told.people > 1 or told.covered > 1:
        words = f"{told.covered} из {told.people}"
        numbers.append(Number("people", "на кого из живущих", words, "зарегистрированные на 1-е число"))
        factors.append(f"{told.covered} / {told.people}")
    if told.days < told.open_days:
        words = f"{told.days} из {told.open_days}"
        numbers.append(Number("days", "дней действия льготы", words, "срок льготы"))
        factors.append(f"{told.days} / {told.open_days}")
    notes = []
    if told.limit_micro > 0 and 0 < within < 1:
        per = Fraction(told.limit_micro * told.people, MICRO)
        unit = _unit(line)
        numbers.append(
            Number("limit", "предел на человека", f"{decimal(told.limit_micro, MICRO)} {unit}", _limit(line))
        )
        numbers.append(
            Number("within", "в пределах нормы", _percent_of(within), f"предел на всех {ratio(per)} {unit}")
        )
        notes.append("Сверх нормы льготы нет: эта часть оплачивается полностью.")
    elif within != 1 and line.service == Service.CAPITAL_REPAIR:
        words = _percent_of(within)
        numbers.append(Number("minimum", "минимальный взнос от взноса дома", words, "закон субъекта"))
        notes.append("Льготу дают с минимального взноса на капитальный ремонт.")
    elif within != 1:
        notes.append("Льготы нескольких человек вместе не могут быть больше платы за услугу.")
    if within != 1:
        factors.append(ratio(within))
    compensation = line.basis in COMPENSATIONS
    if compensation:
        paid = share_of(told.charge_kopecks, share)
        charge = format_scaled(told.charge_kopecks, KOPECKS_PER_RUBLE, 2)
        words = f"{charge} × {_percent_of(share)} = {format_scaled(paid, KOPECKS_PER_RUBLE, 2)} ₽"
        numbers.append(Number("paid", "выплатит соцзащита", words, "начислено за услугу × доля"))
        notes.append("Из квитанции не вычитается: деньги получает человек через соцзащиту.")
    return Derived(f"−({' × '.join(factors)})", numbers, notes)


def rent(line: Line, period: Period, facts: Facts) -> Derived:
    """Area × К of quality × К of solvency."""
    quality, solvency = line.b >> RENT_BITS, line.b & ((1 << RENT_BITS) - 1)
    factor = Fraction(quality * solvency, PERMILLE * PERMILLE)
    area = Fraction(line.volume, MICRO * factor) if factor else Fraction(line.a, DM2_PER_M2 * period.days)
    source = "решение органа местного самоуправления"
    numbers = [
        Number("area", "площадь", f"{ratio(area)} м²", "данные счёта"),
        Number("quality", "коэффициент качества и благоустройства (Кж)", decimal(quality, PERMILLE), source),
        Number("solvency", "коэффициент соответствия платы (Кс)", decimal(solvency, PERMILLE), source),
    ]
    if factor and area * DM2_PER_M2 == (area * DM2_PER_M2).__floor__():
        shown = decimal(int(area * DM2_PER_M2), DM2_PER_M2)
        numbers[0] = Number("area", "площадь", f"{shown} м²", "данные счёта")
        return Derived(f"{shown} × {decimal(quality, PERMILLE)} × {decimal(solvency, PERMILLE)}", numbers)
    return Derived(f"{ratio(area)} × {decimal(quality, PERMILLE)} × {decimal(solvency, PERMILLE)}", numbers)


def compensation_kopecks(line: Line) -> int:
    """What the social protection body pays by a line; 0 of any other line."""
    if line.basis not in COMPENSATIONS:
        return 0
    return share_of(said(line.a, line.b).charge_kopecks, -Fraction(line.volume, MICRO))


def _unit(line: Line) -> str:
    if line.service in AREA_SERVICES:
        return "м²"
    return CATALOGUE[line.service].unit


def _limit(line: Line) -> str:
    return "социальная норма площади" if line.service in AREA_SERVICES else "норматив потребления"


def _percent(permille: int) -> str:
    return f"{decimal(permille, PERMILLE // PERCENT)} %"


def _percent_of(share: Fraction) -> str:
    """«12,61 %» rounded for the eye."""
    scaled = share * PERCENT * PERCENT
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return f"{decimal(whole, PERCENT)} %"
