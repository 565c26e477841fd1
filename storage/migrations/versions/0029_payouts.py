"""Payouts: terms of fees, money that came from agents, distributions with their shares and transfers, bank
statements with a verdict a row.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)


def _terms() -> None:
    op.add_column(
        "contracts", sa.Column("fee_minimum_kopecks", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("contracts", sa.Column("fee_bearer", sa.Text(), server_default="centre", nullable=False))
    op.add_column(
        "contracts", sa.Column("is_fee_withheld", sa.Boolean(), server_default="true", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_contracts_fee_bearer"), "contracts", "fee_bearer IN ('payee', 'centre', 'payer')"
    )


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default="uploaded", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("opening_kopecks", sa.BigInteger(), nullable=True),
        sa.Column("closing_kopecks", sa.BigInteger(), nullable=True),
        sa.Column("received_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sent_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.CheckConstraint("state IN ('uploaded', 'loaded', 'refused')", name=op.f("ck_statements_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
    )
    op.create_index(
        "uq_statements_digest",
        "statements",
        ["digest"],
        unique=True,
        postgresql_where=sa.text("state <> 'refused'"),
    )
    op.create_table(
        "statement_rows",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("is_in", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("other_account", sa.Text(), nullable=False),
        sa.Column("other_inn", sa.Text(), nullable=False),
        sa.Column("other_name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.CheckConstraint("amount_kopecks > 0", name=op.f("ck_statement_rows_amount")),
        sa.CheckConstraint(
            "verdict IN ('transfer', 'arrival', 'waiting', 'repeat', 'aside')",
            name=op.f("ck_statement_rows_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.id"], name=op.f("fk_statement_rows_statement_id_statements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_rows")),
    )
    op.create_index("ix_statement_rows_statement_id", "statement_rows", ["statement_id"])
    op.create_index(
        "uq_statement_rows_key",
        "statement_rows",
        ["key"],
        unique=True,
        postgresql_where=sa.text("verdict <> 'repeat'"),
    )


def _arrivals() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("gross_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("fee_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("received_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "gross_kopecks = fee_kopecks + received_kopecks", name=op.f("ck_arrivals_conserved")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["organisations.id"], name=op.f("fk_arrivals_agent_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["row_id"], ["statement_rows.id"], name=op.f("fk_arrivals_row_id_statement_rows")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_arrivals_entry_id_entries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
        sa.UniqueConstraint("row_id", name=op.f("uq_arrivals_row_id")),
    )
    op.create_table(
        "arrival_entries",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("arrival_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrivals.id"], name=op.f("fk_arrival_entries_arrival_id_arrivals")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_arrival_entries")),
    )
    op.create_index("ix_arrival_entries_arrival_id", "arrival_entries", ["arrival_id"])


def _runs() -> None:
    op.create_table(
        "payout_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("posted_at", STAMP, nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("undone_at", STAMP, nullable=True),
        sa.Column("undo_reason", sa.Text(), nullable=True),
        sa.Column("gross_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("agent_fee_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("centre_fee_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("net_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("transfers_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("shares_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.Column("file_digest", sa.Text(), nullable=True),
        sa.Column("exported_by", sa.Integer(), nullable=True),
        sa.Column("exported_at", STAMP, nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'checked', 'posting', 'posted', 'exported', 'closed', 'undone', 'failed')",
            name=op.f("ck_payout_runs_state"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> created_by", name=op.f("ck_payout_runs_two_persons")
        ),
        sa.CheckConstraint(
            "(state IN ('exported', 'closed')) = (file IS NOT NULL)",
            name=op.f("ck_payout_runs_exported_once"),
        ),
        sa.CheckConstraint(
            "gross_kopecks = net_kopecks + agent_fee_kopecks + centre_fee_kopecks",
            name=op.f("ck_payout_runs_conserved"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_runs")),
        sa.UniqueConstraint("command_id", name=op.f("uq_payout_runs_command_id")),
    )


def _transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("payee_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("gross_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("agent_fee_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("centre_fee_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("net_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("purpose", sa.Text(), server_default="", nullable=False),
        sa.Column("payee_name", sa.Text(), server_default="", nullable=False),
        sa.Column("payee_inn", sa.Text(), server_default="", nullable=False),
        sa.Column("payee_kpp", sa.Text(), server_default="", nullable=False),
        sa.Column("payee_account", sa.Text(), server_default="", nullable=False),
        sa.Column("payee_bank", sa.Text(), server_default="", nullable=False),
        sa.Column("payee_bic", sa.Text(), server_default="", nullable=False),
        sa.Column("payee_corr_account", sa.Text(), server_default="", nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("row_id", sa.BigInteger(), nullable=True),
        sa.Column("executed_on", sa.Date(), nullable=True),
        sa.Column("execution_entry_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'held', 'ordered', 'exported', 'executed', 'undone')",
            name=op.f("ck_transfers_state"),
        ),
        sa.CheckConstraint(
            "gross_kopecks = net_kopecks + agent_fee_kopecks + centre_fee_kopecks",
            name=op.f("ck_transfers_conserved"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["payout_runs.id"], name=op.f("fk_transfers_run_id_payout_runs")),
        sa.ForeignKeyConstraint(
            ["payee_id"], ["organisations.id"], name=op.f("fk_transfers_payee_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("number", name=op.f("uq_transfers_number")),
        sa.UniqueConstraint("row_id", name=op.f("uq_transfers_row_id")),
        sa.UniqueConstraint("run_id", "payee_id", name=op.f("uq_transfers_run_payee")),
    )
    op.create_index("ix_transfers_payee_id", "transfers", ["payee_id"])


def _shares() -> None:
    op.create_table(
        "payout_shares",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("payee_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("of_period", sa.Date(), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("agent_fee_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("centre_fee_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("is_advance", sa.Boolean(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["payout_runs.id"], name=op.f("fk_payout_shares_run_id_payout_runs")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "entry_id", "ordinal", "payee_id", "service", name=op.f("pk_payout_shares")
        ),
    )
    op.create_index(
        "uq_payout_shares_live",
        "payout_shares",
        ["entry_id", "ordinal"],
        unique=True,
        postgresql_where=sa.text("is_live AND NOT is_advance"),
    )
    op.create_index(
        "ix_payout_shares_advance",
        "payout_shares",
        ["entry_id", "ordinal"],
        postgresql_where=sa.text("is_live AND is_advance"),
    )
    op.create_index("ix_payout_shares_run_payee", "payout_shares", ["run_id", "payee_id"])


def upgrade() -> None:
    _terms()
    _statements()
    _arrivals()
    _runs()
    _transfers()
    _shares()
