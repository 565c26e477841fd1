"""Accounts (лицевые счета), who owns and lives, and the dated facts the rules need."""

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

from storage.base import Base, Dated, Id, Words


class Account(Base):
    """A лицевой счёт. house_id and company_id repeat the address for scope and for reading blocks by
    range.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        Index("ix_accounts_house_id", "house_id"),
        Index("ix_accounts_company_id", "company_id"),
        Index("ix_accounts_flat_id", "flat_id"),
        Index("ix_accounts_number", "number", unique=True, postgresql_ops={"number": "text_pattern_ops"}),
        Index("ix_accounts_search_name", "search_name", postgresql_ops={"search_name": "text_pattern_ops"}),
        Index("ix_accounts_phone", "phone", postgresql_ops={"phone": "text_pattern_ops"}),
        CheckConstraint("kind IN ('flat', 'room', 'nonresidential')", name="kind"),
        CheckConstraint("gis_id ~ '^[0-9]{2}[А-Я]{2}[0-9]{6}-[0-9]{2}$'", name="gis_id"),
    )

    id: Mapped[Id]
    number: Mapped[Words]
    els: Mapped[str | None] = mapped_column(Text, unique=True)
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    flat_id: Mapped[int] = mapped_column(ForeignKey("flats.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id"))
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str] = mapped_column(Text, server_default="flat")
    payer_name: Mapped[Words]
    search_name: Mapped[Words]
    phone: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    opened_on: Mapped[dt.date] = mapped_column(Date)
    closed_on: Mapped[dt.date | None] = mapped_column(Date)
    receipt_by: Mapped[str] = mapped_column(Text, server_default="paper")  # paper, electronic
    gis_id: Mapped[str | None] = mapped_column(Text)  # идентификатор ЖКУ of GIS ЖКХ
    is_large_print: Mapped[bool] = mapped_column(Boolean, server_default="false")  # asked for by the payer


class AccountFact(Base, Dated):
    """What the rules need of an account, constant over [valid_from, valid_to): one row a stretch.

    Derived from registrations, ownerships and areas in the same transaction as they change
    (storage.people), so the
    run reads one narrow row an account instead of joining people. residents = permanently registered,
    temporary = temporarily living, owners = number of owners (Rules 354, п. 56(2)).
    meter_possible: bit per service code, whether an ИПУ can be installed (no act of impossibility).
    """

    __tablename__ = "account_facts"
    __table_args__ = (
        Index("ix_account_facts_house_id", "house_id"),
        Index("ix_account_facts_account_id", "account_id", "valid_from"),
        CheckConstraint("residents >= 0 AND temporary >= 0 AND owners >= 1", name="people"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="order"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    house_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    area_dm2: Mapped[int | None] = mapped_column(Integer)
    living_area_dm2: Mapped[int | None] = mapped_column(Integer)
    heated_area_dm2: Mapped[int | None] = mapped_column(Integer)
    residents: Mapped[int] = mapped_column(SmallInteger)
    temporary: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    owners: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    meter_impossible: Mapped[int] = mapped_column(Integer, server_default="0")
    ground: Mapped[str | None] = mapped_column(Text)


class Person(Base):
    """A natural person; personal data, shown only to those whose work needs it (152-ФЗ)."""

    __tablename__ = "persons"
    __table_args__ = (
        Index("ix_persons_search_name", "search_name", postgresql_ops={"search_name": "text_pattern_ops"}),
    )

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(Integer, index=True)
    surname: Mapped[Words]
    name: Mapped[Words]
    patronymic: Mapped[str | None] = mapped_column(Text)
    search_name: Mapped[Words]
    born_on: Mapped[dt.date | None] = mapped_column(Date)
    snils: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)


class Registration(Base, Dated):
    """Who is registered or lives on an account: permanent or temporary, from and to (end day exclusive)."""

    __tablename__ = "registrations"
    __table_args__ = (CheckConstraint("kind IN ('permanent', 'temporary')", name="kind"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    company_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[Words]
    relation: Mapped[str | None] = mapped_column(Text)
    ground: Mapped[str | None] = mapped_column(Text)


class Ownership(Base, Dated):
    """Who owns the premises of an account and which share."""

    __tablename__ = "ownerships"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    share_num: Mapped[int] = mapped_column(Integer, server_default="1")
    share_den: Mapped[int] = mapped_column(Integer, server_default="1")
    ground: Mapped[str | None] = mapped_column(Text)


class AccountBenefit(Base, Dated):
    """A льгота of a person on an account: its ground (billing.benefits), whether it reduces the document.

    share_permille: the share of this person where it is not that of the ground.
    """

    __tablename__ = "account_benefits"
    __table_args__ = (CheckConstraint("share_permille BETWEEN 1 AND 1000", name="share"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    category: Mapped[Words]
    document: Mapped[str | None] = mapped_column(Text)
    in_document: Mapped[bool] = mapped_column(Boolean, server_default="false")
    share_permille: Mapped[int | None] = mapped_column(SmallInteger)
    created_by: Mapped[int | None] = mapped_column(Integer)
