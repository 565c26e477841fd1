"""The queue of held readings as a page shows it: found rows, facets, one reading with its meter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from billing.history import Values
from storage.run_totals import escaped
from storage.session import Session

SORTS = {
    "given": "h.given_at",
    "address": "st.search_name, b.sort_key, f.sort_key",
    "service": "v.position",
    "volume": "h.volume_micro",
    "state": "h.state",
}
FROM = """
  FROM held_readings h
  JOIN meters m ON m.id = h.meter_id
  JOIN houses b ON b.id = h.house_id
  JOIN streets st ON st.id = b.street_id
  LEFT JOIN accounts a ON a.id = h.account_id
  LEFT JOIN flats f ON f.id = a.flat_id
  LEFT JOIN services v ON v.code = h.service
  LEFT JOIN organisations o ON o.id = h.company_id
  LEFT JOIN users u ON u.id = h.decided_by
  LEFT JOIN users g ON g.id = h.given_by"""
WHERE = """
 WHERE (:state = '' OR h.state = :state) AND (:rule = '' OR :rule = ANY (h.rules))
   AND (CAST(:service AS int) IS NULL OR h.service = :service)
   AND (CAST(:company_id AS int) IS NULL OR h.company_id = :company_id)
   AND (:source = '' OR h.source = :source)
   AND (:q = '' OR a.number LIKE :q || '%' OR m.serial LIKE :q || '%' OR st.search_name LIKE :q || '%')"""
COLUMNS = """h.id, h.period, h.meter_id, h.account_id, a.number,
       st.kind || ' ' || st.name || ', ' || b.number || coalesce(', кв. ' || f.number, '') AS address,
       o.short_name AS company_name, coalesce(v.label, '№ ' || h.service) AS service_name, h.service,
       m.serial, h.zones, h.source, h.taken_on,
       ARRAY[h.value1_micro, h.value2_micro, h.value3_micro] AS given,
       ARRAY[h.prev1_micro, h.prev2_micro, h.prev3_micro] AS previous,
       CASE WHEN h.after1_micro IS NULL THEN NULL
            ELSE ARRAY[h.after1_micro, coalesce(h.after2_micro, 0), coalesce(h.after3_micro, 0)] END AS after,
       h.volume_micro, h.rules, h.words, h.state, g.full_name AS given_by_name, h.given_at,
       u.full_name AS decided_by_name, h.decided_at, h.note, h.taken_id, h.refusal, h.correction_id"""


@dataclass(frozen=True, slots=True)
class HeldFilter:
    """What is looked for; empty values are not asked about."""

    state: str = ""
    rule: str = ""
    service: int | None = None
    company_id: int | None = None
    source: str = ""
    q: str = ""

    @property
    def values(self) -> dict[str, object]:
        return {
            "state": self.state,
            "rule": self.rule,
            "service": self.service,
            "company_id": self.company_id,
            "source": self.source,
            "q": escaped(self.q.lower().replace("ё", "е")),
        }


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A held reading: what was given, what it follows, what was taken, who did what."""

    id: int
    period: dt.date
    meter_id: int
    account_id: int | None
    number: str | None
    address: str
    company_name: str | None
    service_name: str
    service: int
    serial: str
    zones: int
    source: str
    taken_on: dt.date
    given: Values
    previous: Values
    after: Values | None
    volume_micro: int
    rules: tuple[str, ...]
    words: str
    state: str
    given_by_name: str | None
    given_at: dt.datetime
    decided_by_name: str | None
    decided_at: dt.datetime | None
    note: str | None
    taken_id: int | None
    refusal: str | None
    correction_id: int | None


@dataclass(frozen=True, slots=True)
class HeldPage:
    """One page of rows and how many there are."""

    rows: list[HeldRow]
    total: int


async def rows(
    session: Session,
    wanted: HeldFilter,
    *,
    sort: str = "given",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> HeldPage:
    """Found readings sorted by a key of SORTS."""
    way = "DESC" if is_descending else "ASC"
    order = ", ".join(f"{part} {way}" for part in SORTS[sort].split(", "))
    found = (
        await session.execute(
            text(
                f"SELECT {COLUMNS}, count(*) OVER ()::int AS total {FROM} {WHERE} "
                f"ORDER BY {order}, h.id DESC LIMIT :limit OFFSET :offset"
            ),
            {**wanted.values, "limit": limit, "offset": offset},
        )
    ).all()
    made = [_row(tuple(row[:-1])) for row in found]
    return HeldPage(made, found[0].total if found else 0)


async def one(session: Session, held_id: int) -> HeldRow | None:
    """A held reading we may see."""
    found = await session.execute(
        text(f"SELECT {COLUMNS} {FROM} WHERE h.id = :id"),
        {"id": held_id},
    )
    row = found.one_or_none()
    return None if row is None else _row(tuple(row))


async def of_readings(session: Session, reading_ids: Sequence[int]) -> list[HeldRow]:
    """Those of these readings, the ones still held first."""
    found = await session.execute(
        text(f"SELECT {COLUMNS} {FROM} WHERE h.reading_id = ANY(:ids) ORDER BY h.state <> 'held', h.id"),
        {"ids": list(reading_ids)},
    )
    return [_row(tuple(row)) for row in found]


def _row(values: tuple[object, ...]) -> HeldRow:
    made = HeldRow(*values)  # type: ignore[arg-type]
    return made


@dataclass(frozen=True, slots=True)
class HeldFacet:
    """A value of a dimension and how many of the readings still held have it."""

    dimension: str
    key: str
    name: str
    count: int


async def facets(session: Session) -> list[HeldFacet]:
    """Counts of what waits, by rule, service, company and source."""
    found = await session.execute(
        text("""
        SELECT s.dimension, s.key, coalesce(v.label, o.short_name, s.key) AS name, s.count FROM (
          SELECT 'rule' AS dimension, r AS key, count(*)::int AS count
            FROM held_readings h, unnest(h.rules) r WHERE h.state = 'held' GROUP BY 2
          UNION ALL
          SELECT 'service', service::text, count(*)::int FROM held_readings WHERE state = 'held' GROUP BY 2
          UNION ALL
          SELECT 'company', company_id::text, count(*)::int FROM held_readings WHERE state = 'held' GROUP BY 2
          UNION ALL
          SELECT 'source', source, count(*)::int FROM held_readings WHERE state = 'held' GROUP BY 2) s
          LEFT JOIN services v ON s.dimension = 'service' AND v.code::text = s.key
          LEFT JOIN organisations o ON s.dimension = 'company' AND o.id::text = s.key
         ORDER BY s.dimension, s.count DESC, name""")
    )
    return [HeldFacet(**row._mapping) for row in found]


async def waiting(session: Session, period: dt.date) -> int:
    """Readings of a month that nobody has decided on."""
    return int(
        await session.scalar(
            text("SELECT count(*) FROM held_readings WHERE state = 'held' AND period = :period"),
            {"period": period},
        )
        or 0
    )
