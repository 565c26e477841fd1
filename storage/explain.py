"""Why an account is charged what it is, for the terminal: stored lines told by billing.trace and computed
again.

The numbers are those of the line itself; the formula's text is evaluated, so a line that no longer follows
from its trace is told as such.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing import trace
from billing.formula.rows import FormulaFacts
from billing.period import Period
from billing.quantity import KOPECKS_PER_RUBLE, format_scaled
from billing.services import CATALOGUE
from billing.trace_line import Facts, Line, Share
from billing.trace_shown import shown
from storage import account_lines, account_pages
from storage.account_lines import LineRow
from storage.engine import Database
from storage.formulas import facts_of
from storage.why_pages import LineSources, sources


class ExplainRefused(ValueError):
    """Nothing to explain; the message says what to give instead."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the formula and where it comes from."""

    words: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class LineExplained:
    """A line with its derivation; amounts in kopecks. agrees: the formulas give exactly the stored sums."""

    service: str
    label: str
    when: str
    sentence: str
    basis: int
    volume: str
    formula: str  # exact: it proves the kopecks
    shown_formula: str  # for the eye: long fractions are decimals
    amount_kopecks: int
    surcharge_formula: str
    shown_surcharge_formula: str
    surcharge_kopecks: int
    numbers: tuple[Number, ...]
    clause: str
    rounding: str
    notes: tuple[str, ...]
    run_id: int
    law_version: str
    agrees: bool

    def __str__(self) -> str:
        rows = [self.sentence, f"  {self.shown_formula} = {_money(self.amount_kopecks)}"]
        if self.surcharge_formula:
            rows.append(f"  {self.shown_surcharge_formula} = {_money(self.surcharge_kopecks)} за коэффициент")
        rows += [f"  {one.words}: {one.text} ({one.source})" for one in self.numbers]
        rows += [f"  {note}" for note in self.notes]
        rows.append(f"  {self.clause}. {self.rounding}")
        if not self.agrees:
            rows.append("  Внимание: сумма строки не следует из её данных")
        return "\n".join(rows)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All lines of an account in a month."""

    account: str
    address: str
    period: str
    is_draft: bool
    total_kopecks: int
    lines: tuple[LineExplained, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        title = Period.parse(self.period).title
        head = f"ЛС {self.account}, {self.address}. {title}{' (черновик)' if self.is_draft else ''}"
        return "\n\n".join([head, *(str(line) for line in self.lines), f"Всего {_money(self.total_kopecks)}"])


async def explain(
    database_url: str, account: str, period: Period | None = None, service: str | None = None
) -> Explanation:
    """Lines of the account with this number (or ЕЛС) in the month, or in its last published one.

    service: key of one service, like cold_water. Raises ExplainRefused.
    """
    codes = _codes(service)
    database = Database(database_url, pool_max=1)
    try:
        async with database.reading() as session:
            return await _explain(session, account, period, codes)
    finally:
        await database.close()


def _codes(service: str | None) -> set[int] | None:
    if service is None:
        return None
    codes = {code for code, known in CATALOGUE.items() if known.key == service}
    if not codes:
        keys = ", ".join(known.key for known in CATALOGUE.values())
        raise ExplainRefused("unknown_service", f"Нет услуги «{service}». Есть: {keys}.")
    return codes


ACCOUNT = f"""
SELECT a.id, a.number, a.house_id, a.company_id, {account_pages.ADDRESS} AS address, h.area_total_dm2,
       h.area_common_dm2, (SELECT max(r.period) FROM runs r JOIN run_accounts c ON c.run_id = r.id
                            WHERE r.state = 'published' AND r.kind <> 'correction'
                              AND c.account_id = a.id) AS last_period
  FROM accounts a JOIN flats f ON f.id = a.flat_id LEFT JOIN rooms rm ON rm.id = a.room_id
  JOIN houses h ON h.id = a.house_id JOIN streets st ON st.id = h.street_id
 WHERE a.number = :number OR a.els = :number"""  # noqa: S608 - a text of ours

CUSTOM = "SELECT code, label, unit FROM services WHERE code = ANY(:codes)"


async def _explain(
    session: AsyncSession, number: str, period: Period | None, codes: set[int] | None
) -> Explanation:
    account = (await session.execute(text(ACCOUNT), {"number": number.strip()})).one_or_none()
    if account is None:
        raise ExplainRefused("unknown_account", f"Счёта {number} нет. Проверьте номер на квитанции.")
    month: dt.date | None = account.last_period if period is None else period.first_day
    if month is None:
        raise ExplainRefused(
            "nothing_published", f"По счёту {number} ещё ничего не опубликовано. Задайте --period."
        )
    lines = await account_lines.lines(session, account.id, account.house_id, account.company_id, (month,))
    shown = [line for line in lines if codes is None or line.service in codes]
    if not shown:
        raise ExplainRefused(
            "no_lines", f"За {Period.of(month).title} по счёту {number} таких начислений нет."
        )
    papers = await sources(session, shown, account.company_id, account.house_id)
    labels = await _labels(session, shown)
    formulas = await facts_of(session, shown)
    return Explanation(
        account=account.number,
        address=account.address,
        period=str(Period.of(month)),
        is_draft=any(line.is_draft for line in shown),
        total_kopecks=sum(line.total_kopecks for line in shown),
        lines=tuple(
            _line(
                line,
                account,
                found,
                labels.get(line.service),
                formulas.get((line.a, line.b)),
                Share.among(line, shown),
            )
            for line, found in zip(shown, papers, strict=True)
        ),
    )


async def _labels(session: AsyncSession, lines: Sequence[LineRow]) -> dict[int, tuple[str, str]]:
    """Names and units of services of organisations, which billing does not know."""
    unknown = {line.service for line in lines} - set(CATALOGUE)
    rows = await session.execute(text(CUSTOM), {"codes": sorted(unknown)})
    return {row.code: (row.label, row.unit) for row in rows}


def _line(
    row: LineRow,
    account: Any,
    found: LineSources | None,
    custom: tuple[str, str] | None,
    formula: FormulaFacts | None,
    share: Share | None,
) -> LineExplained:
    """A stored line told by billing.trace, its formulas evaluated again."""
    line = Line(
        account_id=account.id,
        company_id=account.company_id,
        supplier_id=row.supplier_id,
        service=row.service,
        component=row.component,
        basis=row.basis,
        kind=0,
        first_day=row.first_day,
        days=row.days,
        volume_num=row.volume_num,
        volume_den=row.volume_den,
        rate=row.rate,
        amount_kopecks=row.amount_kopecks,
        surcharge_kopecks=row.surcharge_kopecks,
        raised_num=row.raised_num,
        a=row.a,
        b=row.b,
    )
    told = trace.explain(
        line, Period.of(row.period), replace(_facts(account, found, custom, formula), share=share)
    )
    eye = shown(told)
    known = CATALOGUE.get(row.service)
    return LineExplained(
        service=known.key if known else str(row.service),
        label=told.label,
        when=told.when,
        sentence=told.sentence,
        basis=row.basis,
        volume=told.volume,
        formula=told.formula,
        shown_formula=eye.formula,
        amount_kopecks=row.amount_kopecks,
        surcharge_formula=told.surcharge_formula,
        shown_surcharge_formula=eye.surcharge_formula,
        surcharge_kopecks=row.surcharge_kopecks,
        numbers=tuple(Number(one.words, one.text, one.source) for one in eye.numbers),
        clause=told.clause,
        rounding=told.rounding,
        notes=eye.notes,
        run_id=row.run_id,
        law_version=(found.law_version or "") if found else "",
        agrees=trace.evaluate(told) == (row.amount_kopecks, row.surcharge_kopecks),
    )


def _facts(
    account: Any,
    found: LineSources | None,
    custom: tuple[str, str] | None,
    formula: FormulaFacts | None,
) -> Facts:
    papers: dict[str, str] = {}
    if found is not None and found.tariff_document:
        papers["rate"] = found.tariff_document
    if found is not None and found.norm_document:
        papers["norm"] = found.norm_document
    if found is not None and found.house:
        papers["house"] = found.house
    label, unit = custom or (None, None)
    return Facts(account.area_total_dm2, account.area_common_dm2, None, label, unit, papers, formula)


def _money(kopecks: int) -> str:
    return f"{format_scaled(kopecks, KOPECKS_PER_RUBLE, 2)} ₽"
