"""«Порядок погашения»: which debts a payment pays first, by organisation and date; a new one is tried."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.allocation import BY_SERVICE, PROPORTION, Policy
from billing.services import CATALOGUE
from storage import partners, payment_policy, policy_trials
from storage.partners import Named
from storage.payment_policy import APART, INSIDE, InForce, PolicyRefused
from storage.policy_trials import PolicyTrial
from storage.second_person import ValueRefused
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader, Writer
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import CENTRE_STAFF, Me, Role, allow
from web.trials import STATES, command_of

router = APIRouter(prefix="/centre/allocation", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/allocation"
YES = (("yes", "да"), ("no", "нет"))
ORDERS = (("oldest", "со старого месяца"), ("newest", "с нового месяца"))
INSIDES = ((PROPORTION, "поровну по долям долга"), (BY_SERVICE, "по очереди услуг"))
SPANS = (("1", "последний закрытый месяц"), ("3", "три последних месяца"), ("12", "последний год"))
FIELDS = {"valid_from", "inside", "months"}
CHANGERS = (Role.ADMIN, Role.CENTRE)
LABELS = {info.code: info.short_label for info in CATALOGUE.values()}


@dataclass(frozen=True, slots=True)
class PolicyView:
    """Orders in force, trials, and the form of another trial; `command` makes a second press harmless."""

    in_force: list[InForce]
    trials: list[PolicyTrial]
    companies: list[Named]
    services: list[tuple[int, str]]
    form: Typed
    may_change: bool
    command: str
    states: dict[str, tuple[str, str]]
    yes: tuple[tuple[str, str], ...] = YES
    orders: tuple[tuple[str, str], ...] = ORDERS
    insides: tuple[tuple[str, str], ...] = INSIDES
    spans: tuple[tuple[str, str], ...] = SPANS

    def names(self, codes: tuple[int, ...]) -> str:
        """Services in words."""
        return names(codes)

    def words(self, trial: PolicyTrial) -> str:
        """What a trial would change, in words."""
        return "; ".join(
            f"{what}: {then}" for what, now, then in told(trial.before, trial.policy) if now != then
        )


def names(codes: tuple[int, ...]) -> str:
    """Services in words."""
    return ", ".join(LABELS.get(code, str(code)) for code in codes)


def told(now: Policy, then: Policy) -> list[tuple[str, str, str]]:
    """Each rule of an order in words: by one order and by another."""

    def inside(one: Policy) -> str:
        return f"по очереди: {names(one.service_order)}" if one.inside == BY_SERVICE else "по долям долга"

    return [
        (what, said(now), said(then))
        for what, said in (
            ("названный месяц первым", lambda one: "да" if one.named_first else "нет"),
            ("месяцы", lambda one: "со старого" if one.oldest_first else "с нового"),
            ("внутри месяца", inside),
            ("только своим платежом", lambda one: names(one.apart) or "ничего"),
        )
    ]


async def _view(session: Session, form: Typed, me: Me) -> PolicyView:
    return PolicyView(
        await payment_policy.in_force(session, clock.today()),
        await policy_trials.newest(session),
        await partners.companies(session),
        list(LABELS.items()),
        form,
        me.may(*CHANGERS),
        secrets.token_hex(16),
        STATES,
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Orders in force and trials."""
    form = blank(named="yes", order="oldest", inside=PROPORTION, valid_from=clock.today(), months="1")
    return page(request, "money/policy.html", await _view(session, form, me))


@router.post("", dependencies=[allow(*CHANGERS)])
async def begin(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Ask a worker to share real payments of closed months by another order."""
    form = await read_form(request)
    known = {str(one.id): one.id for one in await partners.companies(session)}
    organisation = known.get(form.choice("company", ("", *known), "Выберите организацию из списка."))
    named = form.choice("named", dict(YES), "Выберите да или нет.")
    order = form.choice("order", dict(ORDERS), "Выберите порядок месяцев.")
    inside = form.choice("inside", dict(INSIDES), "Выберите порядок внутри месяца.")
    day = form.date("valid_from", "Введите день, например 01.12.2026.")
    months = form.choice("months", dict(SPANS), "Выберите, за какие месяцы взять платежи.")
    command = command_of(form)
    policy = _policy(form, named, order, inside)
    if form.is_good and policy is not None and day is not None:
        try:
            trial_id = await policy_trials.ask(
                session, organisation, policy, day, int(months), me.user_id, command
            )
            return see_other(request, f"{PATH}/trials/{trial_id}")
        except ValueRefused as refusal:
            form.refuse(refusal.code if refusal.code in FIELDS else "", refusal.message)
    return page(request, "money/policy.html", await _view(session, form, me), status=422)


def _policy(form: Typed, named: str, order: str, inside: str) -> Policy | None:
    codes = form.value("services")
    try:
        made = payment_policy.parse(
            {
                payment_policy.NAMED: named,
                payment_policy.ORDER: order,
                INSIDE: f"{inside} {codes}".strip() if inside == BY_SERVICE else inside,
                APART: form.value("apart"),
            }
        )
    except PolicyRefused as refusal:
        form.refuse("services", str(refusal))
        return None
    foreign = [code for code in (*made.service_order, *made.apart) if code not in CATALOGUE and code < 100]
    if foreign:
        form.refuse("services", f"Услуги с кодом {foreign[0]} нет. Коды стоят под формой.")
        return None
    if made.inside == BY_SERVICE and not made.service_order:
        form.refuse("services", "Запишите коды услуг в том порядке, в каком они гасятся.")
        return None
    return made
