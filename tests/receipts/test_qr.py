"""ГОСТ Р 56042-2014: the payload, its refusals, and the symbol as an independent reader sees it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from receipts.qr import (
    QUIET_ZONE_MODULES,
    SEPARATORS,
    Charset,
    QrRefusedError,
    payment_fields,
    payment_payload,
    qr_bytes,
    qr_payload,
    qr_svg,
)
from receipts.qr_symbol import BYTES_MAX, qr_modules
from tests.receipts import samples

pytestmark = pytest.mark.fast

CASES = Path(__file__).parents[2].parent / "shared" / "law-cases" / "examples.yaml"
BANK = {
    "Name": "ТСН «Берёзка»",
    "PersonalAcc": "40703810500000000777",
    "BankName": "Банк Пример",
    "BIC": "044030123",
    "CorrespAcc": "30101810000000000123",
}


def pixels(payload: bytes, side: int = 3) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The symbol with its quiet zone as a grey picture."""
    modules = np.pad(qr_modules(payload), QUIET_ZONE_MODULES)
    grey = np.where(modules, 0, 255).astype(np.uint8)
    return np.kron(grey, np.ones((side, side), np.uint8))


def read(payload: bytes) -> zxingcpp.Barcode:
    (found,) = zxingcpp.read_barcodes(
        pixels(payload), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    return found


def test_fields_of_a_payment_of_an_ordinary_month_stand_in_the_order_given() -> None:
    fields = BANK | {
        "Sum": "593044",
        "Purpose": "Оплата ЖКУ за 03.2026",
        "PersAcc": "77",
        "PaymPeriod": "032026",
        "TechCode": "02",
    }

    assert qr_payload(fields) == (
        "ST00012|Name=ТСН «Берёзка»|PersonalAcc=40703810500000000777|BankName=Банк Пример|BIC=044030123"
        "|CorrespAcc=30101810000000000123|Sum=593044|Purpose=Оплата ЖКУ за 03.2026|PersAcc=77"
        "|PaymPeriod=032026|TechCode=02"
    )


def test_mandatory_fields_come_first_whatever_the_order_given() -> None:
    shuffled = {"Sum": "1"} | dict(reversed(BANK.items()))

    assert qr_payload(shuffled).split("|")[1:] == [*(f"{k}={v}" for k, v in BANK.items()), "Sum=1"]


def test_empty_fields_are_left_out_and_a_missing_correspondent_account_is_zero() -> None:
    payload = qr_payload(BANK | {"CorrespAcc": "", "KPP": "", "Purpose": ""})

    assert payload.endswith("|CorrespAcc=0")
    assert "KPP" not in payload


def test_a_bar_in_a_name_moves_the_separator_to_the_tilde() -> None:
    payload = qr_payload(BANK | {"Name": "ТСЖ «Корпус|2»"})

    assert payload.startswith("ST00012~Name=ТСЖ «Корпус|2»~PersonalAcc=")


@given(st.sets(st.sampled_from(SEPARATORS), max_size=len(SEPARATORS) - 1))
def test_the_first_separator_no_value_contains_is_taken(used: set[str]) -> None:
    payload = qr_payload(BANK | {"Name": "Дом " + "".join(sorted(used))})

    assert payload[7] == next(mark for mark in SEPARATORS if mark not in used)


def test_no_separator_left_is_refused_in_words() -> None:
    with pytest.raises(QrRefusedError, match="не осталось разделителя"):
        qr_payload(BANK | {"Name": SEPARATORS})


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("PersonalAcc", "4070281090000000000", r"Расчётный счёт: нужно 20 цифр.*знаков: 19"),
        ("PersonalAcc", "40702 81090000000001", "Расчётный счёт: нужно 20 цифр без пробелов"),
        ("PersonalAcc", "4070281090000000000\u0661", "Расчётный счёт"),
        ("BIC", "04403012", "БИК: нужно 9 цифр"),
        ("CorrespAcc", "00", "Корреспондентский счёт: нужно 20 цифр без пробелов, либо 0"),
        ("PayeeINN", "77123456789", "ИНН получателя: нужно 10 или 12 цифр"),
        ("KPP", "77", "КПП получателя: нужно 9 цифр"),
        ("Sum", "5930,44", "целые копейки"),
        ("Sum", "-1", "целые копейки"),
        ("Sum", "1" * 19, "Сумма: 19 знаков, а в QR-код помещается 18"),
        ("Name", "А" * 161, "Название получателя: 161 знаков"),
        ("BankName", "Б" * 46, "Название банка: 46 знаков"),
        ("Purpose", "В" * 211, "Назначение платежа: 211 знаков"),
        ("Name", "", "не хватает реквизита «Название получателя»"),
        ("Name", "Две\nстроки", "перевод строки"),
        ("persAcc", "1", "Поля «persAcc» нет"),
    ],
)
def test_what_a_bank_would_not_take_is_refused_and_explained(field: str, value: str, words: str) -> None:
    with pytest.raises(QrRefusedError, match=words):
        qr_payload(BANK | {field: value})


def test_the_limits_themselves_are_accepted() -> None:
    payload = qr_payload(BANK | {"Name": "А" * 160, "BankName": "Б" * 45}, Charset.CP1251)

    assert "Name=" + "А" * 160 in payload


