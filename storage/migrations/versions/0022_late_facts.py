"""The queue of facts learnt after their month was closed; a correction over the houses of such facts."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

KINDS = ("people", "area", "owner", "absence", "reading", "meter", "quality", "tariff", "norm")
SCOPES = ("city", "organisation", "house", "account", "late")


def upgrade() -> None:
    op.add_column("penalty_values", sa.Column("due_before", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_penalty_values_due_before"), "penalty_values", "due_before IS NULL OR family = 'moratorium'"
    )
    op.create_index(
        "ix_runs_corrections",
        "runs",
        ["created_at", "id"],
        postgresql_where=sa.text("kind = 'correction'"),
    )
    op.create_index(
        "ix_runs_small", "runs", ["scope_kind", "scope_id"], postgresql_where=sa.text("id >= 1000000000")
    )
    op.create_index(
        "ix_run_totals_small",
        "run_totals",
        ["supplier_id", "run_id"],
        postgresql_where=sa.text("run_id >= 1000000000"),
    )
    op.add_column("value_proposals", sa.Column("valid_to", sa.Date(), nullable=True))
    op.add_column(
        "value_proposals", sa.Column("is_backward", sa.Boolean(), server_default="false", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_value_proposals_days"), "value_proposals", "valid_to IS NULL OR valid_to > valid_from"
    )
    op.drop_constraint(op.f("ck_runs_scope"), "runs", type_="check")
    op.create_check_constraint(op.f("ck_runs_scope"), "runs", f"scope_kind IN {SCOPES}")
    op.create_table(
        "late_facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("house_id", sa.Integer(), nullable=True),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("zone_id", sa.SmallInteger(), nullable=True),
        sa.Column("service", sa.SmallInteger(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("first_period", sa.Date(), nullable=False),
        sa.Column("last_period", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("dismissed_by", sa.Integer(), nullable=True),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissal", sa.Text(), nullable=True),
        sa.CheckConstraint(f"kind IN {KINDS}", name=op.f("ck_late_facts_kind")),
        sa.CheckConstraint("first_period <= last_period", name=op.f("ck_late_facts_months")),
        sa.CheckConstraint("house_id IS NOT NULL OR service IS NOT NULL", name=op.f("ck_late_facts_scope")),
        sa.CheckConstraint(
            "(dismissed_at IS NULL) = (dismissal IS NULL)", name=op.f("ck_late_facts_dismissal")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_late_facts_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_late_facts_house_id_houses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_facts")),
        sa.UniqueConstraint("key", name=op.f("uq_late_facts_key")),
    )
    op.create_index("ix_late_facts_run_id", "late_facts", ["run_id"])
    op.create_index("ix_late_facts_house_id", "late_facts", ["house_id"])
    op.create_index(
        "ix_late_facts_waiting",
        "late_facts",
        ["id"],
        postgresql_where=sa.text("dismissed_at IS NULL"),
    )
