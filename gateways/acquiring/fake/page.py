"""The page a payer sees at the fake bank: a card, a code of 3-D Secure, СБП. Plain HTML without scripts."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from gateways.acquiring.fake.dialects import till_of
from gateways.acquiring.fake.till import CARDS, CODE, NEW, FakeOrder

router = APIRouter()

STYLE = """
:root{color-scheme:light dark;--line:#c9d1da;--ink:#17202a;--dim:#5b6875;--paper:#fff;--ground:#eef2f5;--go:#0a6b4f}
@media (prefers-color-scheme:dark){:root{--line:#3a4652;--ink:#e8edf2;--dim:#9aa7b4;--paper:#1b242d;--ground:#10161c}}
*{box-sizing:border-box}body{margin:0;font:17px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
main{max-width:29rem;margin:0 auto;padding:1.25rem}section{background:var(--paper);border:1px solid var(--line);
border-radius:12px;padding:1.25rem;margin:0 0 1rem}h1{font-size:1.25rem;margin:0 0 .25rem}
.sum{font-size:1.9rem;font-weight:700;margin:.25rem 0}.dim{color:var(--dim);font-size:.92rem;margin:.25rem 0}
label{display:block;margin:.9rem 0 .3rem;font-weight:600}input{width:100%;font:inherit;padding:.7rem;
border:1px solid var(--line);border-radius:8px;background:transparent;color:inherit}
.two{display:grid;grid-template-columns:1fr 1fr;gap:.8rem}button{width:100%;font:inherit;font-weight:600;
padding:.85rem;margin-top:1.1rem;border:0;border-radius:8px;background:var(--go);color:#fff;cursor:pointer}
button.plain{background:transparent;color:inherit;border:1px solid var(--line)}.bad{color:#b3261e;font-weight:600}
dl{margin:.5rem 0 0}dt{font-family:ui-monospace,monospace;
white-space:nowrap}dd{margin:0 0 .6rem;color:var(--dim)}:focus-visible{outline:3px solid #2f7dd1;outline-offset:2px}
"""  # noqa: E501


def money(kopecks: int) -> str:
    """12 345,67 ₽."""
    return f"{kopecks // 100:,}".replace(",", "\u202f") + f",{kopecks % 100:02d}\u202f₽"


def _page(title: str, body: str, status: int = 200, refresh: str = "") -> HTMLResponse:
    meta = f'<meta http-equiv="refresh" content="{escape(refresh)}">' if refresh else ""
    return HTMLResponse(
        f'<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>{escape(title)}</title>{meta}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{body}"
        '<p class="dim">Учебный банк демонстрационного города. Настоящие деньги не списываются, '
        "настоящие карты не вводите.</p></main></body></html>",
        status,
    )


def _head(order: FakeOrder) -> str:
    return (
        f'<h1>Оплата</h1><p class="sum">{money(order.amount_kopecks)}</p><p class="dim">'
        f"{escape(order.description)}</p>"
    )


def _gone() -> HTMLResponse:
    return _page("Заказа нет", "<section><h1>Такого заказа нет</h1><p>Вернитесь на сайт.</p></section>", 404)


def _back(order: FakeOrder) -> Response:
    if order.return_url:
        return RedirectResponse(order.return_url, status_code=303)
    return _page("Готово", "<section><h1>Готово</h1><p>Вернитесь на сайт: оплата уже видна.</p></section>")


@router.get("/pay/{order_id}")
async def show(request: Request, order_id: str) -> Response:
    """The form of a card."""
    order = till_of(request).find(order_id)
    if order is None:
        return _gone()
    return _back(order) if order.state != NEW else _card_form(order)


def _card_form(order: FakeOrder, error: str = "") -> HTMLResponse:
    tests = "".join(f"<dt>{_grouped(card)}</dt><dd>{escape(words)}</dd>" for card, words in CARDS)
    told = f'<p class="bad" role="alert" id="error">{escape(error)}</p>' if error else ""
    body = (
        f"<section>{_head(order)}{told}<form method='post'>"
        "<label for='card'>Номер карты</label>"
        "<input id='card' name='card' inputmode='numeric' autocomplete='cc-number' required autofocus>"
        "<div class='two'><div><label for='term'>Срок</label>"
        "<input id='term' name='term' placeholder='ММ/ГГ' autocomplete='cc-exp' value='12/30'></div>"
        "<div><label for='cvc'>Код CVC</label>"
        "<input id='cvc' name='cvc' inputmode='numeric' autocomplete='off' value='123'></div></div>"
        f"<button type='submit'>Оплатить {money(order.amount_kopecks)}</button>"
        "<button class='plain' name='deed' value='leave' formnovalidate>Вернуться без оплаты</button></form>"
        f"</section><section><h1>Тестовые карты</h1><dl>{tests}</dl></section>"
    )
    return _page("Оплата картой", body, 422 if error else 200)


def _grouped(card: str) -> str:
    return " ".join(card[at : at + 4] for at in range(0, len(card), 4))


async def _typed(request: Request) -> dict[str, str]:
    found = parse_qs((await request.body()).decode("utf-8", "replace"))
    return {name: values[0] for name, values in found.items()}


@router.post("/pay/{order_id}")
async def pay(request: Request, order_id: str) -> Response:
    """What the card does."""
    till = till_of(request)
    order = till.find(order_id)
    if order is None:
        return _gone()
    typed = await _typed(request)
    if typed.get("deed") == "leave":
        return _back(order)
    card = "".join(sign for sign in typed.get("card", "") if sign.isdigit())
    if len(card) != 16:
        return _card_form(order, "Введите 16 цифр номера карты.")
    then = till.pay(order, card)
    return RedirectResponse(f"/pay/{order.id}/code", 303) if then == "code" else _back(order)


@router.get("/pay/{order_id}/code")
async def ask_code(request: Request, order_id: str) -> Response:
    """3-D Secure: the code that the payer's bank has sent."""
    order = till_of(request).find(order_id)
    return _gone() if order is None else _code_form(order)


def _code_form(order: FakeOrder) -> HTMLResponse:
    body = (
        f"<section>{_head(order)}<form method='post'><label for='code'>Код из сообщения банка</label>"
        f"<p class='dim'>В учебном банке код всегда {CODE}. Неверный код — отказ.</p>"
        "<input id='code' name='code' inputmode='numeric' autocomplete='one-time-code' required autofocus>"
        "<button type='submit'>Подтвердить</button></form></section>"
    )
    return _page("Подтверждение", body)


@router.post("/pay/{order_id}/code")
async def take_code(request: Request, order_id: str) -> Response:
    """The right code pays, a wrong one refuses."""
    till = till_of(request)
    order = till.find(order_id)
    if order is None:
        return _gone()
    if (await _typed(request)).get("code", "").strip() == CODE:
        till.pay(order, order.card, is_confirmed=True)
    else:
        till.refuse(order, "code")
    return _back(order)


@router.get("/sbp/{order_id}")
async def show_sbp(request: Request, order_id: str) -> Response:
    """What a phone opens from the QR: the payer's bank asks whether to pay."""
    order = till_of(request).find(order_id)
    if order is None:
        return _gone()
    if order.state != NEW:
        return _page("СБП", "<section><h1>Готово</h1><p>Вернитесь на сайт: оплата уже видна.</p></section>")
    body = (
        f"<section>{_head(order)}<p>Приложение вашего банка спрашивает, оплатить ли по СБП.</p>"
        "<form method='post'><button name='deed' value='yes'>Оплатить по СБП</button>"
        "<button class='plain' name='deed' value='no'>Отказаться</button></form></section>"
    )
    return _page("Оплата по СБП", body)


@router.post("/sbp/{order_id}")
async def pay_sbp(request: Request, order_id: str) -> Response:
    """Yes or no."""
    till = till_of(request)
    order = till.find(order_id)
    if order is None:
        return _gone()
    if (await _typed(request)).get("deed") == "yes":
        till.pay(order, "")
        words = "Оплачено. Вернитесь на сайт: оплата уже видна."
    else:
        till.refuse(order, "gave-up")
        words = "Вы отказались. Деньги не списаны."
    return _page("СБП", f"<section><h1>{words}</h1></section>")
