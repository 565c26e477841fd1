"""Why an account is charged what it is, for the terminal: read from the stored lines, recomputed and
compared.

The numbers are those of the line itself (its trace); the formula is evaluated again, so a line that no
longer follows from its trace is told as such.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.basis import info
from billing.period import Period
from billing.quantity import (
    DM2_PER_M2,
    KOPECKS_PER_RUBLE,
    MICRO,
    PERMILLE,
    RATE_PER_RUBLE,
    RATE_TO_KOPECKS,
    format_scaled,
)
from billing.services import CATALOGUE, Component
from storage import account_pages
from storage.account_pages import LineRow
from storage.engine import Database
from storage.why_pages import LineSources, sources

COMPONENT_WORDS = {
    (2, Component.COLD_PART): "холодная вода",
    (2, Component.HEAT_PART): "тепло",
    (5, Component.DAY): "день",
    (5, Component.NIGHT): "ночь",
    (5, Component.HALF_PEAK): "полупик",
}


class ExplainRefused(ValueError):
    """Nothing to explain; the message says what to give instead."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class LineExplained:
    """A line with its derivation; amounts in kopecks. agrees: the formula gives exactly the stored sums."""

    service: str
    title: str
    basis: int
    words: str
    clause: str
    days: str
    volume: str
    operands: dict[str, str]
    formula: str
    surcharge_formula: str
    amount_kopecks: int
    surcharge_kopecks: int
    tariff_document: str
    norm_document: str
    run_id: int
    law_version: str
    agrees: bool

    def __str__(self) -> str:
        rows = [f"{self.title}: {_money(self.amount_kopecks + self.surcharge_kopecks)} — {self.words}"]
        rows.append(f"  {self.formula}")
        if self.surcharge_formula:
            rows.append(f"  {self.surcharge_formula}")
        rows += [f"  {name}: {value}" for name, value in self.operands.items()]
        documents = "; ".join(part for part in (self.tariff_document, self.norm_document) if part)
        rows.append(f"  {self.clause}" + (f"; {documents}" if documents else ""))
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
SELECT a.id, a.number, a.house_id, a.company_id, {account_pages.ADDRESS} AS address,
       (SELECT max(r.period) FROM runs r JOIN run_accounts c ON c.run_id = r.id
         WHERE r.state = 'published' AND c.account_id = a.id) AS last_period
  FROM accounts a JOIN flats f ON f.id = a.flat_id LEFT JOIN rooms rm ON rm.id = a.room_id
  JOIN houses h ON h.id = a.house_id JOIN streets st ON st.id = h.street_id
 WHERE a.number = :number OR a.els = :number"""  # noqa: S608 - a text of ours


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
    lines = await account_pages.lines(session, account.id, account.house_id, account.company_id, (month,))
    shown = [line for line in lines if codes is None or line.service in codes]
    if not shown:
        raise ExplainRefused(
            "no_lines", f"За {Period.of(month).title} по счёту {number} таких начислений нет."
        )
    told = [_line(line, await sources(session, line, account.company_id, account.house_id)) for line in shown]
    return Explanation(
        account=account.number,
        address=account.address,
        period=str(Period.of(month)),
        is_draft=any(line.is_draft for line in shown),
        total_kopecks=sum(line.total_kopecks for line in shown),
        lines=tuple(told),
    )


def _line(line: LineRow, found: LineSources | None) -> LineExplained:
    basis, known = info(line.basis), CATALOGUE.get(line.service)
    unit = (
        "Гкал" if (line.service, line.component) == (2, Component.HEAT_PART) else known.unit if known else ""
    )
    part = COMPONENT_WORDS.get((line.service, Component(line.component)))
    amount = Fraction(line.volume_num * line.rate, line.volume_den * RATE_TO_KOPECKS)
    extra = Fraction(line.raised_num * line.rate, line.volume_den * PERMILLE * RATE_TO_KOPECKS)
    volume = f"{_decimal(Fraction(line.volume_num, line.volume_den), MICRO)} {unit}"
    rate = f"{format_scaled(line.rate, RATE_PER_RUBLE, 4).rstrip('0').rstrip(',')} ₽"
    raised = _decimal(Fraction(line.raised_num, line.volume_den * PERMILLE), MICRO)
    last_day = line.first_day + line.days - 1
    whole = line.days == Period.of(line.period).days
    return LineExplained(
        service=known.key if known else str(line.service),
        title=(known.label if known else f"Услуга {line.service}") + (f", {part}" if part else ""),
        basis=line.basis,
        words=basis.words,
        clause=basis.clause,
        days="" if whole else f"{line.first_day}–{last_day}",
        volume=volume,
        operands={basis.a: _operand(basis.a, line.a, unit), basis.b: _operand(basis.b, line.b, unit)},
        formula=f"{volume} × {rate} = {_money(line.amount_kopecks)}",
        surcharge_formula=f"{raised} {unit} × {rate} = {_money(line.surcharge_kopecks)} за коэффициент"
        if line.surcharge_kopecks
        else "",
        amount_kopecks=line.amount_kopecks,
        surcharge_kopecks=line.surcharge_kopecks,
        tariff_document=(found.tariff_document or "") if found else "",
        norm_document=(found.norm_document or "") if found else "",
        run_id=line.run_id,
        law_version=(found.law_version or "") if found else "",
        agrees=_half_up(amount) == line.amount_kopecks and _half_up(extra) == line.surcharge_kopecks,
    )


def _half_up(value: Fraction) -> int:
    """Half a kopeck goes away from zero, as in billing.money."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return -whole if value < 0 else whole


def _operand(label: str, value: int, unit: str) -> str:
    """The label tells the scale: «…, micro», «…, дм²»."""
    if "micro" in label:
        return f"{_decimal(Fraction(value), MICRO)} {unit}"
    if "дм²" in label:
        return f"{_decimal(Fraction(value), DM2_PER_M2)} м²"
    return str(value)


def _decimal(value: Fraction, scale: int) -> str:
    """Six decimals at most, without zeros at the end."""
    micro = _half_up(value * MICRO / scale)
    return format_scaled(micro, MICRO, 6).rstrip("0").rstrip(",")


def _money(kopecks: int) -> str:
    return f"{format_scaled(kopecks, KOPECKS_PER_RUBLE, 2)} ₽"
