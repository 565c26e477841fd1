"""Words of ways of paying for common needs, and proposals of them as pages show them."""

from __future__ import annotations

from dataclasses import dataclass

from billing.quantity import MICRO
from billing.services import CATALOGUE, COMMON, METHOD_NAMES, Method
from receipts.words import scaled
from storage import second_person
from storage.common_modes import ALL, METHODS, NOTES, WaitingMode, service_words
from storage.common_past import SERVICES
from web.roles import Me

SHORT = {
    Method.COMMON_NORM: "по нормативу",
    Method.COMMON_ACTUAL: "по счётчику дома",
    Method.COMMON_ACTUAL_CAPPED: "по счётчику, не больше норматива",
    Method.COMMON_AVERAGE: "по среднему прошлого года",
    Method.COMMON_DIRECT_NORM: "ОДН по нормативу",
    Method.COMMON_DIRECT_ACTUAL: "ОДН по счётчику дома",
    Method.COMMON_DIRECT_CAPPED: "ОДН, не больше норматива",
}
SERVICE_OPTIONS = [(ALL, "Все ресурсы"), *((code, service_words(code)) for code in SERVICES)]
METHOD_OPTIONS = list(METHODS.items())


def method_words(method: int) -> str:
    """A way in a cell of a table."""
    return SHORT.get(Method(method), "—")


def named(method: str) -> str:
    """A way by its name: «law» is the organisation's."""
    return "как у организации" if method == "law" else method_words(METHOD_NAMES[method])


def note_of(method: str) -> str:
    """The note of law of a way."""
    return NOTES[method]


def volume(micro: int | None, service: int) -> str:
    """A volume of a house as its resource is printed: three figures of a cubic metre, two of a kWh."""
    if micro is None:
        return "–"
    decimals = CATALOGUE[service - COMMON].decimals
    step = MICRO // 10**decimals
    whole = (2 * abs(micro) + step) // (2 * step)
    return scaled(-whole if micro < 0 else whole, decimals, 0)


@dataclass(frozen=True, slots=True)
class ModeView:
    """A proposal in words; why_not explains a button this person may not press."""

    given: WaitingMode
    service: str
    words: str
    note: str
    why_not: str


def seen(waiting: list[WaitingMode], me: Me) -> list[ModeView]:
    """Proposals as this person may decide them."""
    return [
        ModeView(
            one,
            service_words(one.service),
            METHODS[one.method],
            NOTES[one.method],
            second_person.why_not(one.proposed_by, me.user_id),
        )
        for one in waiting
    ]
