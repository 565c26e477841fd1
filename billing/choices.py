"""What the law leaves open and a centre answers: questions, answers, their ground; the first answer is the
safe one.

An answer is a dated coefficient of the city: its value is the number of the answer. A month goes by the
answer of its first day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.block import I64
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
    """A question with its note of law and answers in order of their numbers."""

    key: str
    title: str
    ground: str
    answers: tuple[Answer, ...]

    def number(self, answer: str) -> int:
        """Number of an answer."""
        return next(at for at, one in enumerate(self.answers) if one.key == answer)


RAISING_MONTH, TARIFF_DAY, REFUSAL, SECOND_REFUSAL, SHORT_FAULT = (
    "choice_raising_month",
    "choice_tariff_day",
    "choice_refusal",
    "choice_second_refusal",
    "choice_short_fault",
)

QUESTIONS: dict[str, Question] = {
    one.key: one
    for one in (
        Question(
            RAISING_MONTH,
            "Повышающий коэффициент меняется внутри месяца",
            "ПП 1871 в силе с 06.12.2025; о неполном декабре в нём не сказано.",
            (
                Answer("days", "по дням", "Декабрь 2025: 5 дней с К 1,5 и 26 дней с К 3."),
                Answer("first", "по первому дню месяца", "Декабрь 2025 весь с К 1,5: доплаты меньше."),
                Answer("last", "по последнему дню месяца", "Декабрь 2025 весь с К 3: доплаты больше."),
            ),
        ),
        Question(
            TARIFF_DAY,
            "Показание в день изменения тарифа",
            "ПП 354 не говорит, как делить объём; показание того дня точнее дней.",
            (
                Answer("reading", "делит объём", "До показания — по старому тарифу, после — по новому."),
                Answer("days", "объём делится по дням", "Все делят месяц одинаково, по дням."),
            ),
        ),
        Question(
            REFUSAL,
            "Показание передают, а к счётчику не пускают",
            "ПП 354, п. 59 «в», п. 60(1): после акта об отказе объём не берут по счётчику.",
            (
                Answer("act", "сильнее акт об отказе", "С месяца акта — среднее, потом норматив с К."),
                Answer("reading", "сильнее показание", "Пока показания передают, считают по ним."),
            ),
        ),
        Question(
            SECOND_REFUSAL,
            "Второй акт об отказе в доступе",
            "ПП 354, п. 60(1)–60(3): номера пунктов менялись, чтения расходятся.",
            (
                Answer("norm", "норматив с К с месяца второго акта", "Среднее прекращается сразу."),
                Answer("average", "среднее до конца трёх периодов", "Второй акт не ускоряет норматив."),
            ),
        ),
        Question(
            SHORT_FAULT,
            "Счётчик неисправен, а данных меньше трёх месяцев",
            "ПП 354, п. 59, 60: о К в первые три периода без среднего не сказано.",
            (
                Answer("plain", "норматив без К, с К с 4-го периода", "Первые три месяца без доплаты."),
                Answer("raised", "норматив с К сразу", "Доплата с первого месяца неисправности."),
            ),
        ),
    )
}


@clause("ПП 354, ПП 1871: что оставлено на усмотрение")
def answered(work: Work, key: str, rows: Rows) -> I64:
    """Number of the answer for accounts (n,); 0, the safe one, where nothing was said."""
    given = work.block.coefficients.get(key)
    if given is None:
        return np.zeros(len(rows), np.int64)
    return np.asarray(np.maximum(given[0, work.block.accounts.house[rows]], 0), np.int64)
