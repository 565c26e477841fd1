"""Payments by card and СБП in words, their QR, and the view of one order that three pages share."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from markupsafe import Markup

from receipts.qr_symbol import qr_modules
from storage.card_gates import CardGate
from storage.card_orders import CARD, OPEN, SBP, WAITS, Order
from storage.card_pages import CheckLine

STATES = {
    "offered": ("ссылка отправлена", ""),
    "created": ("открываем в банке", "warn"),
    "open": ("ждём оплату", "warn"),
    "paid": ("оплачено", "good"),
    "refused": ("отказ", "bad"),
    "expired": ("время вышло", ""),
    "mismatch": ("сумма расходится", "bad"),
    "part_refunded": ("возвращено частично", "warn"),
    "refunded": ("возвращено", ""),
}
"""State of an order: words and the tone of its badge."""
METHODS = {"": "не выбран", CARD: "карта", SBP: "СБП"}
SOURCES = {"cabinet": "кабинет", "link": "ссылка"}
CHECK_STATES = {
    "waiting": ("ждёт отправки", "warn"),
    "sent": ("в кассе", "warn"),
    "done": ("готов", "good"),
    "failed": ("не удался", "bad"),
    "replaced": ("заменён", ""),
}
CHECK_KINDS = {"sell": "приход", "sell_refund": "возврат прихода", "sell_correction": "коррекция"}
REFUND_STATES = {
    "waiting": ("ждёт второго сотрудника", "warn"),
    "approved": ("отправлен в банк", "warn"),
    "declined": ("отклонён", ""),
    "done": ("деньги возвращены", "good"),
    "failed": ("банк отказал", "bad"),
}
EMAIL = re.compile(r"[^@\s]{1,60}@[^@\s]+\.[^@\s]{2,20}")
PHONE = re.compile(r"\+7\d{10}")
QUIET = 4


@dataclass(frozen=True, slots=True)
class OrderCard:
    """An order as its payer sees it."""

    order: Order
    checks: list[CheckLine]
    now: dt.datetime
    base: str
    goes: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether the page asks again by itself."""
        return self.order.state in WAITS and (self.now - self.order.expires_at) < dt.timedelta(minutes=10)

    @property
    def state_url(self) -> str:
        """Where the page asks; goes: the payer is on the way to the bank, not back from it."""
        return f"{self.base}/state?go=1" if self.goes else f"{self.base}/state"

    @property
    def leaves(self) -> bool:
        """Whether the payer is to be sent to the bank's page now."""
        return self.goes and self.order.state == OPEN and not self.is_sbp

    @property
    def pause_s(self) -> int:
        """How soon it asks: at first quickly, then slower."""
        age_s = (self.now - self.order.recorded_at).total_seconds()
        return 1 if self.order.state != OPEN or age_s < 20 else 3 if age_s < 120 else 10

    @property
    def is_sbp(self) -> bool:
        """Whether a QR is shown."""
        return self.order.method == SBP

    @property
    def qr(self) -> Markup:
        """The QR of the payload of СБП."""
        return qr_svg(self.order.link) if self.order.link else Markup("")

    @property
    def ready_check(self) -> CheckLine | None:
        """The check to show, once it is made."""
        return next((one for one in self.checks if one.state == "done" and one.kind != "sell_refund"), None)

    @property
    def contact(self) -> str:
        """Where the check goes, masked: i***@mail.ru."""
        return masked(self.order.contact)


def masked(contact: str) -> str:
    """i***@mail.ru, +7*****4567."""
    name, at, host = contact.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{contact[:2]}******{contact[-4:]}" if contact else ""


def qr_svg(payload: str) -> Markup:
    """A QR as SVG that scales: one path of dark squares."""
    modules = qr_modules(payload.encode())
    size = len(modules) + 2 * QUIET
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z"
        for y, row in enumerate(modules.tolist())
        for x, dark in enumerate(row)
        if dark
    )
    return Markup(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="QR-код для оплаты по СБП" width="260" '
        'height="260"><rect width="{0}" height="{0}" fill="#fff"/><path d="{1}" fill="#000"/></svg>'
    ).format(size, path)


def contact_of(value: str) -> str | None:
    """An e-mail or a phone as the check takes it; None when it is neither."""
    told = value.strip()
    if EMAIL.fullmatch(told):
        return told
    digits = "".join(sign for sign in told if sign.isdigit())
    if len(digits) == 11 and digits[0] in "78":
        return f"+7{digits[1:]}"
    return f"+7{digits}" if len(digits) == 10 else None


def limits(gates: dict[str, CardGate]) -> tuple[int, int]:
    """The least and the most that every way takes, kopecks."""
    least = max((int(one.profile.get("least_kopecks", 1_00)) for one in gates.values()), default=1_00)
    most = min((int(one.profile.get("most_kopecks", 1)) for one in gates.values()), default=1)
    return least, most


def lifetime(gate: CardGate) -> dt.timedelta:
    """How long an order of this gate may be paid."""
    return dt.timedelta(minutes=int(gate.profile.get("lifetime_minutes", 20)))
