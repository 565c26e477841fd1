"""One service of an organisation computed apart from the others: what a trial shows does not depend on
whether something else of the account can be charged.
"""

from __future__ import annotations

from dataclasses import replace

from billing.accrue import ORDER, gather
from billing.block import Block
from billing.formula.bill import VOLUMES
from billing.law import federal_law
from billing.lines import Lines
from billing.metering import decide
from billing.parked import Parked
from billing.rules.custom import FIRST_CUSTOM, custom
from billing.work import Work


def alone(block: Block, service: int) -> tuple[Lines, Parked]:
    """Lines of the service and who it could not be counted for, as if it were the only one."""
    kept = [code for code in block.services if code < FIRST_CUSTOM or code == service]
    block = replace(block, services={code: block.services[code] for code in kept})
    work = Work(block, federal_law(block.period, tuple(block.first_day.tolist())), Parked(len(block)))
    if _names_volumes(block, service):
        work.meterings = decide(work)
        for rule in ORDER:
            if rule is not custom:
                rule(work)
        work.parts.clear()
        work.parked = Parked(len(block))
    custom(work)
    parts = [part for part in work.parts if part.service == service]
    return gather(block, parts, work.parked.mask()), work.parked


def _names_volumes(block: Block, service: int) -> bool:
    formulas = None if block.formulas is None else block.formulas.by_service.get(service)
    versions = [] if formulas is None else formulas.versions
    return any(one.key in VOLUMES for version in versions for one in version.checked.quantities)
