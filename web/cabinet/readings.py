"""«Показания»: a card a meter, one button. A reading is judged, kept as an event and told about at once."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from billing.reading import ReadingAsked, ReadingRefused
from billing.reading import words as reading_words
from storage import account_meters, cabinet_pages
from storage.inbox import KeyReused
from storage.reading_inbox import InboxState, send_reading, states_of
from storage.readings import check_reading
from storage.session import Session
from web import clock
from web.cabinet.frame import Frame, frame, last_reading_day
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.forms import Typed, read_form
from web.meter_cards import MeterCard, MeterInput, meter_cards
from web.render import page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/my/readings", dependencies=[allow(Role.RESIDENT)])

KEY_BYTES = 12
ZONES_MAX = 3


@dataclass(frozen=True, slots=True)
class ReadingsView:
    """Cards of meters with what was typed and answered; states of readings on their way, by meter."""

    frame: Frame
    cards: list[MeterCard]
    key: str
    sent_key: str
    states: dict[int, InboxState]
    last_day: dt.date | None
    note: str

    @property
    def is_waiting(self) -> bool:
        """Whether the intake still works, so that the page should look again."""
        return any(state.is_waiting for state in self.states.values())

    @property
    def active(self) -> list[MeterCard]:
        """Meters that take readings: just answered first, then those still without one."""
        takers = [card for card in self.cards if card.is_active]
        return sorted(takers, key=lambda card: (card.id not in self.states, bool(card.given_words)))

    @property
    def is_closed(self) -> bool:
        """Whether the window of the open month is over, so that a reading goes into the next one."""
        return self.last_day is not None and self.frame.today > self.last_day


@dataclass(frozen=True, slots=True)
class HintView:
    """What a typed value would mean, before anything is sent."""

    meter_id: int
    words: str
    tone: str


@router.get("")
async def show(
    request: Request, me: CurrentUser, session: Reader, account: int | None = None, sent: str = ""
) -> Response:
    """The page; ?sent= tells about readings just given."""
    view = await _view(session, me, account, {}, sent, "")
    return page(request, "cabinet/readings.html", view, "cards")


async def _view(
    session: Session, me: Me, account: int | None, inputs: dict[int, MeterInput], sent: str, note: str
) -> ReadingsView:
    held = await frame(session, me, account)
    chosen, opened = held.account, Period.of(held.open_period)
    meters = await account_meters.meters(session, chosen.id, opened.shift(1).first_day)
    around = await cabinet_pages.around(
        session,
        house_id=chosen.house_id,
        account_id=chosen.id,
        company_id=chosen.company_id,
        period=held.open_period,
        now=clock.now(),
    )
    keys = {_key(sent, meter.id): meter.id for meter in meters} if sent else {}
    found = await states_of(session, "resident", list(keys)) if keys else {}
    return ReadingsView(
        frame=held,
        cards=meter_cards(meters, held.open_period, held.today, inputs),
        key=secrets.token_urlsafe(KEY_BYTES),
        sent_key=sent,
        states={keys[key]: state for key, state in found.items()},
        last_day=last_reading_day(held.open_period, around.reading_last_day),
        note=note,
    )


def _key(form_key: str, meter_id: int) -> str:
    """The key of one reading of a form: the form's own and the meter's."""
    return f"{form_key}-{meter_id}"


@router.post("")
async def give(request: Request, me: CurrentUser, session: Writer, account: int | None = None) -> Response:
    """Send every reading that was typed; those that cannot be taken come back with words, typed as is."""
    form = await read_form(request)
    held = await frame(session, me, account)
    meters = await account_meters.meters(
        session, held.account.id, Period.of(held.open_period).shift(1).first_day
    )
    key = form.value("key")[:100] or secrets.token_urlsafe(KEY_BYTES)
    answers: dict[int, MeterInput] = {}
    taken = 0
    for meter in meters:
        texts = _texts(form, meter.id, meter.zones)
        if not any(texts):
            continue
        answer = await _send(
            session, me, held, meter.id, texts, key, form.value("confirmed") == str(meter.id)
        )
        if answer is None:
            taken += 1
        else:
            answers[meter.id] = answer
    if taken and not answers:
        return see_other(request, held.url("/my/readings", sent=key) + "#answer")
    note = "" if answers else "Введите показание хотя бы одного счётчика."
    view = await _view(session, me, account, answers, key if taken else "", note)
    return page(request, "cabinet/readings.html", view, "cards", status=422)


def _texts(form: Typed, meter_id: int, zones: int) -> tuple[str, ...]:
    return tuple(form.value(f"value{zone}-{meter_id}") for zone in range(1, zones + 1))


async def _send(
    session: Session, me: Me, held: Frame, meter_id: int, texts: tuple[str, ...], key: str, confirmed: bool
) -> MeterInput | None:
    """Send one reading; None when it was taken, otherwise what to show on its card."""
    try:
        await send_reading(
            session,
            meter_id,
            texts,
            taken_on=held.today,
            source="resident",
            user_id=me.user_id,
            key=_key(key, meter_id),
            today=held.today,
            open_period=held.open_period,
            confirmed=confirmed,
        )
    except ReadingAsked as asked:
        return MeterInput(texts, question=asked.message)
    except ReadingRefused as refused:
        return MeterInput(texts, error=refused.message)
    except KeyReused as reused:
        raise Conflict(
            "Эти показания уже отправлены.", "Откройте страницу заново и проверьте их."
        ) from reused
    return None


@router.get("/check/{meter_id}")
async def check(
    request: Request, meter_id: int, me: CurrentUser, session: Reader, account: int | None = None
) -> Response:
    """What a typed value means: the volume, or why it will not be taken. Writes nothing."""
    held = await frame(session, me, account)
    texts = [request.query_params.get(f"value{zone}-{meter_id}", "") for zone in range(1, ZONES_MAX + 1)]
    typed = [text for text in texts if text.strip()]
    meters = await account_meters.meters(
        session, held.account.id, Period.of(held.open_period).shift(1).first_day
    )
    card = next((one for one in meters if one.id == meter_id), None)
    if card is None:
        raise NotFound("Такого счётчика нет.", "Обновите страницу.")
    words, tone = "", ""
    if len(typed) == card.zones:
        shown = meter_cards([card], held.open_period, held.today)[0]
        words, tone = await _judge(session, held, shown, typed)
    return page(request, "cabinet/hint.html", HintView(meter_id, words, tone), "hint")


async def _judge(session: Session, held: Frame, card: MeterCard, texts: list[str]) -> tuple[str, str]:
    try:
        checked = await check_reading(
            session,
            card.id,
            texts,
            taken_on=held.today,
            source="resident",
            today=held.today,
            open_period=held.open_period,
        )
    except ReadingAsked as asked:
        return asked.message, "warn"
    except ReadingRefused as refused:
        return refused.message, "bad"
    usual = f", обычно {card.usual_words} {card.unit}" if card.usual_words else ""
    return f"Расход {reading_words(sum(checked.volume))} {card.unit}{usual}", "good"
