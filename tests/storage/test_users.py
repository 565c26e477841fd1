"""Signing in: throttling, equal answers, sessions that end, and what each role may see."""

import datetime as dt

import pytest
from sqlalchemy import text

from storage import users
from storage.engine import Database
from storage.scope import Scope
from storage.tables.users import ROLES

NOW = dt.datetime(2026, 10, 12, 9, 0, tzinfo=dt.UTC)
PASSWORD = "правильный пароль"


@pytest.fixture
async def accountant(db: Database) -> int:
    async with db.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO organisations (id, kind, name, short_name, inn) VALUES (1, 'company', 'УК', "
                "'УК', '77')"
            )
        )
        return await users.create_user(
            session,
            login="Петрова",
            password=PASSWORD,
            role="company",
            full_name="Петрова А.",
            organisation_id=1,
        )


async def sign_in(
    web: Database, login: str, password: str, now: dt.datetime = NOW, ip: str = "10.0.0.1"
) -> users.NewSession | users.Refusal:
    async with web.transaction() as session:
        return await users.sign_in(session, login, password, ip, now)


async def who(web: Database, token: str, now: dt.datetime = NOW) -> users.SignedIn | None:
    async with web.reading() as session:
        return await users.session_of(session, token, now)


async def test_right_password_opens_a_session_with_its_scope(web: Database, accountant: int) -> None:
    made = await sign_in(web, " петрова ", PASSWORD)
    assert isinstance(made, users.NewSession)
    me = await who(web, made.token)

    assert me is not None
    assert (me.user_id, me.full_name, me.organisation_name) == (accountant, "Петрова А.", "УК")
    assert me.csrf == made.csrf
    assert me.must_change_password
    assert me.scope == Scope(user_id=accountant, role="company", organisation_id=1, company_ids=(1,))


async def test_database_keeps_no_token_and_no_password(db: Database, web: Database, accountant: int) -> None:
    made = await sign_in(web, "петрова", PASSWORD)
    assert isinstance(made, users.NewSession)

    async with db.reading() as session:
        kept = (
            await session.execute(text("SELECT token_hash, password_hash FROM user_sessions, users"))
        ).one()

    assert made.token not in kept
    assert kept.password_hash.startswith("$argon2id$")


async def test_unknown_login_and_wrong_password_answer_the_same(web: Database, accountant: int) -> None:
    wrong = await sign_in(web, "петрова", "мимо")
    unknown = await sign_in(web, "сидорова", "мимо")

    assert wrong == unknown
    assert isinstance(wrong, users.Refusal)
    assert wrong.code == "wrong"


async def test_five_wrong_passwords_rest_a_quarter_of_an_hour(web: Database, accountant: int) -> None:
    for minute in range(5):
        await sign_in(web, "петрова", "мимо", NOW + dt.timedelta(minutes=minute), ip=f"10.0.0.{minute}")

    tired = await sign_in(web, "петрова", PASSWORD, NOW + dt.timedelta(minutes=6))
    rested = await sign_in(web, "петрова", PASSWORD, NOW + dt.timedelta(minutes=20))

    assert isinstance(tired, users.Refusal)
    assert (tired.code, "13 мин" in tired.message) == ("tired", True)
    assert isinstance(rested, users.NewSession)


async def test_good_sign_in_forgives_earlier_mistakes(web: Database, accountant: int) -> None:
    for _ in range(2):
        for _ in range(4):
            await sign_in(web, "петрова", "мимо")
        assert isinstance(
            await sign_in(web, "петрова", PASSWORD, NOW + dt.timedelta(seconds=1)), users.NewSession
        )


async def test_one_address_cannot_try_all_logins(web: Database, db: Database, accountant: int) -> None:
    async with db.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO sign_in_attempts (login, ip, succeeded, recorded_at) "
                "SELECT 'л' || n, '10.9.9.9', false, :now FROM generate_series(1, :count) n"
            ),
            {"now": NOW, "count": users.FAILURES_BY_IP_MAX},
        )

    assert isinstance(await sign_in(web, "петрова", PASSWORD, ip="10.9.9.9"), users.Refusal)
    assert isinstance(await sign_in(web, "петрова", PASSWORD, ip="10.9.9.8"), users.NewSession)


@pytest.mark.parametrize("later", [users.LIFETIME_STAFF, users.IDLE_STAFF + dt.timedelta(seconds=1)])
async def test_session_of_staff_runs_out(web: Database, accountant: int, later: dt.timedelta) -> None:
    made = await sign_in(web, "петрова", PASSWORD)
    assert isinstance(made, users.NewSession)

    assert await who(web, made.token, NOW + dt.timedelta(minutes=30)) is not None
    assert await who(web, made.token, NOW + later) is None


