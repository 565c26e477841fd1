"""The only NATS client: streams declared in code, publishing with a durable answer, consuming in batches.

A publisher is the relay of the outbox; nobody else publishes. A consumer commits its effect together with
the ids of the events, then the bus acknowledges: a crash between the two brings the events again, and the
ids make the repeat change nothing.
"""

from gateways.bus.connection import Bus, Outgoing, connect
from gateways.bus.consumer import Buried, Consumer, Event
from gateways.bus.durability import require_durable
from gateways.bus.errors import BusNotDurable, BusUnavailable
from gateways.bus.streams import CONSUMERS, STREAMS, ConsumerPlan, StreamPlan

__all__ = [
    "CONSUMERS",
    "STREAMS",
    "Buried",
    "Bus",
    "BusNotDurable",
    "BusUnavailable",
    "Consumer",
    "ConsumerPlan",
    "Event",
    "Outgoing",
    "StreamPlan",
    "connect",
    "require_durable",
]
