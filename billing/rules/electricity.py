"""Electricity: one, two or three zones by meter and average; by the norm at the single rate, with K.

Law: Rules 354, cl. 42 (annex 2, formulas 1, 4, 4(1)), 43, 56, 57, 59, 60. The norm depends on rooms and
household.
"""

from __future__ import annotations

from billing.rule import service_rule
from billing.services import Component, Service
from billing.use import charge_use, find_use
from billing.work import Work


@service_rule(Service.ELECTRICITY)
def electricity(work: Work) -> None:
    """A line a zone for meters with zones; component 0 for a single-rate meter and for any norm."""
    charge_use(work, find_use(work, Service.ELECTRICITY), Component.WHOLE)
