"""Two users of the product itself, for work asked on the command line: one asks, the other agrees.

They cannot sign in; the audit says that the command line did it. Also what «today» is where a meter stands.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from storage.session import Session

NO_PASSWORD = "!"  # noqa: S105 - no password hashes to this
NAME = "командная строка"
"""Stands on pages where the name of a person would."""
ROBOTS = (
    ("paylogic-run", "centre", NAME),
    ("paylogic-approve", "publisher", NAME),
)


async def robots(session: Session) -> tuple[int, int]:
    """Ids of the user that asks and the user that agrees; made at first use."""
    ids = []
    for login, role, name in ROBOTS:
        await session.execute(
            text(
                "INSERT INTO users (login, password_hash, role, full_name, is_active, organisation_id) "
                "VALUES "
                "(:login, :hash, :role, :name, false, (SELECT min(id) FROM organisations WHERE kind = "
                "'centre')) "
                "ON CONFLICT (login) DO UPDATE SET full_name = excluded.full_name "
                "WHERE users.full_name <> excluded.full_name"
            ),
            {"login": login, "hash": NO_PASSWORD, "role": role, "name": name},
        )
        found = await session.scalar(text("SELECT id FROM users WHERE login = :login"), {"login": login})
        assert found is not None
        ids.append(int(found))
    return ids[0], ids[1]


async def audit_command(session: Session, user_id: int, run_id: int, action: str) -> None:
    """Say in the audit that the command line did it, in the name of a user of the product."""
    await session.execute(
        text(
            "INSERT INTO audit (user_id, action, subject_kind, subject_id, after, ground) VALUES "
            "(:user_id, :action, 'run', :run_id, '{\"by\": \"paylogic run\"}', 'Команда paylogic run "
            "--publish')"
        ),
        {"user_id": user_id, "action": action, "run_id": run_id},
    )


async def today_at_meter(session: Session, meter_id: int) -> dt.date:
    """The date it is now in the city of the meter; Moscow's for a meter nobody knows."""
    found: dt.date | None = await session.scalar(
        text(
            "SELECT (now() AT TIME ZONE coalesce((SELECT c.timezone FROM meters m JOIN houses h ON h.id = "
            "m.house_id "
            "JOIN streets s ON s.id = h.street_id JOIN cities c ON c.id = s.city_id WHERE m.id = :id), "
            "'Europe/Moscow'))::date"
        ),
        {"id": meter_id},
    )
    assert found is not None
    return found
