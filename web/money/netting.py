"""«Зачёт переплат до пеней»: a rule of an organisation, tried on all its accounts before it is chosen."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import audit, netting, netting_pages, partners, second_person
from storage.netting import Rule, Trial
from storage.netting_pages import TrialAccounts
from storage.second_person import ValueRefused
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader, Writer, now
from web.errors import NotFound
from web.export import Column, export_file
from web.forms import Typed, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.penalty_words import REACH_WORDS
from web.progress import Counting, ticked
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow
from web.trials import STATES, Decision, command_of, done, ground_of

router = APIRouter(prefix="/centre/allocation/netting", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/allocation/netting"
FILTERS = ("since", "way", "account", "street", "house")
COLUMNS = (
    Column("Счёт", width=14),
    Column("Адрес", width=40),
    Column("Пени сейчас, ₽", "kopecks", 16),
    Column("Пени по новому правилу, ₽", "kopecks", 22),
    Column("Если бы правило действовало всегда, ₽", "kopecks", 30),
    Column("Разница, ₽", "kopecks", 14),
    Column("Долгов с разницей", "integer", 16),
)
PROGRESS = "Ход пробы"


@dataclass(frozen=True, slots=True)
class NettingView:
    """Rules in force, trials, and the form of another trial; `command` makes a second press harmless."""

    rules: list[Rule]
    trials: list[Trial]
    states: dict[str, tuple[str, str]]
    words: dict[str, str]
    form: Typed
    companies: list[tuple[str, str]]
    reaches: list[tuple[str, str]]
    may_act: bool
    command: str


@dataclass(frozen=True, slots=True)
class TrialView:
    """A trial: sums, accounts, and what may be done with it."""

    trial: Trial
    badge: tuple[str, str]
    words: dict[str, str]
    state: ListState
    found: TrialAccounts
    chips: list[tuple[str, str]]
    counting: Counting
    decision: Decision

    @property
    def is_always(self) -> bool:
        return self.state.get("since") != "day"


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Rules in force and trials."""
    return page(request, "money/netting.html", await _view(session, me, Typed({})))


async def _view(session: Session, me: Me, form: Typed) -> NettingView:
    if not form.value("valid_from"):
        first = Period.of(me.open_period or clock.today()).shift(1).first_day
        form = Typed({**form.values, "valid_from": first.isoformat()}, errors=form.errors)
    return NettingView(
        rules=await netting.rules(session, clock.today()),
        trials=await netting.trials(session),
        states=STATES,
        words=REACH_WORDS,
        form=form,
        companies=[
            ("", "Выберите организацию"),
            *((str(one.id), one.name) for one in await partners.companies(session)),
        ],
        reaches=list(REACH_WORDS.items()),
        may_act=me.may(*ACCRUERS),
        command=secrets.token_hex(16),
    )


