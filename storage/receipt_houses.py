"""What a payment document says of the house: norms, the house meter, how much went to premises and to all.

Section 4 of the form of order 43/пр (Rules 354, cl. 69 «ж», «з»). Two queries for the houses of a block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.basis import UNAUTHORISED as UNAUTHORISED_BASES
from billing.receipt import Quantity, ReferenceRow
from billing.services import CATALOGUE, COMMON, Service
from storage.session import Session

SERVICES = (
    Service.COLD_WATER,
    Service.HOT_WATER,
    Service.SEWERAGE,
    Service.HEATING,
    Service.ELECTRICITY,
    Service.GAS,
)
UNAUTHORISED = sorted(int(basis) for basis in UNAUTHORISED_BASES)
"""Acts are no consumption of the month."""
NORM_WORDS = {"person": "на человека", "area": "на м²", "common": "на м²"}

# The narrower value wins, as in storage.block_values. Norms by rooms and family stand in the basis of a row.
NORMS = text("""
    SELECT DISTINCT ON (h.id, n.service, n.kind) h.id AS house_id, n.service, n.kind, n.value_micro
    FROM houses h
    JOIN norms n ON (n.house_id IS NULL OR n.house_id = h.id) AND (n.zone_id IS NULL OR n.zone_id = h.zone_id)
     AND n.superseded_at IS NULL AND n.valid_from <= :last_day
     AND (n.valid_to IS NULL OR n.valid_to > :last_day)
     AND n.rooms IS NULL AND n.persons IS NULL AND n.kind IN ('person', 'area', 'common')
    JOIN house_services s ON s.house_id = h.id AND s.service = n.service AND s.superseded_at IS NULL
     AND s.valid_from <= :last_day AND (s.valid_to IS NULL OR s.valid_to > :period)
     AND (n.organisation_id IS NULL OR n.organisation_id IN (s.company_id, s.supplier_id))
    WHERE h.id = ANY (:houses)
    ORDER BY h.id, n.service, n.kind, n.house_id NULLS LAST, n.organisation_id NULLS LAST,
             n.zone_id NULLS LAST, n.id DESC
""")
VOLUMES = text("SELECT * FROM paylogic_house_volumes(:houses, CAST(:runs AS int[]), CAST(:apart AS int[]))")


@dataclass(frozen=True, slots=True)
class HouseSums:
    """Norms by service and kind, volumes by service, micro-units."""

    norms: Mapping[tuple[int, str], int]
    volumes: Mapping[int, int]


NOTHING = HouseSums({}, {})


async def read_houses(session: Session, at: dict[str, Any], runs: Sequence[int]) -> dict[int, HouseSums]:
    """Of the houses `at` names; runs: those of the month."""
    norms: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    for row in await session.execute(NORMS, at):
        norms[row.house_id][row.service, row.kind] = row.value_micro
    volumes: dict[int, dict[int, int]] = defaultdict(dict)
    if runs:
        apart = [*at["apart"], *UNAUTHORISED]
        for row in await session.execute(VOLUMES, at | {"runs": list(runs), "apart": apart}):
            volumes[row.house_id][row.service] = row.volume_micro
    return {house: HouseSums(norms[house], volumes[house]) for house in at["houses"]}


def reference_rows(sums: HouseSums, meters: Sequence[Any]) -> tuple[ReferenceRow, ...]:
    """A row a resource that the house has: a norm, a read meter or a volume."""
    read = {meter.service: meter for meter in meters if meter.taken_on is not None}
    rows = (_row(service, sums, read.get(service)) for service in SERVICES)
    return tuple(row for row in rows if row is not None)


def _row(service: Service, sums: HouseSums, meter: Any) -> ReferenceRow | None:
    info = CATALOGUE[service]
    kind = next((one for one in ("person", "area") if (service, one) in sums.norms), "")
    own = sums.norms.get((service, kind))
    common = sums.norms.get((COMMON + service, "common"), sums.norms.get((service, "common")))
    premises, shared = sums.volumes.get(service), sums.volumes.get(COMMON + service)
    if own is None and common is None and meter is None and not premises and not shared:
        return None
    return ReferenceRow(
        info.label,
        info.unit,
        norm=_quantity(own),
        norm_unit=f"{info.unit} {NORM_WORDS[kind]}" if kind else "",
        common_norm=_quantity(common),
        common_norm_unit=f"{info.unit} {NORM_WORDS['common']}" if common is not None else "",
        house_reading=Quantity(meter.value1_micro) if meter is not None else None,
        house_volume=_used(meter) if meter is not None else None,
        premises_volume=_quantity(premises),
        common_volume=_quantity(shared),
    )


def _quantity(micro: int | None) -> Quantity | None:
    return None if micro is None else Quantity(micro)


def _used(meter: Any) -> Quantity | None:
    """Difference of the readings of the house meter, a rollover undone."""
    if meter.prev1_micro is None:
        return None
    return Quantity((meter.value1_micro - meter.prev1_micro) % (10**meter.digits * 1_000_000))
