"""What was typed into the editor of a form → a look, and a look → what stands in the editor."""

from __future__ import annotations

from functools import cache

from receipts.form import PRESS_FORM
from receipts.logo import BYTES_MAX, logo_of
from receipts.look import BLOCKS, OPTIONAL, Look, LookRefused, look_of
from web.forms import Typed

WORDS = ("barcode", "cabinet", "payment_ways", "limit_index")


@cache
def standard_source() -> str:
    """The Typst form an organisation may begin from."""
    return PRESS_FORM.read_text("utf-8")


def values_of(look: Look) -> dict[str, str]:
    """Fields of the editor for a look."""
    values = {name: getattr(look, name) for name in WORDS}
    values |= {"accent": look.accent, "messages": "\n".join(look.messages)}
    values |= {f"show_{name}": "1" for name in OPTIONAL if look.shows(name)}
    values |= {f"place_{name}": str(at) for at, name in enumerate(look.order, start=1)}
    return values | {"source": look.source or standard_source()}


async def look_typed(form: Typed, now: Look) -> Look | None:
    """The look a form asks for; None when something is refused (the words stand beside the field).

    now: the look in force, whose logo stays unless another one is given or it is taken off.
    """
    try:
        logo = await _logo(form, now)
        return look_of(
            {
                **logo,
                **{name: form.value(name) for name in WORDS},
                "accent": form.value("accent").lower(),
                "messages": [line.strip() for line in form.value("messages").splitlines() if line.strip()],
                "hidden": [name for name in OPTIONAL if not form.value(f"show_{name}")],
                "order": sorted(BLOCKS, key=lambda name: _place(form, name)),
                "source": _source(form),
            }
        )
    except LookRefused as refused:
        form.refuse(refused.field, refused.message)
        return None


def _place(form: Typed, name: str) -> tuple[int, int]:
    """Of two blocks given the same place the usual order decides."""
    typed = form.value(f"place_{name}")
    usual = list(BLOCKS).index(name)
    return (int(typed) if typed.isascii() and typed.isdigit() else usual + 1, usual)


def _source(form: Typed) -> str:
    """Nothing when it is the standard form, so that it follows ours when we better it."""
    source = form.value("source").replace("\r\n", "\n")
    return "" if source in ("", standard_source().strip()) else source + "\n"


async def _logo(form: Typed, now: Look) -> dict[str, object]:
    upload = form.files.get("logo")
    if upload is not None and upload.filename:
        logo = logo_of(await upload.read(BYTES_MAX + 1))
        return {
            "logo_svg": logo.svg,
            "logo_width_dmm": logo.width_dmm,
            "logo_height_dmm": logo.height_dmm,
        }
    if form.value("no_logo"):
        return {}
    names = ("logo_svg", "logo_width_dmm", "logo_height_dmm")
    return {name: getattr(now, name) for name in names}
