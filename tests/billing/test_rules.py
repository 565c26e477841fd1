"""Every rule over random blocks against the slow oracle; nothing of a block's shape may matter."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from benchmarks.blocks import ODD, USUAL, Mix, make_block
from billing.accrue import accrue
from billing.basis import Basis
from billing.block import Block
from billing.lines import Lines
from billing.period import Period
from billing.premises import FINE
from tests.billing.oracle import bill
from tests.billing.oracle_base import Row, money

TAME = Mix(**{**{f: getattr(ODD, f) for f in ODD.__dataclass_fields__}, "no_value": 10, "ragged": False})
PERIODS = ("2026-10", "2026-02", "2025-12", "2016-07")


ROW_COLUMNS = (
    "account_id",
    "service",
    "component",
    "basis",
    "first_day",
    "days",
    "volume_num",
    "volume_den",
    "rate",
    "amount_kopecks",
    "surcharge_kopecks",
    "supplier_id",
)


ROW_COLUMNS = (
    "account_id",
    "service",
    "component",
    "basis",
    "first_day",
    "days",
    "volume_num",
    "volume_den",
    "rate",
    "amount_kopecks",
    "surcharge_kopecks",
    "supplier_id",
)


def rows_of(lines: Lines) -> list[Row]:
    """Lines as the oracle writes them."""
    columns = [getattr(lines, name).tolist() for name in ROW_COLUMNS]
    return [
        Row(i, s, c, b, f, d, Fraction(n, q), r, m, x, p)
        for i, s, c, b, f, d, n, q, r, m, x, p in zip(*columns, strict=True)
    ]


def key(row: Row) -> tuple[int, ...]:
    return row.account_id, row.service, row.component, row.first_day, row.basis


def same(ours: Row, theirs: Row, den: int) -> bool:
    """Equal to the last digit; a fraction too wide for 64 bits may be off by a millionth of a micro-unit."""
    if ours == theirs:
        return True
    close = abs(ours.volume - theirs.volume) <= Fraction(1, FINE)
    rest = Row(**{**theirs.__dict__, "volume": ours.volume, "amount": money(ours.volume, ours.rate)})
    return den == FINE and close and ours == rest


def compare(block: Block) -> Counter[int]:
    """Asserts that lines and parked accounts are those of the oracle; gives the bases met."""
    lines, parked = accrue(block)
    lines.check()
    expected, reasons = bill(block)
    assert set(parked.reason) == set(reasons), _first_parked(parked.reason, reasons)
    for index, (reason, _, _) in parked.reason.items():
        assert reason in reasons[index], (index, reason, reasons[index])
    ours = {key(row): (row, den) for row, den in zip(rows_of(lines), lines.volume_den.tolist(), strict=True)}
    theirs = {key(row): row for row in expected}
    assert len(theirs) == len(expected), "the oracle wrote a line twice"
    assert set(ours) == set(theirs), sorted(set(ours) ^ set(theirs))[:5]
    for at, (row, den) in ours.items():
        assert same(row, theirs[at], den), (row, theirs[at], den)
    return Counter(row.basis for row, _ in ours.values())


def _first_parked(ours: object, theirs: object) -> str:
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    odd = sorted(set(ours) ^ set(theirs))[:5]
    return str([(i, ours.get(i), theirs.get(i)) for i in odd])


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("seed", range(2))
def test_odd_blocks_as_the_oracle(period: str, seed: int) -> None:
    compare(make_block(120, seed, Period.parse(period), ODD))


@pytest.mark.parametrize("period", ["2026-10", "2025-12"])
@pytest.mark.parametrize("seed", range(3))
def test_blocks_with_rare_states_and_few_parked_as_the_oracle(period: str, seed: int) -> None:
    block = make_block(400, seed, Period.parse(period), TAME)
    met = compare(block)

    assert sum(met.values()) > 500
    assert block.meters.cut is not None


def test_usual_block_as_the_oracle() -> None:
    compare(make_block(400, 5, mix=USUAL))


UNMET = {
    int(basis) for basis in Basis if basis >= Basis.ABSENCE
}  # reliefs, by cases and their own oracle; by hand
APART = {
    int(basis)
    for basis in (
        Basis.PERSONS, Basis.FORMULA,  # services of organisations: tests of formulas
        Basis.TAMPERING, Basis.CONNECTION, Basis.CONNECTION_NORM,  # acts: cases of unauthorised use
        Basis.HOUSE_ACTUAL, Basis.HOUSE_NORM, Basis.RENT,  # direct management, tenants: cases
        Basis.CHECK_ROOM,  # communal flats: cases of checks
        Basis.ROOM_NORM, Basis.ROOM_ACTUAL, Basis.ROOM_CAP,  # rooms under direct management: cases
        Basis.COMMON_CARRIED,  # what a month left below zero: cases of common needs
        Basis.DIVIDED_BY_SHARE, Basis.DIVIDED_BY_PEOPLE,  # co-owners: properties of divided flats
    )
}  # fmt: skip


def test_every_basis_is_met() -> None:
    """A basis no random block reaches would be proved by nothing."""
    met: Counter[int] = Counter()
    for seed, mix in ((1, TAME), (2, TAME), (3, ODD)):
        lines, _ = accrue(make_block(6000, seed, mix=mix))
        met.update(lines.basis.tolist())
    never = {int(b) for b in Basis} - set(met) - APART - UNMET
    assert not never, {Basis(b).name for b in never}
