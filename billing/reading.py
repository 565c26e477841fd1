"""Whether a reading can be taken: what is refused, what is asked about, and the words for it.

Values are micro-units by zone, as in billing.history. A refusal says what, why and what to do; a question is
asked once and the answer is `confirmed`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from billing.history import ZERO, ZONES_MAX, Mark, Values, consumed
from billing.quantity import MICRO, format_scaled, parse_scaled
from billing.services import CATALOGUE, Service

JUMP_TIMES = 3  # more than three usual months is asked about
JUMP_FLOOR_MICRO = 3 * MICRO  # and only when it is more than three units
USUAL_INTERVALS_MIN = 3
USUAL_INTERVALS_MAX = 6
ROLLOVER_PART = (
    20  # a counter may roll over by at most a twentieth of its scale, otherwise it is a slip of the pen
)
DECIMALS_MAX = 6
METER_DECIMALS = 3  # figures after the comma of a counter; counters of heat show up to six
# More than a flat uses in a month, asked about while the meter has no history: water is two bath tubs a day
# for
# each of four people over their norm (7 m³), electricity is five norms, gas heats a large flat by itself,
# heat is
# three norms of a flat of 100 m² in January. Nothing stops who answers «точно».
CEILING_MONTH_MICRO: dict[int, int] = {
    Service.COLD_WATER: 60 * MICRO,
    Service.HOT_WATER: 40 * MICRO,
    Service.SEWERAGE: 100 * MICRO,
    Service.HEATING: 8 * MICRO,
    Service.ELECTRICITY: 2_000 * MICRO,
    Service.GAS: 800 * MICRO,
}


class ReadingRefused(ValueError):
    """A reading that cannot be taken; the message is for the person who gave it."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class ReadingAsked(ReadingRefused):
    """A reading that can be taken when the person says that it is right (`confirmed`)."""


@dataclass(frozen=True, slots=True)
class MeterCard:
    """What is known of a meter when a reading is judged."""

    service: int
    serial: str
    zones: int
    digits: int
    installed_on: dt.date
    removed_on: dt.date | None = None
    of_house: bool = False  # a meter of the whole house

    @property
    def decimals(self) -> int:
        """Figures after the comma a reading of it may have."""
        return DECIMALS_MAX if self.service == Service.HEATING else METER_DECIMALS

    @property
    def unit(self) -> str:
        return CATALOGUE[self.service].unit if self.service in CATALOGUE else ""

    @property
    def turn_micro(self) -> int:
        """The value at which the counter starts from zero again."""
        return int(10**self.digits) * MICRO


@dataclass(frozen=True, slots=True)
class Previous:
    """The reading before: of an earlier month, or the initial one (taken_on = day of installation)."""

    month: int
    values: Values
    taken_on: dt.date


def words(value_micro: int) -> str:
    """A reading as a person reads it: 124 or 12 124,35."""
    return format_scaled(value_micro, MICRO, DECIMALS_MAX).rstrip("0").rstrip(",")


def refuse_precise(values: Sequence[int], decimals: int) -> None:
    """A person cannot see more figures than the counter has: a comma stands in a wrong place."""
    for value in values:
        if value % int(10 ** (DECIMALS_MAX - decimals)):
            raise ReadingRefused(
                "too_precise",
                f"У счётчика не больше {decimals} цифр после запятой, а в показании {words(value)} их "
                f"больше. "
                "Проверьте, где стоит запятая.",
            )


def parse_values(texts: Sequence[str], zones: int, decimals: int = METER_DECIMALS) -> Values:
    """What a person typed, one text a zone → micro-units. Raises ReadingRefused (codes not_a_number,
    negative, too_precise).
    """
    if len(texts) != zones or any(not text.strip() for text in texts):
        names = ", ".join(f"T{zone}" for zone in range(1, zones + 1))
        what = "Введите показание числом: 124 или 124,35." if zones == 1 else f"Введите показания {names}."
        raise ReadingRefused("not_a_number", what)
    values = list(ZERO)
    for zone, typed in enumerate(texts):
        try:
            values[zone] = parse_scaled(typed, MICRO)
        except ValueError:
            raise ReadingRefused("not_a_number", "Введите показание числом: 124 или 124,35.") from None
        if values[zone] < 0:
            raise ReadingRefused("negative", "Показание не бывает меньше нуля. Введите цифры со счётчика.")
    refuse_precise(values, decimals)
    return values[0], values[1], values[2]


