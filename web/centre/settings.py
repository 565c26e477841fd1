"""«Настройки расчёта»: what the law leaves open, our answer, who gave it and when; a second person signs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.choices import AS_CITY, QUESTIONS, Answer, Question
from billing.open_points import OpenPoint, open_points
from storage import choice_proposals, choices, penalty_settings, second_person
from storage.choice_proposals import GivenAnswer
from storage.penalty_settings import Said
from storage.second_person import ValueRefused
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer, now
from web.errors import Conflict, NotFound
from web.export import Column, export
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre", dependencies=[allow(*CENTRE_STAFF)])

GROUND_MAX = 300
FIELDS = {"answer-later": "valid_from", "city-only": "organisation", "no-company": "organisation"}
DONE = {
    "proposed": "Ответ внесён и ждёт второго сотрудника. Пока он не утвердит, расчёт прежний.",
    "approved": "Ответ утверждён: следующий прогон посчитает по нему.",
    "declined": "Ответ отклонён, расчёт прежний.",
}
STATES = {"waiting": "ждёт утверждения", "approved": "утверждён", "declined": "отклонён"}
COLUMNS = (
    Column("Вопрос", width=50),
    Column("Чей ответ", width=26),
    Column("Ответ", width=40),
    Column("Действует с", "date"),
    Column("Основание", width=50),
    Column("Состояние", width=18),
    Column("Внёс", width=26),
    Column("Решил", width=26),
)
POINT_COLUMNS = (
    Column("О чём не сказано", width=50),
    Column("Как считаем", width=60),
    Column("Другое чтение", width=40),
    Column("Основание", width=50),
    Column("Где", width=36),
    Column("Чем решается", width=24),
)
CITY = "город"


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer in words; why_not explains a button this person may not press."""

    given: GivenAnswer
    question: str
    words: str
    effect: str
    why_not: str

    @property
    def owner(self) -> str:
        """Whose answer it is."""
        return self.given.owner or CITY


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question: the city's answer of the open month, answers of companies over it, what comes, history."""

    question: Question
    now: Answer
    given: AnswerView | None
    own: list[AnswerView]
    coming: list[AnswerView]
    history: list[AnswerView]


@dataclass(frozen=True, slots=True)
class PenaltyView:
    """A row decided on the page of rates: its present values, the first of the city or the safe one."""

    point: OpenPoint
    values: list[str]


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The page."""

    period: dt.date
    questions: list[QuestionView]
    penalties: list[PenaltyView]
    fixed: list[OpenPoint]
    companies: list[tuple[str, str]]
    waiting: list[AnswerView]
    form: Typed
    may_write: bool
    done: str


@router.get("/settings")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """All questions with their answers."""
    return page(request, "centre/settings.html", await _view(session, me, Typed(), DONE.get(done, "")))


async def _view(session: Session, me: Me, form: Typed, done: str = "") -> SettingsView:
    period = me.open_period or dt.date.today().replace(day=1)  # noqa: DTZ011  only a default to look from
    if not form.values:
        form.values["valid_from"] = f"{period:%Y-%m}"
    given = await _given(session, me)
    said = await penalty_settings.said(session)
    points = open_points()
    owners = [(str(one.id), one.name) for one in await choices.companies(session)]
    return SettingsView(
        period=period,
        questions=[_question(one, given, period) for one in QUESTIONS.values()],
        penalties=[PenaltyView(one, _penalty(one, said)) for one in points if one.penalty],
        fixed=[one for one in points if one.is_fixed],
        companies=[("", "весь город"), *owners],
        waiting=[one for one in given if one.given.state == "waiting"],
        form=form,
        may_write=me.may(*ACCRUERS),
        done=done,
    )


async def _given(session: Session, me: Me) -> list[AnswerView]:
    return [_seen(one, me) for one in await choice_proposals.answers(session) if one.key in QUESTIONS]


def _seen(one: GivenAnswer, me: Me) -> AnswerView:
    question = QUESTIONS[one.key]
    own = second_person.why_not(one.proposed_by, me.user_id)
    if one.value == AS_CITY:
        return AnswerView(one, question.title, "как у города", "Своего ответа больше нет.", own)
    answer = question.answers[question.number(one.value)]
    return AnswerView(one, question.title, answer.words, answer.effect, own)


def _question(question: Question, given: list[AnswerView], period: dt.date) -> QuestionView:
    history = [one for one in given if one.given.key == question.key and one.given.state == "approved"]
    current: dict[int | None, AnswerView] = {}
    for one in history:  # the newest first
        if one.given.valid_from <= period:
            current.setdefault(one.given.organisation_id, one)
    city = current.pop(None, None)
    return QuestionView(
        question,
        question.answers[0 if city is None else question.number(city.given.value)],
        city,
        sorted((one for one in current.values() if one.given.value != AS_CITY), key=lambda one: one.owner),
        sorted(
            (one for one in history if one.given.valid_from > period), key=lambda one: one.given.valid_from
        ),
        history,
    )


def _penalty(point: OpenPoint, said: list[Said]) -> list[str]:
    """Present values in words: the city's or the default, then those of organisations."""
    title = penalty_settings.CHOICES[point.penalty].title
    mine = [one for one in said if one.title == title]
    city = [f"{one.value} с {one.valid_from:%d.%m.%Y}" for one in mine if one.owner is None]
    return [
        city[0] if city else f"{point.default} (по умолчанию)",
        *(f"{one.owner}: {one.value} с {one.valid_from:%d.%m.%Y}" for one in mine if one.owner),
    ]


