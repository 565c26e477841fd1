"""Lines are looked up by account: a narrow index instead of one over the whole key."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # The name was cut by PostgreSQL to its limit of 63 characters.
    name = op.get_bind().scalar(
        sa.text("SELECT conname FROM pg_constraint WHERE conrelid = 'lines'::regclass AND contype = 'u'")
    )
    op.drop_constraint(name, "lines", type_="unique")
    op.create_index("ix_lines_account_id", "lines", ["account_id"])
