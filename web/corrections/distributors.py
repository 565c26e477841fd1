"""Distributors of heat of a house: what they showed over a year, by flat (Rules 354, annex 2, formula 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from billing.quantity import MICRO, format_scaled
from storage import distributors
from storage.distributors import HouseUnits
from storage.people import Deed, PeopleRefused
from storage.session import Session
from web import clock
from web.corrections.words import CORRECTORS, READERS
from web.deps import CurrentUser, Reader, Writer, address_of
from web.errors import NotFound
from web.export import Column, export
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/corrections/houses/{house_id:int}", dependencies=[allow(*READERS)])

YEARS = 4
UNITS_DIGITS = 6
GROUND_MAX = 300
COLUMNS = (
    Column("Квартира", width=14),
    Column("Счёт", width=16),
    Column("Площадь, м²", width=14),
    Column("Показание", width=18),
)


@dataclass(frozen=True, slots=True)
class DistributorsView:
    """The page: the house of a year with the form of its readings."""

    house: HouseUnits
    year: int
    years: list[tuple[str, str]]
    form: Typed
    may_enter: bool
    is_saved: bool
    base: str

    def value(self, account_id: int, units_micro: int | None) -> str:
        """What stands in the field of an account: what was typed, else what is kept."""
        name = f"units{account_id}"
        return self.form.value(name) if name in self.form.values else words(units_micro)

    @staticmethod
    def scaled(micro: int) -> str:
        """A reading or a factor of a distributor."""
        return words(micro)


def words(units_micro: int | None) -> str:
    """A reading without needless zeros; empty where there are no distributors."""
    if units_micro is None:
        return ""
    return format_scaled(units_micro, MICRO, UNITS_DIGITS).rstrip("0").rstrip(",").replace("\u2009", "")


async def _view(
    session: Session, me: Me, house_id: int, year: int, form: Typed, is_saved: bool = False
) -> DistributorsView:
    house = await distributors.of_house(session, house_id, year)
    if house is None:
        raise NotFound("Такого дома нет.", "Найдите его через поиск: улица и номер.")
    last = clock.today().year
    return DistributorsView(
        house=house,
        year=year,
        years=[(str(one), f"{one} год") for one in range(last, last - YEARS, -1)],
        form=form,
        may_enter=me.may(*CORRECTORS),
        is_saved=is_saved,
        base=f"/corrections/houses/{house_id}/distributors",
    )


Year = Annotated[int | None, Query(ge=2019, le=2100)]


@router.get("/distributors")
async def show(
    request: Request, house_id: int, me: CurrentUser, session: Reader, year: Year = None, done: str = ""
) -> Response:
    """Readings of the year; last year when none is named."""
    chosen = year or clock.today().year - 1
    view = await _view(session, me, house_id, chosen, Typed({}), done == "saved")
    return page(request, "corrections/distributors.html", view)


@router.get("/distributors.{form}")
async def file(house_id: int, session: Reader, form: str, year: Year = None) -> Response:
    """The same as CSV or XLSX."""
    chosen = year or clock.today().year - 1
    house = await distributors.of_house(session, house_id, chosen)
    if house is None:
        raise NotFound("Такого дома нет.", "Найдите его через поиск: улица и номер.")
    rows = [
        (one.flat, one.number, format_scaled(one.area_dm2, 100, 2), words(one.units_micro))
        for one in house.flats
    ]
    return export(form, f"Распределители {chosen}", f"{house.address}, {chosen} год", COLUMNS, rows)


@router.post("/distributors", dependencies=[allow(*CORRECTORS)])
async def enter(request: Request, house_id: int, me: CurrentUser, session: Writer) -> Response:
    """Keep what was typed; an empty field means that the flat has no distributors."""
    form = await read_form(request)
    year = form.integer("year", "Выберите год.") or clock.today().year - 1
    ground = form.text("ground", "Укажите документ: «Акт снятия показаний № 3 от 15.01.2027».", GROUND_MAX)
    view = await _view(session, me, house_id, year, form)
    units = {one.account_id: _units(form, one.account_id) for one in view.house.flats}
    if form.is_good:
        try:
            deed = Deed(me.user_id, ground, address_of(request))
            await distributors.save(session, view.house, year, units, deed)
            return see_other(request, f"{view.base}?year={year}&done=saved")
        except PeopleRefused as refused:
            form.refuse("", refused.message)
    return page(request, "corrections/distributors.html", view, status=422)


def _units(form: Typed, account_id: int) -> int | None:
    name = f"units{account_id}"
    if not form.value(name):
        return None
    value = form.scaled(name, UNITS_DIGITS, "Введите показание числом: 1234,5.")
    if value is not None and value < 0:
        form.refuse(name, "Показание не бывает меньше нуля.")
    return value
