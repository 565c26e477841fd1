"""The first day of the four people who use the city, in a real Chromium before a whole running stack.

One module, so that one city serves all: a resident on a phone, an accountant, a dispatcher, the centre.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import City, picture, sign_in, sign_out

if TYPE_CHECKING:
    from playwright.sync_api import Page

TAKEN_MS_MAX = 60_000
RUN_MS_MAX = 120_000


def fits(page: Page) -> bool:
    """Nothing of the page sticks out to the side."""
    width, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    return bool(width <= inner)


# ---- a resident on a 360 px screen ------------------------------------------------------------------


def test_a_resident_sees_the_sum_and_sends_a_reading(phone: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(phone, city, "resident")
    expect(phone.locator(".sum").first).to_be_visible()
    assert fits(phone)
    picture(phone, "resident-home")

    phone.get_by_role("link", name="Показания", exact=True).click()
    card = phone.locator("article.meter-card").first
    label = card.locator("label").first.inner_text()
    last = re.search(r"прошлое ([\d\s\u202f]+)", label)
    assert last, label
    whole = int(re.sub(r"\D", "", last[1]))
    assert fits(phone)

    card.locator("input").first.fill(str(whole + 3))
    card.locator("input").first.blur()
    expect(card.locator(".hint")).to_contain_text("Расход")
    picture(phone, "resident-typed")
    phone.get_by_role("button", name="Передать показания").click()

    expect(phone.locator("#answer .notice.good")).to_contain_text("Принято. Расход")
    taken = phone.get_by_role("link", name="Сколько выйдет за месяц")
    expect(taken).to_be_visible(timeout=TAKEN_MS_MAX)
    picture(phone, "resident-taken")
    taken.click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Ближайшее начисление")
    expect(phone.get_by_text("по счётчику").first).to_be_visible()
    assert fits(phone)


def test_a_resident_reads_why_and_opens_the_receipt(phone: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(phone, city, "resident")

    phone.get_by_role("link", name="Почему столько").click()
    expect(phone.locator(".why-card").first).to_contain_text("₽")
    phone.locator("summary", has_text="Откуда эти числа").first.click()
    expect(phone.locator(".why-card").first).to_contain_text("тариф", ignore_case=True)
    assert fits(phone)
    picture(phone, "resident-why")

    document = phone.get_by_role("link", name="Квитанция, PDF").get_attribute("href")
    answer = phone.request.get(f"{city.url}{document}")
    assert answer.ok
    assert answer.body().startswith(b"%PDF")


def test_a_resident_without_scripts_sends_a_reading_too(browser: object, city: City) -> None:
    context = browser.new_context(  # type: ignore[attr-defined]
        viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="ru-RU"
    )
    page: Page = context.new_page()
    sign_in(page, city, "resident")
    page.goto(f"{city.url}/my/readings")

    page.get_by_role("button", name="Передать показания").click()

    assert "Введите показание хотя бы одного счётчика." in page.content()
    context.close()


# ---- an accountant of a company ---------------------------------------------------------------------


def test_an_accountant_finds_a_flat_by_three_letters(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "company")
    expect(desk.locator("#desk-q")).to_be_focused()
    desk.goto(f"{city.url}/company/accounts")
    surname = desk.locator("#list tbody td:nth-child(3)").first.inner_text().split()[0]
    desk.goto(f"{city.url}/company")
    picture(desk, "company-home")

    desk.locator("#desk-q").press_sequentially(surname[:3].lower(), delay=60)
    found = desk.locator("#company-found a")
    expect(found.first).to_be_visible()
    desk.keyboard.press("ArrowDown")
    expect(found.first).to_be_focused()
    desk.keyboard.press("Enter")

    desk.wait_for_url(re.compile(r"/accounts/\d+"))
    expect(desk.locator("#headline h1")).to_contain_text("кв.")
    for section in ("money", "charges", "meters", "people", "place"):
        expect(desk.locator(f"#{section}")).to_be_visible()
    picture(desk, "company-account")

    desk.locator("a.why").first.click()
    expect(desk.locator("#panel")).to_contain_text("Откуда числа")
    assert "why=" in desk.url
    picture(desk, "company-why")
    desk.keyboard.press("Escape")
    expect(desk.locator("#panel")).to_be_empty()
    desk.get_by_role("link", name="Посчитать").click()
    expect(desk.locator("#nearest")).to_contain_text("Всего, ₽")


# ---- a dispatcher -----------------------------------------------------------------------------------


def test_a_dispatcher_logs_a_request_and_sees_it_in_the_journal(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "dispatcher")
    desk.goto(f"{city.url}/dispatch/journal")
    street = desk.locator("#list tbody td.c-place").first.inner_text().split(".")[1].strip()[:3]
    desk.goto(f"{city.url}/dispatch")
    picture(desk, "dispatch-board")

    desk.keyboard.press("Control+Enter")
    desk.wait_for_url("**/dispatch/call")
    desk.locator("#phone").fill("+7 900 111-22-33")
    desk.locator("#q").press_sequentially(street.lower(), delay=60)
    expect(desk.locator("#found-places a").first).to_be_visible()
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(desk.locator("#here .place")).to_be_visible()
    desk.locator("#text").fill("Прорвало трубу в подвале, заливает")
    desk.keyboard.press("Alt+a")
    expect(desk.locator("#term")).to_contain_text("локализация аварии за 30 минут")
    picture(desk, "dispatch-call")
    desk.keyboard.press("Control+Enter")

    expect(desk.get_by_role("heading", level=1)).to_have_text(re.compile(r"Заявка № \d+"))
    expect(desk.get_by_role("link", name="Следующий звонок")).to_be_focused()
    number = re.sub(r"\D", "", desk.get_by_role("heading", level=1).inner_text())
    picture(desk, "dispatch-logged")
    desk.goto(f"{city.url}/dispatch/journal?q={number}")
    expect(desk.locator("#list tbody tr").first).to_contain_text("Прорвало трубу в подвале")


# ---- the centre -------------------------------------------------------------------------------------


def test_the_centre_bills_the_city_and_two_persons_publish_it(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "centre")
    desk.goto(f"{city.url}/centre/runs/new")
    desk.get_by_role("button", name="Посмотреть, что войдёт").click()
    picture(desk, "centre-new")
    desk.locator("button.primary", has_text="Начислить").click()
    desk.wait_for_url(re.compile(r"/centre/runs/\d+$"))
    run = desk.url
    expect(desk.locator(".badge", has_text="черновик").first).to_be_visible(timeout=RUN_MS_MAX)
    picture(desk, "centre-draft")

    desk.goto(f"{city.url}/centre/parked")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Отложенные счета")
    picture(desk, "centre-parked")
    desk.goto(run)
    desk.get_by_role("button", name="Передать на публикацию").click()
    expect(desk.get_by_text("На подпись")).to_be_visible()
    sign_out(desk)

    sign_in(desk, city, "publisher")
    desk.goto(run)
    desk.get_by_role("button", name=re.compile("^Опубликовать")).click()
    expect(desk.locator(".badge", has_text="опубликован").first).to_be_visible(timeout=RUN_MS_MAX)
    picture(desk, "centre-published")

    desk.goto(f"{city.url}/accounts/1")
    expect(desk.locator("#charges")).not_to_contain_text("черновик")
    receipt = desk.locator("#charges header a", has_text="Квитанция").get_attribute("href")
    answer = desk.request.get(f"{city.url}{receipt}")
    assert answer.ok
    assert answer.body().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("role", "path", "words"),
    [
        ("supplier", "/supplier", "Начислено за ваши услуги"),
        ("social", "/social/recipients", "Получатели льгот"),
        ("agent", "/agent", "Платежи за"),
    ],
)
def test_partners_land_on_a_page_of_their_own(
    desk: Page, city: City, role: str, path: str, words: str
) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, role)

    desk.wait_for_url(f"**{path}")
    expect(desk.get_by_role("heading", level=1)).to_contain_text(words)
    expect(desk.locator("table tbody tr").first).to_be_visible()
    assert fits(desk)
    picture(desk, role)
