"""Receipts of invented people and firms: an ordinary month, every section at once, and absurd lengths."""

from dataclasses import replace
from datetime import date
from typing import Any

from billing.receipt import (
    Change,
    ChangePart,
    ClaimKind,
    Contact,
    CorrectionRow,
    InstalmentRow,
    MonthAmount,
    Payee,
    Payer,
    PaymentBlock,
    PenaltyRow,
    Quantity,
    ReadingRow,
    Receipt,
    ReceiptRow,
    ReceiptSection,
    Reference,
    ReferenceRow,
    SectionKind,
    ServiceYear,
    section_of,
    sum_totals,
    totals_of,
)

OCTOBER = date(2026, 10, 1)

COMPANY = Payee(
    name="ООО «УК Заречная»",
    inn="7712345670",
    kpp="771201001",
    ogrn="1157746123450",
    bank_account="40702810900000012345",
    bank_name="ПАО Сбербанк",
    bic="044525225",
    correspondent_account="30101810400000000225",
    address="150003, г. Заречный, ул. Советская, д. 14",
    phone="+7 (4852) 40-15-15",
    emergency_phone="+7 (4852) 40-05-05",
    site="uk-zarechnaya.example",
    hours="пн–пт 8:00–19:00",
)
FUND = Payee(
    name="Региональный фонд капитального ремонта",
    inn="7609876540",
    kpp="760901001",
    bank_account="40604810200000054321",
    bank_name="Банк ГПБ (АО)",
    bic="044525823",
    correspondent_account="30101810200000000823",
    phone="+7 (4852) 67-00-00",
)
PAYER = Payer(
    account_number="0001234567",
    name="Иванова Мария Сергеевна",
    address="г. Заречный, ул. Мира, д. 12, корп. 2, кв. 48",
    postcode="150048",
    els="80РС558347",
    service_id="80РС558347-01",
    area_total_dm2=5340,
    area_living_dm2=3120,
    residents=3,
)


def micro(units: str) -> Quantity:
    """«12,4» → an exact quantity."""
    whole, _, rest = units.partition(",")
    return Quantity(int(whole + rest.ljust(6, "0")))


def row(service: str, unit: str, basis: str, volume: str, rate: int, charged: int, **more: Any) -> ReceiptRow:
    """A row whose total is what its parts make."""
    made = ReceiptRow(service, unit, basis, rate, charged, 0, micro(volume), **more)
    return replace(made, total_kopecks=made.gross_kopecks + made.correction_kopecks)


def housing() -> ReceiptSection:
    return section_of(
        SectionKind.HOUSING,
        [
            row("Содержание жилого помещения", "м²", "по площади", "53,4", 314200, 167783),
            row("СОИ: электроэнергия", "кВт·ч", "по нормативу дома", "14,95", 54300, 8118, is_common=True),
        ],
    )


def utilities() -> ReceiptSection:
    return section_of(
        SectionKind.UTILITIES,
        [
            row("Холодная вода", "м³", "по счётчику", "7,12", 512000, 36454),
            row("Горячая вода: теплоноситель", "м³", "по среднему за 6 месяцев", "4,3", 512000, 22016),
            row(
                "Горячая вода: нагрев", "Гкал", "норматив нагрева 0,0637 Гкал/м³", "0,27391", 27845500, 76272
            ),
            row("Водоотведение", "м³", "холодная и горячая вода", "11,42", 386100, 44093),
            row("Отопление", "Гкал", "по счётчику дома, доля площади", "0,913482", 27845500, 254364),
            row("Электроэнергия, день", "кВт·ч", "по счётчику", "148", 68700, 101676),
            row("Электроэнергия, ночь", "кВт·ч", "по счётчику", "61", 34200, 20862),
            row("Газоснабжение", "м³", "по нормативу, 3 человека", "30", 87650, 26295),
            row("Обращение с отходами", "чел.", "по нормативу, 3 человека", "3", 1468800, 44064),
        ],
    )


def capital() -> ReceiptSection:
    return section_of(
        SectionKind.CAPITAL_REPAIR,
        [row("Взнос на капитальный ремонт", "м²", "по площади", "53,4", 152800, 81595)],
    )


def meter(
    service: str,
    number: str,
    unit: str,
    place: str,
    was: str,
    now: str,
    used: str,
    until: date,
    zone: str = "",
) -> ReadingRow:
    """A meter read in September and, when `now` is not empty, in October."""
    return ReadingRow(
        service,
        number,
        unit,
        place,
        zone,
        previous=micro(was),
        previous_on=date(2026, 9, 24),
        current=micro(now) if now else None,
        current_on=date(2026, 10, 24) if now else None,
        consumption=micro(used),
        source="из кабинета" if now else "нет показания",
        verify_until=until,
    )


