"""The address base."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "regions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fias_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regions")),
    )
    op.create_table(
        "cities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fias_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("timezone", sa.Text(), server_default="Europe/Moscow", nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"], name=op.f("fk_cities_region_id_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cities")),
    )
    op.create_table(
        "streets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("city_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="ул.", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search_name", sa.Text(), nullable=False),
        sa.Column("fias_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.ForeignKeyConstraint(["city_id"], ["cities.id"], name=op.f("fk_streets_city_id_cities")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streets")),
        sa.UniqueConstraint("city_id", "kind", "name", name=op.f("uq_streets_city_id_kind_name")),
    )
    op.create_index(
        "ix_streets_search_name",
        "streets",
        ["search_name"],
        unique=False,
        postgresql_ops={"search_name": "text_pattern_ops"},
    )
    op.create_table(
        "houses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("street_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("fias_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("cadastral_number", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="block", nullable=False),
        sa.Column("year_built", sa.SmallInteger(), nullable=True),
        sa.Column("floors", sa.SmallInteger(), nullable=False),
        sa.Column("entrances_count", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("zone_id", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("management", sa.Text(), server_default="company", nullable=False),
        sa.Column("area_total_dm2", sa.BigInteger(), nullable=False),
        sa.Column("area_common_dm2", sa.BigInteger(), nullable=False),
        sa.Column("heating_mode", sa.Text(), server_default="season", nullable=False),
        sa.Column("capital_repair", sa.Text(), server_default="regional", nullable=False),
        sa.CheckConstraint("area_total_dm2 >= 0 AND area_common_dm2 >= 0", name=op.f("ck_houses_areas")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisations.id"], name=op.f("fk_houses_company_id_organisations")
        ),
        sa.ForeignKeyConstraint(["street_id"], ["streets.id"], name=op.f("fk_houses_street_id_streets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_houses")),
        sa.UniqueConstraint("street_id", "number", name=op.f("uq_houses_street_id_number")),
    )
    op.create_index("ix_houses_company_id", "houses", ["company_id"], unique=False)
    op.create_index(op.f("ix_houses_street_id"), "houses", ["street_id"], unique=False)
    op.create_table(
        "entrances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_entrances_house_id_houses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entrances")),
        sa.UniqueConstraint("house_id", "number", name=op.f("uq_entrances_house_id_number")),
    )
    op.create_table(
        "flats",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("entrance", sa.SmallInteger(), nullable=True),
        sa.Column("floor", sa.SmallInteger(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="flat", nullable=False),
        sa.Column("rooms_count", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("area_dm2", sa.BigInteger(), nullable=False),
        sa.Column("living_area_dm2", sa.BigInteger(), nullable=False),
        sa.Column("cadastral_number", sa.Text(), nullable=True),
        sa.Column("fias_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.CheckConstraint("kind IN ('flat', 'communal', 'nonresidential')", name=op.f("ck_flats_kind")),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_flats_house_id_houses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flats")),
        sa.UniqueConstraint("house_id", "number", name=op.f("uq_flats_house_id_number")),
    )
    op.create_index(op.f("ix_flats_company_id"), "flats", ["company_id"], unique=False)
    op.create_index("ix_flats_house_sort", "flats", ["house_id", "sort_key"], unique=False)
    op.create_table(
        "house_managements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisations.id"], name=op.f("fk_house_managements_company_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_house_managements_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_managements")),
    )
    op.create_index(op.f("ix_house_managements_house_id"), "house_managements", ["house_id"], unique=False)
    op.create_table(
        "house_states",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("area_total_dm2", sa.BigInteger(), nullable=False),
        sa.Column("area_common_dm2", sa.BigInteger(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("ground_date", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_house_states_house_id_houses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_states")),
    )
    op.create_index(op.f("ix_house_states_house_id"), "house_states", ["house_id"], unique=False)
    op.create_table(
        "rooms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flat_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("living_area_dm2", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["flat_id"], ["flats.id"], name=op.f("fk_rooms_flat_id_flats")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
        sa.UniqueConstraint("flat_id", "number", name=op.f("uq_rooms_flat_id_number")),
    )
