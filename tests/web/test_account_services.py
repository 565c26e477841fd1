"""«Услуги» of an account: a service is switched from a month with its ground; refusals in words."""

from __future__ import annotations

import pytest

from tests.support.services import TestDatabase
from tests.web import clock, town
from tests.web.conftest import SignIn
from tests.web.desk import count, plain, send

CITY = town
PAGE = "/accounts/1/services"
NEW = {
    "service": "1",
    "way": "off",
    "month": "2026-10",
    "ground": "Заявление № 4 от 01.10.2026",
    "supplier": "",
}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


async def test_a_service_is_switched_off_and_stands_as_the_accounts_own(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("center")

    answer = await send(desk, PAGE, PAGE, **NEW)
    page = plain(await desk.get(answer.headers["location"]))

    assert answer.status_code == 303
    assert "Записано." in page
    assert "отключена своё у счёта, с 01.10.2026" in page
    assert "Заявление № 4 от 01.10.2026" in page
    assert await count(fresh_town, "account_services", "NOT is_on AND account_id = 1") == 1
    assert await count(fresh_town, "audit", "action = 'service_switched' AND subject_id = 1") == 1


async def test_a_closed_month_says_that_it_waits_for_a_correction(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("center")

    answer = await send(desk, PAGE, PAGE, **{**NEW, "month": "2026-09"})

    assert "done=late" in answer.headers["location"]
    assert await count(fresh_town, "late_facts", "kind = 'service' AND account_id = 1") == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"service": ""}, "Выберите услугу."),
        ({"way": "maybe"}, "Выберите, подключить или отключить."),
        ({"way": "on"}, "эта услуга и так подключена"),
        ({"ground": ""}, "Укажите основание"),
        ({"month": "2031-01"}, "больше чем через год"),
        ({"supplier": "999"}, "Такого получателя нет."),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason(
    sign_in: SignIn, fields: dict[str, str], words: str
) -> None:
    desk = await sign_in("center")

    refused = await send(desk, PAGE, PAGE, **{**NEW, **fields})

    assert refused.status_code == 422
    assert words in plain(refused)
