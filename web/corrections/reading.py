"""A reading of a past month put right at the desk: the intake takes it as any other, then the months are
corrected. The page cannot write readings itself, so the difference is looked at when the reading is in.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from billing.period import Period
from billing.reading import ReadingAsked, ReadingRefused
from storage import account_meters
from storage.inbox import KeyReused
from storage.reading_inbox import send_reading
from storage.recompute import MONTHS_MAX
from web import clock
from web.corrections.desk import account_of, desk_view
from web.corrections.words import CORRECTORS
from web.deps import CurrentUser, Writer
from web.errors import Conflict, NotFound
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import allow

router = APIRouter(prefix="/corrections/accounts/{account_id:int}/reading", dependencies=[allow(*CORRECTORS)])

OPEN_MONTH = "Показание открытого месяца вносят в карточке, здесь — за прошлые, не старше 36 месяцев."


@router.post("")
async def enter(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Judge and send the reading of the month of its day; the page that follows waits for it."""
    account, opened = await account_of(session, me, account_id)
    form = await read_form(request)
    form.values["fact"] = "reading"
    day = form.date("day", "Укажите, за какой день показание: 24.05.2026.")
    meter = form.integer("meter", "Выберите счётчик.")
    document = form.text("ground", "Укажите документ и номер: «Акт проверки № 3».", 300)
    if day is not None and not opened.shift(-MONTHS_MAX) <= Period.of(day) < opened:
        form.refuse("day", OPEN_MONTH)
    if meter is not None and meter not in await account_meters.meter_ids(session, account_id):
        raise NotFound("У этого счёта нет такого счётчика.", "Обновите страницу.")
    question = ""
    if form.is_good and day is not None and meter is not None:
        key = form.value("key") or secrets.token_hex(16)
        try:
            await send_reading(
                session,
                meter,
                _texts(form),
                taken_on=day,
                source="company",
                user_id=me.user_id,
                key=key,
                today=clock.today(),
                open_period=opened.first_day,
                confirmed=form.value("confirmed") == "yes",
                period=Period.of(day).first_day,
            )
        except ReadingAsked as asked:
            question = asked.message
        except ReadingRefused as refused:
            form.refuse("value1", refused.message)
        except KeyReused as reused:
            raise Conflict("Эта форма уже отправлена с другими цифрами.", str(reused)) from reused
        else:
            since = {"fact": "since", "since": str(Period.of(day)), "sent": key, "ground": document}
            return see_other(request, f"/corrections/accounts/{account_id}?{urlencode(since)}")
    view = await desk_view(session, me, account, opened, form, question=question)
    return page(request, "corrections/desk.html", view, "fact", status=422)


def _texts(form: Typed) -> tuple[str, ...]:
    """What was typed by zone."""
    return tuple(form.value(f"value{zone}") for zone in (1, 2, 3) if f"value{zone}" in form.values)
