"""Sums of closed months by book and kind of entry, and those of the months closed before."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"

CLOSED = """
INSERT INTO book_sums (period, book, kind, of_kind, amount_kopecks)
SELECT p.period, p.book, e.kind, coalesce(o.kind, ''), sum(p.amount_kopecks)
  FROM postings p JOIN entries e ON e.id = p.entry_id LEFT JOIN entries o ON o.id = e.reverses_id
 WHERE p.period IN (SELECT m.period FROM months m WHERE m.state = 'closed')
 GROUP BY 1, 2, 3, 4"""


def upgrade() -> None:
    op.create_table(
        "book_sums",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("book", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("of_kind", sa.Text(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", "book", "kind", "of_kind", name=op.f("pk_book_sums")),
    )
    op.execute(CLOSED)


def downgrade() -> None:
    op.drop_table("book_sums")
