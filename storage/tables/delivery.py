"""Routes of delivery: who carries paper, since when, house by house; versions are appended, never edited."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Recorded, Small, Words


class DeliveryRoute(Base):
    """What a postman walks; company_id NULL is a route of the centre. All that changes is in versions."""

    __tablename__ = "delivery_routes"

    id: Mapped[Id]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    created_by: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class DeliveryVersion(Base):
    """A route as it is from a day on; of one day the later written counts. Without stops it is closed."""

    __tablename__ = "delivery_versions"
    __table_args__ = (Index("ix_delivery_versions_route_id", "route_id", "starts_on", "id"),)

    id: Mapped[Id]
    route_id: Mapped[int] = mapped_column(ForeignKey("delivery_routes.id"))
    company_id: Mapped[int | None] = mapped_column(Integer)
    starts_on: Mapped[dt.date] = mapped_column(Date)
    name: Mapped[Words]
    carrier: Mapped[Words]
    created_by: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class DeliveryStop(Base):
    """A house of a version, or one entrance of it, in its place; is_down: from the last flat to the first."""

    __tablename__ = "delivery_stops"
    __table_args__ = (
        CheckConstraint("position > 0", name="position"),
        Index("ix_delivery_stops_house_id", "house_id"),
    )

    version_id: Mapped[int] = mapped_column(ForeignKey("delivery_versions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    entrance: Mapped[int | None] = mapped_column(SmallInteger)
    is_down: Mapped[bool] = mapped_column(Boolean)


class PressRoute(Base):
    """A route of a print run as it was planned: its numbers, houses and carrier; NULL version has none."""

    __tablename__ = "press_routes"

    run_id: Mapped[int] = mapped_column(ForeignKey("press_runs.id"), primary_key=True)
    route_no: Mapped[Small] = mapped_column(SmallInteger, primary_key=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("delivery_versions.id"))
    name: Mapped[Words]
    carrier: Mapped[Words]
    first_number: Mapped[int] = mapped_column(Integer)
    last_number: Mapped[int] = mapped_column(Integer)
    houses_count: Mapped[int] = mapped_column(Integer)


class PressHandover(Base):
    """Volumes of a route given to a person; appended, the newest says who has them."""

    __tablename__ = "press_handovers"
    __table_args__ = (Index("ix_press_handovers_run_id", "run_id", "route_no", "id"),)

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(ForeignKey("press_runs.id"))
    route_no: Mapped[Small]
    whom: Mapped[Words]
    volumes: Mapped[Words]
    receipts_count: Mapped[int] = mapped_column(Integer)
    user_id: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
