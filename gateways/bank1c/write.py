"""Writes payment orders as 1CClientBankExchange 1.03 for the bank client: cp1251, CRLF.

The same orders give the same bytes: the moment of creation is the caller's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from gateways.bank_order import NAME_MAX, PURPOSE_MAX, Order, Side, clean


def write(payer: Side, orders: Sequence[Order], made_at: dt.datetime) -> bytes:
    """The file of orders that `payer` gives its bank."""
    assert orders, "a file of orders holds at least one"
    days = [one.day for one in orders]
    lines = [
        "1CClientBankExchange",
        "ВерсияФормата=1.03",
        "Кодировка=Windows",
        "Отправитель=Pay-logic",
        "Получатель=",
        f"ДатаСоздания={made_at:%d.%m.%Y}",
        f"ВремяСоздания={made_at:%H:%M:%S}",
        f"ДатаНачала={min(days):%d.%m.%Y}",
        f"ДатаКонца={max(days):%d.%m.%Y}",
        f"РасчСчет={payer.account}",
        "Документ=Платежное поручение",
    ]
    for one in orders:
        lines += _document(payer, one)
    lines.append("КонецФайла")
    return ("\r\n".join(lines) + "\r\n").encode("cp1251", "replace")


def _document(payer: Side, one: Order) -> list[str]:
    assert one.amount_kopecks > 0, "an order is for more than nothing"
    purpose = clean(one.purpose, PURPOSE_MAX)
    return [
        "СекцияДокумент=Платежное поручение",
        f"Номер={one.number}",
        f"Дата={one.day:%d.%m.%Y}",
        f"Сумма={one.amount_kopecks // 100}.{one.amount_kopecks % 100:02d}",
        f"ПлательщикСчет={payer.account}",
        *_side("Плательщик", payer),
        f"ПолучательСчет={one.payee.account}",
        *_side("Получатель", one.payee),
        "ВидПлатежа=Электронно",
        "ВидОплаты=01",
        "Очередность=5",
        f"НазначениеПлатежа={purpose}",
        f"НазначениеПлатежа1={purpose}",
        "КонецДокумента",
    ]


def _side(word: str, side: Side) -> list[str]:
    name = clean(side.name, NAME_MAX)
    return [
        f"{word}={name}",
        f"{word}ИНН={side.inn}",
        f"{word}КПП={side.kpp}",
        f"{word}1={name}",
        f"{word}РасчСчет={side.account}",
        f"{word}Банк1={clean(side.bank, NAME_MAX)}",
        f"{word}БИК={side.bic}",
        f"{word}Корсчет={side.corr_account}",
    ]
