"""Sheets of the workbook and their columns: the one description behind the template, the reader and the
guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.gis import ADDRESS_ID_LENGTH, ELS_LENGTH, SERVICE_ID_LENGTH
from billing.services import CATALOGUE

# Kinds of cells; storage.importer.cells says how each is read.
TEXT, WHOLE, AREA, MONEY, DAY, MONTH, CHOICE, SERVICE, SERVICES, VALUE, SHARE, YES, FACTOR = (
    "text", "whole", "area", "money", "day", "month", "choice", "service", "services", "value", "share",
    "yes", "factor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its Russian title. choices: words of the file → our codes; least, most: of numbers."""

    key: str
    title: str
    kind: str = TEXT
    required: bool = False
    example: str = ""
    note: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    least: int = 0
    most: int = 2_000_000_000
    length: int = 200


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet by its Russian title; rows are loaded sheet after sheet in the order of SHEETS."""

    key: str
    title: str
    note: str
    columns: tuple[Column, ...]

    def column(self, key: str) -> Column:
        return next(column for column in self.columns if column.key == key)


NOTE = Column("note", "Примечание", note="Для себя. Строки, где здесь стоит «Пример», не загружаются.")
EXAMPLE_MARK = "пример"

HOUSE_KINDS = {
    "панельный": "panel",
    "кирпичный": "brick",
    "блочный": "block",
    "хрущёвка": "khrushchev",
    "сталинка": "stalin",
    "новостройка": "new",
    "частный": "private",
}
HEATING = {"по сезону": "season", "равномерно": "uniform"}
REPAIR = {"региональный оператор": "regional", "специальный счёт": "special", "нет": "none"}
METHODS = {
    "по правилам 354": "law",
    "по людям": "person",
    "по площади": "area",
    "твёрдая сумма": "fixed",
    "СОИ по нормативу": "common_norm",
    "СОИ по счётчику": "common_actual",
    "СОИ по счётчику, не больше норматива": "common_actual_capped",
    "СОИ по среднему": "common_average",
    "ОДН по нормативу": "common_direct_norm",
    "ОДН по счётчику": "common_direct_actual",
    "котельная дома": "boiler",
    "ОДН по счётчику, не больше норматива": "common_direct_capped",
}
FLAT_KINDS = {"квартира": "flat", "коммунальная": "communal", "нежилое": "nonresidential"}
STATUSES = {
    "собственник": "owner",
    "зарегистрирован": "registered",
    "собственник и зарегистрирован": "owner_registered",
    "временно проживает": "temporary",
}
METER_KINDS = {
    "квартиры": "individual",
    "общий квартирный": "flat",
    "комнаты": "room",
    "общедомовой": "house",
}
METER_STATES = {"исправен": "good", "неисправен": "fault", "нет доступа": "refusal"}
SOURCES = {
    "житель": "resident",
    "УК": "company",
    "поставщик": "supplier",
    "прибор": "device",
    "проверка": "inspection",
    "прежняя программа": "import",
}
SERVICE_WORDS = {info.short_label: info.code for info in CATALOGUE.values()}

STREET = Column("street", "Улица", required=True, example="ул. Лесная", note="С видом: ул., пер., пр-кт.")
HOUSE = Column("house", "Дом", required=True, example="12А", note="Номер с буквой и корпусом: 12А, 7 к. 2.",
               length=20)  # fmt: skip
ACCOUNT = Column(
    "account", "Лицевой счёт", required=True, example="100000123", note="Номер без пробелов.", length=30
)

HOUSES = Sheet("houses", "Дома", "Дома вашей организации. Улица и номер отличают один дом от другого.", (
    Column("city", "Город", note="Пусто — единственный город базы.", example=""),
    STREET,
    HOUSE,
    Column("postcode", "Индекс", example="990012", length=6),
    Column("kind", "Вид дома", CHOICE, choices=HOUSE_KINDS, example="панельный"),
    Column("year", "Год постройки", WHOLE, example="1984", least=1700, most=2100),
    Column("floors", "Этажей", WHOLE, required=True, example="9", least=1, most=100),
    Column("entrances", "Подъездов", WHOLE, example="4", least=1, most=50),
    Column("zone", "Зона тарифов", WHOLE, example="1", least=1, most=999,
           note="Номер группы домов с одними тарифами и нормативами. Пусто — 1."),
    Column("area_total", "Площадь помещений, м²", AREA, required=True, example="7812,4",
           note="Все жилые и нежилые помещения, без общего имущества."),
    Column("area_common", "Площадь общего имущества, м²", AREA, required=True, example="903,1",
           note="Подъезды, лестницы, чердаки, подвалы: по нормативу на общее имущество."),
    Column("heating", "Оплата отопления", CHOICE, choices=HEATING, example="по сезону"),
    Column("repair", "Капремонт", CHOICE, choices=REPAIR, example="региональный оператор"),
    Column("fias", "ФИАС", example="", length=ADDRESS_ID_LENGTH,
           note="Код дома в государственном адресном реестре, из ГИС ЖКХ: 36 знаков."),
    NOTE,
))  # fmt: skip
SERVICES_SHEET = Sheet("services", "Услуги", "Какие услуги есть в доме и кто их поставляет.", (
    STREET,
    HOUSE,
    Column("service", "Услуга", SERVICE, required=True, example="ХВС"),
    Column("supplier", "ИНН поставщика", example="0041000747", length=12,
           note="Пусто — ваша организация (содержание, СОИ) или единственный поставщик города."),
    Column("method", "Способ", CHOICE, choices=METHODS, example="по правилам 354"),
    Column("first", "С какого дня", DAY, required=True, example="01.05.2024"),
    NOTE,
))  # fmt: skip
FLATS = Sheet("flats", "Квартиры", "Помещения домов: квартиры, коммунальные, нежилые.", (
    STREET,
    HOUSE,
    Column("number", "Квартира", required=True, example="45", length=20),
    Column("kind", "Вид", CHOICE, choices=FLAT_KINDS, example="квартира"),
    Column("entrance", "Подъезд", WHOLE, example="2", least=1, most=50),
    Column("floor", "Этаж", WHOLE, example="5", least=1, most=100),
    Column("rooms", "Комнат", WHOLE, example="2", least=1, most=50),
    Column("area", "Площадь, м²", AREA, required=True, example="54,3"),
    Column("living", "Жилая, м²", AREA, example="32,1"),
    Column("fias", "ФИАС", example="", length=ADDRESS_ID_LENGTH,
           note="Код помещения в государственном адресном реестре, из ГИС ЖКХ: 36 знаков."),
    NOTE,
))  # fmt: skip
ACCOUNTS = Sheet("accounts", "Счета", "Лицевые счета: кому выставляется квитанция.", (
    ACCOUNT,
    STREET,
    HOUSE,
    Column("flat", "Квартира", required=True, example="45", length=20),
    Column("room", "Комната", example="", note="Только в коммунальной квартире.", length=20),
    Column("els", "ЕЛС", example="", note="Единый лицевой счёт из ГИС ЖКХ: 10 знаков.", length=ELS_LENGTH),
    Column("gis_id", "ИД ЖКУ", example="", length=SERVICE_ID_LENGTH,
           note="Из ГИС ЖКХ: ЕЛС, дефис и две цифры, 13 знаков."),
    Column("payer", "Плательщик", required=True, example="Лесникова Анна Петровна"),
    Column("phone", "Телефон", example="+7 000 111-22-33", length=30),
    Column("email", "Почта", example="anna@pochta.example"),
    Column("opened", "Открыт", DAY, required=True, example="12.03.2015"),
    Column("closed", "Закрыт", DAY, example=""),
    Column("area", "Площадь, м²", AREA, example="",
           note="Пусто — площадь квартиры. Для комнаты укажите с долей общих помещений."),
    Column("living", "Жилая, м²", AREA, example=""),
    Column("impossible", "Счётчик нельзя поставить", SERVICES, example="",
           note="Услуги через запятую, по которым есть акт: ХВС, ГВС."),
    Column("off", "Не начислять", SERVICES, example="",
           note="Услуги через запятую, за которые платят поставщику прямо: Свет, ТКО."),
    NOTE,
))  # fmt: skip
PEOPLE = Sheet("people", "Люди", "Кто владеет и кто зарегистрирован.", (
    ACCOUNT,
    Column("surname", "Фамилия", required=True, example="Лесникова", length=60),
    Column("name", "Имя", required=True, example="Анна", length=60),
    Column("patronymic", "Отчество", example="Петровна", length=60),
    Column("born", "Дата рождения", DAY, example="04.06.1978"),
    Column("snils", "СНИЛС", example="", note="11 цифр; пробелы и дефисы можно.", length=14),
    Column("status", "Статус", CHOICE, required=True, choices=STATUSES,
           example="собственник и зарегистрирован"),
    Column("share", "Доля", SHARE, example="1/2", note="Для собственника; пусто — вся квартира."),
    Column("first", "С какого дня", DAY, required=True, example="20.03.2015"),
    Column("last", "По какой день", DAY, note="Последний день включительно; пусто — по сей день."),
    NOTE,
))  # fmt: skip
METERS = Sheet("meters", "Счётчики", "Счётчики квартир и домов.", (
    Column("account", "Лицевой счёт", example="100000123", note="Пусто только у общедомового.", length=30),
    Column("street", "Улица", example="", note="Только для общедомового."),
    Column("house", "Дом", example="", note="Только для общедомового.", length=20),
    Column("service", "Услуга", SERVICE, required=True, example="ХВС"),
    Column("serial", "Заводской номер", required=True, example="17-204518", length=40),
    Column("kind", "Чей", CHOICE, choices=METER_KINDS, example="квартиры"),
    Column("zones", "Тарифных зон", WHOLE, example="1", least=1, most=3),
    Column("digits", "Цифр до запятой", WHOLE, example="5", least=3, most=9),
    Column("model", "Модель", example="Капля СВ-15", length=80),
    Column("place", "Где стоит", example="санузел", length=80),
    Column("installed", "Установлен", DAY, required=True, example="15.02.2021"),
    Column("initial1", "Начальное T1", VALUE, example="0",
           note="Показание при установке; T1 — день или единственное."),
    Column("initial2", "Начальное T2", VALUE, example="", note="Ночь."),
    Column("initial3", "Начальное T3", VALUE, example="", note="Полупик."),
    Column("verified", "Поверен по", DAY, example="15.02.2027", note="Последний день поверки."),
    Column("state", "Состояние", CHOICE, choices=METER_STATES, example="исправен"),
    Column("state_first", "Состояние с", DAY, example="", note="Дата акта; обязательна, если не «исправен»."),
    NOTE,
))  # fmt: skip
READINGS = Sheet("readings", "Показания", "Показания счётчиков по месяцам, от старых к новым.", (
    Column("service", "Услуга", SERVICE, required=True, example="ХВС"),
    Column("serial", "Заводской номер", required=True, example="17-204518", length=40),
    Column("month", "Месяц", MONTH, required=True, example="10.2026", note="За какой месяц: 10.2026."),
    Column("taken", "Снято", DAY, required=True, example="24.10.2026"),
    Column("value1", "T1", VALUE, required=True, example="124,350"),
    Column("value2", "T2", VALUE, example=""),
    Column("value3", "T3", VALUE, example=""),
    Column("total", "Всего", VALUE, example="", note="Общее по зонам, если счётчик его показывает."),
    Column("source", "Кто передал", CHOICE, choices=SOURCES, example="житель"),
    Column("confirmed", "Проверено", YES, example="", note="«да», если необычный расход верен."),
    NOTE,
))  # fmt: skip
DISTRIBUTORS = Sheet("distributors", "Распределители",
                     "Распределители тепла на приборах отопления: строка на каждый.", (
    ACCOUNT,
    Column("serial", "Номер распределителя", required=True, example="РТ-204518", length=40),
    Column("place", "Прибор отопления", example="комната 1", length=80),
    Column("factor", "Коэффициент прибора", FACTOR, required=True, example="1,25",
           note="На него умножают показание: из проекта или паспорта распределителя."),
    Column("installed", "Установлен", DAY, required=True, example="15.09.2024"),
    Column("removed", "Снят", DAY, example="", note="Последний день работы; пусто — стоит."),
    Column("ground", "Основание", example="Акт ввода № 7 от 15.09.2024"),
    NOTE,
))  # fmt: skip
DISTRIBUTOR_READINGS = Sheet("distributor_readings", "Показания распределителей",
                             "Сколько единиц распределители насчитали за год.", (
    ACCOUNT,
    Column("year", "Год", WHOLE, required=True, example="2025", least=2019, most=2100),
    Column("serial", "Номер распределителя", example="РТ-204518", length=40,
           note="Пусто — сумма по помещению, уже умноженная на коэффициенты приборов."),
    Column("value", "Показание за год", VALUE, required=True, example="1240"),
    Column("ground", "Основание", example="Акт снятия показаний № 3 от 15.01.2026"),
    NOTE,
))  # fmt: skip
BALANCES = Sheet("balances", "Сальдо", "Долги и авансы на начало открытого месяца.", (
    ACCOUNT,
    Column("amount", "Долг, ₽", MONEY, required=True, example="1520,40", note="Аванс — со знаком минус."),
    Column("ground", "Основание", example="Оборотная ведомость за сентябрь 2026"),
    NOTE,
))  # fmt: skip

SHEETS: tuple[Sheet, ...] = (
    HOUSES, SERVICES_SHEET, FLATS, ACCOUNTS, PEOPLE, METERS, READINGS, DISTRIBUTORS, DISTRIBUTOR_READINGS,
    BALANCES,
)  # fmt: skip
BY_TITLE = {sheet.title.lower(): sheet for sheet in SHEETS}
