"""«Сроки и суммы»: when each step of the overdue process comes, of the city and of a company, dated."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.overdue import MONTHS_MOST, STAGES, WAIT_LEAST, WAIT_MOST, Stage, Term, Terms, TermsRefused
from storage import audit, choices, thresholds
from storage.overdue_terms import PREFIX, set_terms, terms_of
from storage.session import Session
from storage.thresholds import Said
from web import clock
from web.debts.words import READERS, WORKERS
from web.debts.words import STAGES as TITLES
from web.deps import CurrentUser, Reader, Writer
from web.filters import money
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/debts/terms", dependencies=[allow(*READERS)])

GROUND_MAX = 300
FIELDS = {"on": "применяется", "wait": "ждать дней", "months": "месяцев от", "kopecks": "долг от"}
AFTER = {
    Stage.REMINDER: "Дней после срока оплаты, когда долг набрался",
    Stage.NOTICE: "Дней после напоминания",
    Stage.RESTRICTION: "Дней после вручения предупреждения, не меньше 20 (п. 119)",
    Stage.STOP: "Дней после введения ограничения, не меньше 10 (п. 119)",
    Stage.COURT: "Дней после предыдущего шага",
}


@dataclass(frozen=True, slots=True)
class TermsView:
    """The form over what is in force, and what was set before."""

    form: Typed
    owners: list[tuple[str, str]]
    said: list[Said]
    may_edit: bool
    is_done: bool

    @property
    def stages(self) -> list[tuple[str, str, str]]:
        return [(str(stage), TITLES[stage], AFTER[stage]) for stage in STAGES]

    def what(self, one: Said) -> str:
        """A key in words."""
        stage, _, name = one.key.partition("_")
        return f"{TITLES.get(stage, stage)}: {FIELDS.get(name, name)}"

    def value(self, one: Said) -> str:
        if one.key.endswith("_kopecks"):
            return money(int(one.value))
        return {"1": "да", "0": "нет"}[one.value] if one.key.endswith("_on") else one.value


async def _filled(session: Session, owner: int | None, day: dt.date) -> Typed:
    said = thresholds.of_company(await thresholds.in_force(session, PREFIX, day), owner)
    values = {"owner": "" if owner is None else str(owner), "valid_from": day.isoformat()}
    for stage, term in terms_of(said).items():
        values |= {
            f"{stage}_on": "1" if term.is_on else "",
            f"{stage}_wait": str(term.wait_days),
            f"{stage}_months": str(term.months),
            f"{stage}_kopecks": str(term.kopecks // 100),
        }
    return Typed(values)


def _owner(me: Me, asked: str) -> int | None:
    if me.role is Role.COMPANY:
        return me.organisation_id
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None


async def _view(session: Session, me: Me, form: Typed, is_done: bool = False) -> TermsView:
    mine = me.organisation_id if me.role is Role.COMPANY else None
    owners = (
        [(str(mine), me.organisation_name)]
        if mine is not None
        else [("", "Весь город"), *((str(one.id), one.name) for one in await choices.companies(session))]
    )
    said = [
        one
        for one in await thresholds.history(session, PREFIX)
        if mine is None or one.organisation_id in (None, mine)
    ]
    return TermsView(form, owners, said, me.may(*WORKERS), is_done)


@router.get("")
async def show(
    request: Request, me: CurrentUser, session: Reader, owner: str = "", done: str = ""
) -> Response:
    """What is in force for an owner, ready to be changed."""
    form = await _filled(session, _owner(me, owner), clock.today())
    return page(request, "debts/terms.html", await _view(session, me, form, done == "set"), block="form")


@router.post("", dependencies=[allow(*WORKERS)])
async def save(request: Request, me: CurrentUser, session: Writer) -> Response:
    """New terms from a day on; steps already approved keep theirs."""
    form = await read_form(request)
    terms = _terms(form)
    day = form.date("valid_from", "Укажите день, с которого действуют сроки.")
    if day is not None and day < clock.today():
        form.refuse("valid_from", "Прошедшие дни уже посчитаны. Укажите сегодняшний день или позже.")
    ground = form.text("ground", "Укажите основание: приказ, номер и дата.", GROUND_MAX)
    owner = _owner(me, form.value("owner"))
    if owner is not None and me.role is not Role.COMPANY:
        known = {one.id for one in await choices.companies(session)}
        if owner not in known:
            form.refuse("owner", "Такой организации нет. Выберите из списка.")
    if form.is_good and day is not None:
        try:
            await set_terms(session, owner, terms, day, ground)
            await audit.record(
                session, "overdue_terms_set", "organisation", owner, user_id=me.user_id,
                company_id=owner, after={"from": day.isoformat()}, ground=ground,
            )  # fmt: skip
            return see_other(request, f"/debts/terms?done=set&owner={owner or ''}")
        except TermsRefused as refusal:
            form.refuse("", str(refusal))
    view = await _view(session, me, form)
    return page(request, "debts/terms.html", view, block="form", status=422)


def _terms(form: Typed) -> Terms:
    return {stage: _term(form, stage) for stage in STAGES}


def _term(form: Typed, stage: Stage) -> Term:
    wait = _number(form, f"{stage}_wait", 0, WAIT_MOST)
    least = WAIT_LEAST.get(stage, 0)
    if wait < least:
        form.refuse(f"{stage}_wait", f"Закон велит ждать не меньше {least} дней (п. 119 Правил № 354).")
    return Term(
        is_on=form.value(f"{stage}_on") == "1",
        wait_days=wait,
        months=_number(form, f"{stage}_months", 1, MONTHS_MOST),
        kopecks=_number(form, f"{stage}_kopecks", 0, 10_000_000) * 100,
    )


def _number(form: Typed, name: str, least: int, most: int) -> int:
    number = form.integer(name, "Введите целое число.")
    if number is not None and not least <= number <= most:
        form.refuse(name, f"Введите число от {least} до {most}.")
    return number if number is not None else least
