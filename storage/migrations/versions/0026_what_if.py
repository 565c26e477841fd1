"""«Что если»: questions, their sums by cut, extremes; marks of changed facts for blocks kept warm."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "what_ifs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("value_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("total_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("warm_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_house_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'counting', 'done', 'failed', 'stopped')", name=op.f("ck_what_ifs_state")
        ),
        sa.CheckConstraint(
            "family IN ('tariff', 'norm', 'coefficient', 'method')", name=op.f("ck_what_ifs_family")
        ),
        sa.CheckConstraint('"after" >= 0', name=op.f("ck_what_ifs_after")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisations.id"], name=op.f("fk_what_ifs_company_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_what_ifs")),
        sa.UniqueConstraint("command_id", name=op.f("uq_what_ifs_command_id")),
    )
    _results()


def _results() -> None:
    op.create_table(
        "what_if_sums",
        sa.Column("what_if_id", sa.Integer(), nullable=False),
        sa.Column("cut", sa.Text(), nullable=False),
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("accounts_count", sa.Integer(), nullable=False),
        sa.Column("more_count", sa.Integer(), nullable=False),
        sa.Column("less_count", sa.Integer(), nullable=False),
        sa.Column("before_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("after_kopecks", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "cut IN ('all', 'service', 'supplier', 'house', 'company', 'size', 'benefit', 'step', 'parked')",
            name=op.f("ck_what_if_sums_cut"),
        ),
        sa.ForeignKeyConstraint(
            ["what_if_id"],
            ["what_ifs.id"],
            name=op.f("fk_what_if_sums_what_if_id_what_ifs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("what_if_id", "cut", "key", name=op.f("pk_what_if_sums")),
    )
    op.create_table(
        "what_if_extremes",
        sa.Column("what_if_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("before_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("after_kopecks", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["what_if_id"],
            ["what_ifs.id"],
            name=op.f("fk_what_if_extremes_what_if_id_what_ifs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("what_if_id", "account_id", name=op.f("pk_what_if_extremes")),
    )
    op.create_table(
        "fact_changes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("house_ids", sa.ARRAY(sa.Integer()), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_changes")),
    )
    op.create_index("ix_fact_changes_transaction_id", "fact_changes", ["transaction_id"], unique=False)
