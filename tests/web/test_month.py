"""The path of a month: what each stage says for what is known of its runs and readings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from storage.month_pages import MonthInfo, RunMark
from web.centre.month import stages, sums, worked_off


def test_a_closed_month_collects_no_readings() -> None:
    full = RunMark(13, "published", "city", 1, 3000, 28, 2_477_912_341, 41_772)
    some = replace(sums([]), readings_count=9, meters_count=10)

    for state, words in (("open", "собираем"), ("closed", "собрали")):
        month = MonthInfo(dt.date(2026, 9, 1), state, None, None)
        assert stages(month, some, None, [full], full)[0].state == words


def test_a_draft_without_differences_is_nothing_to_publish() -> None:
    empty = RunMark(14, "checked", "city", None, 3000, 28, 0, 0)
    full = RunMark(13, "published", "city", 1, 3000, 28, 2_477_912_341, 41_772)

    opened = MonthInfo(dt.date(2026, 10, 1), "open", None, None)
    drafted, _, published = stages(opened, sums([]), empty, [full], full)[3:6]

    assert drafted.what == "прогон 14, различий с опубликованным нет"
    assert (published.label, published.state) == ("Публикация двумя сотрудниками", "опубликовано")


def test_a_run_of_one_account_does_not_hide_what_the_city_has_parked() -> None:
    account = RunMark(15, "checked", "account", None, 1, 0, 866_178, 13)
    city = RunMark(13, "published", "city", 1, 3000, 28, 2_477_912_341, 41_772)

    assert worked_off([account, city]) == city
    assert worked_off([account]) == account
    assert worked_off([RunMark(16, "planned", "city", None, 3000, 0, 0, 0)]) is None
