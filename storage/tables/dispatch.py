"""The dispatch journal: requests with their history, incidents and outages (Rules 416, section IV)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ARRAY, Boolean, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Recorded, Words

REQUEST_STATES = ("open", "in_work", "postponed", "done", "closed", "cancelled")


class ServiceRequest(Base):
    """A request (заявка): who called, where, what, deadline with its ground, and how it ended."""

    __tablename__ = "service_requests"
    __table_args__ = (
        CheckConstraint(f"state IN {REQUEST_STATES}", name="state"),
        Index("ix_service_requests_company_state", "company_id", "state"),
        Index("ix_service_requests_house_id", "house_id"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(Integer, unique=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    flat_id: Mapped[int | None] = mapped_column(ForeignKey("flats.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    applicant: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text, server_default="call")
    category: Mapped[Words]
    text: Mapped[Words]
    is_emergency: Mapped[bool] = mapped_column(Boolean, server_default="false")
    is_paid: Mapped[bool] = mapped_column(Boolean, server_default="false")
    state: Mapped[str] = mapped_column(Text, server_default="open")
    deadline_at: Mapped[dt.datetime]
    deadline_ground: Mapped[Words]
    assignee: Mapped[str | None] = mapped_column(Text)
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id"))
    created_by: Mapped[int | None] = mapped_column(Integer)
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)
    recorded_at: Mapped[Recorded]
    started_at: Mapped[dt.datetime | None]
    postponed_until: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    result: Mapped[str | None] = mapped_column(Text)
    mark: Mapped[int | None] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(Integer, server_default="1")


class RequestEvent(Base):
    """A step in the life of a request: state change or words, by whom."""

    __tablename__ = "request_events"

    id: Mapped[Id]
    request_id: Mapped[int] = mapped_column(ForeignKey("service_requests.id"), index=True)
    company_id: Mapped[int] = mapped_column(Integer)
    user_id: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    state: Mapped[str | None] = mapped_column(Text)
    message: Mapped[Words]
    to_resident: Mapped[bool] = mapped_column(Boolean, server_default="false")


class Incident(Base):
    """An accident or planned outage: service, houses, start, planned and real end, cause."""

    __tablename__ = "incidents"

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    service: Mapped[int] = mapped_column(SmallInteger)
    house_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    place: Mapped[str | None] = mapped_column(Text)
    is_planned: Mapped[bool] = mapped_column(Boolean, server_default="false")
    started_at: Mapped[dt.datetime]
    planned_until: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    cause: Mapped[str | None] = mapped_column(Text)
    words_for_residents: Mapped[Words]
    created_by: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
