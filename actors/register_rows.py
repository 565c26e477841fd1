"""A row of a register as its reader gives it, made into a row as the books keep it."""

from __future__ import annotations

from gateways.registers import Row
from storage.registers import StagedRow


def staged(row: Row) -> StagedRow:
    """A row of the reader as the books keep it."""
    return StagedRow(
        line=row.line,
        raw=row.raw.replace("\x00", ""),
        account=row.account,
        amount_kopecks=row.amount_kopecks,
        penalty_kopecks=row.penalty_kopecks,
        fee_kopecks=row.fee_kopecks,
        number=row.number,
        paid_on=row.paid_on,
        of_period=row.of_period,
        service=row.service,
        payer=row.payer,
        readings=row.readings,
        errors=row.errors,
    )
