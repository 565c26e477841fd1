"""Money in on the pages: registers with verdicts, gates of agents, payments whose account is not known."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text

from actors.payments import PaymentIntake
from actors.registers import Registers
from gateways.bus import Event
from gateways.registers import preset
from storage import outbox, register_pages
from storage.engine import Database
from tests.support.certificates import certificate
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import SignIn, counted, csrf_of
from tests.web.desk import count, plain, send
from tests.web.town_places import BANK

CITY = town
QUERIES_MAX = 5
HEAD = "Номер;Счёт;Сумма;Дата;Плательщик\n"
GOOD = "1;1000001;100,00;12.10.2026;Иванов\n"
UNKNOWN = "2;1000901;50,00;12.10.2026;Иванов Пётр\n"
BAD = "3;1000002;сто рублей;12.10.2026;Петров\n"


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


async def add_profile(place: TestDatabase) -> int:
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        made = await register_pages.save_profile(
            session, None, "csv", "Простая таблица", None, preset("csv").model_dump(mode="json"), None
        )
    await owner.close()
    assert made is not None
    return made


async def upload(client: AsyncClient, body: str, name: str = "r.csv", **fields: str) -> Response:
    token = csrf_of(await client.get("/registers/new"))
    return await client.post(
        "/registers",
        data={"csrf": token, **fields},
        files={"file": (name, body.encode(), "text/csv")},
    )


async def test_register_with_bad_rows_is_read_judged_and_accepted(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    profile = await add_profile(fresh_town)
    centre = await sign_in("ivanova")
    sent = await upload(centre, HEAD + GOOD + UNKNOWN + BAD, profile=str(profile), agent=str(BANK))
    assert sent.status_code == 303
    path = sent.headers["location"]
    assert "Пока ничего не зачислено" in plain(await centre.get(path))

    await take_events(fresh_town)
    shown = plain(await centre.get(path))
    bad_only = plain(await centre.get(f"{path}?verdict=bad"))
    protocol = (await centre.get(f"{path}.csv?verdict=bad")).text

    assert "«сто рублей» — не сумма" in shown
    assert "Счёта 1000901 нет" in shown
    assert "Зачислить 150,00 ₽" in shown
    assert "Не пойдёт 1 строка" in shown
    assert "Петров" in bad_only
    assert "Счёта 1000901 нет" not in bad_only
    assert "сто рублей" in protocol
    assert "1000901" not in protocol

    await send(centre, path, f"{path}/accept")
    await take_events(fresh_town)
    assert "Зачислил" in plain(await centre.get(path))
    assert await count(fresh_town, "payments", "register_id IS NOT NULL") == 2
    assert (await send(centre, "/registers/new", f"{path}/accept")).status_code == 409
    assert "r.csv" in plain(await centre.get("/registers?state=accepted&name=r.c"))
    assert "Ничего не найдено" in plain(await centre.get("/registers?state=refused"))
    assert "r.csv" in (await centre.get("/registers.csv")).text


async def test_a_register_says_what_became_of_its_readings(
    fresh_town: TestDatabase, app: FastAPI, sign_in: SignIn
) -> None:
    """Of a meter nobody knows: the money is taken, the reading is refused in words."""
    profile = await add_profile(fresh_town)
    centre = await sign_in("ivanova")
    path = (await upload(centre, HEAD + GOOD, profile=str(profile), agent=str(BANK))).headers["location"]
    await take_events(fresh_town)
    owner = Database(fresh_town.url, "worker")
    async with owner.transaction() as session:
        await session.execute(text('UPDATE register_rows SET readings = \'[["XX-9", "12,5"]]\''))
    await owner.close()

    with counted(app) as sent:
        before = plain(await centre.get(path))
    await send(centre, path, f"{path}/accept")
    await take_events(fresh_town)
    after, protocol = plain(await centre.get(path)), (await centre.get(f"{path}.csv")).text

    assert len(sent) <= QUERIES_MAX, sent
    assert "Показаний 1: ждёт приёма реестра 1" in before
    assert "Показаний 1: не принято 1" in after
    assert "Счётчика XX-9 у счёта нет." in after
    assert "Счётчика XX-9 у счёта нет." in protocol


async def test_same_file_is_refused_and_the_reason_is_on_its_page(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    profile = await add_profile(fresh_town)
    centre = await sign_in("ivanova")
    for name in ("a.csv", "b.csv"):
        sent = await upload(centre, HEAD + GOOD, name, profile=str(profile), agent=str(BANK))
        await take_events(fresh_town)

    assert "Этот файл уже загружен" in plain(await centre.get(sent.headers["location"]))


async def test_an_agent_sees_and_loads_only_its_own(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    profile = await add_profile(fresh_town)
    centre, agent = await sign_in("ivanova"), await sign_in("bank")
    own = await upload(agent, HEAD + GOOD, profile=str(profile))
    owner = Database(fresh_town.url, "worker")
    async with owner.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO organisations (id, kind, name, short_name, inn) "
                "VALUES (90, 'agent', 'Чужой', 'Чужой', '1')"
            )
        )
    await owner.close()
    other = await upload(centre, HEAD + UNKNOWN, "чужой.csv", profile=str(profile), agent="90")
    await take_events(fresh_town)

    assert (await agent.get(own.headers["location"])).status_code == 200
    assert (await agent.get(other.headers["location"])).status_code == 404
    assert "чужой.csv" not in plain(await agent.get("/registers"))
    token = csrf_of(await agent.get("/registers/new"))
    refused = await agent.post(f"{other.headers['location']}/accept", data={"csrf": token})
    assert refused.status_code == 404


async def test_upload_without_a_file_or_a_kind_is_refused_in_words(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")
    answer = await send(centre, "/registers/new", "/registers")

    assert answer.status_code == 422
    for words in ("Выберите вид реестра", "Выберите агента", "Выберите файл реестра"):
        assert words in plain(answer)


async def test_kind_of_registers_is_tried_on_a_sample_and_saved(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")
    page = await centre.get("/registers/profiles/new?preset=csv")
    body = re.search(r"<textarea id=\"body\".*?>(.*?)</textarea>", page.text, re.S)
    assert body is not None
    fields = {
        "csrf": csrf_of(page), "title": "Наш банк", "code": "our_bank", "agent": str(BANK),
        "body": body[1].replace("&#39;", "'").replace("&#34;", '"'),
    }  # fmt: skip
    sample = {"sample": ("s.csv", (HEAD + GOOD + BAD).encode(), "text/csv")}

    tried = await centre.post("/registers/profiles", data={**fields, "do": "try"}, files=sample)
    spoilt = await centre.post(
        "/registers/profiles", data={**fields, "body": "container: text", "do": "save"}
    )
    saved = await centre.post("/registers/profiles", data={**fields, "do": "save"})
    twice = await centre.post("/registers/profiles", data={**fields, "do": "save"})

    assert "2 строки на 100,00" in plain(tried)
    assert "не сумма" in plain(tried)
    assert spoilt.status_code == 422
    assert "container" in plain(spoilt)
    assert saved.status_code == 303
    assert "уже есть" in plain(twice)
    listed = await centre.get("/registers/profiles")
    assert "Наш банк" in plain(listed)
    own = re.search(r"/registers/profiles/(\d+)", listed.text)
    assert own is not None
    assert (await centre.get(f"/registers/profiles/{own[1]}")).status_code == 200


async def unmatched(place: TestDatabase, client: AsyncClient) -> str:
    """A payment to an account that is not there; the address of its card."""
    profile = await add_profile(place)
    sent = await upload(client, HEAD + UNKNOWN, profile=str(profile), agent=str(BANK))
    await take_events(place)
    await send(client, sent.headers["location"], f"{sent.headers['location']}/accept")
    await take_events(place)
    owner = Database(place.url, "worker")
    async with owner.reading() as session:
        found = await session.scalar(text("SELECT id FROM payments WHERE state = 'unmatched'"))
    await owner.close()
    return f"/centre/unidentified/{found}"


async def test_unidentified_payment_is_found_assigned_and_taken_back(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")
    card = await unmatched(fresh_town, centre)
    queue = plain(await centre.get("/centre/unidentified"))
    shown = plain(await centre.get(card))

    assert "1 платёж на 50,00" in queue
    assert "номер отличается одной ошибкой" in shown
    assert "1000001" in shown
    assert "1000901" in (await centre.get("/centre/unidentified.csv?words=1000901")).text
    assert "1000003" in plain(await centre.get(f"{card}?q=1000003"))

    bare = await send(centre, card, f"{card}/assign", account="1")
    assert bare.status_code == 422
    assert "Напишите основание" in plain(bare)

    await send(centre, card, f"{card}/assign", account="1", reason="Ответ банка")
    assert "Решение записано" in plain(await centre.get(card))
    await take_events(fresh_town)
    done = plain(await centre.get(card))
    assert "зачислен" in done
    assert "Ответ банка" in done
    assert "Невыясненные" in done
    assert "Долг жителя" in done
    assert "Разбирать нечего" in plain(await centre.get("/centre/unidentified"))

    await send(centre, card, f"{card}/undo", reason="Не тот счёт")
    await take_events(fresh_town)
    assert "ждёт разбора" in plain(await centre.get(card))


async def test_kept_payment_stands_apart_and_may_be_returned(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")
    card = await unmatched(fresh_town, centre)
    await send(centre, card, f"{card}/keep", reason="Ждём ответа банка")
    await take_events(fresh_town)
    assert "Оставлены 1" in plain(await centre.get("/centre/unidentified?state=kept"))

    await send(centre, card, f"{card}/return", reason="Банк вернёт")
    await take_events(fresh_town)
    assert "возвращён" in plain(await centre.get(card))
    late = await send(centre, "/centre/allocation", f"{card}/keep", reason="Поздно")
    assert late.status_code == 409


async def test_gate_is_added_changed_and_its_secret_shown_once(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")
    made = await send(centre, "/centre/gates", "/centre/gates", agent=str(BANK), preset="osmp", code="bank")
    assert made.status_code == 303
    page = await centre.get("/centre/gates/bank")
    dialect = re.search(r"<textarea id=\"dialect\".*?>(.*?)</textarea>", page.text, re.S)
    assert dialect is not None
    fields = {
        "title": "ОСМП", "least": "10,00", "most": "5000,00", "shows": "masked", "may_cancel": "never",
        "in_flight_max": "5", "networks": "127.0.0.1/32", "is_active": "on",
        "dialect": dialect[1].replace("&#39;", "'").replace("&#34;", '"'),
    }  # fmt: skip

    bad = await send(centre, "/centre/gates/bank", "/centre/gates/bank", **{**fields, "networks": "нигде"})
    good = await send(centre, "/centre/gates/bank", "/centre/gates/bank", **fields)
    shown = plain(await send(centre, "/centre/gates/bank", "/centre/gates/bank/secret"))

    assert bad.status_code == 422
    assert good.status_code == 303
    secret = re.search(r"bank:([\w-]{30,})", shown)
    assert secret is not None
    assert secret[1] not in (await centre.get("/centre/gates/bank")).text
    asked = {"command": "pay", "txn_id": "1", "account": "1000001", "sum": "9.00"}
    assert (await centre.get("/gate/bank", params=asked)).status_code == 401
    answer = await centre.get("/gate/bank", params=asked, auth=("bank", secret[1]))
    assert "<result>241</result>" in answer.text
    assert (
        await send(centre, "/centre/gates", "/centre/gates", agent=str(BANK), preset="osmp", code="bank")
    ).status_code == 422


async def test_certificates_of_a_gate_are_pinned_shown_with_their_end_and_removed(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre = await sign_in("ivanova")
    gate, path = "/centre/gates/bank", "/centre/gates/bank/certificates"
    await send(centre, "/centre/gates", "/centre/gates", agent=str(BANK), preset="osmp", code="bank")
    now = dt.datetime.now(dt.UTC)
    soon, long = certificate("soon", until=now + dt.timedelta(days=9, hours=1)), certificate("long")

    bad = await send(centre, gate, path, certificate=long.key_pem)
    for one in (soon, long, soon):
        assert (await send(centre, gate, path, certificate=one.pem)).status_code == 303
    shown = plain(await centre.get(gate))
    listed = plain(await centre.get("/centre/gates"))

    assert bad.status_code == 422
    assert "закрытый ключ" in plain(bad)
    assert "скоро кончится" in shown
    assert "осталось 9" in shown
    assert shown.count("CN=soon") == 1
    assert "сертификат до" in listed
    prints = re.findall(r"certificates/([0-9a-f]{64})/remove", (await centre.get(gate)).text)
    assert len(prints) == 2
    for one in prints:
        assert (await send(centre, gate, f"{path}/{one}/remove")).status_code == 303
    assert "Сертификат не спрашивают" in plain(await centre.get(gate))
    assert (await send(centre, gate, f"{path}/{prints[0]}/remove")).status_code == 404


@pytest.mark.parametrize("path", ["/registers/999", "/centre/unidentified/999", "/centre/gates/none"])
async def test_what_is_not_there_says_so(town: TestDatabase, sign_in: SignIn, path: str) -> None:
    centre = await sign_in("ivanova")

    assert (await centre.get(path)).status_code == 404
