"""What an agent asks and what it is answered, in the agent's own words: names, sums, dates, XML."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from gateways.agents.profile import COMMANDS, REASONS, Profile

VALUE_MAX = 200
KOPECKS_DIGITS = 11
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SUM = {
    ".": re.compile(r"(\d{1,11})(?:\.(\d{1,2})0*)?"),
    ",": re.compile(r"(\d{1,11})(?:,(\d{1,2})0*)?"),
    "kopecks": re.compile(r"(\d{1,13})"),
}


class Refused(Exception):
    """A request that gets a refusal: its reason is a key of profile.REASONS."""

    permanent = True

    def __init__(self, reason: str) -> None:
        super().__init__(REASONS[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Query:
    """A request in our words; what was not said is empty."""

    command: str
    payment_id: str
    account: str
    sum: str
    moment: str
    our_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in our words; what is None is left out."""

    command: str
    reason: str
    payment_id: str | None = None
    our_id: int | None = None
    amount_kopecks: int | None = None
    moment: dt.datetime | None = None
    name: str | None = None
    address: str | None = None
    balance_kopecks: int | None = None
    due_kopecks: int | None = None


def read(profile: Profile, values: Mapping[str, str]) -> Query:
    """Find our fields among the agent's parameters. A command the agent may not use is «»."""
    words = {word: name for name, word in profile.commands.items()}
    said = {
        name: values.get(parameter, "").strip()[:VALUE_MAX].replace("\x00", "")
        for name, parameter in profile.ask.items()
    }
    command = words.get(said.get("command", ""), "")
    return Query(
        command=command if command in COMMANDS else "",
        payment_id=said.get("payment_id", ""),
        account=said.get("account", ""),
        sum=said.get("sum", ""),
        moment=said.get("moment", ""),
        our_id=said.get("our_id", ""),
    )


def account_of(profile: Profile, query: Query) -> str:
    """The account as written, leading zeros and all. Raises Refused."""
    if not re.fullmatch(profile.account_pattern, query.account):
        raise Refused("bad_account")
    return query.account


def payment_id_of(profile: Profile, query: Query) -> str:
    """The agent's number of the payment. Raises Refused."""
    if not re.fullmatch(profile.payment_id_pattern, query.payment_id):
        raise Refused("bad_payment_id")
    return query.payment_id


def kopecks_of(profile: Profile, query: Query) -> int:
    """The sum in whole kopecks; a third decimal that is not zero is refused. Raises Refused."""
    found = SUM[profile.decimal].fullmatch(query.sum)
    if found is None or not query.sum.isascii():
        raise Refused("bad_sum")
    if profile.decimal == "kopecks":
        amount = int(found[1])
    else:
        amount = int(found[1]) * 100 + int(((found[2] or "") + "00")[:2])
    if amount <= 0:
        raise Refused("bad_sum")
    return amount


def moment_of(profile: Profile, query: Query, now: dt.datetime) -> dt.datetime:
    """The agent's accounting time in its zone; now when it sends none. Raises Refused."""
    if not query.moment:
        return now
    for pattern in profile.date_patterns:
        try:
            naive = dt.datetime.strptime(query.moment, pattern)  # noqa: DTZ007 - the zone is the profile's
        except ValueError:
            continue
        moment = naive.replace(tzinfo=ZoneInfo(profile.zone))
        if moment > now + dt.timedelta(days=1) or moment.year < now.year - 10:
            break
        return moment
    raise Refused("bad_date")


def refuse_outside(profile: Profile, amount_kopecks: int) -> None:
    """Raises Refused for a sum outside the agent's limits."""
    if amount_kopecks < profile.least_kopecks:
        raise Refused("too_small")
    if amount_kopecks > profile.most_kopecks:
        raise Refused("too_large")


# ---- answers ----------------------------------------------------------------------------------------


def write(profile: Profile, reply: Reply) -> bytes:
    """The answer as XML; the declaration begins at the first byte."""
    root = ET.Element(profile.root)
    shape = profile.answer.get(reply.command) or profile.answer["pay"]
    for item, element in shape:
        if item == "fields":
            _fields(root, element, reply)
            continue
        value = _value(profile, reply, item)
        if value is not None:
            ET.SubElement(root, element).text = UNPRINTABLE.sub("", value)
    body: str = ET.tostring(root, encoding="unicode")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body.encode("utf-8") + b"\n"


def _value(profile: Profile, reply: Reply, item: str) -> str | None:
    texts: dict[str, Any] = {
        "payment_id": reply.payment_id,
        "our_id": reply.our_id,
        "result": profile.code(reply.reason),
        "comment": REASONS[reply.reason],
        "name": reply.name,
        "address": reply.address,
        "sum": _money(profile, reply.amount_kopecks),
        "balance": _money(profile, reply.balance_kopecks),
        "due": _money(profile, reply.due_kopecks),
        "moment": None
        if reply.moment is None
        else reply.moment.astimezone(ZoneInfo(profile.zone)).strftime(profile.answer_date),
    }
    return None if texts[item] is None else str(texts[item])


def _fields(root: ET.Element, element: str, reply: Reply) -> None:
    """OSMP's list of what is shown to the payer; left out when there is nothing to show."""
    balance = None if reply.due_kopecks is None else _roubles(reply.due_kopecks)
    shown = [("FIO", reply.name), ("address", reply.address), ("balance", balance)]
    present = [(name, value) for name, value in shown if value]
    if not present:
        return
    parent = ET.SubElement(root, element)
    for number, (name, value) in enumerate(present, 1):
        field = ET.SubElement(parent, f"field{number}", name=name)
        field.text = UNPRINTABLE.sub("", value)


def _money(profile: Profile, kopecks: int | None) -> str | None:
    if kopecks is None:
        return None
    if profile.decimal == "kopecks":
        return str(kopecks)
    return _roubles(kopecks).replace(".", profile.decimal)


def _roubles(kopecks: int) -> str:
    sign, whole = ("-", -kopecks) if kopecks < 0 else ("", kopecks)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def masked(name: str) -> str:
    """«Иванов Пётр Сергеевич» → «И*** П. С.»: enough to see that it is oneself."""
    words = name.split()
    if not words:
        return ""
    return " ".join([f"{words[0][0]}***", *(f"{word[0]}." for word in words[1:3])])