@router.get("/settings.{form}")
async def file(me: CurrentUser, session: Reader, form: str) -> Response:
    """Every answer with its dates as CSV or XLSX."""
    cells = [
        (
            one.question,
            one.owner,
            one.words,
            one.given.valid_from,
            one.given.ground,
            STATES[one.given.state],
            one.given.proposed_by_name,
            one.given.decided_by_name or "",
        )
        for one in await _given(session, me)
    ]
    return export(form, "Настройки расчёта", "Ответы на открытые вопросы", COLUMNS, cells)


@router.get("/open-points.{form}")
async def points_file(form: str) -> Response:
    """The whole table of what the law leaves open as CSV or XLSX."""
    cells = [
        (
            one.point,
            one.default,
            one.other,
            one.ground,
            one.where,
            "решено" if one.is_fixed else "настройка пеней" if one.penalty else "настройка",
        )
        for one in open_points()
    ]
    return export(form, "Что закон оставил открытым", "Открытые вопросы закона", POINT_COLUMNS, cells)


@router.post("/settings", dependencies=[allow(*ACCRUERS)])
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep an answer until another person agrees."""
    form = await read_form(request)
    owner = form.value("organisation")
    organisation_id = int(owner) if owner.isascii() and owner.isdecimal() and len(owner) < 10 else None
    key, _, value = form.value("answer").partition(":")
    if not value:
        form.refuse("answer", "Выберите вопрос и ответ.")
    month = form.period("valid_from")
    ground = form.text("ground", "Укажите основание: решение, разъяснение, номер и дату.", GROUND_MAX)
    if form.is_good and month is not None:
        try:
            await choice_proposals.propose(
                session, key, value, ground, month.first_day, me.user_id, organisation_id
            )
            return see_other(request, "/centre/settings?done=proposed")
        except ValueRefused as refusal:
            form.refuse(FIELDS.get(refusal.code, "answer"), refusal.message)
    return page(request, "centre/settings.html", await _view(session, me, form), status=422, retitle=True)


@router.post("/settings/{answer_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, answer_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline."""
    if act not in ("approve", "decline"):
        raise NotFound
    try:
        await choice_proposals.decide(session, answer_id, act, me.user_id, now())
    except ValueRefused as refusal:
        said = "Ответ не утверждён." if act == "approve" else "Ответ не отклонён."
        raise Conflict(said, refusal.message) from refusal
    return see_other(request, f"/centre/settings?done={'approved' if act == 'approve' else 'declined'}")
