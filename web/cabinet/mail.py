"""«Квитанция на почту»: the address proved by a code, what is sent, a password of the file, paper or not."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from storage import mail_boxes, sealed
from storage.mail_boxes import Box, MailRefused
from storage.scope import SYSTEM
from storage.session import Session
from web import clock
from web.cabinet.frame import Frame, frame
from web.deps import CurrentUser, Reader, database
from web.forms import Typed, blank, read_form
from web.mail_words import BOX_STATES, WRONG_ADDRESS, address_of
from web.render import page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/my/mail", dependencies=[allow(Role.RESIDENT)])

PASSWORD_LENGTH = (6, 64)
DEEDS = ("address", "code", "wishes", "password", "open", "off")
DONE = {
    "confirmed": "Адрес подтверждён. Следующая квитанция придёт на него.",
    "wishes": "Сохранено.",
    "password": "Пароль задан. Он понадобится, чтобы открыть следующую квитанцию.",
    "open": "Пароль снят. Следующая квитанция откроется без него.",
    "off": "Квитанции на почту больше не придут, бумажную принесут как раньше.",
}


@dataclass(frozen=True, slots=True)
class MailView:
    """The page."""

    frame: Frame
    box: Box | None
    form: Typed
    done: str
    has_passwords: bool
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: BOX_STATES)

    @property
    def waits(self) -> bool:
        """Whether a code was sent and still counts."""
        return self.box is not None and self.box.state == "asked" and self.box.waits_for_code(clock.now())

    @property
    def is_confirmed(self) -> bool:
        """Whether letters go to the address."""
        return self.box is not None and self.box.state == "confirmed"


async def _view(session: Session, me: Me, account: int | None, form: Typed, done: str = "") -> MailView:
    view = await frame(session, me, account)
    box = await mail_boxes.box(session, view.account.id)
    return MailView(view, box, form, DONE.get(done, ""), bool(sealed.key_of_stack()))


@router.get("")
async def show(
    request: Request, me: CurrentUser, session: Reader, account: int | None = None, done: str = ""
) -> Response:
    """The page as it stands."""
    return page(request, "cabinet/mail.html", await _view(session, me, account, blank(), done))


async def _carry_out(form: Typed, session: Session, account_id: int) -> str:
    """Do what was asked; the word of what is done, empty when a field is refused. Raises MailRefused."""
    deed = form.choice(
        "deed", ("address", "code", "wishes", "password", "open", "off"), "Выберите, что сделать."
    )
    match deed:
        case "address":
            return await _ask(form, session, account_id)
        case "code":
            digits = "".join(sign for sign in form.value("code") if sign.isdigit())
            if await mail_boxes.confirm(session, account_id, digits, clock.now()):
                return "confirmed"
            form.refuse("code", "Код не подошёл. Проверьте письмо и введите ещё раз.")
        case "wishes":
            receipts = form.value("receipts") == "1"
            await mail_boxes.wish(
                session, account_id, has_receipts=receipts, is_paperless=form.value("paperless") == "1"
            )
            return "wishes"
        case "password":
            return await _password(form, session, account_id)
        case "open":
            await mail_boxes.set_password(session, account_id, None)
            return "open"
        case "off":
            await mail_boxes.end(session, account_id)
            return "off"
    return ""


async def _ask(form: Typed, session: Session, account_id: int) -> str:
    address = address_of(form.value("address"))
    if address is None:
        form.refuse("address", WRONG_ADDRESS)
        return ""
    await mail_boxes.ask(session, account_id, address, clock.now())
    return "sent"


async def _password(form: Typed, session: Session, account_id: int) -> str:
    """The spaces of a password are a part of it."""
    password = form.values.get("password", "")
    low, high = PASSWORD_LENGTH
    key = sealed.key_of_stack()
    if not low <= len(password) <= high or not password.strip():
        form.refuse("password", f"Пароль: от {low} до {high} знаков.")
    elif not key:
        form.refuse("password", "Пароли сейчас не принимаются. Попробуйте позже.")
    else:
        kept = sealed.seal(password, f"mail:{account_id}", key)
        await mail_boxes.set_password(session, account_id, kept)
        return "password"
    return ""


@router.post("")
async def act(request: Request, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """One deed of the page, for the chosen account alone."""
    form = await read_form(request)
    held = await frame(session, me, account)
    done = ""
    try:
        async with database(request).transaction(SYSTEM) as writing:
            done = await _carry_out(form, writing, held.account.id)
    except MailRefused as refusal:
        form.refuse("", str(refusal))
    if form.is_good:
        return see_other(request, held.url("/my/mail", done=done))
    async with database(request).reading(SYSTEM) as after:
        box = await mail_boxes.box(after, held.account.id)
    view = MailView(held, box, form, "", bool(sealed.key_of_stack()))
    return page(request, "cabinet/mail.html", view, status=422)
