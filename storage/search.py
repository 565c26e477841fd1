"""One box finds everything: account number, «лен 12 45», surname, phone, meter, request; in either keyboard
layout.

Only prefixes are looked for, so that a B-tree answers in a city of a million accounts, also under row-level
security:
there PostgreSQL uses an index only through operators it trusts not to leak, and `~>=~` with `~<~` are, LIKE
is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.natural import natural_key, search_form

ROWS_MAX = 12
ROWS_OF_A_KIND = 6
QUERY_LENGTH_MAX = 80
PREFIX_MIN = 2
NUMBER_MIN = 3  # digits of an account, meter or phone that are enough to begin looking

FLAT_WORDS = "CASE f.kind WHEN 'nonresidential' THEN 'пом. ' ELSE 'кв. ' END || f.number"
ADDRESS = f"st.kind || ' ' || st.name || ', ' || h.number || ', ' || {FLAT_WORDS}"
ADDRESS_JOINS = """
  JOIN flats f ON f.id = a.flat_id JOIN houses h ON h.id = a.house_id JOIN streets st ON st.id =
  h.street_id"""

_LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
_CYRILLIC = "ёйцукенгшщзхъфывапролджэячсмитьбю"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_HOUSE = r"\d+[а-я]?(?:/\d+[а-я]?)?(?: ?(?:к|корп|стр)\.? ?\d+)?"
_WHERE = re.compile(
    rf"^(?P<street>.*?[^\W\d_].*?)[ ,]+(?:д\.? ?)?(?P<house>{_HOUSE})"
    r"(?:(?:[ ,]+|-)(?:кв\.? ?|пом\.? ?)?(?P<flat>\d+[а-я]?))?$"
)
_KINDS = re.compile(r"^(?:ул|улица|пр|просп|проспект|пер|переулок|б-р|бульвар|ш|шоссе|пл|площадь|наб)\.? +")


@dataclass(frozen=True, slots=True)
class Found:
    """A row of the answer. kind: account, house, person, meter, request; id is of that kind.

    account_id, when there is one, is the account to open; title and detail are for the eye.
    """

    kind: str
    id: int
    account_id: int | None
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Part:
    """One SELECT of the union with its parameters, already numbered."""

    sql: str
    values: dict[str, Any]


def after(prefix: str) -> str:
    """The least text greater than every text that begins with the prefix (by code points)."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def variants(typed: str) -> list[str]:
    """What may have been meant: as typed, and typed in the other keyboard layout."""
    plain = search_form(typed[:QUERY_LENGTH_MAX])
    if re.search(r"[a-z`\[\];']", plain) and not re.search(r"[а-я]", plain):
        return [plain, search_form(plain.translate(_TO_CYRILLIC))]
    if re.search(r"[а-я]", plain) and not re.search(r"[a-z]", plain):
        return [plain, plain.translate(_TO_LATIN)]
    return [plain]


def phone_form(typed: str) -> str | None:
    """«89001234567», «+7 (900) 123» → the beginning of «+7 900 123-45-67»; None when it is not like a
    phone.
    """
    digits = re.sub(r"[\s()+\-]", "", typed)
    if not digits.isdecimal() or not 4 <= len(digits) <= 11:
        return None
    if digits[0] in "78" and (len(digits) == 11 or "+" in typed or "(" in typed):
        digits = digits[1:]
    elif len(digits) == 11:
        return None
    groups = [digits[:3], digits[3:6], digits[6:8], digits[8:10]]
    return (
        "+7 "
        + groups[0]
        + "".join(sign + group for sign, group in zip(" --", groups[1:], strict=True) if group)
    )


async def search(session: AsyncSession, typed: str, limit: int = ROWS_MAX) -> list[Found]:
    """At most ROWS_MAX rows, exact things first; one query, under the scope of the session."""
    parts = _parts(typed)
    if not parts:
        return []
    union = " UNION ALL ".join(RANKED.format(at=at, sql=part.sql) for at, part in enumerate(parts))
    values: dict[str, Any] = {"of_a_kind": ROWS_OF_A_KIND}
    for part in parts:
        values |= part.values
    rows = await session.execute(text(union), values)
    found: dict[tuple[str, int], Found] = {}
    accounts: set[int] = set()
    for row in sorted(rows, key=lambda one: one.rank):
        if row.account_id is not None and row.account_id in accounts and row.kind in ("account", "person"):
            continue
        if row.account_id is not None:
            accounts.add(row.account_id)
        found.setdefault((row.kind, row.id), Found(row.kind, row.id, row.account_id, row.title, row.detail))
    return list(found.values())[: min(limit, ROWS_MAX)]


