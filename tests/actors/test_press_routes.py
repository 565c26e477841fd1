"""A print run by routes: the order, covers, volumes of one route, a plan by what receipts took before."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pypdfium2
import pytest
from sqlalchemy import text

from storage import press_pages, press_routes
from storage.delivery import DeliveryRefused, RouteDraft, Stop, in_force, keep
from storage.engine import Database
from storage.press_orders import PressRefused
from storage.press_plan import with_separators
from tests.actors.test_press import CHOICE, SEPTEMBER, asked, contents, make_city, printed
from tests.receipts.paper import text_of
from tests.support.services import TestDatabase

NUMBER = re.compile(r"№ (\d{6})")
SINCE = dt.date(2026, 9, 1)
BY_ROUTES = replace(CHOICE, routes_on=dt.date(2026, 10, 5), has_separators=True)


@pytest.fixture(scope="module")
def city(database: TestDatabase) -> TestDatabase:
    """Two billed months of a small city with two routes: one by houses backwards, one by entrances."""
    asyncio.run(_made(database.url))
    return database


async def _made(url: str) -> None:
    await make_city(url)
    owner = Database(url)
    async with owner.transaction() as session:
        houses = await _houses(session)
        await keep(session, None, _draft("Маршрут 10", [Stop(one) for one in houses[:2]]), None)
        entrances = tuple(
            Stop(houses[2], entrance, is_down=True) for entrance in await _entrances(session, houses[2])
        )
        stops = (Stop(houses[4]), Stop(houses[3]), *entrances)
        await keep(session, None, _draft("Маршрут 2", stops), None)
    await owner.close()


def _draft(name: str, stops: Any, since: dt.date = SINCE, carrier: str = "Сидорова А. П.") -> RouteDraft:
    return RouteDraft(None, name, carrier, since, tuple(stops))


async def _houses(session: Any) -> list[int]:
    """The busiest houses first, so that a route has something to carry."""
    found = await session.execute(
        text("""
        SELECT a.house_id FROM accounts a WHERE a.receipt_by = 'paper' GROUP BY a.house_id
         ORDER BY count(*) DESC, a.house_id LIMIT 5""")
    )
    return list(found.scalars())


async def _entrances(session: Any, house_id: int) -> list[int]:
    found = await session.execute(
        text(
            "SELECT DISTINCT entrance FROM flats WHERE house_id = :h AND entrance IS NOT NULL ORDER BY 1 DESC"
        ),
        {"h": house_id},
    )
    return list(found.scalars())


@pytest.fixture
async def base(city: TestDatabase) -> AsyncIterator[Database]:
    made = Database(city.url, pool_max=3)
    yield made
    await made.close()


WALK = """
SELECT p.number, p.account_id, w.name AS route, d.position, f.entrance, f.sort_key, d.is_down,
       d.entrance AS own
  FROM press_receipts p
  JOIN press_routes w ON w.run_id = p.run_id AND p.number BETWEEN w.first_number AND w.last_number
  JOIN accounts a ON a.id = p.account_id JOIN flats f ON f.id = a.flat_id
  LEFT JOIN delivery_stops d ON d.version_id = w.version_id AND d.house_id = p.house_id
       AND (d.entrance IS NULL OR d.entrance = f.entrance)
 WHERE p.run_id = :id ORDER BY p.number
