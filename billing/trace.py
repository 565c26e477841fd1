"""Why this sum: a line told in plain Russian, with its formula in numbers, where each comes from, clause
and rounding.

Everything is derived from the columns of the line; facts that the caller knows (documents, areas of the
house, heat of a cubic metre) make it richer but never change a sum. `evaluate` computes the kopecks again
from the formula's text.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from billing.arithmetic import bracketed, decimal, ratio
from billing.arithmetic import evaluate as evaluate_formula
from billing.basis import BENEFITS, COMPENSATIONS, DIVISIONS, SHARES, SUMS, YEAR_FIXES, Basis, info, row_of
from billing.lines import REVERSAL
from billing.period import Period
from billing.quantity import KOPECKS_PER_RUBLE, MICRO, PERMILLE, RATE_PER_RUBLE, format_scaled
from billing.services import CATALOGUE, component_label, component_unit
from billing.trace_benefit import compensation_kopecks
from billing.trace_divided import remainder, shared
from billing.trace_line import Facts, Line, Number
from billing.trace_relief import percent
from billing.trace_volume import derive

ROUNDING = "Округлено один раз, до копейки: половина копейки и больше — до целой."
HEAT_DECIMALS = 6
PERCENTS = SHARES | BENEFITS | COMPENSATIONS  # lines whose «volume» is a share


@dataclass(frozen=True, slots=True)
class Trace:
    """Derivation of a line. Formulas are numbers only, in roubles; `evaluate` reads them."""

    label: str
    when: str
    sentence: str
    volume_formula: str
    volume: str
    formula: str
    amount_kopecks: int
    surcharge_formula: str
    surcharge_kopecks: int
    numbers: tuple[Number, ...]
    clause: str
    rounding: str
    notes: tuple[str, ...]

    @property
    def amount(self) -> str:
        """«299,46 ₽»"""
        return f"{format_scaled(self.amount_kopecks, KOPECKS_PER_RUBLE, 2)} ₽"

    @property
    def surcharge(self) -> str:
        return f"{format_scaled(self.surcharge_kopecks, KOPECKS_PER_RUBLE, 2)} ₽"


def explain(line: Line, period: Period, facts: Facts | None = None) -> Trace:
    """The trace of a line of the month `period`."""
    known = facts or Facts()
    charge = line.as_charge()
    if line.basis in DIVISIONS:
        return _remainder(line, charge, period, known)
    derived = derive(charge, period, known) if known.share is None else shared(charge, period, known)
    unit = known.unit or _unit(charge)
    rate = decimal(charge.rate, RATE_PER_RUBLE, least=2)
    is_sum = charge.basis == Basis.FORMULA and charge.rate == RATE_PER_RUBLE
    is_sum |= charge.basis in YEAR_FIXES  # a difference of two sums
    unit = "₽" if is_sum else unit
    formula = derived.formula if is_sum else f"{bracketed(derived.formula)} × {rate}"
    surcharge_formula = _surcharge_formula(charge, derived.formula, rate)
    if line.kind == REVERSAL:
        formula = f"−({formula})"
        surcharge_formula = f"−({surcharge_formula})" if surcharge_formula else ""
    numbers = [*derived.numbers, *([] if is_sum else [_rate(charge, period, known, rate, unit)])]
    return Trace(
        label=_label(charge, known),
        when=_when(charge, period),
        sentence=_sentence(line, charge, known, unit),
        volume_formula=derived.formula,
        volume=_volume(charge, known, unit),
        formula=formula,
        amount_kopecks=line.amount_kopecks,
        surcharge_formula=surcharge_formula,
        surcharge_kopecks=line.surcharge_kopecks,
        numbers=tuple(numbers),
        clause=info(line.basis).clause,
        rounding=ROUNDING,
        notes=(*derived.notes, *_notes(line, charge)),
    )


def _remainder(line: Line, charge: Line, period: Period, facts: Facts) -> Trace:
    """Kopecks that make the parts of a divided premises add up."""
    sign = -1 if line.kind == REVERSAL else 1
    label = _label(charge, facts)
    told = remainder(charge, label)
    rubles = [
        decimal(sign * kopecks, KOPECKS_PER_RUBLE, least=2)
        for kopecks in (charge.amount_kopecks, charge.surcharge_kopecks)
    ]
    return Trace(
        label=label,
        when=_when(charge, period),
        sentence=told.formula,
        volume_formula="",
        volume="—",
        formula=rubles[0],
        amount_kopecks=line.amount_kopecks,
        surcharge_formula=rubles[1] if charge.surcharge_kopecks else "",
        surcharge_kopecks=line.surcharge_kopecks,
        numbers=tuple(told.numbers),
        clause=info(line.basis).clause,
        rounding="Копейки целого розданы по наибольшему остатку, чтобы части сложились в целое.",
        notes=tuple(told.notes),
    )


def _rate(charge: Line, period: Period, facts: Facts, rate: str, unit: str) -> Number:
    """The tariff, or the charge of which a share is taken off."""
    if charge.basis == Basis.MANUAL:
        return Number("rate", "сумма", f"{rate} ₽", "документ-основание корректировки")
    if charge.basis in SHARES:
        return Number("rate", "начислено за услугу", f"{rate} ₽", "строки этой услуги в том же месяце, без К")
    if charge.basis in BENEFITS:
        source = "строки этой услуги за месяц после снижений, без К и временных жильцов"
        return Number("rate", "начислено за услугу", f"{rate} ₽", source)
    if charge.basis in COMPENSATIONS:
        return Number("rate", "вычитается в квитанции", f"{rate} ₽", "льготу выплачивает соцзащита")
    if facts.formula is not None and not facts.formula.checked.by_tariff:
        return Number("rate", "цена", f"{rate} ₽ за {unit}", f"формула № {facts.formula.version}")
    source = facts.sources.get("rate", f"тариф, действующий {_when(charge, period)}")
    return Number("rate", "тариф", f"{rate} ₽ за {unit}", source)


def _volume(charge: Line, facts: Facts, unit: str) -> str:
    if charge.basis in SUMS:
        return "—"
    return percent(charge) if charge.basis in PERCENTS else f"{volume_text(charge, facts)} {unit}"


def evaluate(trace: Trace) -> tuple[int, int]:
    """Kopecks of the amount and of the surcharge from the text of the formulas alone."""
    surcharge = _kopecks(trace.surcharge_formula) if trace.surcharge_formula else 0
    return _kopecks(trace.formula), surcharge


def words(basis: int, raised: bool) -> str:
    """Words of a basis; «с К» only where a coefficient was really charged."""
    text = info(basis).words
    return text if raised else text.replace(" с К", "")


def volume_text(line: Line, facts: Facts | None = None) -> str:
    """The volume rounded for print as the service's catalogue says."""
    decimals = CATALOGUE[line.service].decimals if line.service in CATALOGUE else 2
    if line.service in CATALOGUE and component_unit(line.service, line.component) == "Гкал":
        decimals = HEAT_DECIMALS
    scaled = line.volume * 10**decimals / MICRO
    magnitude = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return format_scaled(-magnitude if scaled < 0 else magnitude, 10**decimals, decimals)


