"""Registers: every ready profile reads its format; a bad file is refused whole, in words."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateways.registers import Parsed, RegisterProfile, RegisterRefused, in_words, parse, preset, presets
from gateways.registers.encodings import detect
from tests.gateways import register_files as files

SEPTEMBER_12 = dt.date(2026, 9, 12)


def read(
    key: str, content: bytes | str, name: str = "x.txt", ticket: str | None = None, **changes: Any
) -> Parsed:
    body = content.encode("cp1251") if isinstance(content, str) else content
    slip = None if ticket is None else ticket.encode()
    return parse(preset(key, **changes), body, name, slip)


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r", "utf-8", "utf-8-sig"])
def test_text_of_sber_is_read_in_any_encoding(encoding: str) -> None:
    made = read("sber", files.SBER.encode(encoding))

    assert [row.errors for row in made.rows] == [[], [], []]
    first = made.rows[0]
    assert (first.account, first.amount_kopecks, first.fee_kopecks) == ("0012345", 1275_00, 12_75)
    assert (first.paid_on, first.of_period) == (SEPTEMBER_12, dt.date(2026, 8, 1))
    assert first.payer == "ИВАНОВ П. С., УЛ ЛЕНИНА 12 1"
    assert first.number == "8621000143280813160351:0012345"
    assert (made.amount_kopecks, made.fee_kopecks, made.is_totalled) == (3825_00, 38_25, True)


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r"])
@pytest.mark.parametrize("text", [files.SBER, "Иванов;ул. Ленина\n", "квартира 5\n", "ПЛАТЁЖ ЗА ВОДУ\n"])
def test_encoding_is_told_by_how_the_text_reads(text: str, encoding: str) -> None:
    assert detect(text.encode(encoding)) == encoding


def test_payment_of_gorod_is_rows_of_one_transaction_by_service() -> None:
    made = read("gorod", files.GOROD, services={"65689": 1, "65690": 4})

    assert [(row.number, row.service, row.amount_kopecks) for row in made.rows] == [
        ("T100:65689", 1, 700_00),
        ("T100:65690", 4, 300_50),
    ]
    unknown = read("gorod", files.GOROD, services={"65689": 1}).rows[1]
    assert unknown.errors == ["Код услуги «65690» не описан в профиле."]


def test_register_of_tula_needs_its_ticket_and_brings_readings() -> None:
    made = read("tula", files.TULA, files.TULA_NAME, files.TICKET)

    assert [row.readings for row in made.rows] == [[("1", "345.2")], []]
    assert [row.paid_on for row in made.rows] == [SEPTEMBER_12] * 2
    for ticket, words in (
        (None, "нужен контрольный талон"),
        (files.TICKET.replace("1300.50", "1300.51"), "В талоне 2 строк на 1300,51"),
        (files.TICKET.replace("|2|", "|3|"), "В талоне 3 строк"),
        (files.TICKET.replace(files.TULA_NAME, "00001913.001"), "Талон выписан на файл"),
        ("13.09.2026", "мало полей"),
    ):
        with pytest.raises(RegisterRefused, match=words):
            read("tula", files.TULA, files.TULA_NAME, ticket)
    with pytest.raises(RegisterRefused, match="не такое"):
        read("tula", files.TULA, "x.txt", files.TICKET)


def test_pack_is_what_its_heads_say() -> None:
    made = read("pack", files.PACK.encode("cp866"))

    assert [(row.account, row.amount_kopecks) for row in made.rows] == [
        ("0012345", 100_00),
        ("0012354", 200_00),
    ]
    for wrong in (
        files.PACK.replace("|2|0.00|300.00|", "|3|0.00|300.00|"),
        files.PACK.replace("|1|0.00|300.00|", "|1|0.00|301.00|"),
        files.PACK.replace("@@@|2", "@@|2"),
    ):
        with pytest.raises(RegisterRefused):
            read("pack", wrong)


def test_named_tail_has_the_account_and_readings() -> None:
    row = read("sber_named", files.NAMED).rows[0]

    assert (row.account, row.amount_kopecks, row.readings) == ("0012345", 1275_00, [("1", "123.45")])


def test_xml_of_banks() -> None:
    made = read("vtb", files.VTB.encode())
    region = read("region_xml", files.REGION.encode())

    assert [(row.account, row.amount_kopecks) for row in made.rows] == [
        ("0012345", 10_50),
        ("0012354", 20_00),
    ]
    assert [(row.number, row.payer) for row in region.rows] == [
        ("7:0012345:2026-09-12:10.50", "Иванов"),
        ("7:0012345:2026-09-12:3", "Иванов"),
    ]
    with pytest.raises(RegisterRefused, match="Сумма в итоге"):
        read("vtb", files.VTB.replace('"30.50"', '"30.51"').encode())
    with pytest.raises(RegisterRefused, match="обрезан"):
        read("vtb", files.VTB[:-60].encode())


def test_dbf_has_principal_and_penalties_apart() -> None:
    made = read("dbf_bank", files.dbf(files.DBF_FIELDS, files.DBF_ROWS))

    assert [(row.amount_kopecks, row.penalty_kopecks) for row in made.rows] == [(100_50, 2_50), (50_00, 0)]
    assert (made.rows[0].payer, made.rows[0].of_period) == ("ИВАНОВ ПЁТР", dt.date(2026, 9, 1))
    with pytest.raises(RegisterRefused, match="обрезан"):
        read("dbf_bank", files.dbf(files.DBF_FIELDS, files.DBF_ROWS)[:-40])
    with pytest.raises(RegisterRefused, match="не DBF"):
        read("dbf_bank", b"12;34")


def test_rows_that_are_not_payments_are_left_out() -> None:
    fields = (("IDEN", "C", 10), ("DATA", "D", 8), ("LS", "C", 10), ("SUMMA", "N", 10), ("STRING", "N", 3))
    rows = (("1", "20260912", "0012345", "10.00", "0"), ("1", "20260912", "0012345", "10.00", "1"))

    assert len(read("dbf_tagil", files.dbf(fields, rows)).rows) == 1


def test_table_with_a_header_row_as_text_and_as_a_sheet() -> None:
    typed = read("csv", files.CSV.encode()).rows[0]
    sheet = read(
        "xlsx",
        files.xlsx([["Номер", "Счёт", "Сумма", "Дата"], ["1", "0012345", 1275.5, dt.datetime(2026, 9, 12)]]),  # noqa: DTZ001
    ).rows[0]

    assert (typed.account, typed.amount_kopecks, typed.payer) == ("0012345", 1275_50, "Иванов; Пётр")
    assert (sheet.account, sheet.amount_kopecks, sheet.paid_on) == ("0012345", 1275_50, SEPTEMBER_12)


def test_fixed_widths_and_an_archive_around_a_file() -> None:
    row = read("fixed", files.FIXED).rows[0]
    packed = read("sber", files.zipped(reg_txt=files.SBER.encode("cp866"), readme_md=b"x"), member="*.txt")

    assert (row.account, row.amount_kopecks, row.number) == ("0012345", 1275_00, "T-1")
    assert len(packed.rows) == 3
    with pytest.raises(RegisterRefused, match="файлов реестра 2"):
        read("sber", files.zipped(a_txt=b"1", b_txt=b"2"))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("=3;", "=4;", "В итоге 4 строк, в файле их 3"),
        ("3825,00", "3825,01", "Сумма в итоге 3825,01"),
        ("38,25", "38,26", "Комиссия в итоге"),
        ("=3;3825,00;3786,75;38,25;123456;13-09-2026\r\n", "", "нет итоговой строки"),
        ("=3;3825,00", "=три;3825,00", "вместо числа строк стоит «три»"),
    ],
)
def test_wrong_trailer_refuses_the_whole_file(before: str, after: str, words: str) -> None:
    assert before in files.SBER

    with pytest.raises(RegisterRefused, match=words):
        read("sber", files.SBER.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("12-09-2026;10-28-22", "99-09-2026;10-28-22", "«99-09-2026» — не дата."),
        (";0826;1275,00;1262,25;12,75\r\n12-09", ";1326;1275,00;1262,25;12,75\r\n12-09", "не месяц"),
        ("8621000143280813160351", "", "Не заполнено: номер операции."),
    ],
)
def test_bad_row_has_its_verdict_and_the_others_are_read(before: str, after: str, words: str) -> None:
    assert before in files.SBER
    made = read("sber", files.SBER.replace(before, after, 1))

    assert words in " ".join(made.rows[0].errors)
    assert [row.errors for row in made.rows[1:]] == [[], []]


def test_money_without_an_account_is_kept_not_refused() -> None:
    row = read("sber", files.SBER.replace(";0012345;", ";;")).rows[0]

    assert (row.account, row.errors, row.amount_kopecks) == ("", [], 1275_00)


@pytest.mark.parametrize("amount", ["-5,00", "0,00", "1e3", "12,345", "١٢"])
def test_sum_that_is_no_sum_is_an_error_of_its_row(amount: str) -> None:
    body = files.CSV.replace("1 275,5", amount)

    assert read("csv", body.encode()).rows[0].errors


def test_bombs_and_rubbish_are_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>'
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.txt", b"0" * (201 * 1024 * 1024))
    for key, body in (
        ("vtb", bomb.encode()),
        ("vtb", bomb.encode("utf-16")),
        ("vtb", b"<a>" * 500 + b"</a>" * 500),
        ("sber", target.getvalue()),
        ("sber", b"PK\x03\x04 broken"),
        ("sber", b"\x00" * 100),
        ("sber", ("x" * 30_000).encode()),
        ("xlsx", b"PK\x03\x04 broken"),
        ("sber", b""),
    ):
        with pytest.raises(RegisterRefused):
            read(key, body)


SAMPLES: dict[str, bytes] = {
    "sber": files.SBER.encode("cp1251"),
    "sber_named": files.NAMED.encode("cp1251"),
    "gorod": files.GOROD.encode("cp1251"),
    "pack": files.PACK.encode("cp866"),
    "vtb": files.VTB.encode(),
    "region_xml": files.REGION.encode(),
    "dbf_bank": files.dbf(files.DBF_FIELDS, files.DBF_ROWS),
    "csv": files.CSV.encode(),
    "fixed": files.FIXED.encode(),
    "xlsx": files.xlsx([["Номер", "Счёт", "Сумма", "Дата"], ["1", "0012345", 1, "12.09.2026"]]),
}


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=8), st.integers(0, 40)), max_size=4),
    st.floats(0, 1),
)
def test_no_spoilt_file_breaks_the_reader(
    key: str, spots: list[tuple[float, bytes, int]], kept: float
) -> None:
    """A spoilt file is refused, or every row of it is good or has its errors: nothing in between."""
    body = bytearray(SAMPLES[key])
    for place, put, cut in spots:
        at = int(place * len(body))
        body[at : at + cut] = put
    spoilt = bytes(body[: max(1, int(kept * len(body)) if spots else len(body))])

    try:
        made = parse(preset(key), spoilt, "x.txt")
    except RegisterRefused:
        return
    for row in made.rows:
        assert row.errors or (row.number and row.paid_on and row.total_kopecks > 0)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(key: str, body: bytes) -> None:
    with suppress(RegisterRefused):
        assert parse(preset(key), body, "x").rows


def test_ready_profiles_are_whole_and_nonsense_is_told_in_words() -> None:
    assert {preset(key).container for key in presets()} == {"text", "fixed", "dbf", "xlsx", "xml"}
    for change, words in (
        ({"fields": {"account": {"at": "1"}}}, "fields: нет sum, number, date"),
        ({"key": "{nothing}"}, "key"),
        ({"file_name": "("}, "не образец"),
        ({"container": "xml"}, "row_element"),
        ({"delimiter": ""}, "delimiter"),
    ):
        with pytest.raises(ValidationError) as caught:
            RegisterProfile.model_validate(presets()["sber"] | change)
        assert words in in_words(caught.value)
