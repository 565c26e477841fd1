"""Streams and their consumers, declared here and nowhere else.

A stream can be rebuilt from the outbox, so old messages go by age; nothing is the only copy.
"""

from dataclasses import dataclass

DAY_S = 86_400.0
BACKOFF_S = (0.2, 1.0, 5.0, 15.0, 60.0)  # a database that restarts is back within the second or third step


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """A stream: everything under one first word of the subject."""

    name: str
    title: str
    age_s_max: float = 30 * DAY_S
    bytes_max: int = 4 * 2**30  # set aside by the server; the four together must fit into its store
    dedupe_s: float = 3600.0  # the relay repeats an event within seconds; an hour covers a long restart

    @property
    def subject(self) -> str:
        return f"{self.name}.>"


@dataclass(frozen=True, slots=True)
class ConsumerPlan:
    """A durable reader of a stream.

    attempts_max counts failures of our own code only: while a database is away an event waits without limit.
    ack_wait_s is how soon the events of a dead reader go to another; a living one prolongs it by itself.
    """

    name: str
    stream: str
    filter: str
    attempts_max: int = 8
    ack_wait_s: float = 30.0
    in_flight_max: int = 1_000
    batch_max: int = 200
    backoff_s: tuple[float, ...] = BACKOFF_S

    def delay_s(self, attempt: int) -> float:
        """Pause before the next delivery after this attempt (from 1)."""
        return self.backoff_s[min(attempt, len(self.backoff_s)) - 1]


STREAMS = (
    StreamPlan("payments", "деньги: принятые, отменённые, сверки"),
    StreamPlan("readings", "показания приборов"),
    StreamPlan("commands", "поручения: начислить, опубликовать, пересчитать"),
    StreamPlan("notices", "извещения людям и рабочим местам", age_s_max=7 * DAY_S),
)

CONSUMERS = (
    ConsumerPlan("payments-intake", "payments", "payments.>", batch_max=500, in_flight_max=2_000),
    ConsumerPlan("readings-intake", "readings", "readings.>", batch_max=500, in_flight_max=2_000),
    ConsumerPlan("runs", "commands", "commands.runs.>", batch_max=10, in_flight_max=100),
    ConsumerPlan("imports", "commands", "commands.imports.>", batch_max=1, in_flight_max=10),
    ConsumerPlan("payouts", "commands", "commands.payouts.>", batch_max=1, in_flight_max=10),
    ConsumerPlan("press", "commands", "commands.press.>", batch_max=1, in_flight_max=10),
    ConsumerPlan("registers", "commands", "commands.registers.>", batch_max=1, in_flight_max=10),
    ConsumerPlan("penalties", "commands", "commands.penalties.>", batch_max=1, in_flight_max=10),
    ConsumerPlan("changes", "commands", "commands.changes.>", batch_max=1, in_flight_max=10),
    ConsumerPlan("what-if", "commands", "commands.whatif.>", batch_max=1, in_flight_max=10),
    ConsumerPlan("notices", "notices", "notices.>"),
)


def consumer_plan(name: str) -> ConsumerPlan:
    """The declared consumer of that name; KeyError names those there are."""
    for plan in CONSUMERS:
        if plan.name == name:
            return plan
    raise KeyError(f"{name} is not among {[plan.name for plan in CONSUMERS]}")
