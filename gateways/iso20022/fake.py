"""A bank for tests that answers in camt.053.001.08: a day's statement of any operations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Move:
    """An operation of the account; parts: sums of a batch booked as one entry."""

    number: str
    amount_kopecks: int
    is_in: bool
    account: str
    inn: str
    name: str
    purpose: str
    parts: tuple[int, ...] = ()


def statement(account: str, day: dt.date, moves: Sequence[Move], opening_kopecks: int = 0) -> bytes:
    """The statement of a day, its balances counted."""
    closing = opening_kopecks + sum(one.amount_kopecks * (1 if one.is_in else -1) for one in moves)
    body = "".join(_entry(one, day) for one in moves)
    own = f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>1</MsgId><CreDtTm>{day}T20:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>1</Id><CreDtTm>{day}T20:00:00</CreDtTm>"
        f"<FrToDt><FrDtTm>{day}T00:00:00</FrDtTm><ToDtTm>{day}T23:59:59</ToDtTm></FrToDt>{own}"
        f"{_balance('OPBD', opening_kopecks, day)}{_balance('CLBD', closing, day)}{body}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(code: str, kopecks: int, day: dt.date) -> str:
    way = "DBIT" if kopecks < 0 else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(abs(kopecks))}"
        f"<CdtDbtInd>{way}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _amount(kopecks: int) -> str:
    return f'<Amt Ccy="RUB">{kopecks // 100}.{kopecks % 100:02d}</Amt>'


def _entry(one: Move, day: dt.date) -> str:
    way = "CRDT" if one.is_in else "DBIT"
    details = "".join(
        _details(one, amount, way, f"-{at}" if one.parts else "")
        for at, amount in enumerate(one.parts or (one.amount_kopecks,), 1)
    )
    return (
        f"<Ntry>{_amount(one.amount_kopecks)}<CdtDbtInd>{way}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><BkTxCd><Prtry><Cd>01</Cd></Prtry></BkTxCd>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _details(one: Move, amount: int, way: str, ending: str) -> str:
    person, other = ("Dbtr", "DbtrAcct") if one.is_in else ("Cdtr", "CdtrAcct")
    side = (
        f"<{person}><Pty><Nm>{escape(one.name)}</Nm><Id><OrgId><Othr><Id>{one.inn}</Id></Othr></OrgId></Id>"
        f"</Pty></{person}><{other}><Id><Othr><Id>{one.account}</Id></Othr></Id></{other}>"
    )
    return (
        f"<TxDtls><Refs><EndToEndId>{one.number}{ending}</EndToEndId></Refs>{_amount(amount)}"
        f"<CdtDbtInd>{way}</CdtDbtInd><RltdPties>{side}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(one.purpose)}</Ustrd></RmtInf></TxDtls>"
    )
