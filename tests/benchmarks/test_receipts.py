"""The benchmark of the press on real PostgreSQL: its shape, and that the peers print the same document."""

import json
from typing import Any

import pytest

from benchmarks.peers import papers
from benchmarks.receipts import run
from receipts.render import render_receipt
from tests.receipts import samples
from tests.receipts.paper import amount, text_of
from tests.support.services import TestDatabase

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def printed(database: TestDatabase) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(run(300, local=True, database_url=database.url).as_dict()))
    return made


def test_every_account_of_the_month_is_printed(printed: dict[str, Any]) -> None:
    assert printed["state"] == "done"
    assert printed["accounts"] > 280
    assert printed["problems"] == 0
    assert len(printed["digest"]) == 64
    assert printed["sheets"] >= printed["accounts"]
    assert printed["rate"] > 0


def test_three_peers_render_the_same_data(printed: dict[str, Any]) -> None:
    assert [peer["name"] for peer in printed["peers"]] == ["typst", "reportlab", "weasyprint"]
    for peer in printed["peers"]:
        assert peer["ratio"] == pytest.approx(printed["ours_render"]["rate"] / peer["rate"], rel=0.02)


@pytest.mark.parametrize("make", [render_receipt, papers.by_reportlab, papers.by_weasyprint])
def test_a_peer_prints_every_row_of_the_table(make: Any) -> None:
    text = text_of(make(samples.ordinary()))

    for row in samples.ordinary().rows:
        assert amount(row.total_kopecks) in text.replace("\u202f", " ")
