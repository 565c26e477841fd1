"""Co-owners of one premises: each pays the whole premises' charge by a share, in a document of their own.

Law: Housing Code, art. 155, 158; Civil Code, art. 249; Supreme Court, Plenum of 27.06.2017 № 22, cl. 27.
The rules count the whole premises at one account, the one that holds it: all people, all meters, the whole
area. Then every line is split among the accounts of the premises: by shares, or, for utilities where the
co-owners or a court said so, by people × days. The other accounts are not open to the rules.

A part of a line is that line's exact volume × weight / weights at the same tariff, rounded once. So that the
parts add up to the line, kopecks are given out by the largest remainder: what that gives an account beside
its own rounding stands in a line of its own (Basis.DIVIDED…) for each service and component, often zero,
which also keeps the weight (`a`) and the weights (`b`) of the split.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from billing.basis import Basis
from billing.block import I64, Accounts, Block
from billing.coowners import Divided
from billing.lines import DTYPES, Lines
from billing.money import share_out
from billing.parked import Parked, Reason
from billing.quantity import KOPECKS_PER_RUBLE, MICRO, PERMILLE, RATE_PER_RUBLE
from billing.relief import Charged
from billing.rule import clause
from billing.services import BY_PEOPLE

RATE_PER_KOPECK = RATE_PER_RUBLE // KOPECKS_PER_RUBLE
KOPECK_RATE = RATE_PER_KOPECK * MICRO  # of a remainder: a kopeck is a micro-unit, next to no volume
WIDE = 1 << 61
FINE = 1_000_000_000  # a volume too wide for 64 bits is kept in 10⁻⁹ of a micro-unit


@dataclass(frozen=True, slots=True)
class _Premises:
    """One divided premises: rows and weights by share and by people."""

    whole: int
    rows: list[int]
    shares: list[int]
    people: list[int]
    by_people: int

    def weights(self, service: int) -> tuple[list[int], bool]:
        """Weights of a line of the service, and whether they are people; nobody anywhere = by shares."""
        if service in BY_PEOPLE and self.by_people >> service & 1 and sum(self.people):
            return self.people, True
        return self.shares, False


def _premises(divided: Divided) -> list[_Premises]:
    """Weights by share over the common denominator of the premises."""
    out = []
    starts = np.flatnonzero(np.append(True, divided.whole[1:] != divided.whole[:-1]))
    for first, after in zip(starts.tolist(), [*starts[1:].tolist(), len(divided)], strict=True):
        here = slice(first, after)
        common = math.lcm(*divided.den[here].tolist())
        pairs = zip(divided.num[here].tolist(), divided.den[here].tolist(), strict=True)
        out.append(
            _Premises(
                whole=int(divided.whole[first]),
                rows=divided.account[here].tolist(),
                shares=[num * (common // den) for num, den in pairs],
                people=divided.person_days[here].tolist(),
                by_people=int(divided.by_people[first]),
            )
        )
    return out


def park_divided(block: Block, parked: Parked) -> None:
    """Shares that are not a whole park their premises, and a parked premises parks all its accounts."""
    if block.divided is None:
        return
    for premises in _premises(block.divided):
        common = math.lcm(*block.divided.den[block.divided.whole == premises.whole].tolist())
        if sum(premises.shares) != common:
            parked.add(np.array(premises.rows), Reason.SHARES, 0, block.period.title)
        elif premises.whole in parked.reason:
            for row in premises.rows:
                parked.reason.setdefault(row, parked.reason[premises.whole])


@clause("ЖК РФ, ст. 155, 158; ГК РФ, ст. 249; Пленум ВС РФ № 22, п. 27")
def split_charges(charged: Charged) -> Charged:
    """The charges with those of divided premises split among their accounts."""
    divided = charged.block.divided
    if divided is None or not len(divided):
        return charged
    whole = np.zeros(len(charged.block), np.bool_)
    whole[divided.whole] = True
    mine = whole[charged.owner]
    made = [charged.lines.take(~mine)]
    for premises in _premises(divided):
        rows = np.flatnonzero(mine & (charged.owner == premises.whole))
        if rows.size:
            made.append(_split(charged.block, charged.lines.take(rows), premises))
    block = replace(charged.block, accounts=own_people(charged.block.accounts, divided))
    nothing = Charged.of(block, Lines.empty())
    return nothing.with_more(made)


def own_people(accounts: Accounts, divided: Divided) -> Accounts:
    """Accounts for льготы: each part with the people of its own; the area of a part is that of the whole."""
    persons, area = accounts.persons.copy(), accounts.area_dm2.copy()
    persons[divided.account], area[divided.account] = divided.persons, accounts.area_dm2[divided.whole]
    return replace(accounts, persons=persons, area_dm2=area)


def area_shares(block: Block, owner: I64) -> tuple[I64, I64]:
    """Areas of accounts (n,) as exact fractions of dm2: a part's is its share of the whole; 0 = unknown."""
    num, den = np.maximum(block.accounts.area_dm2, 0).astype(np.int64), np.ones(len(block), np.int64)
    if block.divided is not None:
        num[block.divided.account] *= block.divided.num
        den[block.divided.account] = block.divided.den
    return num[owner], den[owner]


