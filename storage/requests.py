"""Requests to the dispatcher: logged once by a key, moved by allowed steps, never behind somebody's back.

Every step is a row of request_events. A step names the version it was decided on; when somebody was faster
the step is refused with who did what (RequestChanged), and nothing is written.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.deadline import CATEGORIES, deadline
from storage.penalty_law import working_calendar
from storage.session import Session

TEXT_MAX = 2_000
STATE_WORDS = {
    "open": "открыта",
    "in_work": "в работе",
    "postponed": "отложена",
    "done": "выполнена",
    "closed": "закрыта",
    "cancelled": "отменена",
}
MOVES: dict[str, tuple[str, ...]] = {
    "open": ("in_work", "postponed", "cancelled"),
    "in_work": ("done", "postponed", "open", "cancelled"),
    "postponed": ("in_work", "open", "cancelled"),
    "done": ("closed", "open"),
    "closed": (),
    "cancelled": (),
}
"""From a state, which states may follow; closed and cancelled are final."""


class RequestRefused(ValueError):
    """A request or a step that cannot be taken; the message says why and what to do. field: of the form."""

    permanent = True

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


class RequestChanged(RequestRefused):
    """Somebody changed the request after it was looked at."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What is logged. key: of the form, so that a second press of the button logs nothing."""

    house_id: int
    flat_id: int | None
    account_id: int | None
    category: str
    text: str
    is_emergency: bool
    phone: str
    applicant: str
    source: str
    key: str
    user_id: int


@dataclass(frozen=True, slots=True)
class Logged:
    """A request in the journal: its number for the caller and when it must be done."""

    id: int
    number: int
    deadline_at: dt.datetime
    deadline_ground: str
    is_repeat: bool


async def log_request(session: Session, new: NewRequest, now: dt.datetime) -> Logged:
    """Write the request and its first event; the same key again gives the first answer.

    now carries the zone of the house. Raises RequestRefused: no such place, another text under the same key.
    """
    _judge(new)
    earlier = await _earlier(session, new)
    if earlier is not None:
        return earlier
    company_id = await _company_of(session, new)
    until, ground = deadline(new.category, new.is_emergency, now, await working_calendar(session))
    row = (
        await session.execute(
            text("""
            INSERT INTO service_requests (number, company_id, house_id, flat_id, account_id, applicant, phone,
                                          source, category, text, is_emergency, deadline_at, deadline_ground,
                                          created_by, idempotency_key)
            VALUES (nextval('service_request_numbers'), :company_id, :house_id, :flat_id, :account_id,
                    :applicant, :phone, :source, :category, :text, :is_emergency, :until, :ground, :user_id,
                    :key)
            ON CONFLICT (idempotency_key) DO NOTHING RETURNING id, number"""),
            {
                "company_id": company_id,
                "house_id": new.house_id,
                "flat_id": new.flat_id,
                "account_id": new.account_id,
                "applicant": new.applicant or None,
                "phone": new.phone or None,
                "source": new.source,
                "category": new.category,
                "text": new.text,
                "is_emergency": new.is_emergency,
                "until": until,
                "ground": ground,
                "user_id": new.user_id,
                "key": new.key,
            },
        )
    ).one_or_none()
    if row is None:  # the same key was committed between our look and our write
        again = await _earlier(session, new)
        assert again is not None, "a key that conflicts is there"
        return again
    said = f"Заявка принята, срок до {until:%d.%m.%Y %H:%M}: {ground}."
    await _event(session, row.id, company_id, new.user_id, "open", said, to_resident=True)
    return Logged(row.id, row.number, until, ground, is_repeat=False)


def _judge(new: NewRequest) -> None:
    if new.category not in CATEGORIES:
        raise RequestRefused("category", "Выберите, о чём заявка.", "category")
    if not new.text:
        raise RequestRefused("text", "Напишите, что случилось: одной фразы достаточно.", "text")
    if len(new.text) > TEXT_MAX:
        words = f"Слишком длинно: {len(new.text)} знаков, помещается {TEXT_MAX}. Сократите."
        raise RequestRefused("text", words, "text")


