"""Reads a statement camt.053.001.08 into the shape every statement has: whole or not at all, in words.

An entry is an operation of the account; its details name the sides and the purpose, and a batch entry is one
document a detail. XML with entities is not read; a line of a document is its place in the file. Sides and
purposes stand as in the schema: ИНН in Othr/Id, the account in IBAN or Othr/Id, the purpose in RmtInf/Ustrd.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from xml.etree import ElementTree as ET

from gateways.bank_statement import (
    BYTES_MAX,
    DOCUMENTS_MAX,
    VALUE_MAX,
    BankFileRefused,
    Document,
    Statement,
    at,
    prove,
)

SCHEMA = "camt.053.001.08"
SPACE = f"{{urn:iso:std:iso:20022:tech:xsd:{SCHEMA}}}"
DEPTH_MAX = 60
CURRENCIES = ("RUB", "RUR")
SUM = re.compile(r"(\d{1,15})(?:\.(\d{1,5}))?\Z", re.ASCII)
ACCOUNT = re.compile(r"\d{20}\Z", re.ASCII)
ENTITIES = (b"<!DOCTYPE", b"<!ENTITY", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))
NOT_PROVIDED = "NOTPROVIDED"


def is_camt(content: bytes) -> bool:
    """Whether a file is XML at all: anything else is for another reader."""
    return content.lstrip(b"\xef\xbb\xbf\xff\xfe\r\n\t \x00")[:1] == b"<"


def parse(content: bytes) -> Statement:
    """The statement in a file. Raises BankFileRefused, and nothing else, for whatever else it is."""
    root = _tree(content)
    found = root.findall(f"{SPACE}BkToCstmrStmt/{SPACE}Stmt")
    if not found:
        raise BankFileRefused("В файле нет выписки (BkToCstmrStmt/Stmt). Возьмите её в банке ещё раз.")
    parts = [_part(_Node(one)) for one in found]
    if len({part.account for part in parts}) != 1:
        raise BankFileRefused("В файле несколько расчётных счетов. Выгрузите выписку по одному счёту.")
    for before, after in pairwise(parts):
        if None not in (before.closing, after.opening) and before.closing != after.opening:
            raise BankFileRefused(
                "Остаток на конец выписки не равен остатку на начало следующей: пропущен день."
            )
    account = parts[0].account
    documents = [replace(one, line=at_) for at_, one in enumerate(_documents(found, account), 1)]
    days = [day for part in parts for day in (part.first, part.last) if day is not None]
    days += [one.debited_on or one.credited_on or one.day for one in documents] if not days else []
    if not days:
        raise BankFileRefused("В файле нет дней выписки (FrToDt, Bal/Dt). Возьмите её в банке ещё раз.")
    made = Statement(
        "xml", account, min(days), max(days), parts[0].opening, None, None, parts[-1].closing,
        tuple(documents),
    )  # fmt: skip
    prove(made)
    return made


def _tree(content: bytes) -> ET.Element:
    if len(content) > BYTES_MAX:
        raise BankFileRefused("Файл больше 16 МБ. Выгрузите выписку за меньший срок.")
    if any(sign in content for sign in ENTITIES):
        raise BankFileRefused("В XML описаны сущности (DOCTYPE): такие файлы не читаются из осторожности.")
    depth = 0
    root: ET.Element | None = None
    try:
        for event, element in ET.iterparse(io.BytesIO(content), events=("start", "end")):  # noqa: S314
            depth += 1 if event == "start" else -1
            root = element if root is None else root
            if depth > DEPTH_MAX:
                raise BankFileRefused("XML вложен слишком глубоко: это не выписка.")
    except (ET.ParseError, ValueError, LookupError) as error:
        if isinstance(error, BankFileRefused):
            raise
        raise BankFileRefused(f"XML испорчен или обрезан: {error}. Возьмите файл заново.") from error
    if root is None or root.tag != f"{SPACE}Document":
        raise BankFileRefused(f"Это не выписка {SCHEMA}. Попросите у банка её или выписку «1С».")
    return root


@dataclass(frozen=True, slots=True)
class _Node:
    """An element asked by paths of the schema without its namespace."""

    element: ET.Element

    def all(self, path: str) -> list[_Node]:
        found = self.element.findall("/".join(f"{SPACE}{step}" for step in path.split("/")))
        return [_Node(one) for one in found]

    def first(self, *paths: str) -> str:
        """The text of the first path that has one."""
        for path in paths:
            for one in self.all(path):
                words = " ".join((one.element.text or "").split())
                if words:
                    return words[:VALUE_MAX]
        return ""


@dataclass(frozen=True, slots=True)
class _Part:
    account: str
    first: dt.date | None
    last: dt.date | None
    opening: int | None
    closing: int | None


def _part(node: _Node) -> _Part:
    account = node.first("Acct/Id/Othr/Id", "Acct/Id/IBAN")
    if not ACCOUNT.match(account):
        raise BankFileRefused("В файле не назван расчётный счёт из 20 цифр. Возьмите выписку ещё раз.")
    balances: dict[str, tuple[int, dt.date | None]] = {}
    for one in node.all("Bal"):
        code = one.first("Tp/CdOrPrtry/Cd")
        amount = _amount(one, 0, f"остаток {code}")
        day = _day(one.first("Dt/Dt", "Dt/DtTm"), 0, "день остатка")
        balances.setdefault(code, (amount if one.first("CdtDbtInd") != "DBIT" else -amount, day))
    opening, closing = balances.get("OPBD") or balances.get("PRCD"), balances.get("CLBD")
    first = _day(node.first("FrToDt/FrDtTm"), 0, "первый день") or (opening and opening[1])
    last = _day(node.first("FrToDt/ToDtTm"), 0, "последний день") or (closing and closing[1])
    return _Part(account, first or None, last or None, opening and opening[0], closing and closing[0])


def _documents(found: list[ET.Element], account: str) -> Iterator[Document]:
    number = 0
    for statement in found:
        for entry in _Node(statement).all("Ntry"):
            number += 1
            if number > DOCUMENTS_MAX:
                raise BankFileRefused("В файле больше 100 000 операций. Выгрузите выписку за меньший срок.")
            if entry.first("Sts/Cd", "Sts/Prtry") == "BOOK":
                yield from _entry(entry, number, account)


def _entry(entry: _Node, line: int, account: str) -> Iterator[Document]:
    whole = _amount(entry, line, "сумма")
    details = entry.all("NtryDtls/TxDtls") or [entry]
    amounts = [whole]
    if len(details) > 1:
        amounts = [_amount(one, line, "сумма части") for one in details]
        if sum(amounts) != whole:
            raise at(line, "части операции не складываются в её сумму")
    for one, amount in zip(details, amounts, strict=True):
        yield _document(entry, one, line, amount, account)


def _document(entry: _Node, one: _Node, line: int, amount: int, account: str) -> Document:
    way = entry.first("CdtDbtInd")
    booked = _day(entry.first("BookgDt/Dt", "BookgDt/DtTm"), line, "день проводки")
    number = _number(entry, one)
    if way not in ("CRDT", "DBIT") or booked is None or not number:
        raise at(line, "у операции нет направления, дня проводки или номера")
    if amount <= 0:
        raise at(line, f"сумма операции № {number} не больше нуля")
    is_in = way == "CRDT"
    other, person = ("DbtrAcct", "Dbtr") if is_in else ("CdtrAcct", "Cdtr")
    side = f"RltdPties/{person}/Pty"
    account_of = one.first(f"RltdPties/{other}/Id/Othr/Id", f"RltdPties/{other}/Id/IBAN")
    inn = one.first(f"{side}/Id/OrgId/Othr/Id", f"{side}/Id/PrvtId/Othr/Id")
    name = one.first(f"{side}/Nm", f"RltdPties/{person}/Nm")
    purpose = " ".join(
        " ".join((words.element.text or "").split()) for words in one.all("RmtInf/Ustrd")
    ) or entry.first("AddtlNtryInf")
    day = _day(one.first("RltdDts/TxDtTm", "RltdDts/AccptncDtTm"), line, "день документа") or booked
    sides = (account_of, inn, name, account, "", "") if is_in else (account, "", "", account_of, inn, name)
    return Document(
        line, entry.first("BkTxCd/Prtry/Cd"), number, day, amount, *sides,
        None if is_in else booked, booked if is_in else None, purpose[:VALUE_MAX],
    )  # fmt: skip


def _number(entry: _Node, one: _Node) -> str:
    """The number of the order as its giver wrote it, else the bank's own reference."""
    for path in ("Refs/EndToEndId", "Refs/InstrId", "Refs/TxId", "Refs/AcctSvcrRef"):
        found = one.first(path)
        if found and found != NOT_PROVIDED:
            return found
    return entry.first("AcctSvcrRef", "NtryRef")


def _amount(node: _Node, line: int, words: str) -> int:
    for one in node.all("Amt"):
        currency = one.element.get("Ccy", "")
        if currency not in CURRENCIES:
            raise at(line, f"{words} в валюте «{currency[:10]}», а счёт ведётся в рублях")
        found = SUM.match((one.element.text or "").strip())
        rest = (found[2] or "") if found else ""
        if found is None or rest[2:].strip("0"):
            break
        return int(found[1]) * 100 + int(rest[:2].ljust(2, "0"))
    raise at(line, f"{words} не читается: должно быть число вида 1234.56")


def _day(value: str, line: int, words: str) -> dt.date | None:
    if not value:
        return None
    try:
        return dt.date.fromisoformat(value[:10])
    except ValueError:
        raise at(line, f"{words} — «{value[:40]}», а должен быть вида 2026-12-31") from None
