"""A line told in words gives its kopecks again from the text of its formula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.blocks import ODD, USUAL, Mix, make_block
from billing.accrue import accrue
from billing.arithmetic import decimal, evaluate, ratio, signed
from billing.basis import Basis
from billing.block import Block
from billing.lines import DTYPES
from billing.period import Period
from billing.trace import Trace, explain, volume_text, words
from billing.trace import evaluate as kopecks
from billing.trace_line import Facts, Line

pytestmark = pytest.mark.fast

OCTOBER = Period.parse("2026-10")
TAME = Mix(**{**{f.name: getattr(ODD, f.name) for f in fields(ODD)}, "no_value": 10, "ragged": False})


def line(**columns: int) -> Line:
    usual = dict.fromkeys(DTYPES, 0) | {"first_day": 1, "days": 31, "volume_den": 1}
    return Line(**(usual | columns))


def lines_of(block: Block) -> Iterator[tuple[Line, Trace]]:
    lines, _ = accrue(block)
    for row in range(len(lines)):
        one = Line.at(lines, row)
        yield one, explain(one, block.period)


@pytest.mark.parametrize(("seed", "mix"), [(1, USUAL), (2, TAME), (3, ODD), (4, TAME)])
def test_every_line_proves_itself(seed: int, mix: Mix) -> None:
    met = set()
    for one, trace in lines_of(make_block(400, seed, mix=mix)):
        assert kopecks(trace) == (one.amount_kopecks, one.surcharge_kopecks), trace
        assert trace.sentence.endswith(".")
        assert trace.clause
        assert all(number.words and number.text and number.source for number in trace.numbers)
        met.add(one.basis)
    assert len(met) > 15


def test_a_reading_by_the_letter() -> None:
    one = line(
        service=1,
        basis=Basis.METER,
        a=152_345_000,
        b=158_902_000,
        volume_num=6_557_000,
        rate=456_700,
        amount_kopecks=29_946,
    )
    trace = explain(one, OCTOBER)

    assert trace.formula == "(158,902 − 152,345) × 45,67"
    assert trace.sentence == "Холодное водоснабжение — по счётчику: 6,557 м³ по 45,67 ₽, всего 299,46 ₽."
    assert trace.amount == "299,46 ₽"
    assert trace.clause == "ПП 354, п. 42, прил. 2, ф. 1"
    assert [number.key for number in trace.numbers] == ["start", "end", "rate"]
    assert kopecks(trace) == (29_946, 0)


def test_a_meter_through_zero() -> None:
    one = line(
        service=2,
        component=1,
        basis=Basis.METER,
        a=99_998_500_000,
        b=2_500_000,
        volume_num=4_000_000,
        rate=491_900,
        amount_kopecks=19_676,
    )
    trace = explain(one, OCTOBER)

    assert trace.volume_formula == "2,5 − 99\u2009998,5 + 100\u2009000"
    assert any("начал с нуля" in note for note in trace.notes)
    assert kopecks(trace) == (19_676, 0)


def test_a_norm_with_its_coefficient() -> None:
    volume = 93 * 6_935_000
    one = line(
        service=1,
        basis=Basis.NORM_RAISED,
        a=93,
        b=6_935_000,
        volume_num=volume,
        volume_den=31,
        rate=598_000,
        amount_kopecks=124_414,
        surcharge_kopecks=248_828,
        raised_num=volume * 2000,
    )
    trace = explain(one, OCTOBER)

    assert trace.formula == "3 × 6,935 × 59,80"
    assert trace.surcharge_formula == "3 × 6,935 × (3 − 1) × 59,80"
    assert "Повышающий коэффициент добавил 2\u2009488,28 ₽" in trace.sentence
    assert kopecks(trace) == (124_414, 248_828)


def test_facts_name_the_areas_of_the_house_and_the_documents() -> None:
    # 54,3 m2, N 0,0216, S_ои 142,6 of S_об 4876,4
    num, den = 5_430 * 21_600 * 14_260, 100 * 487_640
    one = line(
        service=21, basis=Basis.COMMON_NORM, a=5_430, b=21_600, volume_num=num, volume_den=den, rate=314_200
    )
    one = replace(one, amount_kopecks=108)
    facts = Facts(
        house_area_dm2=487_640, common_area_dm2=14_260, sources={"rate": "приказ № 7 от 20.12.2025"}
    )
    trace = explain(one, OCTOBER, facts)

    assert trace.volume_formula == "54,3 × 0,0216 × 142,6 / 4\u2009876,4"
    assert trace.numbers[-1].source == "приказ № 7 от 20.12.2025"
    assert kopecks(trace) == (108, 0)


def test_a_reversal_says_so_and_is_negative() -> None:
    lines, _ = accrue(make_block(60, 1))
    back = lines.reversal()
    for row in range(len(lines)):
        trace = explain(Line.at(back, row), OCTOBER)
        assert kopecks(trace) == (-lines.amount_kopecks[row], -lines.surcharge_kopecks[row])
        assert "снято начисленное раньше" in trace.sentence


def test_words_of_k_only_where_it_is_charged() -> None:
    assert words(Basis.NORM_RAISED, raised=True) == "по нормативу с К: счётчика нет, поставить можно"
    assert words(Basis.NORM_RAISED, raised=False) == "по нормативу: счётчика нет, поставить можно"


def test_a_row_of_the_database_is_a_line() -> None:
    lines, _ = accrue(make_block(60, 1))
    row = {name: getattr(lines, name)[0] for name in DTYPES} | {"run_id": 5}

    assert Line.of(row) == Line.at(lines, 0)


def test_volume_is_rounded_only_for_print() -> None:
    assert volume_text(line(service=1, volume_num=1_000_000, volume_den=3)) == "0,333"
    assert volume_text(line(service=2, component=2, volume_num=-1_000_000, volume_den=6)) == "−0,166667"


@given(st.integers(-(10**15), 10**15), st.sampled_from([1, 100, 10_000, 1_000_000]))
def test_a_decimal_reads_back(value: int, scale: int) -> None:
    assert evaluate(signed(value, scale)) == Fraction(value, scale)
    assert evaluate(ratio(Fraction(value, 7), scale)) == Fraction(value, 7 * scale)


@pytest.mark.parametrize("text", ["", "5 +", "(1 × 2", "1 2", "а", "1 // 2", "5)"])
def test_what_is_not_a_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="«"):
        evaluate(text)


def test_decimals_keep_what_they_must() -> None:
    assert decimal(511_000, 10_000, least=2) == "51,10"
    assert decimal(1_234_567_890, 1_000_000) == "1\u2009234,56789"
    assert decimal(-5, 10) == "−0,5"
