"""Print runs: the choice, blocks, what became of each receipt, volumes by digest, notes of who took what."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

NOW = sa.text("now()")


def upgrade() -> None:
    _runs()
    _results()


def _runs() -> None:
    op.create_table(
        "press_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("house_ids", sa.ARRAY(sa.Integer()), nullable=True),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("is_duplex", sa.Boolean(), nullable=False),
        sa.Column("has_separators", sa.Boolean(), nullable=False),
        sa.Column("size_percent", sa.SmallInteger(), nullable=False),
        sa.Column("volume_sheets", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("houses_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("receipts_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("electronic_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("blocks_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("form_digest", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'printing', 'done', 'failed', 'stopped')", name=op.f("ck_press_runs_state")
        ),
        sa.CheckConstraint("layout IN ('a4', 'a5', 'a5x2')", name=op.f("ck_press_runs_layout")),
        sa.CheckConstraint("volume_sheets BETWEEN 20 AND 5000", name=op.f("ck_press_runs_volume_sheets")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisations.id"], name=op.f("fk_press_runs_company_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_press_runs")),
        sa.UniqueConstraint("command_id", name=op.f("uq_press_runs_command_id")),
    )
    op.create_index(
        "ix_press_runs_live",
        "press_runs",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('planned', 'printing')"),
    )
    op.create_table(
        "press_blocks",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("block_no", sa.Integer(), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=False),
        sa.Column("account_ids", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'done', 'failed')", name=op.f("ck_press_blocks_state")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["press_runs.id"], name=op.f("fk_press_blocks_run_id_press_runs")
        ),
        sa.PrimaryKeyConstraint("run_id", "block_no", name=op.f("pk_press_blocks")),
    )


def _results() -> None:
    op.create_table(
        "press_receipts",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("block_no", sa.Integer(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("first_leaf", sa.Integer(), nullable=False),
        sa.Column("leaves", sa.SmallInteger(), nullable=False),
        sa.Column("due_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["press_runs.id"], name=op.f("fk_press_receipts_run_id_press_runs")
        ),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_press_receipts")),
    )
    op.create_index("ix_press_receipts_account_id", "press_receipts", ["account_id"], unique=False)
    op.create_table(
        "press_volumes",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("block_no", sa.Integer(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("receipts_count", sa.Integer(), nullable=False),
        sa.Column("leaves", sa.Integer(), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("due_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("bytes_count", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["press_runs.id"], name=op.f("fk_press_volumes_run_id_press_runs")
        ),
        sa.PrimaryKeyConstraint("run_id", "block_no", "part", name=op.f("pk_press_volumes")),
    )
    op.execute("ALTER TABLE press_volumes ALTER COLUMN content SET STORAGE EXTERNAL")  # compressed already
    op.create_table(
        "press_notes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "kind IN ('downloaded', 'handed', 'reprinted', 'again')", name=op.f("ck_press_notes_kind")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["press_runs.id"], name=op.f("fk_press_notes_run_id_press_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_press_notes")),
    )
    op.create_index("ix_press_notes_run_id", "press_notes", ["run_id", "id"], unique=False)
