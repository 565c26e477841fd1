"""Cold water: by meter, by the average, by the norm, with K where a meter could be installed.

Law: Rules 354, cl. 42 (annex 2, formulas 1, 4, 4(1)), 43, 56, 57, 59, 60; K: billing/law/federal.yaml.
"""

from __future__ import annotations

from billing.rule import service_rule
from billing.services import Component, Service
from billing.use import charge_use, find_use
from billing.work import Work


@service_rule(Service.COLD_WATER)
def cold_water(work: Work) -> None:
    """One line a method and tariff; temporary residents apart."""
    charge_use(work, find_use(work, Service.COLD_WATER), Component.WHOLE)
