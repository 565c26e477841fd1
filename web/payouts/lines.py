"""One row of a statement: what it was taken for, or suggestions and what a person may do with it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import arrivals, partners, payout_pages, payouts
from storage.arrivals import Match
from storage.partners import Named
from storage.payout_pages import BankLine, TransferRow
from storage.payouts import PayoutRefused
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.forms import Typed, read_form
from web.payouts.words import VERDICTS
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/statement-rows", dependencies=[allow(*CENTRE_STAFF)])

GROUND_MAX = 300


@dataclass(frozen=True, slots=True)
class Hint:
    """Days of an agent that the sum may be for, and how far it is from what was expected."""

    agent_id: int
    agent_name: str
    match: Match
    difference_kopecks: int


@dataclass(frozen=True, slots=True)
class LineView:
    """The row, hints, and the forms."""

    row: BankLine
    badge: tuple[str, str]
    hints: list[Hint]
    orders: list[TransferRow]
    agents: list[tuple[str, str]]
    form: Typed
    may_act: bool

    @property
    def is_open(self) -> bool:
        """Whether a person may decide now."""
        return self.row.verdict == "waiting" and not self.row.is_in_work and self.may_act


@router.get("/{row_id}")
async def show(request: Request, row_id: int, me: CurrentUser, session: Reader) -> Response:
    """The row."""
    return page(request, "payouts/line.html", await _view(session, row_id, me, Typed()))


async def _view(session: Session, row_id: int, me: Me, form: Typed) -> LineView:
    row = await payout_pages.line(session, row_id)
    if row is None:
        raise NotFound(f"Строки {row_id} нет.", "Проверьте номер или откройте очередь.")
    agents = await partners.agents(session)
    is_open = row.verdict == "waiting"
    hints = await _hints(session, row, agents) if is_open and row.is_in else []
    state = "executed" if row.is_in else "exported"
    orders = await payout_pages.orders_of_sum(session, row.amount_kopecks, state) if is_open else []
    if not form.value("agent") and row.agent_id is not None:
        form = Typed({**form.values, "agent": str(row.agent_id)}, errors=form.errors)
    choices = [("", "Выберите агента"), *((str(one.id), one.name) for one in agents)]
    return LineView(row, VERDICTS[row.verdict], hints, orders, choices, form, me.may(*ACCRUERS))


async def _hints(session: Session, row: BankLine, agents: list[Named]) -> list[Hint]:
    """Days of the agent the row names; when it names none, of every agent those of exactly this sum."""
    out = []
    for one in agents:
        if row.agent_id not in (None, one.id):
            continue
        days = await arrivals.open_days(session, one.id, row.moved_on)
        for match in arrivals.suggestions(days, row.amount_kopecks):
            difference = row.amount_kopecks - match.expected_kopecks
            if row.agent_id is not None or difference == 0:
                out.append(Hint(one.id, one.name, match, difference))
    return out


@router.post("/{row_id}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, row_id: int, me: CurrentUser, session: Writer) -> Response:
    """A person's decision; a worker carries it out, a refusal comes back on the row."""
    form = await read_form(request)
    deed = form.choice("deed", payouts.DEEDS, "Выберите, что сделать со строкой.")
    ground = form.text("ground", "Напишите основание: письмо агента, ответ банка.", GROUND_MAX)
    agent, days, order = None, [], None
    if deed == "arrival":
        agent = form.integer("agent", "Выберите агента.")
        first = form.date("first", "Укажите первый день: 12.11.2026.")
        last = form.date("last", "Укажите последний день: 12.11.2026.")
        days = [day for day in (first, last) if day is not None]
        if len(days) == 2 and days[0] > days[1]:
            form.refuse("last", "Последний день раньше первого. Поменяйте их местами.")
        if agent is not None and agent not in {one.id for one in await partners.agents(session)}:
            form.refuse("agent", "Такого агента нет. Выберите из списка.")
    elif deed in ("transfer", "returned"):
        order = form.integer("transfer", "Выберите поручение.")
    if not form.is_good:
        return page(request, "payouts/line.html", await _view(session, row_id, me, form), status=422)
    try:
        await payouts.decide(
            session,
            row_id,
            deed,
            ground=ground,
            user_id=me.user_id,
            agent_id=agent,
            days=days,
            transfer_id=order,
        )
    except PayoutRefused as refusal:
        raise Conflict("Не сделано.", refusal.message) from refusal
    return see_other(request, f"/centre/statement-rows/{row_id}")


@router.get("/{row_id}/progress")
async def progress(request: Request, row_id: int, session: Reader) -> Response:
    """Whether the worker has carried the decision out; then the page opens itself anew."""
    row = await payout_pages.line(session, row_id)
    if row is None or not row.is_in_work:
        return Response(headers={"HX-Refresh": "true"})
    return page(request, "payouts/line_progress.html", row, block="progress")