def readings() -> tuple[ReadingRow, ...]:
    day_night = date(2034, 2, 1)
    power = ("Электроэнергия", "009071125", "кВт·ч", "щиток")
    return (
        meter("Холодная вода", "18-204417", "м³", "кухня", "412,36", "419,48", "7,12", date(2029, 4, 11)),
        meter("Горячая вода", "18-204502", "м³", "кухня", "288,9", "", "4,3", date(2026, 12, 20)),
        meter(*power, "10412", "10560", "148", day_night, "день"),
        meter(*power, "4518", "4579", "61", day_night, "ночь"),
    )


def history(last_kopecks: int) -> tuple[MonthAmount, ...]:
    sums = (812140, 901277, 948310, 932015, 874466, 690512, 512987, 498120, 487344, 495003, 541290)
    months = [date(2025, 11, 1), date(2025, 12, 1), *(date(2026, month, 1) for month in range(1, 11))]
    return tuple(
        MonthAmount(month, kopecks) for month, kopecks in zip(months, (*sums, last_kopecks), strict=True)
    )


def years() -> tuple[ServiceYear, ...]:
    """Two services by volume, one by sums."""
    months = tuple(bar.month for bar in history(0))
    drops = ("5,1", "6,2", "5,9", "6,4", "7,0", "6,6", "4,2", "0,0", "5,5", "6,1", "5,9", "7,12")
    heat = ("0,61", "0,92", "0,98", "0,95", "0,83", "0,41", "0", "0", "0", "0", "0", "0,913482")
    return (
        ServiceYear("Отопление", "Гкал", months, (254364,) * 12, tuple(micro(one).num for one in heat)),
        ServiceYear("Холодная вода", "м³", months, (36454,) * 12, tuple(micro(one).num for one in drops)),
        ServiceYear("Газоснабжение", "м³", months, (26295,) * 12),
    )


def house(service: str, unit: str, norm: str, norm_unit: str, *amounts: str) -> ReferenceRow:
    """Norm, reading of the house meter, volumes of the house, of the premises, of common needs."""
    reading, whole, premises, common = (micro(amount) for amount in amounts)
    return ReferenceRow(service, unit, micro(norm), norm_unit, None, "", reading, whole, premises, common)


def reference() -> Reference:
    office = "ул. Советская, д. 14"
    return Reference(
        rows=(
            house("Холодная вода", "м³", "4,33", "м³ на человека", "51204", "812,4", "790,2", "22,2"),
            house("Отопление", "Гкал", "0,0187", "Гкал на м²", "8123,4", "118,46", "118,46", "0"),
            house("Электроэнергия", "кВт·ч", "93", "кВт·ч на человека", "911204", "18940", "16400", "2540"),
        ),
        contacts=(
            Contact("Управляющая компания", COMPANY.name, COMPANY.phone, office, COMPANY.site),
            Contact("Аварийная служба, круглосуточно", "Городская АДС", "+7 (4852) 40-05-05"),
            Contact("Холодная вода, стоки", "АО «Водоканал»", "+7 (4852) 72-10-10", "ул. Насосная, д. 3"),
            Contact("Тепло", "ПАО «Тепловые сети»", "+7 (4852) 79-70-70"),
        ),
        readings_from=date(2026, 11, 23),
        readings_until=date(2026, 11, 25),
        readings_how="В кабинете, по телефону (4852) 40-15-15 или в ящик у кабинета № 3 нашей конторы.",
        cabinet_address="kvartplata.example",
        cabinet_code="4417-0952",
        payment_ways=f"Без комиссии: в кабинете, в приложении банка по QR-коду, в кассе УК ({office}).",
        news=("С 16 по 20 ноября поверяем общедомовой счётчик тепла. Отключать отопление не будем.",),
    )


def ordinary(**changes: Any) -> Receipt:
    """One payee, twelve services, meters, a year of history: what most people get."""
    sections = (housing(), utilities(), capital())
    rows = [item for section in sections for item in section.rows]
    september = 541290
    totals = totals_of(rows, opening_kopecks=september, paid_kopecks=september)
    charged = totals.charged_kopecks + totals.correction_kopecks
    heating = ChangePart("Отопление: начался сезон", 254364)
    water = ChangePart("Холодная вода: расход больше на 1,2 м³", 6144)
    rest = ChangePart("Остальное", charged - september - heating.amount_kopecks - water.amount_kopecks)
    made = Receipt(
        number="1026-0012345",
        month=OCTOBER,
        issued_on=date(2026, 11, 2),
        due_on=date(2026, 11, 16),
        payer=PAYER,
        payments=(PaymentBlock(COMPANY, totals, "Жилищно-коммунальные услуги"),),
        sections=sections,
        totals=totals,
        balance_on=OCTOBER,
        paid_through=date(2026, 10, 31),
        readings=readings(),
        history=history(charged),
        years=years(),
        change=Change(date(2026, 9, 1), september, (heating, water, rest)),
        reference=reference(),
    )
    return replace(made, **changes)


