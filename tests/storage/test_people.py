"""The desk of people: what is known of an account changes from its true day, and nothing is overwritten."""

import datetime as dt

import pytest
from sqlalchemy import text

from storage import audit, people, premises
from storage.engine import Database
from storage.people import Deed, NewPerson, PeopleRefused
from storage.scope import Scope
from tests.storage import town

COMPANY = Scope(user_id=7, role="company", organisation_id=1, company_ids=(1,))
DEED = Deed(7, "Заявление № 15 от 12.10.2026", "10.0.0.1")
OLGA = NewPerson("Ёлкина", "Ольга", "Павловна", dt.date(1990, 5, 1))


def day(text_: str) -> dt.date:
    return dt.date.fromisoformat(text_)


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    await town.build(db)


async def facts(db: Database, account_id: int = 1) -> list[tuple[str, str | None, int, int, int, int]]:
    """from, to, area, residents, temporary, owners as known now."""
    async with db.reading() as session:
        rows = await session.execute(
            text(
                "SELECT valid_from::text, valid_to::text, area_dm2, residents, temporary, owners FROM "
                "account_facts "
                "WHERE account_id = :id AND superseded_at IS NULL ORDER BY valid_from"
            ),
            {"id": account_id},
        )
        return [tuple(row) for row in rows]


async def register(web: Database, first: str, **how: object) -> int:
    kind = str(how.pop("kind", "permanent"))
    person = how.pop("person", OLGA)
    async with web.transaction(COMPANY) as session:
        return await people.register(session, 1, person, kind, day(first), DEED, **how)  # type: ignore[arg-type]


async def test_registered_person_counts_from_the_day(db: Database, web: Database) -> None:
    await register(web, "2026-10-12", relation="дочь")

    assert await facts(db) == [
        ("2015-01-01", "2026-10-12", 5430, 2, 0, 1),
        ("2026-10-12", None, 5430, 3, 0, 1),
    ]


async def test_what_was_known_before_stays_readable(db: Database, web: Database) -> None:
    await register(web, "2026-10-12")
    async with db.reading() as session:
        before = (
            await session.execute(
                text(
                    "SELECT valid_from::text, valid_to, residents FROM account_facts "
                    "WHERE account_id = 1 AND superseded_at IS NOT NULL"
                )
            )
        ).all()

    assert [tuple(row) for row in before] == [("2015-01-01", None, 2)]


async def test_deregistered_person_counts_until_the_day(db: Database, web: Database) -> None:
    registration = await register(web, "2026-03-01")
    async with web.transaction(COMPANY) as session:
        new_id = await people.deregister(session, registration, day("2026-09-10"), DEED)

    assert new_id != registration
    assert [row[:2] + row[3:4] for row in await facts(db)] == [
        ("2015-01-01", "2026-03-01", 2),
        ("2026-03-01", "2026-09-10", 3),
        ("2026-09-10", None, 2),
    ]


async def test_temporary_stay_counts_between_its_days(db: Database, web: Database) -> None:
    await register(web, "2026-06-01", kind="temporary", after=day("2026-09-01"))

    assert [row[:2] + row[4:5] for row in await facts(db)] == [
        ("2015-01-01", "2026-06-01", 0),
        ("2026-06-01", "2026-09-01", 1),
        ("2026-09-01", None, 0),
    ]


async def test_stay_of_five_days_does_not_count(db: Database, web: Database) -> None:
    await register(web, "2026-06-01", kind="temporary", after=day("2026-06-06"))
    long = await register(
        web, "2026-07-01", kind="temporary", after=day("2026-09-01"), person=NewPerson("Б", "В")
    )
    async with web.transaction(COMPANY) as session:
        await people.deregister(session, long, day("2026-07-04"), DEED)

    assert {row[4] for row in await facts(db)} == {0}


async def test_area_changes_from_the_day(db: Database, web: Database) -> None:
    async with web.transaction(COMPANY) as session:
        changed = await premises.change_area(session, 1, day("2026-08-15"), DEED, area_dm2=5480)
        again = await premises.change_area(session, 1, day("2026-08-15"), DEED, area_dm2=5480)

    assert (changed, again) == (True, False)
    assert [row[1:3] for row in await facts(db)] == [("2026-08-15", 5430), (None, 5480)]


