"""Turns storage.scope.POLICIES and storage/functions into SQL; applied after migrations, as often as asked.

Tables change by migrations, one after another. Rights, policies, functions and triggers are code:
`apply_rights` writes them anew whenever their digest differs from the one the database remembers.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import Connection, text

from storage.scope import POLICIES, WEB_ROLE, Policy

FUNCTIONS = Path(__file__).parent / "functions"
ORDER = (
    "scope",
    "sign_in",
    "readings",
    "history",
    "ledger",
    "outbox",
    "fact_changes",
    "receipts",
    "requests",
    "partners",
)
"""Files of FUNCTIONS as they are written: a function may call those of the files before it."""
STATEMENT_END = "\n-- end\n"
"""Each statement of these files ends with such a line."""


def apply_rights(connection: Connection) -> bool:
    """Create or renew functions, triggers, policies and grants; false when the database already has exactly
    these.
    """
    statements = rights()
    digest = hashlib.sha256("\0".join(statements).encode()).hexdigest()
    known = connection.scalar(
        text("SELECT obj_description(to_regprocedure('paylogic_rights()')::oid, 'pg_proc')")
    )
    if known == digest:
        return False
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION paylogic_rights() RETURNS void LANGUAGE sql AS 'SELECT'"
    )
    connection.exec_driver_sql(f"COMMENT ON FUNCTION paylogic_rights() IS '{digest}'")
    return True


def rights() -> list[str]:
    """All statements, in order: functions and triggers, then grants and policies of each table."""
    statements = [
        part.strip()
        for name in ORDER
        for part in (FUNCTIONS / f"{name}.sql").read_text("utf-8").split(STATEMENT_END)
        if part.strip()
    ]
    statements.append(f"GRANT USAGE ON SCHEMA public TO {WEB_ROLE}")
    statements.append(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {WEB_ROLE}")
    statements.append(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {WEB_ROLE}")
    for table, policy in POLICIES.items():
        statements.extend(_policy(table, policy))
    return statements


def _policy(table: str, policy: Policy) -> list[str]:
    names = ("web_read", "web_add", "web_change")
    statements = [f"DROP POLICY IF EXISTS {name} ON {table}" for name in names]
    statements.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    statements.append(f"CREATE POLICY web_read ON {table} FOR SELECT TO {WEB_ROLE} USING ({policy.using})")
    statements.append(
        f"CREATE POLICY web_add ON {table} FOR INSERT TO {WEB_ROLE} WITH CHECK ({policy.check})"
    )
    statements.append(
        f"CREATE POLICY web_change ON {table} FOR UPDATE TO {WEB_ROLE} "
        f"USING ({policy.check}) WITH CHECK ({policy.check})"
    )
    statements.extend(f"GRANT {right} ON {table} TO {WEB_ROLE}" for right in policy.rights)
    return statements
