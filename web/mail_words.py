"""Words of e-mail that several pages use: states of letters and of addresses, what an address may be."""

from __future__ import annotations

import re

LETTER_STATES = {
    "waiting": ("ждёт отправки", ""),
    "sending": ("отправляется", "brand"),
    "sent": ("отправлено", "good"),
    "delivered": ("доставлено", "good"),
    "unclear": ("неизвестно, дошло ли", "warn"),
    "refused": ("не принято", "bad"),
    "bounced": ("вернулось", "bad"),
    "cancelled": ("отменено", ""),
}
KINDS = {"receipt": "квитанция", "code": "код подтверждения", "link": "ссылка на оплату"}
BOX_STATES = {
    "asked": ("ждёт подтверждения", "warn"),
    "confirmed": ("подтверждена", "good"),
    "broken": ("не работает", "bad"),
    "off": ("отключена", ""),
}
RETURNS = {
    "delivered": "доставлено",
    "delayed": "задерживается",
    "dead": "такого адреса нет",
    "failed": "не доставлено",
    "other": "ответ автомата",
}
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
ADDRESS_MAX = 200
WRONG_ADDRESS = "Введите адрес почты латиницей, например ivanova@pochta.ru."


def address_of(typed: str) -> str | None:
    """The address as it is kept, or None when it cannot be one."""
    return typed if len(typed) <= ADDRESS_MAX and ADDRESS.fullmatch(typed) else None
