"""The paper of an agreement on paying in parts: what, by which days, what becomes of penalties."""

from __future__ import annotations

from typing import Any

from billing.paper import Bargain
from receipts.papers import (
    AGREEMENT,
    TITLES,
    Paper,
    Table,
    draw,
    letterhead,
    requisites,
    table_part,
    text_part,
)
from receipts.words import day, day_short, money, month


def bargain_paper(bargain: Bargain, number: str) -> Paper:
    """The paper. Raises PaperMismatchError when its parts do not come to the sum."""
    bargain.check()
    return Paper(
        title=TITLES[AGREEMENT],
        number=number,
        issued_on=bargain.on,
        issuer=letterhead(bargain.issuer),
        to=(),
        parts=(
            text_part(_what(bargain)),
            _schedule(bargain),
            text_part(_penalties(bargain)),
            text_part(
                f"Часть считается оплаченной вовремя, если деньги пришли не позже {bargain.grace_days}-го "
                "дня после её срока. Платить раньше и больше можно в любой день без дополнительных условий."
            ),
            text_part("Текущие начисления по этому счёту вносятся полностью и в обычный срок."),
            text_part(requisites(bargain.issuer, bargain.account_number)),
        ),
        signs=(bargain.issuer.name, bargain.payer),
        facts=(
            ("Соглашение", f"№ {bargain.agreement_id}"),
            ("Лицевой счёт", bargain.account_number),
            ("Адрес", bargain.address),
            ("Плательщик", bargain.payer),
        ),
    )


def render_bargain(bargain: Bargain, number: str) -> bytes:
    """PDF of it. Raises PaperMismatchError, ReceiptRenderError."""
    return draw(bargain_paper(bargain, number))


def _what(bargain: Bargain) -> str:
    ground = f" Основание: {bargain.document}." if bargain.document else ""
    if bargain.is_rise:
        rate = (
            f"с процентами {bargain.rate_permille // 10},{bargain.rate_permille % 10} % годовых"
            if bargain.rate_permille
            else "без процентов"
        )
        return (
            "Плата за коммунальную услугу выросла больше чем на четверть к тому же месяцу прошлого года, "
            f"поэтому {bargain.issuer.name} предоставляет рассрочку (п. 72 Правил, утв. ПП РФ № 354): "
            f"{bargain.about}, {money(bargain.amount_kopecks)} ₽, двенадцатью частями {rate}.{ground}"
        )
    about = f"{bargain.about[0].lower()}{bargain.about[1:]}"
    return (
        f"{bargain.issuer.name} и {bargain.payer} договорились, что долг за жилое помещение и коммунальные "
        f"услуги на {day(bargain.on)}, {money(bargain.amount_kopecks)} ₽ ({about}), оплачивается частями "
        f"по графику.{ground}"
    )


def _schedule(bargain: Bargain) -> dict[str, Any]:
    has_interest = any(part.interest_kopecks for part in bargain.parts)
    rows = tuple(
        (
            str(part.ordinal),
            month(part.period.first_day),
            day_short(part.due_on),
            money(part.amount_kopecks),
            *((money(part.interest_kopecks), money(part.total_kopecks)) if has_interest else ()),
        )
        for part in bargain.parts
    )
    extra = ("Проценты, ₽", "Всего, ₽") if has_interest else ()
    total: tuple[str, ...] = ("", "Всего", "", money(bargain.amount_kopecks))
    if has_interest:
        total += (
            money(sum(part.interest_kopecks for part in bargain.parts)),
            money(sum(part.total_kopecks for part in bargain.parts)),
        )
    return table_part(
        Table(
            head=("№", "Месяц", "Оплатить до", "Часть, ₽", *extra),
            rows=rows,
            aligns="lllr" + "r" * len(extra),
            widths=("auto", "1fr", "auto", "auto", *("auto" for _ in extra)),
            total=total,
            title="График",
        )
    )


def _penalties(bargain: Bargain) -> str:
    if bargain.is_rise:
        return (
            "Срок оплаты каждой части — срок оплаты её месяца. Пени начисляются только на часть, "
            "не оплаченную в свой срок (ч. 14 ст. 155 ЖК РФ)."
        )
    kept = (
        "Пока график соблюдается, пени на этот долг не начисляются."
        if bargain.is_stopped
        else "Пени на этот долг начисляются по ч. 14 ст. 155 ЖК РФ и при соблюдении графика."
    )
    if not bargain.is_stopped:
        return kept
    broken = (
        "за всё время с первоначального срока оплаты"
        if bargain.is_whole
        else "со дня нарушения, при этом дни просрочки считаются с первоначального срока оплаты"
    )
    return f"{kept} При нарушении графика пени начисляются {broken}."
