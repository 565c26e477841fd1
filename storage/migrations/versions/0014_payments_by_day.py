"""An agent looks at its payments of a day: an index by agent and day."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index("ix_payments_agent_day", "payments", ["agent_id", "paid_on"])
