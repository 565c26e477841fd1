"""Routes of delivery from a workbook: read, checked row by row, kept whole or not at all."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl import load_workbook

from storage.delivery import DeliveryRefused, RouteDraft, Stop, in_force, keep
from storage.delivery_pages import house_ids
from storage.importer.cells import as_text
from storage.natural import search_form
from storage.session import Session

TITLES = ("Маршрут", "Почтальон", "Улица", "Дом", "Подъезд", "Квартиры")
REQUIRED = ("Маршрут", "Улица", "Дом")
UP, DOWN = "вверх", "вниз"
ROWS_MAX = 20_000
UNPACKED_MAX = 64 * 2**20
ERRORS_MAX = 50
HEADER_ROWS = 5


@dataclass(frozen=True, slots=True)
class FileLine:
    """A row with its number in the sheet, cells by title."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file is: routes with their stops; errors by row when it cannot be kept."""

    routes: int
    new: int
    stops: int
    errors: list[str]


def read_workbook(content: bytes) -> list[FileLine]:
    """Rows under the head «Маршрут, Почтальон, Улица, Дом, Подъезд, Квартиры». Raises DeliveryRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(one.file_size for one in archive.infolist()) > UNPACKED_MAX:
                raise DeliveryRefused("Таблица слишком велика. Разделите её на части.")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = [[as_text(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except DeliveryRefused:
        raise
    except Exception as error:  # a broken workbook fails in many ways, all of them mean the same
        raise DeliveryRefused("Таблица не читается. Сохраните её заново в виде xlsx.") from error
    head = next((at for at, row in enumerate(rows[:HEADER_ROWS]) if set(REQUIRED) <= set(row)), None)
    if head is None:
        raise DeliveryRefused(
            "В таблице нет столбцов «Маршрут», «Улица», «Дом». Возьмите за образец выгрузку этой страницы."
        )
    if len(rows) - head > ROWS_MAX:
        raise DeliveryRefused(f"В таблице больше {ROWS_MAX} строк. Разделите её на части.")
    titles = rows[head]
    lines = [
        FileLine(at + 1, dict(zip(titles, row, strict=False)))
        for at, row in enumerate(rows[head + 1 :], start=head + 1)
    ]
    return [one for one in lines if any(one.cells.get(title) for title in TITLES)]


async def load(
    session: Session,
    company_id: int | None,
    lines: Sequence[FileLine],
    starts_on: dt.date,
    user_id: int,
) -> Loaded:
    """Keep the routes of a file from a day on; the caller rolls back when there are errors or it only looks.

    A route known by its name gets a new version, another is made. Nothing is kept past the first wrong row.
    """
    houses = await house_ids(session, company_id)
    errors: list[str] = []
    stops: dict[str, list[Stop]] = {}
    carriers: dict[str, str] = {}
    for line in lines:
        name = " ".join(line.cells.get("Маршрут", "").split())
        stop = _stop(line, name, houses, errors)
        if stop is not None:
            stops.setdefault(name, []).append(stop)
            carriers[name] = carriers.get(name) or line.cells.get("Почтальон", "")
    if not lines:
        errors.append("В таблице нет ни одной строки с маршрутом.")
    if errors:
        return Loaded(len(stops), 0, len(lines), errors[:ERRORS_MAX])
    known = {
        search_form(one.name): one.route_id
        for one in await in_force(session, starts_on)
        if one.company_id == company_id
    }
    waiting = {known[search_form(name)] for name in stops if search_form(name) in known}
    for name, of_route in stops.items():
        draft = RouteDraft(company_id, name, carriers[name], starts_on, tuple(of_route))
        route_id = known.get(search_form(name))
        try:  # houses move between routes of the file: those not written yet are not in the way
            await keep(session, route_id, draft, user_id, besides=sorted(waiting))
            waiting.discard(route_id or 0)
        except DeliveryRefused as refusal:
            errors.append(f"Маршрут «{name}»: {refusal.message}")
    new = sum(search_form(name) not in known for name in stops)
    return Loaded(len(stops), new, sum(len(one) for one in stops.values()), errors[:ERRORS_MAX])


def _stop(
    line: FileLine, name: str, houses: Mapping[tuple[str, str], list[int]], errors: list[str]
) -> Stop | None:
    where = f"Строка {line.number}: "
    street, house = search_words(line.cells.get("Улица", "")), search_words(line.cells.get("Дом", ""))
    found = houses.get((street, house), [])
    entrance = line.cells.get("Подъезд", "")
    way = search_form(line.cells.get("Квартиры", "")) or UP
    if not name:
        errors.append(where + "нет названия маршрута.")
    elif not found:
        errors.append(where + f"дома «{street}, {house}» нет. Улица пишется с видом: «ул. Ленина».")
    elif len(found) > 1:
        errors.append(where + f"домов «{street}, {house}» несколько. Добавьте этот дом на странице маршрута.")
    elif entrance and not (entrance.isascii() and entrance.isdigit() and len(entrance) < 3):
        errors.append(where + f"подъезд «{entrance}» — не число. Пусто — весь дом.")
    elif way not in (UP, DOWN):
        errors.append(where + f"в столбце «Квартиры» стоит «{way}», а бывает «{UP}» или «{DOWN}».")
    else:
        return Stop(found[0], int(entrance) if entrance else None, way == DOWN)
    return None


def search_words(value: str) -> str:
    """Lower case and single spaces, as addresses are compared."""
    return " ".join(value.lower().split())
