"""What the demo city shows of co-owners: a flat that three pay apart since the open month."""

from __future__ import annotations

from sqlalchemy import text

from billing.period import Period
from storage import divisions, months
from storage.demo import ensure_users
from storage.divisions import NewPart
from storage.engine import Database
from storage.people import Deed
from storage.seed import reference

# A plain flat of the first company: alone on its premises, several people, three rooms' worth of meters.
FLAT = """
SELECT a.id FROM accounts a
 WHERE a.company_id = :company AND a.kind = 'flat' AND a.closed_on IS NULL AND a.opened_on < :first
   AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.flat_id = a.flat_id AND o.id <> a.id)
   AND (SELECT count(*) FROM meters m WHERE m.account_id = a.id AND m.removed_on IS NULL) >= 3
   AND EXISTS (SELECT 1 FROM account_facts f WHERE f.account_id = a.id AND f.superseded_at IS NULL
                AND f.valid_to IS NULL AND f.residents >= 3 AND f.area_dm2 > 0)
   AND NOT EXISTS (SELECT 1 FROM account_benefits b WHERE b.account_id = a.id)
   AND NOT EXISTS (SELECT 1 FROM user_accounts u WHERE u.account_id = a.id)
 ORDER BY a.id DESC LIMIT 1"""
CO_OWNERS = (("Белова Ольга Дмитриевна", 1, 4), ("Белов Антон Дмитриевич", 1, 4))
GROUND = "Решение мирового судьи участка № 5 по делу 2-418 об определении порядка оплаты"


async def show(database_url: str) -> None:
    """Divide one flat when the city is the demo one and has no divided flat yet."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.transaction() as session:
            opened = await months.open_month(session)
            if opened is None or not await ensure_users(session):
                return
            if await session.scalar(text("SELECT EXISTS (SELECT 1 FROM divisions)")):
                return
            first = Period.of(opened).first_day
            wanted = {"company": reference.FIRST_COMPANY, "first": first}
            account: int | None = await session.scalar(text(FLAT), wanted)
            if account is None:
                return
            parts = [NewPart(1, 2, account_id=account)]
            parts += [NewPart(num, den, payer) for payer, num, den in CO_OWNERS]
            await divisions.divide(session, account, first, parts, 0, Deed(None, GROUND))
    finally:
        await database.close()
