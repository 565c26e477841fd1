"""Who takes part: the centre, companies (УК), suppliers (РСО), agents, social bodies, dispatch centres;
contracts.
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Learnt, Recorded, Valid, Words

ORGANISATION_KINDS = ("centre", "company", "supplier", "agent", "social", "dispatch", "fund")


class Organisation(Base):
    """A legal person with its payment details; `kind` decides which workplace its users get."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint(f"kind IN {ORGANISATION_KINDS}", name="kind"),
        Index("ix_organisations_kind", "kind"),
    )

    id: Mapped[Id]
    kind: Mapped[Words]
    name: Mapped[Words]
    short_name: Mapped[Words]
    slug: Mapped[str | None] = mapped_column(Text, unique=True)
    inn: Mapped[Words]
    kpp: Mapped[str | None] = mapped_column(Text)
    ogrn: Mapped[str | None] = mapped_column(Text)
    bank_account: Mapped[str | None] = mapped_column(Text)
    bank_name: Mapped[str | None] = mapped_column(Text)
    bank_bic: Mapped[str | None] = mapped_column(Text)
    bank_corr_account: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    emergency_phone: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    site: Mapped[str | None] = mapped_column(Text)
    office_hours: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Recorded]


class Contract(Base, Valid, Learnt):
    """A contract between two organisations (service, agency, supply, dispatch)."""

    __tablename__ = "contracts"
    __table_args__ = (CheckConstraint("fee_bearer IN ('payee', 'centre', 'payer')", name="fee_bearer"),)

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    counterparty_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[Words]
    number: Mapped[Words]
    fee_permyriad: Mapped[int] = mapped_column(Integer, server_default="0")
    fee_minimum_kopecks: Mapped[int] = mapped_column(Integer, server_default="0")  # of one payment
    fee_bearer: Mapped[str] = mapped_column(Text, server_default="centre")  # payee, centre, payer
    is_fee_withheld: Mapped[bool] = mapped_column(Boolean, server_default="true")  # the agent keeps it itself


class Setting(Base, Valid, Learnt):
    """A dated policy of the city (organisation_id NULL) or of one organisation; key and JSON-free text
    value.
    """

    __tablename__ = "settings"
    __table_args__ = (Index("ix_settings_key_organisation", "key", "organisation_id"),)

    id: Mapped[Id]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    key: Mapped[Words]
    value: Mapped[Words]
    ground: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(SmallInteger, server_default="0")