@pytest.mark.parametrize(
    ("charset", "digit"), [(Charset.CP1251, "1"), (Charset.UTF_8, "2"), (Charset.KOI8_R, "3")]
)
def test_each_charset_has_its_digit_and_reads_back(charset: Charset, digit: str) -> None:
    text = qr_payload(BANK | {"Name": "ТСН Ёлка"}, charset)

    raw = read(qr_bytes(text, charset)).bytes

    assert raw[:7] == b"ST0001" + digit.encode()
    assert raw.decode(charset.codec) == text


def test_a_letter_outside_the_charset_is_named() -> None:
    with pytest.raises(QrRefusedError, match="знак «ұ» в кодировке cp1251"):
        qr_payload(BANK | {"Name": "Тұрғын үй"}, Charset.CP1251)


def test_more_than_a_phone_can_read_is_refused() -> None:
    with pytest.raises(QrRefusedError, match=f"не больше {BYTES_MAX}"):
        qr_payload(BANK | {"Name": "Я" * 160, "Purpose": "Ж" * 210, "PayerAddress": "Щ" * 200})


@settings(max_examples=40, deadline=None)
@given(
    st.text(
        st.characters(codec="utf-8", min_codepoint=32, exclude_characters=SEPARATORS), min_size=1, max_size=80
    )
)
def test_the_symbol_holds_exactly_the_bytes_at_level_m_without_eci(name: str) -> None:
    payload = qr_bytes(qr_payload(BANK | {"Name": f"Дом {name}"}), Charset.UTF_8)

    found = read(payload)

    assert found.bytes == payload
    assert found.ec_level == "M"
    assert (
        found.symbology_identifier == "]Q1"
    )  # ]Q2 would mean an ECI block, which banks' scanners do not expect


def test_the_vector_is_the_modules_with_four_white_around() -> None:
    payload = qr_bytes(qr_payload(BANK), Charset.UTF_8)
    modules = qr_modules(payload)
    side = modules.shape[0] + 8

    svg = qr_svg(payload)

    assert f'viewBox="0 0 {side} {side}"' in svg
    dark = sum(int(run.split("v1H")[0]) for run in svg.split("h")[1:] if "v1H" in run)
    assert dark == int(modules.sum())
    assert svg.count('d="M4 4h7v1H4z') == 1  # the finder pattern begins after the quiet zone


def test_fields_of_a_receipt() -> None:
    receipt = samples.crowded()
    company, fund = (payment_fields(receipt, block) for block in receipt.payments)

    assert company["Sum"] == "1430403"
    assert company["PersAcc"] == "0001234567"
    assert company["Purpose"] == "Оплата ЖКУ за 10.2026, л/с 0001234567"
    assert (company["LastName"], company["FirstName"], company["MiddleName"]) == (
        "Иванова",
        "Мария",
        "Сергеевна",
    )
    assert company["QuittId"] == "80РС558347-01-6101"
    assert (fund["Sum"], fund["PersAcc"], fund["PaymPeriod"]) == ("79095", "76-000148", "102026")


def test_a_firm_goes_whole_into_the_last_name() -> None:
    receipt = samples.ordinary(payer=replace(samples.PAYER, name="ООО «Ромашка и Ко»"))

    fields = payment_fields(receipt, receipt.payments[0])

    assert (fields["LastName"], fields["FirstName"]) == ("ООО «Ромашка и Ко»", "")


def test_a_long_payment_is_written_in_windows_1251_and_then_without_the_address() -> None:
    long = samples.ordinary(payer=replace(samples.PAYER, address=samples.LONG_ADDRESS))
    longest = samples.ordinary(payer=replace(samples.PAYER, address=samples.LONG_ADDRESS * 3))

    raw = payment_payload(long, long.payments[0])
    bare = payment_payload(longest, longest.payments[0])

    assert raw.startswith(b"ST00011")
    assert samples.LONG_ADDRESS in raw.decode("cp1251")
    assert bare.startswith(b"ST00012")
    assert "PayerAddress" not in bare.decode()
    assert "LastName=Иванова" in bare.decode()


def test_an_endless_name_leaves_the_code_but_not_the_payment() -> None:
    receipt = samples.ordinary(payer=replace(samples.PAYER, name="Щ" * 400, address="два\nряда"))

    payload = payment_payload(receipt, receipt.payments[0]).decode()

    assert "LastName" not in payload
    assert "PersAcc=0001234567" in payload


def test_an_address_in_two_lines_becomes_one() -> None:
    receipt = samples.ordinary(payer=replace(samples.PAYER, address=" ул. Мира,\n д. 1\t"))

    assert "PayerAddress=ул. Мира, д. 1|" in payment_payload(receipt, receipt.payments[0]).decode()


def test_examples_of_the_law_when_they_are_at_hand() -> None:
    """Q001, Q002: the published payloads."""
    if not CASES.exists():
        pytest.skip("no law cases beside the project")
    examples = yaml.safe_load(CASES.read_text())["examples"]
    cases = [case for case in examples if case.get("algorithm") == "qr_payload"]
    assert len(cases) >= 2

    for case in cases:
        fields = {k: v for k, v in case["inputs"].items() if k != "sum_rub"}
        if "sum_rub" in case["inputs"]:
            at = list(case["inputs"]).index("sum_rub")
            pairs = list(fields.items())
            pairs.insert(at, ("Sum", case["inputs"]["sum_rub"].replace(".", "")))
            fields = dict(pairs)
        assert qr_payload(fields) == case["expected"], case["id"]
