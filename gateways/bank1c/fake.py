"""A bank for tests and demonstrations: takes a file of orders, gives a statement that closes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Income:
    """Money somebody sends to our account."""

    number: str
    amount_kopecks: int
    payer_name: str
    payer_inn: str
    payer_account: str
    purpose: str


def statement(
    account: str, day: dt.date, orders: bytes | None, incomes: Sequence[Income] = (), opening_kopecks: int = 0
) -> bytes:
    """The statement of a day: every order of the file was paid, every income came."""
    sent = [] if orders is None else _orders(orders)
    sent_sum = sum(_kopecks(one["Сумма"]) for one in sent)
    received = sum(one.amount_kopecks for one in incomes)
    stamp = f"{day:%d.%m.%Y}"
    lines = ["1CClientBankExchange", "ВерсияФормата=1.03", "Кодировка=Windows", "Отправитель=Банк"]
    lines += [f"ДатаНачала={stamp}", f"ДатаКонца={stamp}", f"РасчСчет={account}", "СекцияРасчСчет"]
    lines += [f"ДатаНачала={stamp}", f"ДатаКонца={stamp}", f"РасчСчет={account}"]
    closing = opening_kopecks + received - sent_sum
    for key, value in (
        ("НачальныйОстаток", opening_kopecks),
        ("ВсегоПоступило", received),
        ("ВсегоСписано", sent_sum),
        ("КонечныйОстаток", closing),
    ):
        lines.append(f"{key}={_written(value)}")
    lines.append("КонецРасчСчет")
    for one in incomes:
        lines += ["СекцияДокумент=Платежное поручение", f"Номер={one.number}", f"Дата={stamp}"]
        lines += [f"Сумма={_written(one.amount_kopecks)}", f"ПлательщикСчет={one.payer_account}"]
        lines += [f"Плательщик1={one.payer_name}", f"ПлательщикИНН={one.payer_inn}"]
        lines += [f"ПолучательСчет={account}", f"ДатаПоступило={stamp}"]
        lines += [f"НазначениеПлатежа={one.purpose}", "КонецДокумента"]
    for order in sent:
        lines.append("СекцияДокумент=Платежное поручение")
        lines += [f"{key}={value}" for key, value in order.items()]
        lines += [f"ДатаСписано={stamp}", "КонецДокумента"]
    return ("\r\n".join([*lines, "КонецФайла"]) + "\r\n").encode("cp1251", "replace")


def _orders(content: bytes) -> list[dict[str, str]]:
    out: list[dict[str, str]] = []
    for line in content.decode("cp1251").split("\r\n"):
        key, _, value = line.partition("=")
        if key == "СекцияДокумент":
            out.append({})
        elif out and key not in ("КонецДокумента", "КонецФайла", ""):
            out[-1][key] = value
    return out


def _kopecks(value: str) -> int:
    whole, _, rest = value.partition(".")
    return int(whole) * 100 + int(rest)


def _written(kopecks: int) -> str:
    sign = "-" if kopecks < 0 else ""
    return f"{sign}{abs(kopecks) // 100}.{abs(kopecks) % 100:02d}"
