"""The editor of a form: fields at the left, a real receipt as it would be printed beside, versions below."""

from __future__ import annotations

import asyncio
import base64
import io
from dataclasses import dataclass, field

import pypdfium2
from fastapi import APIRouter, Request, Response

from billing.period import Period
from billing.receipt import Receipt, ReceiptMismatchError
from receipts.barcode import FIELDS, BarcodeRefusedError
from receipts.fill import COLUMNS, Filler
from receipts.form import LARGE_PERCENT, Variant, dress_of, press_form
from receipts.look import BLOCKS, OPTIONAL, PARTS, STANDARD, Look, look_of
from receipts.qr import QrRefusedError
from receipts.render import ReceiptRenderError
from receipts.volume import one_receipt
from storage import press_orders, receipt_forms
from storage.receipt_forms import FormOwner, FormVersion
from storage.receipts import build_receipts
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, read_form
from web.receipt_forms.listing import CENTRE, key_of
from web.receipt_forms.typed import look_typed, standard_source, values_of
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow

WRITERS = (*ACCRUERS, Role.COMPANY)
router = APIRouter(prefix="/receipt-forms", dependencies=[allow(*CENTRE_STAFF, Role.COMPANY)])

NOTE_MAX = 200
PAGES_SHOWN = 4
DOTS_PER_POINT = 1.25
"""Of a preview: a page is some 740 dots wide, read without zooming."""
CHECKED = tuple(
    (paper, percent, columns)
    for paper, percent in (("a4", 100), ("a4", LARGE_PERCENT), ("a5", 100))
    for columns in ((), COLUMNS)
)
"""Variants a form must come out in before it is kept: every paper and size, with few columns and with all."""
DONE = {"saved": "Версия сохранена. Документы с её месяца будут выглядеть так."}


@dataclass(frozen=True, slots=True)
class Preview:
    """Pages as pictures for the address of an image, or in words why there are none."""

    pages: list[str] = field(default_factory=list)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the page in the editor."""

    name: str
    title: str
    place: str
    is_optional: bool


@dataclass(frozen=True, slots=True)
class EditView:
    """The editor; look is the version it began from."""

    owner: FormOwner
    key: str
    form: Typed
    look: Look
    versions: list[FormVersion]
    preview: Preview
    may_write: bool
    is_own_source: bool
    done: str

    @property
    def base(self) -> str:
        """The address of the editor."""
        return f"/receipt-forms/{self.key}"

    @property
    def blocks(self) -> list[Block]:
        """In the order of the form."""
        named = [
            Block(name, title, self.form.value(f"place_{name}"), name in OPTIONAL)
            for name, title in BLOCKS.items()
        ]
        return sorted(named, key=lambda one: (int(one.place) if one.place.isdigit() else 99, one.name))

    @property
    def parts(self) -> dict[str, str]:
        """What may be left out inside blocks."""
        return PARTS

    @property
    def fields(self) -> str:
        """Fields of a linear code with what they are."""
        return ", ".join(f"{name} — {words}" for name, (words, _) in FIELDS.items())


async def _owner(session: Session, key: str, me: Me) -> FormOwner:
    """Whose form it is. Raises NotFound when there is none or it is another's."""
    owner_id = None if key == CENTRE else int(key) if key.isascii() and key.isdigit() and len(key) < 9 else -1
    own_only = me.role is Role.COMPANY
    owner = None
    if not own_only or owner_id == me.organisation_id:
        owner = await receipt_forms.owner(session, owner_id)
    if owner is None:
        raise NotFound("Такой формы нет.", "Откройте список форм и выберите организацию.")
    return owner


async def _view(
    session: Session, owner: FormOwner, me: Me, form: Typed | None = None, version: int = 0, done: str = ""
) -> EditView:
    versions = await receipt_forms.versions(session, owner.id)
    chosen = next((one for one in versions if one.version == version), versions[0] if versions else None)
    look = STANDARD if chosen is None else look_of(chosen.look)
    if form is None:
        periods = await press_orders.periods(session)
        month = me.open_period or (periods[0].first_day if periods else None)
        account = (
            await receipt_forms.sample_account(session, owner.id, periods[0].first_day) if periods else ""
        )
        form = Typed(values_of(look) | {"account": account, "valid_from": f"{month:%Y-%m}" if month else ""})
    return EditView(
        owner=owner,
        key=key_of(owner),
        form=form,
        look=look,
        versions=versions,
        preview=Preview(),
        may_write=me.may(*WRITERS),
        is_own_source=bool(look.source),
        done=DONE.get(done, ""),
    )


