"""A formula in the browser: written, checked to the sign, tried on accounts beside the present method,
sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response

from billing.formula.check import Checked
from billing.formula.grammar import TEXT_MAX, FormulaError
from billing.formula.units import QUANTITIES, spelled
from billing.period import Period
from storage import formula_pages, formula_proposals, formula_trial
from storage.formula_pages import HouseChoice
from storage.formula_proposals import NewFormula, unit_on_paper
from storage.formula_trial import ACCOUNTS_MAX, TrialRow
from storage.second_person import ValueRefused
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer, database
from web.forms import Typed, read_form
from web.formulas.listing import WRITERS, own_of
from web.render import page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/formulas", dependencies=[allow(*WRITERS)])

DOCUMENT_MAX = 300
LABEL_MAX = 60
CEILING_DEFAULT = "5 000"
EXAMPLES = (
    ("60 руб", "поровну с квартиры"),
    ("площадь × 2,50 руб/м²", "по площади"),
    ("люди × 35 руб/чел.", "по людям"),
    ("если этаж > 1 то площадь × 3 руб/м² иначе 0", "лифт: первый этаж не платит"),
    ("мин(300 руб; площадь × 5 руб/м²)", "не больше 300 ₽"),
    ("доля × 12 000 руб", "расход дома по доле площади"),
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """The formula cut at the wrong place."""

    before: str
    part: str
    after: str
    words: str


@dataclass(frozen=True, slots=True)
class TrialView:
    """What a formula means and what it gives; error says what is wrong and where."""

    wrong: Wrong | None
    unit: str
    is_sum: bool
    cautions: tuple[str, ...]
    rows: list[TrialRow]
    lost: str


@dataclass(frozen=True, slots=True)
class NewFormulaView:
    """The form with its helps."""

    form: Typed
    services: list[tuple[str, str]]
    houses: list[HouseChoice]
    payees: list[tuple[str, str]]
    quantities: list[tuple[str, str, str]]
    is_city: bool
    trial: TrialView | None

    @property
    def examples(self) -> tuple[tuple[str, str], ...]:
        """Formulas to begin from."""
        return EXAMPLES

    @property
    def is_new_service(self) -> bool:
        """The form names a new service."""
        return not self.form.value("service")


@router.get("/new")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The form; a service may be in the address."""
    typed = Typed({name: value[:TEXT_MAX] for name, value in request.query_params.items()})
    typed.values.setdefault("ceiling", CEILING_DEFAULT)
    if me.open_period is not None:
        typed.values.setdefault("valid_from", f"{me.open_period:%Y-%m}")
    return page(request, "formulas/new.html", await _view(session, typed, me), block="form")


async def _view(session: Session, form: Typed, me: Me, trial: TrialView | None = None) -> NewFormulaView:
    own = own_of(me)
    services = await formula_pages.own_services(session, own)
    return NewFormulaView(
        form=form,
        services=[("", "Новая услуга")]
        + [(str(one.code), f"{one.label}{f' ({one.owner})' if one.owner else ''}") for one in services],
        houses=await formula_pages.houses_of(session, own),
        payees=[] if own else await formula_pages.payees(session),
        quantities=[
            (one.name, one.words, spelled(one.unit) if any(one.unit) and one.key != "tariff" else "")
            for one in QUANTITIES
        ],
        is_city=own is None,
        trial=trial,
    )


