"""The raising coefficient can be tried: a family of questions «что если»."""

from alembic import op

revision = "0030"
down_revision = "0029"

FAMILIES = "family IN ('tariff', 'norm', 'coefficient', 'method', 'raising')"
BEFORE = "family IN ('tariff', 'norm', 'coefficient', 'method')"
NAME = op.f("ck_what_ifs_family")


def upgrade() -> None:
    op.drop_constraint(NAME, "what_ifs", type_="check")
    op.create_check_constraint(NAME, "what_ifs", FAMILIES)


def downgrade() -> None:
    op.execute("DELETE FROM what_ifs WHERE family = 'raising'")
    op.drop_constraint(NAME, "what_ifs", type_="check")
    op.create_check_constraint(NAME, "what_ifs", BEFORE)
