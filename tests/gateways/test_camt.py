"""camt.053.001.08: read whole or refused in words, into the same shape as 1CClientBankExchange."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateways import bank1c
from gateways.bank1c.fake import Income
from gateways.bank_statement import BankFileRefused
from gateways.iso20022 import is_camt, parse
from gateways.iso20022.fake import Move, statement
from tests.support.schemas import schema_of

DAY = dt.date(2026, 10, 12)
OWN, OTHER = "40702810900000000100", "40702810900000000002"
CAME = Move("7", 148_51, True, OTHER, "7700000004", "АО «Банк» & К°", "Платежи = за 12.10")
LEFT = Move("15", 97_00, False, OTHER, "7700000002", "Водоканал", "Перечисление")


def test_both_directions_are_read_with_sides_and_balances() -> None:
    made = parse(statement(OWN, DAY, [CAME, LEFT], 5))

    came, left = made.documents
    assert [made.is_in(one) for one in made.documents] == [True, False]
    assert (came.number, came.amount_kopecks, came.payer_account, came.payer_inn, came.payer_name) == (
        "7", 148_51, OTHER, "7700000004", "АО «Банк» & К°",
    )  # fmt: skip
    assert (came.payee_account, came.credited_on, came.purpose) == (OWN, DAY, "Платежи = за 12.10")
    assert (left.number, left.payee_account, left.payee_inn, left.debited_on) == (
        "15",
        OTHER,
        "7700000002",
        DAY,
    )
    assert (made.account, made.first_day, made.last_day) == (OWN, DAY, DAY)
    assert (made.opening_kopecks, made.closing_kopecks) == (5, 5 + 148_51 - 97_00)


def test_the_same_day_in_both_exchanges_is_the_same_statement() -> None:
    income = Income("7", 148_51, CAME.name, CAME.inn, OTHER, CAME.purpose)
    text = bank1c.parse(bank1c_statement(income))
    xml = parse(statement(OWN, DAY, [CAME]))

    one, other = text.documents[0], xml.documents[0]
    for name in ("number", "day", "amount_kopecks", "payer_account", "payer_inn", "payee_account",
                 "credited_on", "purpose"):  # fmt: skip
        assert getattr(one, name) == getattr(other, name), name


def bank1c_statement(income: Income) -> bytes:
    from gateways.bank1c.fake import statement as text_statement

    return text_statement(OWN, DAY, None, [income])


def test_a_batch_entry_is_a_document_a_part_each_with_a_place_of_its_own() -> None:
    batch = Move("9", 3_00, True, OTHER, "1", "Банк", "Пачка", (1_00, 2_00))

    made = parse(statement(OWN, DAY, [batch, LEFT]))

    assert [(one.line, one.number, one.amount_kopecks) for one in made.documents] == [
        (1, "9-1", 1_00), (2, "9-2", 2_00), (3, "15", 97_00),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("<Document", '<!DOCTYPE a [<!ENTITY x "y">]><Document', "DOCTYPE"),
        ("camt.053.001.08", "camt.053.001.02", "Это не выписка camt.053.001.08"),
        ('Ccy="RUB">148', 'Ccy="USD">148', "в валюте"),
        (f"<Id>{OWN}</Id>", "<Id>123</Id>", "20 цифр"),
        ("148.51", "148.511", "не читается"),
        ("</Document>", "", "испорчен"),
        ("148.51</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>", "149.51</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>",
         "Остаток на конец"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_words(before: str, after: str, words: str) -> None:
    content = statement(OWN, DAY, [CAME]).decode().replace(before, after, 1).encode()
    with pytest.raises(BankFileRefused) as refused:
        parse(content)

    assert words in str(refused.value)


def test_parts_that_do_not_add_up_name_the_entry() -> None:
    batch = Move("9", 3_00, True, OTHER, "1", "Банк", "Пачка", (1_00, 1_00))

    with pytest.raises(BankFileRefused, match="Строка 2: части операции"):
        parse(statement(OWN, DAY, [LEFT, batch]))


def test_a_deep_tree_is_refused_and_a_text_is_for_another_reader() -> None:
    deep = b"<a>" * 100 + b"</a>" * 100

    with pytest.raises(BankFileRefused, match="вложен"):
        parse(deep)
    assert is_camt(b"\xef\xbb\xbf <?xml")
    assert not is_camt(b"1CClientBankExchange")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_damage_makes_it_fall_otherwise_than_in_words(data: st.DataObject) -> None:
    content = bytearray(statement(OWN, DAY, [CAME, LEFT]))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=8))

    with contextlib.suppress(BankFileRefused):
        parse(bytes(content))


def test_the_fake_bank_speaks_by_the_schema() -> None:
    """The schema is that of ISO as the package camt053 carries it."""
    schema = schema_of("camt053", "camt.053.001.08.xsd")

    assert [str(one) for one in schema.iter_errors(statement(OWN, DAY, [CAME, LEFT]).decode())] == []