def _parts(typed: str) -> list[_Part]:
    parts: list[_Part] = []
    for number, meant in enumerate(variants(typed)):
        parts += _numbers(meant, f"n{number}") + _addresses(meant, f"a{number}") + _names(meant, f"w{number}")
    return parts


def _range(name: str, prefix: str) -> dict[str, str]:
    return {f"{name}_from": prefix, f"{name}_to": after(prefix)}


def _numbers(meant: str, name: str) -> list[_Part]:
    """Account, request, phone and meter numbers: texts with digits and without spaces between words."""
    compact = meant.replace(" ", "")
    parts: list[_Part] = []
    if compact.isdecimal() and len(compact) >= NUMBER_MIN:
        parts.append(_account_numbers(compact, f"{name}a"))
    request = compact.removeprefix("№").removeprefix("заявка")
    if request.isdecimal() and len(request) <= 9:
        parts.append(_Part(REQUEST.format(name=f"{name}r"), {f"{name}r": int(request)}))
    phone = phone_form(meant)
    if phone is not None:
        parts.append(_Part(PHONE.format(name=f"{name}p"), _range(f"{name}p", phone)))
    if len(compact) >= NUMBER_MIN and re.search(r"\d", compact) and re.fullmatch(r"[\w\-/.]+", compact):
        serial = compact.upper()
        parts.append(_Part(METER.format(name=f"{name}m"), _range(f"{name}m", serial)))
    return parts


def _account_numbers(digits: str, name: str) -> _Part:
    return _Part(ACCOUNT.format(name=name), _range(name, digits))


def _addresses(meant: str, name: str) -> list[_Part]:
    """«лен 12 45», «ул. ленина, д. 12, кв. 45», or a street alone."""
    where = _WHERE.match(meant)
    street = _KINDS.sub("", where["street"] if where else meant).strip(" ,.")
    if len(street) < PREFIX_MIN or not re.search(r"[^\W\d_]", street):
        return []
    values: dict[str, Any] = _range(f"{name}s", street)
    if where is None:
        return [_Part(STREET.format(name=name), values)]
    house = natural_key(where["house"])
    values |= _range(f"{name}h", house) | {f"{name}exact": house}
    if not where["flat"]:
        return [_Part(HOUSE.format(name=name), values)]
    return [_Part(FLAT.format(name=name), values | {f"{name}flat": natural_key(where["flat"])})]


def _names(meant: str, name: str) -> list[_Part]:
    """A surname, with the beginning of the name after it: the payer first, then whoever lives or owns."""
    if len(meant) < PREFIX_MIN or not re.fullmatch(r"[^\W\d_]+(?:[ \-][^\W\d_]+)*", meant):
        return []
    values = _range(name, meant)
    return [_Part(PAYER.format(name=name), values), _Part(PERSON.format(name=name), values)]


RANKED = "(SELECT {at} AS rank, x.* FROM ({sql}) x)"
ACCOUNT = f"""
SELECT 'account' AS kind, a.id, a.id AS account_id, 'ЛС ' || a.number AS title,
       {ADDRESS} || ' · ' || a.payer_name AS detail
  FROM accounts a {ADDRESS_JOINS}
 WHERE a.number ~>=~ :{{name}}_from AND a.number ~<~ :{{name}}_to
 ORDER BY a.number USING ~<~ LIMIT :of_a_kind"""  # noqa: S608
PHONE = f"""
SELECT 'account' AS kind, a.id, a.id AS account_id, a.phone AS title,
       {ADDRESS} || ' · ' || a.payer_name || ' · ЛС ' || a.number AS detail
  FROM accounts a {ADDRESS_JOINS}
 WHERE a.phone ~>=~ :{{name}}_from AND a.phone ~<~ :{{name}}_to
 ORDER BY a.phone USING ~<~ LIMIT :of_a_kind"""  # noqa: S608
