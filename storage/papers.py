"""Papers about an account: what they are made of, their numbers, and the very files that were handed out."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from billing.paper import Dossier, MonthMove, Owner, PenaltyDebt, Resident
from billing.quantity import format_scaled
from billing.receipt_parts import Payee
from billing.services import CATALOGUE
from storage import account_months, account_pages, audit
from storage.account_months import MoneyMark, MonthMoney
from storage.account_pages import AccountHead
from storage.paper_reliefs import reliefs
from storage.penalty_account import AccountPenalties, account_penalties
from storage.session import Session

MONTHS_MAX = 60
LISTED_MAX = 200
PDF = "application/pdf"
OLD_DEBT = "Долг, перенесённый с другого счёта"

MINE = """(CAST(:user_id AS int) IS NULL OR p.user_id = :user_id OR EXISTS (
  SELECT 1 FROM debt_steps s WHERE s.paper_id = p.id AND s.delivery = 'cabinet'))"""
"""A person's own papers, and those of the overdue process handed over in the cabinet."""

ISSUER = """
SELECT name, inn, coalesce(kpp, '') AS kpp, coalesce(ogrn, '') AS ogrn, coalesce(address, '') AS address,
       coalesce(phone, '') AS phone, coalesce(email, '') AS email, coalesce(bank_account, '') AS bank_account,
       coalesce(bank_name, '') AS bank_name, coalesce(bank_bic, '') AS bic,
       coalesce(bank_corr_account, '') AS correspondent_account
  FROM organisations WHERE id = :id"""


@dataclass(frozen=True, slots=True)
class Issued:
    """A paper in the list."""

    id: int
    kind: str
    number: str
    first_month: dt.date | None
    last_month: dt.date | None
    purpose: str
    issued_by: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class NewPaper:
    """A paper to be kept with its file; command_id: the same press of the button again changes nothing."""

    command_id: str
    kind: str
    number: str
    account_id: int
    first_month: dt.date | None
    last_month: dt.date | None
    purpose: str
    content: bytes
    user_id: int


async def dossier(
    session: Session,
    account_id: int,
    open_period: dt.date,
    today: dt.date,
    first: dt.date,
    last: dt.date,
    with_reliefs: bool = False,
) -> Dossier | None:
    """What papers say of an account the caller may see, with its months first … last; None when unseen.

    Льготы are read when asked for: only one paper tells them.
    """
    head = await account_pages.head(session, account_id, open_period, today)
    if head is None:
        return None
    issuer = (await session.execute(text(ISSUER), {"id": head.company_id})).one()
    months = await account_months.year(session, account_id, min(last, open_period), MONTHS_MAX)
    penalties = await account_penalties(session, account_id)
    return Dossier(
        on=today,
        account_number=head.number,
        els=head.els or "",
        address=head.address,
        payer=head.payer_name,
        area_dm2=head.area_dm2,
        living_area_dm2=head.living_area_dm2,
        opened_on=head.opened_on,
        issuer=Payee(**issuer._mapping),
        residents=_residents(head),
        owners=tuple(Owner(one.name, one.share_num, one.share_den, one.ground or "–") for one in head.owners),
        balance_kopecks=head.balance_kopecks,
        months=tuple(_move(one) for one in reversed(months) if one.period >= first),
        penalties_charged_kopecks=penalties.charged_kopecks,
        penalties_paid_kopecks=penalties.paid_kopecks,
        debts=_debts(penalties),
        reliefs=await reliefs(session, head, first, min(last, open_period)) if with_reliefs else (),
    )


def _residents(head: AccountHead) -> tuple[Resident, ...]:
    return tuple(
        Resident(
            one.name,
            one.born_on,
            one.relation or "",
            one.kind == "permanent",
            one.valid_from,
            None if one.valid_to is None else one.valid_to - dt.timedelta(days=1),
        )
        for one in head.people
    )


def _move(one: MonthMoney) -> MonthMove:
    return MonthMove(
        one.period,
        one.opening_kopecks,
        one.charged_kopecks,
        one.paid_kopecks,
        one.other_kopecks,
        tuple(_note(mark) for mark in one.marks if mark.kind == "payment"),
    )


