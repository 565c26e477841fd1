"""Money out on the pages: a distribution from the statement to the file and back, and who sees what."""

from __future__ import annotations

import datetime as dt
import re

from httpx import AsyncClient, Response
from sqlalchemy import text

from actors.payouts import Payouts
from gateways.bank1c.fake import Income, statement
from gateways.bus import Event
from storage import outbox, payments
from storage.engine import Database
from storage.payments import Incoming
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import SignIn, csrf_of
from tests.web.desk import count, plain, send
from tests.web.town_places import BANK, CENTRE, WATER

CITY = town
DAY = dt.date(2026, 10, 12)
OWN = "40702810900000000100"


async def prepare(place: TestDatabase) -> int:
    """Accounts of their own for everybody, the bank keeps 1 %; a payment; its id."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        await session.execute(
            text(
                "UPDATE organisations SET bank_account = '4070281090000000' || lpad((id * 100)::text, 4, '0')"
            )
        )
        await session.execute(
            text("""
            INSERT INTO contracts (organisation_id, counterparty_id, kind, number, fee_permyriad, fee_bearer,
                                   valid_from)
            VALUES (:centre, :bank, 'agency', 'А-1', 100, 'payee', '2026-01-01'),
                   (:water, :centre, 'service', 'Р-1', 200, 'centre', '2026-01-01')"""),
            {"centre": CENTRE, "bank": BANK, "water": WATER},
        )
    async with owner.transaction() as session:
        made = await payments.post_payments(
            session, [Incoming(BANK, "web-1", "1000002", 3_000_00, DAY, happened_at=None)]
        )
    await owner.close()
    assert made[0].kind == "posted"
    assert made[0].payment_id is not None
    return made[0].payment_id


async def work(place: TestDatabase) -> None:
    """What the relay and the worker do."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        waiting = await outbox.unsent(session)
        await outbox.mark_sent(session, [one.id for one in waiting])
    events = [Event(one.event_id, one.subject, one.payload, 1) for one in waiting]
    await Payouts(owner).handle([one for one in events if one.subject.startswith("commands.payouts")])
    await owner.close()


async def give(client: AsyncClient, content: bytes, name: str = "kl_to_1c.txt") -> Response:
    token = csrf_of(await client.get("/centre/statements"))
    return await client.post(
        "/centre/statements", data={"csrf": token}, files={"file": (name, content, "text/plain")}
    )


def income(amount: int, inn: str = f"36{BANK:08d}") -> bytes:
    came = Income("7", amount, "Городской банк", inn, "40702810900000000700", "Платежи за 12.10")
    return statement(OWN, DAY, None, [came])


async def begin(client: AsyncClient, place: TestDatabase) -> str:
    """A worked-out distribution; its address."""
    page = await client.get("/centre/payouts")
    command = re.search(r'name="command" value="([^"]+)"', page.text)
    assert command is not None
    sent = await send(client, "/centre/payouts", "/centre/payouts", until="2026-10-12", command=command[1])
    assert sent.status_code == 303, plain(sent)
    await work(place)
    return sent.headers["location"]


