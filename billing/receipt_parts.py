"""The parts of a payment document: payer, payees, totals, rows of each section, what is looked up.

Money is integer kopecks; areas are dm²; volumes are exact fractions of the unit; rates are 1/10 000 rouble;
coefficients are permille (see `billing.quantity`). `billing.receipt` puts them together and proves the sums.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from billing.quantity import MICRO, PERMILLE


class ReceiptMismatchError(AssertionError):
    """Sums of a receipt disagree: our own mistake, so the receipt must not leave the house."""


def agree(what: str, printed: int, must_be: int) -> None:
    """Raise ReceiptMismatchError unless both are the same."""
    if printed != must_be:
        raise ReceiptMismatchError(
            f"Квитанция не сходится, {what}: записано {printed} коп., должно быть {must_be} коп. "
            "Документ не выпущен; пересчитайте счёт и сообщите разработчикам, если повторится."
        )


class SectionKind(StrEnum):
    """Groups of rows in the order they are printed."""

    HOUSING = "housing"
    UTILITIES = "utilities"
    CAPITAL_REPAIR = "capital_repair"
    OTHER = "other"


class DocumentKind(StrEnum):
    """What the paper asks for: a month, old debts only, or the capital repair contribution only."""

    REGULAR = "regular"
    DEBT = "debt"
    CAPITAL_REPAIR = "capital_repair"


class ClaimKind(StrEnum):
    """What is asked beside the services: a penalty counted by days, or what a court has awarded."""

    PENALTY = "penalty"
    COURT = "court"


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact amount of a resource, num/den in its unit; printing rounds it, arithmetic never does."""

    num: int
    den: int = MICRO

    def __post_init__(self) -> None:
        if self.den <= 0:
            raise ReceiptMismatchError(f"Знаменатель объёма должен быть больше нуля, а он {self.den}.")

    @classmethod
    def of_micro(cls, num: int, den: int = 1) -> "Quantity":
        """From a line's volume: num/den micro-units."""
        return cls(num, den * MICRO)

    def rounded(self, digits: int) -> int:
        """Half away from zero, in units of 10^-digits."""
        scaled = abs(self.num) * int(10**digits)
        whole = (2 * scaled + self.den) // (2 * self.den)
        return whole if self.num >= 0 else -whole


@dataclass(frozen=True, slots=True)
class Payer:
    """Section 1 of the form: who pays and for what premises."""

    account_number: str
    name: str
    address: str
    postcode: str = ""
    els: str = ""
    """Единый лицевой счёт of GIS ЖКХ, ten characters, or empty."""
    service_id: str = ""
    """Идентификатор ЖКУ of GIS ЖКХ, or empty."""
    area_total_dm2: int | None = None
    area_living_dm2: int | None = None
    area_heated_dm2: int | None = None
    residents: int = 0
    """Permanently registered people."""
    temporary_residents: int = 0
    share: str = ""
    """«1/3» of the premises, empty when it is paid as a whole."""


@dataclass(frozen=True, slots=True)
class Payee:
    """Who receives the money: requisites for a bank and for a person."""

    name: str
    inn: str
    bank_account: str
    bank_name: str
    bic: str
    correspondent_account: str = ""
    """Empty or «0» when the bank has none (a treasury account)."""
    kpp: str = ""
    ogrn: str = ""
    address: str = ""
    phone: str = ""
    emergency_phone: str = ""
    site: str = ""
    email: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """A sum to pay and its parts. A positive opening is a debt, a negative one an advance."""

    opening_kopecks: int
    charged_kopecks: int
    """Charges of the month with surcharges, before recalculations and benefits."""
    correction_kopecks: int
    """Recalculations less benefits, signed."""
    penalty_kopecks: int
    """Penalties and court costs, signed; never inside the charges."""
    paid_kopecks: int
    """Payments received since the opening balance, positive."""
    to_pay_kopecks: int
    """Negative means an advance: nothing is to be paid."""
    instalment_kopecks: int = 0
    """Interest of instalments less what they put off to later months, signed."""
    netted_kopecks: int = 0
    """What credits of other payees pay here, negative; what went to others, positive. In sum zero."""

    @property
    def due_kopecks(self) -> int:
        """What a bank is asked for: never below zero."""
        return max(self.to_pay_kopecks, 0)

    def check(self, whose: str) -> None:
        """Raise ReceiptMismatchError unless to_pay is the opening plus all of the month less payments."""
        must_be = (
            self.opening_kopecks
            + self.charged_kopecks
            + self.correction_kopecks
            + self.penalty_kopecks
            + self.instalment_kopecks
            + self.netted_kopecks
            - self.paid_kopecks
        )
        agree(f"{whose}: к оплате", self.to_pay_kopecks, must_be)


