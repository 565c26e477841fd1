"""Payees of a payment document: which block or document a charge goes to, and the account's money among them.

Law: ЖК 155 ч. 7–7.1 (direct contracts), ЖК 171 ч. 2 (capital repair in the same or a separate document).
Money of an account is one sum: an advance or a charge taken back at one payee pays another by the order of
payments, so what each payee is owed comes from the ledger's own sharing; here the equation of each block is
written down and proved. Kopecks; no clock, no tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from billing.money import share_out
from billing.receipt_parts import Totals, agree
from billing.services import Service

CAPITAL = "capital"


class Placement(StrEnum):
    """Where charges of a payee stand: under the company's own requisites, in a block, in a document."""

    COMMON = "common"
    BLOCK = "block"
    DOCUMENT = "document"


class Bucket(NamedTuple):
    """A payment block: its document ("" is the main one), its payee, and whether it is of capital repair."""

    document: str
    payee_id: int
    is_capital: bool


@dataclass(frozen=True, slots=True)
class Placing:
    """The terms of an organisation in force in a month. payees: by id; others: payees without a term."""

    company_id: int
    payees: Mapping[int, Placement] = field(default_factory=dict)
    others: Placement = Placement.COMMON
    capital: Placement | None = None
    """Of the contribution for capital repair, whoever gets it; None: as its payee."""

    @property
    def main(self) -> Bucket:
        """The block of the organisation itself: also of money that names no payee."""
        return Bucket("", self.company_id, False)

    @property
    def is_single(self) -> bool:
        """Everything is under the requisites of the organisation."""
        return {*self.payees.values(), self.others, self.capital or Placement.COMMON} == {Placement.COMMON}

    def of(self, payee_id: int, service: int) -> Bucket:
        """Where a charge of a payee (0: none is named) for a service stands."""
        is_capital = service == Service.CAPITAL_REPAIR
        place, apart = self._place(payee_id, is_capital), is_capital and self.capital is not None
        if place is Placement.COMMON:
            return self.main
        if place is Placement.BLOCK:
            return Bucket("", payee_id, apart)
        return Bucket(CAPITAL if apart else f"p{payee_id}", payee_id, apart)

    def _place(self, payee_id: int, is_capital: bool) -> Placement:
        if not payee_id:
            return Placement.COMMON
        if is_capital and self.capital is not None:
            return self.capital
        usual = Placement.COMMON if payee_id == self.company_id else self.others
        return self.payees.get(payee_id, usual)


@dataclass(frozen=True, slots=True)
class Part:
    """Money of one block before the split. owed: at the end of the month by the ledger, before what
    agreements put off; paid: payments that name this payee; interest: of agreements.
    """

    opening_kopecks: int = 0
    charged_kopecks: int = 0
    correction_kopecks: int = 0
    penalty_kopecks: int = 0
    interest_kopecks: int = 0
    paid_kopecks: int = 0
    owed_kopecks: int = 0

    @property
    def need(self) -> int:
        """What money that names no payee, or credits of other payees, paid of this block."""
        made = self.opening_kopecks + self.charged_kopecks + self.correction_kopecks
        return made + self.penalty_kopecks + self.interest_kopecks - self.paid_kopecks - self.owed_kopecks


def split(whole: Totals, parts: Sequence[Part]) -> tuple[Totals, ...]:
    """Totals of each block; they add up to the whole to the kopeck. Raises ReceiptMismatchError."""
    for name in ("opening", "charged", "correction", "penalty"):
        amount = sum(getattr(part, f"{name}_kopecks") for part in parts)
        agree(f"получатели вместе, {name}", amount, getattr(whole, f"{name}_kopecks"))
    needs = [part.need for part in parts]
    free = whole.paid_kopecks - sum(part.paid_kopecks for part in parts)
    interest = sum(part.interest_kopecks for part in parts)
    agree("получатели вместе, долг по книгам", sum(needs), free)
    given = _given(needs, free)
    put_off = _put_off(interest - whole.instalment_kopecks, parts)
    made = []
    for part, need, extra, later in zip(parts, needs, given, put_off, strict=True):
        one = Totals(
            opening_kopecks=part.opening_kopecks,
            charged_kopecks=part.charged_kopecks,
            correction_kopecks=part.correction_kopecks,
            penalty_kopecks=part.penalty_kopecks,
            paid_kopecks=part.paid_kopecks + extra,
            to_pay_kopecks=part.owed_kopecks - later,
            instalment_kopecks=part.interest_kopecks - later,
            netted_kopecks=extra - need,
        )
        one.check("получатель")
        made.append(one)
    return tuple(made)


def _given(needs: Sequence[int], free: int) -> list[int]:
    """Money without a payee put on the blocks it paid; the rest of a need is netted between payees."""
    left, given = free, []
    for need in needs:
        take = min(need, left) if need > 0 < left else max(need, left) if need < 0 > left else 0
        given.append(take)
        left -= take
    assert left == 0, "needs sum to what is given"
    return given


def _put_off(later: int, parts: Sequence[Part]) -> list[int]:
    """What agreements put off, in proportion to what each is owed."""
    weights = [max(part.owed_kopecks, 0) for part in parts]
    if not any(weights):
        return [later if at == 0 else 0 for at in range(len(parts))]
    return share_out(later, weights)