def _note(mark: MoneyMark) -> str:
    who = f", {mark.agent_name}" if mark.agent_name else ""
    number = f", № {mark.number}" if mark.number else ""
    return f"{mark.booked_on:%d.%m.%Y} оплачено {format_scaled(-mark.amount_kopecks, 100, 2)} ₽{who}{number}"


def _debts(found: AccountPenalties) -> tuple[PenaltyDebt, ...]:
    return tuple(
        PenaltyDebt(
            one.of_period,
            CATALOGUE[one.service].label if one.service in CATALOGUE else OLD_DEBT,
            one.payee_name,
            one.due_on,
            one.clause,
            one.total_kopecks,
            one.pieces,
        )
        for one in found.debts
    )


# ---- handed out -------------------------------------------------------------------------------------------


async def next_number(session: Session, today: dt.date) -> str:
    """A number no other paper has; one not used leaves a gap."""
    number = await session.scalar(text("SELECT nextval('paper_numbers')"))
    return f"{number}/{today.year}"


async def known(session: Session, command_id: str) -> int | None:
    """The paper this command made before."""
    found: int | None = await session.scalar(
        text("SELECT id FROM papers WHERE command_id = :id"), {"id": command_id}
    )
    return found


async def keep(session: Session, new: NewPaper) -> int:
    """Keep a paper with its file and a line of the journal; its id."""
    digest = hashlib.sha256(new.content).hexdigest()
    company_id = await session.scalar(
        text("SELECT company_id FROM accounts WHERE id = :id"), {"id": new.account_id}
    )
    file_id = await session.scalar(
        text(
            "INSERT INTO files (digest, name, media_type, content, company_id, account_id, user_id) "
            "VALUES (:digest, :name, :media_type, :content, :company_id, :account_id, :user_id) RETURNING id"
        ),
        {
            "digest": digest,
            "name": file_name(new.kind, new.number),
            "media_type": PDF,
            "content": new.content,
            "company_id": company_id,
            "account_id": new.account_id,
            "user_id": new.user_id,
        },
    )
    paper_id = await session.scalar(
        text(
            "INSERT INTO papers (command_id, kind, number, account_id, company_id, first_month, last_month, "
            "purpose, file_id, digest, user_id) VALUES (:command_id, :kind, :number, :account_id, "
            ":company_id, :first_month, :last_month, :purpose, :file_id, :digest, :user_id) RETURNING id"
        ),
        {
            "command_id": new.command_id,
            "kind": new.kind,
            "number": new.number,
            "account_id": new.account_id,
            "company_id": company_id,
            "first_month": new.first_month,
            "last_month": new.last_month,
            "purpose": new.purpose,
            "file_id": file_id,
            "digest": digest,
            "user_id": new.user_id,
        },
    )
    await audit.record(
        session, "paper_issued", "account", new.account_id, user_id=new.user_id, company_id=company_id,
        after={"kind": new.kind, "number": new.number}, ground=new.purpose or None,
    )  # fmt: skip
    return int(paper_id or 0)


