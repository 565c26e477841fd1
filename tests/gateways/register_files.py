"""Files of registers made by hand, as the banks' formats describe them."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence

from openpyxl import Workbook

SBER = (
    "12-09-2026;10-28-22;8621;8621/00140;8621000143280813160351;0012345;ИВАНОВ П. С.;УЛ ЛЕНИНА 12 1;0826;"
    "1275,00;1262,25;12,75\r\n"
    "12-09-2026;10-30-00;8621;8621/00140;8621000143280813160352;0012354;ИВАНОВА АННА;УЛ ЛЕНИНА 12 2;;"
    "1275,00;1262,25;12,75\r\n"
    "13-09-2026;09-00-01;8621;8621/00140;8621000143280813160353;7777777;СИДОРОВ;УЛ МИРА 1;0826;"
    "1275,00;1262,25;12,75\r\n"
    "=3;3825,00;3786,75;38,25;123456;13-09-2026\r\n"
)
GOROD = (
    "#1\n#2\n#3\n#4\n#5\n#6\n#7\n#8\n#DATE 12/09/2026\n"
    ";Ленина ул,12,1;0012345;700.00;65689;;;;12/09/2026;;T100\n"
    ";Ленина ул,12,1;0012345;300.50;65690;;;;12/09/2026;;T100\n"
)
TULA = (
    "0012345|1275.00|12092600000000000000000001|77|13.09.2026|1|345.2|2|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ\r\n"
    "0012354|25.50|12092600000000000000000002|77|13.09.2026|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ|НЕТ\r\n"
)
TULA_NAME = "00001912.001"
TICKET = f"13.09.2026|{TULA_NAME}|01|2|1300.50"
PACK = (
    "***|01|99|5|12.09.2026|10:00|12.09.2026|1|0.00|300.00||0|!1.02\r\n"
    "###|01|99|5|12.09.2026|12.09.2026|2|0.00|300.00||0|0|!1.02\r\n"
    "@@@|1|12|55|1|0012345|12.09.2026|01.08.2026|1|0|100.00||0|0|0||\r\n"
    "@@@|2|12|55|1|0012354|12.09.2026|01.08.2026|1|0|200.00||0|0|0||\r\n"
)
NAMED = (
    "8621;01;x;y;1275,00;12,75;z;12/09/2026;q;CLIENTNO:0012345;CLIENTDOCNO:A-1;method_pay:card;"
    "CounterVal_1:123.45;CounterVal_2:НЕТ\r\n"
)
VTB = (
    '<?xml version="1.0" encoding="utf-8"?><Message Date="13.09.2026" Sender="VTB" Reciever="RC" ID="1" '
    'Type="P"><Operations><Operation Uni="1" Number="1" DateOperation="12.09.2026" Code="0012345" '
    'Amount="10.50" '
    'Commission="0.50"/><Operation Uni="2" Number="2" DateOperation="12.09.2026" Code="0012354" Amount="20" '
    'Commission="0"/><Total Amount="30.50" Commission="0.50" Count="2"/></Operations></Message>'
)
REGION = (
    '<file file-date="2026-09-13" file-num="1"><personal-accounts><personal-account number="0012345" '
    'surname="Иванов" date="2026-09-12" doc-num="7"><payments><payment target="fee" sum="10.50"/>'
    '<payment target="fee" sum="3"/></payments></personal-account></personal-accounts></file>'
)
CSV = 'Номер;Счёт;Сумма;Дата;Плательщик\n"1";"0012345";"1 275,5";"12.09.2026";"Иванов; Пётр"\n'
FIXED = f"{'0012345':<13}{127500:012d}{'T-1':<20}12092026\n"


def dbf(
    fields: Sequence[tuple[str, str, int]], rows: Sequence[Sequence[str]], encoding: str = "cp866"
) -> bytes:
    """A dBASE III table: fields are (name, kind, width), values are texts."""
    record = 1 + sum(width for _, _, width in fields)
    header = 32 + 32 * len(fields) + 1
    out = struct.pack("<B3BIHH20x", 3, 126, 9, 13, len(rows), header, record)
    for name, kind, width in fields:
        out += struct.pack("<11sc4xBB14x", name.encode(), kind.encode(), width, 0)
    out += b"\r"
    for row in rows:
        out += b" " + b"".join(
            value.encode(encoding).ljust(width)[:width]
            for value, (_, _, width) in zip(row, fields, strict=True)
        )
    return out + b"\x1a"


DBF_FIELDS = (
    ("DT_PAY", "D", 8), ("PLP", "C", 10), ("SUM_PL", "N", 12), ("SUM_PN", "N", 12), ("LS", "C", 15),
    ("PERIOD", "C", 6), ("FIO", "C", 30), ("EPD", "C", 20),
)  # fmt: skip
DBF_ROWS = (
    ("20260912", "1", "100.50", "2.50", "0012345", "092026", "ИВАНОВ ПЁТР", ""),
    ("20260912", "2", "50.00", "", "0012354", "", "ИВАНОВА АННА", ""),
)


def xlsx(rows: Sequence[Sequence[object]]) -> bytes:
    """A workbook of one sheet."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def zipped(**members: bytes) -> bytes:
    """An archive of files; «_» in a name stands for a dot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return target.getvalue()
