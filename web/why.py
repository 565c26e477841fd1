"""«Почему столько?»: a stored line told by billing.trace, the same numbers for staff and for residents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from billing import trace, vat
from billing.basis import DIVISIONS
from billing.formula.rows import FormulaFacts
from billing.period import Period
from billing.services import CATALOGUE
from billing.trace_line import Facts, Line, Share
from billing.trace_shown import shown
from receipts import words
from storage.account_lines import LineRow
from storage.account_pages import AccountHead
from storage.formulas import facts_of
from storage.session import Session
from storage.why_pages import LineSources, sources
from web.charges import label_of, unit_of, volume_words
from web.filters import NBSP, money, vat_rate


@dataclass(frozen=True, slots=True)
class Operand:
    """A number of the formula and where it comes from."""

    what: str
    value: str
    whence: str


@dataclass(frozen=True, slots=True)
class Why:
    """A line explained: the sentence, formulas, origins of the numbers, clause, rounding, last month."""

    key: str
    title: str
    period: dt.date
    is_draft: bool
    sentence: str
    volume_formula: str
    money_formula: str
    surcharge_formula: str
    operands: tuple[Operand, ...]
    notes: tuple[str, ...]
    clause: str
    rounding: str
    total_kopecks: int
    before: tuple[str, ...]
    run_id: int
    law_version: str


async def why_of(
    session: Session, lines: Sequence[LineRow], shown: dt.date, key: str, account: AccountHead
) -> Why | None:
    """The line of that key in the shown month, None when there is none; lines may hold other months too."""
    line = next((one for one in lines if one.period == shown and one.key == key), None)
    if line is None:
        return None
    found = await sources(session, [line], account.company_id, account.house_id)
    formulas = await facts_of(session, [line])
    formula = formulas.get((line.a, line.b))
    return explain(line, account, found[0], _before(lines, line), formula, _share(lines, line))


async def why_all(
    session: Session, lines: Sequence[LineRow], shown: dt.date, account: AccountHead
) -> list[Why]:
    """Every line of the shown month explained; lines may hold other months too."""
    mine = [line for line in lines if line.period == shown]
    found = await sources(session, mine, account.company_id, account.house_id)
    formulas = await facts_of(session, mine)
    return [
        explain(
            line,
            account,
            one,
            _before(lines, line),
            formulas.get((line.a, line.b)),
            _share(mine, line),
        )
        for line, one in zip(mine, found, strict=True)
        if line.basis not in DIVISIONS or line.total_kopecks
    ]


def _share(lines: Sequence[LineRow], line: LineRow) -> Share | None:
    """The share of a line of a divided premises, by the lines of its own month."""
    return Share.among(line, (one for one in lines if one.period == line.period))


def _before(lines: Sequence[LineRow], line: LineRow) -> list[LineRow]:
    """The same service in the month before the line's."""
    month = Period.of(line.period).shift(-1).first_day
    key = (line.service, line.component)
    return [one for one in lines if one.period == month and (one.service, one.component) == key]


def explain(
    line: LineRow,
    account: AccountHead,
    found: LineSources | None,
    before: Sequence[LineRow] = (),
    formula: FormulaFacts | None = None,
    share: Share | None = None,
) -> Why:
    """Put a line into words; pure."""
    told = trace.explain(
        _traced(line, account),
        Period.of(line.period),
        replace(_facts(line, account, found, formula), share=share),
    )
    eye = shown(told)
    volume = f"{volume_words(line)}{NBSP}{unit_of(line.service, line.component, line.service_unit)}"
    has_formula = any(sign in eye.volume_formula for sign in "+−×÷/(")
    return Why(
        key=line.key,
        title=label_of(line.service, line.component, line.service_label),
        period=line.period,
        is_draft=line.is_draft,
        sentence=told.sentence,
        volume_formula=f"{eye.volume_formula} = {volume}" if has_formula else "",
        money_formula=f"{eye.formula} = {money(line.amount_kopecks)}",
        surcharge_formula=(
            f"{eye.surcharge_formula} = {money(line.surcharge_kopecks)}" if eye.surcharge_formula else ""
        ),
        operands=(
            *(Operand(_capital(one.words), one.text, one.source) for one in eye.numbers),
            *_vat(line, found),
        ),
        notes=eye.notes,
        clause=told.clause,
        rounding=told.rounding,
        total_kopecks=line.total_kopecks,
        before=tuple(_in_words(one) for one in before),
        run_id=line.run_id,
        law_version=(found.law_version or "") if found else "",
    )


def _vat(line: LineRow, found: LineSources | None) -> tuple[Operand, ...]:
    """The VAT inside the sum of a payee whose tariffs include it."""
    if found is None or not found.has_vat:
        return ()
    rate = vat.rate_on(line.period)
    inside = money(vat.included(line.total_kopecks, rate))
    return (Operand(f"В том числе НДС {vat_rate(rate)}", inside, "выделен из суммы: НК РФ, ст. 164"),)


def _traced(line: LineRow, account: AccountHead) -> Line:
    return Line(
        account_id=account.id,
        company_id=account.company_id,
        supplier_id=line.supplier_id,
        service=line.service,
        component=line.component,
        basis=line.basis,
        kind=0,
        first_day=line.first_day,
        days=line.days,
        volume_num=line.volume_num,
        volume_den=line.volume_den,
        rate=line.rate,
        amount_kopecks=line.amount_kopecks,
        surcharge_kopecks=line.surcharge_kopecks,
        raised_num=line.raised_num,
        a=line.a,
        b=line.b,
    )


def _facts(
    line: LineRow, account: AccountHead, found: LineSources | None, formula: FormulaFacts | None
) -> Facts:
    papers: dict[str, str] = {}
    if found is not None and found.tariff_document:
        since = f", действует с {found.tariff_from:%d.%m.%Y}" if found.tariff_from else ""
        papers["rate"] = f"{found.tariff_document}{since}"
    if found is not None and found.norm_document:
        papers["norm"] = found.norm_document
    if found is not None and found.house:
        papers["house"] = found.house
    is_own = line.service not in CATALOGUE
    return Facts(
        house_area_dm2=account.house_area_dm2,
        common_area_dm2=account.common_area_dm2,
        label=label_of(line.service, line.component, line.service_label) if is_own else None,
        unit=line.service_unit if is_own else None,
        sources=papers,
        formula=formula,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _in_words(line: LineRow) -> str:
    """The same service a month ago, in one row."""
    unit = unit_of(line.service, line.component, line.service_unit)
    how = trace.words(line.basis, line.raised_num != 0)
    price = f"{words.rate(line.rate)}{NBSP}₽"
    return (
        f"{words.month(line.period)}: {volume_words(line)}{NBSP}{unit} × {price}, {how}, "
        f"{money(line.total_kopecks)}"
    )
