"""Cards and СБП: gates of banks and fiscal services, orders, notices, refunds, checks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"


def _card_gates() -> None:
    op.create_table(
        "card_gates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("profile", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("place", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(kind = 'bank') = (agent_id IS NOT NULL)", name=op.f("ck_card_gates_agent")),
        sa.CheckConstraint("kind IN ('bank', 'fiscal')", name=op.f("ck_card_gates_kind")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["organisations.id"], name=op.f("fk_card_gates_agent_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_gates")),
    )
    op.create_index("uq_card_gates_code", "card_gates", ["code"], unique=True)


def _card_orders() -> None:
    op.create_table(
        "card_orders",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("idem", sa.Text(), nullable=False),
        sa.Column("gate_id", sa.Integer(), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("paid_kopecks", sa.BigInteger(), nullable=True),
        sa.Column("fee_kopecks", sa.BigInteger(), nullable=True),
        sa.Column("refunded_kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("contact", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("bank_id", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), server_default="", nullable=False),
        sa.Column("return_url", sa.Text(), server_default="", nullable=False),
        sa.Column("card", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("method IN ('', 'card', 'sbp')", name=op.f("ck_card_orders_method")),
        sa.CheckConstraint(
            "state IN ('offered', 'created', 'open', 'paid', 'refused', 'expired', 'mismatch', 'part_refunded', 'refunded')",
            name=op.f("ck_card_orders_state"),
        ),
        sa.CheckConstraint("amount_kopecks > 0", name=op.f("ck_card_orders_amount")),
        sa.ForeignKeyConstraint(
            ["gate_id"], ["card_gates.id"], name=op.f("fk_card_orders_gate_id_card_gates")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_orders")),
    )
    op.create_index("ix_card_orders_account_id", "card_orders", ["account_id"], unique=False)
    op.create_index("ix_card_orders_bank_id", "card_orders", ["gate_id", "bank_id"], unique=False)
    op.create_index(
        "ix_card_orders_due",
        "card_orders",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("uq_card_orders_idem", "card_orders", ["idem"], unique=True)
    op.create_index("uq_card_orders_number", "card_orders", ["number"], unique=True)


def _card_parts() -> None:
    op.create_table(
        "card_parts",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("payee_id", sa.Integer(), nullable=True),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("is_off", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint("amount_kopecks > 0", name=op.f("ck_card_parts_amount")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["card_orders.id"], name=op.f("fk_card_parts_order_id_card_orders")
        ),
        sa.PrimaryKeyConstraint("order_id", "ordinal", name=op.f("pk_card_parts")),
    )


def _card_notices() -> None:
    op.create_table(
        "card_notices",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), server_default="new", nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("verdict IN ('new', 'good', 'forged')", name=op.f("ck_card_notices_verdict")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["card_orders.id"], name=op.f("fk_card_notices_order_id_card_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_notices")),
    )
    op.create_index(
        "ix_card_notices_new",
        "card_notices",
        ["id"],
        unique=False,
        postgresql_where=sa.text("verdict = 'new'"),
    )
    op.create_index("uq_card_notices_digest", "card_notices", ["order_id", "digest"], unique=True)


def _card_refunds() -> None:
    op.create_table(
        "card_refunds",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("ordinals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("before_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_sent", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "decided_by IS NULL OR state = 'declined' OR decided_by <> proposed_by",
            name=op.f("ck_card_refunds_two"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'declined', 'done', 'failed')",
            name=op.f("ck_card_refunds_state"),
        ),
        sa.CheckConstraint("amount_kopecks > 0", name=op.f("ck_card_refunds_amount")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["card_orders.id"], name=op.f("fk_card_refunds_order_id_card_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_refunds")),
    )
    op.create_index(
        "ix_card_refunds_due",
        "card_refunds",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_card_refunds_order_id", "card_refunds", ["order_id"], unique=False)
    op.create_index(
        "uq_card_refunds_live",
        "card_refunds",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'approved')"),
    )


def _card_checks() -> None:
    op.create_table(
        "card_checks",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("ground", sa.Text(), server_default="", nullable=False),
        sa.Column("ground_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("uuid", sa.Text(), nullable=True),
        sa.Column("fiscal", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('sell', 'sell_refund', 'sell_correction')", name=op.f("ck_card_checks_kind")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'done', 'failed', 'replaced')", name=op.f("ck_card_checks_state")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["card_orders.id"], name=op.f("fk_card_checks_order_id_card_orders")
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["card_refunds.id"], name=op.f("fk_card_checks_refund_id_card_refunds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_checks")),
    )
    op.create_index(
        "ix_card_checks_due",
        "card_checks",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_card_checks_order_id", "card_checks", ["order_id"], unique=False)
    op.create_index("uq_card_checks_external_id", "card_checks", ["external_id"], unique=True)


def upgrade() -> None:
    _card_gates()
    _card_orders()
    _card_parts()
    _card_notices()
    _card_refunds()
    _card_checks()
