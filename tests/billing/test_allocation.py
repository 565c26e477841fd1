"""A payment pays what it must, in the law's order, and not a kopeck is made or lost."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.allocation import BY_LAW, BY_SERVICE, Allocation, Debts, Payments, Policy, allocate
from billing.money import share_out

AUGUST, SEPTEMBER, OCTOBER = 24_000, 24_001, 24_002
WATER, HEAT, UPKEEP, REPAIR = 1, 4, 8, 9


@dataclass(frozen=True)
class Owed:
    period: int
    payee: int
    service: int
    amount: int
    is_penalty: bool = False


@dataclass(frozen=True)
class Paid:
    amount: int
    period: int = 0
    service: int = 0
    for_penalties: bool = False


def ints(values: list[int]) -> "np.typing.NDArray[np.int64]":
    return np.array(values, np.int64)


def payments_of(payments: list[Paid]) -> Payments:
    return Payments(
        ints([one.amount for one in payments]),
        ints([one.period for one in payments]),
        ints([one.service for one in payments]),
        np.array([one.for_penalties for one in payments], np.bool_),
    )


def debts_of(owed: list[list[Owed]]) -> Debts:
    rows = [(index, one) for index, debts in enumerate(owed) for one in debts]
    return Debts(
        ints([index for index, _ in rows]),
        ints([one.period for _, one in rows]),
        ints([one.payee for _, one in rows]),
        ints([one.service for _, one in rows]),
        np.array([one.is_penalty for _, one in rows], np.bool_),
        ints([one.amount for _, one in rows]),
    )


def share(payments: list[Paid], owed: list[list[Owed]], policy: Policy = BY_LAW) -> Allocation:
    return allocate(payments_of(payments), debts_of(owed), policy)


def one(payment: Paid, owed: list[Owed], policy: Policy = BY_LAW) -> tuple[list[int], int]:
    made = share([payment], [owed], policy)
    return made.paid.tolist(), int(made.left[0])


def test_named_month_goes_before_an_older_one() -> None:
    owed = [Owed(AUGUST, 2, WATER, 100_00), Owed(SEPTEMBER, 2, WATER, 80_00)]

    assert one(Paid(90_00, period=SEPTEMBER), owed) == ([10_00, 80_00], 0)
    assert one(Paid(90_00), owed) == ([90_00, 0], 0)


def test_policy_may_leave_the_named_month_aside_or_take_the_newest_first() -> None:
    owed = [Owed(AUGUST, 2, WATER, 100_00), Owed(SEPTEMBER, 2, WATER, 80_00)]

    assert one(Paid(90_00, period=SEPTEMBER), owed, Policy(named_first=False)) == ([90_00, 0], 0)
    assert one(Paid(90_00), owed, Policy(oldest_first=False)) == ([10_00, 80_00], 0)


def test_penalties_wait_for_the_principal_of_every_month() -> None:
    owed = [Owed(AUGUST, 2, WATER, 5_00, True), Owed(AUGUST, 2, WATER, 10_00), Owed(OCTOBER, 2, WATER, 20_00)]

    assert one(Paid(31_00), owed) == ([1_00, 10_00, 20_00], 0)
    assert one(Paid(7_00, for_penalties=True), owed) == ([5_00, 2_00, 0], 0)


def test_what_is_put_off_comes_after_all_that_is_due() -> None:
    """A named month, its part put off, an older month, a penalty: 100 + 300 + 50 + 20."""
    owed = [
        Owed(OCTOBER, 1, HEAT, 100),
        Owed(OCTOBER, 1, HEAT, 300),
        Owed(AUGUST, 2, WATER, 50),
        Owed(AUGUST, 2, WATER, 20, is_penalty=True),
    ]
    debts = replace(debts_of([owed]), later=np.array([False, True, False, False]))

    def paid(amount: int, period: int = 0) -> list[int]:
        return list(map(int, allocate(payments_of([Paid(amount, period)]), debts).paid))

    assert paid(120, period=OCTOBER) == [100, 0, 20, 0]
    assert paid(165) == [100, 0, 50, 15]
    assert paid(200, period=OCTOBER) == [100, 30, 50, 20]
    assert paid(470) == [100, 300, 50, 20]


def test_payees_of_a_month_share_in_proportion_to_the_kopeck() -> None:
    owed = [Owed(AUGUST, 2, WATER, 100), Owed(AUGUST, 3, HEAT, 100), Owed(AUGUST, 1, UPKEEP, 100)]

    assert one(Paid(100), owed) == ([33, 33, 34], 0)


def test_services_may_be_paid_one_after_another() -> None:
    owed = [Owed(AUGUST, 2, WATER, 100), Owed(AUGUST, 3, HEAT, 100), Owed(AUGUST, 1, UPKEEP, 100)]
    policy = Policy(inside=BY_SERVICE, service_order=(HEAT, WATER))

    assert one(Paid(150), owed, policy) == ([50, 100, 0], 0)


def test_capital_repair_on_its_own_account_takes_only_its_own_payment() -> None:
    owed = [Owed(AUGUST, 2, WATER, 100), Owed(AUGUST, 7, REPAIR, 300)]
    policy = Policy(apart=(REPAIR,))

    assert one(Paid(250), owed, policy) == ([100, 0], 150)
    assert one(Paid(250, service=REPAIR), owed, policy) == ([0, 250], 0)


def test_what_pays_no_debt_is_an_advance() -> None:
    assert one(Paid(70), [Owed(AUGUST, 2, WATER, 50)]) == ([50], 20)
    assert one(Paid(70), []) == ([], 70)


def test_sums_too_wide_for_a_product_are_still_exact() -> None:
    owed = [Owed(AUGUST, 1, WATER, 10**15 + 1), Owed(AUGUST, 2, HEAT, 10**15)]
    paid, left = one(Paid(10**15), owed)

    assert (paid, left) == (share_out(10**15, [10**15 + 1, 10**15]), 0)


def by_hand(payment: Paid, owed: list[Owed], policy: Policy) -> tuple[list[int], int]:
    """The same by the words of the law, one debt after another."""
    left, paid = payment.amount, [0] * len(owed)
    order = policy.service_order if policy.inside == BY_SERVICE else ()

    def turn(debt: Owed) -> tuple[int, int, int]:
        is_named = policy.named_first and 0 < payment.period == debt.period
        late = debt.is_penalty != payment.for_penalties
        age = debt.period if policy.oldest_first else -debt.period
        place = order.index(debt.service) if debt.service in order else len(order)
        return 2 * late + (not is_named), age, place

    fits = [
        at
        for at, debt in enumerate(owed)
        if debt.amount > 0
        and (debt.service == payment.service if payment.service else debt.service not in policy.apart)
    ]
    for step in sorted({turn(owed[at]) for at in fits}):
        group = [at for at in fits if turn(owed[at]) == step]
        group.sort(key=lambda at: (owed[at].payee, owed[at].service))
        weights = [owed[at].amount for at in group]
        now = min(left, sum(weights))
        for at, part in zip(group, share_out(now, weights), strict=True):
            paid[at] = part
        left -= now
    return paid, left


debts_of_one = st.lists(
    st.builds(
        Owed,
        st.sampled_from([AUGUST, SEPTEMBER, OCTOBER]),
        st.integers(1, 4),
        st.sampled_from([WATER, HEAT, UPKEEP, REPAIR]),
        st.integers(-50, 2_000),
        st.booleans(),
    ),
    max_size=9,
    unique_by=lambda debt: (debt.period, debt.payee, debt.service, debt.is_penalty),
)
payments_of_one = st.builds(
    Paid,
    st.integers(0, 6_000),
    st.sampled_from([0, 0, AUGUST, SEPTEMBER]),
    st.sampled_from([0, 0, 0, WATER, REPAIR]),
    st.booleans(),
)
policies = st.builds(
    Policy,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["proportion", BY_SERVICE]),
    st.sampled_from([(), (HEAT, WATER), (UPKEEP,)]),
    st.sampled_from([(), (REPAIR,)]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(payments_of_one, debts_of_one), min_size=1, max_size=5), policies)
def test_columns_do_what_the_law_says_word_by_word(
    pairs: list[tuple[Paid, list[Owed]]], policy: Policy
) -> None:
    made = share([payment for payment, _ in pairs], [owed for _, owed in pairs], policy)
    at = 0
    for index, (payment, owed) in enumerate(pairs):
        paid = made.paid[at : at + len(owed)].tolist()
        at += len(owed)

        assert (paid, int(made.left[index])) == by_hand(payment, owed, policy)
        assert sum(paid) + int(made.left[index]) == payment.amount


@settings(max_examples=100, deadline=None)
@given(payments_of_one, debts_of_one, policies, st.integers(0, 3_000))
def test_a_larger_payment_pays_no_month_less(
    payment: Paid, owed: list[Owed], policy: Policy, more: int
) -> None:
    def by_month(paid: list[int]) -> dict[int, int]:
        return {
            month: sum(p for p, debt in zip(paid, owed, strict=True) if debt.period == month)
            for month in (AUGUST, SEPTEMBER, OCTOBER)
        }

    small = by_month(one(payment, owed, policy)[0])
    large = by_month(one(replace(payment, amount=payment.amount + more), owed, policy)[0])

    assert all(small[month] <= large[month] for month in small)


def test_a_payment_to_one_payee_falls_on_that_payee_alone() -> None:
    zeros = np.zeros(3, np.int64)
    debts = Debts(
        zeros,
        np.array([24_000, 24_000, 24_001]),
        np.array([7, 8, 7]),
        np.array([1, 4, 1]),
        np.zeros(3, np.bool_),
        np.array([100, 500, 50]),
    )
    one = np.zeros(1, np.int64)
    payments = Payments(np.array([400]), one, one, np.zeros(1, np.bool_), np.array([7]))

    made = allocate(payments, debts)

    assert made.paid.tolist() == [100, 0, 50]
    assert made.left.tolist() == [250]
