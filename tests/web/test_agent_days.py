"""A day of an agent reconciled on the pages: verdicts, deeds of two persons, the agent's page, the act."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from httpx import AsyncClient, Response

from actors.payments import PaymentIntake
from actors.registers import Registers
from gateways.bus import Event
from storage import outbox
from storage.engine import Database
from storage.payments import Incoming, post_payments
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import SignIn, csrf_of
from tests.web.desk import count, plain, send
from tests.web.test_money import add_profile
from tests.web.town_places import BANK

CITY = town
DAY = dt.date(2026, 10, 12)
HEAD = "Номер;Счёт;Сумма;Дата;Плательщик\n"
FILE = (
    HEAD
    + "s1;1000001;100,00;12.10.2026;Иванов\n"
    + "t1;1000002;55,00;12.10.2026;Петров\n"
    + "d1;1000001;70,00;12.10.2026;Иванов\n"
    + "s1;1000001;100,00;12.10.2026;Иванов\n"
)


async def take_events(place: TestDatabase) -> None:
    """What the relay and the workers do."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        waiting = await outbox.unsent(session)
        await outbox.mark_sent(session, [one.id for one in waiting])
    events = [Event(one.event_id, one.subject, one.payload, 1) for one in waiting]
    await Registers(owner).handle([one for one in events if one.subject.startswith("commands.registers")])
    await PaymentIntake(owner).handle([one for one in events if one.subject.startswith("payments.")])
    await owner.close()


