"""What the world does to a centre while parts of it die: each deed is tried until it is answered.

A deed is remembered as acknowledged only when its sender was told so: an agent by OK of the gate, an operator
by the commit of his page. The checker asks the books about exactly these.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from billing.reading import ReadingRefused
from gateways.agents.client import AgentClient, BadAnswer
from gateways.agents.profile import preset
from gateways.registers import preset as register_preset
from storage import agent_gates, reading_inbox, register_pages, registers
from storage.engine import Database
from storage.month_pages import open_period
from storage.registers import RegisterStopped
from storage.session import Session
from tests.chaos.payers import Payers

AGENTS = 4  # paying at the same time
PAUSE_S = 0.05
RETRY_S = 0.3
ANSWER_S_MAX = 10.0
MOMENT = "20261012093000"
REGISTER_ROWS = 12
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A payment its sender believes to be taken. our_id: the number the gate answered with."""

    account_number: str
    amount_kopecks: int
    our_id: int | None


@dataclass(slots=True)
class Deeds:
    """What was sent and what was acknowledged, by number of the payment or key of the reading."""

    sent: dict[str, tuple[str, int]] = field(default_factory=dict)
    acknowledged: dict[str, Acknowledged] = field(default_factory=dict)
    readings: set[str] = field(default_factory=set)
    registers: dict[int, list[str]] = field(default_factory=dict)
    repeats: int = 0
    retries: int = 0
    wrong: list[str] = field(default_factory=list)
    """Answers that contradict an earlier one."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the deeds are done with."""

    agent_id: int
    gate: str
    secret: tuple[str, str]
    register_profile: int
    numbers: list[str]
    accounts: list[int]
    meters: list[tuple[int, int]]
    user_id: int
    period: dt.date


async def prepare(database_url: str, name: str) -> Ground:
    """An agent with an open gate and a profile of registers, accounts and meters to choose from."""
    database = Database(database_url)
    async with database.transaction() as session:
        agent_id = int(
            await session.scalar(
                text("SELECT id FROM organisations WHERE kind = 'agent' ORDER BY id LIMIT 1")
            )
        )
        profile = preset("osmp").model_dump(mode="json")
        await agent_gates.add_gate(session, agent_id, name, profile, None)
        made = await agent_gates.gate(session, name)
        assert made is not None
        await agent_gates.change_gate(session, made, profile, True, 1)
        secret = await agent_gates.new_secret(session, made, None)
        csv = register_preset("csv").model_dump(mode="json")
        profile_id = await register_pages.save_profile(session, None, name, name, agent_id, csv, None)
        period = await open_period(session)
        assert profile_id is not None
        assert period is not None
        ground = Ground(
            agent_id,
            name,
            secret,
            profile_id,
            await _numbers(session),
            await _accounts(session),
            await _meters(session),
            1,
            period,
        )
    await database.close()
    return ground


async def _numbers(session: Session) -> list[str]:
    found = await session.execute(
        text("SELECT number FROM accounts WHERE closed_on IS NULL ORDER BY id LIMIT 200")
    )
    return list(found.scalars())


async def _accounts(session: Session) -> list[int]:
    """Accounts that pay by card."""
    found = await session.execute(
        text("SELECT id FROM accounts WHERE closed_on IS NULL ORDER BY id DESC LIMIT 200")
    )
    return list(found.scalars())


async def _meters(session: Session) -> list[tuple[int, int]]:
    """Meters of flats with the last value, micro-units."""
    found = await session.execute(
        text("""
        SELECT DISTINCT ON (m.id) m.id, r.value1_micro
          FROM meters m JOIN readings r ON r.meter_id = m.id AND r.superseded_at IS NULL
         WHERE m.kind = 'individual' AND m.zones = 1 AND m.removed_on IS NULL AND r.status = 'accepted'
         ORDER BY m.id, r.period DESC LIMIT 400""")
    )
    return [(int(row[0]), int(row[1])) for row in found]


