"""Divided premises: the parts add up to the whole whatever the shares, and each line explains itself."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from benchmarks.blocks import ODD, USUAL, Mix, make_block
from billing import trace
from billing.accrue import accrue
from billing.basis import BENEFITS, COMPENSATIONS, DIVISIONS, Basis
from billing.block import AccountKind, Block
from billing.coowners import Divided
from billing.lines import Lines
from billing.parked import Reason
from billing.services import BY_PEOPLE, Service
from billing.trace_line import Facts, Line, Share
from billing.why import MonthBill, Part, changes

PEOPLE = sum(1 << service for service in BY_PEOPLE)


def divided_block(block: Block, seed: int, by_people: int = 0) -> Block:
    """The same block in which some flats gain accounts of co-owners: rows at the end of their house."""
    rng = np.random.default_rng(seed)
    flats = np.flatnonzero(block.accounts.kind == AccountKind.FLAT)
    chosen = rng.choice(flats, min(40, len(flats)), replace=False)
    chosen = chosen[np.isin(chosen, block.meters.account) | (rng.random(len(chosen)) < 0.5)]
    # other flats of the same house lend their rows as the parts that are not open
    rows: list[tuple[int, int, int, int]] = []
    taken: set[int] = set()
    for holder in chosen.tolist():
        same = flats[block.accounts.house[flats] == block.accounts.house[holder]]
        free = [one for one in same.tolist() if one != holder and one not in taken]
        if holder in taken or len(free) < 3:
            continue
        parts = [holder, *free[: int(rng.integers(1, 4))]]
        taken.update(parts)
        cuts = rng.integers(1, 50, len(parts))
        rows += [(holder, part, int(cut), int(cuts.sum())) for part, cut in zip(parts, cuts, strict=True)]
    table = np.array(rows, np.int64)
    empty = np.setdiff1d(table[:, 1], table[:, 0])
    accounts = replace(block.accounts)
    for name in ("open_days", "area_days", "norm_person_days", "temporary_days"):
        column = getattr(accounts, name).copy()
        column[:, empty] = 0
        setattr(accounts, name, column)
    kept = ~np.isin(block.meters.account, empty)
    meters = replace(
        block.meters,
        **{
            name: getattr(block.meters, name)[kept]
            for name in block.meters.__slots__
            if getattr(block.meters, name) is not None and name != "cut"
        },
        cut=None,
    )
    divided = Divided(
        whole=table[:, 0].astype(np.int32),
        account=table[:, 1].astype(np.int32),
        num=table[:, 2],
        den=table[:, 3],
        person_days=rng.integers(0, 90, len(table)),
        persons=np.ones(len(table), np.int16),
        by_people=np.full(len(table), by_people, np.int64),
    )
    return replace(block, accounts=accounts, meters=meters, checked=None, divided=divided)


def sums(lines: Lines, rows: list[int]) -> dict[tuple[int, int], tuple[int, int]]:
    """Kopecks of the accounts by service and component."""
    out: dict[tuple[int, int], tuple[int, int]] = {}
    for at in np.flatnonzero(np.isin(lines.account_id, rows)).tolist():
        key = (int(lines.service[at]), int(lines.component[at]))
        before = out.get(key, (0, 0))
        out[key] = (
            before[0] + int(lines.amount_kopecks[at]),
            before[1] + int(lines.surcharge_kopecks[at]),
        )
    return out


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("by_people", [0, PEOPLE], ids=["shares", "people"])
@pytest.mark.parametrize("mix", [USUAL, ODD], ids=["usual", "odd"])
def test_parts_add_up_to_the_whole_to_the_kopeck(seed: int, by_people: int, mix: Mix) -> None:
    block = divided_block(make_block(300, seed, mix=mix), seed, by_people)
    whole, _ = accrue(replace(block, divided=None))
    lines, parked = accrue(block)
    lines.check()
    divided = block.divided
    assert divided is not None
    assert len(np.unique(divided.whole)) > 3
    for holder in np.unique(divided.whole).tolist():
        rows = divided.account[divided.whole == holder]
        if holder in parked.reason:
            assert all(row in parked.reason for row in rows.tolist())
            continue
        ids = block.accounts.id[rows].tolist()
        assert sums(lines, ids) == sums(whole, [int(block.accounts.id[holder])])
    others = ~np.isin(lines.account_id, block.accounts.id[divided.account])
    mine = ~np.isin(whole.account_id, block.accounts.id[divided.account])
    assert lines.take(others).digest() == whole.take(mine).digest()


def test_remainders_are_less_than_a_kopeck_a_line() -> None:
    lines, _ = accrue(divided_block(make_block(300, 9, mix=USUAL), 9))
    rest = lines.take(np.isin(lines.basis, list(DIVISIONS)))

    assert len(rest)
    assert np.abs(rest.amount_kopecks).max() <= 9, "a kopeck for each line of the service at most"


@pytest.mark.parametrize("by_people", [0, PEOPLE], ids=["shares", "people"])
def test_every_line_of_a_part_is_told_and_computes_again(by_people: int) -> None:
    block = divided_block(make_block(300, 5, mix=USUAL), 5, by_people)
    lines, _ = accrue(block)
    divided = block.divided
    assert divided is not None
    told = 0
    for account in block.accounts.id[divided.account].tolist():
        mine = lines.take(lines.account_id == account)
        rows = [Line.at(mine, at) for at in range(len(mine))]
        for row in rows:
            share = Share.among(row, rows)
            if row.basis in BENEFITS or row.basis in COMPENSATIONS:
                continue
            assert share is not None or row.basis in DIVISIONS
            found = trace.explain(row, block.period, Facts(share=share))
            assert trace.evaluate(found) == (row.amount_kopecks, row.surcharge_kopecks)
            told += "дол" in " ".join((found.sentence, *(one.words for one in found.numbers)))
    assert told > 20 or by_people


def test_shares_that_are_no_whole_park_the_premises() -> None:
    block = divided_block(make_block(100, 3, mix=USUAL), 3)
    divided = block.divided
    assert divided is not None
    holder = int(divided.whole[0])
    broken = replace(divided, num=np.where(divided.whole == holder, divided.num + 1, divided.num))
    lines, parked = accrue(replace(block, divided=broken))

    rows = divided.account[divided.whole == holder].tolist()
    assert {parked.reason[row][0] for row in rows} == {Reason.SHARES}
    assert not np.isin(lines.account_id, block.accounts.id[rows]).any()


def one(num: int, den: int, a: int, b: int) -> Lines:
    """A line of water by a meter, 10 m³ of the whole flat × the share, and its remainder."""
    usual: dict[str, Any] = {"account_id": 1, "service": int(Service.COLD_WATER), "first_day": 1, "days": 30}
    line = Lines.of(1, **usual, basis=Basis.METER, volume_num=10_000_000 * num, volume_den=den, rate=456_700)
    rest = Lines.of(1, **usual, basis=Basis.DIVIDED_BY_SHARE, volume_den=1, rate=100, a=a, b=b)
    line.amount_kopecks, line.surcharge_kopecks = line.amounts_again()
    return Lines.concat([line, rest] if b > 1 else [line])


def test_a_month_of_a_new_share_says_so() -> None:
    before, now = one(1, 1, 1, 1), one(1, 3, 1, 3)
    found = changes(MonthBill(30, before, Lines.empty()), MonthBill(30, now, Lines.empty()))

    parts = dict(zip(found.part.tolist(), found.kopecks.tolist(), strict=True))
    assert parts == {Part.SHARE: int(now.amount_kopecks.sum() - before.amount_kopecks.sum())}


@pytest.mark.parametrize("seed", range(3))
def test_parts_of_the_change_stay_exact(seed: int) -> None:
    block = make_block(200, seed, mix=USUAL)
    first = accrue(divided_block(block, seed))[0]
    second = accrue(divided_block(make_block(200, seed, mix=USUAL), seed, PEOPLE))[0]
    found = changes(MonthBill(31, first, Lines.empty()), MonthBill(31, second, Lines.empty()))

    assert int(found.kopecks.sum()) == second.total() - first.total()
    assert (found.part == Part.SHARE).any()


def test_share_words_are_fractions() -> None:
    line = Line.at(one(1, 3, 1, 3), 0)
    found = trace.explain(line, make_block(10, 1).period, Facts(share=Share(1, 3, by_people=False)))

    assert found.formula.endswith("× 1 / 3 × 45,67")
    assert Fraction(1, 3) == Fraction(*(int(part) for part in found.numbers[-2].text.split(" / ")))
