"""A line of a divided premises told: the whole premises first, then the share of this account.

The share stands in the line of the remainder of the service (billing.divided); the whole's volume is the
line's volume by the share turned over, so the formula gives exactly the volume of the line.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from billing.arithmetic import bracketed, ratio
from billing.basis import Basis
from billing.period import Period
from billing.quantity import KOPECKS_PER_RUBLE, format_scaled
from billing.trace_line import Derived, Facts, Line, Number, Share
from billing.trace_volume import derive

BY_SHARE = "раздел счёта: документ о долях собственников"
BY_PEOPLE = "раздел счёта: соглашение собственников или решение суда"


def shared(line: Line, period: Period, facts: Facts) -> Derived:
    """The volume of the whole premises × the share."""
    assert facts.share is not None, "a line of an undivided premises"
    share = Fraction(facts.share.num, facts.share.den)
    volume = line.volume * Fraction(share.denominator, share.numerator)
    whole = replace(line, volume_num=volume.numerator, volume_den=volume.denominator)
    told = derive(whole, period, facts)
    number = _number(facts.share, share)
    note = (
        "Сначала посчитано всё помещение — все люди, все счётчики, вся площадь, — "
        "потом взята часть этого счёта."
    )
    formula = f"{bracketed(told.formula)} × {ratio(share)}"
    return Derived(formula, [*told.numbers, number], [*told.notes, note])


def _number(share: Share, value: Fraction) -> Number:
    if share.by_people:
        text = f"{share.num} из {share.den} человеко-дней"
        return Number("share", "часть по проживающим", text, BY_PEOPLE)
    return Number("share", "доля", ratio(value), BY_SHARE)


def remainder(line: Line, label: str) -> Derived:
    """Kopecks beside the rounding; formula: a sentence."""
    kopecks = line.amount_kopecks + line.surcharge_kopecks
    sum_words = f"{format_scaled(kopecks, KOPECKS_PER_RUBLE, 2)} ₽"
    by_people = line.basis == Basis.DIVIDED_BY_PEOPLE
    value = Fraction(line.a, line.b) if line.b else Fraction(0)
    how = "по проживающим" if by_people else f"по долям, доля {ratio(value)}"
    number = _number(Share(line.a, line.b, by_people), value)
    return Derived(f"{label} — остаток копейки при разделе {how}: {sum_words}.", [number])
