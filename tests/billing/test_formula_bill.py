"""Formulas over blocks of whole houses against a slow oracle: fractions, one account at a time."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import groupby

import numpy as np
import pytest

from benchmarks.blocks import ODD, USUAL, Mix, make_block
from billing.accrue import accrue
from billing.basis import Basis
from billing.block import MISSING, AccountKind, Block, HouseService, Rate
from billing.formula.check import check
from billing.formula.rows import Formulas, ServiceFormulas, Version
from billing.formula.units import base
from billing.lines import Lines, add_digests
from billing.parked import Parked, Reason
from billing.period import Period
from billing.services import Method
from tests.billing.slices import of_houses
from tests.billing.test_formula import every

SERVICE = 101
TEXTS = (
    "60 руб",
    "площадь × 2,37 руб/м²",
    "площадь × тариф",
    "если люди > 2 то 100 руб иначе 33,33 руб × люди / 1 чел.",
    "мин(700 руб; площадь × 11,1 руб/м²) + доля × 1 000 руб",
    "(этаж − 1) × 15 руб",
    "600 руб × 1 чел. / люди",
    "вверх(площадь / 10 м²) × 7 руб + (если нежилое = 1 то 50 руб иначе 0)",
    "площадь_дома / счетов_в_доме × 1 руб/м² + 3 руб/день × (дней_в_месяце − дни)",
)
TWO_DAYS = Mix(**{**{f: getattr(ODD, f) for f in ODD.__dataclass_fields__}, "no_value": 0, "ragged": False})


def with_formula(block: Block, text: str, ceiling: int = 100_000_000) -> Block:
    """The block with a service of an organisation in every other house billed by the formula."""
    houses, segments = len(block.houses), len(block.days)
    mine = np.arange(houses) % 2
    rates = np.full((segments, 2, houses), 37_100, np.int64)
    rates[-1] = 41_500  # the tariff grows with the last segment
    floors = (np.arange(len(block)) % 11 - 1).astype(np.int16)  # −1 is not known
    return replace(
        block,
        accounts=replace(block.accounts, floor=floors),
        services=block.services
        | {SERVICE: HouseService(np.full(houses, 5, np.int32), np.full(houses, int(Method.FIXED), np.int16))},
        rates=block.rates | {(SERVICE, 0): Rate(rates)},
        formulas=Formulas(
            {
                SERVICE: ServiceFormulas(
                    [Version(7, check(text, base("м²")), ceiling)], (mine - 1).astype(np.int16)
                )
            }
        ),
    )


def slow(block: Block, account: int, ceiling: int) -> list[tuple[int, int, int]] | Reason | None:
    """(first day, days, kopecks) of each line of an account, or why it is parked; None: not by a formula."""
    assert block.formulas is not None
    formulas = block.formulas.by_service[SERVICE]
    accounts, houses, month = block.accounts, block.houses, block.days_in_month
    house = int(accounts.house[account])
    if formulas.of_house[house] < 0 or accounts.open_days[:, account].sum() == 0:
        return None
    checked = formulas.versions[0].checked
    keys = {one.key for one in checked.quantities}
    assert accounts.floor is not None
    if keys & {"area", "share"} and accounts.area_dm2[account] <= 0:
        return Reason.NO_AREA
    if "floor" in keys and accounts.floor[account] == MISSING:
        return Reason.NO_FLOOR
    rates = block.rate(SERVICE, 0)[:, account].tolist()
    stretches = [list(of) for _, of in groupby(range(len(rates)), key=lambda s: rates[s])]
    if "tariff" not in keys:
        stretches = [list(range(len(rates)))]
    made = []
    for stretch in stretches:
        opened = int(sum(accounts.open_days[s, account] for s in stretch))
        if not opened:
            continue
        area = Fraction(int(sum(accounts.area_days[s, account] for s in stretch)), opened)
        values = {
            "area": area / 100,
            "people": Fraction(int(sum(accounts.norm_person_days[s, account] for s in stretch)), opened),
            "share": area / int(houses.area_total_dm2[house]),
            "floor": Fraction(int(accounts.floor[account])),
            "nonresidential": Fraction(int(accounts.kind[account] == AccountKind.NONRESIDENTIAL)),
            "house_area": Fraction(int(houses.area_total_dm2[house]), 100),
            "accounts": Fraction(int(((accounts.house == house) & (accounts.open_days.sum(0) > 0)).sum())),
            "days": Fraction(opened),
            "month_days": Fraction(month),
            "tariff": Fraction(rates[stretch[0]], 10_000),
        }
        full = every(checked.root, values)
        if full is None:
            return Reason.FORMULA_ZERO
        if full < 0:
            return Reason.FORMULA_NEGATIVE
        if full * 100 > ceiling:
            return Reason.FORMULA_CEILING
        exact = full * opened / month * 100
        kopecks = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
        first = int(block.first_day[stretch[0]])
        if full:
            made.append((first, int(sum(block.days[s] for s in stretch)), kopecks))
    return made


def mine(lines: Lines, block: Block, account: int) -> list[tuple[int, int, int]]:
    kept = (
        (lines.account_id == block.accounts.id[account])
        & (lines.service == SERVICE)
        & (lines.basis == Basis.FORMULA)
    )
    return [
        (int(a), int(b), int(c))
        for a, b, c in zip(lines.first_day[kept], lines.days[kept], lines.amount_kopecks[kept], strict=True)
    ]


def compare(block: Block, lines: Lines, parked: Parked, ceiling: int) -> tuple[int, set[Reason]]:
    """Every account as the oracle says; how many were billed and the reasons met."""
    billed, reasons = 0, set()
    for account in range(len(block)):
        wanted = slow(block, account, ceiling)
        why = parked.reason.get(account)
        if why is not None and why[1] != SERVICE:
            continue  # parked by the law's own services before
        if isinstance(wanted, Reason):
            assert why is not None
            assert why[0] is wanted
            reasons.add(wanted)
            continue
        assert why is None
        assert mine(lines, block, account) == (wanted or [])
        billed += wanted is not None
    return billed, reasons


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("mix", [USUAL, TWO_DAYS], ids=["usual", "odd"])
def test_lines_by_a_formula_are_those_of_the_oracle(text: str, mix: Mix) -> None:
    block = with_formula(make_block(400, seed=3, period=Period.parse("2026-10"), mix=mix), text)

    lines, parked = accrue(block)

    lines.check()
    billed, _ = compare(block, lines, parked, 100_000_000)
    assert billed > 20


def test_who_cannot_be_counted_is_parked_with_the_reason() -> None:
    text, ceiling = "(200 руб × 1 чел. / люди) × (если этаж = 5 то −1 иначе этаж)", 100_000
    block = with_formula(make_block(600, seed=1, mix=TWO_DAYS), text, ceiling)
    nobody = np.arange(len(block)) % 7 == 0
    days = np.where(nobody, 0, block.accounts.norm_person_days)
    block = replace(block, accounts=replace(block.accounts, norm_person_days=days))

    lines, parked = accrue(block)

    _, reasons = compare(block, lines, parked, ceiling)
    assert reasons >= {Reason.NO_FLOOR, Reason.FORMULA_NEGATIVE, Reason.FORMULA_CEILING}


@pytest.mark.parametrize("text", [TEXTS[2], TEXTS[4], TEXTS[8]])
def test_lines_do_not_depend_on_the_other_houses_of_a_block(text: str) -> None:
    whole = with_formula(make_block(600, seed=9, mix=TWO_DAYS), text)
    lines, _ = accrue(whole)
    assert whole.formulas is not None
    of_house = whole.formulas.by_service[SERVICE].of_house
    houses = list(range(len(whole.houses)))

    digests = []
    for part in (houses[::2][::-1], houses[1::2]):
        block = of_houses(whole, part)
        versions = whole.formulas.by_service[SERVICE].versions
        block.formulas = Formulas({SERVICE: ServiceFormulas(versions, of_house[part])})
        some, _ = accrue(block)
        digests.append(some.digest())

    assert add_digests(digests) == lines.digest()


def test_numbers_of_every_line_are_kept_under_its_two_keys() -> None:
    block = with_formula(make_block(300, seed=2), TEXTS[4])

    lines, _ = accrue(block)

    kept = lines.take(lines.basis == Basis.FORMULA)
    assert block.formulas is not None
    assert len(kept) > 20
    for version, key, num, den in zip(
        kept.a.tolist(), kept.b.tolist(), kept.volume_num.tolist(), kept.volume_den.tolist(), strict=True
    ):
        numbers = block.formulas.told[version, key]
        values = {"area": Fraction(*numbers[:2]), "share": Fraction(*numbers[2:])}
        checked = block.formulas.by_service[SERVICE].versions[0].checked
        full = every(checked.root, values)
        assert full is not None
        assert 0 < Fraction(num, den) / 1_000_000 / full <= 1


def test_houses_without_a_formula_go_by_their_method() -> None:
    block = with_formula(make_block(300, seed=4), "площадь × 2,37 руб/м²")

    lines, _ = accrue(block)

    kept = lines.take(lines.service == SERVICE)
    houses = block.accounts.house[np.searchsorted(block.accounts.id, kept.account_id)]
    assert set(kept.basis[houses % 2 == 0].tolist()) == {Basis.FIXED}
    assert set(kept.basis[houses % 2 == 1].tolist()) == {Basis.FORMULA}