def crowded_sections() -> tuple[ReceiptSection, ...]:
    water = row(
        "Холодная вода",
        "м³",
        "по нормативу, 3 человека, счётчика нет",
        "12,99",
        512000,
        66509,
        coefficient_permille=3000,
        surcharge_kopecks=133018,
        common_volume=micro("0,184213"),
        common_charged_kopecks=943,
        recalculation_kopecks=-231044,
    )
    hot = row("Горячая вода: теплоноситель", "м³", "по нормативу, 3 человека", "9,57", 512000, 48998)
    hot = replace(hot, coefficient_permille=1500, surcharge_kopecks=24499, total_kopecks=48998 + 24499)
    heating = row(
        "Отопление",
        "Гкал",
        "по счётчику дома, доля площади",
        "0,913482",
        27845500,
        254364,
        common_volume=micro("0,0312"),
        common_charged_kopecks=8688,
        recalculation_kopecks=-12018,
        benefit_kopecks=120000,
    )
    common = {"common_volume": micro("14,95"), "common_charged_kopecks": 10271}
    power = row("Электроэнергия", "кВт·ч", "по счётчику", "209", 68700, 143583, **common)
    upkeep = row(
        "Содержание жилого помещения", "м²", "по площади", "53,4", 314200, 167783, benefit_kopecks=27964
    )
    repair = row("Взнос на капитальный ремонт", "м²", "по площади", "53,4", 152800, 81595, payee=1)
    intercom = row("Домофон", "кв.", "по договору", "1", 650000, 6500)
    aerial = row("Телевизионная антенна", "кв.", "по договору", "1", 1200000, 12000)
    return (
        section_of(SectionKind.HOUSING, [upkeep]),
        section_of(SectionKind.UTILITIES, [water, hot, heating, power]),
        section_of(SectionKind.CAPITAL_REPAIR, [repair]),
        section_of(SectionKind.OTHER, [intercom, aerial]),
    )


def crowded() -> Receipt:
    """Every column and section at once, two payees, debts, a second page."""
    sections = crowded_sections()
    rows = [item for section in sections for item in section.rows]
    company = totals_of([item for item in rows if item.payee == 0], 1240055, 300000, 4218)
    fund = totals_of([item for item in rows if item.payee == 1], -2500, 0)
    july = date(2026, 7, 1)
    verified = "Поверка счётчика, акт № 12 от 03.10.2026"
    cold = "Перерыв 14 часов сверх нормы 08–09.10.2026, акт № 77"
    order = "Судебный приказ № 2-1144/2026 от 02.09.2026"
    return ordinary(
        sections=sections,
        payments=(
            PaymentBlock(COMPANY, company, "Жилищно-коммунальные услуги", "", "80РС558347-01-6101"),
            PaymentBlock(FUND, fund, "Капитальный ремонт", "76-000148"),
        ),
        totals=sum_totals((company, fund)),
        corrections=(
            CorrectionRow("Холодная вода", verified, -231044, july, date(2026, 9, 1)),
            CorrectionRow("Отопление", cold, -12018, OCTOBER),
        ),
        penalties=(
            PenaltyRow("Пени", 2218, 940055, july, 41, "1/300 ставки 9,5 % за день"),
            PenaltyRow("Госпошлина", 2000, ground=order, kind=ClaimKind.COURT),
        ),
        instalments=(InstalmentRow("Отопление", 63591, 21197, 412, 85200, "9,5 % в год"),),
        history=history(sum(item.total_kopecks for item in rows)),
        change=None,
    )


LONG_NAME = "Константинопольская-Преображенская Александра-Виктория Апполинарьевна оглы Мамед-Заде"
LONG_ADDRESS = (
    "Ямало-Ненецкий автономный округ, Пуровский муниципальный район, городское поселение Тарко-Сале, "
    "микрорайон Комсомольский имени Шестидесятилетия Октябрьской революции, улица Героев-Первооткрывателей"
    " Уренгойского месторождения, дом 128, корпус 14, строение 3, подъезд 11, квартира 1024, комната 3"
)


def absurd(services: int = 30, grounds: int = 28) -> Receipt:
    """Lengths nobody should meet and somebody will: a long address, many services and recalculations."""
    base = ordinary()
    meeting = "по решению общего собрания от 12.03.2026, протокол № 4, вопрос 7"
    named = "Дополнительная услуга № {} по решению общего собрания собственников помещений"
    extra = [
        row(named.format(index), "кв.", meeting, "1", 100000 + index, 1000 + index)
        for index in range(services)
    ]
    sections = (*base.sections, section_of(SectionKind.OTHER, extra))
    totals = totals_of([item for section in sections for item in section.rows], 0, 0)
    absence = "Перерасчёт № {}: возвращено за время отсутствия по справке с места пребывания"
    corrections = tuple(
        CorrectionRow("Холодная вода", absence.format(index), 1500 * (1 if index % 2 else -1), OCTOBER)
        for index in range(grounds)
    )
    return replace(
        base,
        payer=replace(PAYER, name=LONG_NAME, address=LONG_ADDRESS),
        sections=sections,
        corrections=corrections,
        totals=totals,
        payments=(PaymentBlock(COMPANY, totals),),
        history=history(totals.charged_kopecks),
        change=None,
    )
