"""The dispatcher's journal of the open month: requests in every state with their steps, two outages."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from billing.deadline import deadline
from billing.services import Service
from storage.seed import people as people_of
from storage.seed.load import Connection, insert
from storage.seed.plan import City
from storage.seed.reference import FIRST_COMPANY

ACCOUNTS_PER_REQUEST = 60
REQUESTS_MIN, REQUESTS_MAX = 12, 400
ZONE = ZoneInfo("Europe/Samara")
LAST_DAY = 24  # the open month has come so far
SOURCES = ("call", "call", "call", "cabinet", "desk")

# category, what was said, whether it is an accident, what the crew found
CALLS: tuple[tuple[str, str, bool, str], ...] = (
    ("leak", "Капает с потолка в ванной, соседи не открывают", False, "Заменена прокладка этажом выше"),
    ("leak", "Прорвало трубу в подвале, вода стоит по щиколотку", True, "Стояк перекрыт, труба заварена"),
    ("sewage", "Засор в стояке, вода поднимается в раковине", False, "Стояк прочищен"),
    ("water", "Слабый напор холодной воды с утра", False, "Промыт фильтр на вводе"),
    ("heating", "Батарея в дальней комнате холодная", False, "Спущен воздух, температура 48 °C"),
    ("heating", "Во всём подъезде холодно, отопление не включили", True, "Открыта задвижка на узле"),
    ("electricity", "Нет света на лестнице с третьего по пятый этаж", False, "Заменены лампы и выключатель"),
    ("common", "Лифт стоит между этажами, людей нет", False, "Лифт запущен, вызван наладчик"),
    ("common", "Дверь подъезда не закрывается, дует", False, "Отрегулирован доводчик"),
    ("chute", "Мусоропровод забит на шестом этаже", False, "Засор устранён"),
    ("charges", "Почему выросла плата за горячую воду", False, "Разъяснено: показание за два месяца"),
    ("other", "Просят поставить скамейку у второго подъезда", False, "Внесено в план работ на весну"),
)  # fmt: skip
STATES = ("open", "in_work", "postponed", "done", "closed", "closed", "cancelled")
WORDS = {
    "in_work": "Передано: {assignee}.",
    "postponed": "Отложено: ждём материал.",
    "done": "Выполнено. {result}.",
    "closed": "Закрыто: жилец подтвердил.",
    "cancelled": "Отменено: повтор другой заявки.",
}
PATHS = {
    "open": (),
    "in_work": ("in_work",),
    "postponed": ("in_work", "postponed"),
    "done": ("in_work", "done"),
    "closed": ("in_work", "done", "closed"),
    "cancelled": ("cancelled",),
}
CREWS = ("сантехник Фокин", "электрик Лукин", "бригада № 2", "слесарь Зимин")


async def journal(connection: Connection, city: City, random: np.random.Generator) -> int:
    """Requests with their steps and two incidents; how many requests."""
    managed = np.flatnonzero(~city.houses.is_private[city.accounts.house] & (city.accounts.kind == 0))
    if not len(managed):
        return 0
    count = min(REQUESTS_MAX, max(REQUESTS_MIN, len(city.accounts) // ACCOUNTS_PER_REQUEST))
    chosen = random.choice(managed, min(count, len(managed)), replace=False)
    moments = sorted(random.integers(0, (LAST_DAY - 1) * 24 * 60, len(chosen)).tolist())
    heads = np.flatnonzero(city.persons.place == 0)
    names = people_of.full_names(city.persons, heads[chosen])
    requests: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for at, (account, minutes) in enumerate(zip(chosen.tolist(), moments, strict=True)):
        call = CALLS[int(random.integers(0, len(CALLS)))]
        state = STATES[int(random.integers(0, len(STATES)))]
        request = _request(city, at, account, minutes, call, state, names[at].decode())
        requests.append(request)
        events += _events(request, state, call[3])
    numbers = await connection.fetch(
        "SELECT nextval('service_request_numbers')::int AS n FROM generate_series(1, $1)", len(requests)
    )
    for request, number in zip(requests, numbers, strict=True):
        request["number"] = number["n"]
    await insert(connection, "incidents", _incidents(city, managed))
    await insert(connection, "service_requests", requests)
    await insert(connection, "request_events", events)
    return len(requests)


def _request(
    city: City, at: int, account: int, minutes: int, call: tuple[str, str, bool, str], state: str, name: str
) -> dict[str, Any]:
    category, said, is_accident, result = call
    start = dt.datetime.combine(city.last.first_day, dt.time(8), tzinfo=ZONE)
    when = start + dt.timedelta(minutes=minutes)
    until, ground = deadline(category, is_accident, when)
    ended = state in ("done", "closed")
    assignee = CREWS[at % len(CREWS)] if state != "open" else None
    return {
        "id": at + 1,
        "company_id": FIRST_COMPANY + int(city.accounts.company[account]),
        "house_id": int(city.accounts.house[account]) + 1,
        "flat_id": int(city.accounts.flat[account]) + 1,
        "account_id": account + 1,
        "applicant": name,
        "phone": people_of.phones(np.array([account + 1]) * 7_919)[0].decode(),
        "source": SOURCES[at % len(SOURCES)],
        "category": category,
        "text": said,
        "is_emergency": is_accident,
        "state": state,
        "deadline_at": until,
        "deadline_ground": ground,
        "assignee": assignee,
        "idempotency_key": f"seed-request-{at + 1}",
        "recorded_at": when,
        "started_at": when + dt.timedelta(minutes=12) if state not in ("open", "cancelled") else None,
        "finished_at": when + dt.timedelta(minutes=95) if ended else None,
        "result": result if ended else None,
        "mark": 5 - at % 3 if state == "closed" else None,
        "version": 1 + len(PATHS[state]),
    }


def _events(request: dict[str, Any], state: str, result: str) -> list[dict[str, Any]]:
    until = request["deadline_at"]
    said = f"Заявка принята, срок до {until:%d.%m.%Y %H:%M}: {request['deadline_ground']}."
    steps = [("open", said)]
    steps += [
        (step, WORDS[step].format(assignee=request["assignee"], result=result)) for step in PATHS[state]
    ]
    return [
        {
            "request_id": request["id"],
            "company_id": request["company_id"],
            "state": step,
            "message": words,
            "to_resident": True,
            "recorded_at": request["recorded_at"] + dt.timedelta(minutes=40 * nth),
        }
        for nth, (step, words) in enumerate(steps)
    ]


def _incidents(city: City, managed: Any) -> list[dict[str, Any]]:
    """A planned stop of hot water that is over, and an accident with cold water."""
    first, last = (int(city.accounts.house[managed[index]]) for index in (0, -1))
    out = []
    for number, (house, service, is_planned, day, hours, cause, words) in enumerate(
        (
            (first, Service.HOT_WATER, True, 6, 10, "Замена задвижки на узле",
             "Горячей воды не будет с 8 до 18 часов: меняем задвижку на узле дома."),
            (last, Service.COLD_WATER, False, 13, 3, "Свищ на вводе",
             "Холодной воды нет: устраняем течь на вводе в дом. Включим к 14 часам."),
        ),
        1,
    ):  # fmt: skip
        start = dt.datetime.combine(city.last.first_day.replace(day=day), dt.time(8), tzinfo=ZONE)
        end = start + dt.timedelta(hours=hours)
        out.append(
            {
                "id": number,
                "company_id": FIRST_COMPANY + int(city.houses.company[house]),
                "service": int(service),
                "house_ids": [house + 1],
                "place": "весь дом",
                "is_planned": is_planned,
                "started_at": start,
                "planned_until": end,
                "ended_at": end,
                "cause": cause,
                "words_for_residents": words,
                "recorded_at": start - dt.timedelta(days=2 if is_planned else 0),
            }
        )
    return out
