"""Routes of a print run: what lies on each, its volumes, and who took them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.press_orders import PressRefused
from storage.session import Session


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A route of a run: counts and sums of what is ready, its volumes in order, who has them now."""

    route_no: int
    name: str
    carrier: str
    first_number: int
    last_number: int
    houses_count: int
    blocks_left: int
    volumes: list[str]
    receipts_count: int
    sheets: int
    due_kopecks: int
    whom: str | None
    handed_by: str | None
    handed_at: dt.datetime | None

    @property
    def is_ready(self) -> bool:
        """All its volumes are there."""
        return self.blocks_left == 0 and bool(self.volumes)

    @property
    def volumes_words(self) -> str:
        """«тома 3, 4»."""
        return ("том " if len(self.volumes) == 1 else "тома ") + ", ".join(self.volumes)


ROUTES = """
SELECT w.route_no, w.name, w.carrier, w.first_number, w.last_number, w.houses_count,
       coalesce(b.blocks_left, 0)::int AS blocks_left, coalesce(v.volumes, '{}') AS volumes,
       coalesce(v.receipts_count, 0)::int AS receipts_count, coalesce(v.sheets, 0)::int AS sheets,
       coalesce(v.due_kopecks, 0)::bigint AS due_kopecks, h.whom, u.full_name AS handed_by,
       h.recorded_at AS handed_at
  FROM press_routes w
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE state <> 'done') AS blocks_left FROM press_blocks b
        WHERE b.run_id = w.run_id AND b.route_no = w.route_no) b ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(v.block_no || CASE WHEN v.part > 1 THEN '-' || v.part ELSE '' END
                        ORDER BY v.block_no, v.part) AS volumes,
              sum(v.receipts_count) AS receipts_count, sum(v.sheets) AS sheets,
              sum(v.due_kopecks) AS due_kopecks
         FROM press_volumes v JOIN press_blocks b ON b.run_id = v.run_id AND b.block_no = v.block_no
        WHERE v.run_id = w.run_id AND b.route_no = w.route_no) v ON true
  LEFT JOIN LATERAL (
       SELECT * FROM press_handovers h WHERE h.run_id = w.run_id AND h.route_no = w.route_no
        ORDER BY h.id DESC LIMIT 1) h ON true
  LEFT JOIN users u ON u.id = h.user_id
 WHERE w.run_id = :id ORDER BY w.route_no
"""


async def routes_of(session: Session, run_id: int) -> list[RouteRow]:
    """Routes of a run in the order of printing; empty when it goes by addresses."""
    return [RouteRow(**row._mapping) for row in await session.execute(text(ROUTES), {"id": run_id})]


async def hand_over(session: Session, run_id: int, route_no: int, whom: str, user_id: int) -> None:
    """Record that the volumes of a route were given to a person. Raises PressRefused."""
    route = next((one for one in await routes_of(session, run_id) if one.route_no == route_no), None)
    if route is None:
        raise PressRefused("Такого маршрута в этой печати нет. Откройте печать заново.")
    if not route.is_ready:
        raise PressRefused(f"Не все тома маршрута «{route.name}» готовы. Дождитесь конца печати.")
    await session.execute(
        text("""
        INSERT INTO press_handovers (run_id, route_no, whom, volumes, receipts_count, user_id)
        VALUES (:run, :route, :whom, :volumes, :receipts, :user)"""),
        {
            "run": run_id, "route": route_no, "whom": whom, "volumes": ", ".join(route.volumes),
            "receipts": route.receipts_count, "user": user_id,
        },
    )  # fmt: skip
