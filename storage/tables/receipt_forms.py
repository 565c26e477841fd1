"""Forms of payment documents: what each organisation made of the standard one, version after version."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Month, Recorded, Words


class ReceiptForm(Base):
    """A version: appended, never edited. organisation_id NULL is the centre's, for those who have none.

    valid_from: the first month whose documents look so. look: what `receipts.look.Look` is made of. source:
    an own Typst form, NULL when the standard one is used. digest: SHA-256 of both.
    """

    __tablename__ = "receipt_forms"
    __table_args__ = (
        CheckConstraint("EXTRACT(day FROM valid_from) = 1", name="valid_from"),
        Index(
            "uq_receipt_forms_version",
            "organisation_id",
            "version",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    version: Mapped[int] = mapped_column(Integer)
    valid_from: Mapped[Month]
    look: Mapped[dict[str, object]] = mapped_column(JSONB)
    source: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[Words]
    note: Mapped[Words]
    created_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
