"""Money in a real Chromium: a register with bad rows is read, accepted, its stray payment assigned."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from tests.support.browser import City, picture, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

TAKEN_MS_MAX = 60_000


def rows_of(account: str, day: dt.date) -> bytes:
    """A good row, one whose account has a digit too many, and one without a sum."""
    lines = (
        "Номер;Счёт;Сумма;Дата;Плательщик",
        f"B-1;{account};1500,00;{day:%d.%m.%Y};Первый",
        f"B-2;{account}7;700,50;{day:%d.%m.%Y};Второй",
        f"B-3;{account};сто;{day:%d.%m.%Y};Третий",
    )
    return "\n".join(lines).encode()


def test_a_register_with_bad_rows_is_read_accepted_and_its_stray_payment_assigned(
    desk: Page, city: City
) -> None:
    from playwright.sync_api import expect

    account, _ = city.users["resident"]
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=3)
    sign_in(desk, city, "centre")

    desk.goto(f"{city.url}/registers/profiles/new?preset=csv")
    desk.get_by_role("button", name="Сохранить").first.click()
    desk.wait_for_url(lambda url: "/new" not in url)

    desk.goto(f"{city.url}/registers/new")
    desk.get_by_label("Вид реестра").select_option(label="Простая таблица, CSV")
    desk.get_by_label("Кто принял платежи").select_option(index=1)
    file = {"name": "реестр.csv", "mimeType": "text/csv", "buffer": rows_of(account, day)}
    desk.get_by_label("Файл реестра").set_input_files(file)  # type: ignore[arg-type]
    desk.get_by_role("button", name="Загрузить и проверить").click()
    heading = desk.get_by_role("heading", level=1)
    expect(heading).to_contain_text("проверен, ждёт решения", timeout=TAKEN_MS_MAX)
    for words in ("можно зачислить", "в невыясненные", "не читается"):
        expect(desk.locator("tbody .badge", has_text=words).first).to_be_visible()
    picture(desk, "register-protocol")
    desk.get_by_role("button", name=re.compile("^Зачислить")).click()
    expect(heading).to_contain_text("зачислен", timeout=TAKEN_MS_MAX)
    expect(heading).not_to_contain_text("зачисляется")

    desk.goto(f"{city.url}/centre/unidentified?words=B-2")
    desk.locator("[data-row]").first.click()
    expect(heading).to_contain_text("700,50")
    offered = desk.locator("tr", has=desk.get_by_role("button", name=f"Отнести на счёт {account}")).first
    offered.get_by_label("Основание").fill("Лишняя цифра в номере счёта")
    offered.get_by_role("button", name=f"Отнести на счёт {account}").click()
    expect(heading).to_contain_text("зачислен", timeout=TAKEN_MS_MAX)
    picture(desk, "unidentified-assigned")