async def _earlier(session: Session, new: NewRequest) -> Logged | None:
    row = (
        await session.execute(
            text(
                "SELECT id, number, deadline_at, deadline_ground, text, house_id FROM service_requests "
                "WHERE idempotency_key = :key"
            ),
            {"key": new.key},
        )
    ).one_or_none()
    if row is None:
        return None
    if (row.text, row.house_id) != (new.text, new.house_id):
        raise RequestRefused(
            "key_reused",
            f"Эта форма уже отправлена: заявка № {row.number}. Для другой заявки откройте форму заново.",
        )
    return Logged(row.id, row.number, row.deadline_at, row.deadline_ground, is_repeat=True)


async def _company_of(session: Session, new: NewRequest) -> int:
    """Company of the house; the flat and the account must stand in it."""
    row = (
        await session.execute(
            text("""
            SELECT h.company_id,
                   (CAST(:flat_id AS int) IS NULL OR EXISTS (
                     SELECT 1 FROM flats f WHERE f.id = :flat_id AND f.house_id = h.id)) AS has_flat,
                   (CAST(:account_id AS int) IS NULL OR EXISTS (
                     SELECT 1 FROM accounts a WHERE a.id = :account_id AND a.house_id = h.id)) AS has_account
              FROM houses h WHERE h.id = :house_id"""),
            {"house_id": new.house_id, "flat_id": new.flat_id, "account_id": new.account_id},
        )
    ).one_or_none()
    if row is None:
        raise RequestRefused("house", "Выберите дом: найдите его по улице и номеру.", "place")
    if not row.has_flat or not row.has_account:
        raise RequestRefused("flat", "Такой квартиры в этом доме нет. Проверьте номер.", "flat")
    return int(row.company_id)


async def _event(
    session: Session,
    request_id: int,
    company_id: int,
    user_id: int,
    state: str | None,
    message: str,
    *,
    to_resident: bool,
) -> None:
    await session.execute(
        text("""
        INSERT INTO request_events (request_id, company_id, user_id, state, message, to_resident)
        VALUES (:request_id, :company_id, :user_id, :state, :message, :to_resident)"""),
        {
            "request_id": request_id,
            "company_id": company_id,
            "user_id": user_id,
            "state": state,
            "message": message,
            "to_resident": to_resident,
        },
    )


# ---- steps ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A move decided on a version of the request. words: result, reason or order, as typed."""

    to: str
    version: int
    user_id: int
    words: str = ""
    assignee: str = ""
    until: dt.datetime | None = None


async def move(session: Session, request_id: int, step: Step, now: dt.datetime) -> None:
    """Take one step.

    Raises RequestRefused (not there, not allowed, something is missing) or RequestChanged.
    """
    row = await _current(session, request_id)
    await _same_version(session, request_id, row.version, step.version)
    if step.to not in MOVES[row.state]:
        raise RequestRefused(
            "move",
            f"Заявка {STATE_WORDS[row.state]}: перевести её в «{STATE_WORDS.get(step.to, step.to)}» нельзя.",
        )
    _judge_step(step, now)
    is_end = step.to in ("done", "closed", "cancelled")
    await _update(
        session,
        request_id,
        step.version,
        """state = :to, assignee = coalesce(nullif(:assignee, ''), assignee),
           started_at = CASE WHEN :to = 'in_work' THEN coalesce(started_at, :now) ELSE started_at END,
           postponed_until = CASE WHEN :to = 'postponed' THEN CAST(:until AS timestamptz) END,
           finished_at = CASE WHEN :is_end THEN coalesce(finished_at, :now) END,
           result = CASE WHEN :to = 'done' THEN :words ELSE result END""",
        {
            "to": step.to,
            "assignee": step.assignee,
            "now": now,
            "until": step.until,
            "is_end": is_end,
            "words": step.words,
        },
    )
    said = _said(step)
    await _event(session, request_id, row.company_id, step.user_id, step.to, said, to_resident=True)


def _judge_step(step: Step, now: dt.datetime) -> None:
    if step.to == "done" and not step.words:
        raise RequestRefused("result", "Напишите, что сделано: это увидит житель.", "words")
    if step.to in ("cancelled", "open") and not step.words:
        raise RequestRefused("reason", "Напишите причину: её увидит житель.", "words")
    if step.to == "postponed":
        if step.until is None or step.until <= now:
            raise RequestRefused("until", "Укажите, до какого дня отложить: позже сегодняшнего.", "until")
        if not step.words:
            raise RequestRefused("reason", "Напишите, почему отложена и что будет потом.", "words")
    if len(step.words) > TEXT_MAX:
        words = f"Слишком длинно: {len(step.words)} знаков, помещается {TEXT_MAX}. Сократите."
        raise RequestRefused("words", words, "words")


