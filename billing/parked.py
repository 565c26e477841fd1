"""Accounts a run cannot charge: why, in words a person understands, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt


class Reason(Enum):
    """Stable code → sentence. {service} and {detail} are filled where the reason is told."""

    NO_AREA = "Не указана площадь. Впишите её в карточке счёта, раздел «Помещение», и начислите снова."
    NO_PEOPLE = "Нет ни проживающих, ни собственников. Впишите их в карточке счёта, раздел «Люди»."
    NO_TARIFF = (
        "Нет тарифа: {service} на {detail}. "
        "Добавьте значение и документ в «Тарифы и нормативы», потом начислите."
    )
    NO_NORM = (
        "Нет норматива: {service} на {detail}. "
        "Добавьте значение и документ в «Тарифы и нормативы», потом начислите."
    )
    NO_HOUSE_READING = (
        "Нет показания общедомового счётчика: {service} за {detail}. "
        "Его вносит расчётный центр: «Загрузка данных», лист «Показания»."
    )
    NO_HOUSE_YEAR = (
        "Не все показания общедомового счётчика за {detail}: {service} равными долями не посчитать. "
        "Их вносит расчётный центр: «Загрузка данных», лист «Показания»."
    )
    NO_HOUSE_AREA = (
        "У дома не указана общая площадь помещений: {service} не разделить. "
        "Её вносит расчётный центр: «Загрузка данных», лист «Дома»."
    )
    NEIGHBOUR = (
        "Объём дома не сложить: у соседнего счёта нет данных ({service}, счёт {detail}). "
        "Исправьте его, потом начислите."
    )
    SHARES = (
        "Доли счетов помещения за {detail} не складываются в единицу или один из счетов не открыт. "
        "Исправьте раздел: карточка счёта, «Раздел счёта», потом начислите."
    )
    NO_FUEL = (
        "Не внесено топливо котельной дома: {service} за {detail}. "
        "Внесите объём в «Тарифы и нормативы», вид «топливо котельной», потом начислите."
    )
    NOTHING_TO_SHARE = (
        "Топливо на горячую воду записано, а горячей водой в доме за {detail} никто не пользовался. "
        "Проверьте объём топлива и показания."
    )
    FEW_DISTRIBUTORS = (
        "Распределители тепла стоят не больше чем на половине площади дома: "
        "корректировки за {detail} по ним не бывает. Исправьте показания распределителей дома."
    )
    NO_FLOOR = (
        "У квартиры не указан этаж, а он нужен формуле ({detail}). "
        "Его вносит расчётный центр: «Загрузка данных», лист «Квартиры»."
    )
    FORMULA_ZERO = (
        "Формула делит на ноль ({detail}). Проверьте площадь и число людей в карточке счёта "
        "или допишите в формулу «если … то … иначе …»."
    )
    FORMULA_CEILING = (
        "Сумма по формуле больше её предела ({detail}). "
        "Проверьте данные счёта; если сумма верна, внесите формулу с большим пределом."
    )
    FORMULA_NEGATIVE = "Сумма по формуле меньше нуля ({detail}). Допишите в формулу «макс(0; …)»."
    OLDER_THAN_LAW = "Нет федеральных значений на {detail}: расчёт за этот месяц не поддерживается."
    BLOCK_FAILED = (
        "Не удалось посчитать часть прогона с этим домом. Администратор видит причину в журнале прогона."
    )


@dataclass(slots=True)
class Parked:
    """Collects parked accounts of a block: index → first reason met, its service and detail."""

    size: int
    reason: dict[int, tuple[Reason, int, str]] = field(default_factory=dict)

    def add(
        self,
        rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp],
        reason: Reason,
        service: int,
        detail: str = "",
    ) -> None:
        """Park accounts given by mask (N,) or indices; the first reason of an account stays."""
        indices = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        for index in indices.tolist():
            self.reason.setdefault(index, (reason, service, detail))

    def mask(self) -> npt.NDArray[np.bool_]:
        """(N,) True where the account is parked."""
        out = np.zeros(self.size, np.bool_)
        if self.reason:
            out[np.fromiter(self.reason, np.intp, len(self.reason))] = True
        return out
