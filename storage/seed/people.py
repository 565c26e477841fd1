"""Households: who is registered, who owns, who lives for a while, who has a льгота; and the dated facts of
accounts.

Days are days since 2000-01-01, as COPY writes dates.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.natural import search_form
from storage.seed import words
from storage.seed.copy import NO_DATE, day, utf8
from storage.seed.digits import digits, joined, padded
from storage.seed.flats import Accounts

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]
Random = np.random.Generator

# Registered people of a flat by its number of rooms (1, 2, 3, 4+), cumulative per mille for 0, 1, 2 … 6
# people.
HOUSEHOLD = np.array(
    [
        [60, 500, 800, 930, 980, 995, 1000],
        [50, 310, 610, 830, 950, 985, 1000],
        [40, 190, 450, 700, 890, 965, 1000],
        [40, 150, 380, 620, 830, 940, 1000],
    ]
)
OWNERS = np.array([640, 890, 970, 1000])  # cumulative per mille for 1 … 4 owners
TEMPORARY_PERMILLE = 15
MOVED_PERMILLE = 20
BENEFIT_PERMILLE = 60

# category, chance among льготники per mille, whether its holders are old
BENEFITS = (
    ("veteran_labour", 520, True),
    ("disabled_2", 240, False),
    ("disabled_3", 130, False),
    ("large_family", 60, False),
    ("chernobyl", 20, True),
    ("combat_veteran", 30, False),
)


@dataclass(slots=True)
class Households:
    """Numbers of people of each account, (N,), and what changes in the window of history."""

    residents: I64
    owners: I64
    temporary: I64
    opened: I64
    moved: I64  # the day on which the last resident moved in; NO_DATE = long ago
    stay_from: I64  # the temporary stay; NO_DATE = none
    stay_to: I64


@dataclass(slots=True)
class Persons:
    """P people in the order of accounts: the registered (else the owners) first, then the temporary ones."""

    account: I64
    place: I64  # 0, 1 … in the household
    is_woman: Bool
    surname: I64
    name: I64
    patronymic: I64
    born: I64
    is_temporary: Bool

    def __len__(self) -> int:
        return len(self.account)


def households(
    random: Random, accounts: Accounts, rooms: I64, first: dt.date, last: dt.date, newcomers: Bool
) -> Households:
    """`first`, `last`: days of the history; `newcomers`: accounts opened in its last month."""
    size = len(accounts)
    is_shop, is_room = accounts.kind == 2, accounts.kind == 1
    row = np.where(is_room, 0, np.minimum(rooms, 4) - 1)
    roll = random.integers(0, 1000, size)
    residents = (roll[:, None] >= HOUSEHOLD[row]).sum(axis=1)
    residents = np.where(is_shop, 0, residents)
    owners = (random.integers(0, 1000, size)[:, None] >= OWNERS).sum(axis=1) + 1
    owners = np.where(is_shop, 1, np.minimum(owners, np.maximum(residents, 1)))
    has_guest = (random.integers(0, 1000, size) < TEMPORARY_PERMILLE) & ~is_shop & ~newcomers
    temporary = np.where(has_guest, random.integers(1, 3, size), 0)
    opened = random.integers(day(dt.date(2008, 1, 1)), day(dt.date(2023, 12, 31)), size)
    opened = np.where(newcomers, day(last.replace(day=1)), opened)
    span = max(1, (last - first).days)
    moved = (random.integers(0, 1000, size) < MOVED_PERMILLE) & (residents > 1) & ~newcomers & ~has_guest
    moved_on = np.where(moved, day(first) + random.integers(0, span, size), NO_DATE)
    stay_from = np.where(has_guest, day(first) + random.integers(0, span, size), NO_DATE)
    stay_to = np.where(has_guest, stay_from + random.integers(20, 200, size), NO_DATE)
    return Households(residents, owners, temporary, opened, moved_on, stay_from, stay_to)


def people(random: Random, homes: Households, today: dt.date) -> Persons:
    """Names that agree in gender, families with one surname, children after the father's name."""
    lasting = np.maximum(homes.residents, np.where(homes.residents == 0, homes.owners, 0))
    count = lasting + homes.temporary
    account = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(account)) - np.repeat(np.cumsum(count) - count, count)
    is_temporary = place >= lasting[account]
    size, families = len(account), len(count)
    head_woman = random.integers(0, 100, families) < 55
    head_name = np.where(head_woman, random.integers(0, len(words.FEMALE_NAMES), families),
                         random.integers(0, len(words.MALE_NAMES), families))  # fmt: skip
    spouse_name = np.where(head_woman, random.integers(0, len(words.MALE_NAMES), families),
                           random.integers(0, len(words.FEMALE_NAMES), families))  # fmt: skip
    father = np.where(head_woman, spouse_name, head_name)
    is_woman = random.integers(0, 2, size) == 1
    is_woman = np.where(place == 0, head_woman[account], np.where(place == 1, ~head_woman[account], is_woman))
    name = np.where(is_woman, random.integers(0, len(words.FEMALE_NAMES), size),
                    random.integers(0, len(words.MALE_NAMES), size))  # fmt: skip
    name = np.where(place == 0, head_name[account], np.where(place == 1, spouse_name[account], name))
    is_child = (place >= 2) & ~is_temporary
    patronymic = np.where(is_child, father[account], random.integers(0, len(words.MALE_NAMES), size))
    surname = random.integers(0, len(words.SURNAMES), families)[account]
    stranger = is_temporary | ((place == 1) & (random.integers(0, 100, size) < 12))
    surname = np.where(stranger, random.integers(0, len(words.SURNAMES), size), surname)
    return Persons(
        account, place, is_woman, surname, name, patronymic, _born(random, place, is_child, account, today),
        is_temporary,
    )  # fmt: skip


