"""The cash desk: a shift from opening to the bank, money taken once, storno, Z-report, who is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import re

import pikepdf
import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from actors.cashier import Cashier
from actors.payments import PaymentIntake
from actors.payouts import Payouts
from gateways.bank1c.fake import Income, statement
from gateways.bus import Event
from gateways.fiscal.fake import Cashbox
from gateways.fiscal.fake import router as fiscal_router
from gateways.fiscal.profile import PRESET, FiscalProfile
from storage import card_gates, ledger, outbox
from storage.engine import Database
from tests.support.asks import AskApp
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import SignIn, counted, csrf_of
from tests.web.desk import count, plain, send
from tests.web.town_places import CENTRAL, CENTRE
from web import clock

CITY = town
OWN = "40702810900000000100"


async def work(place: TestDatabase) -> None:
    """What the relay and the workers do."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        waiting = await outbox.unsent(session)
        await outbox.mark_sent(session, [one.id for one in waiting])
    events = [Event(one.event_id, one.subject, one.payload, 1) for one in waiting]
    await PaymentIntake(owner).handle([one for one in events if one.subject.startswith("payments.")])
    await Payouts(owner).handle([one for one in events if one.subject.startswith("commands.payouts")])
    await owner.close()


async def prepared(sign_in: SignIn) -> AsyncClient:
    """The centre opened the desk of «Центр», its accountant a shift."""
    centre, client = await sign_in("ivanova"), await sign_in("center")
    closed = await client.get("/cash")
    assert closed.status_code == 404
    assert "нет кассы" in plain(closed)
    assert (
        await send(centre, "/centre/cash-desks", "/centre/cash-desks", company=str(CENTRAL))
    ).status_code == 303
    assert "УК «Центр»" in plain(await centre.get("/centre/cash-desks"))
    assert "Смена не открыта" in plain(await client.get("/cash"))
    for _ in range(2):
        assert (await send(client, "/cash", "/cash/shifts")).headers["Location"] == "/cash"
    assert "Смена № 1 открыта" in plain(await client.get("/cash"))
    return client


