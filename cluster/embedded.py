"""What a stack consists of: each part started by us or used at its address, in starting order."""

from typing import Protocol
from urllib.parse import urlsplit

from cluster.children import Actors, DemoBank, Web
from cluster.nats import EmbeddedNats
from cluster.postgres import EmbeddedPostgres
from cluster.processes import port_answers
from cluster.rayhead import EmbeddedRay
from cluster.stack import Stack


class Part(Protocol):
    """A part of a stack. Its start has two steps, so that slow parts start side by side."""

    name: str
    title: str

    def spawn(self) -> None:
        """Begin to start; safe when it already runs."""

    def ready(self) -> bool:
        """Whether it does its work now."""

    def alive(self) -> bool:
        """Whether its process is there (an outer part: whether it answers)."""

    def stop(self) -> None:
        """Stop in good order; safe when it does not run. An outer part is left alone."""


class Outer:
    """A part that lives elsewhere: we neither start nor stop it, only look whether it answers."""

    def __init__(self, name: str, title: str, url: str, default_port: int) -> None:
        self.name = name
        self.title = title
        address = urlsplit(url if "//" in url else f"//{url}")
        self.host = address.hostname or "localhost"
        self.port = address.port or default_port

    def spawn(self) -> None:
        """Nothing to start: it is another's."""

    def ready(self) -> bool:
        return port_answers(self.host, self.port)

    def alive(self) -> bool:
        return True  # a restart by us is no remedy for an outer part; its readiness is reported instead

    def stop(self) -> None:
        """Nothing to stop: it is another's."""


def postgres(stack: Stack) -> EmbeddedPostgres | Outer:
    url = stack.settings.database_url
    return EmbeddedPostgres(stack) if url is None else Outer("postgres", EmbeddedPostgres.title, url, 5432)


def nats(stack: Stack) -> EmbeddedNats | Outer:
    url = stack.settings.nats_url
    return EmbeddedNats(stack) if url is None else Outer("nats", EmbeddedNats.title, url, 4222)


def ray(stack: Stack) -> EmbeddedRay | Outer:
    url = stack.settings.ray_address
    return EmbeddedRay(stack) if url is None else Outer("ray", EmbeddedRay.title, url, 6379)


def parts(stack: Stack) -> list[Part]:
    """Every part, in the order of starting; the order of stopping is the reverse."""
    ours: list[Part] = [postgres(stack), nats(stack), ray(stack), Web(stack), Actors(stack)]
    return [*ours, DemoBank(stack)] if stack.settings.demo_bank else ours
