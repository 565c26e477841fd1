"""Corrections of past months, absences, troubles of services."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

LINES = """
CREATE TABLE lines (
  run_id integer NOT NULL, account_id integer NOT NULL, company_id integer NOT NULL, supplier_id integer NOT NULL,
  service smallint NOT NULL, component smallint NOT NULL, basis smallint NOT NULL, kind smallint NOT NULL,
  first_day smallint NOT NULL, days smallint NOT NULL, months_back smallint DEFAULT 0 NOT NULL,
  volume_num bigint NOT NULL, volume_den bigint NOT NULL, rate bigint NOT NULL, amount_kopecks bigint NOT NULL,
  surcharge_kopecks bigint NOT NULL, raised_num bigint NOT NULL, a bigint NOT NULL, b bigint NOT NULL,
  CONSTRAINT ck_lines_trace CHECK (volume_den > 0 AND rate >= 0)) PARTITION BY LIST (run_id)"""

PARTITIONS = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) AS bound
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'lines_before'::regclass"""


def upgrade() -> None:
    _lines_with_months()
    op.add_column(
        "run_totals", sa.Column("months_back", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.drop_constraint(op.f("pk_run_totals"), "run_totals", type_="primary")
    op.create_primary_key(
        op.f("pk_run_totals"),
        "run_totals",
        ["run_id", "block_no", "company_id", "supplier_id", "service", "component", "months_back"],
    )
    op.add_column("runs", sa.Column("one_person", sa.Boolean(), server_default="false", nullable=False))
    op.execute("CREATE SEQUENCE correction_run_ids AS integer MINVALUE 1000000000 START 1000000000")
    _corrections()
    _absences()
    _troubles()


def _lines_with_months() -> None:
    """The new column stands among the narrow ones, in what was padding: a line takes no byte more.

    Partitions already written keep their own order of columns.
    """
    op.execute("ALTER TABLE lines RENAME TO lines_before")
    op.execute("ALTER INDEX ix_lines_account_id RENAME TO ix_lines_account_id_before")
    op.execute(LINES)
    for name, bound in op.get_bind().execute(sa.text(PARTITIONS)).all():
        op.execute(f"ALTER TABLE lines_before DETACH PARTITION {name}")
        op.execute(f"ALTER TABLE {name} ADD COLUMN months_back smallint DEFAULT 0 NOT NULL")
        op.execute(f"ALTER TABLE lines ATTACH PARTITION {name} {bound}")
    op.execute("DROP TABLE lines_before")
    op.create_index("ix_lines_account_id", "lines", ["account_id"])


def _corrections() -> None:
    op.create_table(
        "corrections",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("ground_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("first_period", sa.Date(), nullable=False),
        sa.Column("last_period", sa.Date(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('recalculated', 'manual')", name=op.f("ck_corrections_kind")),
        sa.CheckConstraint("first_period <= last_period", name=op.f("ck_corrections_months")),
        sa.CheckConstraint("ground <> ''", name=op.f("ck_corrections_ground")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_corrections_run_id_runs")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_corrections")),
    )
    op.create_table(
        "correction_sums",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_kopecks <> 0", name=op.f("ck_correction_sums_amount")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_correction_sums_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["corrections.run_id"], name=op.f("fk_correction_sums_run_id_corrections")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_sums")),
        sa.UniqueConstraint(
            "run_id",
            "account_id",
            "period",
            "service",
            name=op.f("uq_correction_sums_run_id_account_id_period_service"),
        ),
    )


def _absences() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("people", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("is_forced", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("people BETWEEN 1 AND 50", name=op.f("ck_absences_people")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_absences_days")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_absences_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_absences_house_id_houses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_house_id", "absences", ["house_id"])
    op.create_index("ix_absences_account_id", "absences", ["account_id"])


def _troubles() -> None:
    op.create_table(
        "troubles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("entrance", sa.SmallInteger(), nullable=True),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("trouble", sa.SmallInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Integer(), server_default="0", nullable=False),
        sa.Column("required", sa.Integer(), server_default="0", nullable=False),
        sa.Column("marks", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ended_at > started_at", name=op.f("ck_troubles_time")),
        sa.CheckConstraint("account_id IS NULL OR entrance IS NULL", name=op.f("ck_troubles_place")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_troubles_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_troubles_house_id_houses")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_troubles_incident_id_incidents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_troubles")),
    )
    op.create_index("ix_troubles_house_id", "troubles", ["house_id"])
