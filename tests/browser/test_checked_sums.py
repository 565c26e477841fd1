"""Sums that jumped: held by the gate, explained, released by a second person, in a real Chromium.

Runs before the month is published by other modules of the same city; leaves its limits and no draft.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.browser import City, picture, sign_in, sign_out

if TYPE_CHECKING:
    from playwright.sync_api import Page

RUN_MS_MAX = 120_000
NARROW = ("1", "1")
"""A per cent and a rouble: next to any family whose heating begins jumps by more."""
REASON = "Начался отопительный сезон, приказ № 31"


def limits(page: Page, city: City, rise: str, roubles: str) -> tuple[str, str]:
    """Set how much an account may grow; what stood there before."""
    from playwright.sync_api import expect

    page.goto(f"{city.url}/centre/gate")
    past = page.locator("#account_rise").input_value(), page.locator("#account_kopecks").input_value()
    page.locator("#account_rise").fill(rise)
    page.locator("#account_kopecks").fill(roubles)
    page.locator("#ground").fill("Приказ № 8")
    page.get_by_role("button", name="Сохранить пороги").click()
    expect(page.get_by_text("Пороги сохранены")).to_be_visible()
    return past


def test_held_sums_are_explained_and_released_by_another_person(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "centre")
    past = limits(desk, city, *NARROW)
    desk.goto(f"{city.url}/centre/runs/new")
    desk.get_by_role("button", name="Посмотреть, что войдёт").click()
    desk.locator("button.primary", has_text="Начислить").click()
    desk.wait_for_url(re.compile(r"/centre/runs/\d+$"))
    run = desk.url
    holding = desk.get_by_text("Проверка сумм держит публикацию")
    expect(holding).to_be_visible(timeout=RUN_MS_MAX)
    picture(desk, "gate-draft")
    expect(desk.get_by_role("button", name="Передать на публикацию")).to_be_disabled()
    desk.goto(f"{run}/holds")
    expect(desk.get_by_text("разбирает другой сотрудник")).to_be_visible()
    sign_out(desk)

    sign_in(desk, city, "publisher")
    desk.goto(f"{run}/holds")
    picture(desk, "gate-holds")
    first = desk.locator("#list tbody th a").first
    first.click()
    expect(desk.get_by_role("heading", name="Из чего сложилось")).to_be_visible()
    picture(desk, "gate-card")
    desk.locator("#reason").fill(REASON)
    desk.get_by_role("button", name="Пропустить", exact=True).click()
    desk.wait_for_url(f"{run}/holds")
    expect(desk.locator("#list")).to_contain_text(REASON)

    desk.locator("input[name=everything]").check()
    desk.get_by_role("button", name="Пропустить отмеченное").click()
    expect(desk.locator("#list .error").first).to_be_visible()  # a decision without a reason is refused
    desk.locator("input[name=everything]").check()
    desk.locator("#reason").fill(REASON)
    desk.get_by_role("button", name="Пропустить отмеченное").click()
    expect(desk.locator("#list")).to_contain_text("держит публикацию 0")
    desk.goto(run)
    expect(desk.get_by_text("Проверка сумм пройдена")).to_be_visible()
    sign_out(desk)

    sign_in(desk, city, "centre")
    desk.goto(run)
    expect(desk.get_by_role("button", name="Передать на публикацию")).to_be_enabled()
    desk.get_by_role("button", name="Отменить черновик").click()
    expect(desk.locator(".badge", has_text="отмен").first).to_be_visible(timeout=RUN_MS_MAX)
    limits(desk, city, *past)
