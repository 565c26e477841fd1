"""Trials of an order of payments: sums by payee, service and month, accounts whose payments would go elsewhere."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0054"
down_revision = "0053"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    counts = (
        "last_account_id",
        "done_count",
        "total_count",
        "payments_count",
        "changed_count",
        "proved_count",
    )
    op.create_table(
        "policy_trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("said", JSONB, nullable=False),
        sa.Column("said_before", JSONB, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("last_month", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("counted_at", STAMP, nullable=True),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", STAMP, nullable=True),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in counts),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'counting', 'counted', 'waiting', 'approved', 'declined', 'failed')",
            name=op.f("ck_policy_trials_state"),
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR decided_by <> proposed_by", name=op.f("ck_policy_trials_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_policy_trials_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_trials")),
        sa.UniqueConstraint("command_id", name=op.f("uq_policy_trials_command_id")),
    )
    op.create_table(
        "policy_trial_accounts",
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("payments_count", sa.Integer(), nullable=False),
        sa.Column("changed_count", sa.Integer(), nullable=False),
        sa.Column("moved_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("penalty_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("parts", JSONB, nullable=True),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["policy_trials.id"], name=op.f("fk_policy_trial_accounts_trial_id_policy_trials")
        ),
        sa.PrimaryKeyConstraint("trial_id", "account_id", name=op.f("pk_policy_trial_accounts")),
    )
    op.create_index("ix_policy_trial_accounts_account_id", "policy_trial_accounts", ["account_id"])
    op.create_table(
        "policy_trial_sums",
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("payee_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("of_month", sa.Integer(), nullable=False),
        sa.Column("is_penalty", sa.Boolean(), nullable=False),
        sa.Column("now_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("then_kopecks", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["policy_trials.id"], name=op.f("fk_policy_trial_sums_trial_id_policy_trials")
        ),
        sa.PrimaryKeyConstraint(
            "trial_id", "payee_id", "service", "of_month", "is_penalty", name=op.f("pk_policy_trial_sums")
        ),
    )


def downgrade() -> None:
    op.drop_table("policy_trial_sums")
    op.drop_table("policy_trial_accounts")
    op.drop_table("policy_trials")