@router.post("/trial")
async def trial(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Check the formula and compute it on accounts, beside what bills them now."""
    form = await read_form(request)
    made = await _tried(request, session, form, me)
    form.errors.clear()
    return page(request, "formulas/new.html", await _view(session, form, me, made), "trial")


async def _tried(request: Request, session: Session, form: Typed, me: Me) -> TrialView:
    formula = form.value("formula")
    try:
        checked = await formula_proposals.checked_for(session, formula, _service(form))
    except FormulaError as error:
        return TrialView(_wrong(formula, error), "", False, (), [], "")
    except ValueRefused as refusal:
        return TrialView(Wrong("", formula, "", refusal.message), "", False, (), [], "")
    numbers = re.findall(r"\w+", form.value("accounts"))[:ACCOUNTS_MAX]
    house_ids = await _houses(form, session, me)
    if numbers:
        accounts = await formula_trial.by_numbers(session, numbers)
    else:
        accounts = await formula_trial.extremes(session, own_of(me), house_ids)
    lost = sorted(set(numbers) - {one.number for one in accounts})
    return TrialView(
        wrong=None,
        unit=unit_on_paper(checked),
        is_sum=checked.is_sum,
        cautions=checked.cautions,
        rows=await _rows(request, form, me, checked, accounts),
        lost=f"Не нашли счета: {', '.join(lost)}." if lost else "",
    )


async def _rows(
    request: Request, form: Typed, me: Me, checked: Checked, accounts: list[formula_trial.ChosenAccount]
) -> list[TrialRow]:
    if not accounts or me.open_period is None:
        return []
    ceiling = Typed({"ceiling": form.value("ceiling")}).scaled("ceiling", 2, "") or 500_000
    month = Period.of(me.open_period)
    return await formula_trial.tried(database(request), accounts, month, _service(form), checked, ceiling)


def _wrong(formula: str, error: FormulaError) -> Wrong:
    end = error.at + error.length
    return Wrong(formula[: error.at], formula[error.at : end] or "…", formula[end:], error.message)


def _service(form: Typed) -> int | None:
    value = form.value("service")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else None


async def _houses(form: Typed, session: Session, me: Me) -> tuple[int, ...] | None:
    """Houses ticked in the form; None = all of the organisation."""
    if form.value("whole") != "some":
        return None
    known = await formula_pages.houses_of(session, own_of(me))
    return tuple(one.id for one in known if form.value(f"house_{one.id}"))


async def _read(form: Typed, session: Session, me: Me) -> NewFormula | None:
    """What is proposed; None with errors beside the fields."""
    service = _service(form)
    label = "" if service is not None else form.text("label", "Назовите услугу.", LABEL_MAX)
    formula: str | None = form.value("formula")
    if form.value("back") and service is not None:
        formula = None
    elif not formula:
        form.refuse("formula", "Напишите формулу, например «60 руб».")
    ceiling = form.scaled("ceiling", 2, "Введите сумму в рублях, например 5 000.")
    if ceiling == 0:
        form.refuse("ceiling", "Предел должен быть больше нуля.")
    month = form.period("valid_from")
    document = form.text("document", "Укажите основание: протокол или решение, номер.", DOCUMENT_MAX)
    document_date = form.date("document_date", "Укажите дату документа: 16.12.2025.")
    supplier = own_of(me)
    if me.role is not Role.COMPANY and form.value("payee"):
        supplier = form.integer("payee", "Выберите, кому идут деньги.")
        if supplier is not None and str(supplier) not in dict(await formula_pages.payees(session)):
            form.refuse("payee", "Такой организации нет. Выберите из списка.")
    if me.role is not Role.COMPANY and service is None and supplier is None:
        form.refuse("payee", "Выберите, кому идут деньги.")
    if not form.is_good or ceiling is None or month is None or document_date is None:
        return None
    return NewFormula(
        service=service,
        label=label,
        organisation_id=own_of(me),
        house_ids=await _houses(form, session, me),
        formula=formula,
        ceiling_kopecks=ceiling,
        valid_from=month.first_day,
        supplier_id=supplier,
        document=document,
        document_date=document_date,
    )


@router.post("")
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep the formula until another person agrees."""
    form = await read_form(request)
    new = await _read(form, session, me)
    trial_view: TrialView | None = None
    if new is not None:
        try:
            await formula_proposals.propose(session, new, me.user_id)
            return see_other(request, "/formulas?done=proposed")
        except FormulaError as error:
            form.refuse("formula", error.message)
            trial_view = TrialView(_wrong(new.formula or "", error), "", False, (), [], "")
        except ValueRefused as refusal:
            form.refuse("label" if refusal.code == "twin-service" else "", refusal.message)
    view = replace(await _view(session, form, me), trial=trial_view)
    return page(request, "formulas/new.html", view, block="form", status=422, retitle=True)