async def test_touch_keeps_a_session_alive(web: Database, accountant: int) -> None:
    made = await sign_in(web, "петрова", PASSWORD)
    assert isinstance(made, users.NewSession)
    later = NOW + dt.timedelta(minutes=90)
    me = await who(web, made.token, later)
    assert me is not None
    assert me.is_due_for_touch(later)
    async with web.transaction(me.scope) as session:
        await users.touch(session, me.token_hash, later)

    assert await who(web, made.token, later + dt.timedelta(minutes=90)) is not None


async def test_sign_out_ends_the_session(web: Database, accountant: int) -> None:
    made = await sign_in(web, "петрова", PASSWORD)
    assert isinstance(made, users.NewSession)
    me = await who(web, made.token)
    assert me is not None
    async with web.transaction(me.scope) as session:
        await users.sign_out(session, me.token_hash, NOW)

    assert await who(web, made.token) is None
    assert await who(web, "выдуманный") is None


async def test_switched_off_user_is_out_at_once(db: Database, web: Database, accountant: int) -> None:
    made = await sign_in(web, "петрова", PASSWORD)
    assert isinstance(made, users.NewSession)
    async with db.transaction() as session:
        await session.execute(text("UPDATE users SET is_active = false"))

    assert await who(web, made.token) is None
    assert isinstance(await sign_in(web, "петрова", PASSWORD), users.Refusal)


async def test_new_password_ends_other_sessions(web: Database, accountant: int) -> None:
    first, second = await sign_in(web, "петрова", PASSWORD), await sign_in(web, "петрова", PASSWORD)
    assert isinstance(first, users.NewSession)
    assert isinstance(second, users.NewSession)
    me = await who(web, second.token)
    assert me is not None

    async with web.transaction(me.scope) as session:
        short = await users.change_password(session, me, PASSWORD, "1234567", NOW)
        wrong = await users.change_password(session, me, "не тот", "новый пароль", NOW)
        done = await users.change_password(session, me, PASSWORD, "новый пароль", NOW)

    assert short is not None
    assert wrong is not None
    assert (short.code, wrong.code, done) == ("weak", "wrong", None)
    assert await who(web, first.token) is None
    assert await who(web, second.token) is not None
    assert isinstance(await sign_in(web, "петрова", "новый пароль"), users.NewSession)


async def test_login_is_taken_once(db: Database, accountant: int) -> None:
    with pytest.raises(users.LoginTaken, match="занят"):
        async with db.transaction() as session:
            await users.create_user(session, login="ПЕТРОВА", password=PASSWORD, role="centre", full_name="Я")


@pytest.mark.parametrize("role", ROLES)
def test_only_the_centre_sees_everything(role: str) -> None:
    scope = users.scope_of(role, 5, 7, dispatched=[1, 2], accounts=[3], flats=[4], houses=[6])

    assert scope.everything == (role in ("admin", "centre", "publisher"))
    assert scope.company_ids == ((7,) if role == "company" else ())
    assert scope.dispatch_ids == ((1, 2) if role == "dispatcher" else ())
    assert scope.account_ids == ((3,) if role == "resident" else ())
    assert scope.supplier_id == (7 if role == "supplier" else None)
    assert scope.agent_id == (7 if role == "agent" else None)
    assert scope.organisation_id == (None if role == "resident" else 7)


async def test_dispatcher_sees_companies_with_a_contract_in_force(db: Database, web: Database) -> None:
    async with db.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO organisations (id, kind, name, short_name, inn) SELECT n, "
                "CASE n WHEN 9 THEN 'dispatch' ELSE 'company' END, 'О', 'О', '77' FROM unnest(ARRAY[1, 2, "
                "3, 9]) n"
            )
        )
        await session.execute(
            text(
                "INSERT INTO contracts (organisation_id, counterparty_id, kind, number, valid_from, "
                "valid_to) VALUES "
                "(1, 9, 'dispatch', '1', '2020-01-01', NULL), (2, 9, 'dispatch', '2', '2020-01-01', "
                "'2021-01-01'), "
                "(3, 9, 'service', '3', '2020-01-01', NULL)"
            )
        )
        await users.create_user(
            session, login="орлов", password=PASSWORD, role="dispatcher", full_name="Орлов", organisation_id=9
        )
    made = await sign_in(web, "орлов", PASSWORD)
    assert isinstance(made, users.NewSession)
    me = await who(web, made.token)

    assert me is not None
    assert me.scope.dispatch_ids == (1,)
