"""«Настройки расчёта»: what the law leaves open, our answer, who gave it and when; a second person signs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.choices import QUESTIONS, Answer, Question
from storage import choice_proposals
from storage.choice_proposals import GivenAnswer
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
DONE = {
    "proposed": "Ответ внесён и ждёт второго сотрудника. Пока он не утвердит, расчёт прежний.",
    "approved": "Ответ утверждён: следующий прогон посчитает по нему.",
    "declined": "Ответ отклонён, расчёт прежний.",
}
STATES = {"waiting": "ждёт утверждения", "approved": "утверждён", "declined": "отклонён"}
COLUMNS = (
    Column("Вопрос", width=50),
    Column("Ответ", width=40),
    Column("Действует с", "date"),
    Column("Основание", width=50),
    Column("Состояние", width=18),
    Column("Внёс", width=26),
    Column("Решил", width=26),
)


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer in words; why_not explains a button this person may not press."""

    given: GivenAnswer
    question: str
    words: str
    effect: str
    why_not: str


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question with the answer of the open month and the history of answers."""

    question: Question
    now: Answer
    is_default: bool
    history: list[AnswerView]


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The page."""

    period: dt.date
    questions: list[QuestionView]
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
    given = [_seen(one, me) for one in await choice_proposals.answers(session) if one.key in QUESTIONS]
    return SettingsView(
        period=period,
        questions=[_question(one, given, period) for one in QUESTIONS.values()],
        waiting=[one for one in given if one.given.state == "waiting"],
        form=form,
        may_write=me.may(*ACCRUERS),
        done=done,
    )


def _seen(one: GivenAnswer, me: Me) -> AnswerView:
    question = QUESTIONS[one.key]
    answer = question.answers[question.number(one.value)]
    own = "Внесли вы, поэтому утвердить должен другой сотрудник." if one.proposed_by == me.user_id else ""
    return AnswerView(one, question.title, answer.words, answer.effect, own)


def _question(question: Question, given: list[AnswerView], period: dt.date) -> QuestionView:
    history = [one for one in given if one.given.key == question.key and one.given.state == "approved"]
    current = next((one for one in history if one.given.valid_from <= period), None)
    number = 0 if current is None else question.number(current.given.value)
    return QuestionView(question, question.answers[number], number == 0, history)


@router.get("/settings.{form}")
async def file(me: CurrentUser, session: Reader, form: str) -> Response:
    """Every answer with its dates as CSV or XLSX."""
    given = [_seen(one, me) for one in await choice_proposals.answers(session) if one.key in QUESTIONS]
    cells = [
        (
            one.question,
            one.words,
            one.given.valid_from,
            one.given.ground,
            STATES[one.given.state],
            one.given.proposed_by_name,
            one.given.decided_by_name or "",
        )
        for one in given
    ]
    return export(form, "Настройки расчёта", "Ответы на открытые вопросы", COLUMNS, cells)


@router.post("/settings", dependencies=[allow(*ACCRUERS)])
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep an answer until another person agrees."""
    form = await read_form(request)
    key, _, value = form.value("answer").partition(":")
    if not value:
        form.refuse("answer", "Выберите вопрос и ответ.")
    month = form.period("valid_from")
    ground = form.text("ground", "Укажите основание: решение, разъяснение, номер и дату.", GROUND_MAX)
    if form.is_good and month is not None:
        try:
            await choice_proposals.propose(session, key, value, ground, month.first_day, me.user_id)
            return see_other(request, "/centre/settings?done=proposed")
        except ValueRefused as refusal:
            form.refuse("valid_from" if refusal.code == "answer-later" else "answer", refusal.message)
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
