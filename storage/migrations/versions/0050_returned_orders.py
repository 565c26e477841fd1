"""Payment orders the bank gave back: when, why, by which row of a statement."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"

STATES = ("draft", "held", "ordered", "exported", "executed", "undone")
VERDICTS = ("transfer", "arrival", "waiting", "repeat", "aside")
STATE, VERDICT = op.f("ck_transfers_state"), op.f("ck_statement_rows_verdict")


def upgrade() -> None:
    op.add_column("transfers", sa.Column("returned_row_id", sa.BigInteger(), nullable=True))
    op.add_column("transfers", sa.Column("returned_on", sa.Date(), nullable=True))
    op.add_column("transfers", sa.Column("return_reason", sa.Text(), server_default="", nullable=False))
    op.add_column("transfers", sa.Column("return_entry_id", sa.BigInteger(), nullable=True))
    op.drop_constraint(STATE, "transfers", type_="check")
    op.create_check_constraint(STATE, "transfers", f"state IN {(*STATES, 'returned')}")
    op.create_check_constraint(
        op.f("ck_transfers_returned"), "transfers", "(state = 'returned') = (returned_on IS NOT NULL)"
    )
    op.drop_constraint(VERDICT, "statement_rows", type_="check")
    op.create_check_constraint(VERDICT, "statement_rows", f"verdict IN {(*VERDICTS, 'returned')}")


def downgrade() -> None:
    op.drop_constraint(VERDICT, "statement_rows", type_="check")
    op.create_check_constraint(VERDICT, "statement_rows", f"verdict IN {VERDICTS}")
    op.drop_constraint(op.f("ck_transfers_returned"), "transfers", type_="check")
    op.drop_constraint(STATE, "transfers", type_="check")
    op.create_check_constraint(STATE, "transfers", f"state IN {STATES}")
    for name in ("return_entry_id", "return_reason", "returned_on", "returned_row_id"):
        op.drop_column("transfers", name)
