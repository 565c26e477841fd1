"""Answers to what the law leaves open may be an organisation's own."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("choice_proposals", sa.Column("organisation_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_choice_proposals_organisation_id_organisations"),
        "choice_proposals",
        "organisations",
        ["organisation_id"],
        ["id"],
    )


def downgrade() -> None:
    op.drop_column("choice_proposals", "organisation_id")
