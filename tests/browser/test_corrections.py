"""A late move-out from the desk to the receipt, in a real Chromium before a whole running stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.receipts.paper import text_of
from tests.support.browser import City, picture, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOOKED_AT_MAX = 60
DRAFT_MS_MAX = 60_000
DOCUMENT = "Справка о снятии с учёта № 17"


def family(page: Page, city: City) -> int:
    """An account where two people or more are registered since before the seeded months."""
    for account in range(1, LOOKED_AT_MAX):
        page.goto(f"{city.url}/corrections/accounts/{account}")
        if page.locator("#registration option").count() > 2:
            return account
    raise AssertionError("no family among the first accounts of the city")


def test_a_late_move_out_goes_from_the_desk_to_the_card_and_the_receipt(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "centre")
    account = family(desk, city)
    desk.locator("#registration").select_option(index=1)
    desk.locator("#day").fill("2026-08-14")
    desk.locator("#ground").fill(DOCUMENT)
    desk.locator("#ground_on").fill("2026-10-03")
    desk.get_by_role("button", name="Посмотреть разницу").click()

    outcome = desk.locator("#outcome")
    expect(outcome).to_contain_text("октябрь 2026 снимется")
    picture(desk, "correction-preview")
    total = outcome.locator("tfoot td").inner_text()
    desk.get_by_role("button", name="Внести и составить перерасчёт").click()

    post = desk.get_by_role("button", name="Провести", exact=True)
    expect(post).to_be_visible(timeout=DRAFT_MS_MAX)
    expect(desk.locator("#sums")).to_contain_text(total)
    post.click()
    expect(desk.get_by_text("проведён", exact=True)).to_be_visible(timeout=DRAFT_MS_MAX)
    picture(desk, "correction-posted")

    desk.goto(f"{city.url}/accounts/{account}")
    section = desk.locator("#corrections")
    expect(section).to_contain_text(DOCUMENT)
    section.locator("summary").first.click()
    expect(section.get_by_text("Снято:").first).to_be_visible()
    expect(section.get_by_text("Начислено:").first).to_be_visible()
    picture(desk, "correction-card")

    desk.goto(f"{city.url}/corrections/accounts/{account}?fact=since")
    desk.locator("#since").select_option("2026-08")
    desk.locator("#ground").fill(DOCUMENT)
    desk.locator("#ground_on").fill("2026-10-03")
    desk.get_by_role("button", name="Посмотреть разницу").click()
    expect(desk.locator("#outcome")).to_contain_text("Разницы нет")

    paper = desk.request.get(f"{city.url}/accounts/{account}/receipts/2026-10.pdf")
    assert paper.ok, paper.status
    said = re.sub(r"\s+", " ", text_of(paper.body()))
    assert DOCUMENT in said
    assert re.sub(r"\s", "", total).lstrip("−") in re.sub(r"\s", "", said)


def test_a_draft_is_undone_whole(desk: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(desk, city, "centre")
    desk.goto(f"{city.url}/corrections/new?scope=city")
    desk.locator("#first").select_option("2026-08")
    desk.locator("#reason").select_option("tariff")
    desk.locator("#ground").fill("Решение суда № 2-17/2026")
    desk.locator("#ground_on").fill("2026-10-02")
    desk.get_by_role("button", name="Посчитать черновик").click()

    expect(desk.locator("#sums")).to_be_visible(timeout=DRAFT_MS_MAX)
    picture(desk, "correction-city")
    desk.get_by_role("button", name="Отменить черновик").click()
    expect(desk.locator("h1 .badge")).to_have_text("отменён", timeout=DRAFT_MS_MAX)
