"""Debts and the cash desk in a real Chromium before a whole running stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.browser import City, picture, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

WORK_MS_MAX = 60_000


def test_reminders_are_approved_in_bulk_and_become_papers(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "company")
    desk.goto(f"{city.url}/debts")
    expect(desk.locator("#list")).to_contain_text("просрочено", timeout=WORK_MS_MAX)
    picture(desk, "debtors")
    desk.goto(f"{city.url}/debts/houses")
    desk.locator("a.tile").first.click()
    expect(desk.locator(".chip.on")).to_be_visible()

    desk.goto(f"{city.url}/debts/steps?stage=reminder")
    desk.get_by_label("Всё найденное").check()
    desk.get_by_role("button", name="Посмотреть перед утверждением").click()
    expect(desk.get_by_text("Проверьте перед утверждением")).to_be_visible()
    picture(desk, "debt-preview")
    desk.get_by_role("button", name="Утвердить").click()
    link = desk.get_by_role("link", name="Напечатать все одним файлом")
    expect(link).to_be_visible(timeout=WORK_MS_MAX)
    paper = desk.request.get(f"{city.url}{link.get_attribute('href')}")
    assert paper.body().startswith(b"%PDF")

    desk.get_by_label("Почему отменяете").fill("Проба")
    desk.get_by_role("button", name="Отменить утверждение").click()
    expect(desk.get_by_text("Утверждение отменено")).to_be_visible()


def test_cash_is_taken_by_a_scanned_code_and_the_shift_closes(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "centre")
    desk.goto(f"{city.url}/centre/cash-desks")
    for _ in range(desk.locator("#company option").count()):
        desk.get_by_role("button", name="Открыть кассу").click()
    desk.context.clear_cookies()
    sign_in(desk, city, "company")
    number = desk.request.get(f"{city.url}/company/accounts.csv").text().splitlines()[1].split(";")[0]
    number = number.lstrip("'")
    desk.goto(f"{city.url}/cash")
    desk.get_by_role("button", name="Открыть смену").click()
    desk.locator("#q").fill(f"ST00012|Name=УК|PersAcc={number}|Sum=100")
    desk.locator("#q").press("Enter")
    expect(desk.get_by_role("heading", name="Принять деньги")).to_be_visible()
    desk.locator("#amount").fill("700")
    desk.locator("#given").fill("1000")
    desk.get_by_role("button", name="Показать раскладку и сдачу").click()
    expect(desk.locator("#form")).to_contain_text("Куда пойдут деньги")
    expect(desk.locator("#form")).to_contain_text("300,00")
    picture(desk, "cash-split")
    desk.get_by_role("button", name="Принять деньги").dblclick()
    slip = desk.get_by_role("link", name="Чек на ленте 80 мм")
    expect(slip).to_be_visible(timeout=WORK_MS_MAX)
    assert desk.request.get(f"{city.url}{slip.get_attribute('href')}").body().startswith(b"%PDF")
    picture(desk, "cash-receipt")
    desk.get_by_role("link", name="смена № 1").click()
    expect(desk.locator("main")).to_contain_text("1 чек")
    desk.get_by_role("button", name="Закрыть смену и снять Z-отчёт").click()
    expect(desk.get_by_role("heading", name="Z-отчёт, смена № 1")).to_be_visible()
    picture(desk, "cash-z-report")
