"""The volume of a line by the act of a check: what was read less what had been used and billed."""

from __future__ import annotations

from fractions import Fraction

from billing.arithmetic import decimal, ratio, signed
from billing.period import Period
from billing.quantity import MICRO
from billing.services import Component, component_unit
from billing.trace_line import Derived, Facts, Line, Number


def check(line: Line, period: Period, facts: Facts) -> Derived:
    """What a check read less what had been used and billed."""
    start = facts.sources.get("start", "последнее показание, по которому считали до проверки")
    unit = component_unit(line.service, Component.WHOLE)
    numbers = [
        Number("start", "показание до проверки", f"{decimal(line.a, MICRO)} {unit}", start),
        Number("end", "показание на проверке", f"{decimal(line.b, MICRO)} {unit}", "акт проверки счётчика"),
    ]
    note = "Разность считается потреблением месяца проверки; следующее показание отсчитывают от проверенного."
    left = Fraction(line.b - line.a) - line.volume
    in_heat = line.service == 2 and line.component == Component.HEAT_PART
    if line.days < period.days or left.denominator != 1 or in_heat:
        return Derived(ratio(line.volume, MICRO), numbers, [note])
    formula = f"{decimal(line.b, MICRO)} − {decimal(line.a, MICRO)}"
    turn = 10 ** len(str(max(line.a, line.b) // MICRO)) * MICRO
    if abs(left) == turn:
        sign = "−" if left > 0 else "+"
        return Derived(
            f"{formula} {sign} {decimal(turn, MICRO)}", numbers, [note, "Счётчик перешёл через ноль."]
        )
    if left:
        formula += f" − {signed(int(left), MICRO)}"
        words = f"{decimal(int(left), MICRO)} {unit}"
        numbers.append(Number("billed", "уже начислено без показаний", words, "строки месяцев до проверки"))
    return Derived(formula, numbers, [note])


def check_room(line: Line, period: Period, facts: Facts) -> Derived:
    """A room's own difference and its part of the flat's."""
    unit = component_unit(line.service, Component.WHOLE)
    rest, own = decimal(line.a, MICRO), decimal(line.b, MICRO)
    act = "акт проверки счётчика"
    numbers = [
        Number("house", "разность квартиры без счётчиков комнат", f"{rest} {unit}", act),
        Number("own", "разность счётчика комнаты", f"{own} {unit}", f"{act}; без него ноль"),
    ]
    note = (
        "Разность считается потреблением месяца проверки. Разность комнаты — её; остальное квартиры делят по "
        "числу проживающих, как объём общего счётчика."
    )
    in_heat = line.service == 2 and line.component == Component.HEAT_PART
    if line.days < period.days or in_heat or not line.a:
        return Derived(ratio(line.volume, MICRO), numbers, [note])
    left = line.volume - line.b
    part = f"{signed(line.a, MICRO)} × {ratio(Fraction(left.numerator, left.denominator * line.a))}"
    return Derived(f"{own} + {part}" if line.b else part, numbers, [note])
