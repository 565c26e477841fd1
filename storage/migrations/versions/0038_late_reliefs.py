"""Льготы and services of an account may be late facts."""

from alembic import op

revision = "0038"
down_revision = "0037"

BEFORE = ("people", "area", "owner", "absence", "reading", "meter", "quality", "tariff", "norm")
KINDS = (*BEFORE, "benefit", "service")
NAME = op.f("ck_late_facts_kind")


def upgrade() -> None:
    op.drop_constraint(NAME, "late_facts", type_="check")
    op.create_check_constraint(NAME, "late_facts", f"kind IN {KINDS}")


def downgrade() -> None:
    op.execute("DELETE FROM late_facts WHERE kind IN ('benefit', 'service')")
    op.drop_constraint(NAME, "late_facts", type_="check")
    op.create_check_constraint(NAME, "late_facts", f"kind IN {BEFORE}")
