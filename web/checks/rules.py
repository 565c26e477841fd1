"""«Правила проверки показаний»: how strict each rule is and its numbers; dated, for the city or a company."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.vee.catalogue import BY_KEY, RULES
from billing.vee.policy import policy_of
from billing.vee.rules import Rule
from storage import audit, choices, thresholds
from storage.session import Session
from storage.thresholds import Said
from storage.vee import PREFIX
from web.deps import CurrentUser, Reader, Writer
from web.filters import integer
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/readings/rules", dependencies=[allow(*CENTRE_STAFF)])

SEVERITIES = {
    "block": "не принимать",
    "hold": "на проверку",
    "warn": "предупредить",
    "off": "не проверять",
}
GROUND_MAX = 300


@dataclass(frozen=True, slots=True)
class RulesView:
    """All rules as they are in force for an owner, ready to be changed."""

    rules: tuple[Rule, ...]
    form: Typed
    owners: list[tuple[str, str]]
    said: list[Said]
    may_edit: bool
    is_done: bool

    def severities(self, rule: Rule) -> list[tuple[str, str]]:
        return [(one, SEVERITIES[one]) for one in rule.allowed]

    def what(self, one: Said) -> str:
        """A key in words."""
        key, _, threshold = one.key.partition(".")
        rule = BY_KEY.get(key)
        if rule is None:
            return one.key
        title = next((it.title for it in rule.thresholds if it.key == threshold), "")
        return f"{rule.title}: {title}" if title else rule.title

    def value(self, one: Said) -> str:
        return SEVERITIES.get(one.value, integer(int(one.value)) if one.value.isdigit() else one.value)


def _day(me: Me) -> dt.date:
    return me.open_period or dt.date(1970, 1, 1)


async def _filled(session: Session, me: Me, owner: int | None) -> Typed:
    said = thresholds.of_company(await thresholds.in_force(session, PREFIX, _day(me)), owner)
    known = policy_of(said)
    values = {"owner": "" if owner is None else str(owner), "valid_from": _day(me).isoformat()}
    for rule in RULES:
        values[rule.key] = known.severity[rule.key]
        values |= {f"{rule.key}.{key}": str(value) for key, value in known.limits[rule.key].items()}
    return Typed(values)


async def _view(session: Session, me: Me, form: Typed, is_done: bool = False) -> RulesView:
    owners = [("", "Весь город"), *((str(one.id), one.name) for one in await choices.companies(session))]
    said = await thresholds.history(session, PREFIX)
    return RulesView(RULES, form, owners, said, me.may(*ACCRUERS), is_done)


@router.get("")
async def show(
    request: Request, me: CurrentUser, session: Reader, owner: str = "", done: str = ""
) -> Response:
    """What is in force for an owner."""
    known = int(owner) if owner.isascii() and owner.isdigit() and len(owner) < 10 else None
    view = await _view(session, me, await _filled(session, me, known), done == "set")
    return page(request, "checks/rules.html", view, block="form")


@router.post("", dependencies=[allow(*ACCRUERS)])
async def save(request: Request, me: CurrentUser, session: Writer) -> Response:
    """New severities and thresholds from a day on; only what differs from what is in force is written."""
    form = await read_form(request)
    owner = form.integer("owner", "Выберите, чьи правила.") if form.value("owner") else None
    if owner is not None and owner not in {one.id for one in await choices.companies(session)}:
        form.refuse("owner", "Такой организации нет. Выберите из списка.")
    values = _values(form)
    day = form.date("valid_from", "Укажите день, с которого действуют правила.")
    ground = form.text("ground", "Укажите основание: приказ, протокол.", GROUND_MAX)
    if form.is_good and day is not None:
        before = await _filled(session, me, owner)
        changed = {key: value for key, value in values.items() if before.value(key) != value}
        if changed:
            await thresholds.set_values(session, owner, PREFIX, changed, day, ground)
            await audit.record(
                session,
                "reading_rules_set",
                "organisation",
                owner,
                user_id=me.user_id,
                before={key: before.value(key) for key in changed},
                after={**changed, "from": day.isoformat()},
                ground=ground,
            )
            return see_other(request, f"/readings/rules?done=set&owner={owner or ''}")
        form.refuse("", "Ничего не изменилось: эти значения уже действуют.")
    return page(request, "checks/rules.html", await _view(session, me, form), block="form", status=422)


def _values(form: Typed) -> dict[str, str]:
    values = {}
    for rule in RULES:
        values[rule.key] = form.choice(rule.key, rule.allowed, "Выберите строгость из списка.")
        for one in rule.thresholds:
            name = f"{rule.key}.{one.key}"
            number = form.integer(name, "Введите целое число.")
            if number is not None and not one.least <= number <= one.most:
                form.refuse(name, f"Введите число от {one.least} до {integer(one.most)}.")
            values[name] = str(number or 0)
    return values
