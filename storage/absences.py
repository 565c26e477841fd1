"""People who were away: entered with proof, superseded and never edited (Rules 354, section VIII)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.history import full_days
from billing.law import value_on
from billing.period import Period
from storage import audit, late_facts
from storage.late_facts import LateFact
from storage.people import Deed, PeopleRefused
from storage.session import Session

PROOFS = {
    "trip": "Командировочное удостоверение или справка о командировке",
    "hospital": "Справка о лечении в больнице или санатории",
    "ticket": "Проездные билеты на имя отсутствовавшего",
    "hotel": "Счета гостиницы, общежития",
    "registration": "Временная регистрация по другому адресу",
    "guard": "Справка о вневедомственной охране жилья",
    "study": "Справка об учёбе с проживанием",
    "garden": "Справка садоводческого товарищества",
    "other": "Другой документ",
}
DAYS_MAX = 184  # one statement covers six months, then it is prolonged
APPLY_DAYS = 30  # after the absence a statement is taken for so many days
PEOPLE_MAX = 50


@dataclass(frozen=True, slots=True)
class NewAbsence:
    """An absence as the desk enters it: the days of leaving and of coming back."""

    left: dt.date
    back: dt.date
    people: int
    proof: str
    applied_on: dt.date
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """An absence of an account as pages show it; full_days: those that count."""

    id: int
    left: dt.date
    back: dt.date
    people: int
    proof: str
    ground: str
    is_forced: bool
    recorded_at: dt.datetime

    @property
    def full_days(self) -> int:
        """Without the days of leaving and of coming back."""
        return (self.back - self.left).days - 1


async def add_absence(session: Session, account_id: int, new: NewAbsence, deed: Deed) -> int:
    """Keep an absence; its id. Raises PeopleRefused with words for the desk."""
    deed.check()
    _check(new)
    account = (
        await session.execute(
            text("SELECT id, company_id, opened_on FROM accounts WHERE id = :id FOR UPDATE"),
            {"id": account_id},
        )
    ).one_or_none()
    if account is None:
        raise PeopleRefused("unknown_account", "Такого счёта нет. Найдите квартиру снова.")
    same = await session.scalar(
        text(
            "SELECT id FROM absences WHERE account_id = :id AND superseded_at IS NULL AND valid_from = :left "
            "AND valid_to = :back AND people = :people AND proof = :proof AND ground = :ground"
        ),
        {
            "id": account_id,
            "left": new.left,
            "back": new.back,
            "people": new.people,
            "proof": new.proof,
            "ground": deed.ground,
        },
    )
    if same is not None:
        raise PeopleRefused("twice", "Такое отсутствие с этим документом уже записано.")
    absence_id = await session.scalar(
        text(
            "INSERT INTO absences (account_id, house_id, company_id, people, valid_from, valid_to, "
            "is_forced, proof, "
            "ground, applied_on, created_by) SELECT id, house_id, company_id, :people, :left, "
            ":back, :forced, :proof, "
            ":ground, :applied_on, :user_id FROM accounts WHERE id = :account_id RETURNING id"
        ),
        {
            "people": new.people,
            "left": new.left,
            "back": new.back,
            "forced": new.is_forced,
            "proof": new.proof,
            "ground": deed.ground,
            "applied_on": new.applied_on,
            "user_id": deed.user_id,
            "account_id": account_id,
        },
    )
    await late_facts.note(
        session,
        [_late(f"absence-{absence_id}", account_id, (new.left, new.back), new.people, deed.ground)],
    )
    await audit.record(
        session,
        "absence_added",
        "account",
        account_id,
        user_id=deed.user_id,
        company_id=account.company_id,
        ip=deed.ip,
        after={"absence": absence_id, "from": new.left, "to": new.back, "people": new.people},
        ground=deed.ground,
    )
    return int(absence_id or 0)


def _late(
    key: str, account_id: int, days: tuple[dt.date, dt.date], people: int, ground: str, is_gone: bool = False
) -> LateFact:
    said = "Снято отсутствие" if is_gone else "Отсутствовали"
    return LateFact(
        key=key,
        kind="absence",
        happened_on=days[0],
        after=days[1] + dt.timedelta(days=1),
        words=f"{said}: {people} чел., {days[0]:%d.%m.%Y} — {days[1]:%d.%m.%Y}",
        ground=ground,
        account_id=account_id,
    )


def _check(new: NewAbsence) -> None:
    least = value_on("absence_days_least", max(new.left, dt.date(2015, 1, 1))).value
    if new.back <= new.left:
        raise PeopleRefused("order", "День возвращения не позже дня отъезда. Поменяйте одну из дат.")
    full = (new.back - new.left).days - 1
    if full < least:
        raise PeopleRefused(
            "short",
            f"Полных дней отсутствия {full}, а нужно больше {least - 1} подряд: день отъезда и день "
            "возвращения не считаются.",
        )
    if full > DAYS_MAX:
        raise PeopleRefused(
            "long", "По одному заявлению — до шести месяцев. Остальное внесите отдельным заявлением."
        )
    if not 1 <= new.people <= PEOPLE_MAX:
        raise PeopleRefused("people", "Укажите, сколько человек отсутствовало: 1, 2, 3…")
    if new.proof not in PROOFS:
        raise PeopleRefused("proof", "Выберите, какой документ подтверждает отсутствие.")
    if (new.applied_on - new.back).days > APPLY_DAYS:
        raise PeopleRefused(
            "late",
            f"Заявление подано {new.applied_on:%d.%m.%Y}, позже {APPLY_DAYS} дней после возвращения "
            "(ПП 354, п. 91): перерасчёта по нему нет.",
        )


async def withdraw_absence(session: Session, absence_id: int, deed: Deed) -> int:
    """Take an absence back as if it had not been; the account it was of."""
    deed.check()
    row = (
        await session.execute(
            text(
                "UPDATE absences SET superseded_at = clock_timestamp() WHERE id = :id AND "
                "superseded_at IS NULL "
                "RETURNING account_id, company_id, valid_from, valid_to, people"
            ),
            {"id": absence_id},
        )
    ).one_or_none()
    if row is None:
        raise PeopleRefused("unknown_absence", "Этого отсутствия уже нет. Обновите страницу.")
    days = (row.valid_from, row.valid_to)
    late = _late(f"absence-{absence_id}-back", row.account_id, days, row.people, deed.ground, is_gone=True)
    await late_facts.note(session, [late])
    await audit.record(
        session,
        "absence_withdrawn",
        "account",
        row.account_id,
        user_id=deed.user_id,
        company_id=row.company_id,
        ip=deed.ip,
        before={"absence": absence_id, "from": row.valid_from, "to": row.valid_to},
        ground=deed.ground,
    )
    return int(row.account_id)


async def absences_of(session: Session, account_id: int) -> list[AbsenceRow]:
    """Absences known now, newest first."""
    rows = await session.execute(
        text(
            'SELECT id, valid_from AS "left", valid_to AS back, people, proof, ground, is_forced, '
            "recorded_at "
            "FROM absences WHERE account_id = :id AND superseded_at IS NULL ORDER BY valid_from DESC, id DESC"
        ),
        {"id": account_id},
    )
    return [AbsenceRow(**row._mapping) for row in rows]


def counts_in(row: AbsenceRow, period: Period) -> int:
    """Full days of an absence inside a month."""
    days = full_days(row.left, row.back, period)
    return 0 if days is None else days[1] - days[0]
