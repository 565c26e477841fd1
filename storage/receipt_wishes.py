"""How a payer gets the documents (paper or electronic, large letters) and identifiers of ГИС ЖКХ.

A wish is appended, by the payer or at the desk; the database puts the newest one on the account, where the
press finds it. Identifiers are corrected in place with a line of the journal.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.gis import els_fault, service_id_fault
from storage import audit
from storage.people import Deed
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

WAYS = ("paper", "electronic")
WISHES_MAX = 50


class DeliveryRefused(ValueError):
    """A wish or an identifier that cannot be kept; field names what to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class DeliveryHead:
    """An account as its documents are delivered."""

    id: int
    number: str
    address: str
    company_id: int
    receipt_by: str
    is_large_print: bool
    email: str | None
    els: str | None
    gis_id: str | None
    closed_on: dt.date | None


@dataclass(frozen=True, slots=True)
class WishRow:
    """A wish in the list; user_name: who wrote it down."""

    receipt_by: str
    is_large_print: bool
    ground: str
    user_name: str
    recorded_at: dt.datetime


async def head(session: Session, account_id: int) -> DeliveryHead | None:
    """The account the caller may see."""
    row = (
        await session.execute(
            text(f"""
            SELECT a.id, a.number, {ADDRESS} AS address, a.company_id, a.receipt_by, a.is_large_print,
                   a.email, a.els, a.gis_id, a.closed_on
              FROM accounts a {ADDRESS_JOINS} WHERE a.id = :id"""),  # noqa: S608 - words of ours
            {"id": account_id},
        )
    ).one_or_none()
    return None if row is None else DeliveryHead(**row._mapping)


async def wishes(session: Session, account_id: int) -> list[WishRow]:
    """Wishes of an account, the newest first."""
    found = await session.execute(
        text(f"""
        SELECT w.receipt_by, w.is_large_print, w.ground, coalesce(u.full_name, '—') AS user_name,
               w.recorded_at
          FROM delivery_wishes w LEFT JOIN users u ON u.id = w.user_id
         WHERE w.account_id = :id ORDER BY w.id DESC LIMIT {WISHES_MAX}"""),  # noqa: S608 - a number of ours
        {"id": account_id},
    )
    return [WishRow(**row._mapping) for row in found]


async def wish(
    session: Session, account: DeliveryHead, receipt_by: str, is_large_print: bool, ground: str, user_id: int
) -> bool:
    """Keep a wish; False when everything is so already. Raises DeliveryRefused."""
    if receipt_by not in WAYS:
        raise DeliveryRefused("receipt_by", "Выберите, как получать квитанцию.")
    if account.closed_on is not None:
        raise DeliveryRefused("", f"Счёт закрыт {account.closed_on:%d.%m.%Y}: квитанций больше не будет.")
    if (receipt_by, is_large_print) == (account.receipt_by, account.is_large_print):
        return False
    await session.execute(
        text("""
        INSERT INTO delivery_wishes (account_id, company_id, receipt_by, is_large_print, ground, user_id)
        VALUES (:account, :company, :by, :large, :ground, :user)"""),
        {
            "account": account.id,
            "company": account.company_id,
            "by": receipt_by,
            "large": is_large_print,
            "ground": ground,
            "user": user_id,
        },
    )
    return True


async def identify(session: Session, account: DeliveryHead, els: str, gis_id: str, deed: Deed) -> bool:
    """Put identifiers of ГИС ЖКХ on the account (empty: none); False when they are there already.

    Raises DeliveryRefused for one that cannot be, or that another account has.
    """
    if els and (fault := els_fault(els)):
        raise DeliveryRefused("els", fault)
    if gis_id and (fault := service_id_fault(gis_id, els or None)):
        raise DeliveryRefused("gis_id", fault)
    before = {"els": account.els, "gis_id": account.gis_id}
    after = {"els": els or None, "gis_id": gis_id or None}
    if before == after:
        return False
    taken = await session.scalar(
        text("SELECT number FROM accounts WHERE els = :els AND id <> :id"), {"els": els, "id": account.id}
    )
    if taken is not None:
        raise DeliveryRefused("els", f"Этот ЕЛС уже у счёта {taken}. Проверьте, чей он.")
    await session.execute(
        text("UPDATE accounts SET els = :els, gis_id = :gis_id WHERE id = :id"), {**after, "id": account.id}
    )
    await audit.record(
        session,
        "identified",
        "account",
        account.id,
        user_id=deed.user_id,
        company_id=account.company_id,
        ip=deed.ip,
        before=before,
        after=after,
        ground=deed.ground,
    )
    return True
