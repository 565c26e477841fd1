"""Debtors as last counted, how much is collected, and the overdue process: cases, steps, batches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"


def _sums() -> None:
    op.create_table(
        "collections",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("charged_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("paid_kopecks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", "house_id", "company_id", "service", name=op.f("pk_collections")),
    )
    op.create_index("ix_collections_company_id", "collections", ["company_id", "period"], unique=False)
    op.create_table(
        "debt_counts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("entries_until", sa.BigInteger(), nullable=False),
        sa.Column("accounts_count", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debt_counts")),
    )


def _debtors() -> None:
    op.create_table(
        "debtors",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("overdue_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("coming_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("penalty_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=False),
        sa.Column("oldest", sa.Date(), nullable=True),
        sa.Column("age0_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("age1_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("age2_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("age3_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("age4_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("age5_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("age6_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("housing_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("utility_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("common_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("capital_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("other_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("hot_water_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("sewerage_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("electricity_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("gas_kopecks", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "overdue_kopecks = age0_kopecks + age1_kopecks + age2_kopecks + age3_kopecks + age4_kopecks + age5_kopecks + age6_kopecks",
            name=op.f("ck_debtors_ages"),
        ),
        sa.CheckConstraint(
            "overdue_kopecks = housing_kopecks + utility_kopecks + common_kopecks + capital_kopecks + other_kopecks",
            name=op.f("ck_debtors_groups"),
        ),
        sa.CheckConstraint("overdue_kopecks >= 0 AND coming_kopecks >= 0", name=op.f("ck_debtors_amounts")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_debtors")),
    )
    op.create_index("ix_debtors_company_id", "debtors", ["company_id", "overdue_kopecks"], unique=False)
    op.create_index("ix_debtors_house_id", "debtors", ["house_id"], unique=False)
    op.create_index("ix_debtors_overdue_kopecks", "debtors", ["overdue_kopecks"], unique=False)


def _batches() -> None:
    op.create_table(
        "debt_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), server_default="preview", nullable=False),
        sa.Column("step_ids", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("steps_count", sa.Integer(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undo_reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "stage IN ('reminder', 'notice', 'restriction', 'stop', 'court')",
            name=op.f("ck_debt_batches_stage"),
        ),
        sa.CheckConstraint("state IN ('preview', 'approved', 'undone')", name=op.f("ck_debt_batches_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debt_batches")),
    )
    op.create_table(
        "debt_cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("next_stage", sa.Text(), nullable=True),
        sa.Column("ready_on", sa.Date(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("held_until", sa.Date(), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "next_stage IS NULL OR next_stage IN ('reminder', 'notice', 'restriction', 'stop', 'court')",
            name=op.f("ck_debt_cases_next_stage"),
        ),
        sa.CheckConstraint("(closed_on IS NULL) = (close_reason IS NULL)", name=op.f("ck_debt_cases_closed")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_debt_cases_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debt_cases")),
    )
    op.create_index(
        "ix_debt_cases_ready_on",
        "debt_cases",
        ["ready_on"],
        unique=False,
        postgresql_where=sa.text("closed_on IS NULL"),
    )
    op.create_index(
        "uq_debt_cases_open",
        "debt_cases",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("closed_on IS NULL"),
    )


def _steps() -> None:
    op.create_table(
        "debt_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("drafted_on", sa.Date(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("services", postgresql.ARRAY(sa.SmallInteger()), server_default="{}", nullable=False),
        sa.Column("norms", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("paper_id", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("delivery", sa.Text(), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("delivery_note", sa.Text(), nullable=True),
        sa.Column("delivered_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "delivered_on IS NULL OR state = 'approved'", name=op.f("ck_debt_steps_delivered_when_approved")
        ),
        sa.CheckConstraint(
            "delivery IS NULL OR delivery IN ('receipt', 'letter', 'cabinet', 'phone')",
            name=op.f("ck_debt_steps_delivery"),
        ),
        sa.CheckConstraint(
            "stage IN ('reminder', 'notice', 'restriction', 'stop', 'court')",
            name=op.f("ck_debt_steps_stage"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'undone', 'dropped')", name=op.f("ck_debt_steps_state")
        ),
        sa.CheckConstraint(
            "(delivered_on IS NULL) = (delivery IS NULL)", name=op.f("ck_debt_steps_delivered")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["debt_batches.id"], name=op.f("fk_debt_steps_batch_id_debt_batches")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["debt_cases.id"], name=op.f("fk_debt_steps_case_id_debt_cases")
        ),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_debt_steps_paper_id_papers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debt_steps")),
    )
    op.create_index("ix_debt_steps_batch_id", "debt_steps", ["batch_id"], unique=False)
    op.create_index("ix_debt_steps_case_id", "debt_steps", ["case_id"], unique=False)
    op.create_index(
        "ix_debt_steps_draft",
        "debt_steps",
        ["company_id", "stage"],
        unique=False,
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.create_index(
        "ix_debt_steps_undrawn",
        "debt_steps",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'approved' AND paper_id IS NULL AND problem IS NULL"),
    )
    op.create_index(
        "uq_debt_steps_draft",
        "debt_steps",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("state = 'draft'"),
    )


def upgrade() -> None:
    _sums()
    _debtors()
    _batches()
    _steps()
