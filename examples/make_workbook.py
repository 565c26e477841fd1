"""Writes the example workbook: УК «Тихий двор» with three houses, as a company hands it over. All made up.

Run `python examples/make_workbook.py` to write uk-tihij-dvor.xlsx anew; the same rows make the same bytes.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from storage.importer.template import write_rows

TARGET = Path(__file__).with_name("uk-tihij-dvor.xlsx")
Row = dict[str, Any]

MONTHS = [(2026, month) for month in range(4, 11)]  # April … October 2026
QUIET, BY_RIVER, NEW = ("ул. Тихая", "5"), ("ул. Тихая", "7"), ("пер. Новый", "1А")

# fmt: off
HOUSES: list[Row] = [
    {"street": QUIET[0], "house": QUIET[1], "postcode": "990031", "kind": "панельный", "year": 1983,
     "floors": 5, "entrances": 3, "zone": 1, "area_total": 3_052.0, "area_common": 352.6,
     "heating": "по сезону", "repair": "региональный оператор"},
    {"street": BY_RIVER[0], "house": BY_RIVER[1], "postcode": "990031", "kind": "кирпичный", "year": 1991,
     "floors": 5, "entrances": 2, "zone": 3, "area_total": 2_240.0, "area_common": 268.4,
     "heating": "по сезону", "repair": "региональный оператор"},
    {"street": NEW[0], "house": NEW[1], "postcode": "990031", "kind": "новостройка", "year": 2023,
     "floors": 5, "entrances": 1, "zone": 2, "area_total": 1_452.5, "area_common": 171.3,
     "heating": "по сезону", "repair": "нет"},
]
# fmt: on
WATER, HEAT, POWER, GAS, WASTE, FUND = (
    "0041000747",
    "0041001116",
    "0041001483",
    "0041001853",
    "0041002222",
    "0041002590",
)
LAW, PEOPLE, AREA, NORM, ACTUAL = (
    "по правилам 354",
    "по людям",
    "по площади",
    "СОИ по нормативу",
    "СОИ по счётчику",
)
USUAL = [
    ("ХВС", WATER, LAW),
    ("ГВС", HEAT, LAW),
    ("Стоки", WATER, LAW),
    ("Отопление", HEAT, LAW),
    ("Свет", POWER, LAW),
    ("Содержание", None, AREA),
    ("ГВС СОИ", None, NORM),
    ("Стоки СОИ", None, NORM),
    ("Свет СОИ", None, NORM),
]
SERVICES: dict[tuple[str, str], list[tuple[str, str | None, str]]] = {
    QUIET: [
        *USUAL,
        ("Газ", GAS, LAW),
        ("ТКО", WASTE, PEOPLE),
        ("Капремонт", FUND, AREA),
        ("ХВС СОИ", None, NORM),
    ],
    BY_RIVER: [
        *USUAL,
        ("Газ", GAS, LAW),
        ("ТКО", WASTE, AREA),
        ("Капремонт", FUND, AREA),
        ("ХВС СОИ", None, ACTUAL),
    ],
    NEW: [*USUAL, ("ТКО", WASTE, PEOPLE), ("ХВС СОИ", None, NORM)],
}

SURNAMES = (
    "Рябинин", "Осокин", "Лугов", "Ветров", "Снегов", "Березин", "Травин", "Камышов",
    "Ручьёв", "Полынин", "Кленов", "Ольхов", "Туманов", "Росин", "Дубров", "Яснов",
)  # fmt: skip
MEN = ("Игорь", "Павел", "Антон", "Роман", "Денис", "Степан", "Олег")
WOMEN = ("Анна", "Вера", "Нина", "Ольга", "Ирина", "Мария", "Юлия")
FATHERS = (
    ("Петрович", "Петровна"),
    ("Олегович", "Олеговна"),
    ("Ильич", "Ильинична"),
    ("Иванович", "Ивановна"),
)


def day(text: str) -> dt.datetime:
    """A date as Excel keeps it."""
    day_, month, year = (int(part) for part in text.split("."))
    return dt.datetime(year, month, day_)  # noqa: DTZ001 - a date of a cell has no zone


def flats() -> list[Row]:
    """Flats by landing: one, two and three rooms in turn; one communal flat and two shops."""
    out: list[Row] = []
    areas = {1: (31.4, 17.2), 2: (46.2, 28.9), 3: (60.8, 41.5)}
    for (street, house), entrances, per_floor in ((QUIET, 3, 4), (BY_RIVER, 2, 4), (NEW, 1, 4)):
        for number in range(1, entrances * 5 * per_floor + 1):
            at = number - 1
            rooms = (2, 1, 3, 2)[at % 4]
            area, living = areas[rooms]
            if (street, house) == NEW:
                area, living = round(area * 1.25, 1), round(living * 1.2, 1)
            is_communal = (street, house) == QUIET and number == 59
            out.append(
                {
                    "street": street,
                    "house": house,
                    "number": str(number),
                    "kind": "коммунальная" if is_communal else "квартира",
                    "entrance": at // (5 * per_floor) + 1,
                    "floor": at % (5 * per_floor) // per_floor + 1,
                    "rooms": rooms,
                    "area": area,
                    "living": living,
                }
            )
    out += [
        {
            "street": NEW[0],
            "house": NEW[1],
            "number": number,
            "kind": "нежилое",
            "floor": 1,
            "rooms": 1,
            "area": area,
        }
        for number, area in (("Н1", 118.5), ("Н2", 84.2))
    ]
    return out


def accounts(premises: list[Row]) -> list[Row]:
    """One account a flat, three in the communal one. Numbers: house, flat, room."""
    out: list[Row] = []
    for at, flat in enumerate(premises):
        code = {QUIET: 5, BY_RIVER: 7, NEW: 9}[flat["street"], flat["house"]]
        rooms: list[tuple[str | None, float | None, float | None]] = [(None, None, None)]
        if flat["kind"] == "коммунальная":
            rooms = [("1", 24.3, 16.6), ("2", 20.1, 13.7), ("3", 16.4, 11.2)]
        for room, area, living in rooms:
            person = head(len(out))
            is_shop = flat["kind"] == "нежилое"
            number = f"{code}{int(flat['number'].removeprefix('Н')) + 900 * is_shop:04d}{room or 0}"
            out.append(
                {
                    "account": number,
                    "street": flat["street"],
                    "house": flat["house"],
                    "flat": flat["number"],
                    "room": room,
                    "payer": "ООО «Пекарня у реки»" if is_shop else " ".join(person),
                    "phone": f"+7 000 700-{at % 90 + 10}-{at % 80 + 11}",
                    "opened": day(f"{at % 27 + 1:02d}.06.2016"),
                    "off": "Свет, ТКО" if is_shop else None,
                    "area": area,
                    "living": living,
                    "impossible": impossible(number),
                    "email": f"{number}@pochta.example" if at % 3 == 0 and not is_shop else None,
                }
            )
    return out


def head(at: int) -> tuple[str, str, str]:
    """Who pays on the account number `at`: surname, name, patronymic that agree."""
    surname, (son, daughter) = SURNAMES[at * 5 % len(SURNAMES)], FATHERS[at % len(FATHERS)]
    if at % 2:
        return f"{surname}а", WOMEN[at * 3 % len(WOMEN)], daughter
    return surname, MEN[at * 3 % len(MEN)], son


def impossible(number: str) -> str | None:
    """Acts that a water meter cannot be put in: flat 3 of the quiet house, every room, some others."""
    if number == "500030" or number[-1] != "0" or int(number) % 130 == 110:
        return "ХВС, ГВС"
    return None


def residents(number: str) -> int:
    """How many are registered: fixed for the accounts the test counts by hand."""
    fixed = {
        "500010": 2,
        "500020": 3,
        "500030": 1,
        "500040": 2,
        "500050": 0,
        "500060": 1,
        "700010": 2,
        "900010": 3,
    }
    return fixed.get(number, (2, 1, 3, 2, 4, 0, 2)[int(number) // 10 % 7])


def people(rows: list[Row]) -> list[Row]:
    """Owners and registered people; a guest in flat 2; a half each in flat 8."""
    out: list[Row] = []
    for at, account in enumerate(rows):
        number, count = account["account"], residents(account["account"])
        surname, name, patronymic = head(at)
        owner = {
            "account": number,
            "surname": surname,
            "name": name,
            "patronymic": patronymic,
            "born": day(f"{at % 27 + 1:02d}.0{at % 9 + 1}.{1950 + at * 7 % 45}"),
            "first": day("01.08.2016"),
        }
        is_shop = account["payer"].startswith("ООО")
        if is_shop or count == 0:
            out.append(owner | {"status": "собственник"})
            continue
        half = {"share": "1/2"} if number == "500080" else {}
        out.append(owner | {"status": "собственник и зарегистрирован"} | half)
        for nth in range(1, count):
            woman = (at + nth) % 2 == 0
            son, daughter = FATHERS[(at + nth) % len(FATHERS)]
            base = surname.removesuffix("а")
            status = "собственник и зарегистрирован" if half and nth == 1 else "зарегистрирован"
            out.append(
                {
                    "account": number,
                    "surname": f"{base}а" if woman else base,
                    "name": (WOMEN if woman else MEN)[(at + nth * 2) % 7],
                    "patronymic": daughter if woman else son,
                    "born": day(f"{nth + 3:02d}.0{nth}.{1975 + nth * 11 + at % 9}"),
                    "status": status,
                    "first": day("10.09.2016"),
                    **(half if nth == 1 else {}),
                }
            )
        if number == "500020":
            out.append(
                {
                    "account": number,
                    "surname": "Гостев",
                    "name": "Юрий",
                    "patronymic": "Львович",
                    "born": day("14.02.2001"),
                    "status": "временно проживает",
                    "first": day("06.10.2026"),
                    "last": day("25.10.2026"),
                }
            )
    return out


def has_meter(account: Row, service: str) -> bool:
    """Who has which meter."""
    number, is_shop = account["account"], account["payer"].startswith("ООО")
    new = (account["street"], account["house"]) == NEW
    if service == "Отопление":
        return new
    if service == "Газ":
        return not new and int(number) // 10 % 4 == 1 and number[-1] == "0"
    if service == "Свет":
        return not is_shop and number not in ("500020", "500120")
    if is_shop or number in ("500010", "500040", "500050", "700010", "900010"):
        return True
    return account["impossible"] is None and number != "500020" and int(number) // 10 % 11 != 9


def zones(account: Row) -> int:
    """Two-zone meters in every sixth flat, three-zone in one."""
    if account["account"] == "700010":
        return 3
    return 2 if int(account["account"]) // 10 % 6 == 4 and account["account"] != "500040" else 1


def meters(rows: list[Row]) -> list[Row]:
    """Meters of flats, then of houses."""
    out: list[Row] = []
    letters = {"ХВС": "В", "ГВС": "Г", "Свет": "Э", "Газ": "Ж", "Отопление": "Т"}
    for account in rows:
        for service, letter in letters.items():
            if not has_meter(account, service):
                continue
            number = account["account"]
            row: Row = {
                "account": number,
                "service": service,
                "serial": f"{letter}-{number}",
                "kind": "квартиры",
                "zones": zones(account) if service == "Свет" else 1,
                "digits": 6 if service == "Свет" else 5,
                "installed": day("12.05.2022"),
                "verified": day("11.05.2028"),
                "model": {"ХВС": "Капля СВ-15", "ГВС": "Капля СГВ-15"}.get(service),
                "place": {"Свет": "щит на площадке", "Отопление": "коридор"}.get(service, "санузел"),
                "initial1": 0,
            }
            if number[-1] != "0":
                row["kind"] = "комнаты"
            if (number, service) == ("500070", "ХВС"):
                row |= {"verified": day("14.08.2026")}  # expired: average
            if (number, service) == ("500160", "ГВС"):
                row |= {"state": "неисправен", "state_first": day("03.09.2026")}
            if (number, service) == ("700100", "ХВС"):
                row |= {"state": "нет доступа", "state_first": day("12.10.2026")}
            out.append(row)
    places = ((QUIET, ("Свет",)), (BY_RIVER, ("ХВС", "Отопление", "Свет")), (NEW, ("Отопление", "Свет")))
    out += [
        {
            "street": street,
            "house": house,
            "service": service,
            "kind": "общедомовой",
            "zones": 1,
            "digits": 7,
            "serial": f"Д{house}-{letters[service]}",
            "installed": day("01.09.2021"),
            "place": "подвал",
            "verified": day("31.08.2027"),
            "initial1": 0,
        }
        for (street, house), services in places
        for service in services
    ]
    return out


def volume(number: str, service: str, at: int) -> int:
    """Thousandths of a unit in month `at` (0 = April): people and a little of everything else."""
    people_here = max(residents(number), 1)
    spread = (int(number) // 10 * 37 + at * 53) % 900
    if service == "ХВС":
        return 2_100 * people_here + spread
    if service == "ГВС":
        return 1_300 * people_here + spread // 2
    if service == "Свет":
        return (48 * people_here + 30 + spread // 20) * 1_000
    if service == "Газ":
        return 6_200 * people_here + spread
    return (0 if at in range(1, 6) else 640 + spread // 3) if at < 6 else 520 + spread // 3  # Gcal


def readings(rows: list[Row]) -> list[Row]:
    """Seven months of every meter; some people forget October, one has been silent since July."""
    out: list[Row] = []
    used: dict[tuple[str, int], int] = {}
    for meter in rows:
        number = meter.get("account")
        if number is None:
            continue
        count = [0, 0, 0]
        shares = {1: (100, 0, 0), 2: (70, 30, 0), 3: (34, 30, 36)}[meter["zones"]]
        for at, (year, month) in enumerate(MONTHS):
            one = volume(number, meter["service"], at) * (40 if at == 0 else 1)  # since 2022 before April
            house = number[0] + meter["service"]
            used[house, at] = used.get((house, at), 0) + one
            count = [c + one * share // 100 for c, share in zip(count, shares, strict=True)]
            if is_silent(number, meter, at):
                continue
            row: Row = {
                "service": meter["service"],
                "serial": meter["serial"],
                "month": f"{month:02d}.{year}",
                "taken": day(f"{18 + int(number) % 7:02d}.{month:02d}.{year}"),
                "source": "житель",
            }
            row |= {f"value{z + 1}": count[z] / 1000 for z in range(meter["zones"])}
            out.append(row)
    out += house_readings(used)
    return out


def is_silent(number: str, meter: Row, at: int) -> bool:
    """Whether the reading of month `at` was not given."""
    service = meter["service"]
    if (number, service) == ("500040", "ХВС"):
        return at == 6  # October only: by the average
    if (number, service) == ("500100", "ХВС"):
        return at >= 3  # since July: by the norm
    if meter.get("state") == "неисправен":
        return at >= 5
    return at == 6 and int(number) // 10 % 17 == 6


def house_readings(used: dict[tuple[str, int], int]) -> list[Row]:
    """House meters: what the flats used and what went to the common property, in round figures."""
    out: list[Row] = []
    monthly: dict[str, list[float]] = {
        "Д5-Э": [9_600, 9_100, 8_800, 8_700, 8_900, 9_300, 9_900],
        "Д7-В": [305, 312, 298, 301, 309, 300, 318],
        "Д7-Т": [38.4, 4.2, 0, 0, 0, 3.1, 52.6],
        "Д7-Э": [6_200, 5_900, 5_700, 5_600, 5_800, 6_100, 6_450],
        "Д1А-Т": [21.3, 2.0, 0, 0, 0, 1.4, 27.9],
        "Д1А-Э": [3_900, 3_700, 3_600, 3_500, 3_600, 3_800, 4_050],
    }
    names = {"В": "ХВС", "Т": "Отопление", "Э": "Свет"}
    for serial, volumes in monthly.items():
        total = 40 * volumes[0]
        for (year, month), one in zip(MONTHS, volumes, strict=True):
            total = round(total + one, 3)
            out.append(
                {
                    "service": names[serial[-1]],
                    "serial": serial,
                    "month": f"{month:02d}.{year}",
                    "taken": day(f"25.{month:02d}.{year}"),
                    "value1": total,
                    "source": "УК",
                }
            )
    return out


def balances(rows: list[Row]) -> list[Row]:
    """Every fourth account owes something, every ninth has paid ahead."""
    out: list[Row] = []
    for at, account in enumerate(rows):
        roubles = 1_850.4 + at * 37 if at % 4 == 1 else -420.75 - at if at % 9 == 0 else None
        if roubles is not None:
            out.append(
                {
                    "account": account["account"],
                    "amount": round(roubles, 2),
                    "ground": "Оборотная ведомость за сентябрь 2026",
                }
            )
    return out


def distributors(rows: list[Row]) -> list[Row]:
    """The quiet house has no meters of heat in flats: a distributor on every radiator, two in a flat."""
    return [
        {
            "account": account["account"],
            "serial": f"РТ-{account['account']}-{number}",
            "place": place,
            "factor": factor,
            "installed": day("20.09.2023"),
            "ground": "Акт ввода распределителей № 4 от 20.09.2023",
        }
        for account in rows
        if (account["street"], account["house"]) == QUIET
        for number, (place, factor) in enumerate((("комната", 1.25), ("кухня", 0.87)), 1)
    ]


def distributor_readings(rows: list[Row]) -> list[Row]:
    """What each of them counted over last year: corner flats burn more, two are hardly heated."""
    return [
        {
            "account": one["account"],
            "year": 2025,
            "serial": one["serial"],
            "value": 60 + at % 3 * 5 if int(one["account"]) % 290 == 0 else 640 + at * 37 % 480,
            "ground": "Акт снятия показаний № 3 от 15.01.2026",
        }
        for at, one in enumerate(rows)
    ]


def workbook() -> dict[str, list[Row]]:
    """Rows of every sheet by its key."""
    premises = flats()
    holders = accounts(premises)
    devices = meters(holders)
    radiators = distributors(holders)
    services = [
        {
            "street": street,
            "house": house,
            "service": service,
            "supplier": supplier,
            "method": method,
            "first": day("01.05.2024"),
        }
        for (street, house), rows in SERVICES.items()
        for service, supplier, method in rows
    ]
    return {
        "houses": HOUSES,
        "services": services,
        "flats": premises,
        "accounts": holders,
        "people": people(holders),
        "meters": devices,
        "readings": readings(devices),
        "distributors": radiators,
        "distributor_readings": distributor_readings(radiators),
        "balances": balances(holders),
    }


def content() -> bytes:
    """The workbook as it is committed."""
    return write_rows(workbook(), with_examples=False)


if __name__ == "__main__":
    TARGET.write_bytes(content())
    print(f"{TARGET}: {sum(len(rows) for rows in workbook().values())} строк")
