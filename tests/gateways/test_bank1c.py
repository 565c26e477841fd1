"""1CClientBankExchange: what we write others read; what comes is read whole or refused in words."""

import datetime as dt
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateways.bank1c import BankFileRefused, Order, Side, parse, write
from gateways.bank1c.fake import Income, statement

DAY = dt.date(2026, 10, 12)
MADE = dt.datetime(2026, 10, 12, 18, 30)  # noqa: DTZ001 - the local time of a file
OWN, OTHER = "40702810900000000100", "40702810900000000002"
PAYER = Side("МУП «Расчётный центр»", "7700000100", "770001001", OWN, "Банк", "040000760", "3010" + "0" * 16)
PAYEE = Side("ООО «Водоканал № 1»", "7700000002", "", OTHER, "Банк", "040000760", "")
SAMPLES = Path(__file__).parents[3] / "shared/artefacts/1c-clientbank"
INCOME = Income("7", 148_51, "АО «Банк»", "7700000004", OTHER, "Платежи = за 12.10; ключ=значение")


def orders(*amounts: int) -> bytes:
    return write(
        PAYER,
        [
            Order(at, DAY, one, PAYEE, f"Перечисление\r\nза 12.10 − {at} ₽")
            for at, one in enumerate(amounts, 1)
        ],
        MADE,
    )


def test_same_orders_are_the_same_bytes_on_one_line_each() -> None:
    made = orders(1_05, 100_00)

    assert made == orders(1_05, 100_00)
    text = made.decode("cp1251")
    assert text.startswith("1CClientBankExchange\r\nВерсияФормата=1.03\r\nКодировка=Windows\r\n")
    assert "Сумма=1.05\r\n" in text
    assert "НазначениеПлатежа=Перечисление за 12.10 - 1 руб.\r\n" in text
    assert text.count("СекцияДокумент=Платежное поручение\r\n") == text.count("КонецДокумента\r\n") == 2
    assert text.endswith("КонецФайла\r\n")


def test_purpose_is_cut_to_what_a_bank_takes() -> None:
    made = write(PAYER, [Order(1, DAY, 1, PAYEE, "я" * 500)], MADE).decode("cp1251")

    assert f"НазначениеПлатежа={'я' * 210}\r\n" in made


def test_banks_answer_is_read_with_both_directions() -> None:
    made = parse(statement(OWN, DAY, orders(97_00, 49_51), [INCOME], opening_kopecks=5))

    assert [(made.is_in(one), one.amount_kopecks) for one in made.documents] == [
        (True, 148_51),
        (False, 97_00),
        (False, 49_51),
    ]
    assert made.documents[0].purpose == "Платежи = за 12.10; ключ=значение"
    assert (made.opening_kopecks, made.closing_kopecks) == (5, 5 + 148_51 - 97_00 - 49_51)
    assert made.documents[1].debited_on == DAY


@pytest.mark.parametrize(
    ("encoding", "named"), [("cp866", "DOS"), ("utf-8", "UTF-8"), ("utf-8-sig", "UTF8"), ("cp866", "Windows")]
)
def test_other_encodings_are_recognised_even_where_the_file_names_a_wrong_one(
    encoding: str, named: str
) -> None:
    text = statement(OWN, DAY, None, [INCOME]).decode("cp1251").replace("Windows", named)
    text = text.replace("«", '"').replace("»", '"')

    assert parse(text.encode(encoding)).documents[0].payer_name == 'АО "Банк"'


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("КонецФайла", "", "обрывается"),
        ("ВсегоПоступило=148.51", "ВсегоПоступило=148.52", "документов на 148,51"),
        ("КонечныйОстаток=148.51", "КонечныйОстаток=1.00", "должен быть"),
        ("Сумма=148.51", "Сумма=1e3", "должно быть число"),
        ("Сумма=148.51", "Сумма=-148.51", "не больше нуля"),
        (f"Дата={DAY:%d.%m.%Y}", "Дата=31.02.2026", "должен быть день"),
        ("СекцияДокумент=", "КонецДокумента\r\nСекцияДокумент=", "без его начала"),
        (f"ПолучательСчет={OWN}", f"ПолучательСчет={OTHER[:-1]}9", "не по счёту"),
        ("1CClientBankExchange", "1CClientBankExchang", "Это не выписка"),
        (f"РасчСчет={OWN}", "РасчСчет=12", "20 цифр"),
    ],
)
def test_what_does_not_add_up_is_refused_with_what_to_do(old: str, new: str, words: str) -> None:
    text = statement(OWN, DAY, None, [INCOME]).decode("cp1251")
    assert old in text

    with pytest.raises(BankFileRefused, match=words):
        parse(text.replace(old, new).encode("cp1251"))


WHOLE = statement(OWN, DAY, orders(97_00), [INCOME])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 13))
def test_cut_anywhere_it_is_never_half_loaded(length: int) -> None:
    with pytest.raises(BankFileRefused):
        parse(WHOLE[:length])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_spoilt_bytes_are_refused_or_keep_every_sum(spoilt: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for place, byte in spoilt:
        content[place] = byte
    try:
        made = parse(bytes(content))
    except BankFileRefused:
        return
    known = parse(WHOLE)
    if made.received_kopecks is not None and made.sent_kopecks is not None:
        received = sum(one.amount_kopecks for one in made.documents if made.is_in(one))
        assert received == made.received_kopecks
    assert len(made.documents) <= len(known.documents)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2_000))
def test_anything_else_is_refused(content: bytes) -> None:
    for body in (content, b"1CClientBankExchange\r\n" + content):
        with pytest.raises(BankFileRefused):
            parse(body)


def test_huge_files_are_refused_before_they_are_read() -> None:
    with pytest.raises(BankFileRefused, match="16 МБ"):
        parse(b"1CClientBankExchange\r\n" + b"=" * (16 * 1024 * 1024))


@pytest.mark.skipif(not SAMPLES.exists(), reason="samples are not here")
def test_statement_of_another_program_is_read_and_its_excerpt_refused() -> None:
    """The sample is an excerpt with changed numbers: its documents do not add up to its turnover."""
    content = (SAMPLES / "kl_to_1c.from-bank.sample.txt").read_bytes()
    mended = content.replace(b"40702810000000077777", b"40702810000000074935")
    for key in ("ВсегоПоступило", "ВсегоСписано", "КонечныйОстаток"):
        mended = b"\r\n".join(
            one for one in mended.splitlines() if not one.startswith(f"{key}=".encode("cp1251"))
        )

    with pytest.raises(BankFileRefused, match="не по счёту"):
        parse(content)
    made = parse(mended)
    assert [one.amount_kopecks for one in made.documents] == [6_936_00, 13_056_00, 150_000_00]
    assert [one.kind for one in made.documents][:2] == ["Банковский ордер", "Платежное поручение"]


def test_second_program_reads_the_same() -> None:
    """client-bank-exchange-1c: written by others, independent of ours."""
    other = import_module("client_bank_exchange_1c")
    content = statement(OWN, DAY, orders(1_05, 100_00), [INCOME])

    ours = parse(content)
    theirs = other.Document.from_text(content.decode("cp1251").replace("\r\n", "\n"))

    assert [
        (one.number, one.date, int(one.amount * 100), one.payer.account, one.receiver.account)
        for one in theirs
    ] == [
        (one.number, one.day, one.amount_kopecks, one.payer_account, one.payee_account)
        for one in ours.documents
    ]
