"""«Что если» as pages see it: ask, stop, the questions there are, what they came to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from billing.what_if import CUTS
from storage import outbox
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session
from storage.what_if_work import COUNT

LIST_MAX = 100
COMPARED_MAX = 4
EXTREMES_SHOWN = 20
AFTER_MAX = 10**12


class WhatIfRefused(ValueError):
    """What cannot be asked; the message says why and what to do."""

    code = "what-if-refused"
    permanent = True


@dataclass(frozen=True, slots=True)
class NewWhatIf:
    """A question: company_id None is the whole city; before and after at the scale of the family."""

    period: dt.date
    company_id: int | None
    title: str
    family: str
    value_id: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class WhatIfHead:
    """A question and how far it is."""

    id: int
    period: dt.date
    company_id: int | None
    company_name: str | None
    title: str
    state: str
    total_count: int
    done_count: int
    warm_count: int
    error: str | None
    author: str | None
    created_at: dt.datetime
    seconds_ms: int
    before_kopecks: int
    after_kopecks: int
    more_count: int
    less_count: int

    @property
    def is_live(self) -> bool:
        return self.state in ("planned", "counting")

    @property
    def delta_kopecks(self) -> int:
        return self.after_kopecks - self.before_kopecks


@dataclass(frozen=True, slots=True)
class SumRow:
    """Sums of one key of a cut; label: what the key is in words, where the books know."""

    cut: str
    key: int
    label: str
    accounts_count: int
    more_count: int
    less_count: int
    before_kopecks: int
    after_kopecks: int

    @property
    def delta_kopecks(self) -> int:
        return self.after_kopecks - self.before_kopecks


@dataclass(frozen=True, slots=True)
class ExtremeRow:
    """An account whose bill would change most."""

    account_id: int
    number: str
    address: str
    before_kopecks: int
    after_kopecks: int

    @property
    def delta_kopecks(self) -> int:
        return self.after_kopecks - self.before_kopecks


async def ask(session: Session, wanted: NewWhatIf, user_id: int, command_id: str) -> int:
    """Write the question and its event; the same command again is the same question. WhatIfRefused."""
    if not 0 <= wanted.after <= AFTER_MAX:
        raise WhatIfRefused(
            "Новое значение должно быть от нуля до ста миллионов. Проверьте, не лишние ли цифры."
        )
    made = await session.scalar(
        text("""
        INSERT INTO what_ifs (command_id, period, company_id, title, family, value_id, before, after,
                              created_by)
        VALUES (:command, :period, :company, :title, :family, :value_id, :before, :after, :user)
        ON CONFLICT (command_id) DO NOTHING RETURNING id"""),
        {
            "command": command_id, "period": wanted.period, "company": wanted.company_id,
            "title": wanted.title, "family": wanted.family, "value_id": wanted.value_id,
            "before": wanted.before, "after": wanted.after, "user": user_id,
        },
    )  # fmt: skip
    if made is None:
        found = await session.scalar(
            text("SELECT id FROM what_ifs WHERE command_id = :command"), {"command": command_id}
        )
        return int(found or 0)
    await outbox.add(session, COUNT, {"what_if_id": made}, f"what-if-{made}")
    return int(made)


async def stop(session: Session, what_if_id: int) -> None:
    """Stop a question that is being counted; its sums so far stay and say of how many accounts they are."""
    await session.execute(
        text("UPDATE what_ifs SET state = 'stopped' WHERE id = :id AND state IN ('planned', 'counting')"),
        {"id": what_if_id},
    )


HEADS = """
SELECT w.id, w.period, w.company_id, o.short_name AS company_name, w.title, w.state, w.total_count,
       w.done_count, w.warm_count, w.error, u.full_name AS author, w.created_at,
       coalesce(extract(epoch FROM w.finished_at - w.started_at) * 1000, 0)::int AS seconds_ms,
       coalesce(s.before_kopecks, 0)::bigint AS before_kopecks,
       coalesce(s.after_kopecks, 0)::bigint AS after_kopecks, coalesce(s.more_count, 0) AS more_count,
       coalesce(s.less_count, 0) AS less_count
  FROM what_ifs w LEFT JOIN organisations o ON o.id = w.company_id LEFT JOIN users u ON u.id = w.created_by
  LEFT JOIN what_if_sums s ON s.what_if_id = w.id AND s.cut = 'all'
"""


async def questions(session: Session) -> list[WhatIfHead]:
    """The newest first."""
    found = await session.execute(text(f"{HEADS} ORDER BY w.id DESC LIMIT {LIST_MAX}"))
    return [WhatIfHead(**row._mapping) for row in found]


async def heads(session: Session, ids: Sequence[int]) -> list[WhatIfHead]:
    """These questions in the order asked for; those out of sight are left out."""
    found = await session.execute(text(f"{HEADS} WHERE w.id = ANY (:ids)"), {"ids": list(ids)})
    known = {row.id: WhatIfHead(**row._mapping) for row in found}
    return [known[one] for one in ids if one in known]


SUMS = """
SELECT s.what_if_id, s.cut, s.key, s.accounts_count, s.more_count, s.less_count, s.before_kopecks,
       s.after_kopecks,
       CASE s.cut WHEN 'house' THEN st.kind || ' ' || st.name || ', ' || h.number
                  WHEN 'service' THEN v.label ELSE coalesce(o.short_name, '') END AS label
  FROM what_if_sums s
  LEFT JOIN houses h ON s.cut = 'house' AND h.id = s.key
  LEFT JOIN streets st ON st.id = h.street_id
  LEFT JOIN organisations o ON s.cut IN ('supplier', 'company') AND o.id = s.key
  LEFT JOIN services v ON s.cut = 'service' AND v.code = s.key
 WHERE s.what_if_id = ANY (:ids) AND s.cut = ANY (:cuts)
 ORDER BY s.what_if_id, s.cut, s.key
"""


async def sums(
    session: Session, ids: Sequence[int], cuts: Sequence[str] = CUTS
) -> dict[int, dict[str, list[SumRow]]]:
    """Rows of these cuts by question and cut, in order of key."""
    made: dict[int, dict[str, list[SumRow]]] = {one: {cut: [] for cut in cuts} for one in ids}
    for row in await session.execute(text(SUMS), {"ids": list(ids), "cuts": list(cuts)}):
        made[row.what_if_id][row.cut].append(
            SumRow(
                row.cut, row.key, row.label or "", row.accounts_count, row.more_count, row.less_count,
                row.before_kopecks, row.after_kopecks,
            )
        )  # fmt: skip
    return made


async def extremes(session: Session, what_if_id: int) -> list[ExtremeRow]:
    """Those whose bill would change most, up or down."""
    found = await session.execute(
        text(f"""
        SELECT a.id AS account_id, a.number, {ADDRESS} AS address, e.before_kopecks, e.after_kopecks
          FROM what_if_extremes e JOIN accounts a ON a.id = e.account_id {ADDRESS_JOINS}
         WHERE e.what_if_id = :id
         ORDER BY abs(e.after_kopecks - e.before_kopecks) DESC, a.id LIMIT {EXTREMES_SHOWN}"""),  # noqa: S608
        {"id": what_if_id},
    )
    return [ExtremeRow(**row._mapping) for row in found]
