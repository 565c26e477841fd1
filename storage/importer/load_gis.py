"""Loads identifiers of ГИС ЖКХ: ЕЛС and ИД ЖКУ of accounts that are known or come with the same file."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from storage.gis_ids import SERVICE_WORDS, UNIFIED_WORDS, fits, is_service, is_unified
from storage.importer import sheets
from storage.importer.book import Book, Row, refuse_twins
from storage.importer.known import Load, differs, know_accounts
from storage.tables.accounts import Account


async def load_gis(load: Load, book: Book) -> None:
    """Identifiers; the same ones again change nothing, an empty cell clears nothing."""
    refuse_twins(book.good(sheets.GIS), ("account",), "Этот счёт")
    for row in book.good(sheets.GIS):
        _judge(row)
    rows = book.good(sheets.GIS)
    if not rows:
        return
    await know_accounts(load, {row["account"] for row in rows})
    holders = await _holders(load, rows)
    counts = book.counts(sheets.GIS)
    for row in rows:
        known = _account(load, row, holders)
        if known is None:
            continue
        wanted = {"els": row["els"], "gis_id": row["gis"]}
        changed = differs(known, wanted)
        counts.changed += bool(changed)
        counts.unchanged += not changed
        if changed:
            await load.session.execute(update(Account).where(Account.id == known.id).values(**changed))


def _judge(row: Row) -> None:
    if row["els"] is None and row["gis"] is None:
        row.refuse("els", "Впишите ЕЛС или ИД ЖКУ: без них строке нечего записать.")
    if row["els"] is not None and not is_unified(row["els"]):
        row.refuse("els", UNIFIED_WORDS)
    if row["gis"] is not None and not is_service(row["gis"]):
        row.refuse("gis", SERVICE_WORDS)
    elif not fits(row["els"], row["gis"]):
        row.refuse("gis", f"ИД ЖКУ начинается с ЕЛС, а здесь {row['els']}. Проверьте оба.")


async def _holders(load: Load, rows: list[Row]) -> dict[str, str]:
    """Numbers of the accounts that have an ЕЛС of the file already."""
    wanted = sorted({row["els"] for row in rows if row["els"]})
    found = await load.fetch("SELECT els, number FROM accounts WHERE els = ANY(:els)", els=wanted)
    return {one.els: one.number for one in found}


def _account(load: Load, row: Row, holders: dict[str, str]) -> Any:
    known = load.accounts.get(row["account"])
    if known is None or known.company_id != load.organisation_id:
        if ("account", row["account"]) not in load.broken:
            row.refuse("account", "Такого счёта у вашей организации нет. Проверьте номер.")
        row.is_bad = True
        return None
    if row["els"] is not None and holders.setdefault(row["els"], row["account"]) != row["account"]:
        row.refuse("els", f"Этот ЕЛС уже у счёта {holders[row['els']]}. Проверьте, чей он.")
        return None
    return known
