"""The volume of a line by an act about unauthorised use: ten norms, or a capacity day and night."""

from __future__ import annotations

from fractions import Fraction

from billing.arithmetic import decimal, ratio, signed
from billing.basis import Basis
from billing.period import Period
from billing.quantity import MICRO
from billing.services import CATALOGUE, Component
from billing.trace_line import Derived, Facts, Line, Number
from billing.unauthorised import MONTH_PARTS

TIMES = 10
ACT = "акт о несанкционированном потреблении"


def unauthorised(line: Line, period: Period, facts: Facts) -> Derived:
    """The formula of cl. 62; the heat of hot water as the exact fraction it is."""
    if line.service == 2 and line.component == Component.HEAT_PART:
        return Derived(
            ratio(line.volume, MICRO), [], ["Тепло на подогрев — по норме на 1 м³ от объёма по акту."]
        )
    if line.basis == Basis.CONNECTION:
        return _capacity(line)
    return _norms(line, facts)


def _capacity(line: Line) -> Derived:
    unit = CATALOGUE[line.service].unit
    capacity = decimal(line.b, MICRO)
    numbers = [
        Number(
            "capacity", "мощность оборудования или пропускная способность", f"{capacity} {unit} в час", ACT
        ),
        Number("hours", "часов от подключения до устранения", decimal(line.a), ACT),
    ]
    return Derived(
        f"{capacity} × {decimal(line.a)}", numbers, ["Оборудование считают работавшим круглые сутки."]
    )


def _norms(line: Line, facts: Facts) -> Derived:
    people = Fraction(line.a, MONTH_PARTS)
    norm = decimal(line.b, MICRO)
    source = facts.sources.get("norm", "норматив, утверждённый регионом")
    unit = CATALOGUE[line.service].unit
    numbers = [
        Number("people", "человек × месяцев", ratio(people), f"{ACT}; проживающие, а без них — собственники"),
        Number("norm", "норматив", f"{norm} {unit} на человека в месяц", source),
    ]
    formula = f"{ratio(people)} × {norm} × {TIMES}"
    billed = people * line.b * TIMES - line.volume
    if line.basis != Basis.TAMPERING or billed == 0:
        return Derived(formula, numbers)
    if billed.denominator != 1 or line.volume == 0:
        note = "Из десяти нормативов вычтено начисленное за эти дни; меньше нуля объём не бывает."
        return Derived(ratio(line.volume, MICRO), numbers, [note])
    number = Number(
        "billed", "уже начислено за эти дни", f"{decimal(int(billed), MICRO)} {unit}", "строки месяцев"
    )
    return Derived(f"{formula} − {signed(int(billed), MICRO)}", [*numbers, number])
