"""Papers about an account: certificate of debt, statement, household, reconciliation, notice, penalties, the
pack for a court. Each is a dossier told in its own words; one Typst form draws them all.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import pikepdf
import typst

from billing.paper import Dossier, MonthMove, Relief
from billing.penalty.kernel import DIVISOR
from billing.penalty.trace import Piece
from billing.receipt_parts import Payee
from receipts.render import PDF_STANDARD, ReceiptRenderError, in_words, pt_sans
from receipts.words import area, breakable, day, day_short, money, month, scaled, signed_money

FORM = Path(__file__).parent / "forms" / "paper.typ"
DEBT, STATEMENT, FAMILY, RECONCILIATION, NOTICE, PENALTIES, COURT = (
    "debt", "statement", "family", "reconciliation", "notice", "penalties", "court",
)  # fmt: skip
RELIEF = "relief"
AGREEMENT = "agreement"
"""An agreement on paying in parts; `receipts.bargains` tells it."""
REMINDER, WARNING, RESTRICTION, STOP = "reminder", "warning", "restriction", "stop"
"""Papers of the overdue process; `receipts.claims` tells them."""
TITLES = {
    DEBT: "Справка о состоянии расчётов",
    STATEMENT: "Выписка из лицевого счёта",
    FAMILY: "Справка о составе семьи",
    RECONCILIATION: "Акт сверки расчётов",
    NOTICE: "Уведомление о задолженности",
    PENALTIES: "Расчёт пеней",
    RELIEF: "Расшифровка льгот",
    COURT: "Документы для суда",
    REMINDER: "Напоминание о задолженности",
    WARNING: "Предупреждение об ограничении коммунальных услуг",
    RESTRICTION: "Извещение об ограничении коммунальных услуг",
    STOP: "Извещение о приостановлении коммунальных услуг",
    AGREEMENT: "Соглашение о рассрочке",
}
PACK = (NOTICE, STATEMENT, PENALTIES, FAMILY)
"""What goes to a court, in this order."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: alignments are «l» and «r», widths are Typst's (auto, 1fr)."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    aligns: str
    widths: tuple[str, ...]
    total: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper ready to be drawn: strings only. Parts: texts, facts and tables in order."""

    title: str
    number: str
    issued_on: date
    issuer: tuple[str, ...]
    to: tuple[str, ...]
    parts: tuple[dict[str, Any], ...]
    signs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = field(default=())


def paper_of(kind: str, dossier: Dossier, number: str, purpose: str = "") -> Paper:
    """A paper of a kind but COURT. Raises PaperMismatchError."""
    dossier.check()
    parts, to, signs = _TELLERS[kind](dossier)
    if purpose:
        parts = [*parts, _text(f"Выдано для предъявления: {purpose}.")]
    return Paper(
        title=TITLES[kind],
        number=number,
        issued_on=dossier.on,
        issuer=letterhead(dossier.issuer),
        to=tuple(to),
        parts=tuple(parts),
        signs=tuple(signs),
        facts=_facts(dossier),
    )


def render(kind: str, dossier: Dossier, number: str, purpose: str = "") -> bytes:
    """PDF of a paper, the same bytes for the same dossier. Raises PaperMismatchError, ReceiptRenderError."""
    if kind != COURT:
        return draw(paper_of(kind, dossier, number, purpose))
    kinds = [one for one in PACK if one != PENALTIES or dossier.debts]
    return bound([draw(paper_of(one, dossier, number, purpose)) for one in kinds], TITLES[COURT])


def draw(paper: Paper, form: Path = FORM) -> bytes:
    """PDF/UA of a paper by the form."""
    data = asdict(paper) | {"issued": day(paper.issued_on)}
    data.pop("issued_on")
    stamp = datetime.combine(paper.issued_on, time(), tzinfo=UTC)
    compiler = typst.Compiler(input=form, root=form.parent, font_paths=pt_sans())
    try:
        made = compiler.compile(
            format="pdf",
            sys_inputs={"paper": json.dumps(_breakable(data), ensure_ascii=False)},
            pdf_standards=PDF_STANDARD,
            timestamp=stamp,
        )
    except typst.TypstError as error:
        raise ReceiptRenderError(in_words(error)) from error
    assert isinstance(made, bytes), "one PDF is one string of bytes"
    return made


def _breakable(value: Any) -> Any:
    if isinstance(value, str):
        return breakable(value)
    if isinstance(value, (list, tuple)):
        return [_breakable(one) for one in value]
    return {key: _breakable(one) for key, one in value.items()} if isinstance(value, dict) else value


def bound(files: Sequence[bytes], title: str) -> bytes:
    """Several papers as one file, in the order given."""
    out = pikepdf.new()
    for one in files:
        with pikepdf.open(io.BytesIO(one)) as source:
            out.pages.extend(source.pages)
    out.Root.Lang = pikepdf.String("ru")
    out.docinfo["/Title"] = title
    made = io.BytesIO()
    out.save(made, deterministic_id=True)
    return made.getvalue()


# ---- parts every paper has --------------------------------------------------------------------------------


def text_part(words: str, style: str = "body") -> dict[str, Any]:
    """A paragraph; style: body or strong."""
    return _text(words, style)


def table_part(table: Table) -> dict[str, Any]:
    """A table."""
    return _table(table)


def _text(words: str, style: str = "body") -> dict[str, Any]:
    return {"is": "text", "words": words, "style": style}


def _table(table: Table) -> dict[str, Any]:
    return {"is": "table", **asdict(table)}


def letterhead(one: Payee) -> tuple[str, ...]:
    """Lines of an organisation above a paper."""
    numbers = ", ".join(
        f"{name} {value}" for name, value in (("ИНН", one.inn), ("КПП", one.kpp), ("ОГРН", one.ogrn)) if value
    )
    contacts = ", ".join(words for words in (one.phone, one.email) if words)
    return tuple(words for words in (one.name, one.address, numbers, contacts) if words)


def _facts(dossier: Dossier) -> tuple[tuple[str, str], ...]:
    rows = [("Лицевой счёт", dossier.account_number)]
    if dossier.els:
        rows.append(("ЕЛС", dossier.els))
    rows += [("Адрес", dossier.address), ("Плательщик", dossier.payer)]
    if dossier.area_dm2 is not None:
        rows.append(("Общая площадь", area(dossier.area_dm2)))
    return tuple(rows)


def _debt_words(kopecks: int) -> str:
    if kopecks > 0:
        return f"долг {money(kopecks)} ₽"
    return f"переплата {money(-kopecks)} ₽" if kopecks else "долга нет"


def _months(dossier: Dossier, with_notes: bool) -> dict[str, Any]:
    moves = dossier.months
    has_other = any(one.other_kopecks for one in moves)
    head = ["Месяц", "На начало, ₽", "Начислено, ₽", "Оплачено, ₽"]
    head += (["Прочее, ₽"] if has_other else []) + ["На конец, ₽"]
    total = ["Итого", "", *(_sum(moves, "charged_kopecks"), _sum(moves, "paid_kopecks"))]
    total += ([_sum(moves, "other_kopecks")] if has_other else []) + [""]
    return _table(
        Table(
            head=tuple(head),
            rows=tuple(_move(one, has_other, with_notes) for one in moves),
            aligns="l" + "r" * (len(head) - 1),
            widths=("1fr", *["auto"] * (len(head) - 1)),
            total=tuple(total) if moves else (),
            title=f"Движение по счёту, {_span(dossier)}" if moves else "",
        )
    )


def _sum(moves: Sequence[MonthMove], name: str) -> str:
    return money(sum(getattr(one, name) for one in moves))


def _move(one: MonthMove, has_other: bool, with_notes: bool) -> tuple[str, ...]:
    notes = "".join(f"\n{words}" for words in one.notes) if with_notes else ""
    cells = [
        month(one.month) + notes,
        money(one.opening_kopecks),
        money(one.charged_kopecks),
        money(one.paid_kopecks),
    ]
    return (*cells, *([signed_money(one.other_kopecks)] if has_other else []), money(one.closing_kopecks))


def _span(dossier: Dossier) -> str:
    first, last = dossier.months[0].month, dossier.months[-1].month
    return month(first) if first == last else f"{month(first)} – {month(last)}"


SIGN = "Ответственный сотрудник"
Told = tuple[list[dict[str, Any]], list[str], list[str]]


# ---- papers -----------------------------------------------------------------------------------------------


def _debt(dossier: Dossier) -> Told:
    words = f"На {day(dossier.on)} по лицевому счёту {_debt_words(dossier.balance_kopecks)}."
    penalty = (
        f"Неоплаченные пени: {money(dossier.penalties_owed_kopecks)} ₽."
        if dossier.penalties_owed_kopecks
        else "Неоплаченных пеней нет."
    )
    parts = [_text(words, "strong"), _text(penalty)]
    if dossier.months:
        parts.append(_months(dossier, with_notes=False))
    return parts, [], [SIGN]


def _statement(dossier: Dossier) -> Told:
    parts = [_months(dossier, with_notes=True)] if dossier.months else []
    parts.append(_text(f"На {day(dossier.on)} {_debt_words(dossier.balance_kopecks)}.", "strong"))
    if dossier.penalties_charged_kopecks:
        parts.append(
            _text(
                f"Пени: начислено {money(dossier.penalties_charged_kopecks)} ₽, "
                f"оплачено {money(dossier.penalties_paid_kopecks)} ₽."
            )
        )
    return parts, [], [SIGN]


def _family(dossier: Dossier) -> Told:
    people = tuple(
        (
            one.name,
            day_short(one.born_on) if one.born_on else "–",
            one.relation or "–",
            "постоянно" if one.is_permanent else "временно",
            day_short(one.since),
            day_short(one.until) if one.until else "–",
        )
        for one in dossier.residents
    )
    parts: list[dict[str, Any]] = []
    if people:
        head = ("Имя", "Родился", "Отношение", "Проживает", "С", "По")
        parts.append(
            _table(
                Table(
                    head, people, "llllll", ("1fr", *["auto"] * 5), title="Зарегистрированы по этому адресу"
                )
            )
        )
    else:
        parts.append(_text("По этому адресу никто не зарегистрирован.", "strong"))
    owners = tuple(
        (one.name, f"{one.share_num}/{one.share_den}" if one.share_den != one.share_num else "1", one.ground)
        for one in dossier.owners
    )
    if owners:
        head_ = ("Собственник", "Доля", "Основание")
        parts.append(_table(Table(head_, owners, "lll", ("1fr", "auto", "1fr"), title="Собственники")))
    parts.append(_text(f"Сведения на {day(dossier.on)}."))
    return parts, [], [SIGN]


def _reconciliation(dossier: Dossier) -> Told:
    opening = dossier.months[0].opening_kopecks if dossier.months else dossier.balance_kopecks
    closing = dossier.months[-1].closing_kopecks if dossier.months else dossier.balance_kopecks
    parts = [
        _text(
            f"{dossier.issuer.name} и {dossier.payer} сверили расчёты за жилищно-коммунальные услуги. "
            f"На начало периода {_debt_words(opening)}."
        )
    ]
    if dossier.months:
        parts.append(_months(dossier, with_notes=True))
    parts.append(_text(f"На конец периода {_debt_words(closing)}.", "strong"))
    parts.append(
        _text("Если с данными согласны, подпишите и верните один экземпляр; если нет — укажите расхождения.")
    )
    return parts, [], [dossier.issuer.name, dossier.payer]


def _notice(dossier: Dossier) -> Told:
    owed = max(dossier.balance_kopecks, 0)
    whole = owed + dossier.penalties_owed_kopecks
    parts = [
        _text(f"На {day(dossier.on)} {_debt_words(dossier.balance_kopecks)}.", "strong"),
    ]
    if dossier.penalties_owed_kopecks:
        parts.append(
            _text(
                f"Неоплаченные пени: {money(dossier.penalties_owed_kopecks)} ₽. "
                f"Всего к оплате {money(whole)} ₽."
            )
        )
    if dossier.months:
        parts.append(_months(dossier, with_notes=False))
    if owed:
        parts.append(_text(_WARNING))
        parts.append(_text(_requisites(dossier)))
        parts.append(_text(_HELP))
    return parts, [dossier.payer, dossier.address], [SIGN]


_WARNING = (
    "Плата вносится ежемесячно (ст. 155 ЖК РФ). За просрочку начисляются пени по ч. 14 ст. 155 ЖК РФ. "
    "Если долг больше двух месячных размеров платы, посчитанных по нормативу, услуга может быть ограничена "
    "или приостановлена после предупреждения за 20 дней (пп. 117–119 Правил, утв. ПП РФ № 354). Долг "
    "может быть взыскан судебным приказом."
)
_HELP = (
    "Если нет возможности оплатить сразу, обратитесь за соглашением о рассрочке. Если вы уже оплатили, "
    "не принимайте это уведомление во внимание."
)


def _requisites(dossier: Dossier) -> str:
    return requisites(dossier.issuer, dossier.account_number)


def requisites(one: Payee, account_number: str) -> str:
    """Where to pay, in a sentence or two."""
    if not one.bank_account:
        return f"Получатель: {one.name}, ИНН {one.inn}."
    parts = [
        f"Получатель: {one.name}, ИНН {one.inn}",
        f"счёт {one.bank_account} в {one.bank_name}",
        f"БИК {one.bic}",
    ]
    if one.correspondent_account.strip("0"):
        parts.append(f"корр. счёт {one.correspondent_account}")
    return ", ".join(parts) + f". В назначении укажите лицевой счёт {account_number}."


def _penalties(dossier: Dossier) -> Told:
    parts: list[dict[str, Any]] = []
    for debt in dossier.debts:
        rows = tuple(_piece(one) for one in debt.pieces)
        parts.append(
            _table(
                Table(
                    head=("Дни", "Расчёт", "Получается, ₽"),
                    rows=rows,
                    aligns="llr",
                    widths=("auto", "1fr", "auto"),
                    total=("", f"Пени, {debt.clause}", money(debt.total_kopecks)),
                    title=f"{debt.service}, {month(debt.month)}, "
                    f"срок оплаты {day_short(debt.due_on)}, {debt.payee}",
                )
            )
        )
    if not parts:
        parts.append(_text("Пени не начислялись.", "strong"))
    charged, paid = dossier.penalties_charged_kopecks, dossier.penalties_paid_kopecks
    parts.append(
        _text(
            f"Всего начислено {money(charged)} ₽, оплачено {money(paid)} ₽, "
            f"к оплате {money(dossier.penalties_owed_kopecks)} ₽.",
            "strong",
        )
    )
    parts.append(_text("Сумма каждого долга округляется один раз, в конце его расчёта."))
    return parts, [], [SIGN]


def _piece(piece: Piece) -> tuple[str, str, str]:
    base = money(piece.base_kopecks)
    rate = scaled(piece.rate_bp, 2, 0)
    exact = Fraction(piece.numerator, DIVISOR) * 100
    tenths = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    days = f"{day_short(piece.first)} – {day_short(piece.last)}"
    return days, f"{base} ₽ × {rate} % × 1/{piece.denominator} × {piece.days} дн.", scaled(tenths, 4, 2)


def _relief(dossier: Dossier) -> Told:
    """Month by month: who, what for, from what sum, how much; then the two sums it comes to."""
    parts: list[dict[str, Any]] = []
    for of_month, items in groupby(dossier.reliefs, key=lambda one: one.month):
        rows = tuple(items)
        parts.append(
            _table(
                Table(
                    head=(
                        "Услуга",
                        "Чья льгота",
                        "С суммы, ₽",
                        "Доля",
                        "Вычтено, ₽",
                        "Выплатит соцзащита, ₽",
                    ),
                    rows=tuple(_relief_row(one) for one in rows),
                    aligns="llrrrr",
                    widths=("1fr", "1fr", "auto", "auto", "auto", "auto"),
                    total=(
                        "Итого",
                        "",
                        "",
                        "",
                        money(sum(one.off_kopecks for one in rows)),
                        money(sum(one.paid_kopecks for one in rows)),
                    ),
                    title=month(of_month).capitalize(),
                )
            )
        )
    if not parts:
        return [_text("Льготы в эти месяцы не предоставлялись.", "strong")], [], [SIGN]
    off = sum(one.off_kopecks for one in dossier.reliefs)
    paid = sum(one.paid_kopecks for one in dossier.reliefs)
    parts.append(
        _text(f"Всего вычтено в квитанциях {money(off)} ₽, выплачивает соцзащита {money(paid)} ₽.", "strong")
    )
    parts.append(
        _text(
            "Доля посчитана с учётом того, на кого распространяется льгота, норм и дней её действия. "
            "Начисление каждой услуги округляется один раз."
        )
    )
    return parts, [], [SIGN]


def _relief_row(one: Relief) -> tuple[str, ...]:
    who = ", ".join(words for words in (one.person, one.ground) if words)
    return (
        one.service,
        who,
        money(one.charged_kopecks),
        f"{scaled(one.share_bp, 2, 0)} %",
        money(one.off_kopecks) if one.off_kopecks else "–",
        money(one.paid_kopecks) if one.paid_kopecks else "–",
    )


_TELLERS: dict[str, Callable[[Dossier], Told]] = {
    DEBT: _debt,
    STATEMENT: _statement,
    FAMILY: _family,
    RECONCILIATION: _reconciliation,
    NOTICE: _notice,
    PENALTIES: _penalties,
    RELIEF: _relief,
}
