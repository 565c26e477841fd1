"""The agent's side: asks a gate in its dialect and reads the answer. For tests, benchmarks and the fake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from gateways.agents.profile import Profile

Send = Callable[[Mapping[str, str]], Awaitable[bytes]]


class BadAnswer(ValueError):
    """An answer that is not what the dialect says."""

    code = "bad_answer"
    permanent = True


@dataclass(frozen=True, slots=True)
class Said:
    """An answer by our names; what the dialect leaves out is None."""

    code: int
    values: dict[str, str]

    @property
    def our_id(self) -> str | None:
        return self.values.get("our_id")


class AgentClient:
    """Speaks a profile over any transport: `send` takes parameters and gives the body back."""

    def __init__(self, profile: Profile, send: Send) -> None:
        self._profile = profile
        self._send = send

    async def ask(self, command: str, **values: str) -> Said:
        """One request by our names: payment_id, account, sum, moment, our_id. Raises BadAnswer."""
        names = self._profile.ask
        asked = {names["command"]: self._profile.commands.get(command, command)}
        asked |= {names[name]: value for name, value in values.items() if name in names}
        return read(self._profile, command, await self._send(asked))

    async def check(self, account: str) -> Said:
        """Whether an account can be paid for."""
        return await self.ask("check", account=account, payment_id="1", sum=self.sum_of(100_00))

    async def pay(self, payment_id: str, account: str, kopecks: int, moment: str = "") -> Said:
        """Pay; the same payment_id again is a repeat."""
        said = {"payment_id": payment_id, "account": account, "sum": self.sum_of(kopecks)}
        return await self.ask("pay", **said, **({"moment": moment} if moment else {}))

    def sum_of(self, kopecks: int) -> str:
        """A sum as the dialect writes it."""
        if self._profile.decimal == "kopecks":
            return str(kopecks)
        return f"{kopecks // 100}{self._profile.decimal}{kopecks % 100:02d}"


def read(profile: Profile, command: str, body: bytes) -> Said:
    """Read an answer. Raises BadAnswer."""
    if not body.startswith(b"<?xml"):
        raise BadAnswer("ответ не начинается с <?xml")
    try:
        root = ET.fromstring(body)  # noqa: S314 - a counterpart's short answer; entities stay unread by expat
    except ET.ParseError as error:
        raise BadAnswer(f"ответ не XML: {error}") from error
    if root.tag != profile.root:
        raise BadAnswer(f"ответ начинается с <{root.tag}>, а не с <{profile.root}>")
    items = {element: item for item, element in profile.answer.get(command) or profile.answer["pay"]}
    values = {items[child.tag]: child.text or "" for child in root if child.tag in items}
    for field in root.iter():
        if "name" in field.attrib and field.text:
            values[field.attrib["name"]] = field.text
    if not values.get("result", "").lstrip("-").isdigit():
        raise BadAnswer("в ответе нет кода результата")
    return Said(int(values["result"]), values)