def usual_month(marks: Sequence[Mark], digits: int) -> tuple[int, int] | None:
    """Least and greatest volume of a month over the last intervals (micro-units), None when too little is
    known.
    """
    volumes = []
    for before, after in pairwise(marks):
        total = sum(consumed(before.values, after.values, digits))
        volumes.append(total // (after.month - before.month))
    last = volumes[-USUAL_INTERVALS_MAX:]
    return (min(last), max(last)) if len(last) >= USUAL_INTERVALS_MIN else None


def judge(
    meter: MeterCard,
    previous: Previous,
    values: Values,
    *,
    taken_on: dt.date,
    today: dt.date,
    period: int,
    usual: tuple[int, int] | None = None,
    confirmed: bool = False,
) -> Values:
    """Volume since the previous reading by zone. period: ordinal of the month the reading closes.

    Raises ReadingRefused; ReadingAsked when it is unusual and not confirmed.
    """
    _judge_date(meter, previous, taken_on, today)
    for zone in range(meter.zones):
        if values[zone] >= meter.turn_micro:
            raise ReadingRefused(
                "too_long",
                f"Показание {words(values[zone])} длиннее счётчика: у него {meter.digits} цифр до запятой. "
                "Проверьте, нет ли лишней цифры.",
            )
        if values[zone] < previous.values[zone]:
            _judge_smaller(meter, previous, values[zone], previous.values[zone], confirmed)
    assert values[meter.zones :] == ZERO[: ZONES_MAX - meter.zones], "a zone the meter does not have"
    volume = consumed(previous.values, values, meter.digits)
    if not confirmed:
        months = max(1, period - previous.month)
        if usual is not None:
            _judge_jump(meter, sum(volume), months, usual, values)
        elif not meter.of_house:
            _judge_ceiling(meter, sum(volume), months, values)
    return volume


def _judge_date(meter: MeterCard, previous: Previous, taken_on: dt.date, today: dt.date) -> None:
    if taken_on > today:
        raise ReadingRefused(
            "in_future",
            f"День снятия {taken_on:%d.%m.%Y} ещё не наступил. Укажите сегодняшний день или раньше.",
        )
    if meter.removed_on is not None and taken_on >= meter.removed_on:
        raise ReadingRefused(
            "removed",
            f"Счётчик № {meter.serial} снят {meter.removed_on:%d.%m.%Y}. Передайте показание нового "
            f"счётчика.",
        )
    if taken_on < meter.installed_on:
        raise ReadingRefused(
            "before_installation",
            f"Счётчик № {meter.serial} установлен {meter.installed_on:%d.%m.%Y}. Укажите день не раньше "
            f"этого.",
        )
    if taken_on < previous.taken_on:
        raise ReadingRefused(
            "before_previous",
            f"Прошлое показание снято {previous.taken_on:%d.%m.%Y}, это — раньше. Проверьте день снятия.",
        )


def _judge_smaller(meter: MeterCard, previous: Previous, value: int, before: int, confirmed: bool) -> None:
    rolled = value - before + meter.turn_micro
    if rolled * ROLLOVER_PART > meter.turn_micro:
        raise ReadingRefused(
            "smaller",
            f"Показание {words(value)} меньше прошлого {words(before)} от {previous.taken_on:%d.%m}. "
            "Если счётчик заменён, оформите замену; если ошиблись, исправьте.",
        )
    if not confirmed:
        raise ReadingAsked(
            "rollover",
            f"Показание {words(value)} меньше прошлого {words(before)}. Если счётчик прошёл через нули, "
            f"расход "
            f"{words(rolled)} {meter.unit}. Всё верно?",
        )


def _judge_jump(meter: MeterCard, volume: int, months: int, usual: tuple[int, int], values: Values) -> None:
    low, high = usual
    if volume <= JUMP_FLOOR_MICRO * months or volume <= JUMP_TIMES * high * months:
        return
    raise ReadingAsked(
        "jump",
        f"Расход {words(volume)} {meter.unit}, обычно {_range(low * months, high * months)} {meter.unit}. "
        f"{_check_again(meter, values)}",
    )


def _judge_ceiling(meter: MeterCard, volume: int, months: int, values: Values) -> None:
    """A meter without history is held against what a flat can use at all."""
    ceiling = CEILING_MONTH_MICRO.get(meter.service)
    if ceiling is None or volume <= ceiling * months:
        return
    raise ReadingAsked(
        "ceiling",
        f"Расход {words(volume)} {meter.unit}. Столько в квартире не бывает: за {_months(months)} обычно "
        f"меньше "
        f"{words(ceiling * months)} {meter.unit}. Точно? {_check_again(meter, values)}",
    )


def _months(count: int) -> str:
    return "месяц" if count == 1 else f"{count} мес."


def _check_again(meter: MeterCard, values: Values) -> str:
    typed = ", ".join(words(value) for value in values[: meter.zones])
    return f"Проверьте цифры. Если всё верно, нажмите «Да, передать {typed}»."


def _range(low: int, high: int) -> str:
    """«5–8» in whole units, or one number."""
    first, last = low // MICRO, -(-high // MICRO)
    return f"{last}" if first == last else f"{first}–{last}"
