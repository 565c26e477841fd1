"""Terms of fees by contract, dated: what an agent keeps of a payment and the centre of what it transfers.

An agent's contract is of kind «agency» (the centre orders, the agent does), the centre's with a payee of kind
«service» (the payee orders). Nothing is edited: new terms close the old row from their day on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage import audit
from storage.session import Session

AGENCY, SERVICE = "agency", "service"
KINDS = (AGENCY, SERVICE)
BEARERS = ("payee", "centre", "payer")
BEFORE_ARRIVAL = "payout_before_arrival"
"""Setting «yes»/«no»: of a payee, an agent or the city; what is in transit is distributed already."""
PERMYRIAD_MAX = 1_000  # 10 %: more is a slip of the pen


class TermsRefused(ValueError):
    """Terms that cannot be kept; the message says what to mend."""

    code = "payout_terms"
    permanent = True


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of a contract in force or to come. party: the agent, or the payee of the centre's own fee."""

    id: int
    kind: str
    party_id: int
    party_name: str
    number: str
    fee_permyriad: int
    fee_minimum_kopecks: int
    fee_bearer: str
    is_fee_withheld: bool
    valid_from: dt.date
    valid_to: dt.date | None


ROWS = """
SELECT c.id, c.kind, p.id AS party_id, p.short_name AS party_name, c.number, c.fee_permyriad,
       c.fee_minimum_kopecks, c.fee_bearer, c.is_fee_withheld, c.valid_from, c.valid_to
  FROM contracts c JOIN organisations x ON x.kind = 'centre'
   AND ((c.kind = 'agency' AND c.organisation_id = x.id) OR (c.kind = 'service' AND c.counterparty_id = x.id))
  JOIN organisations p ON p.id = CASE c.kind WHEN 'agency' THEN c.counterparty_id ELSE c.organisation_id END
 WHERE c.superseded_at IS NULL"""


async def terms(session: Session, day: dt.date) -> list[Terms]:
    """Contracts in force on a day or later, agents first."""
    found = await session.execute(
        text(f"{ROWS} AND (c.valid_to IS NULL OR c.valid_to > :day) ORDER BY c.kind, p.short_name, 10"),
        {"day": day},
    )
    return [Terms(**row._mapping) for row in found]


async def one(session: Session, contract_id: int) -> Terms | None:
    """A contract's row."""
    row = (await session.execute(text(f"{ROWS} AND c.id = :id"), {"id": contract_id})).one_or_none()
    return None if row is None else Terms(**row._mapping)


async def change(
    session: Session,
    old: Terms,
    *,
    fee_permyriad: int,
    fee_minimum_kopecks: int,
    fee_bearer: str,
    is_fee_withheld: bool,
    valid_from: dt.date,
    user_id: int,
) -> None:
    """New terms of a contract from a day on. Raises TermsRefused."""
    if valid_from <= old.valid_from:
        raise TermsRefused(
            f"Прежние условия действуют с {old.valid_from:%d.%m.%Y}. Укажите день позже: прошлое не меняют."
        )
    if old.valid_to is not None:
        raise TermsRefused("Эти условия уже сменились другими. Откройте последние и меняйте их.")
    if not 0 <= fee_permyriad <= PERMYRIAD_MAX:
        raise TermsRefused("Вознаграждение бывает от 0 до 10 %. Проверьте число.")
    assert fee_bearer in BEARERS, fee_bearer
    closed = await session.scalar(
        text("""
        UPDATE contracts SET valid_to = :day
         WHERE id = :id AND valid_to IS NULL AND superseded_at IS NULL RETURNING id"""),
        {"day": valid_from, "id": old.id},
    )
    if closed is None:
        raise TermsRefused("Условия только что изменил другой сотрудник. Обновите страницу.")
    await session.execute(
        text("""
        INSERT INTO contracts (organisation_id, counterparty_id, kind, number, fee_permyriad,
                               fee_minimum_kopecks, fee_bearer, is_fee_withheld, valid_from)
        SELECT organisation_id, counterparty_id, kind, number, :permyriad, :minimum, :bearer, :withheld, :day
          FROM contracts WHERE id = :id"""),
        {
            "permyriad": fee_permyriad,
            "minimum": fee_minimum_kopecks,
            "bearer": fee_bearer,
            "withheld": is_fee_withheld,
            "day": valid_from,
            "id": old.id,
        },
    )
    await audit.record(
        session,
        "payout_terms_changed",
        "contract",
        old.id,
        user_id=user_id,
        before={"fee_permyriad": old.fee_permyriad, "bearer": old.fee_bearer},
        after={"fee_permyriad": fee_permyriad, "bearer": fee_bearer, "from": valid_from.isoformat()},
    )