"""


async def test_receipts_go_by_routes_houses_entrances_and_flats_up_or_down(base: Database) -> None:
    run_id = await printed(base, BY_ROUTES)

    async with base.reading() as session:
        walk = (await session.execute(text(WALK), {"id": run_id})).all()
        routes = await press_routes.routes_of(session, run_id)
    assert [one.name for one in routes] == ["Маршрут 2", "Маршрут 10", "Без маршрута"]
    assert [row.route for row in walk] == sorted(
        (row.route for row in walk), key=[one.name for one in routes].index
    )
    by_route = [row for row in walk if row.position is not None]
    assert [row.position for row in by_route if row.route == "Маршрут 2"] == sorted(
        row.position for row in by_route if row.route == "Маршрут 2"
    )
    down = [row for row in by_route if row.is_down]
    assert down
    for entrance in {row.entrance for row in down}:
        flats = [row.sort_key for row in down if row.entrance == entrance]
        assert flats == sorted(flats, reverse=True)
    up = [row for row in by_route if not row.is_down]
    keys = [(row.route != "Маршрут 2", row.position, row.entrance or 999, row.sort_key) for row in up]
    assert keys == sorted(keys)
    assert all(row.own is None or row.own == row.entrance for row in by_route)


@pytest.mark.parametrize("is_duplex", [False, True])
async def test_the_cut_and_stacked_pile_is_the_route_with_its_cover_on_top(
    base: Database, is_duplex: bool
) -> None:
    run_id = await printed(base, replace(BY_ROUTES, layout="a5x2", is_duplex=is_duplex, volume_sheets=60))

    async with base.reading() as session:
        volumes = await press_pages.volumes(session, run_id)
        routes = await press_routes.routes_of(session, run_id)
        planned = list(
            (
                await session.execute(
                    text("SELECT number FROM press_receipts WHERE run_id = :id ORDER BY number"),
                    {"id": run_id},
                )
            ).scalars()
        )
    walked: list[int] = []
    covers: list[str] = []
    for volume, content in zip(volumes, await contents(base, run_id), strict=True):
        pile = _unstacked(content, is_duplex)
        numbers = [
            int(found[-1]) for words in pile if _is_receipt(words) and (found := NUMBER.findall(words))
        ]
        own = [number for at, number in enumerate(numbers) if at == 0 or numbers[at - 1] != number]
        assert own == list(range(volume.first_number, volume.last_number + 1))
        walked += own
        covers += [words for words in pile if "Маршрут доставки" in words]
        assert sum(one.first_number <= volume.first_number <= one.last_number for one in routes) == 1
    assert walked == planned
    assert [next(one.name for one in routes if one.name in words) for words in covers] == [
        one.name for one in routes
    ]
    assert "Почтальон: Сидорова А. П." in covers[0]


def _halves(page: pypdfium2.PdfPage) -> tuple[str, str]:
    words, middle = page.get_textpage(), page.get_width() / 2
    left = words.get_text_bounded(right=middle).replace("\u00a0", " ")
    return left, words.get_text_bounded(left=middle).replace("\u00a0", " ")


def _is_receipt(words: str) -> bool:
    return "Лицевой счёт" in words and "Дальше — квитанции дома" not in words


def _unstacked(content: bytes, is_duplex: bool) -> list[str]:
    """The sheets cut down the middle and the right half put under the left one: words of each leaf."""
    with closing(pypdfium2.PdfDocument(content)) as opened:
        halves = [_halves(opened[at]) for at in range(len(opened))]
    if not is_duplex:
        return [left for left, _ in halves] + [right for _, right in halves]
    fronts, backs = halves[0::2], halves[1::2]
    pairs = list(zip(fronts, backs, strict=True))
    return [front[0] + back[1] for front, back in pairs] + [front[1] + back[0] for front, back in pairs]


async def test_only_the_chosen_routes_are_printed_and_their_volumes_handed_over(base: Database) -> None:
    async with base.reading() as session:
        two = next(
            one for one in await in_force(session, BY_ROUTES.routes_on or SINCE) if "10" not in one.name
        )
    run_id = await printed(base, replace(BY_ROUTES, route_ids=(two.route_id,)))

    async with base.transaction() as session:
        await press_routes.hand_over(session, run_id, 1, "Сидорова А. П.", 1)
        await press_routes.hand_over(session, run_id, 1, "Орлова Н. В.", 1)
        (route,) = await press_routes.routes_of(session, run_id)
        volumes = await press_pages.volumes(session, run_id)
        houses = await press_pages.register(session, run_id)
        with pytest.raises(PressRefused, match="Такого маршрута"):
            await press_routes.hand_over(session, run_id, 2, "Кто-то", 1)
    assert (route.name, route.carrier, route.whom) == ("Маршрут 2", "Сидорова А. П.", "Орлова Н. В.")
    assert (
        route.receipts_count
        == sum(one.receipts_count for one in volumes)
        == sum(one.receipts_count for one in houses)
    )
    assert route.due_kopecks == sum(one.due_kopecks for one in houses) > 0
    assert {one.route for one in houses} == {"Маршрут 2"}
    assert "Маршрут доставки" in text_of((await contents(base, run_id))[0])


async def test_volumes_not_ready_yet_are_not_handed_over(base: Database) -> None:
    run_id = await asked(base, BY_ROUTES)

    async with base.transaction() as session:
        with pytest.raises(PressRefused, match="Не все тома маршрута «Маршрут 2» готовы"):
            await press_routes.hand_over(session, run_id, 1, "Сидорова А. П.", 1)
        await session.execute(text("UPDATE press_runs SET state = 'stopped' WHERE id = :id"), {"id": run_id})


async def test_an_entrance_is_never_on_two_routes_and_a_closed_one_frees_it(base: Database) -> None:
    async with base.transaction() as session:
        houses = await _houses(session)
        with pytest.raises(DeliveryRefused, match=r"уже в маршруте «Маршрут 10» с 01\.09\.2026"):
            await keep(session, None, _draft("Новый", [Stop(houses[0], 1)]), None)
        with pytest.raises(DeliveryRefused, match="стоит в маршруте дважды"):
            await keep(session, None, _draft("Новый", [Stop(houses[0]), Stop(houses[0], 1)]), None)
        with pytest.raises(DeliveryRefused, match="уже есть"):
            await keep(session, None, _draft("маршрут 10", [Stop(houses[0])]), None)
        ten = next(one for one in await in_force(session, SINCE) if one.name == "Маршрут 10")
        closing = dt.date(2027, 1, 1)
        await keep(session, ten.route_id, _draft("Маршрут 10", [], closing), None)
        with pytest.raises(DeliveryRefused, match="уже в маршруте"):
            await keep(session, None, _draft("Новый", [Stop(houses[0])], dt.date(2026, 12, 31)), None)
        new = await keep(session, None, _draft("Новый", [Stop(houses[0])], closing), None)
        assert {one.route_id for one in await in_force(session, closing)} >= {new}
        assert ten.route_id not in {one.route_id for one in await in_force(session, closing)}
        await session.rollback()


# ---- the plan ---------------------------------------------------------------------------------------------


def test_the_first_receipt_of_a_house_brings_its_separator() -> None:
    assert with_separators([100, 100, 100], [7, 7, 9]) == [200, 100, 200]


async def test_the_second_run_is_planned_by_the_first_and_every_block_is_one_full_volume(
    base: Database,
) -> None:
    choice = replace(CHOICE, is_duplex=False, volume_sheets=60)
    first = await printed(base, choice)
    second = await printed(base, choice)

    async with base.reading() as session:
        before, after = await press_pages.volumes(session, first), await press_pages.volumes(session, second)
        expected = -(-sum(one.sheets for one in after) // 60)
    assert sum(one.sheets for one in before) == sum(one.sheets for one in after)
    assert [one.part for one in after] == [1] * len(after)
    assert all(one.sheets <= 60 for one in after)
    assert len(after) <= expected + expected // 6 + 1
    assert min(one.sheets for one in after) * 4 >= max(one.sheets for one in after) * 3
    assert SEPTEMBER.first_day == choice.period
