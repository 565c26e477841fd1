"""ReportLab and WeasyPrint at the same document: every string of the page and its codes, laid out in their
way.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

from billing.receipt import Receipt
from receipts.page import page_of
from receipts.qr import payment_payload
from receipts.qr_symbol import qr_modules
from receipts.render import FONTS

Table = tuple[str, list[list[str]]]
QR_SIDE_MM = 41


def tables_of(page: dict[str, Any]) -> list[Table]:
    """The page as titled tables of strings: what both peers lay out."""
    charges = [["Услуга", "Как посчитан", "Объём", "Тариф, ₽", "Начислено, ₽", "Итого, ₽"]]
    for section in page["sections"]:
        charges.append([section["title"], "", "", "", "", section["total"]])
        columns = ("service", "basis", "volume", "rate", "charged", "total")
        charges.extend([row[key] for key in columns] for row in section["rows"])
    readings = [
        [
            row["service"],
            row["meter"],
            row["previous"],
            row["current"],
            row["consumption"],
            row["verify_until"],
        ]
        for row in page["readings"]
    ]
    house = [
        [row[key] for key in ("service", "norm", "reading", "house", "premises", "common")]
        for row in page["house"]
    ]
    contacts = [[row["role"], row["name"], row["where"], row["phone"]] for row in page["contacts"]]
    history = [[bar["month"], bar["amount"]] for bar in page["history"]]
    change = [list(part) for part in page["change"]["parts"]] if page["change"] else []
    requisites = [list(pair) for payment in page["payments"] for pair in payment["requisites"]]
    found: list[Table] = [
        (f"{page['title']} за {page['month']}", [list(pair) for pair in page["payer"]["facts"]]),
        (
            f"{page['headline']['label']} {page['headline']['amount']}",
            [list(pair) for pair in page["equation"]],
        ),
        ("Начисления", charges),
        ("Счётчики", readings),
        ("Ваш год", history),
        (page["change"]["title"] if page["change"] else "", change),
        ("Куда и как платить", requisites),
        ("Дом", house),
        ("Кому звонить", contacts),
    ]
    return [(title, rows) for title, rows in found if rows]


# ---- ReportLab --------------------------------------------------------------------------------------------


def by_reportlab(receipt: Receipt) -> bytes:
    """One PDF by platypus."""
    from reportlab.lib.units import mm
    from reportlab.platypus import Image, Paragraph, SimpleDocTemplate, Spacer
    from reportlab.platypus import Table as Grid

    styles = _styles()
    page = page_of(receipt, lambda one, block: qr_modules(payment_payload(one, block)))
    parts: list[Any] = [Paragraph(escape(page["payer"]["name"]), styles["body"])]
    parts.append(Paragraph(escape(page["payer"]["address"]), styles["body"]))
    if page["headline"]["qr"]:
        picture = io.BytesIO(_png(page["headline"]["qr"]["drawing"]))
        parts.append(Image(picture, QR_SIDE_MM * mm, QR_SIDE_MM * mm))
    for title, rows in tables_of(page):
        parts += [
            Paragraph(escape(title), styles["head"]),
            Grid([[str(cell).replace("\u202f", " ") for cell in row] for row in rows], style=styles["grid"]),
            Spacer(1, 2 * mm),
        ]
    made = io.BytesIO()
    SimpleDocTemplate(made, leftMargin=14 * mm, rightMargin=14 * mm, topMargin=12 * mm).build(parts)
    return made.getvalue()


@cache
def _styles() -> dict[str, Any]:
    from reportlab.lib.colors import grey
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import TableStyle

    pdfmetrics.registerFont(TTFont("PTSans", str(FONTS / "PT_Sans-Web-Regular.ttf")))
    pdfmetrics.registerFont(TTFont("PTSansBold", str(FONTS / "PT_Sans-Web-Bold.ttf")))
    return {
        "body": ParagraphStyle("body", fontName="PTSans", fontSize=9),
        "head": ParagraphStyle("head", fontName="PTSansBold", fontSize=11),
        "grid": TableStyle(
            [("FONT", (0, 0), (-1, -1), "PTSans", 8), ("LINEBELOW", (0, 0), (-1, -1), 0.4, grey)]
        ),
    }


def _png(modules: Any) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.fromarray(~modules).convert("L").save(made, "PNG")
    return made.getvalue()


# ---- WeasyPrint -------------------------------------------------------------------------------------------

CSS = """
@font-face { font-family: PT; src: url(file://%s) } @font-face { font-family: PT; font-weight: bold; src:
url(file://%s) }
@page { size: A4; margin: 12mm 14mm } body { font: 9pt PT } table { width: 100%%; border-collapse: collapse }
td { border-bottom: .4pt solid #aaa; padding: 2pt 3pt } h2 { font-size: 11pt } svg, img { width: 41mm }
"""


def by_weasyprint(receipt: Receipt) -> bytes:
    """One PDF from HTML."""
    import base64

    import weasyprint

    page = page_of(receipt)
    parts = [f"<p>{escape(page['payer']['name'])}<br>{escape(page['payer']['address'])}</p>"]
    if page["headline"]["qr"]:
        drawn = base64.b64encode(page["headline"]["qr"]["drawing"].encode()).decode()
        parts.append(f'<img src="data:image/svg+xml;base64,{drawn}">')
    for title, rows in tables_of(page):
        parts.append(f"<h2>{escape(title)}</h2><table>{''.join(map(_html_row, rows))}</table>")
    sheet = CSS % (FONTS / "PT_Sans-Web-Regular.ttf", FONTS / "PT_Sans-Web-Bold.ttf")
    made = weasyprint.HTML(string=f"<html lang=ru><body>{''.join(parts)}</body></html>").write_pdf(
        stylesheets=[weasyprint.CSS(string=sheet)]
    )
    assert isinstance(made, bytes), "no target was given"
    return made


def _html_row(row: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
