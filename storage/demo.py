"""Users of the demo city, one of each role, with passwords that are printed: never for a real centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine import Database
from storage.seed import reference
from storage.seed.months import last_month
from storage.users import create_user


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Who signs in, with what, on whose behalf."""

    role: str
    role_title: str
    login: str
    password: str
    full_name: str
    organisation_id: int | None
    company_title: str = ""


STAFF: tuple[DemoUser, ...] = (
    DemoUser("centre", "Расчётчик РЦ", "raschet", "raschet-demo", "Малинина Вера Олеговна", reference.CENTRE),
    DemoUser("publisher", "Публикация РЦ (второй человек)", "publikator", "publikator-demo",
             "Родионов Степан Ильич", reference.CENTRE),
    DemoUser("admin", "Администратор РЦ", "admin", "admin-demo", "Осипов Кирилл Денисович", reference.CENTRE),
    DemoUser("company", "Бухгалтер УК", "buhgalter", "buhgalter-demo", "Лазарева Нина Петровна",
             reference.FIRST_COMPANY),
    DemoUser("dispatcher", "Диспетчер", "dispetcher", "dispetcher-demo", "Зуева Инна Борисовна",
             reference.DISPATCH),
    DemoUser("supplier", "Поставщик (водоканал)", "vodokanal", "vodokanal-demo", "Фокин Антон Юрьевич",
             reference.WATER),
    DemoUser("social", "Соцзащита", "soczashita", "soczashita-demo", "Тарасова Алёна Ивановна",
             reference.SOCIAL),
    DemoUser("agent", "Платёжный агент (банк)", "bank", "bank-demo", "Котов Роман Павлович", reference.BANK),
)  # fmt: skip
RESIDENT_PASSWORD = "zhitel-demo"  # noqa: S105 - printed on purpose

# A resident with something to do: in a managed house, with meters, one of them not read in the open month.
RESIDENT = """
WITH first AS MATERIALIZED (
  SELECT a.id, a.number, a.payer_name FROM accounts a
   WHERE a.company_id = :company AND a.kind = 'flat' ORDER BY a.id LIMIT 300)
SELECT a.id, a.number, a.payer_name, (SELECT short_name FROM organisations WHERE id = :company) AS short_name
  FROM first a
  CROSS JOIN LATERAL (
    SELECT count(*) AS all, count(*) FILTER (WHERE m.has_events) AS eventful,
           count(*) FILTER (WHERE b.n = 1 AND n.n = 0) AS unread
      FROM meters m
      CROSS JOIN LATERAL (SELECT count(*) AS n FROM readings WHERE meter_id = m.id AND period = :before) b
      CROSS JOIN LATERAL (SELECT count(*) AS n FROM readings WHERE meter_id = m.id AND period = :period) n
     WHERE m.account_id = a.id) m
 WHERE m.all >= 3 AND m.eventful = 0 AND m.unread > 0
   AND EXISTS (SELECT 1 FROM account_facts f WHERE f.account_id = a.id AND f.valid_to IS NULL
                AND f.residents > 1 AND f.area_dm2 > 0)
 ORDER BY a.id LIMIT 1
"""


# Payees of the demo city that pay VAT: what a second person would have agreed with.
VAT = """
INSERT INTO vat_terms (organisation_id, is_included, valid_from, document, document_date, state, proposed_by,
                       decided_by, decided_at)
SELECT o.id, true, '2026-01-01', 'Договор с поставщиком, приложение 2', '2025-12-25', 'approved', c.id, p.id,
       now()
  FROM organisations o, users c, users p
 WHERE o.id = ANY (:payees) AND c.login = 'raschet' AND p.login = 'publikator'
   AND NOT EXISTS (SELECT 1 FROM vat_terms)"""

# The first company has a direct contract with the heat supplier and a separate document of capital repair.
PAYEES = """
INSERT INTO receipt_terms (company_id, subject, payee_id, placement, valid_from, document, document_date,
                           state, proposed_by, decided_by, decided_at)
SELECT :company, t.subject, t.payee, t.placement, DATE '2026-01-01', t.document, DATE '2025-12-10',
       'approved', c.id, p.id, now()
  FROM users c, users p,
       (VALUES ('payee', CAST(:heat AS int), 'block', 'Решение собрания собственников о прямых договорах'),
               ('capital', NULL, 'document', 'Договор с региональным оператором, раздел 4'))
         AS t(subject, payee, placement, document)
 WHERE c.login = 'raschet' AND p.login = 'publikator' AND NOT EXISTS (SELECT 1 FROM receipt_terms)"""


async def has_city(database_url: str) -> bool:
    """Whether there is anything in the database at all."""
    database = Database(database_url)
    try:
        async with database.reading() as session:
            return bool(await session.scalar(text("SELECT EXISTS (SELECT 1 FROM organisations)")))
    finally:
        await database.close()


async def users(database_url: str) -> list[DemoUser]:
    """Users of the demo city, made when they do not exist yet; empty when the city is not the demo one."""
    database = Database(database_url)
    try:
        async with database.transaction() as session:
            return await ensure_users(session)
    finally:
        await database.close()


async def ensure_users(session: AsyncSession) -> list[DemoUser]:
    """Create whoever is missing; the whole list with their organisations."""
    slug = await session.scalar(
        text("SELECT slug FROM organisations WHERE id = :id"), {"id": reference.DISPATCH}
    )
    if slug != "dispatch":
        return []
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('paylogic:demo-users'))"))
    made = [await _ensure(session, user, ()) for user in STAFF]
    await session.execute(text(VAT), {"payees": [reference.WATER, reference.HEAT]})
    await session.execute(text(PAYEES), {"company": reference.FIRST_COMPANY, "heat": reference.HEAT})
    resident = await _resident(session)
    return [*made, resident] if resident else made


async def _ensure(session: AsyncSession, user: DemoUser, account_ids: tuple[int, ...]) -> DemoUser:
    title = user.company_title or await session.scalar(
        text("SELECT short_name FROM organisations WHERE id = :id"), {"id": user.organisation_id}
    )
    known = await session.scalar(text("SELECT id FROM users WHERE login = :login"), {"login": user.login})
    if known is None:
        await create_user(
            session,
            login=user.login,
            password=user.password,
            role=user.role,
            full_name=user.full_name,
            organisation_id=user.organisation_id,
            account_ids=account_ids,
            must_change_password=False,
        )
    return DemoUser(
        user.role,
        user.role_title,
        user.login,
        user.password,
        user.full_name,
        user.organisation_id,
        str(title),
    )


async def _resident(session: AsyncSession) -> DemoUser | None:
    """The resident made before, or the first account that fits."""
    known = (
        await session.execute(
            text(
                "SELECT a.id, a.number, a.payer_name, o.short_name FROM users u "
                "JOIN user_accounts ua ON ua.user_id = u.id JOIN accounts a ON a.id = ua.account_id "
                "JOIN organisations o ON o.id = a.company_id "
                "WHERE u.role = 'resident' AND u.login = a.number ORDER BY u.id LIMIT 1"
            )
        )
    ).one_or_none()
    row = known or (await _candidate(session))
    if row is None:
        return None
    user = DemoUser("resident", "Житель", row.number, RESIDENT_PASSWORD, row.payer_name, None, row.short_name)
    return await _ensure(session, user, (row.id,))


async def _candidate(session: AsyncSession) -> Row[Any] | None:
    last = await last_month(session)
    values = {
        "company": reference.FIRST_COMPANY,
        "period": last.first_day,
        "before": last.shift(-1).first_day,
    }
    return (await session.execute(text(RESIDENT), values)).one_or_none()