@dataclass(frozen=True, slots=True)
class BeforeArrival:
    """Whether money of an organisation (None: of all) is distributed before it came, since when and why."""

    organisation_id: int | None
    name: str
    is_so: bool
    valid_from: dt.date
    ground: str | None


async def before_arrival(session: Session, day: dt.date) -> list[BeforeArrival]:
    """What is said for a day and later ones, the city first."""
    found = await session.execute(
        text("""
        SELECT s.organisation_id, coalesce(o.short_name, 'Весь город') AS name, s.value = 'yes' AS is_so,
               s.valid_from, s.ground
          FROM settings s LEFT JOIN organisations o ON o.id = s.organisation_id
         WHERE s.key = :key AND s.superseded_at IS NULL AND (s.valid_to IS NULL OR s.valid_to > :day)
         ORDER BY s.organisation_id NULLS FIRST, s.valid_from"""),
        {"key": BEFORE_ARRIVAL, "day": day},
    )
    return [BeforeArrival(**row._mapping) for row in found]


async def set_before_arrival(
    session: Session, organisation_id: int | None, is_so: bool, valid_from: dt.date, ground: str, user_id: int
) -> None:
    """From a day on; what was said for later days goes. History stays: rows are closed or superseded."""
    known = {"organisation": organisation_id, "key": BEFORE_ARRIVAL, "day": valid_from}
    for change_ in (
        "superseded_at = now() WHERE valid_from >= :day",
        "valid_to = :day WHERE (valid_to IS NULL OR valid_to > :day)",
    ):
        await session.execute(
            text(
                f"UPDATE settings SET {change_} AND key = :key AND superseded_at IS NULL "  # noqa: S608
                "AND organisation_id IS NOT DISTINCT FROM :organisation"
            ),
            known,
        )
    await session.execute(
        text("""
        INSERT INTO settings (organisation_id, key, value, ground, valid_from)
        VALUES (:organisation, :key, :value, :ground, :day)"""),
        {**known, "value": "yes" if is_so else "no", "ground": ground},
    )
    await audit.record(
        session,
        "payout_before_arrival_set",
        "organisation",
        organisation_id,
        user_id=user_id,
        after={"is_so": is_so, "from": valid_from.isoformat()},
        ground=ground,
    )


@dataclass(frozen=True, slots=True)
class Party:
    """An agent or a payee as a choice."""

    id: int
    name: str


async def parties(session: Session) -> list[Party]:
    """Everybody the policy may be said for."""
    found = await session.execute(
        text("""
        SELECT id, short_name AS name FROM organisations
         WHERE kind IN ('agent', 'company', 'supplier', 'fund') ORDER BY short_name""")
    )
    return [Party(**row._mapping) for row in found]


# What agents and the centre charge on a day: parts of the statements that plan and match. One row a party.
AGENT_TERMS = """
SELECT DISTINCT ON (c.counterparty_id) c.counterparty_id AS agent_id, c.fee_permyriad, c.fee_minimum_kopecks,
       c.fee_bearer, c.is_fee_withheld
  FROM contracts c JOIN organisations x ON x.id = c.organisation_id AND x.kind = 'centre'
 WHERE c.kind = 'agency' AND c.superseded_at IS NULL AND c.valid_from <= :day
   AND (c.valid_to IS NULL OR c.valid_to > :day)
 ORDER BY c.counterparty_id, c.valid_from DESC"""
CENTRE_TERMS = """
SELECT DISTINCT ON (c.organisation_id) c.organisation_id AS payee_id, c.fee_permyriad, c.fee_minimum_kopecks
  FROM contracts c JOIN organisations x ON x.id = c.counterparty_id AND x.kind = 'centre'
 WHERE c.kind = 'service' AND c.superseded_at IS NULL AND c.valid_from <= :day
   AND (c.valid_to IS NULL OR c.valid_to > :day)
 ORDER BY c.organisation_id, c.valid_from DESC"""


@dataclass(frozen=True, slots=True)
class Fee:
    """How much of each sum: hundredths of a percent, at least the minimum."""

    permyriad: int
    minimum_kopecks: int
    bearer: str = "payee"
    is_withheld: bool = True


NO_FEE = Fee(0, 0)


async def agent_fees(session: Session, day: dt.date) -> dict[int, Fee]:
    """Terms of every agent on a day."""
    found = await session.execute(text(AGENT_TERMS), {"day": day})
    return {
        row.agent_id: Fee(row.fee_permyriad, row.fee_minimum_kopecks, row.fee_bearer, row.is_fee_withheld)
        for row in found
    }


async def centre_fees(session: Session, day: dt.date) -> dict[int, Fee]:
    """The centre's own fee by payee on a day."""
    found = await session.execute(text(CENTRE_TERMS), {"day": day})
    return {row.payee_id: Fee(row.fee_permyriad, row.fee_minimum_kopecks) for row in found}