def _split(block: Block, lines: Lines, premises: _Premises) -> Lines:
    """Lines of all parts of one premises, and the kopecks of its remainders."""
    parts, left = [], []
    weights = [premises.weights(int(service)) for service in lines.service]
    sums = [
        [share_out(int(kopecks), weight) for kopecks, (weight, _) in zip(column, weights, strict=True)]
        for column in (lines.amount_kopecks, lines.surcharge_kopecks)
    ]
    for at, row in enumerate(premises.rows):
        mine = [weight[at] for weight, _ in weights]
        part = _part(lines, mine, [sum(weight) for weight, _ in weights])
        part.account_id[:] = block.accounts.id[row]
        targets = [np.array([given[at] for given in column], np.int64) for column in sums]
        part.amount_kopecks, part.surcharge_kopecks = part.amounts_again()
        rest = (targets[0] - part.amount_kopecks, targets[1] - part.surcharge_kopecks)
        left.append(_remainders(block, part, mine, weights, rest))
        parts.append(part.take(np.array(mine) > 0))
    return Lines.concat([*parts, *left])


def _part(lines: Lines, mine: list[int], whole: list[int]) -> Lines:
    """The lines × mine / whole, in lowest terms, without sums."""
    columns = {name: getattr(lines, name).copy() for name in DTYPES}
    trios = zip(lines.volume_num, lines.raised_num, lines.volume_den, mine, whole, strict=True)
    for at, (num, raised, den, weight, weights) in enumerate(trios):
        top, over, below = int(num) * weight, int(raised) * weight, int(den) * weights
        common = math.gcd(top, over, below)
        top, over, below = top // common, over // common, below // common
        if max(abs(top), abs(over), below) >= WIDE:
            top, over = ((2 * n * FINE + below) // (2 * below) for n in (top, over))
            below = FINE
        columns["volume_num"][at], columns["raised_num"][at], columns["volume_den"][at] = top, over, below
    return Lines(**columns)


def _remainders(
    block: Block, part: Lines, mine: list[int], weights: list[tuple[list[int], bool]], rest: tuple[I64, I64]
) -> Lines:
    """One line a service and component: kopecks beside the roundings, and the weight they come from."""
    key = part.service.astype(np.int64) << 16 | part.component
    keys, first, place = np.unique(key, return_index=True, return_inverse=True)
    amount, surcharge = (np.zeros(len(keys), np.int64) for _ in range(2))
    np.add.at(amount, place, rest[0])
    np.add.at(surcharge, place, rest[1])
    by_people = np.array([weights[at][1] for at in first.tolist()], np.bool_)
    some = part.take(first)
    made = Lines.of(
        len(keys),
        account_id=some.account_id,
        company_id=some.company_id,
        supplier_id=some.supplier_id,
        service=some.service,
        component=some.component,
        basis=np.where(by_people, int(Basis.DIVIDED_BY_PEOPLE), int(Basis.DIVIDED_BY_SHARE)),
        first_day=1,
        days=block.days_in_month,
        volume_num=amount,
        volume_den=1,
        raised_num=surcharge * PERMILLE,
        rate=KOPECK_RATE,
        a=[mine[at] for at in first.tolist()],
        b=[sum(weights[at][0]) for at in first.tolist()],
    )
    made.amount_kopecks, made.surcharge_kopecks = made.amounts_again()
    return made.take(made.a > 0)
