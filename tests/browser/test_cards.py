"""A resident pays by a test card at the bundled bank and sees the balance move; a refusal keeps the sum."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from cluster.children import DemoBank
from cluster.demo_counterparts import gates
from cluster.settings import Settings
from cluster.stack import Stack
from storage.demo_cards import ensure
from tests.support.browser import City, picture, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

BANK_MS_MAX = 60_000
BANK_PAGE = re.compile(r"/pay/[0-9a-f]{8}-[0-9a-f-]{27}$")


@pytest.fixture(scope="module")
def bank(city: City) -> Iterator[DemoBank]:
    """The bundled bank and cashbox beside the city, as `paylogic demo` has them."""
    stack = Stack(Settings(home=city.home))
    part = DemoBank(stack)
    part.spawn()
    while not part.ready():
        assert part.alive()
        time.sleep(0.1)
    opening = threading.Thread(target=lambda: asyncio.run(ensure(stack.database_url, gates(part.url))))
    opening.start()
    opening.join()
    yield part
    part.stop()


def to_bank(phone: Page, city: City, roubles: str) -> None:
    """From «Оплатить» to the page of the bank."""
    phone.goto(f"{city.url}/my/pay?by=sum")
    phone.get_by_label("Сумма, ₽").fill(roubles)
    phone.get_by_label("Почта или телефон для чека").fill("zhitel@example.ru")
    phone.get_by_role("button", name="Оплатить картой").click()
    phone.wait_for_url(BANK_PAGE, timeout=BANK_MS_MAX)


def test_resident_pays_by_a_test_card_and_the_balance_moves(bank: DemoBank, phone: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(phone, city, "resident")
    expect(phone.locator(".sum").first).to_be_visible()
    before = phone.locator(".sum").first.inner_text()

    to_bank(phone, city, "150,00")
    picture(phone, "cards-bank")
    phone.get_by_label("Номер карты").fill("4000 0000 0000 3220")
    phone.get_by_role("button", name=re.compile("^Оплатить 150")).click()
    phone.get_by_label("Код из сообщения банка").fill("1234")
    phone.get_by_role("button", name="Подтвердить").click()

    expect(phone.get_by_role("heading", name="Оплачено")).to_be_visible(timeout=BANK_MS_MAX)
    picture(phone, "cards-paid")
    deadline = time.monotonic() + BANK_MS_MAX / 1000
    phone.goto(f"{city.url}/my")
    while phone.locator(".sum").first.inner_text() == before:
        assert time.monotonic() < deadline, "the payment is not on the balance"
        time.sleep(1)
        phone.reload()


def test_refused_card_keeps_the_sum_and_can_be_tried_again(bank: DemoBank, phone: Page, city: City) -> None:
    from playwright.sync_api import expect

    sign_in(phone, city, "resident")
    to_bank(phone, city, "30,00")

    phone.get_by_label("Номер карты").fill("5555 5555 5555 4444")
    phone.get_by_role("button", name=re.compile("^Оплатить 30")).click()

    expect(phone.get_by_text("не хватает денег")).to_be_visible(timeout=BANK_MS_MAX)
    phone.get_by_role("link", name="Попробовать ещё раз").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Оплатить")
