"""Acts under Rules 354, cl. 62: entered with a document, superseded and never edited, read for a block."""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.basis import DIVISIONS, REDUCTIONS, UNAUTHORISED, Basis
from billing.history import counted_people
from billing.lines import Lines
from billing.period import Period
from billing.services import CATALOGUE, Component, Service
from billing.unauthorised import ONE_DAY, Unauthorised, Way, days_inside, person_months
from storage import audit
from storage.block_values import known
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.meter_reads import DAY_ZERO, Month, ordinals, rows_of
from storage.people import Deed, PeopleRefused
from storage.session import Session

I64 = npt.NDArray[np.int64]

SERVICES = (Service.COLD_WATER, Service.HOT_WATER, Service.ELECTRICITY, Service.GAS)
WAYS = {
    Way.TAMPERING: "Вмешательство в счётчик",
    Way.CONNECTION: "Подключение мимо счётчика, мощность известна",
    Way.CONNECTION_NORM: "Подключение мимо счётчика, мощность неизвестна",
}
MONTHS_MAX = 3  # cl. 62: without a known beginning not more than three months before the check
YEARS_MAX = 3

ACT = Row.of(
    account_id="int4",
    service="int2",
    way="int2",
    found="date",
    first="date",
    after="date",
    capacity="int8",
)
FACT = Row.of(
    account_id="int4", first="date", after="date", residents="int2", temporary="int2", owners="int2"
)
BILLED = Row.of(account_id="int4", period="date", service="int2", component="int2", num="int8", den="int8")
NOT_USED = (*REDUCTIONS, *UNAUTHORISED, *DIVISIONS, Basis.MANUAL, Basis.BOILER_WATER)
NOT_BILLED = ", ".join(str(int(b)) for b in NOT_USED)
HEAT = (int(Service.HOT_WATER), int(Component.HEAT_PART))


@dataclass(frozen=True, slots=True)
class NewUse:
    """An act as the desk enters it; fixed: the first day on which everything was in order again."""

    service: int
    way: int
    found: dt.date
    first: dt.date
    fixed: dt.date
    capacity_micro: int = 0
    is_first_known: bool = False


@dataclass(frozen=True, slots=True)
class UseRow:
    """An act of an account as pages show it."""

    id: int
    service: int
    way: int
    found_on: dt.date
    valid_from: dt.date
    valid_to: dt.date
    ground: str

    @property
    def words(self) -> str:
        """«Холодное водоснабжение: вмешательство в счётчик»."""
        return f"{CATALOGUE[self.service].label}: {WAYS[Way(self.way)].lower()}"


# ---- the desk --------------------------------------------------------------------------------------------


async def add_use(session: Session, account_id: int, new: NewUse, deed: Deed) -> int:
    """Keep an act; its id. Raises PeopleRefused with words for the desk."""
    deed.check()
    _check(new)
    account = (
        await session.execute(
            text("SELECT id, company_id, kind, opened_on FROM accounts WHERE id = :id FOR UPDATE"),
            {"id": account_id},
        )
    ).one_or_none()
    if account is None:
        raise PeopleRefused("unknown_account", "Такого счёта нет. Найдите квартиру снова.")
    if new.first < account.opened_on:
        raise PeopleRefused("first", f"Счёт открыт {account.opened_on:%d.%m.%Y}. Укажите день не раньше.")
    if account.kind == "nonresidential" and new.way != Way.CONNECTION:
        raise PeopleRefused(
            "way", "У нежилого помещения нет норматива на человека: укажите мощность подключённого."
        )
    key = {"id": account_id, "service": new.service, "way": new.way, "found": new.found}
    twin = await session.scalar(
        text(
            "SELECT id FROM unauthorised_uses WHERE account_id = :id AND service = :service AND way = :way "
            "AND superseded_at IS NULL AND date_trunc('month', found_on) = date_trunc('month', "
            "CAST(:found AS date))"
        ),
        key,
    )
    if twin is not None:
        raise PeopleRefused(
            "twice", "За этот месяц такой акт уже записан. Отмените прежний или поправьте дату проверки."
        )
    act_id = await session.scalar(
        text(
            "INSERT INTO unauthorised_uses (account_id, house_id, company_id, service, way, found_on, "
            "valid_from, valid_to, capacity_micro, ground, created_by) SELECT id, house_id, company_id, "
            ":service, :way, :found, :first, :fixed, :capacity, :ground, :user_id FROM accounts "
            "WHERE id = :id RETURNING id"
        ),
        {
            **key,
            "first": new.first,
            "fixed": new.fixed,
            "capacity": new.capacity_micro,
            "ground": deed.ground,
            "user_id": deed.user_id,
        },
    )
    await audit.record(
        session,
        "unauthorised_use_added",
        "account",
        account_id,
        user_id=deed.user_id,
        company_id=account.company_id,
        ip=deed.ip,
        after={"act": act_id, "from": new.first, "to": new.fixed, "service": new.service, "way": new.way},
        ground=deed.ground,
    )
    return int(act_id or 0)


