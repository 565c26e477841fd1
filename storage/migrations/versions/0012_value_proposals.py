"""Values entered by one person that wait for another."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "value_proposals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("zone_id", sa.SmallInteger(), nullable=True),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("component", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("family IN ('tariff', 'norm')", name=op.f("ck_value_proposals_family")),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'declined')", name=op.f("ck_value_proposals_state")
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR decided_by <> proposed_by", name=op.f("ck_value_proposals_two_persons")
        ),
        sa.CheckConstraint("value >= 0", name=op.f("ck_value_proposals_value")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_value_proposals_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_proposals")),
    )
    op.create_index(
        "ix_value_proposals_waiting",
        "value_proposals",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
