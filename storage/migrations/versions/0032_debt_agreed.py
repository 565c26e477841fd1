"""Debtors with an agreement that is kept are known beside their sums."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("debtors", sa.Column("is_agreed", sa.Boolean(), server_default="false", nullable=False))
