"""One address base: region → city → street → house → entrance → flat → room, with ФИАС ids and natural sort
keys.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Dated, Id, Small, Words


class Region(Base):
    """A subject of the Federation."""

    __tablename__ = "regions"

    id: Mapped[Id]
    name: Mapped[Words]
    fias_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))


class City(Base):
    """A settlement; its time zone decides what «today» is for its houses."""

    __tablename__ = "cities"

    id: Mapped[Id]
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id"))
    name: Mapped[Words]
    fias_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    timezone: Mapped[str] = mapped_column(Text, server_default="Europe/Moscow")


class Street(Base):
    """A street; `search_name` is lower case without «ё», for prefix search."""

    __tablename__ = "streets"
    __table_args__ = (
        UniqueConstraint("city_id", "kind", "name"),
        Index("ix_streets_search_name", "search_name", postgresql_ops={"search_name": "text_pattern_ops"}),
    )

    id: Mapped[Id]
    city_id: Mapped[int] = mapped_column(ForeignKey("cities.id"))
    kind: Mapped[str] = mapped_column(Text, server_default="ул.")
    name: Mapped[Words]
    search_name: Mapped[Words]
    fias_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))


class House(Base):
    """A house. Ids of houses are given in postal order by the seed; a run's block is a range of whole houses.

    area_total_dm2 is S_об of Rules 354 (all living and non-living premises), area_common_dm2 is the area of
    common property; zone_id picks city-wide tariffs and norms of its zone.
    """

    __tablename__ = "houses"
    __table_args__ = (
        UniqueConstraint("street_id", "number"),
        Index("ix_houses_company_id", "company_id"),
        CheckConstraint("area_total_dm2 >= 0 AND area_common_dm2 >= 0", name="areas"),
    )

    id: Mapped[Id]
    street_id: Mapped[int] = mapped_column(ForeignKey("streets.id"), index=True)
    number: Mapped[Words]
    sort_key: Mapped[Words]
    postcode: Mapped[str | None] = mapped_column(Text)
    fias_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    cadastral_number: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text, server_default="block")  # panel, brick, stalin, private, new …
    year_built: Mapped[int | None] = mapped_column(SmallInteger)
    floors: Mapped[Small]
    entrances_count: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    zone_id: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    management: Mapped[str] = mapped_column(Text, server_default="company")  # company, direct
    area_total_dm2: Mapped[int] = mapped_column(BigInteger)
    area_common_dm2: Mapped[int] = mapped_column(BigInteger)
    heating_mode: Mapped[str] = mapped_column(Text, server_default="season")  # season, uniform
    capital_repair: Mapped[str] = mapped_column(Text, server_default="regional")  # regional, special, none


class HouseManagement(Base, Dated):
    """Which company managed the house and when (houses.company_id is the current one)."""

    __tablename__ = "house_managements"

    id: Mapped[Id]
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"), index=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    ground: Mapped[str | None] = mapped_column(Text)


class Entrance(Base):
    """An entrance of a house with its range of floors."""

    __tablename__ = "entrances"
    __table_args__ = (UniqueConstraint("house_id", "number"),)

    id: Mapped[Id]
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    number: Mapped[Small]


class Flat(Base):
    """A premises of a house: a flat, a communal flat or non-living premises. Sorted by `sort_key` (natural
    order).
    """

    __tablename__ = "flats"
    __table_args__ = (
        UniqueConstraint("house_id", "number"),
        Index("ix_flats_house_sort", "house_id", "sort_key"),
        CheckConstraint("kind IN ('flat', 'communal', 'nonresidential')", name="kind"),
    )

    id: Mapped[Id]
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    company_id: Mapped[int] = mapped_column(Integer, index=True)
    entrance: Mapped[int | None] = mapped_column(SmallInteger)
    floor: Mapped[int | None] = mapped_column(SmallInteger)
    number: Mapped[Words]
    sort_key: Mapped[Words]
    kind: Mapped[str] = mapped_column(Text, server_default="flat")
    rooms_count: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    area_dm2: Mapped[int] = mapped_column(BigInteger)
    living_area_dm2: Mapped[int] = mapped_column(BigInteger)
    cadastral_number: Mapped[str | None] = mapped_column(Text)
    fias_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))


class Room(Base):
    """A room of a communal flat."""

    __tablename__ = "rooms"
    __table_args__ = (UniqueConstraint("flat_id", "number"),)

    id: Mapped[Id]
    flat_id: Mapped[int] = mapped_column(ForeignKey("flats.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    number: Mapped[Words]
    living_area_dm2: Mapped[int] = mapped_column(BigInteger)


class HouseState(Base, Dated):
    """Dated areas of a house, when they change (houses holds today's)."""

    __tablename__ = "house_states"

    id: Mapped[Id]
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"), index=True)
    area_total_dm2: Mapped[int] = mapped_column(BigInteger)
    area_common_dm2: Mapped[int] = mapped_column(BigInteger)
    ground: Mapped[str | None] = mapped_column(Text)
    ground_date: Mapped[dt.date | None] = mapped_column(Date)
