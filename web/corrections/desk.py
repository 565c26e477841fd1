"""A late fact of one account at the desk: what happened, since when, by what document; what it changes in
past
months, at once; then the fact is kept and the difference drafted.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from billing.services import CATALOGUE
from storage import account_meters, account_pages, people, premises
from storage.absences import PROOFS, AbsenceRow, NewAbsence, absences_of, add_absence, withdraw_absence
from storage.account_meters import MeterRow
from storage.account_pages import AccountHead
from storage.correction_pages import AccountCorrection, of_account
from storage.correction_preview import PastPreview, preview_past
from storage.corrections import Ground, request_correction
from storage.meter_checks import CheckRow, checks_of_account
from storage.people import Deed, PeopleRefused
from storage.reading_inbox import InboxState, state_of
from storage.recompute import MONTHS_MAX
from storage.runs import RunRefused
from storage.session import Session
from storage.unauthorised import UseRow, uses_of
from web import clock
from web.corrections.check import check
from web.corrections.unauthorised import USE_SERVICES, USE_WAYS, unauthorised
from web.corrections.words import CORRECTORS, READERS
from web.deps import CurrentUser, Reader, Writer, address_of, database, scope_of
from web.errors import Conflict, NotFound, PageError
from web.filters import date_short, money, month
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/corrections/accounts/{account_id:int}", dependencies=[allow(*READERS)])

FACTS = {
    "moved_out": "Человек выехал",
    "area": "Изменилась площадь",
    "absence": "Временно отсутствовали",
    "reading": "Исправлено показание",
    "check": "Проверка счётчика",
    "unauthorised": "Вмешательство, подключение",
    "since": "Данные уже внесены",
}
BY_DEED = ("moved_out", "area", "absence", "check", "unauthorised", "since")
"""Facts that this form makes itself; readings go through the intake (web.corrections.reading)."""
REASON_OF = {
    "moved_out": "people",
    "area": "area",
    "absence": "absence",
    "check": "check",
    "unauthorised": "unauthorised",
    "since": "other",
}
GROUND_MAX = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """A judged form: the month it begins to matter, the ground, how the fact is made (None: it is there)."""

    first: Period
    ground: Ground
    make: Callable[[Session], Awaitable[object]] | None
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the fact would change, by month; or in words why nothing is shown."""

    preview: PastPreview | None
    words: str
    first: Period | None


@dataclass(frozen=True, slots=True)
class DeskView:
    """The page of an account's late facts."""

    account: AccountHead
    opened: Period
    fact: str
    facts: dict[str, str]
    form: Typed
    proofs: dict[str, str]
    months: list[tuple[str, str]]
    absences: list[AbsenceRow]
    uses: list[UseRow]
    checks: list[CheckRow]
    use_services: list[tuple[str, str]]
    use_ways: list[tuple[str, str]]
    done: list[AccountCorrection]
    outcome: Outcome | None
    may_draft: bool
    base: str
    meters: list[tuple[str, str]]
    zones: int
    question: str
    sent: InboxState | None


async def account_of(session: Session, me: Me, account_id: int) -> tuple[AccountHead, Period]:
    """The account under the person's scope, and the open month."""
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    account = await account_pages.head(session, account_id, me.open_period, clock.today())
    if account is None:
        raise NotFound("Такого счёта нет.", "Проверьте номер или найдите квартиру через поиск.")
    return account, Period.of(me.open_period)


