"""What the law leaves open and a centre answers: questions, answers, their ground; the first answer is the
safe one.

An answer is a dated coefficient of the city, or of a company where its own answer is lawful: the value is the
number of the answer. A month goes by the answer of its first day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.block import I64, Block
from billing.rule import clause
from billing.work import Rows, Work


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: how cases name it, in words, what it changes for people."""

    key: str
    words: str
    effect: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its note of law, where it is asked, and answers in order of their numbers."""

    key: str
    title: str
    ground: str
    applies: str
    answers: tuple[Answer, ...]
    is_own: bool = True
    """A company may answer for its own houses; False where the act is of the state or the region."""

    def number(self, answer: str) -> int:
        """Number of an answer."""
        return next(at for at, one in enumerate(self.answers) if one.key == answer)


AS_CITY = "city"
"""What a company says that has no answer of its own any more."""
RAISING_MONTH, TARIFF_DAY, REFUSAL, SECOND_REFUSAL, SHORT_FAULT = (
    "choice_raising_month",
    "choice_tariff_day",
    "choice_refusal",
    "choice_second_refusal",
    "choice_short_fault",
)
PEOPLE_LINES, FAULT_DAYS, AVERAGE_WINDOW, SEASON_DAYS, YEAR_FIX, WHOLE_UNITS, BENEFIT_BASE = (
    "choice_people_lines",
    "choice_fault_days",
    "choice_average_window",
    "choice_season_days",
    "choice_year_fix",
    "choice_whole_units",
    "choice_benefit_base",
)
COMMON_FIX = "choice_common_fix"
BOILER_METERS = "choice_boiler_meters"

QUESTIONS: dict[str, Question] = {
    one.key: one
    for one in (
        Question(
            RAISING_MONTH,
            "Повышающий коэффициент меняется внутри месяца",
            "ПП 1871 в силе с 06.12.2025; о неполном декабре в нём не сказано.",
            "Холодная вода по нормативу с К в месяце, где К меняется.",
            (
                Answer("days", "по дням", "Декабрь 2025: 5 дней с К 1,5 и 26 дней с К 3."),
                Answer("first", "по первому дню месяца", "Декабрь 2025 весь с К 1,5: доплаты меньше."),
                Answer("last", "по последнему дню месяца", "Декабрь 2025 весь с К 3: доплаты больше."),
            ),
            is_own=False,
        ),
        Question(
            TARIFF_DAY,
            "Показание в день изменения тарифа",
            "ПП 354 не говорит, как делить объём; показание того дня точнее дней.",
            "Услуги по счётчику, прочитанному в день изменения тарифа.",
            (
                Answer("reading", "делит объём", "До показания — по старому тарифу, после — по новому."),
                Answer("days", "объём делится по дням", "Все делят месяц одинаково, по дням."),
            ),
        ),
        Question(
            REFUSAL,
            "Показание передают, а к счётчику не пускают",
            "ПП 354, п. 59 «в», п. 60(1): после акта об отказе объём не берут по счётчику.",
            "Счётчики квартир, по которым составлен акт об отказе в доступе.",
            (
                Answer("act", "сильнее акт об отказе", "С месяца акта — среднее, потом норматив с К."),
                Answer("reading", "сильнее показание", "Пока показания передают, считают по ним."),
            ),
        ),
        Question(
            SECOND_REFUSAL,
            "Второй акт об отказе в доступе",
            "ПП 354, п. 60(1)–60(3): номера пунктов менялись, чтения расходятся.",
            "Счётчики квартир со вторым актом об отказе подряд.",
            (
                Answer("norm", "норматив с К с месяца второго акта", "Среднее прекращается сразу."),
                Answer("average", "среднее до конца трёх периодов", "Второй акт не ускоряет норматив."),
            ),
        ),
        Question(
            SHORT_FAULT,
            "Счётчик неисправен, а данных меньше трёх месяцев",
            "ПП 354, п. 59, 60: о К в первые три периода без среднего не сказано.",
            "Счётчики квартир, которые сломались или потеряли поверку, не проработав трёх месяцев.",
            (
                Answer("plain", "норматив без К, с К с 4-го периода", "Первые три месяца без доплаты."),
                Answer("raised", "норматив с К сразу", "Доплата с первого месяца неисправности."),
            ),
        ),
        Question(
            FAULT_DAYS,
            "Неисправность, отказ или конец поверки внутри месяца",
            "ПП 354, п. 59, 60: считают расчётными периодами; о неполном первом периоде не сказано.",
            "Счётчики квартир; месяц, после которого среднее сменяется нормативом.",
            (
                Answer("period", "весь месяц — первый период", "Один способ на весь месяц."),
                Answer(
                    "days",
                    "периоды идут со дня события",
                    "В месяце перехода дни до этого числа — по среднему, остальные — по нормативу.",
                ),
            ),
        ),
        Question(
            AVERAGE_WINDOW,
            "Сколько месяцев берут в среднее",
            "ПП 354, п. 59: «не менее 6 месяцев», верхней границы нет.",
            "Счётчики квартир без показания: молчащие, неисправные, с актом об отказе.",
            (
                Answer("six", "последние 6", "Среднее ближе к сегодняшнему расходу."),
                Answer("twelve", "до 12 последних", "Среднее ровнее по временам года; прогон дольше."),
            ),
        ),
        Question(
            PEOPLE_LINES,
            "Число людей изменилось внутри месяца",
            "ПП 354, п. 42, 56: объём по людям и дням; сколько строк печатать, не сказано.",
            "Услуги по нормативу на человека.",
            (
                Answer("one", "одна строка за месяц", "Дневные объёмы складывают и округляют один раз."),
                Answer("each", "строка на каждое число людей", "Видно дни с каждым составом; прогон дольше."),
            ),
        ),
        Question(
            SEASON_DAYS,
            "Отопление без счётчика дома в неполный месяц сезона",
            "ПП 354, прил. 2, ф. 2, 2(3): норматив установлен на месяц; о неполном месяце не сказано.",
            "Дома без общедомового счётчика тепла, которые платят в сезон; "
            "дни сезона задаёт коэффициент heating_season.",
            (
                Answer("whole", "норматив за весь месяц", "Месяц начала и конца сезона — полная плата."),
                Answer("days", "по дням сезона", "Плата за дни, в которые дом отапливали."),
            ),
        ),
        Question(
            YEAR_FIX,
            "Корректировка отопления за год",
            "ПП 354, п. 42(1): корректируют размер платы; по каким ценам, не сказано.",
            "Дома со счётчиком тепла, которые платят равными долями.",
            (
                Answer("money", "в рублях", "Сколько год должен был стоить по тарифам своих месяцев."),
                Answer("volume", "по объёму", "Разница объёмов года по тарифу месяца корректировки."),
            ),
        ),
        Question(
            BOILER_METERS,
            "Своя котельная, счётчики тепла у части помещений",
            "ПП 354, п. 54, ф. 18; КС РФ 30-П от 10.07.2018: показания учитывают, хотя счётчики не у всех; "
            "о помещениях без счётчика ф. 18 не говорит.",
            "Отопление домов со своей котельной, где счётчики тепла есть не у всех.",
            (
                Answer("meters", "по счётчикам", "Кто экономит, платит меньше; без счётчика — среднее."),
                Answer("area", "по площади", "Топливо делят по площади, пока счётчики не у всех."),
            ),
        ),
        Question(
            WHOLE_UNITS,
            "Неполные часы и градусы перерывов и отклонений",
            "ПП 354, прил. 1: «за каждый час», «за каждый 1 °C»; о долях не сказано.",
            "Снижение платы за перерывы, температуру, давление, напряжение.",
            (
                Answer("exact", "считаются как есть", "Полтора часа — полтора, полградуса — половина."),
                Answer("whole", "только полные", "Полтора часа — один, неполный градус не считается."),
            ),
        ),
        Question(
            BENEFIT_BASE,
            "С чего считается льгота, когда плату снизили",
            "ЖК РФ, ст. 159, 160 и законы о льготах: о порядке снижения и льготы не сказано.",
            "Льготы на услуги, по которым были отсутствие, перерыв или плохое качество.",
            (
                Answer("after", "со сниженной платы", "Сначала перерасчёт, от остатка — льгота."),
                Answer("before", "с полной платы", "Льгота от всей суммы, но не больше остатка."),
            ),
            is_own=False,
        ),
        Question(
            COMMON_FIX,
            "Когда сверяют год СОИ, оплаченный по нормативу или среднему",
            "ПП 491, п. 29(2), 29(3): в первом квартале, если собрание не решило иначе; месяц не назван.",
            "Дома, где СОИ платят по нормативу или среднему.",
            (
                Answer("march", "в марте", "Строка за прошлый год войдёт в начисление за март."),
                Answer("february", "в феврале", "Строка за прошлый год войдёт в начисление за февраль."),
                Answer("january", "в январе", "Строка за прошлый год войдёт в начисление за январь."),
                Answer("none", "не сверяют", "Разницу с показаниями домов за год жителям не пересчитывают."),
            ),
        ),
    )
}


@clause("ПП 354, ПП 1871: что оставлено на усмотрение")
def answered_in(block: Block, key: str, rows: Rows) -> I64:
    """Number of the answer for accounts (n,) of a block; 0, the safe one, where nothing was said."""
    given = block.coefficients.get(key)
    if given is None:
        return np.zeros(len(rows), np.int64)
    return np.asarray(np.maximum(given[0, block.accounts.house[rows]], 0), np.int64)


def answered(work: Work, key: str, rows: Rows) -> I64:
    """The same for the sheet of a block."""
    return answered_in(work.block, key, rows)
