"""Corrections of past months as people ask for them: a package is a run of kind `correction` with its ground.

Each function changes rows and puts a command into the outbox in the caller's transaction; workers compute and
publish as they do any run. A refusal is RunRefused with words for the person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import text

from billing.period import Period
from storage import audit, late_facts, outbox
from storage.correction_limit import alone_limit, moved_kopecks
from storage.late_facts import Chosen, Filter
from storage.recompute import MONTHS_MAX
from storage.runs import PUBLISH, START, RunRefused, log, notify, refuse_empty, refuse_outdated
from storage.session import Session

REASONS = {
    "people": "Изменился состав проживающих",
    "absence": "Временное отсутствие",
    "area": "Изменилась площадь",
    "reading": "Исправлено показание",
    "meter": "Счётчик: поверка, замена, неисправность",
    "quality": "Перерыв или качество услуги",
    "tariff": "Изменён или отменён тариф, норматив",
    "service": "Услуга подключена или отключена",
    "court": "Решение суда, предписание",
    "check": "Акт проверки счётчика",
    "unauthorised": "Акт о вмешательстве или самовольном подключении",
    "other": "Другая причина",
}
SMALL_SCOPES = ("account", "house")  # their lines lie on shelves
GROUND_MAX = 300
NOTE_MAX = 1000
SUM_MAX = 100_000_000_00  # a hundred million roubles is a slip of the pen


@dataclass(frozen=True, slots=True)
class Ground:
    """Why: reason code, document with its date, a note for colleagues."""

    reason: str
    document: str
    day: dt.date
    note: str = ""

    def check(self) -> None:
        """Raise RunRefused unless it says enough."""
        if self.reason not in REASONS:
            raise RunRefused("no-reason", "Выберите причину перерасчёта из списка.", 422)
        if not self.document.strip():
            raise RunRefused("no-ground", "Укажите основание: документ и номер.", 422)
        if len(self.document) > GROUND_MAX or len(self.note) > NOTE_MAX:
            raise RunRefused("too-long", "Основание или пояснение слишком длинное. Сократите.", 422)


@dataclass(frozen=True, slots=True)
class HandSum:
    """A sum a person writes: of one service in one month; minus takes it off the bill."""

    period: Period
    service: int
    kopecks: int


# ---- asking ------------------------------------------------------------------------------------------------


async def request_correction(
    session: Session,
    scope_kind: str,
    scope_id: int | None,
    first: Period,
    last: Period | None,
    ground: Ground,
    user_id: int | None,
    command_id: str | None = None,
) -> int:
    """Plan a correction of past months first … last (None = the last closed one); the id of its run.

    The same command_id again gives the same correction.
    """
    ground.check()
    opened = await _open_month(session)
    until = last or opened.shift(-1)
    _check_months(first, until, opened)
    run_id = await _insert(
        session, scope_kind, scope_id, "recalculated", first, until, opened, ground, user_id, command_id
    )
    oldest = opened.shift(-MONTHS_MAX)
    await late_facts.take_in(session, run_id, scope_kind, scope_id, (first, until), oldest)
    return run_id


async def request_late(
    session: Session,
    wanted: Filter,
    day: dt.date,
    user_id: int | None,
    command_id: str | None = None,
) -> int:
    """Plan a correction of the houses of waiting late facts over all months they touch; the id of its run.

    day: today, the date of a package that rests on several documents. The same command_id again gives the
    same correction.
    """
    opened = await _open_month(session)
    known = await session.scalar(text("SELECT id FROM runs WHERE command_id = :id"), {"id": command_id})
    if known is not None:
        return int(known)
    found = await late_facts.chosen(session, wanted)
    if not found.facts_count or found.first is None or found.last is None:
        raise RunRefused("nothing-waits", "Этих фактов в очереди уже нет: их взяли в перерасчёт или убрали.")
    first = max(Period.of(found.first), opened.shift(-MONTHS_MAX))
    last = min(Period.of(found.last), opened.shift(-1))
    if first > last:
        raise RunRefused(
            "too-old", f"Эти факты старше {MONTHS_MAX} месяцев: срок исковой давности прошёл.", 422
        )
    is_house = found.house_id is not None and not found.values_count
    run_id = await _insert(
        session,
        "house" if is_house else "late",
        found.house_id if is_house else None,
        "recalculated",
        first,
        last,
        opened,
        _ground_of(found, day),
        user_id,
        command_id,
        company_id=None if found.values_count else found.company_id,
    )
    if not await late_facts.take(session, run_id, wanted, opened):
        raise RunRefused("nothing-waits", "Эти факты только что взял в перерасчёт другой сотрудник.")
    return run_id


def _ground_of(found: Chosen, day: dt.date) -> Ground:
    """The document of the facts when they share one; else that they are several."""
    document = found.ground or f"Факты, внесённые задним числом: {found.facts_count}"
    return Ground(REASON_OF_KIND.get(found.kind or "", "other"), document, day)


REASON_OF_KIND = {
    "people": "people",
    "owner": "people",
    "area": "area",
    "absence": "absence",
    "reading": "reading",
    "meter": "meter",
    "quality": "quality",
    "tariff": "tariff",
    "norm": "tariff",
}


def _check_months(first: Period, last: Period, opened: Period) -> None:
    if first > last:
        raise RunRefused("months", f"Первый месяц {first.title} позже последнего, {last.title}.", 422)
    if last >= opened:
        raise RunRefused(
            "month-open",
            f"{opened.title.capitalize()} ещё открыт: его начисляют прогоном, перерасчёт нужен для "
            f"прошлых месяцев.",
            422,
        )
    if last.ordinal - first.ordinal + 1 > MONTHS_MAX:
        raise RunRefused(
            "too-many-months",
            f"За один раз пересчитывают не больше {MONTHS_MAX} месяцев. Разделите на части.",
            422,
        )


async def request_manual(
    session: Session,
    account_id: int,
    sums: Sequence[HandSum],
    ground: Ground,
    user_id: int | None,
    command_id: str | None = None,
) -> int:
    """A correction by hand; the id of its run. Each sum is of a service the account was charged for."""
    ground.check()
    opened = await _open_month(session)
    if not sums or any(one.kopecks == 0 or abs(one.kopecks) > SUM_MAX for one in sums):
        raise RunRefused("sum", "Введите сумму больше нуля, со знаком минус — чтобы снять.", 422)
    months = [one.period for one in sums]
    if max(months) > opened:
        raise RunRefused("month-ahead", f"Месяц {max(months).title} ещё не начался.", 422)
    run_id = await _insert(
        session,
        "account",
        account_id,
        "manual",
        min(months),
        max(months),
        opened,
        ground,
        user_id,
        command_id,
        sums,
    )
    return run_id


async def _insert(
    session: Session,
    scope_kind: str,
    scope_id: int | None,
    kind: str,
    first: Period,
    last: Period,
    opened: Period,
    ground: Ground,
    user_id: int | None,
    command_id: str | None,
    sums: Sequence[HandSum] = (),
    company_id: int | None = None,
) -> int:
    command_id = command_id or uuid4().hex
    company_id = company_id if scope_kind == "late" else await _company(session, scope_kind, scope_id)
    run_id: int | None = await session.scalar(
        text(SHELVED if scope_kind in SMALL_SCOPES else OWN),
        {
            "period": opened.first_day,
            "kind": scope_kind,
            "scope_id": scope_id,
            "company_id": company_id,
            "command_id": command_id,
            "user_id": user_id,
        },
    )
    if run_id is None:  # the same command again
        return int(
            await session.scalar(text("SELECT id FROM runs WHERE command_id = :id"), {"id": command_id}) or 0
        )
    await session.execute(
        text(CORRECTION),
        {
            "run_id": run_id,
            "kind": kind,
            "reason": ground.reason,
            "ground": ground.document.strip(),
            "ground_on": ground.day,
            "note": ground.note.strip(),
            "first": first.first_day,
            "last": last.first_day,
            "company_id": company_id,
        },
    )
    for one in sums:
        await _insert_sum(session, run_id, int(scope_id or 0), one)
    await audit.record(
        session,
        "correction_asked",
        "run",
        run_id,
        user_id=user_id,
        company_id=company_id,
        after={"kind": kind, "reason": ground.reason, "from": first.first_day, "to": last.first_day},
        ground=ground.document,
    )
    await outbox.add(session, START, {"run_id": run_id, "user_id": user_id}, f"run-{command_id}")
    return run_id


RUN = """
INSERT INTO runs ({names}period, scope_kind, scope_id, company_id, command_id, created_by, kind)
VALUES ({values}:period, :kind, :scope_id, :company_id, :command_id, :user_id, 'correction')
ON CONFLICT (command_id) DO NOTHING RETURNING id"""
OWN = RUN.format(names="", values="")
SHELVED = RUN.format(names="id, ", values="nextval('correction_run_ids')::int, ")
CORRECTION = """
INSERT INTO corrections (run_id, kind, reason, ground, ground_on, note, first_period, last_period, company_id)
VALUES (:run_id, :kind, :reason, :ground, :ground_on, :note, :first, :last, :company_id)"""
SUM = """
INSERT INTO correction_sums (run_id, account_id, company_id, period, service, supplier_id, amount_kopecks)
SELECT :run_id, a.id, a.company_id, :period, :service, s.supplier_id, :kopecks FROM accounts a
  JOIN LATERAL (
    SELECT l.supplier_id FROM lines l JOIN runs r ON r.id = l.run_id
     WHERE l.account_id = a.id AND l.service = :service AND r.state = 'published'
     ORDER BY (r.period = :period) DESC, r.period DESC LIMIT 1) s ON true
 WHERE a.id = :account_id RETURNING id"""


async def _insert_sum(session: Session, run_id: int, account_id: int, one: HandSum) -> None:
    """The payee is whoever supplied the service in that month, or lastly."""
    found = await session.scalar(
        text(SUM),
        {
            "run_id": run_id,
            "account_id": account_id,
            "period": one.period.first_day,
            "service": one.service,
            "kopecks": one.kopecks,
        },
    )
    if found is None:
        raise RunRefused(
            "never-charged",
            "По этой услуге счёту ещё ничего не начисляли, корректировать нечего. Выберите другую услугу.",
            422,
        )


async def _open_month(session: Session) -> Period:
    opened: dt.date | None = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
    if opened is None:
        raise RunRefused(
            "month-not-open", "Открытого месяца нет: перерасчёт некуда провести. Откройте месяц."
        )
    return Period.of(opened)


SCOPES = {
    "organisation": (
        "SELECT id FROM organisations WHERE id = :id AND kind = 'company'",
        "Организация не найдена.",
    ),
    "house": ("SELECT company_id FROM houses WHERE id = :id", "Дом не найден."),
    "account": ("SELECT company_id FROM accounts WHERE id = :id", "Лицевой счёт не найден."),
}


async def _company(session: Session, scope_kind: str, scope_id: int | None) -> int | None:
    """The company of the scope; refuses one that is not there, or not ours to see."""
    if scope_kind == "city":
        return None
    query, missing = SCOPES[scope_kind]
    found: int | None = await session.scalar(text(query), {"id": scope_id})
    if found is None:
        raise RunRefused("scope-not-found", f"{missing} Проверьте, что пересчитать.", 404)
    return found


# ---- posting -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a draft handed over: posted at once, or waiting for another person."""

    is_alone: bool
    moved_kopecks: int
    limit_kopecks: int


