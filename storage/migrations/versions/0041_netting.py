"""Rules of surpluses before penalties: trials by account, the rule of a line, what of a part was netted."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("penalty_lines", sa.Column("reach", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column(
        "penalty_parts", sa.Column("netted_kopecks", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_table(
        "netting_trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("counted_at", STAMP, nullable=True),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", STAMP, nullable=True),
        sa.Column("last_account_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'counting', 'counted', 'waiting', 'approved', 'declined', 'failed')",
            name=op.f("ck_netting_trials_state"),
        ),
        sa.CheckConstraint("reach IN ('account', 'payee', 'service')", name=op.f("ck_netting_trials_reach")),
        sa.CheckConstraint(
            "state <> 'approved' OR decided_by <> proposed_by", name=op.f("ck_netting_trials_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisations.id"], name=op.f("fk_netting_trials_company_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_netting_trials")),
        sa.UniqueConstraint("command_id", name=op.f("uq_netting_trials_command_id")),
    )
    op.create_table(
        "netting_trial_accounts",
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("now_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("then_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("always_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("debts_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["netting_trials.id"],
            name=op.f("fk_netting_trial_accounts_trial_id_netting_trials"),
        ),
        sa.PrimaryKeyConstraint("trial_id", "account_id", name=op.f("pk_netting_trial_accounts")),
    )
    op.create_index("ix_netting_trial_accounts_account_id", "netting_trial_accounts", ["account_id"])


def downgrade() -> None:
    op.drop_table("netting_trial_accounts")
    op.drop_table("netting_trials")
    op.drop_column("penalty_parts", "netted_kopecks")
    op.drop_column("penalty_lines", "reach")
