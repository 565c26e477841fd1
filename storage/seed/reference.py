"""Reference data of the made-up city: organisations, contracts, tariffs, norms, coefficients, with their
documents.

Values are plausible for a city of the Volga region in 2024–2026: indexed on 01.07.2025, by the VAT step on
01.01.2026 and mainly on 01.10.2026. Rates are ten-thousandths of a rouble, norms millionths of a unit.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from billing.period import Period
from billing.quantity import MICRO, PERMILLE, RATE_PER_RUBLE, parse_scaled
from billing.services import Service
from storage.natural import search_form
from storage.seed import requisites
from storage.seed.houses import (
    ELECTRIC_ZONES,
    GAS_HEATER_ZONES,
    HOLE_ZONE,
    LEFT_ZONES,
    PRIVATE_ZONES,
    RIGHT_ZONES,
)
from storage.seed.words import CITY, COMPANIES

S = Service
Row = dict[str, Any]

ACCOUNTS_PER_COMPANY = 40_000
COMPANIES_MIN = 3
COMPANIES_MAX = 90  # an account number begins with two digits of its company
FIRST_VALUES = dt.date(2024, 7, 1)

CENTRE = 1
WATER, HEAT, POWER, GAS, WASTE, CAPITAL = 2, 3, 4, 5, 6, 7
BANK, TERMINALS, POST = 8, 9, 10
SOCIAL, DISPATCH = 11, 12
FIRST_COMPANY = 13

PARTICIPANTS: tuple[tuple[int, str, str, str, str], ...] = (
    (CENTRE, "centre", f"МУП «Расчётный центр города {CITY}»", "Расчётный центр", "centre"),
    (WATER, "supplier", "МУП «Северореченский водоканал»", "Водоканал", "vodokanal"),
    (HEAT, "supplier", "АО «Северореченская теплосеть»", "Теплосеть", "teploset"),
    (POWER, "supplier", "АО «Северореченская энергосбытовая компания»", "Энергосбыт", "energosbyt"),
    (GAS, "supplier", "ООО «Северореченск-Газ»", "Газ", "gaz"),
    (WASTE, "supplier", "ООО «Экология региона» (региональный оператор ТКО)", "Регоператор ТКО", "ecologia"),
    (CAPITAL, "fund", "Фонд капитального ремонта Северореченской области", "Фонд капремонта", "fkr"),
    (BANK, "agent", "АО «Северореченский банк»", "Северореченский банк", "bank"),
    (TERMINALS, "agent", "ООО «Платёжные терминалы Плюс»", "Терминалы Плюс", "terminals"),
    (POST, "agent", "АО «Почтовые платежи»", "Почтовые платежи", "post"),
    (SOCIAL, "social", f"Управление социальной защиты населения города {CITY}", "Соцзащита", "social"),
    (DISPATCH, "dispatch", "МКУ «Единая диспетчерская служба ЖКХ»", "Единая диспетчерская", "dispatch"),
)  # fmt: skip
INDEX_DATES = (
    (FIRST_VALUES, 1_000),
    (dt.date(2025, 7, 1), 1_119),
    (dt.date(2026, 1, 1), 1_138),
    (dt.date(2026, 10, 1), 1_241),
)
ORDER_DATES = {
    FIRST_VALUES: dt.date(2023, 12, 14),
    dt.date(2025, 7, 1): dt.date(2024, 12, 18),
    dt.date(2026, 1, 1): dt.date(2025, 12, 16),
    dt.date(2026, 10, 1): dt.date(2025, 12, 16),
}


@dataclass(frozen=True, slots=True)
class Price:
    """A tariff of the city before indexation, in roubles a unit."""

    service: int
    component: int
    roubles: str
    nonresidential: str | None = None
    zones: tuple[int, ...] = ()


HOT_COLD_PART, HOT_HEAT_PART = 1, 2
DAY, NIGHT, HALF_PEAK = 1, 2, 3

PRICES: tuple[Price, ...] = (
    Price(S.COLD_WATER, 0, "31,42", "37,70"),
    Price(S.SEWERAGE, 0, "24,86", "29,83"),
    Price(S.HOT_WATER, HOT_COLD_PART, "31,42", "37,70"),
    Price(S.HOT_WATER, HOT_HEAT_PART, "2148,37", "2578,04"),
    Price(S.HEATING, 0, "2148,37", "2578,04"),
    Price(S.ELECTRICITY, 0, "5,38", "8,92"),
    Price(S.ELECTRICITY, DAY, "6,03", "9,40"),
    Price(S.ELECTRICITY, NIGHT, "3,31", "6,05"),
    Price(S.ELECTRICITY, HALF_PEAK, "5,38", "8,92"),
    Price(S.ELECTRICITY, 0, "3,77", "8,92", ELECTRIC_ZONES),
    Price(S.ELECTRICITY, DAY, "4,22", "9,40", ELECTRIC_ZONES),
    Price(S.ELECTRICITY, NIGHT, "2,32", "6,05", ELECTRIC_ZONES),
    Price(S.ELECTRICITY, HALF_PEAK, "3,77", "8,92", ELECTRIC_ZONES),
    Price(S.GAS, 0, "7,94", "9,10"),
    Price(S.WASTE, 0, "618,40", "742,08"),
    Price(S.COMMON_COLD_WATER, 0, "31,42", "31,42"),
    Price(S.COMMON_HOT_WATER, HOT_COLD_PART, "31,42", "31,42"),
    Price(S.COMMON_HOT_WATER, HOT_HEAT_PART, "2148,37", "2148,37"),
    Price(S.COMMON_SEWERAGE, 0, "24,86", "24,86"),
    Price(S.COMMON_ELECTRICITY, 0, "5,38", "5,38"),
    Price(S.COMMON_ELECTRICITY, 0, "3,77", "3,77", ELECTRIC_ZONES),
)  # fmt: skip
SUPPLIERS = {
    S.COLD_WATER: WATER, S.SEWERAGE: WATER, S.HOT_WATER: HEAT, S.HEATING: HEAT, S.ELECTRICITY: POWER,
    S.GAS: GAS, S.WASTE: WASTE,
}  # fmt: skip
UPKEEP = ((FIRST_VALUES, "24,18"), (dt.date(2025, 7, 1), "26,40"), (dt.date(2026, 7, 1), "28,75"))
OWN_UPKEEP = ((FIRST_VALUES, "27,90"), (dt.date(2025, 5, 1), "29,85"), (dt.date(2026, 5, 1), "32,60"))
CAPITAL_REPAIR = ((FIRST_VALUES, "11,02"), (dt.date(2025, 1, 1), "12,46"), (dt.date(2026, 1, 1), "14,13"))


@dataclass(frozen=True, slots=True)
class NormValue:
    """A norm of the city: value in units, for zones (empty = all), rooms and persons (None = any)."""

    service: int
    kind: str
    value: str
    zones: tuple[int, ...] = ()
    rooms: int | None = None
    persons: int | None = None


NORMS: tuple[NormValue, ...] = (
    NormValue(S.COLD_WATER, "person", "4,33"),
    NormValue(S.COLD_WATER, "person", "7,16", GAS_HEATER_ZONES),
    NormValue(S.COLD_WATER, "person", "5,84", PRIVATE_ZONES),
    NormValue(S.HOT_WATER, "person", "3,17"),
    NormValue(S.HOT_WATER, "heat_per_m3", "0,0583"),
    NormValue(S.SEWERAGE, "person", "7,5"),
    NormValue(S.SEWERAGE, "person", "7,16", GAS_HEATER_ZONES),
    NormValue(S.SEWERAGE, "person", "5,84", PRIVATE_ZONES),
    NormValue(S.WASTE, "waste_year", "2,28", (*LEFT_ZONES, *PRIVATE_ZONES)),
    NormValue(S.WASTE, "waste_year", "0,098", RIGHT_ZONES),
    NormValue(S.COMMON_COLD_WATER, "common", "0,0216"),
    NormValue(S.COMMON_HOT_WATER, "common", "0,0191"),
    NormValue(S.COMMON_HOT_WATER, "heat_per_m3", "0,0583"),
    NormValue(S.COMMON_SEWERAGE, "common", "0,0407"),
    NormValue(S.COMMON_ELECTRICITY, "common", "1,84"),
    NormValue(S.GAS, "person", "10,2", (1, 3)),
    NormValue(S.GAS, "person", "24,6", GAS_HEATER_ZONES),
    NormValue(S.GAS, "person", "27,4", (5,)),
    NormValue(S.GAS, "area", "7,2", (5,)),
    NormValue(S.HEATING, "area", "0,0237"),  # Gcal a square metre in a month of the season
)  # fmt: skip
NORMS_ORDER = "Приказ министерства ЖКХ Северореченской области"
SEASON_FIRST, SEASON_AFTER, SEASON_MONTHS = (10, 1), (5, 1), 7  # month and day; whole months between
# kWh a person by household size 1 … 5, for one room; each further room adds, an electric cooker multiplies.
LIGHT_BY_PERSONS = (109, 74, 57, 47, 41)
LIGHT_PER_ROOM_PERCENT = (100, 125, 140, 151)
ELECTRIC_COOKER_PERCENT = 160


def companies_of(accounts: int) -> int:
    """How many УК a city of so many accounts has, besides the municipal one of the private houses."""
    return min(COMPANIES_MAX, max(COMPANIES_MIN, round(accounts / ACCOUNTS_PER_COMPANY)))


def organisations(companies: int) -> list[Row]:
    """Rows with ids from 1: companies last, the municipal one of private houses the very last."""
    rows = [_organisation(*participant) for participant in PARTICIPANTS]
    for number in range(companies):
        word = COMPANIES[number % len(COMPANIES)]
        title = word if number < len(COMPANIES) else f"{word}-{number // len(COMPANIES) + 1}"
        made = _organisation(
            FIRST_COMPANY + number, "company", f"ООО «УК {title}»", f"УК «{title}»", f"uk{number + 1}"
        )
        rows.append(made)
    private = FIRST_COMPANY + companies
    rows.append(_organisation(private, "company", "МУП «Жилсервис»", "МУП «Жилсервис»", "zhilservis"))
    return rows


def _organisation(id_: int, kind: str, name: str, short_name: str, slug: str) -> Row:
    serial = 4_100_000 + id_ * 37
    return {
        "id": id_,
        "kind": kind,
        "name": name,
        "short_name": short_name,
        "slug": slug,
        "inn": requisites.inn(serial),
        "kpp": requisites.kpp(id_),
        "ogrn": requisites.ogrn(id_ * 1_013),
        "bank_account": requisites.bank_account(id_ * 1_009, "40821" if kind == "agent" else "40702"),
        "bank_name": requisites.BANK_NAME,
        "bank_bic": requisites.BIC,
        "bank_corr_account": requisites.correspondent_account(),
        "address": f"990000, г. {CITY}, ул. Центральная, д. {id_}",
        "phone": f"+7 000 {200 + id_ % 800:03d}-10-{id_ % 100:02d}",
        "emergency_phone": f"+7 000 {200 + id_ % 800:03d}-11-{id_ % 100:02d}"
        if kind in ("company", "dispatch")
        else None,
        "email": f"info@{slug}.example",
        "site": f"https://{slug}.example",
        "office_hours": "пн–пт 9:00–18:00, сб 10:00–14:00" if kind == "company" else "пн–пт 9:00–18:00",
    }


def contracts(companies: int, start: dt.date) -> list[Row]:
    """organisation_id orders, counterparty_id does: companies order from the centre, the dispatch and the
    suppliers.
    """
    rows: list[Row] = []

    def add(organisation: int, counterparty: int, kind: str, fee: int = 0) -> None:
        number = f"{len(rows) + 1}/{start.year}"
        rows.append(
            {
                "id": len(rows) + 1,
                "organisation_id": organisation,
                "counterparty_id": counterparty,
                "kind": kind,
                "number": number,
                "fee_permyriad": fee,
                "valid_from": start,
            }
        )

    owners = range(FIRST_COMPANY, FIRST_COMPANY + companies + 1)
    for company in owners:
        add(company, CENTRE, "service", 150)
        add(company, DISPATCH, "dispatch")
        for supplier in sorted(set(SUPPLIERS.values())):
            add(company, supplier, "supply")
    for agent, fee in ((BANK, 90), (TERMINALS, 200), (POST, 160)):
        add(CENTRE, agent, "agency", fee)
        rows[-1]["fee_bearer"] = "payee"
    add(CENTRE, SOCIAL, "exchange")
    add(CAPITAL, CENTRE, "service", 120)
    return rows


def tariffs() -> list[Row]:
    """Dated prices of the city, the upkeep rate of the city and that of the first company, whose meeting
    chose its own.
    """
    rows: list[Row] = []
    for price in PRICES:
        steps = [(first, _indexed(price.roubles, permille)) for first, permille in INDEX_DATES]
        business = price.nonresidential
        for consumer, values in (
            ("population", steps),
            ("nonresidential", [(f, _indexed(business, p)) for f, p in INDEX_DATES] if business else []),
        ):
            for zone in price.zones or (None,):
                _dated(
                    rows,
                    values,
                    service=price.service,
                    component=price.component,
                    consumer=consumer,
                    zone_id=zone,
                )
    for consumer in ("population", "nonresidential"):
        for organisation, steps_of in ((None, UPKEEP), (FIRST_COMPANY, OWN_UPKEEP)):
            values = [(first, parse_scaled(rate, RATE_PER_RUBLE)) for first, rate in steps_of]
            words = (
                "Протокол общего собрания собственников"
                if organisation
                else "Постановление администрации города"
            )
            _dated(
                rows, values, words, service=int(S.UPKEEP), component=0, consumer=consumer,
                organisation_id=organisation,
            )  # fmt: skip
        values = [(first, parse_scaled(rate, RATE_PER_RUBLE)) for first, rate in CAPITAL_REPAIR]
        words = "Постановление правительства области о минимальном взносе"
        _dated(rows, values, service=int(S.CAPITAL_REPAIR), component=0, consumer=consumer, words=words)
    return rows


def _indexed(roubles: str, permille: int) -> int:
    """Indexed and rounded to a kopeck, as tariffs are set."""
    kopecks = parse_scaled(roubles, 100)
    return (2 * kopecks * permille + 1_000) // 2_000 * (RATE_PER_RUBLE // 100)


def _dated(rows: list[Row], values: list[tuple[dt.date, int]], words: str = "", **key: Any) -> None:
    for at, (first, rate) in enumerate(values):
        after = values[at + 1][0] if at + 1 < len(values) else None
        approved = ORDER_DATES.get(first, first - dt.timedelta(days=40))
        number = 40 + key["service"] * 7 + key["component"]
        title = words or "Приказ департамента тарифов Северореченской области"
        document = f"{title} от {approved:%d.%m.%Y} № {number}"
        rows.append(
            {
                "id": len(rows) + 1,
                "organisation_id": None,
                "zone_id": None,
                "valid_from": first,
                "valid_to": after,
                "rate": rate,
                "document": document,
                "document_date": approved,
                **key,
            }
        )


def norms(open_month: dt.date) -> list[Row]:
    """Norms of the city. The gas norm of the far settlement ends before the open month: a hole made on
    purpose.
    """
    rows: list[Row] = []

    def add(norm: NormValue, value: int, first: dt.date = FIRST_VALUES, after: dt.date | None = None) -> None:
        document_date = dt.date(2023, 11, 9)
        for zone in norm.zones or (None,):
            rows.append(
                {
                    "id": len(rows) + 1,
                    "zone_id": zone,
                    "service": int(norm.service),
                    "kind": norm.kind,
                    "rooms": norm.rooms,
                    "persons": norm.persons,
                    "value_micro": value,
                    "document": f"{NORMS_ORDER} от {document_date:%d.%m.%Y} № 112",
                    "document_date": document_date,
                    "valid_from": first,
                    "valid_to": after,
                }
            )

    for norm in NORMS:
        add(norm, parse_scaled(norm.value, MICRO))
    for kind, value in (("person", "27,4"), ("area", "7,2")):
        add(NormValue(S.GAS, kind, value, (HOLE_ZONE,)), parse_scaled(value, MICRO), after=open_month)
    for norm in _light():
        add(norm, int(norm.value) * MICRO)
    return rows


def _light() -> list[NormValue]:
    """The electricity norm by rooms and household size, with gas and with electric cookers."""
    out: list[NormValue] = []
    for zones, percent in (((), 100), (ELECTRIC_ZONES, ELECTRIC_COOKER_PERCENT)):
        for rooms, wider in enumerate(LIGHT_PER_ROOM_PERCENT, 1):
            for persons, kwh in enumerate(LIGHT_BY_PERSONS, 1):
                value = str(kwh * wider * percent // 10_000)
                out.append(NormValue(S.ELECTRICITY, "person", value, zones, rooms, persons))
    return out


def coefficients(last_year: int) -> list[Row]:
    """Months of the season over twelve for houses that pay for heating evenly; which months are of the
    season.

    The norm of heating itself is one all year: even payments take it in July as well.
    """
    document = "Постановление правительства Северореченской области от 20.06.2016 № 301"
    rows: list[Row] = []

    def add(key: str, permille: int, first: dt.date, after: dt.date | None = None) -> None:
        values = {"service": None, "key": key, "value_permille": permille, "document": document}
        rows.append({"id": len(rows) + 1, **values, "valid_from": first, "valid_to": after})

    add("heating_months", SEASON_MONTHS * PERMILLE, FIRST_VALUES)
    first = FIRST_VALUES
    for year in range(FIRST_VALUES.year, last_year + 2):
        start, end = dt.date(year, *SEASON_FIRST), dt.date(year + 1, *SEASON_AFTER)
        if first < start:
            add("heating_season", 0, first, start)
        add("heating_season", PERMILLE, start, end)
        first = end
    return rows


def relief_values() -> list[Row]:
    """Standards of cost by season and size of the family, and subsistence minima, of the made-up region."""
    document = "Постановление правительства Северореченской области от 20.12.2023 № 512"
    values = {
        "subsidy.pm.worker": 1_684_500,
        "subsidy.pm.pensioner": 1_329_000,
        "subsidy.pm.child": 1_499_200,
    }
    for kind, season, alone in (
        ("flat", "winter", 548_000),
        ("flat", "summer", 391_000),
        ("house", "winter", 512_000),
        ("house", "summer", 318_000),
    ):
        for size, percent in enumerate((100, 78, 67, 63, 60), 1):
            values[f"subsidy.rs.{kind}.{season}.{size}"] = alone * percent // 100
    return [
        {
            "id": number,
            "key": key,
            "first_day": FIRST_VALUES,
            "value": value,
            "document": document,
            "document_date": dt.date(2023, 12, 20),
            "state": "approved",
            "proposed_by": 1,
            "decided_by": 2,
            "decided_at": dt.datetime(2024, 1, 9, 9, tzinfo=dt.UTC),
        }
        for number, (key, value) in enumerate(values.items(), 1)
    ]


def settings(open_month: Period) -> list[Row]:
    """The window of readings closes on the 25th (Rules 354, п. 33) from the month after the open one: the
    open
    month of a demo does not follow the calendar, and a reading of today should be seen in it.
    """
    return [
        {
            "key": "reading_last_day",
            "value": "25",
            "ground": "ПП РФ 06.05.2011 № 354, п. 33",
            "valid_from": open_month.shift(1).first_day,
        }
    ]


def street_search(kind: str, name: str) -> str:
    """Search form of a street: the name first, as people type it."""
    return search_form(f"{name} {kind}")
