"""When a request to the dispatcher must be answered, and by which clause.

Law: Rules 416, section IV; Rules 354, cl. 31, 108.

Times of day are of the house's zone; the clock is an argument. Working days: billing.due and the calendar.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from billing.due import is_working
from billing.penalty.terms import Calendar

CHUTE_FIRST_HOUR, CHUTE_LAST_HOUR = 8, 23
WORKDAY_END_HOUR = 18


@dataclass(frozen=True, slots=True)
class Term:
    """How long may pass: a duration, or working days (then until the end of the last one)."""

    ground: str
    minutes: int = 0
    working_days: int = 0
    daytime_only: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    """What a request is about, with its term when it is an accident and when it is not."""

    key: str
    title: str
    accident: Term
    ordinary: Term


LOCALISE = Term("локализация аварии за 30 минут, ПП 416, п. 13", minutes=30)
BLOCKAGE = Term("устранение засора за 2 часа, ПП 416, п. 13", minutes=120)
CHUTE = Term("устранение засора за 2 часа с 8 до 23, ПП 416, п. 13", minutes=120, daytime_only=True)
CHECK = Term("проверка качества услуги за 2 часа, ПП 354, п. 108", minutes=120)
REPAIR = Term("устранение повреждения за 3 суток, ПП 416, п. 13", minutes=3 * 24 * 60)
CHARGES = Term("ответ о начислениях за 3 рабочих дня, ПП 354, п. 31", working_days=3)
GENERAL = Term("ответ на обращение за 10 рабочих дней, ПП 416, п. 36", working_days=10)

CATEGORIES: dict[str, Category] = {
    one.key: one
    for one in (
        Category("leak", "Протечка, прорыв трубы", LOCALISE, REPAIR),
        Category("sewage", "Засор канализации", BLOCKAGE, BLOCKAGE),
        Category("water", "Нет воды, слабый напор", LOCALISE, CHECK),
        Category("heating", "Холодно, нет отопления", LOCALISE, CHECK),
        Category("electricity", "Нет света", LOCALISE, CHECK),
        Category("chute", "Мусоропровод", CHUTE, CHUTE),
        Category("common", "Подъезд, лифт, кровля, двор", REPAIR, REPAIR),
        Category("charges", "Вопрос о начислениях", CHARGES, CHARGES),
        Category("other", "Другое", GENERAL, GENERAL),
    )
}


STEMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("sewage", ("засор", "канализац", "унитаз", "стояк забит")),
    ("leak", ("течь", "течёт", "течет", "протечк", "протека", "прорв", "прорыв", "залив", "затоп", "капает")),
    ("chute", ("мусоропровод",)),
    ("heating", ("батаре", "отоплен", "холодно в", "радиатор")),
    ("electricity", ("нет света", "электр", "искрит", "проводк", "выбило пробк")),
    ("water", ("нет воды", "нет горячей", "нет холодной", "напор", "ржавая вода", "вода еле")),
    ("charges", ("начисл", "квитанц", "перерасч", "плата за", "показани", "долг")),
    ("common", ("лифт", "подъезд", "крыш", "кровл", "двор", "домофон", "уборк", "лампочк")),
)
"""Beginnings of words that tell what a text is about; the first category met wins."""
ACCIDENT_STEMS = ("прорв", "прорыв", "хлещет", "залив", "залило", "затоп", "искрит", "пожар", "дым", "авари")


def guess(said: str) -> tuple[str, bool]:
    """Category and whether it sounds like an accident; «other» when no word is known."""
    plain = said.lower()
    category = next((key for key, stems in STEMS if any(stem in plain for stem in stems)), "other")
    return category, any(stem in plain for stem in ACCIDENT_STEMS)


NOTHING_MOVED = Calendar()


def deadline(
    category: str, is_accident: bool, registered_at: dt.datetime, calendar: Calendar = NOTHING_MOVED
) -> tuple[dt.datetime, str]:
    """The last moment and its ground; registered_at is in the zone of the house. KeyError: no category.

    calendar: days the government moved; they matter to terms in working days.
    """
    known = CATEGORIES[category]
    term = known.accident if is_accident else known.ordinary
    if term.working_days:
        day = _after_working_days(registered_at.date(), term.working_days, calendar)
        return _end_of(day, registered_at), term.ground
    if term.daytime_only:
        return _in_daytime(registered_at, dt.timedelta(minutes=term.minutes)), term.ground
    return registered_at + dt.timedelta(minutes=term.minutes), term.ground


def _after_working_days(day: dt.date, count: int, calendar: Calendar) -> dt.date:
    while count:
        day += dt.timedelta(days=1)
        count -= is_working(day, calendar.days_off, calendar.working_days)
    return day


def _end_of(day: dt.date, moment: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(WORKDAY_END_HOUR), tzinfo=moment.tzinfo)


def _in_daytime(moment: dt.datetime, wait: dt.timedelta) -> dt.datetime:
    """The wait counted between 8 and 23 only; what does not fit today goes on in the morning."""
    start = moment.replace(hour=CHUTE_FIRST_HOUR, minute=0, second=0, microsecond=0)
    end = moment.replace(hour=CHUTE_LAST_HOUR, minute=0, second=0, microsecond=0)
    if moment >= end:
        return start + dt.timedelta(days=1) + wait
    begun = max(moment, start)
    left = end - begun
    return begun + wait if wait <= left else start + dt.timedelta(days=1) + (wait - left)