@dataclass(frozen=True, slots=True)
class PaymentBlock:
    """Section 2 of the form: one payee, what to pay them, and how a bank recognises the payment."""

    payee: Payee
    totals: Totals
    title: str = ""
    """What this payee is paid for, in a few words: «Жилищно-коммунальные услуги»."""
    account_number: str = ""
    """The account at this payee when it differs from the payer's; empty means the same."""
    document_id: str = ""
    """Идентификатор платёжного документа of GIS ЖКХ, or empty."""


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One service of section 3. total = individual + common + surcharge + recalculation − benefit."""

    service: str
    unit: str
    basis: str
    """How the volume was found, in a few words: «по счётчику», «по нормативу, 3 чел.»."""
    rate: int | None
    """Price of a unit in 1/10 000 rouble; None when several prices or none apply."""
    charged_kopecks: int
    """Individual consumption, or the whole charge of a housing service, without the surcharge."""
    total_kopecks: int
    volume: Quantity | None = None
    common_volume: Quantity | None = None
    """Share in the common needs of the house (СОИ)."""
    common_basis: str = ""
    common_charged_kopecks: int = 0
    coefficient_permille: int = PERMILLE
    """Raising coefficient: 1 500 and 3 000 are 1.5 and 3."""
    surcharge_kopecks: int = 0
    recalculation_kopecks: int = 0
    benefit_kopecks: int = 0
    """Taken off in the document, so positive; what is paid to the person elsewhere is not here."""
    decimals: int | None = None
    """Decimals of the volume worth printing; None takes the usual ones of the unit."""
    payee: int = 0
    """Index of the payment block this row belongs to."""
    is_common: bool = False
    """The whole row is what the house used in common (СОИ as a service of its own)."""

    @property
    def common_kopecks(self) -> int:
        """What of the charge is for the common needs of the house."""
        return self.gross_kopecks if self.is_common else self.common_charged_kopecks

    @property
    def gross_kopecks(self) -> int:
        """Charge of the month with the surcharge."""
        return self.charged_kopecks + self.common_charged_kopecks + self.surcharge_kopecks

    @property
    def correction_kopecks(self) -> int:
        """What recalculations and benefits add (usually take off)."""
        return self.recalculation_kopecks - self.benefit_kopecks

    def check(self) -> None:
        """Raise ReceiptMismatchError when parts do not make the total or a surcharge has no coefficient."""
        agree(f"строка «{self.service}»", self.total_kopecks, self.gross_kopecks + self.correction_kopecks)
        if self.surcharge_kopecks and self.coefficient_permille == PERMILLE:
            raise ReceiptMismatchError(f"Строка «{self.service}»: есть превышение, но нет коэффициента.")
        if self.benefit_kopecks < 0:
            raise ReceiptMismatchError(f"Строка «{self.service}»: льгота не может быть меньше нуля.")


@dataclass(frozen=True, slots=True)
class ReceiptSection:
    """A group of rows with its own subtotal."""

    kind: SectionKind
    rows: tuple[ReceiptRow, ...]
    total_kopecks: int
    title: str = ""
    """Empty takes the usual heading of the kind."""


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """Section 5: a recalculation with its ground; the sums of a service make its recalculation column."""

    service: str
    ground: str
    """In words with the document: «Поверка счётчика, акт № 12 от 03.10.2026»."""
    amount_kopecks: int
    first_month: date | None = None
    last_month: date | None = None
    payee: int = 0


@dataclass(frozen=True, slots=True)
class PenaltyRow:
    """Penalties and court costs, apart from services: on what, for how long, at which rate."""

    title: str
    amount_kopecks: int
    base_kopecks: int | None = None
    month: date | None = None
    """The month the debt is of."""
    days: int | None = None
    ground: str = ""
    """Rate in words, or the court act."""
    payee: int = 0
    kind: ClaimKind = ClaimKind.PENALTY


@dataclass(frozen=True, slots=True)
class DebtRow:
    """A debt document: what is owed for a service and a month."""

    service: str
    month: date | None
    """None is a debt brought from another system without its months."""
    amount_kopecks: int
    payee: int = 0


@dataclass(frozen=True, slots=True)
class InstalmentRow:
    """Section 6: payment by instalments (Rules 354, cl. 72). Shown; the sum to pay already respects it."""

    service: str
    of_month_kopecks: int
    of_past_kopecks: int
    interest_kopecks: int
    total_kopecks: int
    interest_rate: str = ""


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """A meter, its two readings and what was used; a zone has its own row."""

    service: str
    meter_number: str
    unit: str
    place: str = ""
    zone: str = ""
    previous: Quantity | None = None
    previous_on: date | None = None
    current: Quantity | None = None
    current_on: date | None = None
    consumption: Quantity | None = None
    source: str = ""
    """Who gave the reading, in a word or two: «из кабинета», «нет показания»."""
    verify_until: date | None = None
    """The last day the meter may be used without a new verification."""


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """Section 4: the norm and the volumes of the whole house for a service."""

    service: str
    unit: str
    norm: Quantity | None = None
    norm_unit: str = ""
    """«м³ на человека»."""
    common_norm: Quantity | None = None
    common_norm_unit: str = ""
    house_reading: Quantity | None = None
    house_volume: Quantity | None = None
    """Of the house meter for the month."""
    premises_volume: Quantity | None = None
    common_volume: Quantity | None = None


@dataclass(frozen=True, slots=True)
class MonthAmount:
    """A bar of the year's chart: charges with surcharges, recalculations and benefits, no penalties."""

    month: date
    charged_kopecks: int
    paid_kopecks: int = 0


