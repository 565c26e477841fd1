"""Embedded servers on real processes: what was acknowledged survives kill -9, homes do not meet."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.nats import EmbeddedNats
from cluster.postgres import EmbeddedPostgres, tuning
from cluster.processes import PidFile, is_alive
from cluster.settings import Settings
from cluster.stack import Stack
from gateways.bus import Outgoing, connect
from tests.support.services import wait_ready

KILLED_S_MAX = 10.0


def stack_in(home: Path) -> Stack:
    return Stack(
        Settings(home=home, postgres_memory_mb=512, database_url=None, web_database_url=None, nats_url=None)
    )


def kill(pid_file: PidFile) -> None:
    """kill -9 and wait until it is gone."""
    process = pid_file.process()
    assert process is not None
    process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + KILLED_S_MAX
    while is_alive(process):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(stack_in(home))
    server.spawn()
    wait_ready(server)
    yield server
    server.stop()


@pytest.fixture
def nats(home: Path) -> Iterator[EmbeddedNats]:
    server = EmbeddedNats(stack_in(home))
    server.spawn()
    wait_ready(server)
    yield server
    server.stop()


def test_committed_rows_survive_kill_9_of_postgres(postgres: EmbeddedPostgres) -> None:
    postgres.prepare()
    postgres.sql(
        "CREATE TABLE paid (kopecks bigint); INSERT INTO paid SELECT generate_series(1, 1000)", "paylogic"
    )

    kill(postgres.pid_file)
    assert not postgres.alive()
    postgres.spawn()
    wait_ready(postgres)

    assert postgres.sql("SELECT sum(kopecks) FROM paid", "paylogic").strip() == "500500"


def test_table_filled_in_its_own_transaction_survives_kill_9(postgres: EmbeddedPostgres) -> None:
    """wal_level minimal writes such a table without WAL; it must be on disk at commit all the same."""
    postgres.sql("BEGIN; CREATE TABLE run AS SELECT i, i * 7 AS k FROM generate_series(1, 300000) i; COMMIT")

    kill(postgres.pid_file)
    postgres.spawn()
    wait_ready(postgres)

    assert postgres.sql("SELECT count(*), sum(k) FROM run").strip() == "300000|315001050000"


def test_backend_killed_9_brings_the_server_back_by_itself(postgres: EmbeddedPostgres) -> None:
    postgres.sql("CREATE TABLE kept AS SELECT 1 AS one")
    backend = postgres.pid_file.process()
    assert backend is not None
    victim = next(child for child in backend.children() if "checkpointer" in " ".join(child.cmdline()))

    victim.kill()
    deadline = time.monotonic() + 30
    while is_alive(victim) or not postgres.ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert postgres.sql("SELECT one FROM kept").strip() == "1"


def test_running_postgres_is_taken_over_not_started_twice(postgres: EmbeddedPostgres) -> None:
    first = postgres.pid_file.process()
    again = EmbeddedPostgres(stack_in(postgres.stack.home))

    again.spawn()

    assert first is not None
    assert again.pid_file.process() == first


def test_stale_pid_of_another_process_is_not_taken_for_ours(home: Path) -> None:
    server = EmbeddedPostgres(stack_in(home))
    server.pid_file.path.parent.mkdir(parents=True, exist_ok=True)
    server.pid_file.path.write_text('{"pid": 1, "created": 5.0}')

    assert not server.alive()
    server.stop()


def test_stale_postmaster_file_of_another_process_does_not_stop_a_start(postgres: EmbeddedPostgres) -> None:
    kill(postgres.pid_file)
    lock = postgres.data / "postmaster.pid"
    lines = lock.read_text().splitlines() if lock.exists() else ["", str(postgres.data), "0", "0"]
    lock.write_text("\n".join(["1", *lines[1:]]) + "\n")

    postgres.spawn()
    wait_ready(postgres)

    assert postgres.sql("SELECT 1").strip() == "1"


def test_cut_short_initdb_is_begun_anew(home: Path) -> None:
    half = home / "postgres"
    half.mkdir(parents=True)
    (half / "rubbish").write_text("half")
    server = EmbeddedPostgres(stack_in(home))

    server.spawn()
    wait_ready(server)

    assert server.sql("SELECT 1").strip() == "1"
    server.stop()


def test_database_sorts_and_searches_russian_without_icu(postgres: EmbeddedPostgres) -> None:
    postgres.prepare()

    found = postgres.sql(
        "SELECT lower('УЛИЦА Ё'), to_tsvector('Улицы') @@ plainto_tsquery('улица')", "paylogic"
    )

    assert found.strip() == "улица ё|t"


def test_role_of_pages_is_under_row_level_security_and_cannot_make_databases(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.prepare()

    rights = postgres.sql(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles "
        "WHERE rolname LIKE 'paylogic%' ORDER BY 1"
    )

    assert rights.splitlines() == ["paylogic|f|f|f|f", "paylogic_web|f|f|f|f"]


def test_durability_is_never_tuned_away(postgres: EmbeddedPostgres) -> None:
    names = "'fsync','synchronous_commit','full_page_writes','data_checksums'"
    shown = postgres.sql(f"SELECT string_agg(setting, ',') FROM pg_settings WHERE name IN ({names})")

    assert shown.strip() == "on,on,on,on"
    assert tuning(postgres.stack)["fsync"] == "on"


async def test_acknowledged_events_survive_kill_9_of_nats(nats: EmbeddedNats) -> None:
    bus = await connect(nats.stack.nats_url, monitor_url=nats.stack.nats_monitor_url)
    await bus.require_durable()
    await bus.ensure_streams()
    await bus.publish_many([Outgoing(f"e{n}", "payments.accepted", {"schema": 1, "n": n}) for n in range(50)])
    await bus.close()

    kill(nats.pid_file)
    nats.spawn()
    wait_ready(nats)

    again = await connect(nats.stack.nats_url)
    assert await again.pending("payments-intake") == 50
    await again.publish(Outgoing("e7", "payments.accepted", {"schema": 1, "n": 7}))
    assert await again.pending("payments-intake") == 50  # the window of repeats survived too
    await again.close()


def test_two_homes_live_side_by_side(home: Path) -> None:
    servers = [EmbeddedPostgres(stack_in(home / name)) for name in ("a", "b")]
    try:
        for server in servers:
            server.spawn()
        for server in servers:
            wait_ready(server)
        for number, server in enumerate(servers):
            server.sql(f"CREATE TABLE mine AS SELECT {number} AS n")

        assert [server.sql("SELECT n FROM mine").strip() for server in servers] == ["0", "1"]
        assert servers[0].stack.kept.port_postgres != servers[1].stack.kept.port_postgres
        assert servers[0].stack.kept.password_owner != servers[1].stack.kept.password_owner
    finally:
        for server in servers:
            server.stop()


def test_ports_and_passwords_are_remembered_and_private(home: Path) -> None:
    first = stack_in(home)

    second = stack_in(home)

    assert first.kept == second.kept
    assert (home / "stack.json").stat().st_mode & 0o077 == 0


def test_pages_do_not_learn_the_way_of_the_owner(home: Path) -> None:
    stack = stack_in(home)

    for_pages = stack.environment(web=True)

    assert "PAYLOGIC_DATABASE_URL" not in for_pages
    assert stack.kept.password_owner not in " ".join(for_pages.values())
    assert for_pages["PAYLOGIC_WEB_DATABASE_URL"].startswith("postgresql://paylogic_web:")


def test_a_port_chosen_at_the_start_is_known_to_later_commands(home: Path) -> None:
    chosen = Stack(Settings(home=home, port=18_999))
    secrets = chosen.kept.password_owner

    chosen.keep_web_port()

    later = Stack(Settings(home=home))
    assert (later.web_port, later.url) == (18_999, "http://localhost:18999")
    assert later.kept.password_owner == secrets