async def hand_over(session: Session, run_id: int, user_id: int) -> Handed:
    """Post a checked correction: at once when it is small, else it waits for another person."""
    run = (await session.execute(text(HEAD), {"id": run_id})).one_or_none()
    if run is None:
        raise RunRefused("correction-not-found", f"Перерасчёта {run_id} нет.", 404)
    if run.state != "checked":
        raise RunRefused("run-not-checked", "Перерасчёт ещё не посчитан, уже проведён или отменён.")
    await refuse_empty(run)
    await refuse_outdated(session, run_id)
    moved = await moved_kopecks(session, run_id)
    limit = await alone_limit(session, run.company_id, run.period)
    is_alone = moved <= limit
    changed = await session.scalar(
        text(
            "UPDATE runs SET requested_by = :user, requested_at = clock_timestamp(), one_person = :alone "
            "WHERE id = :id AND state = 'checked' AND requested_by IS NULL RETURNING id"
        ),
        {"user": user_id, "id": run_id, "alone": is_alone},
    )
    if changed is None:
        raise RunRefused("publication-asked", "Перерасчёт уже передан и ждёт второго человека.")
    words = "Проводится одним человеком, сумма в пределах" if is_alone else "Передано второму человеку"
    await log(session, run_id, "publication_asked", words, user_id)
    if is_alone:
        payload = {"run_id": run_id, "user_id": user_id}
        await outbox.add(session, PUBLISH, payload, f"publish-{run_id}-{uuid4().hex}")
    await notify(session, run_id)
    return Handed(is_alone, moved, limit)


HEAD = """
SELECT r.id, r.period, r.kind, r.state, r.company_id, r.lines_count FROM runs r JOIN corrections c ON
c.run_id = r.id
 WHERE r.id = :id"""
