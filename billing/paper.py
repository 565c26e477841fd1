"""What a paper about an account is made of: who, where, months of money, penalties by days. It proves itself.

A paper goes to court or to social security, so months must follow one another to the kopeck and penalties
must come to what their days give.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from billing.agreement import Due
from billing.penalty.trace import Piece, kopecks_of
from billing.receipt_parts import Payee


class PaperMismatchError(ValueError):
    """The sums of a paper disagree: it is not issued."""

    code = "paper_mismatch"
    permanent = True


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody registered: permanent or temporary, until the day before `until` when it is known."""

    name: str
    born_on: dt.date | None
    relation: str
    is_permanent: bool
    since: dt.date
    until: dt.date | None


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner with the share."""

    name: str
    share_num: int
    share_den: int
    ground: str


@dataclass(frozen=True, slots=True)
class MonthMove:
    """A month of an account, kopecks; a debt is positive."""

    month: dt.date
    opening_kopecks: int
    charged_kopecks: int
    paid_kopecks: int
    other_kopecks: int
    notes: tuple[str, ...] = ()
    """Payments in words: day, sum, who took it."""

    @property
    def closing_kopecks(self) -> int:
        """Owed at its end."""
        return self.opening_kopecks + self.charged_kopecks - self.paid_kopecks + self.other_kopecks


@dataclass(frozen=True, slots=True)
class PenaltyDebt:
    """The penalty of one debt by stretches of days."""

    month: dt.date
    service: str
    payee: str
    due_on: dt.date
    clause: str
    total_kopecks: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Relief:
    """A льгота of a month and service: whose, on what ground, from what charge, by how much.

    share_bp: of the charge in hundredths of a percent, limits and people counted. off_kopecks is taken off in
    the document, paid_kopecks is paid to the person by the social protection body.
    """

    month: dt.date
    service: str
    person: str
    ground: str
    charged_kopecks: int
    share_bp: int
    off_kopecks: int
    paid_kopecks: int


@dataclass(frozen=True, slots=True)
class ServiceDebt:
    """A utility a claim is about: what is owed for it, and its month by the norm (Rules 354, cl. 118)."""

    label: str
    owed_kopecks: int
    month_kopecks: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a reminder, a warning, a restriction and a stop say of an account, as of a day."""

    on: dt.date
    account_number: str
    address: str
    payer: str
    issuer: Payee
    overdue_kopecks: int
    penalties_kopecks: int
    months: int
    oldest: dt.date | None
    services: tuple[ServiceDebt, ...]
    wait_days: int
    """Days the law or the organisation gives before the next step."""

    @property
    def whole_kopecks(self) -> int:
        """To be paid."""
        return self.overdue_kopecks + self.penalties_kopecks


@dataclass(frozen=True, slots=True)
class Bargain:
    """An agreement on paying in parts as its paper says it; about: what is paid in parts, in words."""

    on: dt.date
    agreement_id: int
    account_number: str
    address: str
    payer: str
    issuer: Payee
    about: str
    amount_kopecks: int
    is_rise: bool
    rate_permille: int
    grace_days: int
    is_stopped: bool
    is_whole: bool
    document: str
    parts: tuple[Due, ...]

    def check(self) -> None:
        """Raises PaperMismatchError unless the parts come to the sum."""
        if sum(part.amount_kopecks for part in self.parts) != self.amount_kopecks:
            raise PaperMismatchError(
                "Соглашение не составлено: части не дают в сумме долг. Сообщите администратору."
            )


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything papers of an account say, as of a day."""

    on: dt.date
    account_number: str
    els: str
    address: str
    payer: str
    area_dm2: int | None
    living_area_dm2: int | None
    opened_on: dt.date
    issuer: Payee
    residents: tuple[Resident, ...]
    owners: tuple[Owner, ...]
    balance_kopecks: int
    months: tuple[MonthMove, ...]
    """Oldest first."""
    penalties_charged_kopecks: int
    penalties_paid_kopecks: int
    debts: tuple[PenaltyDebt, ...]
    reliefs: tuple[Relief, ...] = ()
    """Of the months asked for, oldest first."""

    @property
    def penalties_owed_kopecks(self) -> int:
        """Penalties not paid."""
        return self.penalties_charged_kopecks - self.penalties_paid_kopecks

    def check(self) -> None:
        """Raises PaperMismatchError unless months follow one another and penalties are of their days."""
        for before, after in zip(self.months, self.months[1:], strict=False):
            if before.closing_kopecks != after.opening_kopecks:
                raise PaperMismatchError(
                    f"Документ не выдан: остаток на конец {before.month:%m.%Y} "
                    f"не равен остатку на начало {after.month:%m.%Y}. Сообщите администратору."
                )
        for debt in self.debts:
            if kopecks_of(debt.pieces) != debt.total_kopecks:
                raise PaperMismatchError(
                    f"Документ не выдан: пени за {debt.month:%m.%Y} не сходятся с расчётом по дням. "
                    "Сообщите администратору."
                )