def _check(new: NewUse) -> None:
    if new.service not in SERVICES or new.way not in set(Way):
        raise PeopleRefused("service", "Выберите услугу и что нашли при проверке.")
    if not new.first < new.fixed:
        raise PeopleRefused("fixed", "День устранения не позже начала. Поменяйте одну из дат.")
    if new.first > new.found:
        raise PeopleRefused("first", "Начало позже проверки. Проверьте даты.")
    if Period.of(new.fixed - ONE_DAY) > Period.of(new.found):
        raise PeopleRefused(
            "fixed",
            "Устранено в другом месяце, чем найдено. Внесите акт до конца месяца проверки, "
            "остальное — отдельным актом следующего месяца.",
        )
    if not new.is_first_known and new.first < _back(new.found, MONTHS_MAX):
        raise PeopleRefused(
            "first",
            f"День начала не установлен — не раньше чем за {MONTHS_MAX} месяца до проверки (ПП 354, п. 62). "
            "Отметьте, что день начала известен, если он указан в акте.",
        )
    if new.first < _back(new.found, 12 * YEARS_MAX):
        raise PeopleRefused("first", f"Больше {YEARS_MAX} лет назад: срок исковой давности прошёл.")
    if (new.way == Way.CONNECTION) != (new.capacity_micro > 0):
        raise PeopleRefused("capacity", "Укажите мощность или пропускную способность: сколько единиц в час.")


def _back(day: dt.date, months: int) -> dt.date:
    """The same day so many months before, or the last one of that month."""
    month = Period.of(day).shift(-months)
    return month.first_day.replace(day=min(day.day, month.days))


async def withdraw_use(session: Session, act_id: int, deed: Deed) -> int:
    """Take an act back as if it had not been; the account it was of."""
    deed.check()
    row = (
        await session.execute(
            text(
                "UPDATE unauthorised_uses SET superseded_at = clock_timestamp() WHERE id = :id AND "
                "superseded_at IS NULL RETURNING account_id, company_id, found_on"
            ),
            {"id": act_id},
        )
    ).one_or_none()
    if row is None:
        raise PeopleRefused("unknown_act", "Этого акта уже нет. Обновите страницу.")
    await audit.record(
        session,
        "unauthorised_use_withdrawn",
        "account",
        row.account_id,
        user_id=deed.user_id,
        company_id=row.company_id,
        ip=deed.ip,
        before={"act": act_id, "found_on": row.found_on},
        ground=deed.ground,
    )
    return int(row.account_id)


async def uses_of(session: Session, account_id: int) -> list[UseRow]:
    """Acts known now, newest first."""
    rows = await session.execute(
        text(
            "SELECT id, service, way, found_on, valid_from, valid_to, ground FROM unauthorised_uses "
            "WHERE account_id = :id AND superseded_at IS NULL ORDER BY found_on DESC, id DESC"
        ),
        {"id": account_id},
    )
    return [UseRow(**row._mapping) for row in rows]


# ---- the block -------------------------------------------------------------------------------------------


async def read_unauthorised(
    connection: Connection, month: Month, account_ids: npt.NDArray[np.int32]
) -> Unauthorised | None:
    """Acts found in the month, with the people of their days and what was billed for them before it."""
    period = month.period
    acts = await copy_out(
        connection,
        ACT,
        "SELECT u.account_id, u.service, u.way, u.found_on, u.valid_from, u.valid_to, u.capacity_micro "
        f"FROM unauthorised_uses u WHERE u.house_id = ANY({month.house_ids}) AND {known('u', month.as_of)} "
        f"AND u.found_on BETWEEN '{period.first_day}' AND '{period.last_day}' ORDER BY u.id",
    )
    account = rows_of(acts["account_id"], account_ids)
    kept = np.flatnonzero(account >= 0)
    if not kept.size:
        return None
    acts = {name: column[kept] for name, column in acts.items()}
    spans = [(_date(f), _date(a)) for f, a in zip(acts["first"], acts["after"], strict=True)]
    people = await _people(connection, month, acts, spans)
    billed = await _billed(connection, month, acts, spans)
    return Unauthorised(
        account=account[kept].astype(np.int32),
        service=acts["service"],
        way=acts["way"],
        day=np.array([_date(day).day for day in acts["found"]], np.int16),
        months=np.array(people, np.int64),
        days=np.array([(after - first).days for first, after in spans], np.int64),
        now=np.array([days_inside(first, after, period) for first, after in spans], np.int64),
        capacity=acts["capacity"],
        billed=np.array(billed, np.int64),
    )


