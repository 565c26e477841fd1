"""«Как получать квитанцию»: on paper or only here, in large letters; a wish counts from the next run."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import receipt_wishes
from storage.receipt_wishes import DeliveryHead, DeliveryRefused
from storage.session import Session
from web.cabinet.frame import Frame, frame
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Role, allow

router = APIRouter(prefix="/my/delivery", dependencies=[allow(Role.RESIDENT)])

WAYS = {
    "paper": "На бумаге, в почтовый ящик",
    "electronic": "Только здесь, бумагу не присылать",
}


@dataclass(frozen=True, slots=True)
class MyDeliveryView:
    """The form with what is written down."""

    frame: Frame
    account: DeliveryHead
    form: Typed
    done: bool

    @property
    def ways(self) -> dict[str, str]:
        return WAYS


async def _view(session: Session, held: Frame, form: Typed | None, done: bool = False) -> MyDeliveryView:
    account = await receipt_wishes.head(session, held.account.id)
    if account is None:
        raise NotFound("Счёт не найден.", "Выберите счёт из списка на главной.")
    large = "1" if account.is_large_print else ""
    values = Typed({"receipt_by": account.receipt_by, "large": large})
    return MyDeliveryView(held, account, form or values, done)


@router.get("")
async def show(
    request: Request, me: CurrentUser, session: Reader, account: int | None = None, done: str = ""
) -> Response:
    """The form."""
    view = await _view(session, await frame(session, me, account), None, done == "1")
    return page(request, "cabinet/delivery.html", view)


@router.post("")
async def wish(request: Request, me: CurrentUser, session: Writer, account: int | None = None) -> Response:
    """Keep the wish."""
    held = await frame(session, me, account)
    form = await read_form(request)
    view = await _view(session, held, form)
    try:
        large = form.value("large") == "1"
        await receipt_wishes.wish(session, view.account, form.value("receipt_by"), large, "", me.user_id)
    except DeliveryRefused as refused:
        form.refuse(refused.field, refused.message)
        return page(request, "cabinet/delivery.html", view, status=422)
    return see_other(request, held.url("/my/delivery", done=1))
