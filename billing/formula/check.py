"""A tree becomes a formula that may be billed: units agree, it gives roubles, its price is found.

A formula that is a product with one price in it (`площадь × 2,50 руб/м²`, `люди × тариф`) is billed as
volume × price, as any other service; every other one as a sum: its volume is the roubles themselves and
the price is 1 ₽.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from billing.formula.grammar import (
    Call,
    Choice,
    Constant,
    FormulaError,
    Joint,
    Minus,
    Name,
    Node,
    Pair,
    Test,
    parse,
)
from billing.formula.units import BASES, MONEY, PLAIN, TARIFF, Quantity, Unit, spelled, times
from billing.quantity import RATE_PER_RUBLE

POWER_MAX = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """A formula fit for billing.

    volume: what is multiplied by the price, None = one flat. price: roubles a unit at RATE_PER_RUBLE, 0
    where the tariff of the service is the price. unit: of the volume. quantities: in the order the text
    names them.
    """

    text: str
    root: Node
    volume: Node | None
    price: int
    unit: Unit
    quantities: tuple[Quantity, ...]
    cautions: tuple[str, ...]

    @property
    def is_sum(self) -> bool:
        """The volume is roubles already."""
        return self.unit == MONEY

    @property
    def by_tariff(self) -> bool:
        """The price is the service's tariff."""
        return self.price == 0


def check(text: str, service_unit: Unit = PLAIN) -> Checked:
    """Parse and check. service_unit: what the tariff of the service is for. Raises FormulaError."""
    root = parse(text)
    judge = _Judge(service_unit)
    unit = judge.unit(root)
    if unit != MONEY:
        raise FormulaError(_not_money(unit), root.at, root.end - root.at)
    volume, price = _priced(root)
    of_volume = PLAIN if volume is None else judge.unit(volume)
    return Checked(text, root, volume, price, of_volume, tuple(judge.named), tuple(judge.cautions))


def _not_money(unit: Unit) -> str:
    left = times(MONEY, unit, -1)
    what = f"Получается {spelled(unit)}, а нужны рубли."
    if unit == PLAIN:
        return f"{what} Напишите у числа «руб»: 60 руб."
    return f"{what} Умножьте на цену в {spelled(left)}." if unit[0] == 0 else f"{what} Проверьте единицы."


class _Judge:
    """Finds the unit of every part; gathers quantities and what may go wrong at run time."""

    def __init__(self, service_unit: Unit) -> None:
        self.service_unit = service_unit
        self.named: list[Quantity] = []
        self.cautions: list[str] = []

    def unit(self, node: Node) -> Unit:
        if isinstance(node, Constant):
            return node.unit
        if isinstance(node, Name):
            return self.of_name(node.quantity)
        if isinstance(node, Minus):
            return self.unit(node.of)
        if isinstance(node, Pair):
            return self.of_pair(node)
        if isinstance(node, Call):
            return self.alike(node.of, node.function)
        assert isinstance(node, Choice), "a test is not a number"
        self.test(node.test)
        return self.alike((node.then, node.otherwise), "то … иначе")

    def of_name(self, quantity: Quantity) -> Unit:
        if quantity not in self.named:
            self.named.append(quantity)
        if quantity.key == TARIFF:
            return times(MONEY, self.service_unit, -1)
        return quantity.unit

    def of_pair(self, node: Pair) -> Unit:
        if node.sign in "+−":
            return self.alike((node.left, node.right), node.sign)
        left, right = self.unit(node.left), self.unit(node.right)
        if node.sign == "/":
            self.divided(node.right)
        unit = times(left, right, 1 if node.sign == "×" else -1)
        if any(abs(power) > POWER_MAX for power in unit):
            raise FormulaError("Единицы перемножены слишком много раз.", node.at, node.end - node.at)
        return unit

    def divided(self, by: Node) -> None:
        if isinstance(by, Constant) and by.value == 0:
            raise FormulaError("На ноль делить нельзя.", by.at, by.end - by.at)
        if isinstance(by, Constant):
            return
        zero = [name.words for name in names(by) if name.may_be_zero]
        why = f" (например, {zero[0]} — ноль)" if zero else ""
        caution = f"Если делитель окажется нулём{why}, счёт будет отложен, а не посчитан."
        if caution not in self.cautions:
            self.cautions.append(caution)

    def alike(self, parts: tuple[Node, ...], where: str) -> Unit:
        """All parts have one unit; a zero fits any."""
        units = [(part, self.unit(part)) for part in parts]
        told = [(part, unit) for part, unit in units if not _is_zero(part)]
        wanted = told[0][1] if told else units[0][1]
        for part, unit in told:
            if unit != wanted:
                message = f"Около «{where}» разные единицы: {spelled(wanted)} и {spelled(unit)}."
                raise FormulaError(message, part.at, part.end - part.at)
        return wanted

    def test(self, node: Node) -> None:
        if isinstance(node, Joint):
            for one in node.of:
                self.test(one)
            return
        assert isinstance(node, Test), "only tests are joined"
        left, right = self.unit(node.left), self.unit(node.right)
        if left != right and not _is_bare(node.left) and not _is_bare(node.right):
            message = f"Сравниваются разные единицы: {spelled(left)} и {spelled(right)}."
            raise FormulaError(message, node.at, node.end - node.at)


