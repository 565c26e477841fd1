"""Ages, groups, steps and deliveries in words; who reads debts and who works with them."""

from __future__ import annotations

from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role

READERS = (*CENTRE_STAFF, Role.COMPANY)
WORKERS = (*ACCRUERS, Role.COMPANY)

AGES = {
    "0": "до месяца",
    "1": "1–2 месяца",
    "2": "2–3 месяца",
    "3": "3–6 месяцев",
    "4": "6–12 месяцев",
    "5": "1–3 года",
    "6": "старше срока давности",
}
GROUPS = {
    "housing": "жилищные услуги",
    "utility": "коммунальные услуги",
    "common": "общее имущество (СОИ)",
    "capital": "капитальный ремонт",
    "other": "прочее и перенесённое",
}
STAGES = {
    "reminder": "напоминание",
    "notice": "предупреждение",
    "restriction": "ограничение",
    "stop": "приостановление",
    "court": "документы в суд",
}
DEEDS = {
    "reminder": ("напоминание", "напоминания", "напоминаний"),
    "notice": ("предупреждение", "предупреждения", "предупреждений"),
    "restriction": ("извещение об ограничении", "извещения об ограничении", "извещений об ограничении"),
    "stop": ("извещение о приостановлении", "извещения о приостановлении", "извещений о приостановлении"),
    "court": ("пакет в суд", "пакета в суд", "пакетов в суд"),
}
"""Forms for a count of one, two and five."""
STATES = {
    "draft": ("черновик", "warn"),
    "approved": ("утверждено, не вручено", "brand"),
    "delivered": ("вручено", "good"),
    "undone": ("отменено", ""),
    "dropped": ("снято", ""),
}
DELIVERIES = {
    "receipt": "под расписку",
    "letter": "заказное письмо",
    "cabinet": "личный кабинет",
    "phone": "звонок с записью",
}
"""Ways of cl. 119 «а» of Rules 354."""
CLOSED = {"paid": "долг оплачен"}


def company_of(me: Me, asked: int | None) -> int | None:
    """The company of a filter: a company has only itself."""
    return me.organisation_id if me.role is Role.COMPANY else asked
