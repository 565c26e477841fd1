"""E-mail: addresses of accounts, mailings, letters, what came back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0047"
down_revision = "0046"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)
STATES = ("waiting", "sending", "sent", "delivered", "unclear", "refused", "bounced", "cancelled")


def _recorded(name: str = "recorded_at") -> sa.Column[object]:
    return sa.Column(name, STAMP, server_default=NOW, nullable=False)


def _words(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def upgrade() -> None:
    _boxes()
    _runs()
    _letters()
    op.create_table(
        "mail_returns",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=True),
        *(_words(name) for name in ("kind", "status", "words")),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        _words("digest"),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        _recorded(),
        sa.CheckConstraint(
            "kind IN ('delivered', 'delayed', 'dead', 'failed', 'other')", name=op.f("ck_mail_returns_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_returns")),
    )
    op.create_index("uq_mail_returns_digest", "mail_returns", ["digest"], unique=True)
    op.create_index("ix_mail_returns_letter_id", "mail_returns", ["letter_id"])
    op.create_table(
        "mail_state",
        sa.Column("id", sa.Integer(), nullable=False),
        _words("sender"),
        _words("server"),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("is_signed", sa.Boolean(), nullable=False),
        _words("trouble"),
        _recorded("seen_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_state")),
    )


def _boxes() -> None:
    op.create_table(
        "mail_boxes",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        _words("address"),
        _words("state"),
        sa.Column("has_receipts", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("is_paperless", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("password_sealed", sa.LargeBinary(), nullable=True),
        _words("token"),
        _words("code_hash", ""),
        sa.Column("code_until", STAMP, nullable=True),
        sa.Column("code_tries", sa.SmallInteger(), server_default="0", nullable=False),
        _words("trouble", ""),
        sa.Column("confirmed_at", STAMP, nullable=True),
        _recorded(),
        _recorded("changed_at"),
        sa.CheckConstraint(
            "state IN ('asked', 'confirmed', 'broken', 'off')", name=op.f("ck_mail_boxes_state")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_mail_boxes_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_mail_boxes")),
        sa.UniqueConstraint("token", name=op.f("uq_mail_boxes_token")),
    )
    op.create_index("ix_mail_boxes_address", "mail_boxes", ["address"])


def _runs() -> None:
    op.create_table(
        "mail_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        _words("command_id"),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("house_ids", sa.ARRAY(sa.Integer()), nullable=True),
        _words("state", "planned"),
        sa.Column("letters_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        _recorded("created_at"),
        sa.Column("started_at", STAMP, nullable=True),
        sa.Column("finished_at", STAMP, nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'sending', 'stopped', 'done', 'undone')", name=op.f("ck_mail_runs_state")
        ),
        sa.CheckConstraint("EXTRACT(day FROM period) = 1", name=op.f("ck_mail_runs_month")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisations.id"], name=op.f("fk_mail_runs_company_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_runs")),
        sa.UniqueConstraint("command_id", name=op.f("uq_mail_runs_command_id")),
    )


def _letters() -> None:
    op.create_table(
        "mail_letters",
        sa.Column("id", sa.BigInteger(), nullable=False),
        _words("key"),
        sa.Column("run_id", sa.Integer(), nullable=True),
        _words("kind"),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.Date(), nullable=True),
        _words("address"),
        _words("token"),
        _words("state", "waiting"),
        _words("words", ""),
        sa.Column("details", JSONB(), server_default="{}", nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        *(sa.Column(name, STAMP, nullable=True) for name in ("next_at", "tried_at", "sent_at")),
        _recorded(),
        _recorded("changed_at"),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_mail_letters_state")),
        sa.CheckConstraint("kind IN ('receipt', 'code', 'link')", name=op.f("ck_mail_letters_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_mail_letters_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["mail_runs.id"], name=op.f("fk_mail_letters_run_id_mail_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_letters")),
    )
    op.create_index("uq_mail_letters_key", "mail_letters", ["key"], unique=True)
    op.create_index("uq_mail_letters_token", "mail_letters", ["token"], unique=True)
    op.create_index("ix_mail_letters_account_id", "mail_letters", ["account_id"])
    op.create_index("ix_mail_letters_run", "mail_letters", ["run_id", "state"])
    op.create_index(
        "ix_mail_letters_due",
        "mail_letters",
        ["run_id", "next_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_mail_letters_tried",
        "mail_letters",
        ["tried_at"],
        postgresql_where=sa.text("tried_at IS NOT NULL"),
    )


def downgrade() -> None:
    for table in ("mail_state", "mail_returns", "mail_letters", "mail_runs", "mail_boxes"):
        op.drop_table(table)
