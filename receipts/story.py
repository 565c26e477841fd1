"""A page's strings as the story of the press: which band comes after which, and what goes into its slots.

The order and the words are those of forms/payment_document.typ; here is what that form says in Typst, for a
form
whose backgrounds are compiled once.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from receipts.form import Form
from receipts.typeset import Bar, Code, Facts, Pairs, Para, Part, Spark, Stripes, Value, Window

Page = dict[str, Any]
Values = dict[str, Value]

EXTRAS = (
    ("common", "На общие нужды"),
    ("surcharge", "Повышающий коэффициент"),
    ("recalculation", "Перерасчёт"),
    ("benefit", "Льгота"),
)
"""Optional sums of a row and their names when the paper is too narrow for columns of them."""
BARS = 13
SPARKS = 4
"""Small charts beside one another."""


class Item(NamedTuple):
    """A band with its values; `head` is repeated when a new sheet begins with this band."""

    band: str
    values: Values
    head: str = ""


OF_HOUSE = frozenset({"house", "contacts"})
"""Blocks made of the reference data alone: the same for every receipt of a house in one look."""


def story(page: Page, form: Form) -> Iterator[tuple[str, Iterator[Item]]]:
    """The whole document of a page, top to bottom, by blocks."""
    yield "top", iter((_top(page), Item("facts", {"facts": (Facts(_pairs(page["payer"]["facts"])),)})))
    if page["sections"]:
        yield "charges", _charges(page, form)
    for block in page["look"]["order"]:
        yield block, TELLERS[block](page)


def _pairs(rows: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in rows)


def _under(first: str, below: str) -> Value:
    return (Para(first), Para(below, "small")) if below else first


def _heading(title: str) -> Item:
    return Item("heading", {"title": title})


# ---- top -----------------------------------------------------------------------------------------------


def _top(page: Page) -> Item:
    head, payer, sender = page["headline"], page["payer"], page["sender"]
    equation: tuple[Part, ...] = (
        Pairs(_pairs(page["equation"]), (head["label"], head["amount"])),
        Para(head["caption"] if head["qr"] else "", "small", above=4.0),
    )
    number = f"№ {page['number']} от {page['issued']} · лицевой счёт {payer['account']}"
    letter = [Para(payer["name"], "windowbold"), Para(payer["address"])]
    if payer["postcode"]:
        letter.append(Para(payer["postcode"]))
    values: Values = {
        "headline": (
            Para(f"{page['title']} за {page['month']}", "title", fit=True),
            Para(
                number, "small", fit=True, above=5.0
            ),
            Para(head["label"], "label", above=14.0),
            Para(f"{head['amount']}\u00a0₽", "amount", fit=True, above=7.0),
            Para(head["note"], "note", above=9.0),
        ),
        "equation": equation,
        "sender": tuple(
            Para(words, style)
            for words, style in (
                (sender["name"], "bold"), (sender["address"], "small"), (sender["contacts"], "small"),
            )
            if words
        ),
        "letter": (Window(tuple(letter)),),
    }  # fmt: skip
    if head["qr"]:
        return Item("top", {**values, "code": (Code(head["qr"]["drawing"]),)})
    return Item("top-plain", values)


# ---- charges -------------------------------------------------------------------------------------------


def _charges(page: Page, form: Form) -> Iterator[Item]:
    slots = form.bands["charge"].slots
    head = "charges-head"
    yield Item(head, {})
    for section in page["sections"]:
        yield Item("group", {"title": section["title"], "total": section["total"]}, head)
        for row in section["rows"]:
            yield Item("charge", _charge(row, page["columns"], slots), head)
    yield Item("charges-total", _charges_total(page, form), head)


def _charge(row: Page, shown: dict[str, bool], slots: dict[str, Any]) -> Values:
    extras = [(name, title) for name, title in EXTRAS if name not in slots and shown[name] and row[name]]
    below = [] if "basis" in slots else [Para(row["basis"], "small")]
    for name, title in extras:
        note = {"common": row["common_volume"], "surcharge": row["coefficient"]}.get(name, "")
        below.append(Para(f"{title}{' ' if note else ''}{note}: {row[name]}", "small"))
    values: Values = {
        "service": (Para(row["service"]), *(one for one in below if one.text)),
        "rate": row["rate"],
        "charged": row["charged"],
        "total": row["total"],
    }
    if "basis" in slots:
        values["basis"] = row["basis"]
        values["volume"] = f"{row['volume']}\u00a0{row['unit']}"
    else:
        values["volume"] = _under(row["volume"], row["unit"])
    small = {"common": row["common_volume"], "surcharge": row["coefficient"]}
    for name, _ in EXTRAS:
        if name in slots:
            values[name] = _under(row[name], small.get(name, "")) if row[name] else ""
    return values


def _charges_total(page: Page, form: Form) -> Values:
    slots, total = form.bands["charges-total"].slots, page["total"]
    named = [
        f"{title}: {total[name]}" for name, title in EXTRAS if name not in slots and page["columns"][name]
    ]
    values: Values = {
        "service": (
            Para(f"Всего за {page['month']}"),
            *(Para(words, "small") for words in (*named, page["total_note"]) if words),
        ),
        "charged": total["charged"],
        "total": total["total"],
    }
    values.update({name: total[name] for name, _ in EXTRAS if name in slots})
    return values


# ---- grounds, meters -----------------------------------------------------------------------------------


def _table(name: str, title: str, rows: list[Values]) -> Iterator[Item]:
    if rows:
        if title:
            yield _heading(title)
        yield Item(f"{name}-head", {})
        for values in rows:
            yield Item(name, values, f"{name}-head")


def _grounds(page: Page) -> Iterator[Item]:
    debts: list[Values] = [{key: row[key] for key in ("service", "month", "amount")} for row in page["debts"]]
    yield from _table("debts", "Долги по месяцам", debts)
    corrections: list[Values] = [
        {"service": row["service"], "ground": _under(row["ground"], row["months"]), "amount": row["amount"]}
        for row in page["corrections"]
    ]
    yield from _table("corrections", "Перерасчёты и основания", corrections)
    for name, title in (("penalties", "Пени"), ("court", "Судебные расходы")):
        claims: list[Values] = [
            {
                "title": _under(row["title"], f"долг за {row['month']}" if row["month"] else ""),
                **{key: row[key] for key in ("ground", "base", "days", "amount")},
            }
            for row in page[name]
        ]
        yield from _table(name, title, claims)
    instalments: list[Values] = [
        {
            **{key: row[key] for key in ("service", "of_month", "of_past", "total")},
            "interest": _under(row["interest"], row["rate"]),
        }
        for row in page["instalments"]
    ]
    yield from _table("instalments", "Рассрочка", instalments)


def _meters(page: Page) -> Iterator[Item]:
    rows: list[Values] = [
        {
            "service": _under(row["service"], row["meter"]),
            "previous": _under(row["previous"], row["previous_on"]),
            "current": _under(row["current"], row["current_on"]),
            "consumption": row["consumption"],
            "verify": (
                (Para(row["verify_until"], "bold"), Para(row["warning"], "bold"))
                if row["warning"]
                else row["verify_until"]
            ),
        }
        for row in page["readings"]
    ]
    yield from _table("readings", "Счётчики", rows)
    for words in filter(None, (page["readings_call"], page["verify_call"])):
        yield Item("call", {"words": words})


# ---- the year ------------------------------------------------------------------------------------------


def _year(page: Page) -> Iterator[Item]:
    bars = page["history"]
    if not bars:
        yield from _change_alone(page)
        return
    yield _heading("Ваш год, начислено рублей за месяц")
    values: Values = {}
    for at, bar in enumerate(bars, start=BARS - len(bars)):
        values[f"bar{at}"] = (Bar(bar["share"], bar["amount"], bar["current"]),)
        values[f"month{at}"] = (Para(bar["month"], "smallbold" if bar["current"] else "small", fit=True),)
    if page["change"] is None:
        yield Item("year-plain", values)
        return
    yield Item("year", {**values, "change": _change(page["change"])})


def _change(change: Page) -> tuple[Part, ...]:
    return Para(change["title"], "bold"), Pairs(_pairs(change["parts"]), above=6.0)


def _change_alone(page: Page) -> Iterator[Item]:
    """The explanation without the chart."""
    if page["change"] is not None:
        yield _heading("Почему изменилась сумма")
        yield Item("change", {"change": _change(page["change"])})


def _services(page: Page) -> Iterator[Item]:
    """Small charts, SPARKS to a row."""
    years = page["years"]
    if not years:
        return
    yield _heading("Год по услугам")
    for at in range(0, len(years), SPARKS):
        yield Item(
            "services",
            {f"service{place}": (_spark(year),) for place, year in enumerate(years[at : at + SPARKS])},
        )


def _spark(year: Page) -> Spark:
    shares = tuple(year["shares"])
    return Spark(year["service"], year["now"], shares, year["current"], year["first"], year["last"])


# ---- payees, reference ---------------------------------------------------------------------------------


def _payees(page: Page) -> Iterator[Item]:
    yield _heading("Куда и как платить")
    for at, payment in enumerate(page["payments"]):
        if at:
            yield Item("divider", {})
        yield _payee(payment)
    cabinet = page["cabinet"]
    words = [page["vat"], page["payment_ways"]]
    if cabinet["address"]:
        code = f", код для первого входа {cabinet['code']}" if cabinet["code"] else ""
        words.append(f"Личный кабинет: {cabinet['address']}{code}")
    for line in filter(None, words):
        yield Item("words", {"words": line})


def _payee(payment: Page) -> Item:
    parts: list[Part] = []
    if payment["title"]:
        parts.append(Para(payment["title"], "small"))
    parts.append(Para(payment["name"], "bold"))
    parts += [Para(payment[key], "small") for key in ("address", "contacts") if payment[key]]
    if payment["emergency"]:
        parts.append(Para(f"Аварийная служба {payment['emergency']}", "bold"))
    if payment["parts"]:
        parts.append(Pairs(_pairs(payment["parts"]), ("К оплате, ₽", payment["amount"]), above=5.0))
    requisites: list[Part] = [Pairs(_pairs(payment["requisites"]), names="small", at_right=False)]
    if payment["barcode"]:
        requisites.append(Stripes(payment["barcode"]["drawing"], payment["barcode"]["digits"]))
    values: Values = {"payee": tuple(parts), "requisites": tuple(requisites)}
    if payment["qr"]:
        return Item("payee", {**values, "code": (Code(payment["qr"]["drawing"]),)})
    return Item("payee-plain", values)


def _house(page: Page) -> Iterator[Item]:
    house: list[Values] = [
        {
            "norm": _under(row["norm"], row["common_norm"]),
            **{key: row[key] for key in ("service", "reading", "house", "premises", "common")},
        }
        for row in page["house"]
    ]
    yield from _table("house", "Дом: нормативы и общий расход", house)
    if page["limit_index"]:
        yield Item("words", {"words": page["limit_index"]})


def _contacts(page: Page) -> Iterator[Item]:
    contacts: list[Values] = [
        {"role": row["role"], "name": _under(row["name"], row["where"]), "phone": row["phone"]}
        for row in page["contacts"]
    ]
    yield from _table("contacts", "Кому звонить", contacts)


def _news(page: Page) -> Iterator[Item]:
    if page["news"]:
        yield _heading("Новости")
        for item in page["news"]:
            yield Item("words", {"words": item})


TELLERS: dict[str, Callable[[Page], Iterator[Item]]] = {
    "grounds": _grounds,
    "meters": _meters,
    "year": _year,
    "services": _services,
    "payees": _payees,
    "house": _house,
    "contacts": _contacts,
    "news": _news,
}
"""What tells each block of `receipts.look.BLOCKS`."""
