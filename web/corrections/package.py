"""One package of corrections: how far it is, what it would do, posting by one or two persons, undo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import correction_pages as reads
from storage import late_facts, run_pages
from storage import runs as deeds
from storage.correction_limit import alone_limit
from storage.correction_pages import CorrectionHead, MonthSum, Spread, Touched
from storage.corrections import REASONS, hand_over
from storage.late_facts import Filter
from storage.late_pages import LateRow, late_count, late_rows
from storage.run_pages import LogRow, Progress
from storage.runs import RunRefused
from storage.session import Session
from web.corrections.lines import Explained, explained
from web.corrections.words import CORRECTORS, READERS, state_words
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.export import Column, export_file
from web.filters import month, plural
from web.render import page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/corrections/{run_id:int}", dependencies=[allow(*READERS)])

BUCKETS = (
    "меньше на 10 000 ₽ и больше",
    "меньше на 1 000–10 000 ₽",
    "меньше на 100–1 000 ₽",
    "меньше до 100 ₽",
    "больше до 100 ₽",
    "больше на 100–1 000 ₽",
    "больше на 1 000–10 000 ₽",
    "больше на 10 000 ₽ и больше",
)
COLUMNS = (
    Column("Счёт", "text", 14),
    Column("Адрес", "text", 40),
    Column("Изменение, ₽", "kopecks", 14),
    Column("Строк", "integer", 10),
)
APPROVERS = (Role.PUBLISHER, Role.CENTRE, Role.COMPANY)
LATE_SHOWN = 10
SAMPLE, EXTREMES = reads.SAMPLE, reads.EXTREMES


@dataclass(frozen=True, slots=True)
class Act:
    """A button, or why there is none."""

    name: str
    label: str
    tone: str = ""
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A column of the distribution; share is its part of the widest, in percent."""

    words: str
    count: int
    share: int


@dataclass(frozen=True, slots=True)
class MonthTable:
    """A past month with its services."""

    period: Period
    rows: list[MonthSum]
    kopecks: int


@dataclass(frozen=True, slots=True)
class PackageView:
    """Everything of a package."""

    head: CorrectionHead
    state: tuple[str, str]
    reason: str
    progress: Progress | None
    acts: list[Act]
    spread: Spread
    buckets: list[Bucket]
    months: list[MonthTable]
    most: list[Touched]
    least: list[Touched]
    sample: list[Touched]
    with_zeros: bool
    zeros_count: int
    zero_rows: int
    account_lines: list[Explained]
    log: list[LogRow]
    limit_kopecks: int
    late: list[LateRow]
    late_count: int

    @property
    def zeros_words(self) -> str:
        """What is hidden: accounts and services whose lines change and whose sum does not."""
        accounts = plural(self.zeros_count, "счёт", "счёта", "счетов")
        services = plural(self.zero_rows, "услуга месяца", "услуги месяцев", "услуг месяцев")
        return ", ".join(
            words for words, count in ((accounts, self.zeros_count), (services, self.zero_rows)) if count
        )

    @property
    def is_live(self) -> bool:
        """Whether the page looks again by itself."""
        if self.is_undoing:
            return True
        if self.head.state == "checked":
            return self.head.one_person or self.head.approved_by is not None
        return self.head.state in ("planned", "accruing") and not self.head.stop_requested

    @property
    def is_undoing(self) -> bool:
        """Whether the draft was told to vanish and has not yet."""
        return self.head.state in ("planned", "accruing", "checked") and any(
            line.event == "undo_asked" for line in self.log
        )

    @property
    def is_done(self) -> bool:
        """Whether there are sums to look at."""
        return self.head.state in ("checked", "published")


@router.get("")
async def show(
    request: Request, run_id: int, me: CurrentUser, session: Reader, zeros: bool = False
) -> Response:
    """The page; while the package moves it asks for itself every second. zeros: changes of 0 ₽ as well."""
    view = await _view(session, me, run_id, zeros)
    return page(request, "corrections/package.html", view, "whole", retitle=True)


async def _view(session: Session, me: Me, run_id: int, with_zeros: bool) -> PackageView:
    head = await reads.correction_head(session, run_id)
    if head is None:
        raise NotFound("Такого перерасчёта нет.", "Проверьте номер или откройте список перерасчётов.")
    found = await reads.spread(session, run_id)
    extras = await run_pages.extras(session, run_id)
    is_one = head.scope_kind == "account" and head.scope_id is not None
    limit = await alone_limit(session, head.company_id, head.period)
    months = await reads.by_month(session, run_id)
    return PackageView(
        head=head,
        state=state_words(head),
        reason=REASONS.get(head.reason, head.reason),
        progress=extras.progress if extras else None,
        acts=_acts(head, me, found, limit),
        spread=found,
        buckets=_buckets(found),
        months=_months(months, with_zeros),
        most=[] if is_one else await reads.touched(session, run_id, "most", EXTREMES),
        least=[] if is_one else await reads.touched(session, run_id, "least", EXTREMES),
        sample=[]
        if is_one
        else await reads.touched(session, run_id, "sample" if with_zeros else "moved", SAMPLE),
        with_zeros=with_zeros,
        zeros_count=found.same_count,
        zero_rows=sum(one.kopecks == 0 for one in months),
        account_lines=await _lines(session, head) if is_one else [],
        log=extras.log if extras else [],
        limit_kopecks=limit,
        late=await late_rows(session, Filter(run_id=run_id), None, LATE_SHOWN),
        late_count=await late_count(session, Filter(run_id=run_id), None),
    )


