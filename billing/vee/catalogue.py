"""The catalogue of rules: their names, how strict each is until somebody says otherwise, their numbers."""

from __future__ import annotations

from collections.abc import Mapping

from billing.services import CATALOGUE, Service
from billing.vee import rules
from billing.vee.rules import BLOCK, HOLD, SEVERITIES, WARN, Rule, Threshold

CEILINGS = {
    Service.COLD_WATER: 60,
    Service.HOT_WATER: 40,
    Service.SEWERAGE: 100,
    Service.HEATING: 8,
    Service.ELECTRICITY: 2_000,
    Service.GAS: 800,
}
"""More than a flat uses in a month: water is two bath tubs a day for each of four people over their norm
(7 m³), electricity is five norms, gas heats a large flat by itself, heat is three norms of 100 m² in January.
"""
FLOWS = {
    Service.COLD_WATER: 3_000,
    Service.HOT_WATER: 3_000,
    Service.ELECTRICITY: 15_000,
    Service.GAS: 6_000,
}
"""Thousandths of a unit an hour: 3 m³ through DN15, 15 kW of a flat's line, 6 m³ through a meter G4."""


def _of_services(values: Mapping[Service, int], unit: str) -> tuple[Threshold, ...]:
    return tuple(
        Threshold(
            f"service_{int(code)}", f"{CATALOGUE[code].label}, {unit.format(CATALOGUE[code].unit)}", value
        )
        for code, value in values.items()
    )


ALWAYS = (BLOCK,)
STRICT = (BLOCK, HOLD)

RULES: tuple[Rule, ...] = (
    Rule("unknown_meter", "Неизвестный счётчик", "Такого счётчика нет", BLOCK, ALWAYS, rules.unknown_meter),
    Rule("negative", "Меньше нуля", "Показание отрицательное", BLOCK, ALWAYS, rules.negative),
    Rule("too_long", "Лишняя цифра", "Цифр больше, чем на счётчике", BLOCK, ALWAYS, rules.too_long),
    Rule("future", "Будущий день", "День снятия ещё не наступил", BLOCK, STRICT, rules.future),
    Rule(
        "standing",
        "Счётчик не стоял",
        "Снято до установки или после снятия счётчика",
        BLOCK,
        STRICT,
        rules.standing,
    ),
    Rule(
        "before_previous",
        "Раньше прошлого",
        "Снято раньше прошлого показания",
        BLOCK,
        STRICT,
        rules.before_previous,
    ),
    Rule(
        "lower",
        "Меньше прошлого",
        "Меньше прошлого показания, и это не переход через ноль",
        BLOCK,
        STRICT,
        rules.lower,
    ),
    Rule(
        "rollover",
        "Переход через ноль",
        "Счётчик мог пройти через нули",
        WARN,
        (BLOCK, HOLD, WARN),
        rules.rollover,
        asks=True,
    ),
    Rule(
        "jump",
        "Больше обычного",
        "Расход больше самого большого из обычных месяцев",
        WARN,
        SEVERITIES,
        rules.jump,
        (Threshold("times", "во сколько раз", 3, 1), Threshold("units", "и больше, единиц в месяц", 3)),
        True,
    ),
    Rule(
        "spike",
        "Скачок",
        "Расход намного больше обычного",
        HOLD,
        SEVERITIES,
        rules.spike,
        (Threshold("times", "во сколько раз", 10, 1), Threshold("units", "и больше, единиц в месяц", 60)),
    ),
    Rule(
        "ceiling",
        "Столько не бывает",
        "Больше, чем расходует квартира; для счётчика без истории",
        WARN,
        SEVERITIES,
        rules.ceiling,
        _of_services(CEILINGS, "{} в месяц"),
        True,
    ),
    Rule(
        "norm",
        "Скачок к нормативу",
        "Намного больше норматива; для счётчика без истории",
        HOLD,
        SEVERITIES,
        rules.norm,
        (Threshold("times", "во сколько раз", 15, 1), Threshold("units", "и больше, единиц в месяц", 100)),
    ),
    Rule(
        "capacity",
        "Больше пропускной способности",
        "Столько не пройдёт через ввод за эти дни",
        HOLD,
        SEVERITIES,
        rules.capacity,
        _of_services(FLOWS, "тысячных {} в час"),
    ),
    Rule(
        "zero_long",
        "Долго ноль",
        "Ничего не расходуют несколько месяцев подряд",
        WARN,
        SEVERITIES,
        rules.zero_long,
        (Threshold("months", "месяцев", 6, 1),),
        True,
    ),
    Rule(
        "repeated",
        "Повторяется",
        "Один и тот же расход много раз подряд",
        WARN,
        SEVERITIES,
        rules.repeated,
        (Threshold("times", "раз подряд", 6, 2),),
    ),
    Rule("duplicate", "Дубль", "Такое же показание за месяц уже есть", WARN, SEVERITIES, rules.duplicate),
    Rule(
        "window", "Вне срока приёма", "Передано после последнего дня приёма", WARN, SEVERITIES, rules.window
    ),
    Rule("unverified", "Истекла поверка", "Срок поверки счётчика прошёл", WARN, SEVERITIES, rules.unverified),
    Rule(
        "zone_sum",
        "Зоны не сходятся",
        "Сумма зон не равна общему показанию",
        HOLD,
        SEVERITIES,
        rules.zone_sum,
        (Threshold("thousandths", "допуск, тысячных единицы", 1000),),
    ),
    Rule(
        "house_sum",
        "Квартиры больше дома",
        "Квартирные счётчики израсходовали больше домового",
        HOLD,
        SEVERITIES,
        rules.house_sum,
        (Threshold("percent", "больше, %", 30), Threshold("units", "и больше, единиц", 50)),
    ),
    Rule(
        "prolonged",
        "Долго без показаний",
        "Перед этим показанием долго считали по среднему или нормативу",
        WARN,
        SEVERITIES,
        rules.prolonged,
        (Threshold("months", "месяцев", 6, 1),),
    ),
    Rule(
        "swapped",
        "Перепутаны горячая и холодная",
        "Показание продолжает соседний счётчик воды",
        HOLD,
        SEVERITIES,
        rules.swapped,
        (Threshold("units", "обычно не больше, единиц в месяц", 60, 1),),
    ),
)
BY_KEY = {rule.key: rule for rule in RULES}
