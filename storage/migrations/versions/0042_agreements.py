"""Agreements on paying in parts, their schedules; pauses of penalties, due days of parts."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)


def _agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=False),
        sa.Column("rate_permille", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("grace_days", sa.SmallInteger(), server_default="5", nullable=False),
        sa.Column("penalties", sa.Text(), server_default="stopped", nullable=False),
        sa.Column("on_break", sa.Text(), server_default="since", nullable=False),
        sa.Column("covered_until", sa.Date(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=True),
        sa.Column("of_period", sa.Date(), nullable=True),
        sa.Column("before_kopecks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=True),
        sa.Column("paid_kopecks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("broken_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("cancel_asked_by", sa.Integer(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("cancelled_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('rise', 'debt')", name=op.f("ck_agreements_kind")),
        sa.CheckConstraint(
            "state IN ('asked', 'declined', 'active', 'kept', 'broken', 'cancelled')",
            name=op.f("ck_agreements_state"),
        ),
        sa.CheckConstraint("penalties IN ('stopped', 'counted')", name=op.f("ck_agreements_penalties")),
        sa.CheckConstraint("on_break IN ('since', 'whole')", name=op.f("ck_agreements_on_break")),
        sa.CheckConstraint("(kind = 'rise') = (service IS NOT NULL)", name=op.f("ck_agreements_rise")),
        sa.CheckConstraint(
            "cancelled_by IS NULL OR cancelled_by <> cancel_asked_by", name=op.f("ck_agreements_two_persons")
        ),
        sa.CheckConstraint("amount_kopecks > 0 AND months > 0", name=op.f("ck_agreements_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
        sa.UniqueConstraint("command_id", name=op.f("uq_agreements_command_id")),
    )
    op.create_index("ix_agreements_company_id", "agreements", ["company_id", "state"])
    op.create_index("ix_agreements_account_id", "agreements", ["account_id"])
    op.create_index(
        "uq_agreements_active_debt",
        "agreements",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("state = 'active' AND kind = 'debt'"),
    )
    op.create_index(
        "uq_agreements_active_rise",
        "agreements",
        ["account_id", "service", "of_period"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'active') AND kind = 'rise'"),
    )


def upgrade() -> None:
    _agreements()
    op.create_table(
        "agreement_parts",
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("interest_kopecks", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_agreement_parts_agreement_id_agreements")
        ),
        sa.PrimaryKeyConstraint("agreement_id", "ordinal", name=op.f("pk_agreement_parts")),
    )
    op.create_table(
        "penalty_pauses",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("of_period", sa.Date(), nullable=False),
        sa.Column("payee_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["penalty_runs.id"], name=op.f("fk_penalty_pauses_run_id_penalty_runs")
        ),
        sa.PrimaryKeyConstraint(
            "run_id",
            "account_id",
            "of_period",
            "payee_id",
            "service",
            "first_day",
            name=op.f("pk_penalty_pauses"),
        ),
    )
    op.add_column(
        "penalty_parts", sa.Column("due_on", sa.Date(), server_default="2000-01-01", nullable=False)
    )
    op.drop_constraint(op.f("pk_penalty_parts"), "penalty_parts")
    op.create_primary_key(
        op.f("pk_penalty_parts"),
        "penalty_parts",
        ["run_id", "account_id", "of_period", "payee_id", "service", "day", "is_paid", "due_on"],
    )