@router.get("")
async def show(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """The form of the fact chosen by ?fact=; ?since= names the month when the data are entered already."""
    account, opened = await account_of(session, me, account_id)
    form = Typed({name: value[:300] for name, value in request.query_params.items()})
    form.values["command"] = secrets.token_hex(16)
    form.values.setdefault("people", "1")
    form.values.setdefault("since", str(opened.shift(-1)))
    view = await desk_view(session, me, account, opened, form)
    return page(request, "corrections/desk.html", view, "fact")


async def desk_view(
    session: Session,
    me: Me,
    account: AccountHead,
    opened: Period,
    form: Typed,
    outcome: Outcome | None = None,
    question: str = "",
) -> DeskView:
    """Everything of the page."""
    found = await account_meters.meters(session, account.id, opened.first_day)
    chosen = next((one for one in found if str(one.id) == form.value("meter")), found[0] if found else None)
    sent = form.value("sent")
    fact = form.value("fact") if form.value("fact") in FACTS else "moved_out"
    months = [opened.shift(-back) for back in range(1, MONTHS_MAX + 1)]
    return DeskView(
        account=account,
        opened=opened,
        fact=fact,
        facts=FACTS,
        form=form,
        proofs={"": "Выберите", **PROOFS},
        months=[(str(one), month(one.first_day)) for one in months],
        absences=await absences_of(session, account.id),
        uses=await uses_of(session, account.id) if fact == "unauthorised" else [],
        checks=await checks_of_account(session, account.id) if fact == "check" else [],
        use_services=USE_SERVICES,
        use_ways=USE_WAYS,
        done=await of_account(session, account.id, with_drafts=True),
        outcome=outcome,
        may_draft=me.may(*CORRECTORS),
        base=f"/corrections/accounts/{account.id}",
        meters=[(str(one.id), _meter_words(one)) for one in found],
        zones=max((one.zones for one in found), default=1)
        if fact == "check"
        else chosen.zones
        if chosen
        else 1,
        question=question,
        sent=await state_of(session, "company", sent) if sent else None,
    )


def _meter_words(one: MeterRow) -> str:
    place = f", {one.place}" if one.place else ""
    of_flat = ", общий на квартиру" if one.kind == "flat" else ""
    return f"{CATALOGUE[one.service].label} № {one.serial}{of_flat}{place}"


# ---- judging -----------------------------------------------------------------------------------------------


def judge(request: Request, form: Typed, account: AccountHead, opened: Period, me: Me) -> Asked | None:
    """The fact of a form; None with errors beside its fields."""
    fact = form.choice("fact", BY_DEED, "Выберите, что произошло.")
    document = form.text("ground", "Укажите документ и номер: «Справка № 5».", GROUND_MAX)
    day = form.date("ground_on", "Укажите дату документа: 03.10.2026.")
    if day is not None and day > clock.today():
        form.refuse("ground_on", "Документ из будущего. Проверьте дату.")
    if fact not in BY_DEED:
        return None
    words = f"{document} от {date_short(day)}" if day is not None else document
    deed = Deed(me.user_id, words, address_of(request))
    judges = {
        "moved_out": _moved_out,
        "area": _area,
        "absence": _absence,
        "check": check,
        "unauthorised": unauthorised,
        "since": _since,
    }
    found = judges[fact](form, account, deed)
    if not form.is_good or found is None or day is None:
        return None
    since, make = found
    first = max(Period.of(since), opened.shift(-MONTHS_MAX))
    return Asked(first, Ground(REASON_OF[fact], document, day, form.value("note")), make, FACTS[fact])


Found = tuple[dt.date, Callable[[Session], Awaitable[object]] | None]


def _moved_out(form: Typed, account: AccountHead, deed: Deed) -> Found | None:
    chosen = next(
        (one for one in account.people if str(one.registration_id) == form.value("registration")), None
    )
    if chosen is None:
        form.refuse("registration", "Выберите, кто выехал.")
    last = form.date("day", "Укажите последний день проживания: 14.05.2026.")
    if last is not None and last >= clock.today():
        form.refuse("day", "Этот день ещё не прошёл. Внесите выезд в карточке счёта.")
    if chosen is None or last is None or not form.is_good:
        return None
    registration, after = chosen.registration_id, last + dt.timedelta(days=1)

    async def make(session: Session) -> object:
        return await people.deregister(session, registration, after, deed)

    return after, make


def _area(form: Typed, account: AccountHead, deed: Deed) -> Found | None:
    area = form.scaled("area", 2, "Введите площадь числом: 54,3.")
    day = form.date("day", "Укажите, с какого дня площадь другая: 01.05.2026.")
    if day is not None and day < account.opened_on:
        form.refuse("day", f"Счёт открыт {date_short(account.opened_on)}. Укажите день не раньше.")
    if area is None or day is None or not form.is_good:
        return None

    async def make(session: Session) -> object:
        return await premises.change_area(session, account.id, day, deed, area_dm2=area)

    return day, make


def _absence(form: Typed, account: AccountHead, deed: Deed) -> Found | None:
    left = form.date("left", "Укажите день отъезда: 03.06.2026.")
    back = form.date("back", "Укажите день возвращения: 20.06.2026.")
    applied = form.date("applied_on", "Укажите день заявления: 25.06.2026.")
    count = form.integer("people", "Укажите, сколько человек отсутствовало.")
    proof = form.choice("proof", tuple(PROOFS), "Выберите, чем подтверждено отсутствие.")
    if left is None or back is None or applied is None or count is None or not form.is_good:
        return None
    new = NewAbsence(left, back, count, proof, applied, form.value("forced") == "1")

    async def make(session: Session) -> object:
        return await add_absence(session, account.id, new, deed)

    return left, make


def _since(form: Typed, account: AccountHead, deed: Deed) -> Found | None:
    since = form.period("since")
    return None if since is None else (since.first_day, None)


FIELD_OF = {
    "order": "back",
    "short": "back",
    "long": "back",
    "people": "people",
    "proof": "proof",
    "late": "applied_on",
    "area": "area",
    "before_account": "day",
    "closed": "day",
    "ended": "day",
    "stale": "registration",
    "first": "first",
    "fixed": "fixed",
    "capacity": "capacity",
    "meter": "meter",
    "number": "number",
    "checked_on": "checked_on",
    "value1": "value1",
    "service": "service",
    "way": "way",
}
"""Where a refusal of storage stands on the form; over it when it is not here."""


# ---- what it would change
# ------------------------------------------------------------------------------------


@router.post("/preview")
async def preview(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """The difference by months and services, computed now; nothing is kept."""
    account, opened = await account_of(session, me, account_id)
    form = await read_form(request)
    asked = judge(request, form, account, opened, me)
    outcome = None
    if asked is not None:
        try:
            outcome = await _outcome(request, account, opened, asked)
        except PeopleRefused as refused:
            form.refuse(FIELD_OF.get(refused.code, ""), refused.message)
    view = await desk_view(session, me, account, opened, form, outcome)
    status = 200 if form.is_good else 422
    return page(request, "corrections/desk.html", view, "fact", status=status)


async def _outcome(request: Request, account: AccountHead, opened: Period, asked: Asked) -> Outcome:
    if asked.first >= opened:
        words = "Прошлых месяцев это не касается: войдёт в ближайшее начисление."
        return Outcome(None, words, None)
    scope = scope_of(request)
    assert scope is not None, "somebody is signed in"
    found = await preview_past(database(request), scope, account.id, asked.first, None, asked.make)
    if found.parked is not None:
        return Outcome(found, f"Не посчитать. {found.parked}", asked.first)
    if not found.changes:
        return Outcome(found, "Разницы нет: по этим данным месяцы выходят такими же.", asked.first)
    total = found.total_kopecks
    way = "снимется" if total < 0 else "доначислится"
    return Outcome(found, f"В {month(opened.first_day)} {way} {money(abs(total))}.", asked.first)


@router.post("/commit", dependencies=[allow(*CORRECTORS)])
async def commit(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Keep the fact and ask for the draft of the difference, in one transaction."""
    account, opened = await account_of(session, me, account_id)
    form = await read_form(request)
    asked = judge(request, form, account, opened, me)
    if asked is not None:
        try:
            async with session.begin_nested():
                if asked.make is not None:
                    await asked.make(session)
                if asked.first >= opened:
                    return see_other(request, f"/accounts/{account_id}")
                run_id = await _draft(session, me, account, asked, form)
            return see_other(request, f"/corrections/{run_id}")
        except PeopleRefused as refused:
            form.refuse(FIELD_OF.get(refused.code, ""), refused.message)
        except RunRefused as refused:
            form.refuse("", refused.message)
    view = await desk_view(session, me, account, opened, form)
    return page(request, "corrections/desk.html", view, "fact", status=422)


async def _draft(session: Session, me: Me, account: AccountHead, asked: Asked, form: Typed) -> int:
    with_house = form.value("house") == "1"
    command = form.value("command")
    return await request_correction(
        session,
        "house" if with_house else "account",
        account.house_id if with_house else account.id,
        asked.first,
        None,
        asked.ground,
        me.user_id,
        command if 16 <= len(command) <= 64 else None,
    )


@router.post("/absences/{absence_id:int}/withdraw", dependencies=[allow(*CORRECTORS)])
async def withdraw(
    request: Request, account_id: int, absence_id: int, me: CurrentUser, session: Writer
) -> Response:
    """Take an absence back; the months it touched are corrected from the page that follows."""
    form = await read_form(request)
    ground = form.value("ground") or "Внесено ошибочно"
    try:
        account = await withdraw_absence(session, absence_id, Deed(me.user_id, ground, address_of(request)))
    except PeopleRefused as refused:
        raise Conflict("Отсутствие не отменено.", refused.message) from refused
    return see_other(request, f"/corrections/accounts/{account}?fact=since&done=withdrawn")
