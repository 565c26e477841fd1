"""«Доставка и ГИС ЖКХ» of an account: paper or electronic, large letters, ЕЛС and ИД ЖКУ."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import receipt_wishes
from storage.people import Deed
from storage.receipt_wishes import DeliveryHead, DeliveryRefused, WishRow
from storage.session import Session
from web.accounts.card import ACCOUNT_STAFF, OPERATORS
from web.deps import CurrentUser, Reader, Writer, address_of
from web.errors import NotFound
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/accounts/{account_id}/delivery", dependencies=[allow(*ACCOUNT_STAFF)])

GROUND_MAX = 300
WAYS = {"paper": "бумажная", "electronic": "только электронная"}
DONE = {
    "wish": "Записано. Следующая печать и кабинет сделают так.",
    "ids": "Записано. Идентификаторы встанут в квитанции, открытые с этой минуты.",
    "same": "Ничего не изменилось: так уже записано.",
}


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """The page: what is written down, who wished what, two forms."""

    account: DeliveryHead
    wishes: list[WishRow]
    form: Typed
    ids: Typed
    may_edit: bool
    done: str = ""

    @property
    def base(self) -> str:
        """Address of the account."""
        return f"/accounts/{self.account.id}"

    @property
    def ways(self) -> dict[str, str]:
        return WAYS


async def _view(
    session: Session,
    me: Me,
    account_id: int,
    form: Typed | None = None,
    ids: Typed | None = None,
    done: str = "",
) -> DeliveryView:
    account = await receipt_wishes.head(session, account_id)
    if account is None:
        raise NotFound("Такого счёта нет.", "Проверьте номер или найдите квартиру через поиск.")
    large = "1" if account.is_large_print else ""
    return DeliveryView(
        account=account,
        wishes=await receipt_wishes.wishes(session, account_id),
        form=form or Typed({"receipt_by": account.receipt_by, "large": large}),
        ids=ids or Typed({"els": account.els or "", "gis_id": account.gis_id or ""}),
        may_edit=me.may(*OPERATORS) and account.closed_on is None,
        done=done,
    )


@router.get("")
async def show(
    request: Request, account_id: int, me: CurrentUser, session: Reader, done: str = ""
) -> Response:
    """The page."""
    view = await _view(session, me, account_id, done=DONE.get(done, ""))
    return page(request, "accounts/delivery.html", view)


@router.post("", dependencies=[allow(*OPERATORS)])
async def wish(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """What the payer asked for at the desk."""
    form = await read_form(request)
    view = await _view(session, me, account_id, form=form)
    ground = form.text("ground", "Укажите основание: заявление, звонок, дата.", GROUND_MAX)
    if form.is_good:
        try:
            by, large = form.value("receipt_by"), form.value("large") == "1"
            kept = await receipt_wishes.wish(session, view.account, by, large, ground, me.user_id)
        except DeliveryRefused as refused:
            form.refuse(refused.field, refused.message)
        else:
            return see_other(request, f"{view.base}/delivery?done={'wish' if kept else 'same'}")
    return page(request, "accounts/delivery.html", view, status=422, retitle=True)


@router.post("/ids", dependencies=[allow(*OPERATORS)])
async def identify(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Identifiers of ГИС ЖКХ."""
    form = await read_form(request)
    view = await _view(session, me, account_id, ids=form)
    ground = form.text("ids_ground", "Укажите, откуда они: выгрузка ГИС ЖКХ, дата.", GROUND_MAX)
    if form.is_good:
        els, gis_id = (form.value(name).replace(" ", "").upper() for name in ("els", "gis_id"))
        try:
            deed = Deed(me.user_id, ground, address_of(request))
            kept = await receipt_wishes.identify(session, view.account, els, gis_id, deed)
        except DeliveryRefused as refused:
            form.refuse(refused.field, refused.message)
        else:
            return see_other(request, f"{view.base}/delivery?done={'ids' if kept else 'same'}")
    return page(request, "accounts/delivery.html", view, status=422, retitle=True)
