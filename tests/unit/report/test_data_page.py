"""The page of a check: every coin's days, the worst state of each, and what fails."""

from __future__ import annotations

import re
from datetime import date, timedelta

import polars as pl
import pytest
from tests.unit.lake.builders import bars, put, store, without

import quorate
from quorate.cli import run
from quorate.errors import DataError
from quorate.report import coverage_map

START = date(2023, 2, 1)


def days(symbol, *counts, first=0):
    return pl.DataFrame(
        [
            (symbol, START + timedelta(first + i), traded, filled, missing)
            for i, (traded, filled, missing) in enumerate(counts)
        ],
        schema=["symbol", "day", "n_traded", "n_filled", "n_missing"],
        orient="row",
    )


def rects(svg):
    return re.findall(r'<rect class="(\w+)" x="(\d+)" y="(\d+)" width="(\d+)"', svg)


def test_a_day_has_the_worst_state_that_holds():
    given = days("A", (288, 0, 0), (287, 1, 0), (280, 3, 5), (0, 0, 288), (288, 0, 0))
    apart = pl.DataFrame({"symbol": ["A", "B"], "day": [START + timedelta(4), START]})
    assert coverage_map.states(given, apart)["state"].to_list() == [
        "whole",
        "carried",
        "holes",
        "empty",
        "apart",
    ]


def test_equal_days_are_one_rectangle_in_the_coins_row():
    given = pl.concat(
        [
            days("A", *[(288, 0, 0)] * 4, (0, 0, 288), (288, 0, 0)),
            days("B", *[(288, 0, 0)] * 2, first=3),
        ]
    )
    svg = coverage_map.draw(coverage_map.states(given, given.clear()))
    assert rects(svg) == [
        ("whole", "0", "0", "4"),
        ("empty", "4", "0", "1"),
        ("whole", "5", "0", "1"),
        ("whole", "3", "15", "2"),
    ]
    assert 'viewBox="0 0 6 30"' in svg
    assert "2 coins by day; days on which every bar is there: 7; no bar: 1" in svg
    assert "<title>A, 2023-02-05: no bar</title>" in svg


@pytest.fixture
def folder(tmp_path):
    good = bars(600)
    other = store(tmp_path / "other", GOOD=good)
    bad = put(without(good, 300, 20), 50, high=1.0)
    return store(tmp_path / "set", GOOD=good, **{"A<B": bad}), other


def test_the_page_tells_what_fails_and_draws_what_differs(folder, tmp_path):
    where, other = folder
    found = quorate.check_data(where, other=other)
    text = found.page(tmp_path).read_text(encoding="utf-8")
    assert "<b>A&lt;B</b> fails: ROW_IMPOSSIBLE" in text
    assert "A<B" not in text
    assert "some bars missing" in text
    assert "vendors disagree" not in text  # the legend names what is there
    assert len(re.findall(r"<figure data-graph", text)) == 1
    assert "GOOD" in text


def test_a_page_of_good_bars_says_that_nothing_fails(folder, tmp_path):
    found = quorate.check_data(folder[0], symbols=["GOOD"])
    text = found.page(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "No rule fails a coin." in text
    assert "Beside the second vendor" not in text


def test_a_page_that_cannot_be_written_leaves_nothing(folder, tmp_path):
    found = quorate.check_data(folder[0], symbols=["GOOD"])
    with pytest.raises(DataError, match="cannot be written"):
        found.page(tmp_path / "absent" / "page.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "set"]


def test_the_command_writes_the_page(folder, tmp_path, capsys):
    target = tmp_path / "data.html"
    assert run(["data", "check", str(folder[0]), "--symbols", "GOOD", "--html", str(target)]) == 0
    assert str(target) in capsys.readouterr().out
    assert target.is_file()


def test_one_bar_far_out_is_drawn_beside_the_usual_ones(tmp_path):
    """A median and 99 % of a day's bars hide one bar of 288; its day's largest does not."""
    good = bars(1200)
    far = put(good, 700, close=good["close"][700] * 1.3, high=250.0, volume=900.0)
    one, two = store(tmp_path / "one", AAAUSDT=good), store(tmp_path / "two", AAAUSDT=far)
    page = quorate.check_data(one, other=two).page(tmp_path).read_text()
    graph = page[page.index("largest of the day") :]
    (path,) = re.findall(r'<path class="line loss" d="([^"]+)"', graph)
    heights = [float(y) for y in re.findall(r" (-?[\d.]+)", path)]
    # 2,624 bps in a scale from 0.1 to 10,000; days without a difference stand on its foot
    plot = 230 - 10 - 26
    assert heights == pytest.approx([plot, plot, plot * (4 - 3.419) / 5, plot, plot], abs=0.5)
    assert "logarithmic from 0.1" in page
