"""Two of everything: a row of every table for company 1 and one for company 2, every id being 1 or 2.

So what a scope of company 1 may see of any table is the row with number 1, whatever the table is.
"""

import datetime as dt

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    DateTime,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

import storage.tables  # noqa: F401  (fills Base.metadata)
from storage.base import Base

NUMBERED = (
    "created_by",
    "user_id",
    "company_id",
    "organisation_id",
    "account_id",
    "flat_id",
    "request_id",
    "agent_id",
)
FIXED: dict[tuple[str, str], object] = {
    ("agent_day_rows", "verdict"): "same",
    ("agent_day_rows", "state"): "same",
    ("organisations", "kind"): "company",
    ("registrations", "kind"): "permanent",
    ("meter_events", "kind"): "fault",
    ("readings", "source"): "resident",
    ("runs", "scope_kind"): "organisation",
    ("runs", "state"): "published",
    ("users", "role"): "resident",
    ("request_events", "to_resident"): True,
    ("notices", "channel"): "email",
    ("value_proposals", "family"): "tariff",
    ("penalty_values", "family"): "day_off",
    ("penalty_lines", "amount_kopecks"): 0,
    ("netting_trials", "reach"): "payee",
    ("agreements", "kind"): "debt",
    ("agreements", "state"): "active",
    ("corrections", "kind"): "manual",
    ("absences", "valid_to"): dt.date(2026, 10, 20),
    ("unauthorised_uses", "valid_to"): dt.date(2026, 10, 20),
    ("unauthorised_uses", "capacity_micro"): 0,
    ("unauthorised_uses", "way"): 1,
    ("troubles", "ended_at"): dt.datetime(2026, 10, 2, tzinfo=dt.UTC),
    ("formulas", "service"): 100,
    ("held_readings", "rules"): ["zero"],
    ("change_months", "state"): "done",
    ("what_ifs", "family"): "tariff",
    ("what_if_sums", "cut"): "all",
    ("late_facts", "kind"): "people",
    ("late_facts", "house_id"): 1,
    ("common_months", "carried_micro"): 0,
    ("common_months", "balance_micro"): 0,
    ("common_mode_proposals", "organisation_id"): 1,
    ("common_mode_proposals", "valid_from"): dt.date(2026, 10, 1),
    ("payment_decisions", "deed"): "assign",
    ("register_rows", "verdict"): "good",
    ("statement_rows", "verdict"): "waiting",
    ("arrivals", "fee_kopecks"): 0,
    ("payout_runs", "state"): "posted",
    ("transfers", "state"): "executed",
    ("transfers", "agent_fee_kopecks"): 0,
    ("transfers", "centre_fee_kopecks"): 0,
    ("payout_shares", "is_live"): True,
    ("press_runs", "layout"): "a4",
    ("receipt_terms", "subject"): "others",
    ("receipt_terms", "placement"): "block",
    ("receipt_terms", "valid_from"): dt.date(2026, 10, 1),
    ("delivery_wishes", "receipt_by"): "paper",
    ("run_holds", "dimension"): "account",
    ("press_runs", "volume_sheets"): 500,
    ("press_notes", "kind"): "handed",
    ("mail_boxes", "state"): "confirmed",
    ("mail_letters", "kind"): "receipt",
    ("mail_returns", "kind"): "other",
    ("cash_receipts", "given_kopecks"): 2,
    ("card_gates", "kind"): "bank",
    ("card_orders", "state"): "paid",
    ("card_checks", "kind"): "sell",
    ("card_checks", "order_id"): 1,
    ("debt_batches", "stage"): "reminder",
    ("debt_steps", "stage"): "reminder",
    **{("debtors", one.name): 0 for one in Base.metadata.tables["debtors"].c if "kopecks" in one.name},
}


def row(table: Table, number: int) -> dict[str, object]:
    """Values of every column that must be given, and of every nullable one a policy looks at."""
    return {
        column.name: value(table, column, number)
        for column in table.columns
        if (table.name, column.name) in FIXED
        or column.name in ("id", *NUMBERED)
        or (not column.nullable and column.server_default is None)
    }


def value(table: Table, column: Column[object], number: int) -> object:
    """A value that fits the type; whatever is an id is the number itself."""
    if (table.name, column.name) in FIXED:
        return FIXED[table.name, column.name]
    if table.name == "months":
        return {"period": dt.date(2026, 8 + number, 1), "state": ("closed", "open")[number - 1]}[column.name]
    if (table.name, column.name) == ("change_months", "period"):
        return dt.date(2026, 8 + number, 1)
    by_type: dict[type, object] = {
        Text: f"{column.name} {number}",
        Date: dt.date(2026, 10, 1),
        DateTime: dt.datetime(2026, 10, 1, tzinfo=dt.UTC),
        Boolean: False,
        JSONB: {},
        LargeBinary: b"x",
        ARRAY: [number],
        SmallInteger: number,
        Uuid: f"00000000-0000-0000-0000-00000000000{number}",
    }
    return next((given for kind, given in by_type.items() if isinstance(column.type, kind)), number)


async def fill(connection: AsyncConnection) -> None:
    """Insert both rows everywhere, past triggers: only visibility is looked at here."""
    await connection.execute(text("SELECT ensure_reading_partition('2026-10-01')"))
    for number in (1, 2):
        for parent in ("lines", "run_accounts"):
            partition = f"CREATE TABLE {parent}_{number} PARTITION OF {parent} FOR VALUES IN ({number})"
            await connection.execute(text(partition))
    for table in Base.metadata.sorted_tables:
        await connection.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
        for number in (1, 2):
            await connection.execute(table.insert().values(**row(table, number)))
