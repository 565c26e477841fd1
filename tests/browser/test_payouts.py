"""Money out in a real Chromium: what came is distributed, posted by a second person, paid by the bank."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.browser import City, picture, sign_in, sign_out
from tests.support.command import paylogic

if TYPE_CHECKING:
    from playwright.sync_api import Page

DONE_MS_MAX = 60_000


def give_statement(desk: Page, city: City, path: Path) -> dict[str, int]:
    """Upload the demo bank's statement of today; what the bank put into it."""
    from playwright.sync_api import expect

    made = paylogic(city.home, "bank", "--out", str(path), "--json")
    assert made.code == 0, made.err
    desk.goto(f"{city.url}/centre/statements")
    desk.get_by_label("Файл выписки").set_input_files(path)
    desk.get_by_role("button", name="Загрузить").click()
    heading = desk.get_by_role("heading", level=1)
    expect(heading).to_contain_text("загружена", timeout=DONE_MS_MAX)
    return {"incomes": made.json["incomes"], "orders": made.json["orders"]}


def test_what_came_is_distributed_posted_exported_and_paid_by_the_bank(
    desk: Page, city: City, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "centre")
    came = give_statement(desk, city, tmp_path / "came.txt")
    assert came["incomes"] > 0

    desk.goto(f"{city.url}/centre/payouts")
    expect(desk.locator("#conservation")).to_contain_text("сходится до копейки", timeout=DONE_MS_MAX)
    desk.get_by_role("button", name="Посчитать").click()
    badge = desk.locator(".page-head .badge")
    expect(badge).to_have_text("посчитано, не проведено", timeout=DONE_MS_MAX)
    expect(desk.get_by_role("button", name=re.compile("^Провести"))).to_be_disabled()
    picture(desk, "payout-preview")
    run = desk.url

    sign_out(desk)
    sign_in(desk, city, "publisher")
    desk.goto(run)
    desk.get_by_role("button", name=re.compile("^Провести")).click()
    expect(badge).to_have_text("проведено, файл не выгружен", timeout=DONE_MS_MAX)
    desk.get_by_label("Вид файла").select_option("1c")
    desk.get_by_role("button", name=re.compile("^Выгрузить")).click()
    expect(badge).to_have_text("в банке")
    with desk.expect_download() as taken:
        desk.get_by_role("link", name="Скачать файл для банк-клиента").click()
    content = taken.value.path().read_bytes()
    assert content.startswith(b"1CClientBankExchange\r\n")
    orders = content.count("СекцияДокумент".encode("cp1251"))
    assert orders > 0

    paid = give_statement(desk, city, tmp_path / "paid.txt")
    assert paid["orders"] == orders
    desk.goto(run)
    expect(badge).to_have_text("закрыто выпиской", timeout=DONE_MS_MAX)
    assert desk.locator("#orders tbody .badge", has_text="переведён").count() == orders
    desk.goto(f"{city.url}/centre/payouts")
    expect(desk.locator("#conservation")).to_contain_text("сходится до копейки", timeout=DONE_MS_MAX)
    picture(desk, "payout-closed")
