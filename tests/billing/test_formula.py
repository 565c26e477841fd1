"""Formulas: the language refuses what it must and where, columns equal fractions, any text is an answer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.arithmetic import evaluate
from billing.formula.check import Checked, check
from billing.formula.columns import Ratio, compute
from billing.formula.grammar import (
    TEXT_MAX,
    Call,
    Choice,
    Constant,
    FormulaError,
    Joint,
    Minus,
    Name,
    Node,
    Pair,
    Test,
)
from billing.formula.rows import FormulaFacts
from billing.formula.told import told
from billing.formula.units import BY_KEY, MONEY, PLAIN, WORDS, base, times
from billing.period import Period

M2, PERSON = base("м²"), base("чел.")
OCTOBER = Period.parse("2026-10")


def refused(text: str) -> FormulaError:
    with pytest.raises(FormulaError) as caught:
        check(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "price", "unit"),
    [
        ("60 руб", 600_000, PLAIN),
        ("60 руб/кв.", 600_000, PLAIN),
        ("площадь × 2,50 руб/м²", 25_000, M2),
        ("2.5 р / 1 м2 * площадь", 25_000, PLAIN),
        ("ЛЮДИ * 1 250,5 руб./чел./мес", 12_505_000, PERSON),
        ("5000 руб × доля", 50_000_000, PLAIN),
        ("5 % × 300 руб", 3_000_000, PLAIN),
        ("150 коп × вверх(площадь : 10 м²)", 15_000, PLAIN),
        ("если люди > 3 и этаж >= 2 то 100 руб иначе 0", 10_000, MONEY),
        ("мин(5 000 руб; площадь * 12 руб/м2)", 10_000, MONEY),
        ("макс(0; (этаж − 1) × 15 руб + 30 руб)", 10_000, MONEY),
        ("1 руб/м² × площадь", 10_000, MONEY),
    ],
)
def test_a_formula_has_a_price_and_the_unit_it_is_for(text: str, price: int, unit: tuple[int, ...]) -> None:
    made = check(text)

    assert (made.price, made.unit) == (price, unit)


def test_a_tariff_is_the_price_in_the_unit_of_its_service() -> None:
    made = check("площадь × тариф", M2)

    assert (made.by_tariff, made.unit, [one.key for one in made.quantities]) == (True, M2, ["area", "tariff"])


@pytest.mark.parametrize(
    ("text", "words", "at", "length"),
    [
        ("", "Формула пустая", 0, 1),
        ("площадь × 3", "Умножьте на цену в ₽/м²", 0, 11),
        ("60", "Напишите у числа «руб»", 0, 2),
        ("площадь + 5 м³", "разные единицы: м² и м³", 10, 4),
        ("60 руб × плошадь", "Может быть, «площадь»?", 9, 7),
        ("60 руб × щщщ", "Список величин", 9, 3),
        ("(60 руб", "не закрыта", 7, 1),
        ("60 руб 5", "пропущен знак действия", 7, 1),
        ("60 руб / 0", "На ноль делить нельзя", 9, 1),
        ("если люди > 5 м² то 1 руб иначе 2 руб", "разные единицы: чел. и м²", 5, 11),
        ("если люди то 1 руб иначе 2 руб", "ожидается сравнение", 10, 2),
        ("если люди > 1 то 1 руб", "ожидается «иначе»", 22, 1),
        ("если люди > 1 и люди < 5 или люди = 9 то 1 руб иначе 0", "Разделите условие", 25, 3),
        ("если (люди > 1) то 1 руб иначе 0", "вокруг сравнения не нужны", 11, 1),
        ("мин(5 руб)", "от двух до", 0, 10),
        ("вверх(1 руб; 2 руб)", "одно число", 0, 19),
        ("руб 60", "Перед «руб» нет числа", 0, 3),
        ("60 руб × 1,1234567", "знаков после запятой", 9, 9),
        ("99999999999 руб", "Слишком большое число", 0, 11),
        ("60 руб; 5", "Лишнее в конце", 6, 1),
        ("__import__ (1)", "Величины «__import__» нет", 0, 10),
        ("60 руб @", "«@» здесь непонятен", 7, 1),
        ("площадь × площадь × площадь × площадь × 1 руб", "слишком много раз", 0, 37),
        ("(" * 20 + "1 руб" + ")" * 20, "Упростите", 12, 1),
        ("1 руб" + " + 1 руб" * 40, "Разбейте", 240, 1),
    ],
)
def test_a_refusal_says_what_and_points_at_the_place(text: str, words: str, at: int, length: int) -> None:
    refusal = refused(text)

    assert words in refusal.message
    assert (refusal.at, refusal.length) == (at, length)


def test_a_text_longer_than_allowed_is_refused_before_it_is_read() -> None:
    assert "длиннее" in refused("1" * (TEXT_MAX + 1)).message


def test_a_divisor_that_may_be_zero_is_a_caution() -> None:
    assert any("счёт будет отложен" in one for one in check("600 руб × 1 чел. / люди").cautions)
    assert check("600 руб / 2").cautions == ()


# ---- any text -----------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(
            "площадь",
            "люди",
            "этаж",
            "доля",
            "тариф",
            "мин(",
            "макс(",
            "вверх(",
            "если",
            "то",
            "иначе",
            "и",
            "или",
        ),
        *(
            "не",
            "(",
            ")",
            "+",
            "−",
            "-",
            "*",
            "×",
            "/",
            ":",
            ";",
            ">",
            "<",
            ">=",
            "=",
            "<>",
            "%",
            "руб",
            "м²",
        ),
        *("/", "чел.", "0", "1", "2,5", "1 000", "999999999", "0,000001", "мес", "ё", "₽"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join)))
def test_any_text_is_a_formula_or_a_refusal_inside_it(text: str) -> None:
    refusal = refusal_of(text)

    assert refusal is None or (0 <= refusal.at <= len(text) and refusal.message[-1] in ".?…")


def refusal_of(text: str) -> FormulaError | None:
    try:
        check(text, M2)
    except FormulaError as refusal:
        return refusal
    return None


# ---- columns against fractions ------------------------------------------------------------------------


class UndefinedError(Exception):
    """Divided by zero."""


def slow(node: Node, values: dict[str, Fraction]) -> Fraction:
    """One row by fractions; every part is looked at, as columns do."""
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Name):
        return values[node.quantity.key]
    if isinstance(node, Minus):
        return -slow(node.of, values)
    if isinstance(node, Pair):
        left, right = slow(node.left, values), slow(node.right, values)
        if node.sign == "/" and right == 0:
            raise UndefinedError
        if node.sign == "/":
            return left / right
        return {"+": left + right, "−": left - right, "×": left * right}[node.sign]
    if isinstance(node, Call):
        parts = [slow(one, values) for one in node.of]
        if node.function in ("вверх", "вниз"):
            whole = parts[0].__floor__() if node.function == "вниз" else parts[0].__ceil__()
            return Fraction(whole)
        return min(parts) if node.function == "мин" else max(parts)
    assert isinstance(node, Choice)
    return slow(node.then if slow_test(node.test, values) else node.otherwise, values)


def slow_test(node: Node, values: dict[str, Fraction]) -> bool:
    if isinstance(node, Joint):
        parts = [slow_test(one, values) for one in node.of]
        return {"и": all(parts), "или": any(parts), "не": not parts[0]}[node.word]
    assert isinstance(node, Test)
    left, right = slow(node.left, values), slow(node.right, values)
    return {
        "<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right,
        "=": left == right, "<>": left != right,
    }[node.sign]  # fmt: skip


KEYS = ("area", "people", "floor", "share", "house_area")
NUMBERS = st.sampled_from(["0", "1", "2,5", "0,000001", "1 000", "999 999 999", "3", "7,77"])


def written(depth: int) -> st.SearchStrategy[str]:
    """Texts of numbers without a unit; quantities are divided by their own unit."""
    plain = st.one_of(
        NUMBERS,
        st.sampled_from(["площадь / 1 м²", "люди / 1 чел.", "этаж", "доля", "площадь_дома / 1 м²"]).map(
            "({})".format
        ),
    )
    if depth == 0:
        return plain
    part = written(depth - 1)
    return st.one_of(
        plain,
        st.tuples(part, st.sampled_from("+−×/"), part).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(st.sampled_from(["мин", "макс"]), part, part).map(lambda p: f"{p[0]}({p[1]}; {p[2]})"),
        st.tuples(st.sampled_from(["вверх", "вниз"]), part).map(lambda p: f"{p[0]}({p[1]})"),
        part.map("(−{})".format),
        st.tuples(part, st.sampled_from([">", "<", "=", "<>", ">=", "<="]), part, part, part).map(
            lambda p: f"(если {p[0]} {p[1]} {p[2]} то {p[3]} иначе {p[4]})"
        ),
        st.tuples(part, part, part, part).map(
            lambda p: f"(если не {p[0]} > {p[1]} или {p[0]} = {p[2]} то {p[3]} иначе 1)"
        ),
    )


ROW = st.tuples(
    st.fractions(0, 1_000, max_denominator=3100),
    st.fractions(0, 40, max_denominator=31),
    st.integers(-1, 30).map(Fraction),
    st.fractions(0, 1, max_denominator=900_000),
    st.integers(0, 1_000_000).map(lambda n: Fraction(n, 100)),
)


def columns_of(rows: list[tuple[Fraction, ...]]) -> dict[str, Ratio]:
    return {
        key: Ratio(
            np.array([row[at].numerator for row in rows], np.int64),
            np.array([row[at].denominator for row in rows], np.int64),
            np.zeros(len(rows), np.bool_),
        )
        for at, key in enumerate(KEYS)
    }


@settings(max_examples=300, deadline=None)
@given(written(3), st.lists(ROW, min_size=1, max_size=4))
def test_columns_give_exactly_what_fractions_give(text: str, rows: list[tuple[Fraction, ...]]) -> None:
    refusal = refusal_of(f"({text}) × 3 руб")
    if refusal is not None:
        assert any(word in refusal.message for word in ("Упростите", "Разбейте", "длиннее", "ноль"))
        return
    made = check(f"({text}) × 3 руб")
    assert made.volume is not None

    found = compute(made.volume, columns_of(rows), len(rows))

    for at, row in enumerate(rows):
        values = dict(zip(KEYS, row, strict=True))
        got = None if found.bad[at] else Fraction(int(found.num[at]), int(found.den[at]))
        assert got == every(made.volume, values)


def every(node: Node, values: dict[str, Fraction]) -> Fraction | None:
    """By fractions; None where the way that was chosen divides by zero."""
    try:
        return slow(node, values)
    except UndefinedError:
        return None


# ---- the same numbers in words ------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(written(2), ROW, st.integers(1, 31))
def test_a_formula_told_with_numbers_gives_the_same_volume(
    text: str, row: tuple[Fraction, ...], days: int
) -> None:
    if refusal_of(f"({text}) × 3 руб") is not None:
        return
    made = check(f"({text}) × 3 руб")
    assert made.volume is not None
    values = dict(zip(KEYS, row, strict=True))
    full = every(made.volume, values)
    if full is None or full == 0:
        return

    derived = told(facts(made, values), full * Fraction(days, 31), OCTOBER)

    assert derived is not None
    assert evaluate(derived.formula) == full * Fraction(days, 31)


def facts(made: Checked, values: dict[str, Fraction]) -> FormulaFacts:
    numbers = [
        part for one in made.quantities for part in (values[one.key].numerator, values[one.key].denominator)
    ]
    return FormulaFacts(7, made, tuple(numbers), "01.10.2026", "Протокол № 3")


def test_choices_are_told_in_words() -> None:
    made = check("если люди > 3 то 100 руб иначе мин(90 руб; площадь × 2 руб/м²)")
    values = {"people": Fraction(2), "area": Fraction(5430, 100)}

    derived = told(facts(made, values), Fraction(90), OCTOBER)

    assert derived is not None
    assert derived.formula == "90"
    assert "Условие 2 > 3 — не выполнено, взято «иначе»." in derived.notes
    assert "мин(90; 54,3 × 2) = 90" in derived.notes
    assert derived.notes[-1].startswith("Формула № 7, действует с 01.10.2026: если люди > 3")


# ---- units --------------------------------------------------------------------------------------------

UNITS = st.sampled_from(sorted({one[0] for one in WORDS.values()}))


@given(UNITS, UNITS, UNITS)
def test_units_multiply_like_powers(
    one: tuple[int, ...], two: tuple[int, ...], three: tuple[int, ...]
) -> None:
    assert times(times(one, two), two, -1) == one
    assert times(one, times(two, three)) == times(times(one, two), three)
    assert times(one, two) == times(two, one)


def test_every_quantity_can_be_billed_by_its_own_price() -> None:
    for one in BY_KEY.values():
        if one.key == "tariff":
            continue
        word = next((word for word, (unit, *_) in WORDS.items() if unit == one.unit), "")
        by = f"/{word}" if any(one.unit) else ""
        made = check(f"{one.name} × 2 руб{by}")
        assert (made.unit, made.price) == (one.unit, 20_000)
