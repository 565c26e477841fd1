"""Papers about an account: every sum of the dossier is on the page, the same bytes again, long words fit."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import pdfplumber
import pytest

from billing.paper import Dossier, MonthMove, PaperMismatchError, Relief
from receipts.papers import (
    COURT,
    DEBT,
    FAMILY,
    NOTICE,
    PENALTIES,
    RECONCILIATION,
    RELIEF,
    STATEMENT,
    TITLES,
    render,
)
from receipts.words import money
from tests.receipts.dossier import dossier


def words(content: bytes) -> str:
    with pdfplumber.open(io.BytesIO(content)) as file:
        text = " ".join(page.extract_text() or "" for page in file.pages)
    return " ".join(text.replace("\u202f", " ").replace("\u00a0", " ").split())


def said(kind: str, about: Dossier, purpose: str = "") -> str:
    return words(render(kind, about, "15/2026", purpose))


def plain(kopecks: int) -> str:
    return money(kopecks).replace("\u202f", " ")


@pytest.mark.parametrize("kind", [DEBT, STATEMENT, RECONCILIATION, NOTICE])
def test_every_month_is_on_the_page(kind: str) -> None:
    about = dossier()

    text = said(kind, about)

    assert f"{TITLES[kind]} № 15/2026 от 24 ноября 2026" in text
    for move in about.months:
        for kopecks in (move.opening_kopecks, move.charged_kopecks, move.closing_kopecks):
            assert plain(kopecks) in text
    assert plain(about.balance_kopecks) in text
    assert "−123,45" in text


def test_the_statement_names_payments() -> None:
    assert said(STATEMENT, dossier()).count("оплачено 5 000,00 ₽, Банк") == 5


def test_penalties_are_derived_by_days() -> None:
    text = said(PENALTIES, dossier())

    assert "5 123,45 ₽ × 18 % × 1/300 × 51 дн." in text
    assert "5 123,45 ₽ × 16,5 % × 1/130 × 31 дн." in text
    assert "358,37" in text


def test_reliefs_are_told_month_by_month_with_both_sums() -> None:
    reliefs = (
        Relief(dt.date(2026, 9, 1), "Отопление", "Иванова М. П.", "ветеран", 312_040, 2_500, 78_010, 0),
        Relief(dt.date(2026, 9, 1), "Холодная вода", "Иванова М. П.", "ветеран", 51_200, 5_000, 0, 25_600),
        Relief(dt.date(2026, 10, 1), "Отопление", "Иванова М. П.", "ветеран", 400_000, 2_500, 100_000, 0),
    )

    text = said(RELIEF, replace(dossier(), reliefs=reliefs))

    assert "Сентябрь 2026" in text
    for kopecks in (312_040, 51_200, 78_010, 25_600, 400_000, 100_000):
        assert plain(kopecks) in text
    assert "25 %" in text
    assert "Всего вычтено в квитанциях 1 780,10 ₽, выплачивает соцзащита 256,00 ₽." in text


def test_a_paper_without_reliefs_says_so() -> None:
    assert "Льготы в эти месяцы не предоставлялись." in said(RELIEF, dossier())


def test_the_household_and_owners() -> None:
    text = said(FAMILY, dossier(), "школа № 5")

    assert "Иванов Пётр 06.05.2015 внук временно 04.03.2026 04.03.2027" in text
    assert "Иванова Мария Петровна 1/2 ЕГРН" in text
    assert "Выдано для предъявления: школа № 5." in text


def test_an_empty_household_an_advance_and_no_penalties_are_said_so() -> None:
    quiet = replace(
        dossier(), residents=(), owners=(), months=(), balance_kopecks=-15_000,
        penalties_charged_kopecks=0, debts=(),
    )  # fmt: skip

    assert "никто не зарегистрирован" in said(FAMILY, quiet)
    assert "переплата 150,00 ₽" in said(DEBT, quiet)
    assert "Неоплаченных пеней нет" in said(DEBT, quiet)
    assert "Пени не начислялись" in said(PENALTIES, quiet)


def test_the_pack_for_a_court_holds_all_its_papers() -> None:
    text = said(COURT, dossier())

    assert all(TITLES[kind] in text for kind in (NOTICE, STATEMENT, PENALTIES, FAMILY))


def test_the_same_dossier_gives_the_same_bytes() -> None:
    assert render(COURT, dossier(), "1/2026") == render(COURT, dossier(), "1/2026")


def test_absurdly_long_names_and_five_years_stay_on_the_sheet() -> None:
    moves: list[MonthMove] = []
    for number, one in enumerate(dossier().months * 6):
        opening = moves[-1].closing_kopecks if moves else one.opening_kopecks
        month = one.month.replace(year=2021 + number // 12, month=number % 12 + 1)
        moves.append(replace(one, month=month, opening_kopecks=opening))
    long = replace(dossier(), months=tuple(moves), payer="Ъ" * 300, address="Щ" * 300)

    content = render(STATEMENT, long, "1/2026")

    with pdfplumber.open(io.BytesIO(content)) as file:
        assert len(file.pages) > 1
        assert all(char["x0"] >= 0 and char["x1"] <= page.width for page in file.pages for char in page.chars)
        assert "Страница 2 из" in (file.pages[1].extract_text() or "")


def test_sums_that_disagree_give_no_paper() -> None:
    broken = replace(dossier(), months=(*dossier().months, dossier().months[0]))

    with pytest.raises(PaperMismatchError):
        render(DEBT, broken, "1/2026")
