"""An agent's register against ours: every operation gets one verdict."""

from __future__ import annotations

import datetime as dt

from billing.agent_day import (
    BAD,
    DIFFERS,
    OURS,
    REPEAT,
    SAME,
    THEIRS,
    OurPayment,
    TheirRow,
    compare,
)

DAY = dt.date(2026, 11, 13)


def theirs(
    line: int, number: str, amount: int = 100_00, account: str = "1000001", error: str = ""
) -> TheirRow:
    return TheirRow(line, number, account, amount, DAY, error)


def ours(number: str, amount: int = 100_00, account: str = "1000001", **other: object) -> OurPayment:
    return OurPayment(hash(number) % 1000, number, account, amount, DAY, **other)  # type: ignore[arg-type]


def test_every_operation_gets_its_verdict() -> None:
    mine = [ours("1"), ours("3", 90_00), ours("4", account="1000009"), ours("9")]
    rows = [
        theirs(1, "1"),
        theirs(2, "2"),
        theirs(3, "3"),
        theirs(4, "4"),
        theirs(5, "1"),
        theirs(6, "5", error="Сумма: «сто» — не сумма"),
        theirs(7, "7"),
    ]

    made = compare(rows, mine, mine, {"7": 12})

    verdicts = [(one.theirs.number if one.theirs else "9", one.verdict) for one in made]
    assert verdicts == [
        ("1", SAME), ("2", THEIRS), ("3", DIFFERS), ("4", DIFFERS), ("1", REPEAT), ("5", BAD), ("7", REPEAT),
        ("9", OURS),
    ]  # fmt: skip
    assert [one.difference_kopecks for one in made[:4]] == [0, 100_00, 10_00, 0]
    assert (made[4].first_line, made[6].earlier_day) == (1, 12)


def test_both_totals_are_what_the_verdicts_add_up_to() -> None:
    mine = [ours("1"), ours("3", 90_00), ours("9", 7_00)]
    rows = [theirs(1, "1"), theirs(2, "2", 55_00), theirs(3, "3")]

    made = compare(rows, mine, mine, {})

    assert sum(one.difference_kopecks for one in made) == (255 - 197) * 100


def test_principal_and_penalties_of_one_operation_are_one_sum() -> None:
    mine = [ours("1", 80_00), ours("1:peni", 20_00)]

    made = compare([theirs(1, "1")], mine, mine, {})

    assert [one.verdict for one in made] == [SAME]


def test_zeros_before_an_account_mean_nothing() -> None:
    assert compare([theirs(1, "1", account="0001000001")], [ours("1")], [], {})[0].verdict == SAME


def test_a_cancelled_payment_is_only_theirs_and_names_ours() -> None:
    made = compare([theirs(1, "1")], [ours("1", is_alive=False)], [], {})

    assert made[0].verdict == THEIRS
    assert made[0].ours is not None
    assert made[0].difference_kopecks == 100_00


def test_the_same_money_under_another_number_is_told() -> None:
    mine = [ours("X-1"), ours("X-2", 1_00)]

    made = compare([theirs(1, "1")], [], mine, {})

    assert made[0].verdict == THEIRS
    assert made[0].like == mine[0]


def test_nothing_of_theirs_leaves_only_ours() -> None:
    assert [one.verdict for one in compare([], [], [ours("1"), ours("2")], {})] == [OURS, OURS]
