"""Every kind of bad row: the verdict names sheet, row and column and says why; nothing is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage.engine import Database
from tests.importer.workbooks import Rows, check, good, load, xlsx

TABLES = (
    "streets",
    "houses",
    "flats",
    "accounts",
    "account_facts",
    "persons",
    "registrations",
    "ownerships",
    "meters",
    "readings",
    "entries",
    "house_services",
)


@dataclass(frozen=True)
class Case:
    """A way to spoil the workbook, and where and how the verdict must speak."""

    name: str
    spoil: Callable[[Rows], object]
    sheet: str
    row: int
    column: str | None
    words: str


def put(sheet: str, at: int, **values: Any) -> Callable[[Rows], object]:
    return lambda rows: rows[sheet][at].update(values)


def add(sheet: str, **values: Any) -> Callable[[Rows], object]:
    return lambda rows: rows[sheet].append(values)


def twin(sheet: str, at: int) -> Callable[[Rows], object]:
    return lambda rows: rows[sheet].append(dict(rows[sheet][at]))


PLACE = {"street": "ул. Пробная", "house": "3"}
CASES = (
    Case("required", put("houses", 0, floors=None), "Дома", 2, "Этажей", "Не заполнено"),
    Case(
        "area is text", put("houses", 0, area_total="много"), "Дома", 2, "Площадь помещений, м²", "не площадь"
    ),
    Case("zero area", put("houses", 0, area_total=0), "Дома", 2, "Площадь помещений, м²", "нулевой"),
    Case(
        "too many decimals",
        put("flats", 0, area="52,445"),
        "Квартиры",
        2,
        "Площадь, м²",
        "слишком много знаков",
    ),
    Case("whole number", put("houses", 0, floors="пять"), "Дома", 2, "Этажей", "не целое число"),
    Case("out of range", put("houses", 0, floors=900), "Дома", 2, "Этажей", "от 1 до 100"),
    Case("unknown word", put("houses", 0, kind="замок"), "Дома", 2, "Вид дома", "Выберите"),
    Case("unknown city", put("houses", 0, city="Атлантида"), "Дома", 2, "Город", "нет в базе"),
    Case("house twice", twin("houses", 0), "Дома", 3, "Дом", "уже есть в строке 2"),
    Case(
        "unknown service", put("services", 0, service="Свет в окне"), "Услуги", 2, "Услуга", "нет. Выберите"
    ),
    Case(
        "unknown supplier",
        put("services", 0, supplier="7700000000"),
        "Услуги",
        2,
        "ИНН поставщика",
        "нет в базе",
    ),
    Case("no supplier", put("services", 0, supplier=None), "Услуги", 2, "ИНН поставщика", "Впишите ИНН"),
    Case("no such house", put("flats", 0, house="33"), "Квартиры", 2, "Дом", "нет ни в файле"),
    Case(
        "flats over house",
        put("flats", 0, area="99,9"),
        "Квартиры",
        3,
        "Площадь, м²",
        "Помещений дома вместе",
    ),
    Case("living over area", put("flats", 0, living="60"), "Квартиры", 2, "Жилая, м²", "больше общей"),
    Case("no such entrance", put("flats", 0, entrance=7), "Квартиры", 2, "Подъезд", "подъездов 2"),
    Case("no such flat", put("accounts", 0, flat="99"), "Счета", 2, "Квартира", "Такой квартиры"),
    Case("not a date", put("accounts", 0, opened="вчера"), "Счета", 2, "Открыт", "не дата"),
    Case("no such day", put("accounts", 0, opened="31.02.2020"), "Счета", 2, "Открыт", "нет в календаре"),
    Case("closed before opened", put("accounts", 0, closed="01.01.2010"), "Счета", 2, "Закрыт", "раньше"),
    Case("account twice", twin("accounts", 0), "Счета", 4, "Лицевой счёт", "уже есть в строке 2"),
    Case("bad ЕЛС", put("accounts", 0, els="123"), "Счета", 2, "ЕЛС", "две цифры"),
    Case("Latin ЕЛС", put("accounts", 0, els="80PC558347"), "Счета", 2, "ЕЛС", "латинские буквы"),
    Case("bad ИД ЖКУ", put("accounts", 0, gis_id="80РС558347"), "Счета", 2, "ИД ЖКУ", "дефис и две цифры"),
    Case(
        "alien ИД ЖКУ", put("accounts", 0, gis_id="80РС558347-01"), "Счета", 2, "ИД ЖКУ", "начинается с ЕЛС"
    ),
    Case("bad ФИАС of a house", put("houses", 0, fias="0c5b2444"), "Дома", 2, "ФИАС", "8-4-4-4-12"),
    Case("bad ФИАС of a flat", put("flats", 0, fias="дом 5"), "Квартиры", 2, "ФИАС", "8-4-4-4-12"),
    Case("room in a flat", put("accounts", 0, room="2"), "Счета", 2, "Комната", "не коммунальная"),
    Case("no such account", put("people", 0, account="777"), "Люди", 2, "Лицевой счёт", "нет ни в файле"),
    Case("bad СНИЛС", put("people", 0, snils="900-000-000 80"), "Люди", 2, "СНИЛС", "контрольное число"),
    Case("not a share", put("people", 0, share="половина"), "Люди", 2, "Доля", "не доля"),
    Case(
        "shares over one",
        add(
            "people",
            account="910001",
            surname="Иной",
            name="Олег",
            first="01.01.2020",
            status="собственник",
            share="1/2",
        ),
        "Люди",
        4,
        "Доля",
        "больше целого",
    ),
    Case(
        "endless guest", put("people", 1, status="временно проживает"), "Люди", 3, "По какой день", "впишите"
    ),
    Case(
        "house meter with account",
        put("meters", 0, kind="общедомовой"),
        "Счётчики",
        2,
        "Чей",
        "нет лицевого счёта",
    ),
    Case(
        "zones of water", put("meters", 0, zones=2), "Счётчики", 2, "Тарифных зон", "только у электросчётчика"
    ),
    Case(
        "state without act", put("meters", 0, state="неисправен"), "Счётчики", 2, "Состояние с", "дату акта"
    ),
    Case("meter of upkeep", put("meters", 0, service="Содержание"), "Счётчики", 2, "Услуга", "не бывает"),
    Case(
        "no such meter",
        put("readings", 0, serial="ПР-9"),
        "Показания",
        2,
        "Заводской номер",
        "нет ни в файле",
    ),
    Case("smaller", put("readings", 2, value1="100"), "Показания", 4, "T1", "меньше прошлого"),
    Case("negative", put("readings", 2, value1="-5"), "Показания", 4, "T1", "меньше нуля"),
    Case("in future", put("readings", 2, taken="30.10.2026"), "Показания", 4, "Снято", "ещё не наступил"),
    Case("month not open", put("readings", 2, month="11.2026"), "Показания", 4, "Месяц", "ещё не открыт"),
    Case("too long", put("readings", 2, value1="7654321"), "Показания", 4, "T1", "длиннее счётчика"),
    Case("a zone it has not", put("readings", 2, value2="5"), "Показания", 4, "T2", "Очистите лишнее"),
    Case("reading twice", twin("readings", 1), "Показания", 5, "Месяц", "уже есть в строке 3"),
    Case(
        "money in thousandths",
        put("balances", 0, amount="10,505"),
        "Сальдо",
        2,
        "Долг, ₽",
        "слишком много знаков",
    ),
    Case("balance twice", twin("balances", 0), "Сальдо", 3, "Лицевой счёт", "уже есть в строке 2"),
    Case("balance of nobody", put("balances", 0, account="5"), "Сальдо", 2, "Лицевой счёт", "нет ни в файле"),
)


async def test_every_bad_row_gets_its_verdict(base: Database) -> None:
    assert (await check(base, good())).ok

    wrong = []
    for case in CASES:
        rows = good()
        case.spoil(rows)
        report = await check(base, rows)
        found = [(v.sheet, v.row, v.column) for v in report.verdicts if case.words in v.message]
        if (case.sheet, case.row, case.column) not in found or report.ok:
            wrong.append((case.name, report.verdicts))

    assert wrong == []


async def test_verdict_shows_what_stands_in_the_cell(base: Database) -> None:
    rows = good()
    rows["accounts"][0]["opened"] = "вчера"

    report = await check(base, rows)

    (verdict,) = report.verdicts
    assert verdict.value == "вчера"
    assert "31.12.2026" in verdict.message


async def test_one_bad_row_loads_nothing_and_is_kept_with_its_verdict(base: Database) -> None:
    rows = good()
    rows["balances"][0]["account"] = "5"
    before = await counts(base)

    report = await load(base, xlsx(rows))

    assert report.state == "refused"
    assert await counts(base) == before
    async with base.reading() as session:
        kept = (await session.execute(text("SELECT state, rows_bad FROM imports"))).one()
        verdict = (await session.execute(text('SELECT sheet, "row", message FROM import_verdicts'))).one()
    assert (kept.state, kept.rows_bad) == ("refused", 1)
    assert (verdict.sheet, verdict.row) == ("Сальдо", 2)


async def test_unusual_volume_is_asked_about_and_loads_once_confirmed(base: Database) -> None:
    rows = good()
    rows["readings"] = [
        {"service": "ХВС", "serial": "ПР-1", "month": f"{month:02d}.2026", "taken": f"20.{month:02d}.2026",
         "value1": value}
        for month, value in ((6, 200), (7, 204), (8, 208), (9, 212), (10, 412))
    ]  # fmt: skip

    asked = await check(base, rows)
    rows["readings"][-1]["confirmed"] = "да"
    confirmed = await check(base, rows)

    (verdict,) = asked.verdicts
    assert (verdict.sheet, verdict.row, verdict.column) == ("Показания", 6, "T1")
    assert "«Проверено»" in verdict.message
    assert confirmed.ok


async def test_a_bad_house_is_said_once_and_not_again_for_everything_in_it(base: Database) -> None:
    rows = good()
    rows["houses"][0]["floors"] = "пять"

    report = await check(base, rows)

    assert [(v.sheet, v.row) for v in report.verdicts] == [("Дома", 2)]
    assert len(report.bad_rows) == 1


async def counts(base: Database) -> dict[str, int]:
    async with base.reading() as session:
        return {
            table: int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0) for table in TABLES
        }
