"""«Раздел счёта»: separate documents of co-owners of one premises, with the money of each shown first."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from billing.period import Period
from billing.services import BY_PEOPLE, CATALOGUE
from storage import account_pages, divisions
from storage.account_pages import AccountHead
from storage.divisions import DivisionRow, NewPart
from storage.people import Deed, PeopleRefused
from storage.preview import what_if_premises
from storage.session import Session
from web import clock
from web.accounts.card import ACCOUNT_STAFF, OPERATORS
from web.accounts.edits import FUTURE_MAX, GROUND_MAX, month_words
from web.deps import CurrentUser, Reader, Writer, address_of, database, scope_of
from web.errors import NotFound, PageError
from web.filters import date_short
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/accounts/{account_id}/division", dependencies=[allow(*ACCOUNT_STAFF)])

FIELDS = {"first": "first", "order": "first", "share": "others", "sum": "others", "parts": "others"}
FIELDS |= {"payer": "others", "last": "last"}
DONE = {
    "divided": "Раздел счёта записан.",
    "ended": "Раздел прекращён: с этого месяца снова одна квитанция.",
    "undone": "Последнее действие отменено.",
}
SHARE = re.compile(r"^(\d{1,7})\s*/\s*(\d{1,7})$")
SHARE_WORDS = "Доля — два целых числа через черту: 1/2."
LINE_WORDS = "Каждого пишите с новой строки: имя или номер счёта, точка с запятой, доля. Иванов Пётр; 1/3."


@dataclass(frozen=True, slots=True)
class Money:
    """What an account of the premises would be charged; words instead when it cannot be."""

    number: str
    kopecks: int
    parked: str | None


@dataclass(frozen=True, slots=True)
class DivisionEffect:
    """The preview: which month it touches, sums of the accounts, or why it is refused."""

    month_words: str = ""
    refused: str = ""
    period: dt.date | None = None
    rows: tuple[Money, ...] = ()

    @property
    def total_kopecks(self) -> int:
        return sum(row.kopecks for row in self.rows)


@dataclass(frozen=True, slots=True)
class DivisionView:
    """The page: the division in force and those before, the form."""

    account: AccountHead
    open_period: dt.date
    rows: list[DivisionRow]
    may_edit: bool
    form: Typed
    effect: DivisionEffect = field(default_factory=DivisionEffect)
    done: str = ""

    @property
    def base(self) -> str:
        """Address of the account."""
        return f"/accounts/{self.account.id}"

    @property
    def current(self) -> DivisionRow | None:
        """The newest division while it has no end."""
        return self.rows[0] if self.rows and self.rows[0].valid_to is None else None

    @property
    def is_holder(self) -> bool:
        """Whether the premises stands at this account, so that its division is changed here."""
        return not self.rows or self.rows[0].account_id == self.account.id

    @property
    def services(self) -> tuple[tuple[str, str], ...]:
        """Utilities that may be split by people: name of the field, words."""
        return tuple((f"people{int(code)}", CATALOGUE[code].label) for code in sorted(BY_PEOPLE))

    def people_words(self, row: DivisionRow) -> str:
        """«Холодное водоснабжение, Газоснабжение»"""
        return ", ".join(CATALOGUE[code].label for code in row.people_services)


@router.get("")
async def show(
    request: Request, account_id: int, me: CurrentUser, session: Reader, done: str = ""
) -> Response:
    """The page; its list alone as a section of the card."""
    view = await _view(session, me, account_id, None, done=DONE.get(done, ""))
    return page(request, "accounts/division.html", view, "list")


async def _view(
    session: Session,
    me: Me,
    account_id: int,
    form: Typed | None,
    effect: DivisionEffect | None = None,
    done: str = "",
) -> DivisionView:
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    account = await account_pages.head(session, account_id, me.open_period, clock.today())
    if account is None:
        raise NotFound("Такого счёта нет.", "Проверьте номер или найдите квартиру через поиск.")
    rows = await divisions.of_account(session, account_id)
    return DivisionView(
        account=account,
        open_period=me.open_period,
        rows=rows,
        may_edit=me.may(*OPERATORS) and account.closed_on is None and account.kind != "room",
        form=_typed(rows, account, me.open_period) if form is None else form,
        effect=effect or DivisionEffect(),
        done=done,
    )


def _typed(rows: Sequence[DivisionRow], account: AccountHead, opened: dt.date) -> Typed:
    """An empty form; of a divided account its shares as they are."""
    values = {"first": date_short(Period.of(opened).first_day)}
    current = rows[0] if rows and rows[0].valid_to is None else None
    if current is None:
        others = [f"{one.number}; " for one in account.neighbours]
    else:
        values["share"] = next((part.share for part in current.parts if part.account_id == account.id), "")
        others = [f"{part.number}; {part.share}" for part in current.parts if part.account_id != account.id]
        values |= {f"people{int(code)}": "on" for code in current.people_services}
    return Typed({**values, "others": "\n".join(others)})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A division of a form."""

    first: dt.date
    parts: list[NewPart]
    by_people: int


def _share(text: str) -> tuple[int, int] | None:
    found = SHARE.match(text.strip())
    return None if found is None else (int(found.group(1)), int(found.group(2)))


