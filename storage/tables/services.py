"""What is billed: services of houses and accounts, and the dated tariffs, norms and coefficients."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Dated, Id, Small, Words


class ServiceRow(Base):
    """The catalogue: code (billing.services), labels, unit, group; custom services of organisations get
    codes ≥ 100.
    """

    __tablename__ = "services"

    code: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    label: Mapped[Words]
    short_label: Mapped[Words]
    unit: Mapped[Words]
    group: Mapped[Words]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    position: Mapped[Small]


class HouseService(Base, Dated):
    """A service of a whole house: who supplies it, to whom it is paid, by which method
    (billing.services.Method).
    """

    __tablename__ = "house_services"

    id: Mapped[Id]
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"), index=True)
    company_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[Small]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    method: Mapped[str] = mapped_column(Text, server_default="law")
    ground: Mapped[str | None] = mapped_column(Text)


class AccountService(Base, Dated):
    """An exception of one account: a service off (is_on false) or on though the house has it not."""

    __tablename__ = "account_services"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    house_id: Mapped[int] = mapped_column(Integer, index=True)
    company_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[Small]
    is_on: Mapped[bool] = mapped_column(Boolean)
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    method: Mapped[str | None] = mapped_column(Text)
    ground: Mapped[str | None] = mapped_column(Text)


class Tariff(Base, Dated):
    """A dated price, 1 = 0.0001 RUB a unit. organisation_id NULL = of the city; zone_id NULL = every zone.

    component: 0 whole service or single rate; hot water 1 cold part, 2 heat part; electricity 1 day, 2 night,
    3 half-peak. The narrower row wins: organisation over city, zone over every zone.
    """

    __tablename__ = "tariffs"
    __table_args__ = (
        Index("ix_tariffs_lookup", "service", "component", "valid_from"),
        CheckConstraint("rate >= 0", name="rate"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    zone_id: Mapped[int | None] = mapped_column(SmallInteger)
    house_id: Mapped[int | None] = mapped_column(ForeignKey("houses.id"))
    service: Mapped[Small]
    component: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    consumer: Mapped[str] = mapped_column(Text, server_default="population")  # population, nonresidential
    rate: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[Words]
    document_date: Mapped[dt.date | None] = mapped_column(Date)
    approved_by: Mapped[int | None] = mapped_column(Integer)


class Norm(Base, Dated):
    """A dated norm, micro-units. kind: person, area (heating, gas heating), common (СОИ), heat_per_m3,
    waste_year.

    rooms and persons narrow an electricity norm; NULL = any.
    """

    __tablename__ = "norms"
    __table_args__ = (Index("ix_norms_lookup", "service", "kind", "valid_from"),)

    id: Mapped[Id]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    zone_id: Mapped[int | None] = mapped_column(SmallInteger)
    house_id: Mapped[int | None] = mapped_column(ForeignKey("houses.id"))
    service: Mapped[Small]
    kind: Mapped[Words]
    rooms: Mapped[int | None] = mapped_column(SmallInteger)
    persons: Mapped[int | None] = mapped_column(SmallInteger)
    value_micro: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[Words]
    document_date: Mapped[dt.date | None] = mapped_column(Date)


class Coefficient(Base, Dated):
    """A dated coefficient or switch of a region or organisation, in permille (heating months, K where the
    region differs).
    """

    __tablename__ = "coefficients"

    id: Mapped[Id]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    zone_id: Mapped[int | None] = mapped_column(SmallInteger)
    service: Mapped[int | None] = mapped_column(SmallInteger)
    key: Mapped[Words]
    value_permille: Mapped[int] = mapped_column(Integer)
    document: Mapped[Words]