@router.post("", dependencies=[allow(*ACCRUERS)])
async def begin(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Ask a worker to count penalties by the rule on all accounts of the organisation."""
    form = await read_form(request)
    known = {str(one.id): one.id for one in await partners.companies(session)}
    company = known.get(form.choice("company", tuple(known), "Выберите организацию из списка."))
    reach = form.choice("reach", REACH_WORDS, "Выберите правило.")
    day = form.date("valid_from", "Укажите день, с которого правило действует: 01.12.2026.")
    command = command_of(form)
    if form.is_good and company is not None and day is not None:
        try:
            trial_id = await netting.ask(session, company, reach, day, me.user_id, command)
            return see_other(request, f"{PATH}/{trial_id}")
        except ValueRefused as refusal:
            form.refuse(refusal.code if refusal.code in ("valid_from", "reach") else "", refusal.message)
    return page(request, "money/netting.html", await _view(session, me, form), status=422)


@router.get("/{trial_id}.{form}")
async def file(request: Request, trial_id: int, form: str, session: Reader) -> Response:
    """All found accounts as CSV or XLSX."""
    trial = await _trial(session, trial_id)
    found = await _found(session, trial_id, _state(request, trial_id), EXPORT_ROWS_MAX, 0)
    cells = [
        (
            row.number,
            row.address,
            row.now_kopecks,
            row.then_kopecks,
            row.always_kopecks,
            row.difference_kopecks,
            row.debts_count,
        )
        for row in found.rows
    ]
    rule = f"{REACH_WORDS[trial.reach]}, с {trial.valid_from:%d.%m.%Y}"
    title = f"Проба {trial.id}: {trial.company_name}, переплата {rule}"
    return await export_file(form, f"Проба зачёта {trial.id}", title, COLUMNS, cells)


@router.get("/{trial_id}")
async def show_one(request: Request, trial_id: int, me: CurrentUser, session: Reader) -> Response:
    """One trial; while a worker is at it the page asks again by itself."""
    return await _one(request, trial_id, me, session, Typed({}), 200)


async def _one(
    request: Request, trial_id: int, me: Me, session: Session, form: Typed, status: int
) -> Response:
    trial = await _trial(session, trial_id)
    state = _state(request, trial_id)
    view = TrialView(
        trial=trial,
        badge=STATES[trial.state],
        words=REACH_WORDS,
        state=state,
        found=await _found(session, trial_id, state, PAGE_ROWS, state.offset),
        chips=_chips(state),
        counting=Counting(f"{PATH}/{trial_id}", trial, PROGRESS),
        decision=Decision(
            f"{PATH}/{trial_id}",
            trial.state,
            trial.valid_from,
            "Выбрать это правило",
            form,
            me.may(*ACCRUERS),
            second_person.why_not(trial.proposed_by, me.user_id),
        ),
    )
    return page(
        request,
        "money/netting_trial.html",
        view,
        block="list",
        status=status,
        headers={"HX-Replace-Url": state.url()},
    )


@router.get("/{trial_id}/progress")
async def progress(request: Request, trial_id: int, session: Reader) -> Response:
    """How far the worker is; when it has ended the page opens itself anew."""
    trial = await _trial(session, trial_id)
    return ticked(request, f"{PATH}/{trial_id}", trial, PROGRESS)


@router.post("/{trial_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def act_on(request: Request, trial_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Choose what was tried (with a document), approve it as a second person, or decline."""
    form = await read_form(request)
    trial = await _trial(session, trial_id)
    ground = ""
    if act == "choose":
        ground = ground_of(form)
        if not form.is_good:
            return await _one(request, trial_id, me, session, form, 422)
    deeds = {
        "choose": lambda: netting.propose(session, trial_id, ground, me.user_id),
        "approve": lambda: netting.approve(session, trial_id, me.user_id, now()),
        "decline": lambda: netting.decline(session, trial_id, me.user_id, now()),
    }
    await done(act, "Правило не изменено.", deeds)
    await audit.record(
        session,
        f"netting_{act}",
        "organisation",
        trial.company_id,
        user_id=me.user_id,
        after={"reach": trial.reach, "valid_from": trial.valid_from.isoformat(), "trial": trial.id},
        ground=ground or trial.ground,
    )
    return see_other(request, f"{PATH}/{trial_id}")


async def _trial(session: Session, trial_id: int) -> Trial:
    trial = await netting.trial(session, trial_id)
    if trial is None:
        raise NotFound(f"Пробы {trial_id} нет.", "Проверьте номер или откройте список проб.")
    return trial


def _state(request: Request, trial_id: int) -> ListState:
    return list_state(request, FILTERS, tuple(netting_pages.SORTS), "-size", f"{PATH}/{trial_id}")


async def _found(session: Session, trial_id: int, state: ListState, limit: int, offset: int) -> TrialAccounts:
    return await netting_pages.accounts(
        session,
        trial_id,
        is_always=state.get("since") != "day",
        way=state.get("way"),
        account=state.get("account"),
        street=" ".join(state.get("street").lower().replace("ё", "е").split()),
        house=state.get("house"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


def _chips(state: ListState) -> list[tuple[str, str]]:
    words = {
        "since": "с дня действия",
        "way": "пеней больше" if state.get("way") == "more" else "пеней меньше",
        "account": f"счёт {state.get('account')}…",
        "street": f"улица: {state.get('street')}",
        "house": f"дом: {state.get('house')}",
    }
    return [(key, words[key]) for key in FILTERS if state.get(key)]
