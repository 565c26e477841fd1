"""«Вознаграждения»: what agents and the centre keep by contract, changed from a day on."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import payout_terms
from storage.payout_terms import BEARERS, BeforeArrival, Terms, TermsRefused
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, blank, read_form
from web.payouts.words import BEARERS as BEARER_WORDS
from web.payouts.words import KINDS
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/payout-terms", dependencies=[allow(*CENTRE_STAFF)])

GROUND_MAX = 300


@dataclass(frozen=True, slots=True)
class TermsView:
    """Contracts in force or to come."""

    rows: list[Terms]
    kinds: dict[str, str]
    bearers: dict[str, str]
    may_change: bool
    said: list[BeforeArrival]
    parties: list[tuple[str, str]]
    form: Typed


@dataclass(frozen=True, slots=True)
class ChangeView:
    """The form of new terms."""

    old: Terms
    kind: str
    bearers: list[tuple[str, str]]
    form: Typed


@router.get("")
async def show_all(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Every contract with a fee."""
    return page(request, "payouts/terms.html", await _all(session, me, Typed()))


async def _all(session: Session, me: Me, form: Typed) -> TermsView:
    day = clock.today()
    if not form.value("from"):
        form = Typed({**form.values, "from": day.isoformat()}, errors=form.errors)
    parties = [("", "Весь город"), *((str(one.id), one.name) for one in await payout_terms.parties(session))]
    return TermsView(
        await payout_terms.terms(session, day),
        KINDS,
        BEARER_WORDS,
        me.may(*ACCRUERS),
        await payout_terms.before_arrival(session, day),
        parties,
        form,
    )


@router.post("/before-arrival", dependencies=[allow(*ACCRUERS)])
async def say(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Whether money is distributed before it came, from a day on."""
    form = await read_form(request)
    known = {"", *(str(one.id) for one in await payout_terms.parties(session))}
    whose = form.choice("whose", tuple(known), "Выберите организацию из списка.")
    is_so = form.choice("is_so", ("yes", "no"), "Выберите, когда платить.")
    since = form.date("from", "Укажите, с какого дня: 01.12.2026.")
    ground = form.text("before_ground", "Напишите основание: договор, приказ.", GROUND_MAX)
    if not form.is_good or since is None:
        return page(request, "payouts/terms.html", await _all(session, me, form), status=422)
    organisation = int(whose) if whose else None
    await payout_terms.set_before_arrival(session, organisation, is_so == "yes", since, ground, me.user_id)
    return see_other(request, "/centre/payout-terms")


@router.get("/{contract_id}", dependencies=[allow(*ACCRUERS)])
async def show(request: Request, contract_id: int, session: Reader) -> Response:
    """The form, filled with what is in force."""
    old = await payout_terms.one(session, contract_id)
    if old is None:
        raise NotFound("Такого договора нет.", "Откройте список вознаграждений.")
    form = blank(
        percent=f"{old.fee_permyriad // 100},{old.fee_permyriad % 100:02d}",
        minimum=f"{old.fee_minimum_kopecks // 100},{old.fee_minimum_kopecks % 100:02d}",
        bearer=old.fee_bearer,
        withheld="yes" if old.is_fee_withheld else "",
    )
    return page(request, "payouts/terms_edit.html", _view(old, form))


def _view(old: Terms, form: Typed) -> ChangeView:
    return ChangeView(old, KINDS[old.kind], [(one, BEARER_WORDS[one]) for one in BEARERS], form)


@router.post("/{contract_id}", dependencies=[allow(*ACCRUERS)])
async def change(request: Request, contract_id: int, me: CurrentUser, session: Writer) -> Response:
    """New terms from a day on; the old ones stay for the days before."""
    old = await payout_terms.one(session, contract_id)
    if old is None:
        raise NotFound("Такого договора нет.", "Откройте список вознаграждений.")
    form = await read_form(request)
    percent = form.scaled("percent", 2, "Введите процент, например 1,5.")
    minimum = form.scaled("minimum", 2, "Введите рубли, например 30 или 0.")
    since = form.date("since", "Укажите, с какого дня: 01.12.2026.")
    bearer = (
        form.choice("bearer", BEARERS, "Выберите, кто платит.") if old.kind == "agency" else old.fee_bearer
    )
    if form.is_good and percent is not None and minimum is not None and since is not None:
        try:
            await payout_terms.change(
                session,
                old,
                fee_permyriad=percent,
                fee_minimum_kopecks=minimum,
                fee_bearer=bearer,
                is_fee_withheld=form.value("withheld") == "yes"
                if old.kind == "agency"
                else old.is_fee_withheld,
                valid_from=since,
                user_id=me.user_id,
            )
            return see_other(request, "/centre/payout-terms")
        except TermsRefused as refusal:
            form.refuse("", str(refusal))
    return page(request, "payouts/terms_edit.html", _view(old, form), status=422)
