"""Gates of agents: address, dialect, digest of the secret; registers of payments: profiles, files, rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "agent_gates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("profile", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["organisations.id"], name=op.f("fk_agent_gates_agent_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_gates")),
    )
    op.create_index("uq_agent_gates_code", "agent_gates", ["code"], unique=True)
    jsonb = postgresql.JSONB(astext_type=sa.Text())
    now = sa.text("now()")
    op.create_table(
        "register_profiles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("profile", jsonb, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["organisations.id"], name=op.f("fk_register_profiles_agent_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_profiles")),
    )
    op.create_index("uq_register_profiles_code", "register_profiles", ["code"], unique=True)
    op.create_table(
        "registers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="uploaded", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("encoding", sa.Text(), server_default="", nullable=False),
        sa.Column("is_totalled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("rows_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fee_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("accepted_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('uploaded', 'staged', 'refused', 'accepting', 'accepted', 'withdrawn')",
            name=op.f("ck_registers_state"),
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["register_profiles.id"], name=op.f("fk_registers_profile_id_register_profiles")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["organisations.id"], name=op.f("fk_registers_agent_id_organisations")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_registers_file_id_files")),
        sa.ForeignKeyConstraint(["ticket_id"], ["files.id"], name=op.f("fk_registers_ticket_id_files")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registers")),
    )
    op.create_index("ix_registers_agent_id", "registers", ["agent_id"])
    op.create_index(
        "uq_registers_digest",
        "registers",
        ["digest"],
        unique=True,
        postgresql_where=sa.text("state IN ('staged', 'accepting', 'accepted')"),
    )
    op.create_table(
        "register_rows",
        sa.Column("register_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("penalty_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("fee_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("of_period", sa.Date(), nullable=True),
        sa.Column("service", sa.SmallInteger(), nullable=True),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("readings", jsonb, nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('good', 'unknown', 'repeat', 'conflict', 'bad')",
            name=op.f("ck_register_rows_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["register_id"], ["registers.id"], name=op.f("fk_register_rows_register_id_registers")
        ),
        sa.PrimaryKeyConstraint("register_id", "position", name=op.f("pk_register_rows")),
    )
