"""Forms of payment documents by organisation: versions kept for ever, the one a month's documents look by.

What a look is made of belongs to `receipts.look`; here it is data with a digest. A version is for documents
of its first month and later ones, until a newer version; an organisation without any takes the centre's.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit
from storage.session import Session

VERSIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class FormVersion:
    """A version with who made it and when; organisation_id None is the centre's."""

    id: int
    organisation_id: int | None
    version: int
    valid_from: dt.date
    look: Mapping[str, Any]
    digest: str
    note: str
    author: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class FormOwner:
    """An organisation that may have its own form, with how many versions it has and since when."""

    id: int | None
    name: str
    versions: int
    valid_from: dt.date | None


COLUMNS = """f.id, f.organisation_id, f.version, f.valid_from,
       f.look || jsonb_build_object('source', coalesce(f.source, '')) AS look, f.digest, f.note,
       coalesce(u.full_name, '—') AS author, f.recorded_at"""
FORMS = "FROM receipt_forms f LEFT JOIN users u ON u.id = f.created_by"

IN_FORCE = text(f"""
    SELECT DISTINCT ON (f.organisation_id) {COLUMNS} {FORMS}
     WHERE (f.organisation_id IS NULL OR f.organisation_id = ANY (CAST(:companies AS int[])))
       AND f.valid_from <= :month AND (CAST(:until AS int) IS NULL OR f.id <= :until)
     ORDER BY f.organisation_id, f.id DESC""")


async def forms_of(
    session: Session, companies: Iterable[int], month: dt.date, until: int | None = None
) -> dict[int, FormVersion]:
    """Of each company the version its documents of the month look by; those on the standard form are absent.

    until: versions with a later id are not looked at, so that a print run keeps to one form to its end.
    """
    wanted = sorted(set(companies))
    found = await session.execute(IN_FORCE, {"companies": wanted, "month": month, "until": until})
    versions = {row.organisation_id: FormVersion(**row._mapping) for row in found}
    centre = versions.pop(None, None)
    chosen = {company: versions.get(company, centre) for company in wanted}
    return {company: version for company, version in chosen.items() if version is not None}


async def versions(session: Session, organisation_id: int | None) -> list[FormVersion]:
    """History of one organisation's form, the newest first."""
    found = await session.execute(
        text(f"""
        SELECT {COLUMNS} {FORMS} WHERE f.organisation_id IS NOT DISTINCT FROM CAST(:owner AS int)
         ORDER BY f.id DESC LIMIT {VERSIONS_MAX}"""),  # noqa: S608 - columns of ours
        {"owner": organisation_id},
    )
    return [FormVersion(**row._mapping) for row in found]


async def owners(session: Session) -> list[FormOwner]:
    """The centre first, then companies by name."""
    found = await session.execute(
        text("""
        SELECT o.id, o.short_name AS name, count(f.id) AS versions, max(f.valid_from) AS valid_from
          FROM organisations o LEFT JOIN receipt_forms f ON f.organisation_id = o.id
         WHERE o.kind = 'company' GROUP BY o.id
         UNION ALL
        SELECT NULL, 'Расчётный центр', count(f.id), max(f.valid_from) FROM receipt_forms f
         WHERE f.organisation_id IS NULL
         ORDER BY 1 NULLS FIRST, 2""")
    )
    rows = [FormOwner(**row._mapping) for row in found]
    return rows[:1] + sorted(rows[1:], key=lambda row: row.name)


async def owner(session: Session, organisation_id: int | None) -> FormOwner | None:
    """One of them; None when there is no such company."""
    return next((one for one in await owners(session) if one.id == organisation_id), None)


async def save(
    session: Session,
    organisation_id: int | None,
    look: Mapping[str, Any],
    valid_from: dt.date,
    note: str,
    user_id: int,
) -> int:
    """Append a version; its number. Two who save at once get two versions, the later one is in force."""
    kept = {name: value for name, value in look.items() if name != "source"}
    source = str(look.get("source", "")) or None
    digest = hashlib.sha256(json.dumps([kept, source], sort_keys=True).encode()).hexdigest()
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('receipt_forms'), :owner)"),
        {"owner": organisation_id or 0},
    )
    version = await session.scalar(
        text("""
        INSERT INTO receipt_forms (organisation_id, version, valid_from, look, source, digest, note,
                                   created_by)
        SELECT CAST(:owner AS int), coalesce(max(f.version), 0) + 1, CAST(:since AS date),
               CAST(:look AS jsonb), CAST(:source AS text), :digest, :note, :user
          FROM receipt_forms f WHERE f.organisation_id IS NOT DISTINCT FROM CAST(:owner AS int)
        RETURNING version"""),
        {
            "owner": organisation_id,
            "since": valid_from,
            "look": json.dumps(kept, ensure_ascii=False),
            "source": source,
            "digest": digest,
            "note": note,
            "user": user_id,
        },
    )
    await audit.record(
        session,
        "receipt_form",
        "receipt_form",
        int(version or 0),
        user_id=user_id,
        company_id=organisation_id,
        after={"valid_from": str(valid_from), "digest": digest},
        ground=note,
    )
    return int(version or 0)


async def sample_account(session: Session, organisation_id: int | None, month: dt.date) -> str:
    """The number of an account with many lines in the month: what a form is looked at on; "" without any."""
    found: str | None = await session.scalar(
        text("""
        SELECT a.number FROM run_accounts r JOIN accounts a ON a.id = r.account_id
         WHERE r.run_id = ANY (ARRAY(SELECT id FROM runs WHERE state = 'published' AND posted_in = :month))
           AND (CAST(:owner AS int) IS NULL OR a.company_id = :owner)
         ORDER BY r.lines_count DESC, a.id LIMIT 1"""),
        {"month": month, "owner": organisation_id},
    )
    return found or ""


async def account_of_number(session: Session, number: str, organisation_id: int | None) -> int | None:
    """The account a form is to be tried on; of the organisation, when one is named."""
    found: int | None = await session.scalar(
        text(
            "SELECT id FROM accounts WHERE number = :number "
            "AND (CAST(:owner AS int) IS NULL OR company_id = :owner)"
        ),
        {"number": number, "owner": organisation_id},
    )
    return found
