"""A paper finds its step: residents see what was handed over in the cabinet."""

from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_index("ix_debt_steps_paper_id", "debt_steps", ["paper_id"])