def command_of(page: str) -> str:
    found = re.search(r'name="command" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_money_is_taken_once_and_the_slip_tells_where_it_went(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await prepared(sign_in)
    scanned = await client.get("/cash", params={"q": "ST00012|Name=УК|PersAcc=1000002|Sum=1"})
    assert scanned.headers["Location"] == "/cash/accounts/2"
    assert "счёт 1000002" in plain(await client.get("/cash?q=10000"))
    assert "Ничего не найдено" in plain(await client.get("/cash?q=7777777"))

    page = (await client.get("/cash/accounts/2")).text
    form = {"csrf": csrf_of(await client.get("/me")), "command": command_of(page), "amount": "1 000,00"}
    few = await client.post("/cash/accounts/2", data={**form, "given": "900"})
    assert few.status_code == 422
    assert "не хватает 100,00" in plain(few)
    shown = plain(await client.post("/cash/accounts/2/split", data={**form, "given": "1500"}))
    assert "Сдача: 500,00" in shown
    assert "Куда пойдут деньги" in shown
    assert await count(fresh_town, "cash_receipts") == 0

    twice = await asyncio.gather(
        *(client.post("/cash/accounts/2", data={**form, "given": "1500"}) for _ in range(2))
    )
    assert len({answer.headers["Location"] for answer in twice}) == 1
    other = await client.post("/cash/accounts/2", data={**form, "amount": "2000"})
    assert "деньги уже приняты" in plain(other)
    receipt = twice[0].headers["Location"]
    assert "разносится" in plain(await client.get(receipt))
    assert (await client.get(f"{receipt}.pdf")).status_code == 409
    await work(fresh_town)
    assert await count(fresh_town, "payments", "source = 'desk'") == 1
    told = plain(await client.get(receipt))
    assert "разнесён" in told
    assert "сдача 500,00" in told
    for size, width in (("80", 227), ("a5", 420)):
        content = (await client.get(f"{receipt}.pdf?size={size}")).content
        with pikepdf.open(io.BytesIO(content)) as pdf:
            assert int(pdf.pages[0].mediabox[2]) - width in (-1, 0, 1)
    assert (await client.get(f"{receipt}.pdf?size=a0")).status_code == 404


async def take(client: AsyncClient, account: int, amount: str) -> str:
    page = f"/cash/accounts/{account}"
    made = await send(client, page, page, command=command_of((await client.get(page)).text), amount=amount)
    assert made.status_code == 303, plain(made)
    return made.headers["Location"]


async def test_a_shift_from_storno_and_z_report_to_the_bank(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    before = (await ledger.check(fresh_town.url))["found"]
    client = await prepared(sign_in)
    first, second = await take(client, 1, "300"), await take(client, 2, "200,50")
    await work(fresh_town)
    assert (await send(client, first, f"{first}/void", reason="")).status_code == 422
    assert (await send(client, first, f"{first}/void", reason="Не тот счёт")).status_code == 303
    assert "уже сторнирован" in plain(await send(client, second, f"{first}/void", reason="Ещё раз"))
    await work(fresh_town)
    assert await count(fresh_town, "payments", "source = 'desk' AND state = 'reversed'") == 1

    shift = "/cash/shifts/1"
    early = await send(
        client, "/cash/shifts", "/cash/shifts/deposit", command="a", pick="1", day=clock.today().isoformat(),
        document="Взнос 1",
    )  # fmt: skip
    assert early.status_code == 422
    assert (await send(client, shift, f"{shift}/close")).status_code == 303
    assert (await send(client, "/cash", f"{shift}/close")).status_code == 409
    report = plain(await client.get(shift))
    assert "Z-отчёт, смена № 1" in report
    assert "200,50" in report
    assert "Не тот счёт" in report
    assert "Смена закрыта: сторно невозможно" in plain(
        await send(client, "/cash", f"{second}/void", reason="Поздно")
    )
    assert (await client.get(f"{shift}.xlsx")).content.startswith(b"PK")
    assert "200,50" in (await client.get("/cash/shifts.csv")).text

    for _ in range(2):
        done = await send(
            client, "/cash/shifts", "/cash/shifts/deposit", command="b", pick="1", document="Взнос 1",
            day=clock.today().isoformat(),
        )  # fmt: skip
        assert done.status_code == 303
    assert await count(fresh_town, "cash_deposits", "amount_kopecks = 20050") == 1
    assert "Сдано, ещё не зачислено 200,50" in plain(await client.get("/cash/shifts"))

    await arrive(fresh_town, sign_in, 200_50)
    assert "Зачислено банком 200,50" in plain(await client.get("/cash/shifts"))
    assert (await ledger.check(fresh_town.url))["found"] == before


async def arrive(place: TestDatabase, sign_in: SignIn, amount: int) -> None:
    """The bank's statement shows the cash of the company."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        await session.execute(
            text("UPDATE organisations SET bank_account = :own WHERE id = :id"), {"own": OWN, "id": CENTRE}
        )
        inn = await session.scalar(text("SELECT inn FROM organisations WHERE id = :id"), {"id": CENTRAL})
    await owner.close()
    centre = await sign_in("ivanova")
    came = Income("9", amount, "УК «Центр»", str(inn), "40702810900000000009", "Выручка кассы")
    await centre.post(
        "/centre/statements",
        data={"csrf": csrf_of(await centre.get("/centre/statements"))},
        files={"file": ("bank.txt", statement(OWN, clock.today(), None, [came]), "text/plain")},
    )
    await work(place)


async def test_another_company_sees_nothing_of_the_desk(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await prepared(sign_in)
    receipt = await take(client, 1, "10")
    centre, north = await sign_in("ivanova"), await sign_in("north")
    north_id = await north_of(fresh_town)
    await send(centre, "/centre/cash-desks", "/centre/cash-desks", company=str(north_id))

    assert (await north.get(receipt)).status_code == 404
    assert (await north.get("/cash/accounts/1")).status_code == 404
    assert (await north.get("/cash/shifts/1")).status_code == 404
    stolen = await send(north, "/cash", f"{receipt}/void", reason="Чужое")
    assert stolen.status_code in (404, 422)
    assert await count(fresh_town, "cash_receipts", "voided_at IS NOT NULL") == 0


async def north_of(place: TestDatabase) -> int:
    owner = Database(place.url, "worker")
    async with owner.reading() as session:
        found = int(
            await session.scalar(text("SELECT organisation_id FROM users WHERE login = 'north'")) or 0
        )
    await owner.close()
    return found


async def test_desk_pages_ask_five_times_at_most(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await prepared(sign_in)
    receipt = await take(client, 1, "10")
    await work(fresh_town)
    app = client._transport.app  # type: ignore[attr-defined]

    for path in ("/cash?q=10000", "/cash/accounts/1", receipt, "/cash/shifts", "/cash/shifts/1"):
        with counted(app) as sent:
            assert (await client.get(path)).status_code == 200
        assert len(sent) <= 5, (path, sent)


@pytest.mark.parametrize("who", ["ivanova", "dispatcher", "vodokanal", "bank"])
async def test_only_an_accountant_of_a_company_takes_money(
    town: TestDatabase, sign_in: SignIn, who: str
) -> None:
    client = await sign_in(who)
    token = csrf_of(await client.get("/me"))

    assert (await client.get("/cash")).status_code == 403
    for path in ("/cash/shifts", "/cash/accounts/1", "/cash/receipts/1/void", "/cash/shifts/1/close"):
        assert (await client.post(path, data={"csrf": token})).status_code == 403


async def at_the_service(fresh_town: TestDatabase, sign_in: SignIn, gate: str = "kassa") -> Cashbox:
    """The desk leaves checks to a fiscal service."""
    owner = Database(fresh_town.url)
    async with owner.transaction() as session:
        profile = FiscalProfile.model_validate(PRESET | {"base_url": "http://test/atol/"})
        await card_gates.add(session, "fiscal", gate, None, profile.model_dump(mode="json"), None)
        await session.execute(
            text("UPDATE card_gates SET is_active = true WHERE code = :code"), {"code": gate}
        )
    await owner.close()
    centre = await sign_in("ivanova")
    page = (await centre.get("/centre/cash-desks")).text
    way = re.search(r'value="(service:\d+)"', page)
    desk = re.search(r"/centre/cash-desks/(\d+)/checks", page)
    assert way is not None
    assert desk is not None
    path = f"/centre/cash-desks/{desk[1]}/checks"
    assert (await send(centre, "/centre/cash-desks", path, checks="service:9999")).status_code == 422
    assert (await send(centre, "/centre/cash-desks", path, checks="nonsense")).status_code == 422
    assert (await send(centre, "/centre/cash-desks", path, checks=way[1])).status_code == 303
    assert "Онлайн: АТОЛ" in plain(await centre.get("/centre/cash-desks"))
    return Cashbox("pass-k")


async def rounds(place: TestDatabase, box: Cashbox, times: int = 4) -> None:
    """The cashier of the actors, minutes apart."""
    app = FastAPI()
    app.state.cashbox = box
    app.include_router(fiscal_router)
    owner = Database(place.url, "worker")
    moment = [dt.datetime.now(dt.UTC)]
    worker = Cashier(owner, AskApp(app), lambda code: {"password": "pass-k"}, lambda: moment[0])
    for _ in range(times):
        moment[0] += dt.timedelta(minutes=3)
        await worker.round()
    await owner.close()


async def test_cash_makes_a_check_and_storno_a_check_of_return_after_it(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await prepared(sign_in)
    box = await at_the_service(fresh_town, sign_in)
    receipt = await take(client, 1, "10,50")
    voided = await take(client, 2, "20")
    await send(client, voided, f"{voided}/void", reason="Ошибся счётом")
    assert "ждёт отправки" in plain(await client.get(receipt))

    await rounds(fresh_town, box, 6)

    made = [(one["kind"], one["total"], one["receipt"]["payments"]) for one in box.checks.values()]
    assert made == [
        ("sell", 10.5, [{"type": 0, "sum": 10.5}]),
        ("sell", 20, [{"type": 0, "sum": 20}]),
        ("sell_refund", 20, [{"type": 0, "sum": 20}]),
    ]
    told = plain(await client.get(receipt))
    assert "приход готов № 101" in told
    assert "возврат прихода готов" in plain(await client.get(voided))
    centre = await sign_in("ivanova")
    assert "касса организации" in plain(await centre.get("/card-checks"))


async def test_failed_check_of_cash_is_seen_and_its_return_waits_for_it(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await prepared(sign_in)
    box = await at_the_service(fresh_town, sign_in)
    receipt = await take(client, 1, "10")
    owner = Database(fresh_town.url)
    async with owner.transaction() as session:
        await session.execute(
            text("UPDATE card_checks SET state = 'failed', words = 'Касса отказала', next_at = NULL")
        )
    await send(client, receipt, f"{receipt}/void", reason="Ошибся")
    await rounds(fresh_town, box)

    assert not box.checks
    assert "не удался" in plain(await client.get(receipt))
    assert "не удался" in plain(await client.get("/cash/shifts/1"))
    centre = await sign_in("ivanova")
    assert "Касса отказала" in plain(await centre.get("/card-checks?state=failed"))
    failed = re.search(r'action="(/card-checks/\d+)"', (await centre.get("/card-checks?state=failed")).text)
    assert failed is not None
    assert (await send(centre, "/card-checks", failed[1], deed="again")).status_code == 303
    await rounds(fresh_town, box, 8)
    await owner.close()
    assert [one["kind"] for one in box.checks.values()] == ["sell", "sell_refund"]


async def test_desk_with_its_own_register_writes_the_number_of_each_check(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client, centre = await prepared(sign_in), await sign_in("ivanova")
    page = (await centre.get("/centre/cash-desks")).text
    desk = re.search(r"/centre/cash-desks/\d+/checks", page)
    assert desk is not None
    assert (await send(centre, "/centre/cash-desks", desk[0], checks="own")).status_code == 303
    form = {"command": command_of((await client.get("/cash/accounts/1")).text), "amount": "10"}

    without = await send(client, "/cash/accounts/1", "/cash/accounts/1", **form)
    made = await send(client, "/cash/accounts/1", "/cash/accounts/1", **form, check="1042")
    receipt = made.headers["Location"]
    bare = await send(client, receipt, f"{receipt}/void", reason="Ошибся")
    whole = await send(client, receipt, f"{receipt}/void", reason="Ошибся", check="1043")

    assert (without.status_code, bare.status_code, whole.status_code) == (422, 422, 303)
    assert "впишите его номер" in plain(without)
    assert "№ 1042, возврат № 1043" in plain(await client.get(receipt))
    assert await count(fresh_town, "card_checks") == 0


async def test_company_changes_no_desk_and_writes_no_check_of_another(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await prepared(sign_in)
    answer = await client.post("/centre/cash-desks/1/checks", data={"csrf": csrf_of(await client.get("/me"))})

    assert answer.status_code == 403
