"""The dated policy by which an organisation lets payments fall on debts: rows of `settings`, read in sets.

A row of the organisation goes before the city's (organisation NULL), and both before the law's own order.
Words of the values: allocation_named yes/no; allocation_order oldest/newest; allocation_inside proportion or
«services 4 1 8»; allocation_apart «9» (services paid only by a payment that names them).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from billing.allocation import BY_SERVICE, PROPORTION, Policy
from storage.jsonb import parsed
from storage.session import Session

NAMED, ORDER, INSIDE, APART = "allocation_named", "allocation_order", "allocation_inside", "allocation_apart"
KEYS = (NAMED, ORDER, INSIDE, APART)


class PolicyRefused(ValueError):
    """A policy that cannot be kept; the message says what to mend."""

    code = "policy_refused"
    permanent = True


async def policies(session: Session, company_ids: Sequence[int], day: dt.date) -> dict[int, Policy]:
    """The policy of each company on a day; one query."""
    said = await said_on(session, company_ids, day)
    return {company: parse(merged(said, company)) for company in company_ids}


def merged(said: Mapping[int | None, dict[str, str]], organisation_id: int | None) -> dict[str, str]:
    """Words of an organisation (None: of the city): its own before those of the city."""
    own = {} if organisation_id is None else said.get(organisation_id, {})
    return {**said.get(None, {}), **own}


async def said_on(
    session: Session, company_ids: Sequence[int], day: dt.date
) -> dict[int | None, dict[str, str]]:
    """Words of the city (None) and of companies that are in force on a day; one query."""
    found = await session.execute(
        text("""
        SELECT organisation_id, key, value FROM settings
         WHERE key = ANY (:keys) AND superseded_at IS NULL AND valid_from <= :day
           AND (valid_to IS NULL OR valid_to > :day)
           AND (organisation_id IS NULL OR organisation_id = ANY (:companies))
         ORDER BY organisation_id NULLS FIRST, valid_from"""),
        {"keys": list(KEYS), "day": day, "companies": list(company_ids)},
    )
    said: dict[int | None, dict[str, str]] = {}
    for row in found:
        said.setdefault(row.organisation_id, {})[row.key] = row.value
    return said


@dataclass(frozen=True, slots=True)
class InForce:
    """The policy of an organisation (None: of the city), since when and on what ground."""

    organisation_id: int | None
    name: str
    policy: Policy
    valid_from: dt.date
    ground: str | None


async def in_force(session: Session, day: dt.date) -> list[InForce]:
    """Policies of a day and of later ones, the city's first; others go by the city's or the law's."""
    found = await session.execute(
        text("""
        SELECT s.organisation_id, o.short_name AS name, s.valid_from,
               jsonb_object_agg(s.key, s.value) AS said, max(s.ground) AS ground
          FROM settings s LEFT JOIN organisations o ON o.id = s.organisation_id
         WHERE s.key = ANY (:keys) AND s.superseded_at IS NULL AND (s.valid_to IS NULL OR s.valid_to > :day)
         GROUP BY s.organisation_id, o.short_name, s.valid_from
         ORDER BY s.organisation_id NULLS FIRST, s.valid_from"""),
        {"keys": list(KEYS), "day": day},
    )
    return [
        InForce(
            row.organisation_id,
            row.name or "Весь город",
            parse(parsed(row.said)),
            row.valid_from,
            row.ground,
        )
        for row in found
    ]


def parse(values: dict[str, str]) -> Policy:
    """A policy of its words; what is not said is the law's. Raises PolicyRefused."""
    inside, _, order = values.get(INSIDE, PROPORTION).partition(" ")
    if inside not in (PROPORTION, BY_SERVICE):
        raise PolicyRefused(f"«{inside}» — не порядок внутри месяца: бывает proportion или services.")
    return Policy(
        named_first=_one_of(values, NAMED, "yes", "no"),
        oldest_first=_one_of(values, ORDER, "oldest", "newest"),
        inside=inside,
        service_order=_codes(order),
        apart=_codes(values.get(APART, "")),
    )


def _one_of(values: dict[str, str], key: str, usual: str, other: str) -> bool:
    value = values.get(key, usual)
    if value not in (usual, other):
        raise PolicyRefused(f"«{value}» не подходит: бывает {usual} или {other}.")
    return value == usual


def _codes(words: str) -> tuple[int, ...]:
    parts = words.replace(",", " ").split()
    if not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise PolicyRefused(f"«{words}» — не коды услуг. Запишите числа через пробел.")
    return tuple(int(part) for part in parts)


def in_words(policy: Policy) -> dict[str, str]:
    """The rows of a policy. Everything is said: an organisation's own order must win over the city's."""
    codes = " ".join(map(str, policy.service_order))
    return {
        NAMED: "yes" if policy.named_first else "no",
        ORDER: "oldest" if policy.oldest_first else "newest",
        INSIDE: f"{policy.inside} {codes}".strip() if policy.inside == BY_SERVICE else PROPORTION,
        APART: " ".join(map(str, policy.apart)),
    }


async def set_policy(
    session: Session, organisation_id: int | None, policy: Policy, valid_from: dt.date, ground: str
) -> None:
    """The policy of an organisation (None: of the city) from a day on; what was said for later days goes.

    History stays: rows are closed or superseded, never edited.
    """
    where = (
        "organisation_id IS NOT DISTINCT FROM :organisation AND key = ANY (:keys) AND superseded_at IS NULL"
    )
    known = {"organisation": organisation_id, "keys": list(KEYS), "day": valid_from}
    await session.execute(
        text(f"UPDATE settings SET superseded_at = now() WHERE {where} AND valid_from >= :day"),  # noqa: S608
        known,
    )
    await session.execute(
        text(
            f"UPDATE settings SET valid_to = :day WHERE {where} AND (valid_to IS NULL OR valid_to > :day)"  # noqa: S608
        ),
        known,
    )
    known_row = {"organisation": organisation_id, "ground": ground, "day": valid_from}
    for key, value in in_words(policy).items():
        await session.execute(
            text("""
            INSERT INTO settings (organisation_id, key, value, ground, valid_from)
            VALUES (:organisation, :key, :value, :ground, :day)"""),
            {**known_row, "key": key, "value": value},
        )
