"""Routes of delivery by versions; print runs ordered by them, and who took the volumes of a route."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    _routes()
    _press()


def _routes() -> None:
    op.create_table(
        "delivery_routes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisations.id"], name=op.f("fk_delivery_routes_company_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_routes")),
    )
    op.create_index("ix_delivery_routes_company_id", "delivery_routes", ["company_id"])
    op.create_table(
        "delivery_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["route_id"], ["delivery_routes.id"], name=op.f("fk_delivery_versions_route_id_delivery_routes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_versions")),
    )
    op.create_index("ix_delivery_versions_route_id", "delivery_versions", ["route_id", "starts_on", "id"])
    op.create_table(
        "delivery_stops",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("entrance", sa.SmallInteger(), nullable=True),
        sa.Column("is_down", sa.Boolean(), nullable=False),
        sa.CheckConstraint("position > 0", name=op.f("ck_delivery_stops_position")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["delivery_versions.id"],
            name=op.f("fk_delivery_stops_version_id_delivery_versions"),
        ),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_delivery_stops_house_id_houses")),
        sa.PrimaryKeyConstraint("version_id", "position", name=op.f("pk_delivery_stops")),
    )
    op.create_index("ix_delivery_stops_house_id", "delivery_stops", ["house_id"])


def _press() -> None:
    op.add_column("press_runs", sa.Column("routes_on", sa.Date(), nullable=True))
    op.add_column("press_runs", sa.Column("route_ids", sa.ARRAY(sa.Integer()), nullable=True))
    op.add_column("press_blocks", sa.Column("route_no", sa.SmallInteger(), nullable=True))
    op.create_table(
        "press_routes",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("route_no", sa.SmallInteger(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("houses_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["press_runs.id"], name=op.f("fk_press_routes_run_id_press_runs")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["delivery_versions.id"],
            name=op.f("fk_press_routes_version_id_delivery_versions"),
        ),
        sa.PrimaryKeyConstraint("run_id", "route_no", name=op.f("pk_press_routes")),
    )
    op.create_table(
        "press_handovers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("route_no", sa.SmallInteger(), nullable=False),
        sa.Column("whom", sa.Text(), nullable=False),
        sa.Column("volumes", sa.Text(), nullable=False),
        sa.Column("receipts_count", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["press_runs.id"], name=op.f("fk_press_handovers_run_id_press_runs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_press_handovers")),
    )
    op.create_index("ix_press_handovers_run_id", "press_handovers", ["run_id", "route_no", "id"])


def downgrade() -> None:
    op.drop_table("press_handovers")
    op.drop_table("press_routes")
    op.drop_column("press_blocks", "route_no")
    op.drop_column("press_runs", "route_ids")
    op.drop_column("press_runs", "routes_on")
    op.drop_table("delivery_stops")
    op.drop_table("delivery_versions")
    op.drop_table("delivery_routes")