async def keep_many(session: Session, made: Sequence[NewPaper]) -> list[int]:
    """Keep papers with their files by a few statements, for workers; ids in the order given."""
    if not made:
        return []
    company_of = {
        row.id: row.company_id
        for row in await session.execute(
            text("SELECT id, company_id FROM accounts WHERE id = ANY (:ids)"),
            {"ids": [one.account_id for one in made]},
        )
    }
    files = {
        row.name: row.id
        for row in await session.execute(
            text("""
            INSERT INTO files (digest, name, media_type, content, company_id, account_id, user_id)
            SELECT * FROM unnest(CAST(:digests AS text[]), CAST(:names AS text[]), CAST(:types AS text[]),
                                 CAST(:contents AS bytea[]), CAST(:companies AS int[]),
                                 CAST(:accounts AS int[]), CAST(:users AS int[]))
            RETURNING id, name"""),
            {
                "digests": [hashlib.sha256(one.content).hexdigest() for one in made],
                "names": [file_name(one.kind, one.number) for one in made],
                "types": [PDF] * len(made),
                "contents": [one.content for one in made],
                "companies": [company_of[one.account_id] for one in made],
                "accounts": [one.account_id for one in made],
                "users": [one.user_id for one in made],
            },
        )
    }
    found = await session.execute(
        text("""
        INSERT INTO papers (command_id, kind, number, account_id, company_id, first_month, last_month,
                            purpose, file_id, digest, user_id)
        SELECT n.command, n.kind, n.number, n.account, n.company, n.first, n.last, n.purpose, n.file,
               n.digest, n.person
          FROM unnest(CAST(:commands AS text[]), CAST(:kinds AS text[]), CAST(:numbers AS text[]),
                      CAST(:accounts AS int[]), CAST(:companies AS int[]), CAST(:firsts AS date[]),
                      CAST(:lasts AS date[]), CAST(:purposes AS text[]), CAST(:files AS bigint[]),
                      CAST(:digests AS text[]), CAST(:users AS int[]))
            AS n(command, kind, number, account, company, first, last, purpose, file, digest, person)
        RETURNING id, command_id"""),
        {
            "commands": [one.command_id for one in made],
            "kinds": [one.kind for one in made],
            "numbers": [one.number for one in made],
            "accounts": [one.account_id for one in made],
            "companies": [company_of[one.account_id] for one in made],
            "firsts": [one.first_month for one in made],
            "lasts": [one.last_month for one in made],
            "purposes": [one.purpose for one in made],
            "files": [files[file_name(one.kind, one.number)] for one in made],
            "digests": [hashlib.sha256(one.content).hexdigest() for one in made],
            "users": [one.user_id for one in made],
        },
    )
    ids = {row.command_id: row.id for row in found}
    return [ids[one.command_id] for one in made]


async def next_numbers(session: Session, today: dt.date, count: int) -> list[str]:
    """So many numbers at once."""
    found = await session.execute(
        text("SELECT nextval('paper_numbers') AS n FROM generate_series(1, :count)"), {"count": count}
    )
    return [f"{number}/{today.year}" for number in found.scalars()]


async def has_months(session: Session) -> bool:
    """Whether anything is kept here at all: without months there are no debts and no papers."""
    return bool(await session.scalar(text("SELECT EXISTS (SELECT 1 FROM months)")))


def file_name(kind: str, number: str) -> str:
    """A name for a folder: ASCII, no slashes."""
    return f"{kind}-{number.replace('/', '-')}.pdf"


async def issued(session: Session, account_id: int, user_id: int | None = None) -> list[Issued]:
    """Papers of an account, the newest first; for a user their own and those handed over in the cabinet."""
    found = await session.execute(
        text(
            "SELECT p.id, p.kind, p.number, p.first_month, p.last_month, p.purpose, "  # noqa: S608
            "coalesce(u.full_name, '—') AS issued_by, p.recorded_at FROM papers p "
            "LEFT JOIN users u ON u.id = p.user_id WHERE p.account_id = :id "
            f"AND {MINE} ORDER BY p.id DESC LIMIT :limit"
        ),
        {"id": account_id, "user_id": user_id, "limit": LISTED_MAX},
    )
    return [Issued(**row._mapping) for row in found]


async def paper_file(
    session: Session, account_id: int, paper_id: int, user_id: int | None = None
) -> tuple[str, bytes] | None:
    """Name and content of a paper that was handed out; of one user's only when asked."""
    row = (
        await session.execute(
            text(
                "SELECT f.name, f.content FROM papers p JOIN files f ON f.id = p.file_id "  # noqa: S608
                "WHERE p.id = :id AND p.account_id = :account_id "
                f"AND {MINE}"
            ),
            {"id": paper_id, "account_id": account_id, "user_id": user_id},
        )
    ).one_or_none()
    return None if row is None else (row.name, bytes(row.content))
