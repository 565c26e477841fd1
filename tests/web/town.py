"""A town of ten accounts written by hand for tests of pages: accounts, companies, dispatch, the cabinet.

Two companies with a house each, twelve published months and an open one with a draft. Account 1 has all
that a page can show: people, an owner, meters with a year of readings, payments. The draft parks account 6.
"""

from __future__ import annotations

from sqlalchemy import text

from storage.engine import Database
from tests.web import town_books as books
from tests.web import town_places as places
from tests.web.town_places import PASSWORD, PEOPLE

LOGINS = {login: login for login in PEOPLE}
"""As tests.web.city has it: whom sign_in() knows."""

__all__ = ["LOGINS", "PASSWORD", "build"]


async def build(owner: Database) -> None:
    """Fill an empty migrated database."""
    async with owner.transaction() as session:
        await session.execute(text("SELECT set_config('paylogic.loading', 'on', true)"))
        await places.write_organisations(session)
        await places.write_addresses(session)
        await places.write_accounts(session)
        await places.write_services(session)
        await books.write_runs(session)
        await books.write_lines(session)
        await books.write_money(session)
        await books.write_meters(session)
    async with owner.transaction() as session:
        await places.write_people(session)
        await places.write_users(session)
