"""Words of the centre's pages for codes of the database."""

from __future__ import annotations

from dataclasses import dataclass, replace

from storage.parked_pages import ParkedRow
from web.reasons import REASON_WORDS

STATE_WORDS = {
    "planned": ("запланирован", ""),
    "accruing": ("считается", "brand"),
    "checked": ("черновик", "warn"),
    "published": ("опубликован", "good"),
    "undone": ("отменён", ""),
    "failed": ("не удался", "bad"),
}
"""State of a run: word and tone."""

BLOCK_WORDS = {"planned": ("ждёт", ""), "done": ("посчитан", "good"), "parked": ("отложен", "bad")}

SCOPE_WORDS = {
    "city": "Весь город",
    "organisation": "Управляющая организация",
    "house": "Дом",
    "account": "Счёт",
}


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do about a reason of parking.

    place, label: the page where it is put right and the words of its link. {account}, {neighbour}, {service}
    and {run} of the place are filled for one parked account; without an account to name, the place is its
    list.
    """

    deed: str
    place: str = ""
    label: str = ""


_IMPORT = "Загрузить"
FIXES = {
    "NO_AREA": Fix(
        "Впишите площадь в карточке счёта.", "/accounts/{account}/edit/area#place", "Вписать площадь"
    ),
    "NO_PEOPLE": Fix(
        "Впишите жителя или собственника в карточке счёта.",
        "/accounts/{account}/edit/register#people",
        "Вписать людей",
    ),
    "NO_TARIFF": Fix("Добавьте тариф с документом.", "/centre/values?service={service}", "К тарифам"),
    "NO_NORM": Fix("Добавьте норматив с документом.", "/centre/values?service={service}", "К нормативам"),
    "NO_HOUSE_READING": Fix(
        "Загрузите показание общедомового счётчика: лист «Показания».", "/centre/import", _IMPORT
    ),
    "NO_HOUSE_YEAR": Fix(
        "Загрузите показания общедомового счётчика за прошлый год: лист «Показания».",
        "/centre/import",
        _IMPORT,
    ),
    "NO_HOUSE_AREA": Fix("Загрузите площадь дома: лист «Дома».", "/centre/import", _IMPORT),
    "NEIGHBOUR": Fix(
        "Исправьте счёт, который назван в причине.", "/accounts/{neighbour}", "Открыть соседний счёт"
    ),
    "OLDER_THAN_LAW": Fix("Расчёт за этот месяц не поддерживается."),
    "BLOCK_FAILED": Fix(
        "Причину покажет журнал прогона; сообщите администратору.", "/centre/runs/{run}#log", "Журнал прогона"
    ),
}
UNKNOWN = Fix("Откройте счёт и посмотрите, чего не хватает.", "/accounts/{account}", "Открыть счёт")


def reason_words(reason: str) -> str:
    """The short word of a reason; an unknown one as it is."""
    return REASON_WORDS.get(reason.upper(), reason)


def fix_of_reason(reason: str, run_id: int) -> Fix:
    """What to do about all accounts of a reason: where it is done once, or the list of them."""
    fix = FIXES.get(reason.upper(), UNKNOWN)
    if "{account}" in fix.place or "{neighbour}" in fix.place:
        return replace(fix, place=f"/centre/parked?run={run_id}&reason={reason}", label="К счетам")
    return replace(fix, place=fix.place.removesuffix("?service={service}").format(run=run_id))


def fix_of_account(row: ParkedRow, may_edit: bool) -> Fix:
    """What to do about one account; who may not edit is led to the section of the card."""
    fix = FIXES.get(row.reason.upper(), UNKNOWN)
    if "{neighbour}" in fix.place and row.neighbour_id is None:
        return Fix(fix.deed)
    place = fix.place.format(
        account=row.account_id, neighbour=row.neighbour_id, service=row.service, run=row.run_id
    )
    if "/edit/" in place and not may_edit:
        base, _, section = place.partition("#")
        return Fix(fix.deed, f"{base.partition('/edit/')[0]}#{section}", "Открыть счёт")
    return replace(fix, place=place)
