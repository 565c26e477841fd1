"""Proof that account_facts say what registrations and ownerships say (ADR 0004), in one pass over all of
them.

People and facts become changes by day (+1, −1), summed up along the days of each account side by side:
wherever
the two differ on a day of the books, the account is told with the first such day. Areas come from documents,
not
from people, and are not looked at.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import text

from billing.history import TEMPORARY_DAYS_MIN
from storage.engine import Database
from storage.ledger_check import FOUND_MAX, Difference

TITLES = {
    "residents": "Зарегистрированных постоянно столько, сколько в сведениях счёта",
    "temporary": "Проживающих временно дольше пяти дней столько, сколько в сведениях счёта",
    "owners": "Собственников столько, сколько в сведениях счёта, и не меньше одного",
    "stretches": "На каждый день у счёта одни сведения, без пропусков и повторов",
}

# People before the first month of the books do not matter: they were carried over from another system.
DIFFERENCES = f"""
WITH books AS (SELECT min(period) AS first FROM months),
changes AS (
  SELECT account_id, valid_from AS first, valid_to AS after,
         (kind = 'permanent')::int AS residents, (kind = 'temporary')::int AS temporary, 0 AS owners,
         0 AS f_residents, 0 AS f_temporary, 0 AS f_owners, 0 AS stretches
    FROM registrations
   WHERE superseded_at IS NULL
     AND (kind = 'permanent' OR valid_to IS NULL OR valid_to - valid_from >= {TEMPORARY_DAYS_MIN})
  UNION ALL
  SELECT account_id, valid_from, valid_to, 0, 0, 1, 0, 0, 0, 0 FROM ownerships WHERE superseded_at IS NULL
  UNION ALL
  SELECT account_id, valid_from, valid_to, 0, 0, 0, residents, temporary, owners, 1
    FROM account_facts WHERE superseded_at IS NULL),
inside AS (
  SELECT c.*, a.number, a.closed_on, greatest(a.opened_on, b.first) AS opened
    FROM changes c JOIN accounts a ON a.id = c.account_id CROSS JOIN books b),
days AS (
  SELECT account_id, number, closed_on, greatest(first, opened) AS day, 1 AS sign, residents, temporary,
  owners,
         f_residents, f_temporary, f_owners, stretches FROM inside
  UNION ALL
  SELECT account_id, number, closed_on, greatest(after, opened), -1, residents, temporary, owners,
         f_residents, f_temporary, f_owners, stretches FROM inside WHERE after IS NOT NULL),
by_day AS (
  SELECT account_id, number, closed_on, day, sum(sign * residents) AS residents,
         sum(sign * temporary) AS temporary, sum(sign * owners) AS owners, sum(sign * f_residents) AS
         f_residents,
         sum(sign * f_temporary) AS f_temporary, sum(sign * f_owners) AS f_owners,
         sum(sign * stretches) AS stretches
    FROM days GROUP BY 1, 2, 3, 4),
summed AS (
  SELECT number, closed_on, day, account_id,
         sum(residents) OVER along AS residents, sum(temporary) OVER along AS temporary,
         sum(owners) OVER along AS owners, sum(f_residents) OVER along AS f_residents,
         sum(f_temporary) OVER along AS f_temporary, sum(f_owners) OVER along AS f_owners,
         sum(stretches) OVER along AS stretches
    FROM by_day WINDOW along AS (PARTITION BY account_id ORDER BY day)),
wrong AS (
  SELECT s.number, s.account_id, s.day, v.name, v.expected, v.found
    FROM summed s CROSS JOIN LATERAL (VALUES
      ('residents', s.residents, s.f_residents), ('temporary', s.temporary, s.f_temporary),
      ('owners', greatest(s.owners, 1), s.f_owners), ('stretches', 1, s.stretches)
    ) AS v (name, expected, found)
   WHERE v.expected <> v.found AND (s.closed_on IS NULL OR s.day < s.closed_on)
     AND (s.stretches > 0 OR v.name = 'stretches'))
SELECT DISTINCT ON (name, account_id) name, 'счёт ' || number || ', с ' || to_char(day, 'DD.MM.YYYY') AS
place,
       expected::bigint AS expected, found::bigint AS found
  FROM wrong ORDER BY name, account_id, day"""  # noqa: S608 - a number of ours

COUNTS = """
SELECT (SELECT count(*) FROM accounts) AS accounts,
       (SELECT count(*) FROM account_facts WHERE superseded_at IS NULL) AS facts,
       (SELECT count(*) FROM registrations WHERE superseded_at IS NULL) AS registrations,
       (SELECT count(*) FROM ownerships WHERE superseded_at IS NULL) AS ownerships"""


async def check_facts(database_url: str) -> dict[str, Any]:
    """Derive the people of all accounts again and compare, in one snapshot, under the owner's role."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.reading() as session:
            await session.execute(text("SET LOCAL statement_timeout = 0"))
            rows = (await session.execute(text(DIFFERENCES))).all()
            counts = (await session.execute(text(COUNTS))).one()
    finally:
        await database.close()
    found: list[Difference] = []
    checks = []
    for name, title in TITLES.items():
        mine = [row for row in rows if row.name == name]
        checks.append(f"{title}: {'сходится' if not mine else f'расхождений {len(mine)}'}")
        found += [Difference(title, row.place, row.expected, row.found) for row in mine[:FOUND_MAX]]
    return {
        "ok": not rows,
        "differences": len(rows),
        "checks": checks,
        "found": [asdict(one) for one in found],
        **counts._mapping,
    }