def _date(days: Any) -> dt.date:
    """A date of COPY."""
    return dt.date.fromordinal(int(days) + DAY_ZERO)


Spans = list[tuple[dt.date, dt.date]]


async def _people(connection: Connection, month: Month, acts: Columns, spans: Spans) -> list[int]:
    """Persons × months of each act: who lived there by day, owners when nobody did."""
    facts = await copy_out(
        connection,
        FACT,
        "SELECT f.account_id, f.valid_from, coalesce(f.valid_to, 'infinity'), f.residents, f.temporary, "
        f"f.owners FROM account_facts f WHERE f.account_id = ANY({int_array(acts['account_id'])}) "
        f"AND {known('f', month.as_of)}",
    )
    residents, temporary = facts["residents"].astype(np.int64), facts["temporary"].astype(np.int64)
    counted = temporary + counted_people(residents, temporary, facts["owners"].astype(np.int64))
    out = []
    for at, (first, after) in enumerate(spans):
        start, by_day = first.toordinal() - DAY_ZERO, np.zeros((after - first).days, np.int64)
        for row in np.flatnonzero(facts["account_id"] == acts["account_id"][at]).tolist():
            begin = max(int(facts["first"][row]) - start, 0)
            end = min(int(facts["after"][row]) - start, len(by_day))
            by_day[begin : max(begin, end)] = counted[row]
        out.append(person_months(first, by_day.tolist()))
    return out


async def _billed(connection: Connection, month: Month, acts: Columns, spans: Spans) -> list[int]:
    """Micro-units of published lines of earlier months of each act of tampering, by its days in them."""
    tampering = [at for at, way in enumerate(acts["way"].tolist()) if way == Way.TAMPERING]
    out = [0] * len(spans)
    if not tampering:
        return out
    first = min(Period.of(spans[at][0]) for at in tampering)
    if first >= month.period:
        return out
    about = "(r.period - l.months_back * interval '1 month')::date"
    lines = await copy_out(
        connection,
        BILLED,
        f"SELECT l.account_id, {about}, l.service, l.component, l.volume_num, l.volume_den FROM runs r "
        f"JOIN lines l ON l.run_id = r.id WHERE r.state = 'published' AND r.period >= '{first.first_day}' "
        f"AND {about} BETWEEN '{first.first_day}' AND '{month.period.shift(-1).first_day}' "
        f"AND l.account_id = ANY({int_array(acts['account_id'][tampering])}) "
        f"AND l.basis NOT IN ({NOT_BILLED}) "
        f"AND NOT (l.service = {HEAT[0]} AND l.component = {HEAT[1]})",
    )
    volumes = _by_month(lines, month)
    for at in tampering:
        begin, after = spans[at]
        period = Period.of(begin)
        while period < month.period:
            key = (int(acts["account_id"][at]), int(acts["service"][at]), period.ordinal)
            days = days_inside(begin, after, period)
            out[at] += (2 * volumes.get(key, 0) * days + period.days) // (2 * period.days)
            period = period.shift(1)
    return out


def _by_month(lines: Columns, month: Month) -> dict[tuple[int, int, int], int]:
    """Micro-units by account, service and month; months a correction recomputes give way to its lines."""
    out: dict[tuple[int, int, int], int] = {}
    columns = (lines[name].tolist() for name in ("account_id", "service", "num", "den"))
    rows = [
        (account, service, int(at), num, den)
        for account, service, num, den, at in zip(*columns, ordinals(lines["period"]).tolist(), strict=True)
        if at not in month.instead
    ]
    for at, other in month.instead.items():
        rows += _of_lines(other, at)
    for account, service, at, num, den in rows:
        key = (account, service, at)
        out[key] = out.get(key, 0) + (2 * num + den) // (2 * den)
    return out


def _of_lines(lines: Lines, at: int) -> list[tuple[int, int, int, int, int]]:
    skipped = {int(b) for b in NOT_USED}
    return [
        (account, service, at, num, den)
        for account, service, component, basis, num, den in zip(
            *(
                getattr(lines, name).tolist()
                for name in ("account_id", "service", "component", "basis", "volume_num", "volume_den")
            ),
            strict=True,
        )
        if basis not in skipped and (service, component) != HEAT
    ]
