"""What the demo city shows of paper: routes of postmen, houses without one, a form of a company's own."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy import text

from storage import receipt_forms
from storage.delivery import RouteDraft, Stop, keep
from storage.demo import ensure_users
from storage.engine import Database
from storage.seed import reference
from storage.session import Session

ZONE = ZoneInfo("Europe/Moscow")
PEOPLE = (
    "Сидорова Анна Павловна",
    "Орлова Нина Васильевна",
    "Котов Павел Ильич",
    "Мартынова Ольга Сергеевна",
    "Гусев Андрей Петрович",
    "Белова Тамара Львовна",
)
ROUTE_ACCOUNTS = 450
"""Receipts one person carries in a day or two."""
ROUTES_MAX = 40
WITHOUT = 2
"""Houses left without a route, so that the page has something to say."""
BY_ENTRANCES_EVERY = 7
"""Each so many houses are walked entrance by entrance, from the last flat of the farther one."""
LOOK = {
    "accent": "#14509a",
    "messages": ["С 1 числа офис на первом этаже работает и в субботу, с 9 до 13 часов."],
    "payment_ways": "В кассе УК и в личном кабинете — без комиссии.",
}

HOUSES = """
SELECT h.id, h.entrances_count, count(a.id)::int AS accounts
  FROM houses h JOIN streets s ON s.id = h.street_id JOIN cities c ON c.id = s.city_id
  JOIN accounts a ON a.house_id = h.id AND a.receipt_by = 'paper'
 GROUP BY h.id, s.id, c.id ORDER BY c.name, s.search_name, s.id, h.sort_key, h.id
"""


async def show(database_url: str) -> None:
    """Make both when the city is the demo one and has no route yet."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.transaction() as session:
            if not await ensure_users(session):
                return
            user = int(await session.scalar(text("SELECT id FROM users WHERE login = 'raschet'")) or 0)
            if await session.scalar(text("SELECT EXISTS (SELECT 1 FROM delivery_routes)")):
                return
            await _routes(session, dt.datetime.now(ZONE).date().replace(day=1), user)
            if not await receipt_forms.versions(session, reference.FIRST_COMPANY):
                month = await session.scalar(text("SELECT min(period) FROM months"))
                note = "Цвет, объявление и где платить"
                await receipt_forms.save(session, reference.FIRST_COMPANY, LOOK, month, note, user)
    finally:
        await database.close()


async def _routes(session: Session, since: dt.date, user_id: int) -> None:
    """Neighbouring houses to a route until a person has enough to carry."""
    houses = list(await session.execute(text(HOUSES)))[:-WITHOUT]
    stops: list[Stop] = []
    carried = made = 0
    for number, house in enumerate(houses):
        if number % BY_ENTRANCES_EVERY == BY_ENTRANCES_EVERY - 1 and house.entrances_count > 1:
            stops += [Stop(house.id, one, is_down=True) for one in range(house.entrances_count, 0, -1)]
        else:
            stops.append(Stop(house.id))
        carried += house.accounts
        if (carried >= ROUTE_ACCOUNTS or number == len(houses) - 1) and made < ROUTES_MAX:
            made += 1
            person = PEOPLE[(made - 1) % len(PEOPLE)]
            await keep(
                session, None, RouteDraft(None, f"Маршрут {made}", person, since, tuple(stops)), user_id
            )
            stops, carried = [], 0
