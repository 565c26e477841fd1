"""Parts of a change between two months: each cause gets its own kopecks and all of them add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.blocks import ODD, USUAL, Mix, make_block
from billing.accrue import accrue
from billing.basis import Basis
from billing.lines import Lines
from billing.why import WORDS, Changes, MonthBill, Part, changes

M3 = 1_000_000
RUBLE = 10_000


def line(**columns: Any) -> Lines:
    """One line priced by its own numbers."""
    usual = {"account_id": 1, "company_id": 2, "supplier_id": 4, "service": 1, "days": 30, "first_day": 1}
    made = Lines.of(1, **{"volume_den": 1, **usual, **columns})
    made.amount_kopecks, made.surcharge_kopecks = made.amounts_again()
    return made


def metered(cubic: int, rate: int, **more: Any) -> Lines:
    return line(basis=Basis.METER, volume_num=cubic * M3, rate=rate * RUBLE, **more)


def by_norm(people: int, norm: int, rate: int, days: int, **more: Any) -> Lines:
    person_days = people * days
    return line(
        basis=Basis.NORM, volume_num=person_days * norm, volume_den=days, rate=rate * RUBLE, a=person_days,
        b=norm, days=days, **more,
    )  # fmt: skip


def bill(*lines: Lines, days: int = 30, corrected: Lines | None = None) -> MonthBill:
    return MonthBill(days, Lines.concat(lines), corrected if corrected is not None else Lines.empty())


def parts(found: Changes) -> dict[Part, int]:
    """Kopecks by part of all accounts and services."""
    out: dict[Part, int] = {}
    for part, kopecks in zip(found.part.tolist(), found.kopecks.tolist(), strict=True):
        out[Part(part)] = out.get(Part(part), 0) + kopecks
    return out


def total(lines: Lines) -> int:
    return int((lines.amount_kopecks + lines.surcharge_kopecks).sum())


def test_tariff_is_asked_at_the_old_volume_and_volume_at_the_new_tariff() -> None:
    before, now = bill(metered(6, 50)), bill(metered(8, 55))

    assert parts(changes(before, now)) == {Part.TARIFF: 6 * 500, Part.VOLUME: 2 * 5_500}


def test_a_child_is_born_and_the_norm_rises() -> None:
    before = bill(by_norm(2, 4 * M3, 50, 30))
    now = bill(by_norm(3, 5 * M3, 50, 31), days=31)

    assert parts(changes(before, now)) == {Part.PEOPLE: 4 * 5_000, Part.NORM: 3 * 5_000}


def test_a_longer_month_alone_changes_nothing() -> None:
    assert not len(changes(bill(by_norm(2, 4 * M3, 50, 30)), bill(by_norm(2, 4 * M3, 50, 31), days=31)))


def test_coefficient_is_apart_from_the_volume_it_multiplies() -> None:
    before = bill(by_norm(2, 4 * M3, 50, 30, raised_num=2 * 30 * 4 * M3 * 500))
    now = bill(by_norm(3, 4 * M3, 50, 30, raised_num=3 * 30 * 4 * M3 * 2_000))

    assert parts(changes(before, now)) == {
        Part.PEOPLE: 4 * 5_000 * 3 // 2,
        Part.COEFFICIENT: 12 * 5_000 * 3 // 2,
    }


def test_a_meter_that_fell_silent_is_a_change_of_method() -> None:
    before = bill(metered(6, 50))
    now = bill(line(basis=Basis.AVERAGE_SILENT, volume_num=9 * M3, rate=50 * RUBLE, a=9 * M3, b=1))

    assert parts(changes(before, now)) == {Part.METHOD: 3 * 5_000}


def test_services_begin_and_end() -> None:
    before, now = bill(metered(6, 50)), bill(metered(1, 2_000, service=4))

    assert parts(changes(before, now)) == {Part.STARTED: 200_000, Part.ENDED: -30_000}


def test_a_service_split_into_zones_is_another_method_and_not_a_new_service() -> None:
    before = bill(metered(100, 5, service=5))
    now = bill(metered(60, 6, service=5, component=1), metered(40, 3, service=5, component=2))

    assert parts(changes(before, now)) == {Part.METHOD: 48_000 - 50_000}


def test_common_needs_keep_their_tariff_apart() -> None:
    area = {"basis": Basis.COMMON_ACTUAL, "service": 21}
    before = bill(line(volume_num=1 * M3, rate=50 * RUBLE, **area))
    now = bill(line(volume_num=3 * M3, rate=60 * RUBLE, **area))

    assert parts(changes(before, now)) == {Part.TARIFF: 1_000, Part.HOUSE: 12_000}


def test_recalculations_late_readings_and_reductions_are_one_part_and_benefits_another() -> None:
    late = metered(2, 50)
    late.basis[:] = Basis.LATE_READING
    benefit = line(basis=Basis.BENEFIT_1, volume_num=-1 * M3, rate=100 * RUBLE)
    posted = metered(1, 40)
    before = bill(metered(6, 50), corrected=posted)
    now = bill(metered(6, 50), late, benefit)

    assert parts(changes(before, now)) == {Part.RECALCULATION: 10_000 - 4_000, Part.BENEFIT: -10_000}


def test_a_tariff_that_changed_inside_the_month_is_its_average_and_kopecks_are_named() -> None:
    before = bill(line(basis=Basis.METER, volume_num=7_123_457, rate=456_789, days=30))
    cut = [
        line(basis=Basis.METER, volume_num=7_123_457 * 13, volume_den=30, rate=456_789, days=13),
        line(
            basis=Basis.METER, volume_num=7_123_457 * 17, volume_den=30, rate=512_345, days=17, first_day=14
        ),
    ]

    found = parts(changes(before, bill(*cut)))

    assert set(found) <= {Part.TARIFF, Part.ROUNDING}
    assert sum(found.values()) == total(Lines.concat(cut)) - total(before.charged)
    assert abs(found.get(Part.ROUNDING, 0)) <= 1


def test_penalties_are_a_part_of_their_own() -> None:
    found = changes(bill(), bill(), (np.array([5]), np.array([321])))

    assert parts(found) == {Part.PENALTY: 321}
    assert found.account_id.tolist() == [5]


def test_nothing_changes_nothing() -> None:
    assert not len(changes(bill(), bill()))
    assert not len(changes(bill(metered(6, 50)), bill(metered(6, 50))))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("mix", [USUAL, ODD], ids=["usual", "odd"])
def test_parts_of_every_account_add_up_to_the_kopeck(seed: int, mix: Mix) -> None:
    """Two made-up months of the same accounts: other meters, people, tariffs, methods, everything."""
    first = accrue(make_block(400, seed, mix=mix))[0]
    second = accrue(make_block(400, seed + 100, mix=mix))[0]
    before, now = bill(first, days=31, corrected=second.take(np.arange(40))), bill(second, days=31)

    found = changes(before, now)

    assert len(found) > 1_000
    difference: dict[int, int] = {}
    for lines, sign in ((first, -1), (before.corrected, -1), (second, 1)):
        for account, kopecks in zip(
            lines.account_id.tolist(), (lines.amount_kopecks + lines.surcharge_kopecks).tolist(), strict=True
        ):
            difference[account] = difference.get(account, 0) + sign * kopecks
    by_account: dict[int, int] = {}
    for account, kopecks in zip(found.account_id.tolist(), found.kopecks.tolist(), strict=True):
        by_account[account] = by_account.get(account, 0) + kopecks
    assert {key: value for key, value in by_account.items() if value} == {
        key: value for key, value in difference.items() if value
    }
    rounding = found.kopecks[found.part == Part.ROUNDING]
    assert np.abs(rounding).max(initial=0) <= 10, "rounding holds whole kopecks of lines and nothing else"


def test_every_part_has_words() -> None:
    assert set(WORDS) == set(Part)
