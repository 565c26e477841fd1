"""Papers of the overdue process: reminder, warning, restriction, stop, in words of Rules 354, cl. 117–120."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing.paper import Claim
from receipts.papers import (
    REMINDER,
    RESTRICTION,
    STOP,
    TITLES,
    WARNING,
    Paper,
    Table,
    draw,
    letterhead,
    requisites,
    table_part,
    text_part,
)
from receipts.words import day, money, month

SIGN = "Ответственный сотрудник"
NORM_MONTHS = 2
Told = list[dict[str, Any]]

HELP = (
    "Если нет возможности оплатить сразу, обратитесь за соглашением о рассрочке. Если вы уже оплатили, "
    "не принимайте этот документ во внимание."
)
BACK = (
    "Услугу возобновят в течение двух календарных дней после полного погашения долга или заключения "
    "соглашения о порядке его погашения (п. 120 Правил, утв. ПП РФ № 354)."
)
NEVER = "Отопление и холодное водоснабжение в многоквартирном доме не приостанавливаются (п. 119)."


def claim_paper(kind: str, claim: Claim, number: str) -> Paper:
    """A paper of one of the four kinds."""
    return Paper(
        title=TITLES[kind],
        number=number,
        issued_on=claim.on,
        issuer=letterhead(claim.issuer),
        to=(claim.payer, claim.address),
        parts=(*_TELLERS[kind](claim), text_part(requisites(claim.issuer, claim.account_number))),
        signs=(SIGN,),
        facts=(("Лицевой счёт", claim.account_number), ("Адрес", claim.address), ("Плательщик", claim.payer)),
    )


def render_claim(kind: str, claim: Claim, number: str) -> bytes:
    """PDF of it, the same bytes for the same claim. Raises ReceiptRenderError."""
    return draw(claim_paper(kind, claim, number))


def _owed(claim: Claim) -> dict[str, Any]:
    since = f", самый ранний неоплаченный месяц — {month(claim.oldest)}" if claim.oldest else ""
    penalty = (
        f" Неоплаченные пени: {money(claim.penalties_kopecks)} ₽, всего к оплате "
        f"{money(claim.whole_kopecks)} ₽."
        if claim.penalties_kopecks
        else ""
    )
    return text_part(
        f"На {day(claim.on)} просрочено {money(claim.overdue_kopecks)} ₽, неоплаченных месяцев: "
        f"{claim.months}{since}.{penalty}",
        "strong",
    )


def _services(claim: Claim) -> dict[str, Any]:
    rows = tuple(
        (one.label, money(one.owed_kopecks), money(one.month_kopecks), money(NORM_MONTHS * one.month_kopecks))
        for one in claim.services
    )
    head = ("Услуга", "Долг, ₽", "Месяц по нормативу, ₽", "Два месяца, ₽")
    return table_part(Table(head, rows, "lrrr", ("1fr", "auto", "auto", "auto"), title="По каким услугам"))


def _reminder(claim: Claim) -> Told:
    return [
        _owed(claim),
        text_part(
            "Плата вносится ежемесячно (ст. 155 ЖК РФ), за просрочку начисляются пени (ч. 14 ст. 155). "
            "Пожалуйста, оплатите долг в ближайшие дни."
        ),
        text_part(HELP),
    ]


def _warning(claim: Claim) -> Told:
    return [
        _owed(claim),
        _services(claim),
        text_part(
            "Долг по каждой из этих услуг больше двух месячных размеров платы, посчитанных по нормативу "
            "потребления (п. 118 Правил, утв. ПП РФ № 354). Если его не погасить в течение "
            f"{claim.wait_days} дней со дня доставки этого предупреждения, предоставление услуг может быть "
            "сначала ограничено, а затем приостановлено (пп. 117, 119)."
        ),
        text_part(
            "Если ограничить услугу технически нельзя, по истечении того же срока её приостановят без "
            f"предварительного ограничения (п. 119). {NEVER}"
        ),
        text_part(HELP),
    ]


def _restriction(claim: Claim) -> Told:
    return [
        _owed(claim),
        _services(claim),
        text_part(
            "Долг не погашен в срок, названный в предупреждении. Предоставление этих услуг ограничивается "
            f"(п. 119 Правил, утв. ПП РФ № 354). Если долг не погасить в течение {claim.wait_days} дней "
            f"со дня введения ограничения, услуги приостановят. {NEVER}"
        ),
        text_part(BACK),
        text_part(HELP),
    ]


def _stop(claim: Claim) -> Told:
    return [
        _owed(claim),
        _services(claim),
        text_part(
            "Долг не погашен и после ограничения. Предоставление этих услуг приостанавливается "
            f"(п. 119 Правил, утв. ПП РФ № 354). {NEVER}"
        ),
        text_part(BACK),
        text_part(HELP),
    ]


_TELLERS: dict[str, Callable[[Claim], Told]] = {
    REMINDER: _reminder,
    WARNING: _warning,
    RESTRICTION: _restriction,
    STOP: _stop,
}