async def test_new_owners_replace_the_old(db: Database, web: Database) -> None:
    async with web.transaction(COMPANY) as session:
        await premises.change_owners(session, 1, day("2020-01-01"), [(OLGA, 1, 1)], DEED)
        await premises.change_owners(
            session, 1, day("2026-10-01"), [(NewPerson("А", "Б"), 1, 2), (NewPerson("В", "Г"), 1, 2)], DEED
        )
    async with db.reading() as session:
        owned = await session.execute(
            text(
                "SELECT valid_from::text, valid_to::text, share_num, share_den FROM ownerships "
                "WHERE superseded_at IS NULL ORDER BY valid_from, id"
            )
        )
        assert [tuple(row) for row in owned] == [
            ("2020-01-01", "2026-10-01", 1, 1),
            ("2026-10-01", None, 1, 2),
            ("2026-10-01", None, 1, 2),
        ]
    assert [row[5] for row in await facts(db)] == [1, 2]


async def test_each_deed_leaves_a_line_of_audit(web: Database) -> None:
    await register(web, "2026-10-12")
    async with web.reading(COMPANY) as session:
        (line,) = await audit.journal(session, subject_kind="account", subject_id=1)

    assert (line.action, line.user_id, line.ip, line.ground) == ("registered", 7, "10.0.0.1", DEED.ground)
    assert line.after is not None
    assert line.after["from"] == "2026-10-12"


@pytest.mark.parametrize(
    ("first", "how", "code"),
    [
        ("2026-10-12", {"after": day("2026-10-12")}, "order"),
        ("2014-12-31", {}, "before_account"),
        ("2026-10-12", {"kind": "temporary"}, "no_end"),
        ("2026-10-12", {"person": NewPerson(" ", "Ольга")}, "no_name"),
    ],
)
async def test_what_cannot_be_is_refused_whole(
    db: Database, web: Database, first: str, how: dict[str, object], code: str
) -> None:
    with pytest.raises(PeopleRefused) as caught:
        await register(web, first, **how)

    assert caught.value.code == code
    assert len(await facts(db)) == 1


async def test_ground_is_asked_for(web: Database) -> None:
    async with web.transaction(COMPANY) as session:
        with pytest.raises(PeopleRefused, match="Укажите основание: документ, номер и дату"):
            await people.register(session, 1, OLGA, "permanent", day("2026-10-12"), Deed(7, " "))


async def test_person_is_registered_in_one_place(db: Database, web: Database) -> None:
    first = await register(web, "2026-03-01")
    async with db.reading() as session:
        person = int(
            await session.scalar(text("SELECT person_id FROM registrations WHERE id = :id"), {"id": first})
            or 0
        )
    async with web.transaction(COMPANY) as session:
        with pytest.raises(PeopleRefused, match=r"ул\. Ленина 12-1"):
            await people.register(session, 2, person, "permanent", day("2026-10-01"), DEED)
        with pytest.raises(PeopleRefused, match=r"Уже числится здесь с 01\.03\.2026"):
            await people.register(session, 1, person, "permanent", day("2026-10-01"), DEED)


async def test_ending_twice_is_refused(web: Database) -> None:
    registration = await register(web, "2026-03-01")
    async with web.transaction(COMPANY) as session:
        last = await people.deregister(session, registration, day("2026-09-10"), DEED)
        for known, when, code in (
            (registration, "2026-09-10", "stale"),
            (last, "2026-09-10", "ended"),
            (last, "2026-03-01", "order"),
            (999, "2026-09-10", "unknown_registration"),
        ):
            with pytest.raises(PeopleRefused) as caught:
                await people.deregister(session, known, day(when), DEED)
            assert caught.value.code == code


@pytest.mark.parametrize(
    "shares", [[], [(1, 1), (1, 2)], [(0, 1)], [(1, 0)], [(1, 3), (1, 3), (1, 3), (1, 3)]]
)
async def test_shares_make_at_most_a_whole(web: Database, shares: list[tuple[int, int]]) -> None:
    async with web.transaction(COMPANY) as session:
        with pytest.raises(PeopleRefused):
            await premises.change_owners(
                session, 1, day("2026-10-01"), [(OLGA, *share) for share in shares], DEED
            )


async def test_account_of_another_company_is_unknown(web: Database) -> None:
    async with web.transaction(COMPANY) as session:
        with pytest.raises(PeopleRefused) as caught:
            await people.register(session, 4, OLGA, "permanent", day("2026-10-12"), DEED)
    assert caught.value.code == "unknown_account"
