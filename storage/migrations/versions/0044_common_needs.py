"""Common needs of houses: months that are kept, ways of paying that wait for a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)
BEFORE = (
    "people",
    "area",
    "owner",
    "absence",
    "reading",
    "meter",
    "quality",
    "tariff",
    "norm",
    "benefit",
    "service",
)
KINDS = (*BEFORE, "method")
KIND = op.f("ck_late_facts_kind")


def upgrade() -> None:
    op.drop_constraint(KIND, "late_facts", type_="check")
    op.create_check_constraint(KIND, "late_facts", f"kind IN {KINDS}")
    op.create_table(
        "common_months",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.SmallInteger(), nullable=False),
        sa.Column("is_known", sa.Boolean(), nullable=False),
        sa.Column("flats_known", sa.Boolean(), nullable=False),
        sa.Column("house_micro", sa.BigInteger(), nullable=False),
        sa.Column("flats_micro", sa.BigInteger(), nullable=False),
        sa.Column("norm_micro", sa.BigInteger(), nullable=False),
        sa.Column("carried_micro", sa.BigInteger(), nullable=False),
        sa.Column("charged_micro", sa.BigInteger(), nullable=False),
        sa.Column("balance_micro", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "carried_micro <= 0 AND balance_micro <= 0 AND charged_micro >= 0",
            name=op.f("ck_common_months_signs"),
        ),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_common_months_house_id_houses")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_common_months_run_id_runs")),
        sa.PrimaryKeyConstraint("run_id", "house_id", "service", "period", name=op.f("pk_common_months")),
    )
    op.create_index("ix_common_months_house", "common_months", ["house_id", "period"])
    op.create_table(
        "common_mode_proposals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", STAMP, nullable=True),
        sa.CheckConstraint(
            "(house_id IS NULL) <> (organisation_id IS NULL)", name=op.f("ck_common_mode_proposals_owner")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'declined')", name=op.f("ck_common_mode_proposals_state")
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR decided_by <> proposed_by",
            name=op.f("ck_common_mode_proposals_two_persons"),
        ),
        sa.CheckConstraint("EXTRACT(day FROM valid_from) = 1", name=op.f("ck_common_mode_proposals_month")),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_common_mode_proposals_house_id_houses")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_common_mode_proposals_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_common_mode_proposals")),
    )
    op.create_index(
        "ix_common_mode_proposals_waiting",
        "common_mode_proposals",
        ["id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table("common_mode_proposals")
    op.drop_table("common_months")
    op.execute("DELETE FROM late_facts WHERE kind = 'method'")
    op.drop_constraint(KIND, "late_facts", type_="check")
    op.create_check_constraint(KIND, "late_facts", f"kind IN {BEFORE}")
