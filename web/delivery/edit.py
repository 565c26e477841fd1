"""One route: its stops put in order by keys, by numbers or by dragging; kept as a version from a day on."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import delivery, delivery_pages
from storage.delivery import STOPS_MAX, DeliveryRefused, RouteDraft, Stop
from storage.delivery_pages import StopRow, VersionRow
from storage.natural import search_form
from storage.session import Session
from web import clock
from web.delivery.listing import DONE, READERS, WRITERS, company_of
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, read_form
from web.lists import day_of
from web.render import page, see_other
from web.roles import CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/delivery", dependencies=[allow(*READERS)])

NEW = "new"
WORDS_MAX = 120
ENTRANCES_MAX = 40


@dataclass(frozen=True, slots=True)
class EditView:
    """A route as it is being typed."""

    key: str
    title: str
    form: Typed
    stops: list[StopRow]
    versions: list[VersionRow]
    may_write: bool
    said: str
    done: str

    @property
    def base(self) -> str:
        """The address of the route."""
        return f"/delivery/{self.key}"

    @property
    def accounts(self) -> int:
        """Receipts of all stops."""
        return sum(one.accounts for one in self.stops)


@router.get("/{key}")
async def show(
    request: Request, key: str, me: CurrentUser, session: Reader, version: int = 0, done: str = ""
) -> Response:
    """The newest version of a route, or an old one to begin from."""
    versions = await _versions(session, key, me)
    chosen = next((one for one in versions if one.id == version), versions[0] if versions else None)
    stops = await delivery_pages.stops(session, chosen.id) if chosen else []
    values = {"starts_on": f"{clock.today():%Y-%m-%d}"}
    if chosen is not None:
        values |= {"name": chosen.name, "carrier": chosen.carrier}
    view = await _view(session, key, me, Typed(values), stops, versions, done=DONE.get(done, ""))
    return page(request, "delivery/edit.html", view)


async def _versions(session: Session, key: str, me: Me) -> list[VersionRow]:
    """The history of a route this person may open; a new one has none. Raises NotFound."""
    if key == NEW:
        return []
    found = (
        await delivery_pages.versions(session, int(key))
        if key.isascii() and key.isdigit() and len(key) < 9
        else []
    )
    if not found or not (me.may(*CENTRE_STAFF) or found[0].company_id == me.organisation_id):
        raise NotFound("Такого маршрута нет.", "Откройте его из списка маршрутов.")
    return found


async def _view(
    session: Session,
    key: str,
    me: Me,
    form: Typed,
    stops: list[Stop],
    versions: list[VersionRow],
    said: str = "",
    done: str = "",
) -> EditView:
    return EditView(
        key=key,
        title=versions[0].name if versions else "Новый маршрут",
        form=form,
        stops=await delivery_pages.described(session, stops),
        versions=versions,
        may_write=me.may(*WRITERS),
        said=said,
        done=done,
    )


def stops_of(form: Typed) -> list[Stop]:
    """Stops as typed: by the number in «place», of equal ones the one moved last stands first."""
    found: list[tuple[int, int, Stop]] = []
    for at in range(STOPS_MAX + ENTRANCES_MAX):
        house = form.value(f"house_{at}")
        if not _is_number(house) or form.value(f"drop_{at}"):
            continue
        place, entrance = form.value(f"place_{at}"), form.value(f"entrance_{at}")
        stop = Stop(
            int(house), int(entrance) if _is_number(entrance) else None, form.value(f"down_{at}") == "1"
        )
        found.append((int(place) if _is_number(place) else STOPS_MAX * 2, at, stop))
    return [stop for _, _, stop in sorted(found, key=lambda one: one[:2])]


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 10


@router.post("/{key}/stops", dependencies=[allow(*WRITERS)])
async def change(request: Request, key: str, me: CurrentUser, session: Reader) -> Response:
    """The stops with houses added, removed or put in order; nothing is kept yet."""
    versions = await _versions(session, key, me)
    form = await read_form(request)
    stops, said = stops_of(form), ""
    if form.value("street"):
        owner = versions[0].company_id if versions else company_of(me)
        route_id = versions[0].route_id if versions else None
        added, said = await _added(session, form, owner, route_id, stops)
        stops += added
    view = await _view(session, key, me, form, stops[:STOPS_MAX], versions, said)
    return page(request, "delivery/edit.html", view, block="stops", status=422 if form.errors else 200)


async def _added(
    session: Session, form: Typed, company_id: int | None, route_id: int | None, stops: list[Stop]
) -> tuple[list[Stop], str]:
    """Houses of the street typed, or one house, or entrances of it, that are not in the route yet."""
    number = form.value("house").lower()
    street, day = search_form(form.value("street")), day_of(form.value("starts_on")) or clock.today()
    found = await delivery_pages.houses_like(session, street, number, company_id, day, route_id)
    entrances = _entrances(form)
    if not found:
        form.refuse(
            "street",
            "Такого дома нет, или вся улица уже на других маршрутах. Начните с первых букв без «ул.»: «лен».",
        )
    elif entrances and len(found) > 1:
        form.refuse("entrances", "Подъезды называют у одного дома. Впишите его номер.")
    if form.errors:
        return [], ""
    standing = {(one.house_id, one.entrance) for one in stops}
    whole = {one.house_id for one in stops}
    if entrances:
        house_id = found[0]
        if (house_id, None) in standing:
            form.refuse("entrances", "Этот дом уже стоит целиком. Сначала уберите его.")
            return [], ""
        added = [Stop(house_id, one) for one in entrances if (house_id, one) not in standing]
    else:
        added = [Stop(one) for one in found if one not in whole]
    for name in ("street", "house", "entrances"):
        form.values.pop(name, None)
    return added, f"Добавлено: {len(added)}." if added else "Всё это уже в маршруте."


def _entrances(form: Typed) -> list[int]:
    """«3, 2, 1» and «1-4», in the order written; «4-1» goes backwards."""
    made: list[int] = []
    for part in form.value("entrances").replace("–", "-").replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if not part:
            continue
        if not _is_number(first) or (last and not _is_number(last)) or max(int(first), int(last or 0)) > 99:
            form.refuse("entrances", "Подъезды пишут так: «1-4» или «3, 1, 2».")
            return []
        low, high = int(first), int(last or first)
        made += range(low, high + 1) if low <= high else range(low, high - 1, -1)
    return list(dict.fromkeys(made))[:ENTRANCES_MAX]


@router.post("/{key}", dependencies=[allow(*WRITERS)])
async def save(request: Request, key: str, me: CurrentUser, session: Writer) -> Response:
    """Keep the route as a version; without stops it is closed from the day."""
    versions = await _versions(session, key, me)
    form = await read_form(request)
    stops = stops_of(form)
    name = form.text("name", "Назовите маршрут: «Маршрут 3, Центр».", delivery.NAME_MAX)
    carrier = form.value("carrier")[:WORDS_MAX]
    since = form.date("starts_on", "Впишите, с какого дня он такой: 01.10.2026.")
    if not stops and not versions:
        form.refuse("street", "В маршруте нет ни одного дома. Добавьте дома.")
    if form.is_good and since is not None:
        owner = versions[0].company_id if versions else company_of(me)
        draft = RouteDraft(owner, " ".join(name.split()), carrier, since, tuple(stops))
        try:
            route_id = await delivery.keep(
                session, versions[0].route_id if versions else None, draft, me.user_id
            )
            return see_other(request, f"/delivery/{route_id}?done=saved")
        except DeliveryRefused as refusal:
            form.refuse("", refusal.message)
    view = await _view(session, key, me, form, stops, versions)
    return page(request, "delivery/edit.html", view, status=422)
