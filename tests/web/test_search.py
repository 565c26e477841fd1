"""The search box: three letters find a flat, rows lead where one may go, a house lists its accounts."""

from __future__ import annotations

import re

import pytest

from tests.web.conftest import HTMX, SignIn


async def links(sign_in: SignIn, role: str, query: str) -> list[str]:
    answer = await (await sign_in(role)).get("/search", params={"q": query}, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    return re.findall(r'<a href="([^"]+)"', answer.text)


@pytest.mark.parametrize(
    ("role", "query", "href"),
    [
        ("centre", "лен 12 5", "/accounts/5"),
        ("centre", "kty 12 5", "/accounts/5"),
        ("centre", "0010001", "/accounts/1"),
        ("company", "лен 12 5", "/accounts/5"),
        ("centre", "лен 12", "/search/houses/1"),
        ("dispatcher", "лен 12", "/dispatch/call?house=1"),
        ("dispatcher", "лен 12 5", "/dispatch/call?account=5"),
        ("centre", "тар", "/centre/values"),
    ],
)
async def test_what_is_typed_leads_to_the_page(sign_in: SignIn, role: str, query: str, href: str) -> None:
    assert href in await links(sign_in, role, query)


async def test_an_accountant_does_not_find_the_flats_of_another_company(sign_in: SignIn) -> None:
    assert await links(sign_in, "company", "мира 4 1") == []
    assert "/accounts/13" in await links(sign_in, "centre", "мира 4 1")


async def test_nothing_found_says_what_may_be_asked(sign_in: SignIn) -> None:
    answer = await (await sign_in("centre")).get("/search?q=щщщщ")

    assert "Ничего не найдено" in answer.text
    assert "<html" in answer.text


async def test_a_house_lists_the_accounts_in_the_order_of_flats(sign_in: SignIn) -> None:
    mine = await (await sign_in("company")).get("/search/houses/1")
    others = await (await sign_in("company")).get("/search/houses/2")

    flats = re.findall(r'<a href="/accounts/\d+" data-row>(\d+)</a>', mine.text)
    assert flats == [str(number) for number in range(1, 13)]
    assert "Счетов этого дома вам не видно" in others.text