METER = f"""
SELECT 'meter' AS kind, m.id, m.account_id, 'Счётчик № ' || m.serial AS title, {ADDRESS} AS detail
  FROM meters m JOIN accounts a ON a.id = m.account_id {ADDRESS_JOINS}
 WHERE m.serial ~>=~ :{{name}}_from AND m.serial ~<~ :{{name}}_to
 ORDER BY m.serial USING ~<~ LIMIT :of_a_kind"""  # noqa: S608
REQUEST = """
SELECT 'request' AS kind, r.id, r.account_id, 'Заявка № ' || r.number AS title,
       st.kind || ' ' || st.name || ', ' || h.number || ' · ' || left(r.text, 80) AS detail
  FROM service_requests r JOIN houses h ON h.id = r.house_id JOIN streets st ON st.id = h.street_id
 WHERE r.number = :{name}"""
FLAT = f"""
SELECT 'account' AS kind, a.id, a.id AS account_id, {ADDRESS} AS title,
       'ЛС ' || a.number || ' · ' || a.payer_name AS detail
  FROM streets st JOIN houses h ON h.street_id = st.id JOIN flats f ON f.house_id = h.id
  JOIN accounts a ON a.flat_id = f.id
 WHERE st.search_name ~>=~ :{{name}}s_from AND st.search_name ~<~ :{{name}}s_to
   AND h.sort_key >= :{{name}}h_from AND h.sort_key < :{{name}}h_to AND f.sort_key = :{{name}}flat
 ORDER BY h.sort_key <> :{{name}}exact, st.search_name, h.sort_key, a.number LIMIT :of_a_kind"""  # noqa: S608
HOUSE = """
SELECT 'house' AS kind, h.id, NULL::int AS account_id, st.kind || ' ' || st.name || ', ' || h.number AS title,
       o.short_name AS detail
  FROM streets st JOIN houses h ON h.street_id = st.id JOIN organisations o ON o.id = h.company_id
 WHERE st.search_name ~>=~ :{name}s_from AND st.search_name ~<~ :{name}s_to
   AND h.sort_key >= :{name}h_from AND h.sort_key < :{name}h_to
 ORDER BY h.sort_key <> :{name}exact, st.search_name, h.sort_key LIMIT :of_a_kind"""
STREET = """
SELECT 'house' AS kind, h.id, NULL::int AS account_id, st.kind || ' ' || st.name || ', ' || h.number AS title,
       o.short_name AS detail
  FROM streets st JOIN houses h ON h.street_id = st.id JOIN organisations o ON o.id = h.company_id
 WHERE st.search_name ~>=~ :{name}s_from AND st.search_name ~<~ :{name}s_to
 ORDER BY st.search_name, h.sort_key LIMIT :of_a_kind"""
PAYER = f"""
SELECT 'account' AS kind, a.id, a.id AS account_id, a.payer_name AS title,
       {ADDRESS} || ' · ЛС ' || a.number AS detail
  FROM (SELECT * FROM accounts p WHERE p.search_name ~>=~ :{{name}}_from AND p.search_name ~<~ :{{name}}_to
         ORDER BY p.search_name USING ~<~ LIMIT :of_a_kind) a {ADDRESS_JOINS}"""  # noqa: S608
PERSON = f"""
SELECT 'person' AS kind, p.id, a.id AS account_id, concat_ws(' ', p.surname, p.name, p.patronymic) AS title,
       {ADDRESS} || ' · ЛС ' || a.number AS detail
  FROM (SELECT * FROM persons s WHERE s.search_name ~>=~ :{{name}}_from AND s.search_name ~<~ :{{name}}_to
         ORDER BY s.search_name USING ~<~ LIMIT :of_a_kind) p
  JOIN registrations g ON g.person_id = p.id AND g.superseded_at IS NULL AND g.valid_to IS NULL
  JOIN accounts a ON a.id = g.account_id {ADDRESS_JOINS}"""  # noqa: S608
