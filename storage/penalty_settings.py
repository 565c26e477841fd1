"""How the city and organisations read what the law of penalties leaves open: rows of `settings`.

A new value closes the row before it; the day documents reached people is a row of its own month.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.period import Period
from storage import audit
from storage.penalty_law import DELIVERED, FIRST_15, KEYS, LATE, RATE_MODE, STRICT
from storage.session import Session

SAID_MAX = 500
SUBJECT = "setting"


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting: what it decides, its values (the first is the safe one), the note of law."""

    key: str
    title: str
    options: tuple[tuple[str, str], ...]
    note: str


CHOICES: dict[str, Choice] = {
    one.key: one
    for one in (
        Choice(
            RATE_MODE,
            "Ставка пеней",
            (("on_payment", "на день оплаты, неоплаченное — на день расчёта"), ("daily", "каждого дня")),
            "ЖК 155, ч. 14: ставка, действующая на день фактической оплаты.",
        ),
        Choice(
            FIRST_15,
            "Первый месяц со сроком 15-го числа",
            (("2026-02", "февраль 2026"), ("2026-03", "март 2026")),
            "177-ФЗ в силе с 01.03.2026; о феврале разъяснения расходятся, февраль не даёт повода к спору.",
        ),
        Choice(
            STRICT,
            "«До 15-го числа»",
            (("no", "15-е включается"), ("yes", "последний день — 14-е")),
            "Пени идут с 16-го числа; строгое чтение тоже встречается.",
        ),
        Choice(
            LATE,
            "Документ пришёл поздно",
            (("yes", "срок сдвигается на дни опоздания"), ("no", "срок не сдвигается")),
            "ЖК 155, ч. 2; ГК 405, 406: за просрочку кредитора суды в пенях отказывают.",
        ),
        Choice(
            DELIVERED,
            "Когда документы за месяц получили",
            (),
            "Документы выдают до 1-го, с февраля 2026 года до 5-го числа следующего месяца.",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Said:
    """A setting in words."""

    title: str
    value: str
    owner: str | None
    ground: str | None
    valid_from: dt.date
    set_by: str | None
    set_at: dt.datetime


async def said(session: Session) -> list[Said]:
    """Everything that was said about penalties and is in force."""
    found = await session.execute(
        text(f"""
        SELECT s.key, s.value, s.ground, s.valid_from, o.short_name AS owner, s.recorded_at, who.full_name
          FROM settings s LEFT JOIN organisations o ON o.id = s.organisation_id
          LEFT JOIN audit a ON a.subject_kind = '{SUBJECT}' AND a.subject_id = s.id
          LEFT JOIN users who ON who.id = a.user_id
         WHERE s.key = ANY (:keys) AND s.superseded_at IS NULL
           AND (s.valid_to IS NULL OR s.key = '{DELIVERED}')
         ORDER BY s.organisation_id NULLS FIRST, s.key, s.valid_from DESC LIMIT {SAID_MAX}"""),  # noqa: S608
        {"keys": list(KEYS)},
    )
    return [
        Said(
            title=CHOICES[row.key].title,
            value=_words(row.key, row.value, row.valid_from),
            owner=row.owner,
            ground=row.ground,
            valid_from=row.valid_from,
            set_by=row.full_name,
            set_at=row.recorded_at,
        )
        for row in found
    ]


def _words(key: str, value: str, since: dt.date) -> str:
    if key == DELIVERED:
        return f"{Period.of(since).title}: {dt.date.fromisoformat(value):%d.%m.%Y}"
    return dict(CHOICES[key].options).get(value, value)


async def set_one(
    session: Session,
    organisation_id: int | None,
    key: str,
    value: str,
    ground: str,
    period: Period | None,
    today: dt.date,
    user_id: int,
) -> None:
    """A setting of the city (None) or an organisation from today; history stays, the journal says who."""
    first = period.first_day if period is not None else today
    last = period.shift(1).first_day if period is not None else None
    same = "key = :key AND organisation_id IS NOT DISTINCT FROM CAST(:owner AS int) AND superseded_at IS NULL"
    await session.execute(
        text(
            f"UPDATE settings SET superseded_at = now() WHERE {same} "  # noqa: S608
            "AND (CAST(:last AS date) IS NULL OR valid_from = :first)"
        ),
        {"key": key, "owner": organisation_id, "first": first, "last": last},
    )
    setting_id = await session.scalar(
        text("""
        INSERT INTO settings (organisation_id, key, value, ground, valid_from, valid_to)
        VALUES (:owner, :key, :value, :ground, :first, :last) RETURNING id"""),
        {
            "owner": organisation_id,
            "key": key,
            "value": value,
            "ground": ground,
            "first": first,
            "last": last,
        },
    )
    await audit.record(
        session,
        "setting_changed",
        SUBJECT,
        setting_id,
        user_id=user_id,
        company_id=organisation_id,
        after={"key": key, "value": value},
        ground=ground,
    )