def _is_zero(node: Node) -> bool:
    return isinstance(node, Constant) and node.value == 0


def _is_bare(node: Node) -> bool:
    """A number without a unit takes that of what it is compared with."""
    return isinstance(node, Constant) and node.bare


def names(node: Node) -> list[Quantity]:
    """Quantities of a part."""
    if isinstance(node, Name):
        return [node.quantity]
    return [one for child in children(node) for one in names(child)]


def children(node: Node) -> tuple[Node, ...]:
    """Parts of a part, from left to right."""
    if isinstance(node, Minus):
        return (node.of,)
    if isinstance(node, (Pair, Test)):
        return (node.left, node.right)
    if isinstance(node, (Call, Joint)):
        return node.of
    if isinstance(node, Choice):
        return (node.test, node.then, node.otherwise)
    return ()


def _priced(root: Node) -> tuple[Node | None, int]:
    """The volume and the price of a product with one price; the whole formula at 1 ₽ otherwise."""
    factors = _factors(root)
    if factors is not None:
        prices = [(at, price) for at, one in enumerate(factors) if (price := _price(one)) is not None]
        if len(prices) == 1 and prices[0][1] != RATE_PER_RUBLE:  # 1 ₽ marks a sum
            at, price = prices[0]
            rest = factors[:at] + factors[at + 1 :]
            return _product(rest), price
    return root, RATE_PER_RUBLE


def _factors(node: Node) -> list[Node] | None:
    """Factors of a product; None where anything is divided or taken away at the top."""
    if isinstance(node, Pair) and node.sign == "×":
        left, right = _factors(node.left), _factors(node.right)
        return None if left is None or right is None else left + right
    if isinstance(node, Pair) and node.sign == "/":
        left = _factors(node.left)
        if left is None:
            return None
        one = Constant(node.right.at, node.right.at, Fraction(1), PLAIN, True)
        return [*left, Pair(node.right.at, node.right.end, "/", one, node.right)]
    return [node]


def _price(node: Node) -> int | None:
    """A whole number at RATE_PER_RUBLE when the factor is a price, 0 for the tariff."""
    if isinstance(node, Name) and node.quantity.key == TARIFF:
        return 0
    if isinstance(node, Constant) and node.unit[0] == 1:
        scaled = node.value * RATE_PER_RUBLE
        return int(scaled) if scaled.denominator == 1 and scaled > 0 else None
    return None


def _product(factors: list[Node]) -> Node | None:
    made: Node | None = None
    for one in factors:
        made = one if made is None else Pair(made.at, one.end, "×", made, one)
    return made


def unit_words(unit: Unit) -> str:
    """Unit of a volume on paper: «м²», «чел.», «мес.» for a flat."""
    return "мес." if unit == PLAIN else spelled(unit)


assert BASES[0] == "₽", "a price is told by the power of the first base"
