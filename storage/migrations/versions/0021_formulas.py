"""Formulas of services with what lines were computed from, choices waiting for a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

NOW = sa.text("now()")


def upgrade() -> None:
    _formulas()
    _inputs()
    _choices()


def _decided() -> list[sa.Column[object]]:
    return [
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
    ]


def _checks(table: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint("state IN ('waiting', 'approved', 'declined')", name=op.f(f"ck_{table}_state")),
        sa.CheckConstraint(
            "state <> 'approved' OR decided_by <> proposed_by", name=op.f(f"ck_{table}_two_persons")
        ),
    ]


def _formulas() -> None:
    op.create_table(
        "formulas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("house_ids", sa.ARRAY(sa.Integer()), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("ceiling_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        *_decided(),
        *_checks("formulas"),
        sa.CheckConstraint("extract(day FROM valid_from) = 1", name=op.f("ck_formulas_month")),
        sa.CheckConstraint("service >= 100", name=op.f("ck_formulas_service")),
        sa.CheckConstraint("ceiling_kopecks > 0", name=op.f("ck_formulas_ceiling")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_formulas_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisations.id"], name=op.f("fk_formulas_supplier_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_formulas")),
    )
    op.create_index("ix_formulas_service", "formulas", ["service", "valid_from"], unique=False)
    op.create_index(
        "ix_formulas_waiting",
        "formulas",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _inputs() -> None:
    op.create_table(
        "formula_inputs",
        sa.Column("formula_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("numbers", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.ForeignKeyConstraint(
            ["formula_id"], ["formulas.id"], name=op.f("fk_formula_inputs_formula_id_formulas")
        ),
        sa.PrimaryKeyConstraint("formula_id", "id", name=op.f("pk_formula_inputs")),
    )


def _choices() -> None:
    op.create_table(
        "choice_proposals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        *_decided(),
        *_checks("choice_proposals"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choice_proposals")),
    )
    op.create_index("ix_choice_proposals_key", "choice_proposals", ["key", "id"], unique=False)
