"""Penalties: values of law an operator added, computations, their lines and parts; who reversed an entry."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)


def _values() -> None:
    op.create_table(
        "penalty_values",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", STAMP, nullable=True),
        sa.Column("superseded_at", STAMP, nullable=True),
        sa.CheckConstraint(
            "family IN ('key_rate', 'cap', 'moratorium', 'day_off', 'working_day')",
            name=op.f("ck_penalty_values_family"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'declined')", name=op.f("ck_penalty_values_state")
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR decided_by <> proposed_by", name=op.f("ck_penalty_values_two_persons")
        ),
        sa.CheckConstraint(
            "(family IN ('key_rate', 'cap')) = (value IS NOT NULL) AND value >= 0",
            name=op.f("ck_penalty_values_value"),
        ),
        sa.CheckConstraint(
            "(family IN ('cap', 'moratorium')) = (last_day IS NOT NULL)",
            name=op.f("ck_penalty_values_last_day"),
        ),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_penalty_values_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_penalty_values")),
    )
    op.create_index(
        "uq_penalty_values_in_force",
        "penalty_values",
        ["family", "first_day"],
        unique=True,
        postgresql_where=sa.text("state = 'approved' AND superseded_at IS NULL"),
    )


def _runs() -> None:
    op.create_table(
        "penalty_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("checked_at", STAMP, nullable=True),
        sa.Column("posted_at", STAMP, nullable=True),
        sa.Column("posted_in", sa.Date(), nullable=True),
        sa.Column("undone_at", STAMP, nullable=True),
        sa.Column("seen_changes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("law_version", sa.Text(), nullable=True),
        sa.Column("last_account_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("accounts_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lines_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'counting', 'checked', 'posting', 'posted', 'undone', 'failed')",
            name=op.f("ck_penalty_runs_state"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> created_by", name=op.f("ck_penalty_runs_two_persons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_penalty_runs")),
        sa.UniqueConstraint("command_id", name=op.f("uq_penalty_runs_command_id")),
    )


def _lines() -> None:
    op.create_table(
        "penalty_lines",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("payee_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("of_period", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("payer", sa.SmallInteger(), nullable=False),
        sa.Column("is_daily", sa.Boolean(), nullable=False),
        sa.Column("principal_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("unpaid_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("total_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("before_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "amount_kopecks = total_kopecks - before_kopecks", name=op.f("ck_penalty_lines_amount")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["penalty_runs.id"], name=op.f("fk_penalty_lines_run_id_penalty_runs")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "account_id", "of_period", "payee_id", "service", name=op.f("pk_penalty_lines")
        ),
    )
    op.create_index("ix_penalty_lines_account_id", "penalty_lines", ["account_id"])
    op.create_table(
        "penalty_parts",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("payee_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("of_period", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_paid", sa.Boolean(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_kopecks > 0 AND weight > 0", name=op.f("ck_penalty_parts_part")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["penalty_runs.id"], name=op.f("fk_penalty_parts_run_id_penalty_runs")
        ),
        sa.PrimaryKeyConstraint(
            *("run_id", "account_id", "of_period", "payee_id", "service", "day", "is_paid"),
            name=op.f("pk_penalty_parts"),
        ),
    )


def upgrade() -> None:
    _values()
    _runs()
    _lines()
    op.create_index(
        "ix_entries_reverses_id",
        "entries",
        ["reverses_id"],
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