async def pay(place: TestDatabase, **sums: int) -> None:
    """Payments of the bank through its gate on the day."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        await post_payments(
            session,
            [Incoming(BANK, number, "1000001", amount, DAY) for number, amount in sums.items()],
        )
    await owner.close()


async def upload(client: AsyncClient, body: str, **fields: str) -> Response:
    token = csrf_of(await client.get("/agent-days/new"))
    return await client.post(
        "/agent-days",
        data={"csrf": token, **fields},
        files={"file": ("day.csv", body.encode(), "text/csv")},
    )


async def compared(place: TestDatabase, centre: AsyncClient, body: str = FILE) -> str:
    """The path of a day already compared: same s1, only theirs t1, different d1, only ours o1, repeat s1."""
    profile = await add_profile(place)
    await pay(place, s1=100_00, d1=60_00, o1=9_00)
    sent = await upload(centre, body, profile=str(profile), agent=str(BANK))
    assert sent.status_code == 303, plain(sent)
    await take_events(place)
    return sent.headers["location"]


def row_of(answer: Response, number: str) -> str:
    """The address of the form of an operation."""
    found = re.search(
        rf'>{number}<span.*?action="([^"]+)"|>{number}</th>.*?action="([^"]+)"', answer.text, re.S
    )
    assert found, f"no form of {number}"
    return found[1] or found[2]


async def test_each_difference_is_found_and_both_totals_stand(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")

    path = await compared(fresh_town, centre)

    shown = plain(await centre.get(path))
    assert "4 расхождения, не решено 4" in shown
    assert "Всего 4 325,00 3 169,00 4" in shown
    assert "Номер повторяет строку" in plain(await centre.get(f"{path}?verdict=repeat"))
    only_ours = plain(await centre.get(f"{path}?verdict=ours"))
    assert "o1" in only_ours
    assert "t1" not in only_ours
    assert "Только у агента" in (await centre.get(f"{path}.csv?verdict=theirs")).text
    paper = await centre.get(f"{path}/act.pdf")
    assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    listed = plain(await centre.get("/agent-days?state=unsettled&since=12.10.2026"))
    assert "day.csv" in listed
    assert "не решено 4" in listed
    assert "day.csv" in (await centre.get("/agent-days.csv")).text


async def test_the_same_file_leads_to_where_it_was_compared(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")
    path = await compared(fresh_town, centre)
    profile = re.search(r'value="(\d+)"[^>]*>Простая', (await centre.get("/agent-days/new")).text)
    assert profile

    again = await upload(centre, FILE, profile=profile[1], agent=str(BANK))

    assert again.status_code == 422
    assert f'href="{path}"' in again.text
    assert await count(fresh_town, "agent_days") == 1
    await send(centre, path, f"{path}/withdraw")
    assert (await upload(centre, FILE, profile=profile[1], agent=str(BANK))).status_code == 303


async def test_a_lost_payment_is_posted_by_two_persons_once(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre, second = await sign_in("ivanova"), await sign_in("petrov")
    path = await compared(fresh_town, centre)
    form = row_of(await centre.get(f"{path}?verdict=theirs"), "t1")

    bare = await send(centre, path, form, deed="post")
    proposed = await send(centre, path, form, deed="post", words="Письмо банка № 5")
    own = await send(centre, path, form, deed="approve")
    assert (bare.status_code, proposed.status_code, own.status_code) == (422, 303, 409)
    assert await count(fresh_town, "payments", "number = 't1'") == 0

    assert (await send(second, path, form, deed="approve")).status_code == 303
    assert (await send(second, path, form, deed="approve")).status_code == 409
    await take_events(fresh_town)

    assert await count(fresh_town, "payments", "number = 't1' AND amount_kopecks = 5500") == 1
    assert "Зачислен платежом" in plain(await centre.get(f"{path}?verdict=theirs"))
    assert (await send(centre, path, f"{path}/withdraw")).status_code == 409


async def test_the_agent_sees_its_day_and_cancels_what_it_is_asked_for(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre, agent = await sign_in("ivanova"), await sign_in("bank")
    path = await compared(fresh_town, centre)
    form = row_of(await centre.get(f"{path}?verdict=ours"), "o1")
    assert (await send(agent, path, form, deed="agree")).status_code == 409
    await send(centre, path, form, deed="ask", words="Отмените: в вашем реестре его нет")

    seen = await agent.get(f"{path}?verdict=ours")
    assert "Отмените: в вашем реестре его нет" in plain(seen)
    assert "Сверка за день" in plain(seen)
    assert (await send(agent, path, form, deed="keep", words="x")).status_code == 404
    assert (await send(agent, path, form, deed="agree")).status_code == 303
    await take_events(fresh_town)

    assert await count(fresh_town, "payments", "number = 'o1' AND state = 'reversed'") == 1
    assert "Агент отменил платёж" in plain(await centre.get(f"{path}?verdict=ours"))


async def test_an_answer_of_the_agent_opens_the_difference_again(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre, agent = await sign_in("ivanova"), await sign_in("bank")
    path = await compared(fresh_town, centre)
    form = row_of(await centre.get(f"{path}?verdict=differs"), "d1")
    await send(centre, path, form, deed="ask", words="Какая сумма верна?")
    await send(agent, path, form, deed="answer", words="70,00 верно")

    shown = plain(await centre.get(f"{path}?verdict=differs"))
    assert "Ответ агента: 70,00 верно" in shown
    await send(centre, path, form, deed="keep", words="Доплата придёт отдельно")
    assert "закрыто" in plain(await centre.get(f"{path}?verdict=differs"))


async def test_what_a_later_register_names_is_settled_by_itself(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")
    path = await compared(fresh_town, centre)
    profile = re.search(r'value="(\d+)"[^>]*>Простая', (await centre.get("/agent-days/new")).text)
    assert profile
    next_day = HEAD + "o1;1000001;9,00;13.10.2026;Иванов\ns1;1000001;100,00;12.10.2026;Иванов\n"
    sent = await upload(centre, next_day, profile=profile[1], agent=str(BANK))
    await take_events(fresh_town)

    assert "Есть в сверке № 2" in plain(await centre.get(f"{path}?verdict=ours"))
    assert "Эта операция уже была в сверке № 1" in plain(await centre.get(sent.headers["location"]))


async def test_a_file_without_a_day_is_refused_in_words(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    centre = await sign_in("ivanova")
    path = await compared(fresh_town, centre, HEAD + "s1;1000001;100,00;вчера;Иванов\n")

    assert "Ни одной строки с датой" in plain(await centre.get(path))
    assert (await centre.get(f"{path}/act.pdf")).status_code == 409


@pytest.mark.parametrize("path", ["/agent-days/7", "/agent-days/7.csv", "/agent-days/7/act.pdf"])
async def test_what_is_not_there_says_so(town: TestDatabase, sign_in: SignIn, path: str) -> None:
    centre = await sign_in("ivanova")

    assert (await centre.get(path)).status_code == 404
