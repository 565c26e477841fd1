"""What a person is told when a rule fires: what is wrong, why it is thought so, what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from billing.period import Period
from billing.quantity import MICRO
from billing.reading import MeterCard, words
from billing.vee.batch import Batch, Row

Limits = Mapping[str, int]
CODES = {
    "future": "in_future",
    "lower": "smaller",
    "standing": "before_installation",
}
"""Codes that pages and stored answers know rules by, where they are not the rule's own key."""


def code_of(rule: str, batch: Batch, at: int) -> str:
    """The code of a refusal or a question."""
    if rule == "standing" and _is_removed(batch.rows[at]):
        return "removed"
    return CODES.get(rule, rule)


def words_of(rule: str, batch: Batch, at: int, limits: Limits) -> str:
    """The sentence for row `at`."""
    row = batch.rows[at]
    if row.meter is None:
        return "Такого счётчика нет. Обновите страницу и выберите счётчик снова."
    volume, months = int(batch.volume[at]), int(batch.months[at])
    return WORDS[rule](row, row.meter, Told(volume, months, limits))


class Told:
    """What sentences are made of besides the row."""

    __slots__ = ("limits", "months", "volume")

    def __init__(self, volume: int, months: int, limits: Limits) -> None:
        self.volume, self.months, self.limits = volume, months, limits


def _day(ordinal: int) -> dt.date:
    return dt.date.fromordinal(ordinal)


def _is_removed(row: Row) -> bool:
    assert row.meter is not None
    gone = row.meter.removed_on
    return gone is not None and row.taken >= gone.toordinal()


def _negative(row: Row, meter: MeterCard, told: Told) -> str:
    return "Показание не бывает меньше нуля. Введите цифры со счётчика."


def _too_long(row: Row, meter: MeterCard, told: Told) -> str:
    longest = next(value for value in row.values if value >= meter.turn_micro)
    return (
        f"Показание {words(longest)} длиннее счётчика: у него {meter.digits} цифр до запятой. "
        "Проверьте, нет ли лишней цифры."
    )


def _future(row: Row, meter: MeterCard, told: Told) -> str:
    return f"День снятия {_day(row.taken):%d.%m.%Y} ещё не наступил. Укажите сегодняшний день или раньше."


def _standing(row: Row, meter: MeterCard, told: Told) -> str:
    if _is_removed(row):
        return (
            f"Счётчик № {meter.serial} снят {meter.removed_on:%d.%m.%Y}. Передайте показание нового счётчика."
        )
    return f"Счётчик № {meter.serial} установлен {meter.installed_on:%d.%m.%Y}. Укажите день не раньше этого."


def _before_previous(row: Row, meter: MeterCard, told: Told) -> str:
    return f"Прошлое показание снято {_day(row.before_taken):%d.%m.%Y}, это — раньше. Проверьте день снятия."


def _zone_less(row: Row, meter: MeterCard) -> tuple[int, int]:
    return next((now, was) for now, was in zip(row.values, row.before, strict=True) if now < was)


def _lower(row: Row, meter: MeterCard, told: Told) -> str:
    value, before = _zone_less(row, meter)
    return (
        f"Показание {words(value)} меньше прошлого {words(before)} от {_day(row.before_taken):%d.%m}. "
        "Если счётчик заменён, оформите замену; если ошиблись, исправьте."
    )


def _rollover(row: Row, meter: MeterCard, told: Told) -> str:
    value, before = _zone_less(row, meter)
    rolled = value - before + meter.turn_micro
    return (
        f"Показание {words(value)} меньше прошлого {words(before)}. Если счётчик прошёл через нули, "
        f"расход {words(rolled)} {meter.unit}. Всё верно?"
    )


def _usual(row: Row, meter: MeterCard, told: Told) -> str:
    usual = _range(row.usual_low * told.months, row.usual_high * told.months)
    return f"Расход {words(told.volume)} {meter.unit}, обычно {usual} {meter.unit}."


def _jump(row: Row, meter: MeterCard, told: Told) -> str:
    return f"{_usual(row, meter, told)} {_check_again(row, meter)}"