def _said(step: Step) -> str:
    if step.to == "in_work":
        who = f": {step.assignee}" if step.assignee else ""
        return f"Взята в работу{who}." + (f" {step.words}" if step.words else "")
    if step.to == "postponed":
        assert step.until is not None, "judged before"
        return f"Отложена до {step.until:%d.%m.%Y}. {step.words}"
    if step.to == "done":
        return f"Выполнена. {step.words}"
    if step.to == "closed":
        return "Закрыта: житель подтвердил." + (f" {step.words}" if step.words else "")
    if step.to == "cancelled":
        return f"Отменена. {step.words}"
    return f"Снова открыта. {step.words}"


async def prolong(
    session: Session,
    request_id: int,
    version: int,
    until: dt.datetime,
    reason: str,
    user_id: int,
    now: dt.datetime,
) -> None:
    """A later deadline with its reason. Raises RequestRefused or RequestChanged."""
    row = await _current(session, request_id)
    await _same_version(session, request_id, row.version, version)
    if not MOVES[row.state] or row.state == "done":
        raise RequestRefused("move", f"Заявка {STATE_WORDS[row.state]}: срок у неё уже не меняется.")
    if until <= now:
        raise RequestRefused("until", "Новый срок уже прошёл. Укажите время позже.", "until")
    if not reason:
        raise RequestRefused("reason", "Напишите причину продления: её увидит житель.", "words")
    await _update(
        session,
        request_id,
        version,
        "deadline_at = :until, deadline_ground = :ground",
        {"until": until, "ground": f"продлено: {reason}"[:TEXT_MAX]},
    )
    said = f"Срок продлён до {until:%d.%m.%Y %H:%M}. {reason}"
    await _event(session, request_id, row.company_id, user_id, None, said, to_resident=True)


async def say(session: Session, request_id: int, words: str, user_id: int, *, to_resident: bool) -> None:
    """Words in the history: to the resident or among colleagues. Raises RequestRefused."""
    row = await _current(session, request_id)
    if not words:
        raise RequestRefused("words", "Напишите сообщение.", "message")
    if len(words) > TEXT_MAX:
        said = f"Слишком длинно: {len(words)} знаков, помещается {TEXT_MAX}. Сократите."
        raise RequestRefused("words", said, "message")
    await _event(session, request_id, row.company_id, user_id, None, words, to_resident=to_resident)


@dataclass(frozen=True, slots=True)
class _Current:
    state: str
    version: int
    company_id: int


async def _current(session: Session, request_id: int) -> _Current:
    row = (
        await session.execute(
            text("SELECT state, version, company_id FROM service_requests WHERE id = :id"), {"id": request_id}
        )
    ).one_or_none()
    if row is None:
        raise RequestRefused("unknown", "Такой заявки нет. Проверьте номер или найдите её через поиск.")
    return _Current(row.state, row.version, row.company_id)


async def _same_version(session: Session, request_id: int, now: int, seen: int) -> None:
    """Raise RequestChanged with the last step of the one who was faster."""
    if now == seen:
        return
    row = (
        await session.execute(
            text("""
            SELECT e.message, paylogic_staff_name(e.user_id) AS full_name FROM request_events e
             WHERE e.request_id = :id ORDER BY e.id DESC LIMIT 1"""),
            {"id": request_id},
        )
    ).one_or_none()
    who = (row.full_name if row else None) or "другой сотрудник"
    what = row.message if row else "заявка изменена"
    raise RequestChanged(
        "changed", f"Пока вы смотрели, заявку изменили ({who}): {what} Посмотрите ещё раз и решите заново."
    )


async def _update(
    session: Session, request_id: int, version: int, changes: str, values: dict[str, object]
) -> None:
    """Change the row of exactly this version. Raises RequestChanged when another step was committed first."""
    done = await session.scalar(
        text(
            f"UPDATE service_requests SET {changes}, version = version + 1 "  # noqa: S608
            "WHERE id = :id AND version = :version RETURNING true"
        ),
        {**values, "id": request_id, "version": version},
    )
    if not done:
        await _same_version(session, request_id, version + 1, version)
