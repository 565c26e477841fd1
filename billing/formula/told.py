"""A formula told with the numbers of one account: choices made, so that what is left is plain arithmetic.

`billing.arithmetic.evaluate` gives the volume of the line from the text alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from billing.arithmetic import decimal, ratio
from billing.formula.check import Checked
from billing.formula.grammar import Call, Choice, Constant, Joint, Minus, Name, Node, Pair, Test
from billing.formula.rows import FormulaFacts
from billing.formula.units import MONEY, Unit, spelled, times
from billing.period import Period
from billing.trace_line import Derived, Number

EXACT = 1_000_000
SIGNS = {">": ">", "<": "<", ">=": "≥", "<=": "≤", "=": "=", "<>": "≠"}
SOURCES = {
    "area": "карточка счёта, средняя за дни месяца",
    "living_area": "карточка счёта",
    "heated_area": "карточка счёта",
    "people": "регистрации, в среднем за дни месяца",
    "temporary": "временные регистрации, в среднем за дни месяца",
    "rooms": "карточка квартиры",
    "floor": "карточка квартиры",
    "nonresidential": "вид помещения",
    "days": "когда счёт открыт",
    "month_days": "календарь",
    "house_area": "карточка дома",
    "common_area": "карточка дома",
    "share": "площадь помещения / площадь помещений дома",
    "accounts": "счета дома с этой услугой",
    "tariff": "тариф услуги",
}


def told(facts: FormulaFacts, volume: Fraction, period: Period) -> Derived | None:
    """volume: of the line, in units. None when the numbers do not give it."""
    teller = _Teller(facts.values)
    of = facts.checked.volume
    text, full = ("1", Fraction(1)) if of is None else (teller.text(of), teller.value(of))
    left = volume / full if full else Fraction(0)
    days = left * period.days
    if not 0 < left <= 1 or days.denominator != 1:
        return None
    if left != 1:
        text = f"{_closed(text)} × {days.numerator} / {period.days}"
        teller.notes.append(f"Счёт открыт не весь месяц: взято {days.numerator} из {period.days} дней.")
    teller.notes.append(
        f"Формула № {facts.version}, действует с {facts.since}: {facts.checked.text}. "
        f"Основание: {facts.document}."
    )
    return Derived(text, _numbers(facts), teller.notes)


def _numbers(facts: FormulaFacts) -> list[Number]:
    made = []
    for one in facts.checked.quantities:
        unit = _unit_words(one.unit if one.key != "tariff" else _tariff_unit(facts.checked))
        source = SOURCES.get(one.key, "начисления этой услуги за тот же месяц")
        made.append(Number(one.key, one.words, f"{_plain(facts.values[one.key])}{unit}", source))
    return made


def _tariff_unit(checked: Checked) -> Unit:
    return times(MONEY, checked.unit, -1) if checked.by_tariff else MONEY


def _unit_words(unit: Unit) -> str:
    return f" {spelled(unit)}" if any(unit) else ""


def _plain(value: Fraction) -> str:
    """A decimal, or a fraction where it never ends."""
    if EXACT % value.denominator == 0:
        return decimal(int(value * EXACT), EXACT)
    return ratio(value)


def _closed(text: str) -> str:
    """In brackets unless it is one number."""
    return f"({text})" if any(sign in text for sign in "+−×/") and not _is_bracketed(text) else text


def _is_bracketed(text: str) -> bool:
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and at < len(text) - 1:
            return False
    return text.startswith("(")


@dataclass(slots=True)
class _Teller:
    """Values and texts of the parts of one formula."""

    values: Mapping[str, Fraction]
    notes: list[str] = field(default_factory=list)

    def value(self, node: Node) -> Fraction:
        if isinstance(node, Constant):
            return node.value
        if isinstance(node, Name):
            return self.values[node.quantity.key]
        if isinstance(node, Minus):
            return -self.value(node.of)
        if isinstance(node, Pair):
            return self._pair(node)
        if isinstance(node, Call):
            return self._call(node)
        assert isinstance(node, Choice), "a test is not a number"
        return self.value(node.then if self.holds(node.test) else node.otherwise)

    def _pair(self, node: Pair) -> Fraction:
        left, right = self.value(node.left), self.value(node.right)
        if node.sign == "/":
            return left / right
        return {"+": left + right, "−": left - right, "×": left * right}[node.sign]

    def _call(self, node: Call) -> Fraction:
        values = [self.value(one) for one in node.of]
        if node.function in ("мин", "макс"):
            return min(values) if node.function == "мин" else max(values)
        whole = values[0].numerator // values[0].denominator
        is_up = node.function == "вверх" and whole != values[0]
        return Fraction(whole + 1 if is_up else whole)

    def holds(self, node: Node) -> bool:
        if isinstance(node, Test):
            left, right = self.value(node.left), self.value(node.right)
            found = {
                "<": left < right,
                ">": left > right,
                "<=": left <= right,
                ">=": left >= right,
                "=": left == right,
                "<>": left != right,
            }
            return found[node.sign]
        assert isinstance(node, Joint), "tests are joined by words"
        parts = [self.holds(one) for one in node.of]
        if node.word == "не":
            return not parts[0]
        return all(parts) if node.word == "и" else any(parts)

    def text(self, node: Node) -> str:
        """With numbers in it; choices are made and noted."""
        if isinstance(node, (Constant, Name)):
            value = self.value(node)
            plain = _plain(value)
            return f"({plain})" if value < 0 or "/" in plain else plain
        if isinstance(node, Minus):
            return f"(−{_closed(self.text(node.of))})"
        if isinstance(node, Pair):
            left, right = self.text(node.left), self.text(node.right)
            if node.sign in "×/":
                left = left if _is_product(node.left) else _closed(left)
                return f"{left} {node.sign} {_closed(right)}"
            return f"{left} {node.sign} {right if node.sign == '+' else _closed(right)}"
        if isinstance(node, Call):
            return self._call_text(node)
        assert isinstance(node, Choice), "a test is not a number"
        return self._choice_text(node)

    def _call_text(self, node: Call) -> str:
        inside = "; ".join(self.text(one) for one in node.of)
        result = self.value(node)
        self.notes.append(f"{node.function}({inside}) = {_plain(result)}")
        if node.function in ("мин", "макс"):
            chosen = next(one for one in node.of if self.value(one) == result)
            return _closed(_Teller(self.values).text(chosen))
        return f"({_plain(result)})" if result < 0 else _plain(result)

    def _choice_text(self, node: Choice) -> str:
        holds = self.holds(node.test)
        word, of = ("выполнено", node.then) if holds else ("не выполнено, взято «иначе»", node.otherwise)
        self.notes.append(f"Условие {self._test_text(node.test)} — {word}.")
        return _closed(self.text(of))

    def _test_text(self, node: Node) -> str:
        if isinstance(node, Test):
            left, right = self.text(node.left), self.text(node.right)
            return f"{left} {SIGNS[node.sign]} {right}"
        assert isinstance(node, Joint), "tests are joined by words"
        parts = [self._test_text(one) for one in node.of]
        return f"не ({parts[0]})" if node.word == "не" else f" {node.word} ".join(parts)


def _is_product(node: Node) -> bool:
    return isinstance(node, Pair) and node.sign in "×/"
