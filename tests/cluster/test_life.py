"""A month by the command line alone, as an operator would do it, on a stack with a small city."""

import pytest

from tests.support.browser import ACCOUNTS, City
from tests.support.command import paylogic

pytestmark = pytest.mark.timeout(600)


def test_open_month_is_billed_published_and_explained(command_city: City) -> None:
    run = paylogic(command_city.home, "run", "--scope", "city", "--publish", "--json")

    assert run.code == 0, run.err
    assert run.json["state"] == "published"
    assert run.json["accounts"] + run.json["parked"] >= ACCOUNTS
    assert run.json["lines"] > run.json["accounts"]

    resident, _ = command_city.users["resident"]
    told = paylogic(command_city.home, "explain", resident, "--period", run.json["period"], "--json")
    assert told.code == 0, told.err
    assert told.json["lines"]
    assert all(line["agrees"] for line in told.json["lines"])
    assert (
        sum(line["amount_kopecks"] + line["surcharge_kopecks"] for line in told.json["lines"])
        == (told.json["total_kopecks"])
    )


def test_published_month_run_again_posts_nothing(command_city: City) -> None:
    first = paylogic(command_city.home, "run", "--publish", "--json")

    again = paylogic(command_city.home, "run", "--publish", "--json")

    assert again.code == 0, again.err
    assert again.json["unchanged"] is True
    assert again.json["total_kopecks"] == 0 or again.json["digest"] == first.json["digest"]


def test_one_account_is_billed_and_explained_by_the_number_on_its_receipt(command_city: City) -> None:
    resident, _ = command_city.users["resident"]

    run = paylogic(command_city.home, "run", "--scope", f"account:{resident}", "--json")
    month = run.json["period"]
    told = paylogic(command_city.home, "explain", resident, month, "upkeep", "--json")

    assert run.code == 0, run.err
    assert run.json["accounts"] + run.json["parked"] <= 1
    assert told.code == 0, told.err
    assert {line["service"] for line in told.json["lines"]} == {"upkeep"}


def test_books_agree(command_city: City) -> None:
    checked = paylogic(command_city.home, "ledger", "check", "--json")

    assert checked.code == 0, checked.out
    assert checked.json["ok"] is True


def test_city_is_not_made_over_another(command_city: City) -> None:
    again = paylogic(command_city.home, "seed", "--accounts", "100", "--json")

    assert again.code == 1
    assert "уже есть данные" in again.json["error"]
    assert "Traceback" not in again.err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("run", "--period", "2031-01"), "не открыт"),
        (("run", "--period", "october"), "Запишите как"),
        (("run", "--scope", "house:99999999"), "Есть: house:"),
        (("run", "--scope", "organisation:Рога"), "Есть: organisation:"),
        (("run", "--scope", "account:0000000000"), "Ближайшие: "),
        (("explain", "0000000000"), "0000000000"),
        (("explain", "1", "--service", "water"), "cold_water"),
        (("import", "/nowhere/city.xlsx"), "нет"),
    ],
)
def test_bad_request_is_refused_in_words(command_city: City, words: tuple[str, ...], part: str) -> None:
    refused = paylogic(command_city.home, *words, "--json")

    assert refused.code == 1
    assert part in refused.json["error"]
    assert "Traceback" not in refused.err
