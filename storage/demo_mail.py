"""What the demo city shows of e-mail: some who chose electronic receipts have confirmed an address."""

from __future__ import annotations

from sqlalchemy import text

from storage.demo import ensure_users
from storage.engine import Database

EVERY = 10
"""Of those who chose electronic, one in so many: a mailing of the demo takes a minute or two."""
BOXES = """
INSERT INTO mail_boxes (account_id, company_id, address, state, is_paperless, token, confirmed_at)
SELECT id, company_id,
       CASE WHEN id % 70 = 0 THEN 'net-takogo' || id || '@pochta.example'
            WHEN id % 45 = 0 THEN 'vernetsya' || id || '@pochta.example' ELSE email END,
       'confirmed', true, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
       clock_timestamp()
  FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM accounts
         WHERE receipt_by = 'electronic' AND email <> '' AND closed_on IS NULL) a
 WHERE place % :every = 0
ON CONFLICT (account_id) DO NOTHING RETURNING 1"""


async def show(database_url: str) -> dict[str, int]:
    """Addresses of the demo city, in a city that has a demo; how many."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.transaction() as session:
            if not await ensure_users(session):
                return {"boxes": 0}
            made = await session.execute(text(BOXES), {"every": EVERY})
            return {"boxes": len(made.all())}
    finally:
        await database.close()
