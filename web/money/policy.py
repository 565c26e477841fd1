"""«Порядок погашения»: which debts a payment pays first, by organisation and by date."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.allocation import BY_SERVICE, PROPORTION, Policy
from billing.services import CATALOGUE
from storage import audit, partners, payment_policy
from storage.partners import Named
from storage.payment_policy import APART, INSIDE, InForce, PolicyRefused
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader, Writer
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import CENTRE_STAFF, Role, allow

router = APIRouter(prefix="/centre/allocation", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/allocation"
GROUND_MAX = 300
YES = (("yes", "да"), ("no", "нет"))
ORDERS = (("oldest", "со старого месяца"), ("newest", "с нового месяца"))
INSIDES = ((PROPORTION, "поровну по долям долга"), (BY_SERVICE, "по очереди услуг"))


@dataclass(frozen=True, slots=True)
class PolicyView:
    """Orders in force and the form of another."""

    in_force: list[InForce]
    companies: list[Named]
    services: list[tuple[int, str]]
    form: Typed
    may_change: bool
    yes: tuple[tuple[str, str], ...] = YES
    orders: tuple[tuple[str, str], ...] = ORDERS
    insides: tuple[tuple[str, str], ...] = INSIDES

    def names(self, codes: tuple[int, ...]) -> str:
        """Services in words."""
        known = dict(self.services)
        return ", ".join(known.get(code, str(code)) for code in codes)


async def _view(session: Session, form: Typed, may_change: bool) -> PolicyView:
    return PolicyView(
        await payment_policy.in_force(session, clock.today()),
        await partners.companies(session),
        [(info.code, info.short_label) for info in CATALOGUE.values()],
        form,
        may_change,
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Orders in force."""
    form = blank(named="yes", order="oldest", inside=PROPORTION, valid_from=clock.today())
    return page(request, "money/policy.html", await _view(session, form, me.may(Role.ADMIN, Role.CENTRE)))


@router.post("", dependencies=[allow(Role.ADMIN, Role.CENTRE)])
async def change(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Another order from a day on: payments posted before stay as they are."""
    form = await read_form(request)
    known = {str(one.id): one.id for one in await partners.companies(session)}
    organisation = known.get(form.choice("company", ("", *known), "Выберите организацию из списка."))
    named = form.choice("named", dict(YES), "Выберите да или нет.")
    order = form.choice("order", dict(ORDERS), "Выберите порядок месяцев.")
    inside = form.choice("inside", dict(INSIDES), "Выберите порядок внутри месяца.")
    day = form.date("valid_from", "Введите день, например 01.12.2026.")
    ground = form.text("ground", "Назовите документ: приказ, решение, договор.", GROUND_MAX)
    policy = _policy(form, named, order, inside)
    if not form.is_good or policy is None or day is None:
        return page(request, "money/policy.html", await _view(session, form, True), status=422)
    await payment_policy.set_policy(session, organisation, policy, day, ground)
    await audit.record(
        session,
        "allocation_policy_set",
        "organisation",
        organisation,
        user_id=me.user_id,
        after={**payment_policy.in_words(policy), "valid_from": day.isoformat()},
        ground=ground,
    )
    return see_other(request, PATH)


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