def _ceiling(row: Row, meter: MeterCard, told: Told) -> str:
    most = told.limits[f"service_{meter.service}"] * MICRO * told.months
    return (
        f"Расход {words(told.volume)} {meter.unit}. Столько в квартире не бывает: за {_months(told.months)} "
        f"обычно меньше {words(most)} {meter.unit}. Точно? {_check_again(row, meter)}"
    )


def _norm(row: Row, meter: MeterCard, told: Told) -> str:
    return (
        f"Расход {words(told.volume)} {meter.unit}, а по нормативу на всех проживающих "
        f"{words(row.norm_micro * told.months)} {meter.unit}."
    )


def _capacity(row: Row, meter: MeterCard, told: Told) -> str:
    days = max(1, row.taken - row.before_taken)
    return (
        f"Расход {words(told.volume)} {meter.unit} за {days} дн.: столько не пройдёт через ввод. "
        "Проверьте цифры и день снятия."
    )


def _zero_long(row: Row, meter: MeterCard, told: Told) -> str:
    months = row.zero_months + told.months
    return f"Расхода нет уже {_months(months)}. {_check_again(row, meter)}"


def _repeated(row: Row, meter: MeterCard, told: Told) -> str:
    return f"Расход {words(told.volume)} {meter.unit} повторяется {row.same_count + 1} раз подряд."


def _duplicate(row: Row, meter: MeterCard, told: Told) -> str:
    return "Такое же показание за этот месяц уже передано."


def _window(row: Row, meter: MeterCard, told: Told) -> str:
    month = Period(row.month)
    return f"Приём за {month.shift(-1).title} закончился, показание войдёт в {month.title}."


def _unverified(row: Row, meter: MeterCard, told: Told) -> str:
    return (
        f"Срок поверки истёк {_day(row.verified_until):%d.%m.%Y}: пока считаем по среднему за полгода. "
        "Поверьте или замените счётчик."
    )


def _zone_sum(row: Row, meter: MeterCard, told: Told) -> str:
    return f"Сумма зон {words(sum(row.values))}, а общее показание {words(row.total_micro)}."


def _house_sum(row: Row, meter: MeterCard, told: Told) -> str:
    return (
        f"Домовой счётчик израсходовал {words(told.volume)} {meter.unit}, а квартирные за эти же месяцы "
        f"{words(row.parts_micro)} {meter.unit}."
    )


def _prolonged(row: Row, meter: MeterCard, told: Told) -> str:
    return (
        f"Показаний не было {_months(told.months)}: начисленное за это время пересчитается по этому "
        "показанию."
    )


def _swapped(row: Row, meter: MeterCard, told: Told) -> str:
    return (
        f"Похоже, перепутаны горячая и холодная вода: {words(row.values[0])} продолжает показание "
        f"{words(row.twin_micro)} соседнего счётчика."
    )


WORDS: Mapping[str, Callable[[Row, MeterCard, Told], str]] = {
    "negative": _negative,
    "too_long": _too_long,
    "future": _future,
    "standing": _standing,
    "before_previous": _before_previous,
    "lower": _lower,
    "rollover": _rollover,
    "jump": _jump,
    "spike": _usual,
    "ceiling": _ceiling,
    "norm": _norm,
    "capacity": _capacity,
    "zero_long": _zero_long,
    "repeated": _repeated,
    "duplicate": _duplicate,
    "window": _window,
    "unverified": _unverified,
    "zone_sum": _zone_sum,
    "house_sum": _house_sum,
    "prolonged": _prolonged,
    "swapped": _swapped,
}


def _months(count: int) -> str:
    return "месяц" if count == 1 else f"{count} мес."


def _check_again(row: Row, meter: MeterCard) -> str:
    typed = ", ".join(words(value) for value in row.values[: meter.zones])
    return f"Проверьте цифры. Если всё верно, нажмите «Да, передать {typed}»."


def _range(low: int, high: int) -> str:
    """«5–8» in whole units, or one number."""
    first, last = low // MICRO, -(-high // MICRO)
    return f"{last}" if first == last else f"{first}–{last}"