def _kopecks(formula: str) -> int:
    exact = evaluate_formula(formula) * KOPECKS_PER_RUBLE
    magnitude = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return -magnitude if exact < 0 else magnitude


def _surcharge_formula(charge: Line, volume: str, rate: str) -> str:
    """Volume × (K − 1) × rate; days with different K are summed before."""
    if charge.raised_num == 0:
        return ""
    excess = Fraction(charge.raised_num, charge.volume_num) if charge.volume_num else None
    if excess is not None and excess.denominator == 1:
        k = decimal(excess.numerator + PERMILLE, PERMILLE)
        return f"{bracketed(volume)} × ({k} − 1) × {rate}"
    raised = Fraction(charge.raised_num, charge.volume_den)
    return f"({ratio(raised, MICRO * PERMILLE)}) × {rate}"


def _label(charge: Line, facts: Facts) -> str:
    if facts.label is not None or charge.service not in CATALOGUE:
        return facts.label or "Услуга организации"
    return component_label(charge.service, charge.component)


def _unit(charge: Line) -> str:
    if charge.service in CATALOGUE:
        return component_unit(charge.service, charge.component)
    return {Basis.AREA: "м²", Basis.PERSONS: "чел."}.get(Basis(charge.basis), "мес.")


def _when(charge: Line, period: Period) -> str:
    """«за октябрь 2026» or «с 1 по 14 октября 2026»."""
    if charge.days == period.days:
        return f"за {period.title}"
    last = charge.first_day + charge.days - 1
    return f"с {charge.first_day} по {last} число месяца «{period.title}»"


def _sentence(line: Line, charge: Line, facts: Facts, unit: str) -> str:
    how = words(line.basis, line.raised_num != 0)
    label, volume = _label(charge, facts), volume_text(charge, facts)
    rate = f"{format_scaled(charge.rate, RATE_PER_RUBLE, 2)} ₽"
    amount = f"{format_scaled(charge.amount_kopecks, KOPECKS_PER_RUBLE, 2)} ₽"
    if line.kind == REVERSAL:
        return f"{label}: снято начисленное раньше, {amount} ({how}, {volume} {unit} по {rate})."
    if line.basis in COMPENSATIONS:
        paid = format_scaled(compensation_kopecks(line), KOPECKS_PER_RUBLE, 2)
        return (
            f"{label} — {how}: {percent(charge)}, соцзащита выплатит {paid} ₽. Сумма квитанции не меняется."
        )
    if line.basis in BENEFITS:
        return f"{label} — {how}: {percent(charge)} от {rate}, всего {amount}."
    if line.basis in SHARES:
        what = how if line.basis in SUMS else f"{how}, {percent(charge)} от {rate}"
        return f"{label} — {what}: {amount}."
    if line.basis == Basis.FORMULA and charge.rate == RATE_PER_RUBLE:
        return f"{label} — {how}, всего {amount}."
    sentence = f"{label} — {how}: {volume} {unit} по {rate}, всего {amount}."
    if charge.surcharge_kopecks:
        surcharge = format_scaled(charge.surcharge_kopecks, KOPECKS_PER_RUBLE, 2)
        sentence += f" Повышающий коэффициент добавил {surcharge} ₽."
    return sentence


def _notes(line: Line, charge: Line) -> list[str]:
    notes = []
    if row_of(line.basis) != line.basis:
        notes.append("В квартире никто не проживает, поэтому считают по числу собственников (п. 56(2)).")
    if charge.raised_num:
        excess = Fraction(charge.raised_num, charge.volume_num)
        if excess.denominator == 1:
            k = decimal(excess.numerator + PERMILLE, PERMILLE)
            notes.append(f"Повышающий коэффициент {k} берут, когда счётчик можно поставить или починить.")
        else:
            notes.append("Повышающий коэффициент менялся внутри месяца, дни сложены каждый со своим.")
    return notes