@router.get("/standard.typ")
async def source() -> Response:
    """The standard form to take as a beginning."""
    headers = {"Content-Disposition": 'attachment; filename="forma-kvitancii.typ"'}
    return Response(standard_source(), media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/{key}")
async def show(
    request: Request, key: str, me: CurrentUser, session: Reader, version: int = 0, done: str = ""
) -> Response:
    """The editor with the newest version, or an older one that is asked for."""
    owner = await _owner(session, key, me)
    return page(request, "receipt_forms/edit.html", await _view(session, owner, me, None, version, done))


@router.post("/{key}/preview", dependencies=[allow(*WRITERS)])
async def preview(request: Request, key: str, me: CurrentUser, session: Reader) -> Response:
    """A receipt of the account as the form in the editor would print it; nothing is kept."""
    owner = await _owner(session, key, me)
    form = await read_form(request)
    view = await _view(session, owner, me, form, _version(form))
    look = await look_typed(form, view.look)
    if look is None:
        shown = Preview(problem=" ".join(form.errors.values()))
    else:
        receipt, problem = await _receipt(session, owner, form)
        shown = (
            Preview(problem=problem) if receipt is None else await asyncio.to_thread(_drawn, receipt, look)
        )
    view = EditView(**{name: getattr(view, name) for name in view.__slots__} | {"preview": shown})
    return page(request, "receipt_forms/edit.html", view, block="preview")


def _version(form: Typed) -> int:
    typed = form.value("version")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


async def _receipt(session: Session, owner: FormOwner, form: Typed) -> tuple[Receipt | None, str]:
    """The newest document of the account in the form, or why there is none."""
    periods = await press_orders.periods(session)
    if not periods:
        return None, "Показать не на чем: ни один месяц ещё не опубликован."
    account = await receipt_forms.account_of_number(session, form.value("account"), owner.id)
    if account is None:
        return None, "Такого счёта у организации нет. Впишите номер лицевого счёта для просмотра."
    built = (await build_receipts(session, [account], periods[0])).get(account)
    if built is None or built.receipt is None:
        return None, built.problem if built else "Счёт не найден."
    return built.receipt, ""


def _drawn(receipt: Receipt, look: Look) -> Preview:
    try:
        content = one_receipt(Filler("a4", 100).fill(receipt, "№\u00a0000001", look), "preview")
    except (ReceiptMismatchError, QrRefusedError, BarcodeRefusedError, ReceiptRenderError) as error:
        return Preview(problem=str(error))
    document = pypdfium2.PdfDocument(content)
    try:
        count = min(len(document), PAGES_SHOWN)
        return Preview([_picture(document[number]) for number in range(count)])
    finally:
        document.close()


def _picture(sheet: pypdfium2.PdfPage) -> str:
    made = io.BytesIO()
    sheet.render(scale=DOTS_PER_POINT).to_pil().quantize(64).save(made, "PNG")
    return "data:image/png;base64," + base64.b64encode(made.getvalue()).decode()


@router.post("/{key}", dependencies=[allow(*WRITERS)])
async def save(request: Request, key: str, me: CurrentUser, session: Writer) -> Response:
    """Keep the form as a new version once it comes out on every paper; a broken one is refused by line."""
    owner = await _owner(session, key, me)
    form = await read_form(request)
    view = await _view(session, owner, me, form, _version(form))
    look = await look_typed(form, view.look)
    since = _since(form, me)
    note = form.text("note", "Впишите, что изменено: «новый логотип».", NOTE_MAX)
    if look is not None and form.is_good:
        problem = await asyncio.to_thread(_problem, look)
        if problem:
            form.refuse("source" if look.source else "accent", problem)
    if look is None or since is None or not form.is_good:
        return page(request, "receipt_forms/edit.html", view, status=422)
    await receipt_forms.save(session, owner.id, look.kept(), since.first_day, note, me.user_id)
    return see_other(request, f"{view.base}?done=saved")


def _since(form: Typed, me: Me) -> Period | None:
    """The first month of a version: the one before the open month at the earliest, its paper goes out now."""
    since = form.period("valid_from")
    earliest = Period.of(me.open_period).shift(-1) if me.open_period else None
    if since is not None and earliest is not None and since < earliest:
        form.refuse(
            "valid_from", f"Документы прошлых месяцев уже разосланы: форма меняется с {earliest} и позже."
        )
        return None
    return since


def _problem(look: Look) -> str:
    """What keeps a form from being printed, in words; nothing when every variant of it comes out."""
    try:
        for paper, percent, columns in CHECKED:
            press_form(Variant(paper, percent, columns, dress_of(look)))
    except ReceiptRenderError as error:
        return str(error)
    return ""


@router.post("/{key}/restore/{version}", dependencies=[allow(*WRITERS)])
async def restore(request: Request, key: str, version: int, me: CurrentUser, session: Writer) -> Response:
    """An older version again, as a new one; 0 is the standard form."""
    owner = await _owner(session, key, me)
    versions = await receipt_forms.versions(session, owner.id)
    kept = next((one for one in versions if one.version == version), None)
    if (kept is None and version) or not versions:
        raise NotFound("Такой версии нет.", "Обновите страницу и выберите версию из списка.")
    look = STANDARD if kept is None else look_of(kept.look)
    words = f"Снова версия {version}" if version else "Снова стандартная форма"
    since = me.open_period or versions[0].valid_from
    await receipt_forms.save(session, owner.id, look.kept(), since, words, me.user_id)
    return see_other(request, f"/receipt-forms/{key}?done=saved")
