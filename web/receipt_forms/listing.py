"""«Формы квитанций»: the centre's form and those of companies, how many versions and since when."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import receipt_forms
from storage.receipt_forms import FormOwner
from web.deps import CurrentUser, Reader
from web.export import Column, export
from web.filters import month
from web.render import page, see_other
from web.roles import CENTRE_STAFF, Role, allow

router = APIRouter(dependencies=[allow(*CENTRE_STAFF, Role.COMPANY)])

CENTRE = "centre"
"""The centre's own form in an address."""
COLUMNS = (
    Column("Организация", width=40),
    Column("Версий", "integer"),
    Column("Действует с", width=20),
)


@dataclass(frozen=True, slots=True)
class OwnersView:
    """All who may have a form; q is what was searched for."""

    owners: list[FormOwner]
    q: str


def key_of(owner: FormOwner) -> str:
    """How an owner stands in an address."""
    return CENTRE if owner.id is None else str(owner.id)


async def _found(session: Reader, q: str) -> list[FormOwner]:
    words = q.strip().lower()
    return [one for one in await receipt_forms.owners(session) if words in one.name.lower()]


@router.get("/receipt-forms")
async def show(request: Request, me: CurrentUser, session: Reader, q: str = "") -> Response:
    """The list; a company goes straight to its own form."""
    if me.role is Role.COMPANY:
        return see_other(request, f"/receipt-forms/{me.organisation_id}")
    view = OwnersView(await _found(session, q[:100]), q.strip()[:100])
    return page(request, "receipt_forms/listing.html", view, block="list")


@router.get("/receipt-forms.{form}", dependencies=[allow(*CENTRE_STAFF)])
async def file(form: str, session: Reader, q: str = "") -> Response:
    """The list as CSV or XLSX."""
    cells = [
        (one.name, one.versions, month(one.valid_from) if one.valid_from else "стандартная форма")
        for one in await _found(session, q[:100])
    ]
    return export(form, "Формы квитанций", "Формы квитанций", COLUMNS, cells)
