"""The benchmark of a whole city on real PostgreSQL: its shape, and SQL as a second writing of the rules."""

import json
from typing import Any

import pytest

from benchmarks.city import run
from tests.support.services import TestDatabase

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def printed(database: TestDatabase) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(run(2_000, local=True, database_url=database.url).as_dict()))
    return made


def test_sql_charges_every_line_of_the_engine_to_the_kopeck(printed: dict[str, Any]) -> None:
    (peer,) = printed["peers"]

    assert printed["lines"] > 20_000
    assert (peer["lines_different"], peer["lines_only_ours"], peer["lines_only_sql"]) == (0, 0, 0)
    assert peer["share_covered"] == 1.0


def test_sums_by_service_are_those_of_sql(printed: dict[str, Any]) -> None:
    sums = printed["peers"][0]["sums_by_service"]

    assert {row["service"] for row in sums} >= {1, 2, 3, 4, 5, 6, 7, 8, 9, 21, 22, 23, 25}
    assert all(row["ours_kopecks"] == row["sql_kopecks"] for row in sums)


def test_the_ceiling_and_the_ratios_are_there(printed: dict[str, Any]) -> None:
    (ceiling,) = printed["ceilings"]
    ours = printed["lines"] / printed["seconds"]

    assert ceiling["name"] == "raw_copy"
    for beside in (ceiling, *printed["peers"]):
        assert beside["ratio"] == pytest.approx(ours / beside["rate"], rel=0.02)


def test_stages_are_the_whole_of_the_time(printed: dict[str, Any]) -> None:
    assert set(printed["stages"]) == {"plan", "read", "compute", "write", "index", "publish"}
    assert all(seconds > 0 for seconds in printed["stages"].values())
    assert sum(printed["stages"].values()) == pytest.approx(printed["seconds"], rel=0.02)


def test_parked_accounts_are_told(printed: dict[str, Any]) -> None:
    assert 0 < printed["parked"] < printed["accounts"] == 2_000
    assert len(printed["digest"]) == 32
