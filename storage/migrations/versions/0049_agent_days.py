"""Days of payment agents reconciled: registers laid against our payments, a row an operation."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "agent_days",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="uploaded", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("their_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("their_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("our_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("our_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("compared_at", STAMP, nullable=True),
        sa.CheckConstraint(
            "state IN ('uploaded', 'compared', 'refused', 'withdrawn')", name=op.f("ck_agent_days_state")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["organisations.id"], name=op.f("fk_agent_days_agent_id_organisations")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_agent_days_file_id_files")),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["register_profiles.id"], name=op.f("fk_agent_days_profile_id_register_profiles")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_days")),
    )
    op.create_index(
        "uq_agent_days_digest",
        "agent_days",
        ["agent_id", "digest"],
        unique=True,
        postgresql_where=sa.text("state IN ('uploaded', 'compared')"),
    )
    op.create_index("ix_agent_days_agent_day", "agent_days", ["agent_id", "first_day"])
    _rows()


def _rows() -> None:
    op.create_table(
        "agent_day_rows",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("day_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("their_account", sa.Text(), nullable=True),
        sa.Column("their_kopecks", sa.BigInteger(), nullable=True),
        sa.Column("their_day", sa.Date(), nullable=True),
        sa.Column("payer", sa.Text(), server_default="", nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("our_account", sa.Text(), nullable=True),
        sa.Column("our_kopecks", sa.BigInteger(), nullable=True),
        sa.Column("our_day", sa.Date(), nullable=True),
        sa.Column("deed", sa.Text(), nullable=True),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", STAMP, nullable=True),
        sa.CheckConstraint(
            "verdict IN ('same', 'theirs', 'ours', 'differs', 'repeat', 'bad')",
            name=op.f("ck_agent_day_rows_verdict"),
        ),
        sa.CheckConstraint(
            "state IN ('same', 'open', 'proposed', 'posting', 'asked', 'cancelling', 'done')",
            name=op.f("ck_agent_day_rows_state"),
        ),
        sa.CheckConstraint("deed IN ('post', 'ask', 'keep', 'later')", name=op.f("ck_agent_day_rows_deed")),
        sa.CheckConstraint(
            "deed <> 'post' OR decided_by IS NULL OR decided_by <> proposed_by",
            name=op.f("ck_agent_day_rows_two_persons"),
        ),
        sa.ForeignKeyConstraint(
            ["day_id"], ["agent_days.id"], name=op.f("fk_agent_day_rows_day_id_agent_days")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_day_rows")),
    )
    op.create_index("ix_agent_day_rows_day", "agent_day_rows", ["day_id"])
    op.create_index("ix_agent_day_rows_number", "agent_day_rows", ["agent_id", "number"])
    op.create_index(
        "ix_agent_day_rows_payment",
        "agent_day_rows",
        ["payment_id"],
        postgresql_where=sa.text("payment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_agent_day_rows_open",
        "agent_day_rows",
        ["agent_id"],
        postgresql_where=sa.text("state NOT IN ('same', 'done')"),
    )


def downgrade() -> None:
    op.drop_table("agent_day_rows")
    op.drop_table("agent_days")
