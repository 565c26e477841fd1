"""The press in a real Chromium: choose, look at a page, start, take the first volume, print a range again."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pikepdf

from tests.receipts.paper import text_of
from tests.support.browser import City, picture, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

PRESS_MS_MAX = 180_000
NUMBER = re.compile(r"№ (\d{6})")


def numbers(content: bytes) -> list[int]:
    """Running numbers on the paper, each once, in order."""
    return sorted({int(number) for number in NUMBER.findall(text_of(content))})


def test_the_centre_prints_a_month_and_a_damaged_range_again(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "centre")
    desk.locator(".rail summary", has_text="Квитанции").click()
    desk.get_by_role("link", name="Печать", exact=True).click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Печать квитанций")
    desk.get_by_role("link", name="Напечатать").first.click()
    expect(desk.locator("#preview")).to_contain_text("Бумажных документов")
    desk.get_by_label("С двух сторон").check()
    desk.get_by_label("Листов в томе").fill("60")
    desk.get_by_label("Листов в томе").press("Tab")
    expect(desk.locator("#preview input[name=sheets]")).to_have_value("60")
    picture(desk, "press-new")

    sample = desk.locator("#preview form[action='/centre/press/sample.pdf']")
    query = {
        name: sample.locator(f"input[name={name}]").input_value() for name in ("period", "layout", "size")
    }
    shown = desk.request.get(f"{city.url}/centre/press/sample.pdf", params={**query, "number": "3"})
    assert shown.ok, shown.text()
    assert numbers(shown.body()) == [3]

    desk.get_by_role("button", name=re.compile("^Напечатать ")).click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(re.compile(r"Печать \d+"))
    expect(desk.locator(".page-head .badge")).to_have_text("готово", timeout=PRESS_MS_MAX)
    expect(desk.locator("#progress")).to_contain_text("100")
    picture(desk, "press-done")

    with desk.expect_download() as taking:
        desk.get_by_role("link", name="Том 1", exact=True).click()
    volume = taking.value.path().read_bytes()
    first = numbers(volume)
    assert first[0] == 1
    assert first == list(range(1, len(first) + 1))

    desk.get_by_label("Испорчены с №").fill("2")
    desk.get_by_label("по №").fill("4")
    desk.get_by_label("Почему печатаете снова").fill("замяло в принтере")
    with desk.expect_download() as taking:
        desk.get_by_role("button", name="Напечатать снова").click()
    again = taking.value.path().read_bytes()
    assert numbers(again) == [2, 3, 4]
    with pikepdf.open(io.BytesIO(again)) as document:
        assert len(document.pages) % 2 == 0

    desk.get_by_label("Что и кому передано").fill("тома 1–2, почта, Сидорова")
    desk.get_by_role("button", name="Записать").click()
    expect(desk.locator("#notes")).to_contain_text("тома 1–2, почта, Сидорова")
    expect(desk.locator("#notes")).to_contain_text("замяло в принтере")
    expect(desk.locator("#notes")).to_contain_text("Том 1")
    register = desk.request.get(f"{desk.url.partition('#')[0]}/register.pdf")
    assert register.ok
    assert "Контрольный реестр" in text_of(register.body())
    picture(desk, "press-notes")


SAID = "Лифты проверяют пятого числа, с девяти до двенадцати."


def test_an_edited_form_is_printed_and_a_damaged_range_comes_again_with_its_numbers(
    desk: Page, city: City
) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "centre")
    desk.goto(f"{city.url}/centre/press/new")
    month = desk.get_by_label("Месяц").input_value()
    desk.goto(f"{city.url}/receipt-forms/centre")
    desk.get_by_label("С квитанций какого месяца").fill(month)
    desk.get_by_label("Сообщения жителям").fill(SAID)
    desk.get_by_label("Что изменено").fill("Объявление о лифтах")
    desk.get_by_role("button", name="Сохранить версию").click()
    expect(desk.locator(".notice.good")).to_contain_text("Версия сохранена")

    desk.goto(f"{city.url}/centre/press/new")
    desk.get_by_label("Листов в томе").fill("40")
    desk.get_by_label("Листов в томе").press("Tab")
    expect(desk.locator("#preview input[name=sheets]")).to_have_value("40")
    desk.get_by_role("button", name=re.compile("^Напечатать ")).click()
    expect(desk.locator(".page-head .badge")).to_have_text("готово", timeout=PRESS_MS_MAX)
    with desk.expect_download() as taking:
        desk.get_by_role("link", name="Том 1", exact=True).click()
    volume = text_of(taking.value.path().read_bytes())
    printed = sorted({int(number) for number in NUMBER.findall(volume)})
    assert printed == list(range(1, len(printed) + 1))
    assert " ".join(volume.split()).count(SAID) == len(printed)

    desk.get_by_label("Испорчены с №").fill("1")
    desk.get_by_label("по №").fill("2")
    desk.get_by_label("Почему печатаете снова").fill("полосы на листе")
    with desk.expect_download() as taking:
        desk.get_by_role("button", name="Напечатать снова").click()
    again = taking.value.path().read_bytes()
    assert numbers(again) == [1, 2]
    assert " ".join(text_of(again).split()).count(SAID) == 2


def test_a_route_is_put_in_order_by_keys_and_by_mouse_printed_and_handed_over(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "centre")
    desk.goto(f"{city.url}/delivery/houses")
    street = desk.locator("#list tbody th").first.inner_text().split(",")[0].partition(" ")[2]
    desk.goto(f"{city.url}/delivery/new")
    desk.get_by_label("Название").fill("Маршрут 1")
    desk.get_by_label("Почтальон").fill("Сидорова А. П.")
    desk.get_by_label("Добавить: улица").fill(street)
    desk.get_by_label("Добавить: улица").press("Alt+KeyA")
    rows = desk.locator("#stops .stop")
    expect(rows.first).to_be_visible()
    names = rows.locator("span.grow").all_inner_texts()
    assert len(names) > 1
    desk.locator("#place_0").press("Alt+ArrowDown")
    expect(rows.locator("span.grow").nth(1)).to_have_text(names[0])
    expect(desk.locator("#place_0")).to_have_value("2")
    rows.nth(1).locator("span.grow").drag_to(
        rows.nth(0).locator("span.grow"), target_position={"x": 5, "y": 1}
    )
    expect(rows.locator("span.grow").nth(0)).to_have_text(names[0])
    desk.locator("#place_0").press("Alt+ArrowDown")
    picture(desk, "delivery-edit")
    desk.get_by_role("button", name="Сохранить версию").click()
    expect(desk.locator(".notice.good")).to_contain_text("Маршрут сохранён")
    expect(rows.locator("span.grow").nth(1)).to_have_text(names[0])

    desk.goto(f"{city.url}/centre/press/new?order=routes")
    desk.get_by_label("Маршрут 1: Сидорова А. П.").check()
    expect(desk.locator("#preview dl")).not_to_contain_text("Без маршрута")
    picture(desk, "press-routes-new")
    desk.get_by_role("button", name=re.compile("^Напечатать ")).click()
    expect(desk.locator(".page-head .badge")).to_have_text("готово", timeout=PRESS_MS_MAX)
    with desk.expect_download() as taking:
        desk.get_by_role("link", name="Том 1", exact=True).click()
    volume = text_of(taking.value.path().read_bytes())
    assert "Маршрут доставки" in volume
    desk.get_by_label("Кому отдать тома маршрута «Маршрут 1»").fill("Орлова Н. В.")
    desk.get_by_role("button", name="Отдано", exact=True).click()
    expect(desk.locator("#routes")).to_contain_text("Орлова Н. В.")
    picture(desk, "press-routes")