async def _lines(session: Session, head: CorrectionHead) -> list[Explained]:
    account = head.scope_id or 0
    sums = await reads.of_account(session, account, run_id=head.id, with_drafts=True)
    return await explained(session, account, sums)


def _buckets(found: Spread) -> list[Bucket]:
    widest = max(found.buckets, default=0) or 1
    return [
        Bucket(words, count, count * 100 // widest)
        for words, count in zip(BUCKETS, found.buckets, strict=True)
    ]


def _months(rows: list[MonthSum], with_zeros: bool) -> list[MonthTable]:
    tables: dict[Period, list[MonthSum]] = {}
    for row in rows:
        if row.kopecks == 0 and not with_zeros:
            continue
        tables.setdefault(Period.of(row.period), []).append(row)
    return [MonthTable(at, of, sum(one.kopecks for one in of)) for at, of in sorted(tables.items())]


def _acts(head: CorrectionHead, me: Me, found: Spread, limit: int) -> list[Act]:
    """What this person may do with the package in its state."""
    if not me.may(*CORRECTORS):
        return []
    undo = Act("undo", "Отменить черновик", "danger")
    if head.state in ("planned", "accruing"):
        return [
            Act("resume", "Продолжить", "primary") if head.stop_requested else Act("stop", "Остановить"),
            undo,
        ]
    if head.state == "failed":
        return [undo]
    if head.state != "checked" or (head.one_person and head.requested_by is not None) or head.approved_by:
        return []
    if head.requested_by is not None:
        back = Act("return", "Вернуть на проверку")
        if head.requested_by == me.user_id:
            why = "Вы передали перерасчёт: утвердить должен другой человек."
            return [Act("approve", "Утвердить и провести", "primary", why), back]
        return [Act("approve", "Утвердить и провести", "primary"), back]
    if head.lines_count == 0:
        return [Act("close", "Закрыть: пересчитывать нечего", "primary"), undo]
    if found.moved_kopecks <= limit:
        return [Act("post", "Провести", "primary"), undo]
    return [Act("post", "Передать второму человеку", "primary"), undo]


async def close_empty(session: Session, run_id: int, user_id: int) -> None:
    """A draft without a difference goes, and its late facts leave the queue as looked at."""
    head = await reads.correction_head(session, run_id)
    if head is None or head.state != "checked" or head.lines_count:
        raise RunRefused("not-empty", "Закрыть так можно только черновик без разницы.")
    await late_facts.dismiss_of_run(session, run_id, NO_DIFFERENCE, user_id)
    await deeds.request_undo(session, run_id, user_id)


NO_DIFFERENCE = "Посчитано: разницы нет"
Deed = Callable[[Session, int, int], Awaitable[object]]
DEEDS: dict[str, Deed] = {
    "post": hand_over,
    "approve": deeds.approve_publication,
    "return": deeds.return_to_check,
    "undo": deeds.request_undo,
    "close": close_empty,
    "stop": deeds.stop_run,
    "resume": deeds.resume_run,
}


@router.post("/{act}", dependencies=[allow(*CORRECTORS)])
async def do(request: Request, run_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Post, approve, return, undo, stop, go on; a refusal in words."""
    if act not in DEEDS or await reads.correction_head(session, run_id) is None:
        raise NotFound
    try:
        await DEEDS[act](session, run_id, me.user_id)
    except RunRefused as refused:
        raise Conflict("Не сделано.", refused.message) from refused
    return see_other(request, f"/corrections/{run_id}")


@router.get("/accounts.{form}")
async def download(request: Request, run_id: int, form: str, session: Reader) -> Response:
    """All accounts of the package as a file."""
    head = await reads.correction_head(session, run_id)
    if head is None:
        raise NotFound("Такого перерасчёта нет.")
    rows = await reads.touched(session, run_id, "all", None)
    cells = [(row.number, row.address, row.kopecks, row.lines_count) for row in rows]
    title = f"Перерасчёт {head.scope_name}, {month(head.first_period)} — {month(head.last_period)}"
    total = ("Всего", None, sum(row.kopecks for row in rows), None)
    return await export_file(form, f"Перерасчёт {run_id}", title, COLUMNS, cells, total)
