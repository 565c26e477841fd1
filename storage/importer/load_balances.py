"""Loads opening balances: entries of the ledger, one an account, posted once."""

from __future__ import annotations

from billing import ledger as books
from billing.ledger import Book as LedgerBook
from billing.quantity import KOPECKS_PER_RUBLE, format_scaled
from storage import ledger
from storage.importer import sheets
from storage.importer.book import Book, refuse_twins
from storage.importer.known import Load, find_account

GROUND = "Сальдо из прежней программы"


async def load_balances(load: Load, book: Book) -> None:
    """Post what each account brings along. The same sum again changes nothing, another one is refused."""
    refuse_twins(book.good(sheets.BALANCES), ("account",), "Сальдо этого счёта")
    rows = [row for row in book.good(sheets.BALANCES) if find_account(load, row) is not None]
    known = await _known(load, [row["account"] for row in rows])
    counts = book.counts(sheets.BALANCES)
    for row in rows:
        account = load.accounts[row["account"]]
        before = known.get(_key(account.id))
        if before == row["amount"] or (before is None and row["amount"] == 0):
            counts.unchanged += 1
            continue
        if before is not None:
            roubles = format_scaled(before, KOPECKS_PER_RUBLE, 2)
            row.refuse(
                "amount", f"Сальдо уже внесено: {roubles} ₽. Отмените прежнюю запись, потом загрузите новую."
            )
            continue
        if account.opened_on > load.open_month:
            row.refuse("account", "Счёт открыт позже начала месяца, сальдо у него быть не может.")
            continue
        entry, postings = books.opening(
            _key(account.id),
            load.open_month,
            load.open_month,
            account_id=account.id,
            company_id=account.company_id,
            amount_kopecks=row["amount"],
            ground=row["ground"] or GROUND,
        )
        await ledger.post(load.session, entry, postings)
        counts.added += 1


def _key(account_id: int) -> str:
    return f"opening:{account_id}"


async def _known(load: Load, numbers: list[str]) -> dict[str, int]:
    """Opening balances posted before and not reversed, by key."""
    keys = [_key(load.accounts[number].id) for number in numbers]
    found = await load.fetch(
        "SELECT e.idempotency_key AS key, sum(p.amount_kopecks)::bigint AS amount FROM entries e "
        "JOIN postings p ON p.entry_id = e.id AND p.book = :book WHERE e.idempotency_key = ANY(:keys) "
        "GROUP BY e.idempotency_key",
        book=int(LedgerBook.RESIDENTS),
        keys=keys,
    )
    return {row.key: row.amount for row in found}
