"""Acts about unauthorised use (Rules 354, cl. 62)."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "unauthorised_uses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("way", sa.SmallInteger(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("capacity_micro", sa.BigInteger(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("way BETWEEN 1 AND 3", name=op.f("ck_unauthorised_uses_way")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_unauthorised_uses_days")),
        sa.CheckConstraint("(way = 2) = (capacity_micro > 0)", name=op.f("ck_unauthorised_uses_capacity")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_unauthorised_uses_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_unauthorised_uses_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unauthorised_uses")),
    )
    op.create_index("ix_unauthorised_uses_house_id", "unauthorised_uses", ["house_id"])
    op.create_index("ix_unauthorised_uses_account_id", "unauthorised_uses", ["account_id"])
