"""A page or one block of it from the same template: whole for a browser, bare for an htmx partial request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from web import nav
from web.filters import FILTERS
from web.lists import ListState
from web.static import STATIC

FOLDER = Path(__file__).parent
VARY = "HX-Request, HX-Request-Type"


def environment() -> Environment:
    """Templates lie beside their routes (`centre/run.html`), shared ones in templates/ (`_staff.html`)."""
    made = Environment(
        loader=FileSystemLoader([FOLDER, FOLDER / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        auto_reload=False,
    )
    made.filters.update(FILTERS)
    made.globals["static"] = STATIC.url
    made.globals["ui"] = made.get_template("_ui.html").module
    return made


ENV = environment()
TOLD = ENV.from_string("{{ ui.told(name, words) }}")


def is_partial(request: Request) -> bool:
    """Whether htmx asks for a fragment; Back and boosted links ask for the whole page."""
    return request.headers.get("HX-Request-Type") == "partial"


def page(
    request: Request,
    template: str,
    view: Any,
    block: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    retitle: bool = False,
    tail: str = "",
) -> HTMLResponse:
    """The page of a view; only its `block` when htmx asks for a fragment.

    retitle: the fragment is the whole content of the page, so it brings the title of the tab with it.
    tail: fragments for other places, sent after the block and only with it.
    Raises jinja2.UndefinedError when the template uses what the view has not.
    """
    if block is not None and is_partial(request):
        html = fragment(request, template, view, block)
        if retitle:
            html = f"<title>{fragment(request, template, view, 'title').strip()} · Pay-logic</title>{html}"
        html += tail
    else:
        html = ENV.get_template(template).render(context_of(request, view))
    return HTMLResponse(html, status, headers={"Vary": VARY, **(headers or {})})


def fragment(request: Request, template: str, view: Any, block: str) -> str:
    """One block of a template as text: for partial answers and messages of a stream."""
    loaded = ENV.get_template(template)
    context = loaded.new_context(context_of(request, view))
    return "".join(loaded.blocks[block](context))


def hx_partial(target: str, html: str, swap: str = "outerMorph") -> str:
    """Wrap a fragment for its place: several places in one answer or one SSE message."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{html}</hx-partial>'


def list_page(
    request: Request, template: str, view: Any, state: ListState, fields: Sequence[str], block: str = "list"
) -> HTMLResponse:
    """A list with its canonical address; for htmx also what is wrong with the filters, beside the fields."""
    told = [(name, fragment_of_error(name, state.errors.get(name, ""))) for name in fields]
    tail = "".join(hx_partial(f"#{name}-error", html) for name, html in told)
    return page(request, template, view, block, headers={"HX-Replace-Url": state.url()}, tail=tail)


def fragment_of_error(name: str, words: str) -> str:
    """What stands beside a filter: empty while it is right."""
    return TOLD.render(name=name, words=words)


def see_other(request: Request, location: str) -> Response:
    """After a deed: 303 for a plain form, HX-Redirect for htmx (it would follow 303 into the target)."""
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": location})
    return RedirectResponse(location, status_code=303)


def context_of(request: Request, view: Any) -> dict[str, Any]:
    """What every template has: the view, the person, the frame, the hidden field of CSRF."""
    me = getattr(request.state, "me", None)
    csrf = getattr(request.state, "csrf", "")
    return {
        "view": view,
        "me": me,
        "rail": nav.rail(me, request.url.path),
        "csrf_field": Markup('<input type="hidden" name="csrf" value="{}" />').format(csrf),
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "path": request.url.path,
    }