class Workload:
    """All deeds of one round; `run` until stop is set, then every deed begun is brought to its answer."""

    def __init__(self, url: str, database_url: str, ground: Ground, seed: int) -> None:
        self.deeds = Deeds()
        self._url = url
        self._ground = ground
        self._random = random.Random(seed)
        self._seed = seed
        self._database = Database(database_url)
        self.payers = Payers(url, self._database, ground.accounts, seed)
        self._meters = list(ground.meters)
        self._random.shuffle(self._meters)

    async def run(self, stop: asyncio.Event) -> None:
        http = httpx.AsyncClient(auth=self._ground.secret, timeout=ANSWER_S_MAX)
        async with http, asyncio.TaskGroup() as group:
            for agent in range(AGENTS):
                group.create_task(self._pay(http, agent, stop))
            group.create_task(self._load(stop))
            group.create_task(self._read(stop))
            group.create_task(self.payers.run(stop))
        await self._database.close()

    # ---- agents --------------------------------------------------------------------------------------

    async def _pay(self, http: httpx.AsyncClient, agent: int, stop: asyncio.Event) -> None:
        client = AgentClient(preset("osmp"), lambda values: self._send(http, values))
        number = self._seed * 1_000_000 + agent * 100_000
        while not stop.is_set():
            number += 1
            account, kopecks = self._random.choice(self._ground.numbers), self._random.randrange(100, 900_000)
            self.deeds.sent[str(number)] = (account, kopecks)
            our_id = await self._until_taken(client, str(number), account, kopecks)
            if self._random.random() < 0.3:  # the answer was lost on the way, the agent asks again
                self.deeds.repeats += 1
                again = await self._until_taken(client, str(number), account, kopecks)
                if again != our_id:
                    self.deeds.wrong.append(f"{number}: {our_id}, then {again}")
            await asyncio.sleep(PAUSE_S)

    async def _until_taken(self, client: AgentClient, number: str, account: str, kopecks: int) -> int | None:
        while True:
            with suppress(httpx.HTTPError, BadAnswer, ConnectionError):
                said = await client.pay(number, account, kopecks, MOMENT)
                if said.code == 0:
                    our_id = int(said.our_id) if said.our_id else None
                    self.deeds.acknowledged[number] = Acknowledged(account, kopecks, our_id)
                    return our_id
            self.deeds.retries += 1
            await asyncio.sleep(RETRY_S)

    async def _send(self, http: httpx.AsyncClient, values: Mapping[str, str]) -> bytes:
        answer = await http.get(f"{self._url}/gate/{self._ground.gate}", params=dict(values))
        if answer.status_code != 200:
            raise ConnectionError(answer.text)
        return answer.content

    # ---- registers -----------------------------------------------------------------------------------

    async def _load(self, stop: asyncio.Event) -> None:
        count = 0
        while not stop.is_set():
            count += 1
            await self._register(count)
            await asyncio.sleep(RETRY_S)

    async def _register(self, count: int) -> None:
        """One file from the upload to its rows in the books; uploaded twice it is refused, not doubled."""
        rows, lines = [], ["Счёт;Сумма;Номер;Дата"]
        for row in range(REGISTER_ROWS):
            number = f"R{self._seed}-{count}-{row}"
            account, kopecks = self._random.choice(self._ground.numbers), self._random.randrange(100, 900_000)
            self.deeds.sent[number] = (account, kopecks)
            rows.append(number)
            lines.append(f"{account};{kopecks // 100},{kopecks % 100:02d};{number};12.10.2026")
        name, content = f"r{self._seed}-{count}.csv", "\r\n".join(lines).encode("cp1251")
        while True:
            with suppress(*AWAY):
                register = await self._accepted(name, content)
                if register is not None:
                    self.deeds.registers[register] = rows
                    for number in rows:
                        account, kopecks = self.deeds.sent[number]
                        self.deeds.acknowledged[number] = Acknowledged(account, kopecks, None)
                    return
            self.deeds.retries += 1
            await asyncio.sleep(RETRY_S)

    async def _accepted(self, name: str, content: bytes) -> int | None:
        """One step further; the register once it is accepted. A state is read back, never assumed."""
        async with self._database.transaction() as session:
            row = (
                await session.execute(
                    text("SELECT id, state FROM registers WHERE file_name = :name AND state <> 'refused'"),
                    {"name": name},
                )
            ).first()
            if row is None:
                await registers.upload(
                    session,
                    profile_id=self._ground.register_profile,
                    agent_id=self._ground.agent_id,
                    file_name=name,
                    content=content,
                    ticket=None,
                    user_id=self._ground.user_id,
                )
            elif row.state == "staged":
                with suppress(RegisterStopped):
                    await registers.ask_to_accept(session, row.id, self._ground.user_id)
            elif row.state == "accepted":
                return int(row.id)
        return None

    # ---- readings ------------------------------------------------------------------------------------

    async def _read(self, stop: asyncio.Event) -> None:
        while not stop.is_set() and self._meters:
            meter_id, value = self._meters.pop()
            key = f"{self._seed}-{meter_id}"
            value += self._random.randrange(100_000, 3_000_000)
            said = f"{value // 10**6},{value % 10**6 // 1000:03d}"
            while True:
                with suppress(*AWAY):
                    await self._give(meter_id, said, key)
                    break
                self.deeds.retries += 1
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep(PAUSE_S)

    async def _give(self, meter_id: int, said: str, key: str) -> None:
        """A reading the rules refuse is answered so and not remembered."""
        try:
            async with self._database.transaction() as session:
                await reading_inbox.send_reading(
                    session,
                    meter_id,
                    [said],
                    taken_on=self._ground.period.replace(day=20),
                    source="resident",
                    user_id=None,
                    key=key,
                    today=self._ground.period.replace(day=20),
                    open_period=self._ground.period,
                    confirmed=True,
                )
        except ReadingRefused:
            return
        self.deeds.readings.add(key)
