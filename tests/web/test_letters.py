"""«Сбои обмена»: what could not be processed is seen, found, sent again once or set aside with a reason."""

from __future__ import annotations

from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import text

from storage import outbox
from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import SignIn, csrf_of
from tests.web.desk import count, plain

CITY: Any = town
PATH = "/centre/letters"
FAILED_CHECKS = """
WITH paid AS (
  INSERT INTO card_orders (number, idem, account_id, company_id, account_number, source, amount_kopecks,
                           state, expires_at)
  SELECT 'o-1', 'o-1', id, company_id, number, 'cabinet', 100, 'paid', now() FROM accounts ORDER BY id LIMIT 1
  RETURNING id, account_id, company_id)
INSERT INTO card_checks (order_id, account_id, company_id, kind, external_id, amount_kopecks, state)
SELECT id, account_id, company_id, 'sell', 'c-' || n, 100, CASE WHEN n = 3 THEN 'done' ELSE 'failed' END
  FROM paid, generate_series(1, 3) AS n"""


async def bury(place: TestDatabase, *names: str) -> None:
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        for name in names:
            event = outbox.Event(0, name, "readings.given", {"meter_id": 5, "note": "счётчик <b>снят</b>"})
            await outbox.bury(
                session, consumer="readings-intake", event=event, error=f"Прибора {name} нет.", attempts=3
            )
    await owner.close()


async def post(client: AsyncClient, deed: str, query: str = "", **form: str) -> Response:
    token = csrf_of(await client.get(PATH))
    return await client.post(f"{PATH}/{deed}{query}", data={"csrf": token, **form})


async def test_letters_are_seen_sent_again_and_set_aside(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await bury(fresh_town, "e-1", "e-2", "e-3")
    centre = await sign_in("ivanova")

    shown = await centre.get(PATH)
    found = plain(await centre.get(f"{PATH}?words=e-2"))
    file = (await centre.get(f"{PATH}.csv?words=e-2")).text
    assert "Прибора e-1 нет." in plain(shown)
    assert "Приём показаний" in plain(shown)
    assert "<b>снят" not in shown.text
    assert "e-1" not in found
    assert "Прибора e-2 нет." in file
    assert "e-1" not in file

    empty = await post(centre, "send")
    assert (empty.status_code, "Не выбрано ни одного события" in plain(empty)) == (422, True)
    bare = await post(centre, "aside", **{"l-1": "1"})
    assert (bare.status_code, "почему с событием ничего не делать" in plain(bare)) == (422, True)
    assert await count(fresh_town, "dead_letters", "resolved_at IS NULL") == 3

    sent = await post(centre, "send", **{"l-1": "1"})
    assert "1 событие: отправлено снова" in plain(await centre.get(sent.headers["Location"]))
    await post(centre, "send", **{"l-1": "1"})
    await post(centre, "aside", **{"l-2": "1", "reason": "Прибор снят в мае"})
    assert "Прибор снят в мае" in plain(await centre.get(f"{PATH}?state=aside"))
    await post(centre, "send", "?words=e-3", all="1")

    assert await count(fresh_town, "outbox", "event_id LIKE 'e-%'") == 2
    assert "Сбоев нет" in plain(await centre.get(PATH))


async def test_letters_are_for_the_centre_only(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    company = await sign_in("vodokanal")
    assert (await company.get(PATH)).status_code == 403


async def test_fiscal_checks_that_failed_are_counted_with_the_way_to_them(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")
    assert "Касса не приняла" not in plain(await centre.get(PATH))
    owner = Database(fresh_town.url, "worker")
    async with owner.transaction() as session:
        await session.execute(text(FAILED_CHECKS))
    await owner.close()

    shown = await centre.get(PATH)

    assert "Касса не приняла 2 чека" in plain(shown)
    assert 'href="/card-checks?state=failed"' in shown.text
