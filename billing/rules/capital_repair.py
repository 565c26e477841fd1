"""Contribution for capital repair: square metres × the minimum of the region or a larger one of the meeting.

Law: Housing Code, art. 156 p. 8.1, 169.
"""

from __future__ import annotations

import numpy as np

from billing.premises import by_area
from billing.rule import service_rule
from billing.services import Service
from billing.work import Work


@service_rule(Service.CAPITAL_REPAIR)
def capital_repair(work: Work) -> None:
    """Every premises that has the service, living or not."""
    by_area(work, Service.CAPITAL_REPAIR, np.flatnonzero(work.has(Service.CAPITAL_REPAIR)))
