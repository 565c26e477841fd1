"""A meter as a card: what stood on it, what was typed, and the answer; for the desk and the cabinet."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from billing.history import consumed
from billing.quantity import MICRO
from billing.receipt import Quantity
from billing.services import CATALOGUE, ELECTRICITY_ZONES
from receipts import words
from storage.account_meters import MeterRow, ReadingMark
from storage.reading_inbox import InboxState
from web.bars import BarChart, bar_chart
from web.charges import label_of
from web.filters import DASH

SOURCES = {
    "resident": "из кабинета",
    "company": "внесла УК",
    "supplier": "от поставщика",
    "device": "автоматически",
    "inspection": "при проверке",
    "payment": "с платежом",
    "import": "из файла",
    "final": "при снятии",
    "initial": "при установке",
}
STATUSES = {"accepted": "", "held": "на проверке", "rejected": "не принято"}
VERIFY_SOON = dt.timedelta(days=60)
KEY_BYTES = 12


@dataclass(frozen=True, slots=True)
class MeterInput:
    """What stands in the form of a meter: typed texts by zone and the answer to them.

    error is a refusal, question asks to confirm; key makes a second press of the button harmless.
    """

    texts: tuple[str, ...] = ()
    error: str = ""
    question: str = ""
    key: str = field(default_factory=lambda: secrets.token_urlsafe(KEY_BYTES))

    def text(self, zone: int) -> str:
        """What was typed for a zone (from 1)."""
        return self.texts[zone - 1] if zone <= len(self.texts) else ""


@dataclass(frozen=True, slots=True)
class ZoneCell:
    """A zone of a meter: its name, what stood last, what is typed now."""

    number: int
    title: str
    last_words: str
    typed: str


@dataclass(frozen=True, slots=True)
class MonthReading:
    """A reading of the table: month, values, volume since the one before, who gave it."""

    period: dt.date
    taken_on: dt.date
    values_words: str
    volume_words: str
    source_words: str
    status_words: str
    verdict: str


@dataclass(frozen=True, slots=True)
class MeterCard:
    """Everything a card shows. given_words: the reading of the open month when there is one."""

    id: int
    title: str
    service_label: str
    unit: str
    serial: str
    place: str
    model: str
    is_whole: bool
    is_removed: bool
    removed_on: dt.date | None
    verified_until: dt.date | None
    verify_state: str
    last_on: dt.date | None
    given_words: str
    usual_words: str
    zones: tuple[ZoneCell, ...]
    input: MeterInput
    sent: InboxState | None
    chart: BarChart | None
    readings: tuple[MonthReading, ...]

    @property
    def is_active(self) -> bool:
        """Readings can be given to it."""
        return not self.is_removed

    @property
    def confirm_words(self) -> str:
        """What the second button says: «Да, передать 168»."""
        return "Да, передать " + ", ".join(text.strip() for text in self.input.texts)


def meter_cards(
    meters: Sequence[MeterRow],
    open_period: dt.date,
    today: dt.date,
    inputs: dict[int, MeterInput] | None = None,
    sent: InboxState | None = None,
) -> list[MeterCard]:
    """Cards of meters in use first, then of those taken off."""
    typed = inputs or {}
    made = [
        _card(meter, open_period, today, typed.get(meter.id, MeterInput()), _of_meter(sent, meter.id))
        for meter in meters
    ]
    return sorted(made, key=lambda card: card.is_removed)


def _of_meter(sent: InboxState | None, meter_id: int) -> InboxState | None:
    return sent if sent is not None and sent.meter_id == meter_id else None


def _card(
    meter: MeterRow, open_period: dt.date, today: dt.date, typed: MeterInput, sent: InboxState | None
) -> MeterCard:
    unit = CATALOGUE[meter.service].unit if meter.service in CATALOGUE else ""
    last = meter.last
    given = last if last is not None and last.period >= open_period else None
    before = given.previous if given is not None else meter.last_values
    counted = [one for one in meter.readings if one.status == "accepted"]
    bars = [
        (one.period, volume_of(meter, one), words.reading(Quantity(volume_of(meter, one))))
        for one in counted
        if one.prev_period is not None
    ]
    bars.reverse()
    label = label_of(meter.service, 0)
    return MeterCard(
        id=meter.id,
        title=f"{label}, {meter.place}" if meter.place else label,
        service_label=label,
        unit=unit,
        serial=meter.serial,
        place=meter.place or "",
        model=meter.model or "",
        is_whole=all(value % MICRO == 0 for one in counted for value in one.values),
        is_removed=meter.removed_on is not None and meter.removed_on <= today,
        removed_on=meter.removed_on,
        verified_until=meter.verified_until,
        verify_state=_verify_state(meter.verified_until, today),
        last_on=_last_on(counted, open_period),
        given_words=_values_words(meter, given.values) if given else "",
        usual_words=_usual(meter, [one for one in counted if one.period < open_period]),
        zones=_zones(meter, before, typed),
        input=typed,
        sent=sent,
        chart=bar_chart(f"{label}: расход по месяцам, {unit}", bars, label_every=2) if bars else None,
        readings=tuple(_month(meter, one, unit) for one in meter.readings),
    )


def _zones(meter: MeterRow, before: tuple[int, int, int], typed: MeterInput) -> tuple[ZoneCell, ...]:
    return tuple(
        ZoneCell(
            zone,
            zone_title(meter.zones, zone),
            words.reading(Quantity(before[zone - 1])),
            typed.text(zone),
        )
        for zone in range(1, meter.zones + 1)
    )


def _last_on(counted: Sequence[ReadingMark], open_period: dt.date) -> dt.date | None:
    """The day of the newest reading of an earlier month: what the typed one is compared with."""
    return next((one.taken_on for one in counted if one.period < open_period), None)


def zone_title(zones: int, zone: int) -> str:
    """«день», «ночь»; nothing for a meter of one rate."""
    return ELECTRICITY_ZONES.get(zone, "") if zones > 1 else ""


def volume_of(meter: MeterRow, mark: ReadingMark) -> int:
    """Volume of a reading since the one before it, all zones, micro-units."""
    return sum(consumed(mark.previous, mark.values, meter.digits))


def _values_words(meter: MeterRow, values: tuple[int, int, int]) -> str:
    return " / ".join(words.reading(Quantity(values[zone])) for zone in range(meter.zones))


def _month(meter: MeterRow, one: ReadingMark, unit: str) -> MonthReading:
    volume = DASH
    if one.prev_period is not None:  # the first reading of all is not a volume of one month
        volume = f"{words.reading(Quantity(volume_of(meter, one)))} {unit}"
    return MonthReading(
        period=one.period,
        taken_on=one.taken_on,
        values_words=_values_words(meter, one.values),
        volume_words=volume,
        source_words=SOURCES.get(one.source, one.source),
        status_words=STATUSES.get(one.status, one.status),
        verdict=one.verdict or "",
    )


def _usual(meter: MeterRow, counted: Sequence[ReadingMark]) -> str:
    """«обычно 5–8 м³» of the last six readings; nothing when there are fewer than three."""
    volumes = [volume_of(meter, one) for one in counted[:6] if one.prev_period is not None]
    if len(volumes) < 3:
        return ""
    low, high = min(volumes) // MICRO, -(-max(volumes) // MICRO)
    return f"{low}" if low == high else f"{low}–{high}"


def _verify_state(until: dt.date | None, today: dt.date) -> str:
    if until is None:
        return ""
    if until < today:
        return "expired"
    return "soon" if until - today <= VERIFY_SOON else "valid"
