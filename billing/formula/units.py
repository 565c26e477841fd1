"""Units of a formula and the quantities it may name.

A unit is whole powers of a few bases; roubles are one of them, so a sum of money cannot be mixed with an
area. A flat and a month are plain numbers: everything is a month of one account anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

BASES = ("₽", "м²", "чел.", "м³", "кВт·ч", "Гкал", "дн.")

Unit = tuple[int, ...]

PLAIN: Unit = (0,) * len(BASES)


def base(name: str) -> Unit:
    """The unit that is this base alone."""
    return tuple(int(one == name) for one in BASES)


MONEY = base("₽")


def times(one: Unit, other: Unit, sign: int = 1) -> Unit:
    """Of a product (sign 1) or a quotient (−1)."""
    return tuple(a + sign * b for a, b in zip(one, other, strict=True))


def spelled(unit: Unit) -> str:
    """«₽/м²», «м²·чел.», «число без единицы»."""
    above = [_power(name, p) for name, p in zip(BASES, unit, strict=True) if p > 0]
    below = [_power(name, -p) for name, p in zip(BASES, unit, strict=True) if p < 0]
    if not above and not below:
        return "число без единицы"
    return "/".join(["·".join(above) or "1", *below])


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


# What may be written after a number or a slash: unit and how many of the base one is, as a fraction.
WORDS: dict[str, tuple[Unit, int, int]] = {
    "₽": (MONEY, 1, 1),
    "руб": (MONEY, 1, 1),
    "р": (MONEY, 1, 1),
    "коп": (MONEY, 1, 100),
    "м²": (base("м²"), 1, 1),
    "м2": (base("м²"), 1, 1),
    "чел": (base("чел."), 1, 1),
    "м³": (base("м³"), 1, 1),
    "м3": (base("м³"), 1, 1),
    "квтч": (base("кВт·ч"), 1, 1),
    "квт·ч": (base("кВт·ч"), 1, 1),
    "гкал": (base("Гкал"), 1, 1),
    "дн": (base("дн."), 1, 1),
    "день": (base("дн."), 1, 1),
    "мес": (PLAIN, 1, 1),
    "кв": (PLAIN, 1, 1),
    "шт": (PLAIN, 1, 1),
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number a formula may name: how people write it, what it is, its unit, whether it may be zero."""

    key: str
    names: tuple[str, ...]
    words: str
    unit: Unit
    may_be_zero: bool = False

    @property
    def name(self) -> str:
        """The name shown first."""
        return self.names[0]


AREA, PEOPLE, WATER = base("м²"), base("чел."), base("м³")
TARIFF = "tariff"

QUANTITIES: tuple[Quantity, ...] = (
    Quantity("area", ("площадь",), "общая площадь помещения", AREA),
    Quantity("living_area", ("жилая_площадь",), "жилая площадь на конец месяца", AREA, True),
    Quantity("heated_area", ("отапливаемая_площадь",), "отапливаемая площадь на конец месяца", AREA, True),
    Quantity("people", ("люди", "проживающие"), "проживающие, а если их нет — собственники", PEOPLE, True),
    Quantity("temporary", ("временные",), "временно проживающие", PEOPLE, True),
    Quantity("rooms", ("комнаты",), "комнат в квартире", PLAIN, True),
    Quantity("floor", ("этаж",), "этаж квартиры", PLAIN, True),
    Quantity("nonresidential", ("нежилое",), "1 — нежилое помещение, 0 — квартира", PLAIN, True),
    Quantity("days", ("дни",), "дней в месяце, когда счёт открыт", base("дн.")),
    Quantity("month_days", ("дней_в_месяце",), "дней в месяце", base("дн.")),
    Quantity("house_area", ("площадь_дома",), "площадь всех помещений дома", AREA, True),
    Quantity("common_area", ("площадь_общего_имущества",), "площадь общего имущества", AREA, True),
    Quantity("share", ("доля",), "доля: площадь помещения к площади помещений дома", PLAIN, True),
    Quantity("accounts", ("счетов_в_доме",), "счетов дома, у которых есть эта услуга", PLAIN),
    Quantity("cold_water", ("объём_хвс",), "объём холодной воды за месяц", WATER, True),
    Quantity("hot_water", ("объём_гвс",), "объём горячей воды за месяц", WATER, True),
    Quantity("sewerage", ("объём_стоков",), "объём стоков за месяц", WATER, True),
    Quantity("electricity", ("объём_электроэнергии",), "объём электроэнергии за месяц", base("кВт·ч"), True),
    Quantity(TARIFF, ("тариф",), "тариф услуги на день", MONEY, True),
)
BY_KEY = {one.key: one for one in QUANTITIES}
BY_NAME = {name: one for one in QUANTITIES for name in one.names}


def unit_of_service(unit: str) -> Unit:
    """Unit a tariff of a service is «за»: «м²», «чел.», anything else is a flat."""
    known = WORDS.get(unit.strip().rstrip(".").lower())
    return known[0] if known is not None and known[0] != MONEY else PLAIN
