"""A trial of an order of payments: what would go elsewhere, by sums and by account; choose and approve."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import audit, policy_trial_pages, policy_trials, second_person
from storage.policy_trial_pages import CUTS, ShownAccount, Sum, TrialAccounts
from storage.policy_trials import PolicyTrial
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer, now
from web.errors import NotFound
from web.export import Column, export_file
from web.filters import month
from web.forms import Typed, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.money.policy import told
from web.progress import Counting, ticked
from web.render import page, see_other
from web.roles import CENTRE_STAFF, Me, allow
from web.trials import STATES, Decision, done, ground_of

PATH = "/centre/allocation/trials"
router = APIRouter(prefix=PATH, dependencies=[allow(*CENTRE_STAFF)])

PROGRESS = "Ход пробы"
FILTERS = ("way", "account", "street", "house")
WAYS = (
    ("more", "больше на пени"),
    ("less", "меньше на пени"),
    ("shown", "показано подробно"),
)
COLUMNS = (
    Column("Счёт", width=14),
    Column("Адрес", width=40),
    Column("Платежей", "integer", 12),
    Column("Из них иначе", "integer", 14),
    Column("Переместилось, ₽", "kopecks", 18),
    Column("На пени больше, ₽", "kopecks", 18),
)
HEADS = {
    "service": "По услугам",
    "payee": "По получателям",
    "month": "По месяцам долга",
    "kind": "Долг и пени",
}
FIRST = {"service": "Услуга", "payee": "Получатель", "month": "Месяц", "kind": "Что"}
NOWHERE = "аванс и долг из прежней системы"
SHOWN_MAX = 12
"""Rows of a table of sums: what moves most; the rest stand as one row."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A table of sums: its title, the head of its first column, rows in words with both sums."""

    title: str
    head: str
    rows: list[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class TrialView:
    """A trial: rules, sums, accounts, and what may be done with it."""

    trial: PolicyTrial
    badge: tuple[str, str]
    rules: list[tuple[str, str, str]]
    span: str
    cuts: list[Cut]
    state: ListState
    found: TrialAccounts
    chips: list[tuple[str, str]]
    counting: Counting
    decision: Decision
    ways: tuple[tuple[str, str], ...] = WAYS


@dataclass(frozen=True, slots=True)
class AccountView:
    """Payments of an account side by side."""

    trial: PolicyTrial
    account: ShownAccount
    nowhere: str = NOWHERE


def _cut(cut: str, sums: list[Sum]) -> Cut:
    rows = [(_key_words(cut, one), one.now_kopecks, one.then_kopecks) for one in sums[:SHOWN_MAX]]
    rest = sums[SHOWN_MAX:]
    if rest:
        now, then = sum(one.now_kopecks for one in rest), sum(one.then_kopecks for one in rest)
        rows.append((f"остальные, {len(rest)}", now, then))
    return Cut(HEADS[cut], FIRST[cut], rows)


def _key_words(cut: str, one: Sum) -> str:
    if cut == "kind":
        return "пени" if one.key else "основной долг и авансы"
    if one.key == 0:
        return NOWHERE
    if cut == "month":
        return month(Period(one.key).first_day)
    return one.name or f"№ {one.key}"


def _span(trial: PolicyTrial) -> str:
    first, last = month(trial.first_month), month(trial.last_month)
    return first if first == last else f"{first} — {last}"


@router.get("/{trial_id}.{form}")
async def file(request: Request, trial_id: int, form: str, session: Reader) -> Response:
    """All found accounts as CSV or XLSX."""
    trial = await _trial(session, trial_id)
    found = await _found(session, trial_id, _state(request, trial_id), EXPORT_ROWS_MAX, 0)
    cells = [
        (
            row.number,
            row.address,
            row.payments_count,
            row.changed_count,
            row.moved_kopecks,
            row.penalty_kopecks,
        )
        for row in found.rows
    ]
    title = f"Проба {trial.id}: {trial.name or 'весь город'}, платежи за {_span(trial)}"
    return await export_file(form, f"Проба порядка погашения {trial.id}", title, COLUMNS, cells)


@router.get("/{trial_id}")
async def show(request: Request, trial_id: int, me: CurrentUser, session: Reader) -> Response:
    """One trial; while a worker is at it the page asks again by itself."""
    return await _one(request, trial_id, me, session, Typed({}), 200)


async def _one(
    request: Request, trial_id: int, me: Me, session: Session, form: Typed, status: int
) -> Response:
    trial = await _trial(session, trial_id)
    state = _state(request, trial_id)
    sums = await policy_trial_pages.sums(session, trial_id)
    path = f"{PATH}/{trial_id}"
    view = TrialView(
        trial=trial,
        badge=STATES[trial.state],
        rules=told(trial.before, trial.policy),
        span=_span(trial),
        cuts=[_cut(cut, sums[cut]) for cut in CUTS if sums[cut]],
        state=state,
        found=await _found(session, trial_id, state, PAGE_ROWS, state.offset),
        chips=_chips(state),
        counting=Counting(path, trial, PROGRESS),
        decision=Decision(
            path,
            trial.state,
            trial.valid_from,
            "Выбрать этот порядок",
            form,
            me.may(*CENTRE_STAFF),
            second_person.why_not(trial.proposed_by, me.user_id),
        ),
    )
    headers = {"HX-Replace-Url": state.url()}
    return page(request, "money/policy_trial.html", view, block="list", status=status, headers=headers)


@router.get("/{trial_id}/progress")
async def progress(request: Request, trial_id: int, session: Reader) -> Response:
    """How far the worker is; when it has ended the page opens itself anew."""
    return ticked(request, f"{PATH}/{trial_id}", await _trial(session, trial_id), PROGRESS)


@router.get("/{trial_id}/accounts/{account_id}")
async def account(request: Request, trial_id: int, account_id: int, session: Reader) -> Response:
    """Payments of an account by both orders, side by side."""
    trial = await _trial(session, trial_id)
    found = await policy_trial_pages.shown(session, trial_id, account_id)
    if found is None:
        raise NotFound(
            "Подробно этот счёт в пробе не показан.",
            "Подробно хранятся счета с самой большой разницей и выборка остальных. Откройте список пробы.",
        )
    return page(request, "money/policy_trial_account.html", AccountView(trial, found))


@router.post("/{trial_id}/{act}")
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
        "choose": lambda: policy_trials.propose(session, trial_id, ground, me.user_id),
        "approve": lambda: policy_trials.approve(session, trial_id, me.user_id, now()),
        "decline": lambda: policy_trials.decline(session, trial_id, me.user_id, now()),
    }
    await done(act, "Порядок не изменён.", deeds)
    await audit.record(
        session,
        f"allocation_policy_{act}",
        "organisation",
        trial.organisation_id,
        user_id=me.user_id,
        before=trial.said_before,
        after={**trial.said, "valid_from": trial.valid_from.isoformat(), "trial": trial.id},
        ground=ground or trial.ground,
    )
    return see_other(request, f"{PATH}/{trial_id}")


async def _trial(session: Session, trial_id: int) -> PolicyTrial:
    trial = await policy_trials.trial(session, trial_id)
    if trial is None:
        raise NotFound(f"Пробы {trial_id} нет.", "Проверьте номер или откройте список проб.")
    return trial


def _state(request: Request, trial_id: int) -> ListState:
    return list_state(request, FILTERS, tuple(policy_trial_pages.SORTS), "-moved", f"{PATH}/{trial_id}")


async def _found(session: Session, trial_id: int, state: ListState, limit: int, offset: int) -> TrialAccounts:
    return await policy_trial_pages.accounts(
        session,
        trial_id,
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
        "way": dict(WAYS).get(state.get("way"), "любая разница"),
        "account": f"счёт {state.get('account')}…",
        "street": f"улица: {state.get('street')}",
        "house": f"дом: {state.get('house')}",
    }
    return [(key, words[key]) for key in FILTERS if state.get(key)]