def _born(random: Random, place: I64, is_child: Bool, account: I64, today: dt.date) -> I64:
    families = int(account[-1]) + 1 if len(account) else 0
    head_age = np.clip(random.integers(22, 88, families), 22, 90)[account]
    age = np.where(place == 1, np.clip(head_age + random.integers(-7, 8, len(place)), 20, 92), head_age)
    age = np.where(is_child, np.maximum(head_age - random.integers(21, 40, len(place)), 0), age)
    age = np.where(place > 4, np.minimum(age, 17), age)
    return np.asarray(day(today) - age * 365 - age // 4 - random.integers(1, 364, len(place)))


def full_names(persons: Persons, rows: Array, searched: bool = False) -> Array:
    """«Иванова Мария Петровна» of the rows, as UTF-8; lower and without «ё» when `searched`."""

    def table(men: tuple[str, ...], women: tuple[str, ...]) -> tuple[Array, int]:
        both = [*men, *women]
        return utf8([search_form(word) for word in both] if searched else both), len(men)

    parts: list[Array] = []
    for column, men, women in (
        (persons.surname, words.SURNAMES, words.FEMALE_SURNAMES),
        (persons.name, words.MALE_NAMES, words.FEMALE_NAMES),
        (persons.patronymic, words.MALE_PATRONYMICS, words.FEMALE_PATRONYMICS),
    ):
        known, shift = table(men, women)
        parts.append(known[column[rows] + np.where(persons.is_woman[rows], shift, 0)])
    return joined(parts[0], b" ", parts[1], b" ", parts[2])


def snils(count: int) -> Array:
    """СНИЛС with right control numbers, from a range that is not given out («000-0…» has none, «9…» is not
    used).
    """
    number = 900_000_000 + (np.arange(count, dtype=np.int64) * 9_973) % 99_999_989
    figures = (digits(number, 9) - ord("0")).astype(np.int64)
    control = (figures * np.arange(9, 0, -1)).sum(axis=1) % 101 % 100
    text = padded(number, 9)
    code = text.view("S3").reshape(count, 3)
    return joined(code[:, 0], b"-", code[:, 1], b"-", code[:, 2], b" ", padded(control, 2))


def phones(ordinals: Array) -> Array:
    """Numbers nobody can have: the code 000 does not exist."""
    exchange, middle, last = ordinals // 10_000 % 1_000, ordinals // 100 % 100, ordinals % 100
    return joined(b"+7 000 ", padded(exchange, 3), b"-", padded(middle, 2), b"-", padded(last, 2))


@dataclass(slots=True)
class Stretches:
    """Rows of account_facts: account, first day, day after (NO_DATE = still), residents, temporary."""

    account: I64
    first: I64
    after: I64
    residents: I64
    temporary: I64


def stretches(homes: Households) -> Stretches:
    """Every account from its opening; cut where the last resident moved in and where a temporary stay begins
    and ends.
    """
    size = len(homes.residents)
    every = np.arange(size)
    moved, guest = homes.moved != NO_DATE, homes.stay_from != NO_DATE
    end = np.where(moved, homes.moved, np.where(guest, homes.stay_from, NO_DATE))
    first = Stretches(every, homes.opened, end, homes.residents - moved, np.zeros(size, np.int64))
    late, stay = np.flatnonzero(moved), np.flatnonzero(guest)
    after_move = Stretches(
        late,
        homes.moved[late],
        np.full(len(late), NO_DATE),
        homes.residents[late],
        np.zeros(len(late), np.int64),
    )
    during = Stretches(
        stay, homes.stay_from[stay], homes.stay_to[stay], homes.residents[stay], homes.temporary[stay]
    )
    after_stay = Stretches(
        stay,
        homes.stay_to[stay],
        np.full(len(stay), NO_DATE),
        homes.residents[stay],
        np.zeros(len(stay), np.int64),
    )
    parts = (first, after_move, during, after_stay)
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("account", "first", "after", "residents", "temporary")
    }
    order = np.lexsort((columns["first"], columns["account"]))
    return Stretches(**{name: column[order] for name, column in columns.items()})
