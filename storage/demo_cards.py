"""The demo city's gates: three banks and a cashbox that are all the bundled fake; never in another city."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from storage.engine import Database
from storage.seed import reference

AGENT = reference.BANK


async def ensure(database_url: str, gates: dict[str, tuple[str, dict[str, Any]]]) -> bool:
    """Put the gates (code → kind, profile) in the demo city, their addresses as they are now; false in any
    other city, where nothing is touched. What a person turned off stays off.
    """
    database = Database(database_url, pool_max=1)
    try:
        async with database.transaction() as session:
            slug = await session.scalar(
                text("SELECT slug FROM organisations WHERE id = :id"), {"id": reference.DISPATCH}
            )
            if slug != "dispatch":
                return False
            for place, (code, (kind, profile)) in enumerate(gates.items(), 1):
                await session.execute(
                    text("""
                    INSERT INTO card_gates (kind, code, agent_id, profile, place, is_active)
                    VALUES (CAST(:kind AS text), :code, CASE WHEN :kind = 'bank' THEN CAST(:agent AS int) END,
                            CAST(:profile AS jsonb), :place, true)
                    ON CONFLICT (code) DO UPDATE SET changed_at = clock_timestamp(), trouble = '',
                      profile = card_gates.profile
                                || jsonb_build_object('base_url', excluded.profile->'base_url')"""),
                    {
                        "kind": kind,
                        "code": code,
                        "agent": AGENT,
                        "profile": json.dumps(profile, ensure_ascii=False),
                        "place": place,
                    },
                )
            return True
    finally:
        await database.close()