def _judge(form: Typed, view: DivisionView, today: dt.date) -> _Asked | None:
    """The division of a form; None with errors beside its fields."""
    first = form.date("first", "Введите первое число месяца: 01.11.2026.")
    if first is not None and first > today + FUTURE_MAX:
        form.refuse("first", "Этот месяц больше чем через год. Проверьте год.")
    mine = _share(form.value("share"))
    if mine is None:
        form.refuse("share", SHARE_WORDS)
    parts = [] if mine is None else [NewPart(*mine, account_id=view.account.id)]
    known = {one.number: one.id for one in view.account.neighbours}
    known |= {part.number: part.account_id for row in view.rows for part in row.parts}
    for line in form.value("others").splitlines():
        who, _, share = (part.strip() for part in line.partition(";"))
        pair = _share(share)
        if not who or pair is None:
            if line.strip():
                form.refuse("others", LINE_WORDS)
            continue
        parts.append(NewPart(*pair, payer=who, account_id=known.get(who)))
    if not form.value("others"):
        form.refuse("others", LINE_WORDS)
    form.text("ground", "Укажите основание: документ, номер и дату.", GROUND_MAX)
    by_people = sum(1 << int(code) for code in BY_PEOPLE if form.value(f"people{int(code)}"))
    return _Asked(first, parts, by_people) if form.is_good and first is not None else None


@router.post("", dependencies=[allow(*OPERATORS)])
async def enter(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Keep a division; 422 with what was typed when it cannot be."""
    form = await read_form(request)
    view = await _view(session, me, account_id, form)
    asked = _judge(form, view, clock.today()) if view.may_edit else None
    if asked is not None:
        deed = Deed(me.user_id, form.value("ground"), address_of(request))
        try:
            async with session.begin_nested():
                await divisions.divide(session, account_id, asked.first, asked.parts, asked.by_people, deed)
        except PeopleRefused as refused:
            form.refuse(FIELDS.get(refused.code, ""), refused.message)
        else:
            return see_other(request, f"/accounts/{account_id}/division?done=divided")
    elif not view.may_edit:
        form.refuse("", "Этот счёт не делят: он закрыт или это комната со своим счётом.")
    return page(request, "accounts/division.html", view, "form", status=422, retitle=True)


@router.post("/effect", dependencies=[allow(*OPERATORS)])
async def effect(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """What each account would be charged, before anything is kept. Writes nothing."""
    form = await read_form(request)
    view = await _view(session, me, account_id, form)
    form.values.setdefault("ground", "")
    if not form.value("ground"):
        form.values["ground"] = "Ещё не указано"
    asked = _judge(form, view, clock.today())
    if asked is None or not view.may_edit:
        words = "" if asked is None else "Этот счёт не делят."
        return page(request, "accounts/_division_effect.html", DivisionEffect(refused=words), "effect")
    deed = Deed(me.user_id, form.value("ground"), address_of(request))

    async def done(inner: Session) -> None:
        await divisions.divide(inner, account_id, asked.first, asked.parts, asked.by_people, deed)

    scope = scope_of(request)
    assert scope is not None, "somebody is signed in"
    period = max(view.open_period, asked.first)
    try:
        found = await what_if_premises(database(request), scope, account_id, period, done)
    except PeopleRefused as refused:
        told = DivisionEffect(refused=refused.message)
    else:
        rows = tuple(Money(*row) for row in found)
        told = DivisionEffect(month_words(asked.first, view.open_period), "", period, rows)
    return page(request, "accounts/_division_effect.html", told, "effect")


@router.post("/end", dependencies=[allow(*OPERATORS)])
async def finish(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """The month from which there is one document again."""
    form = await read_form(request)
    last = form.date(
        "last", f"Введите первое число месяца: {date_short(Period.of(clock.today()).first_day)}."
    )
    ground = form.text("end_ground", "Укажите основание: документ, номер и дату.", GROUND_MAX)
    if form.is_good and last is not None:
        deed = Deed(me.user_id, ground, address_of(request))
        try:
            async with session.begin_nested():
                await divisions.end(session, account_id, last, deed)
        except PeopleRefused as refused:
            form.refuse("last", refused.message)
        else:
            return see_other(request, f"/accounts/{account_id}/division?done=ended")
    return await _again(request, session, me, account_id, form)


@router.post("/undo", dependencies=[allow(*OPERATORS)])
async def undo(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Take the last deed back."""
    form = await read_form(request)
    try:
        async with session.begin_nested():
            await divisions.undo(session, account_id, Deed(me.user_id, "Отмена", address_of(request)))
    except PeopleRefused as refused:
        form.refuse("", refused.message)
        return await _again(request, session, me, account_id, form)
    return see_other(request, f"/accounts/{account_id}/division?done=undone")


async def _again(request: Request, session: Session, me: Me, account_id: int, form: Typed) -> Response:
    """The whole page with the refusal beside what was typed in its list."""
    view = await _view(session, me, account_id, None)
    view.form.errors.update(form.errors)
    for name in ("last", "end_ground"):
        view.form.values[name] = form.value(name)
    return page(request, "accounts/division.html", view, "list", status=422, retitle=True)
