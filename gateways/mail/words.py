"""What letters say: good Russian as text and as plain HTML that any reader shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from html import escape

MONTHS = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip
DAYS = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A subject and the words in both forms."""

    subject: str
    text: str
    html: str


def month(day: dt.date) -> str:
    """октябрь 2026."""
    return f"{MONTHS[day.month - 1]} {day.year}"


def day_of(day: dt.date) -> str:
    """15 ноября."""
    return f"{day.day} {DAYS[day.month - 1]}"


def money(kopecks: int) -> str:
    """4 312,45 ₽."""
    whole = f"{kopecks // 100:,}".replace(",", "\u00a0")
    return f"{whole},{kopecks % 100:02d}\u00a0₽"


def receipt(
    *,
    period: dt.date,
    due_kopecks: int,
    due_on: dt.date,
    account_number: str,
    company_name: str,
    is_locked: bool,
    cabinet: str,
    unsubscribe: str,
) -> Said:
    """A receipt of a month. No name and no address of the payer: a letter is read on strange screens."""
    if due_kopecks > 0:
        asks = f"К оплате {money(due_kopecks)} до {day_of(due_on)} {due_on.year} года."
    else:
        asks = "Платить ничего не нужно."
    lines = [
        "Здравствуйте!",
        f"Во вложении квитанция за {month(period)} по лицевому счёту {account_number} ({company_name}).",
        asks,
    ]
    if is_locked:
        lines.append("Файл открывается паролем, который вы задали в личном кабинете.")
    ends = [("Почему такая сумма, оплата и показания, в личном кабинете:", cabinet)]
    if unsubscribe:
        ends.append(("Больше не присылать квитанции на почту:", unsubscribe))
    return _said(f"Квитанция за {month(period)}, счёт {account_number}", lines, ends)


def code(*, code: str, account_number: str, minutes: int) -> Said:
    """The code that proves an address."""
    lines = [
        "Здравствуйте!",
        f"Код для подтверждения почты: {code}",
        f"Введите его в личном кабинете лицевого счёта {account_number}. Код действует {minutes} минут.",
        "Если вы не указывали этот адрес, ничего не делайте: писем больше не будет.",
    ]
    return _said(f"Код подтверждения {code}", lines, [])


def link(*, amount_kopecks: int, account_number: str, company_name: str, until: dt.date, url: str) -> Said:
    """A link to pay, sent by an organisation."""
    lines = [
        "Здравствуйте!",
        f"{company_name}: ссылка на оплату {money(amount_kopecks)} по лицевому счёту {account_number}.",
        f"Ссылка действует до {day_of(until)} {until.year} года. Войти в кабинет для оплаты не нужно.",
    ]
    return _said(f"Ссылка на оплату, счёт {account_number}", lines, [("Оплатить:", url)])


def _said(subject: str, lines: list[str], ends: list[tuple[str, str]]) -> Said:
    text = "\n\n".join([*lines, *(f"{words}\n{url}" for words, url in ends)]) + "\n"
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    body += "".join(
        f'<p>{escape(words)}<br><a href="{escape(url)}">{escape(url)}</a></p>' for words, url in ends
    )
    html = (
        '<!doctype html><html lang="ru"><head><meta charset="utf-8"></head>'
        '<body style="font:16px/1.5 sans-serif;color:#17202a;background:#fff">' + body + "</body></html>"
    )
    return Said(subject, text, html)