async def test_from_the_statement_to_the_file_and_back(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    payment = await prepare(fresh_town)
    first, second = await sign_in("ivanova"), await sign_in("petrov")
    loaded = await give(first, income(2_970_00))
    await work(fresh_town)
    assert "деньги агента" in plain(await first.get(loaded.headers["location"]))

    run = await begin(first, fresh_town)
    shown = plain(await first.get(run))
    assert "посчитано, не проведено" in shown
    assert "провести должен другой сотрудник" in shown
    assert (await send(first, run, f"{run}/post")).status_code == 409
    assert (await first.get(f"{run}/file")).status_code == 404

    await send(second, run, f"{run}/post")
    await work(fresh_town)
    assert (await send(second, run, f"{run}/export", kind="дискета")).status_code == 422
    await send(second, run, f"{run}/export", kind="1c")
    again = await send(second, run, f"{run}/export", kind="1c")
    assert again.status_code == 409
    content = (await first.get(f"{run}/file")).content
    assert content == (await second.get(f"{run}/file")).content
    assert content.startswith(b"1CClientBankExchange\r\n")
    assert (await send(first, run, f"{run}/undo", reason="Передумали")).status_code == 409

    await give(first, statement(OWN, DAY, content), "bank.txt")
    await work(fresh_town)
    assert "закрыто выпиской" in plain(await first.get(run))
    listed = await first.get("/centre/payouts?state=closed&since=2026-10-12&through=2026-10-12")
    assert "1 распределение" in plain(listed)
    assert "Ничего не найдено" in plain(await first.get("/centre/payouts?through=2026-10-11"))
    assert "закрыто выпиской" in (await first.get("/centre/payouts.csv")).content.decode("utf-8-sig")
    assert "/centre/payouts/money" in listed.text
    money = plain(await first.get("/centre/payouts/money"))
    assert "сходится до копейки" in money
    assert "не сходится" not in money
    trail = plain(await first.get(f"/centre/money-trail/{payment}"))
    assert "сходится до копейки" in trail
    assert "Деньги пришли на счёт 12.10.2026" in trail
    found = await first.get("/centre/money-trail?account=1000002")
    assert f"/centre/money-trail/{payment}" in found.text
    assert "Платежей не найдено" in plain(await first.get("/centre/money-trail?account=77"))
    transfer = re.search(r"/transfers/(\d+)", (await first.get(f"/centre/money-trail/{payment}")).text)
    assert transfer is not None
    back = await first.get(f"/transfers/{transfer[1]}")
    assert f"/centre/money-trail/{payment}" in back.text
    assert "Оплачено" in (await first.get(f"/transfers/{transfer[1]}.csv")).text
    assert (await first.get("/transfers.xlsx")).content.startswith(b"PK")


async def test_payee_sees_its_transfers_and_its_act_and_nothing_else(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    payment = await prepare(fresh_town)
    first, second, water = await sign_in("ivanova"), await sign_in("petrov"), await sign_in("vodokanal")
    await give(first, income(2_970_00))
    await work(fresh_town)
    run = await begin(first, fresh_town)
    assert "Переводов ещё не было" in plain(await water.get("/transfers"))
    await send(second, run, f"{run}/post")
    await work(fresh_town)

    own = await water.get("/transfers")
    numbers = re.findall(r"/transfers/(\d+)", own.text)
    everything = re.findall(r"/transfers/(\d+)", (await first.get("/transfers")).text)
    assert len(set(numbers)) == 1
    assert len(set(everything)) > 1
    page = plain(await water.get(f"/transfers/{numbers[0]}"))
    assert "сходится до копейки" in page
    assert "1000002" not in page
    other = next(one for one in everything if one not in numbers)
    assert (await water.get(f"/transfers/{other}")).status_code == 404
    act = plain(await water.get("/reconciliation?since=2026-10-01&until=2026-12-31"))
    assert "Поручение №" in act
    assert "сходится до копейки" in act
    assert plain(await water.get("/reconciliation?payee=5")).count("Теплосеть") == 0
    assert (await water.get("/reconciliation.xlsx?since=2026-10-01")).content.startswith(b"PK")
    same = plain(await first.get(f"/reconciliation?payee={WATER}&since=2026-10-01&until=2026-12-31"))
    assert re.findall(r"За всё время.*", act)[0].split("Pay-logic")[0] in same
    for path in (run, "/centre/statements", f"/centre/money-trail/{payment}", "/centre/payout-terms"):
        assert (await water.get(path)).status_code == 403


async def test_what_the_bank_sent_and_nobody_knows_waits_for_a_person(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await prepare(fresh_town)
    centre = await sign_in("ivanova")
    await give(centre, income(2_969_00))
    await work(fresh_town)
    queue = await centre.get("/centre/statements/queue")
    found = re.search(r"/centre/statement-rows/(\d+)", queue.text)
    assert found is not None
    row = f"/centre/statement-rows/{found[1]}"
    shown = plain(await centre.get(row))
    assert "12.10.2026" in shown
    assert "2 970,00" in shown
    assert "−1,00" in shown

    empty = await send(
        centre, row, row, deed="arrival", agent=str(BANK), first="2026-10-12", last="2026-10-12"
    )
    assert empty.status_code == 422
    assert "Напишите основание" in plain(empty)
    fields = {"agent": str(BANK), "first": "2026-10-12", "last": "2026-10-12", "ground": "Письмо банка"}
    assert (await send(centre, row, row, deed="arrival", **fields)).status_code == 303
    assert "Выполняем решение" in plain(await centre.get(row))
    assert (
        await centre.post(row, data={"csrf": csrf_of(queue), "deed": "arrival", **fields})
    ).status_code == 409
    await work(fresh_town)
    assert "удержал 31,00" in plain(await centre.get(row))
    assert "Строк нет" in plain(await centre.get("/centre/statements/queue"))


async def test_strange_row_is_put_aside_with_a_reason(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await prepare(fresh_town)
    centre = await sign_in("ivanova")
    loaded = await give(centre, income(5_00, "7799999999"))
    await work(fresh_town)
    page = await centre.get(f"{loaded.headers['location']}?verdict=waiting")
    found = re.search(r"/centre/statement-rows/(\d+)", page.text)
    assert found is not None
    row = f"/centre/statement-rows/{found[1]}"
    await send(centre, row, row, deed="aside", ground="Возврат за аренду")
    await work(fresh_town)

    assert "Возврат за аренду" in plain(await centre.get(row))
    assert "Возврат за аренду" in (await centre.get(f"{loaded.headers['location']}.csv")).text


async def test_bad_files_and_days_are_refused_in_words(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await prepare(fresh_town)
    centre = await sign_in("ivanova")
    none = await send(centre, "/centre/statements", "/centre/statements")
    assert none.status_code == 422
    assert "Выберите файл выписки" in plain(none)
    loaded = await give(centre, b"not a statement")
    assert "Читаем выписку" in plain(await centre.get(loaded.headers["location"]))
    await work(fresh_town)
    assert "Это не выписка" in plain(await centre.get(loaded.headers["location"]))
    await give(centre, income(1_00))
    assert "уже загружен" in plain(await give(centre, income(1_00)))
    late = await send(centre, "/centre/payouts", "/centre/payouts", until="2999-01-01", command="c" * 32)
    assert late.status_code == 422
    assert "ещё не настал" in plain(late)
    assert await count(fresh_town, "payout_runs") == 0


async def test_fee_is_changed_from_a_day_on(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await prepare(fresh_town)
    centre, admin = await sign_in("ivanova"), await sign_in("admin")
    page = await centre.get("/centre/payout-terms")
    found = re.search(r"/centre/payout-terms/(\d+)", page.text)
    assert found is not None
    path = f"/centre/payout-terms/{found[1]}"
    assert (await admin.get(path)).status_code == 403
    fields = {"percent": "1,5", "minimum": "30", "bearer": "centre", "withheld": "yes"}

    past = await send(centre, path, path, since="2025-12-01", **fields)
    wild = await send(centre, path, path, since="2026-12-01", **{**fields, "percent": "15"})
    good = await send(centre, path, path, since="2026-12-01", **fields)

    assert "прошлое не меняют" in plain(past)
    assert "от 0 до 10" in plain(wild)
    assert good.status_code == 303
    listed = plain(await centre.get("/centre/payout-terms"))
    assert "30.11.2026" in listed
    assert "01.12.2026" in listed
    assert await count(fresh_town, "contracts", "kind = 'agency'") == 2


async def test_payee_is_paid_before_the_money_came_where_it_is_said_so(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await prepare(fresh_town)
    first = await sign_in("ivanova")
    path = "/centre/payout-terms"
    fields = {"whose": str(WATER), "from": "2026-10-01"}
    refused = await send(first, path, f"{path}/before-arrival", is_so="yes", **fields)
    said = await send(first, path, f"{path}/before-arrival", is_so="yes", before_ground="Договор 5", **fields)

    assert refused.status_code == 422
    assert said.status_code == 303
    assert "не дожидаясь агента" in plain(await first.get(path))
    shown = plain(await first.get(await begin(first, fresh_town)))
    assert "Водоканал" in shown
    assert "Теплосеть" not in shown
    assert "На счёте не хватает" in shown


async def test_undo_needs_a_reason_and_gives_the_money_back(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await prepare(fresh_town)
    first, second = await sign_in("ivanova"), await sign_in("petrov")
    await give(first, income(2_970_00))
    await work(fresh_town)
    run = await begin(first, fresh_town)
    await send(second, run, f"{run}/post")
    await work(fresh_town)

    assert (await send(first, run, f"{run}/undo")).status_code == 422
    await send(first, run, f"{run}/undo", reason="Не тот день")
    await work(fresh_town)

    assert "Не тот день" in plain(await first.get(run))
    again = await begin(first, fresh_town)
    assert "Провести" in plain(await second.get(again))