@dataclass(frozen=True, slots=True)
class ServiceYear:
    """A small chart: a service of this flat over the year, oldest first, at most thirteen months.

    Columns of one length: months, what was charged in each, and how much was used in micro-units (None when
    the service has no volume worth showing).
    """

    service: str
    unit: str
    months: tuple[date, ...]
    kopecks: tuple[int, ...]
    volumes_micro: tuple[int, ...] | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class ChangePart:
    """A part of the difference with the last month: «Отопление: начался сезон», signed."""

    label: str
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class Change:
    """Why this month costs more or less than the last one; the parts add up to the kopeck."""

    previous_month: date
    previous_kopecks: int
    parts: tuple[ChangePart, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A company or supplier of the reference block."""

    role: str
    """«Управляющая компания», «Холодная вода», «Аварийная служба»."""
    name: str
    phone: str = ""
    address: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a resident looks up: when to send readings, whom to call, where the cabinet is, the news."""

    rows: tuple[ReferenceRow, ...] = ()
    contacts: tuple[Contact, ...] = ()
    readings_from: date | None = None
    readings_until: date | None = None
    readings_how: str = ""
    """Ways to send readings, in words."""
    cabinet_address: str = ""
    cabinet_code: str = ""
    payment_ways: str = ""
    limit_index: str = ""
    """By how much the payment of citizens may grow this year, in words with its act (ЖК 157.1)."""
    news: tuple[str, ...] = ()
