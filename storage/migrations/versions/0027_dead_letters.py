"""What was done with a dead letter and by whom; when each stream was born, to see that its store was lost."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("dead_letters", sa.Column("resolved_by", sa.Integer(), nullable=True))
    op.add_column("dead_letters", sa.Column("resolution", sa.Text(), nullable=True))
    op.add_column("dead_letters", sa.Column("reason", sa.Text(), nullable=True))
    op.execute("UPDATE dead_letters SET resolution = 'sent' WHERE resolved_at IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_dead_letters_resolution"),
        "dead_letters",
        "(resolved_at IS NULL) = (resolution IS NULL) AND resolution IN ('sent', 'aside')",
    )
    op.create_index(
        "ix_dead_letters_waiting", "dead_letters", ["id"], postgresql_where=sa.text("resolved_at IS NULL")
    )
    op.create_table(
        "stream_marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("born_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("restored_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_stream_marks")),
    )
