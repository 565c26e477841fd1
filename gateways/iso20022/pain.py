"""Writes payment orders as pain.001.001.03 or .09 for the bank: one group, one payment, an order a transfer.

The same orders give the same bytes: the moment of creation is the caller's. The number of an order is its
InstrId and EndToEndId, so that the statement names it back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from gateways.bank_order import PURPOSE_MAX, Order, Side, clean

VERSIONS = ("03", "09")
NAME_MAX = 140  # Max140Text of the schema
LINE_MAX = 140  # Ustrd is Max140Text: a longer purpose stands on two


def write(payer: Side, orders: Sequence[Order], made_at: dt.datetime, version: str) -> bytes:
    """The file of orders that `payer` gives its bank, UTF-8."""
    assert orders, "a file of orders holds at least one"
    assert version in VERSIONS, f"no such version: {version}"
    root = ET.Element("Document", xmlns=f"urn:iso:std:iso:20022:tech:xsd:pain.001.001.{version}")
    body = _add(root, "CstmrCdtTrfInitn")
    total = _roubles(sum(one.amount_kopecks for one in orders))
    numbers = [one.number for one in orders]
    message = f"PL-{made_at:%Y%m%d%H%M%S}-{min(numbers)}-{max(numbers)}"
    head = _add(body, "GrpHdr")
    _add(head, "MsgId", message)
    _add(head, "CreDtTm", f"{made_at:%Y-%m-%dT%H:%M:%S}")
    _add(head, "NbOfTxs", str(len(orders)))
    _add(head, "CtrlSum", total)
    _party(_add(head, "InitgPty"), payer)
    for day in sorted({one.day for one in orders}):
        _payment(body, payer, day, [one for one in orders if one.day == day], message, version)
    written = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'.encode()


def _payment(
    body: ET.Element, payer: Side, day: dt.date, orders: Sequence[Order], message: str, version: str
) -> None:
    made = _add(body, "PmtInf")
    _add(made, "PmtInfId", f"{message}-{day:%d}"[:35])
    _add(made, "PmtMtd", "TRF")
    _add(made, "NbOfTxs", str(len(orders)))
    _add(made, "CtrlSum", _roubles(sum(one.amount_kopecks for one in orders)))
    wanted = _add(made, "ReqdExctnDt", day.isoformat() if version == "03" else "")
    if version != "03":
        _add(wanted, "Dt", day.isoformat())
    _party(_add(made, "Dbtr"), payer)
    _account(_add(made, "DbtrAcct"), payer)
    _bank(_add(made, "DbtrAgt"), payer)
    for one in orders:
        _transfer(made, one)


def _transfer(made: ET.Element, one: Order) -> None:
    assert one.amount_kopecks > 0, "an order is for more than nothing"
    order = _add(made, "CdtTrfTxInf")
    ids = _add(order, "PmtId")
    _add(ids, "InstrId", str(one.number))
    _add(ids, "EndToEndId", str(one.number))
    _add(_add(order, "Amt"), "InstdAmt", _roubles(one.amount_kopecks)).set("Ccy", "RUB")
    _bank(_add(order, "CdtrAgt"), one.payee)
    _party(_add(order, "Cdtr"), one.payee)
    _account(_add(order, "CdtrAcct"), one.payee)
    told = _add(order, "RmtInf")
    purpose = clean(one.purpose, PURPOSE_MAX)
    for at in range(0, len(purpose), LINE_MAX):
        _add(told, "Ustrd", purpose[at : at + LINE_MAX])


def _add(parent: ET.Element, tag: str, words: str = "") -> ET.Element:
    made = ET.SubElement(parent, tag)
    made.text = words or None
    return made


def _party(parent: ET.Element, side: Side) -> None:
    _add(parent, "Nm", clean(side.name, NAME_MAX))
    if side.inn:
        other = _add(_add(_add(parent, "Id"), "OrgId"), "Othr")
        _add(other, "Id", side.inn)
        _add(_add(other, "SchmeNm"), "Cd", "TXID")


def _account(parent: ET.Element, side: Side) -> None:
    _add(_add(_add(parent, "Id"), "Othr"), "Id", side.account)
    _add(parent, "Ccy", "RUB")


def _bank(parent: ET.Element, side: Side) -> None:
    made = _add(parent, "FinInstnId")
    member = _add(made, "ClrSysMmbId")
    _add(_add(member, "ClrSysId"), "Cd", "RUCBC")
    _add(member, "MmbId", side.bic)
    if side.bank:
        _add(made, "Nm", clean(side.bank, NAME_MAX))


def _roubles(kopecks: int) -> str:
    return f"{kopecks // 100}.{kopecks % 100:02d}"
