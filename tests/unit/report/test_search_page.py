"""The page of a search: luck first, every trial drawn where it belongs, names escaped."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest
from tests.unit.report.test_searches import METRICS, TABLE, WHOLE

from quorate.report import search_page
from quorate.report.searches import Searched
from quorate.report.sweeps import tell
from quorate.statistics.accounts import Trials

AXES = (("consensus.k", 0.25, 4.0, True), ("costs.impact", None, None, False))
CROSS = {"n_blocks": 3, "n_test": 2, "penalty": 1.0}
EVERY = ((0.3, 0.4), (0.8, 1.6))
ABOUT = {"data": "eight coins", "again": "quorate walkforward --set a.b=<1>"}


def searched(table=TABLE, every=EVERY, whole=WHOLE):
    told = tell(whole, [METRICS] * len(whole), Trials(3.0, None, 1.5), "sharpe", None, [1, 0])
    return Searched(told, table, (0.8, 1.6), AXES, CROSS, 200, "runs/quorate.sqlite", every)


def lines(graph):
    return {line["name"]: line["values"] for line in graph.chart.points["series"]}


def test_how_likely_luck_is_comes_before_every_figure():
    page = search_page.page(searched(), **ABOUT, is_synthetic=True)
    at = [page.index(word) for word in ("SYNTHETIC DATA</strong>", "Is the best luck?", "<svg")]
    assert at == sorted(at)
    text = re.sub(r"<[^>]+>", " ", page[page.index("Is the best luck?") :])
    assert text.split(".")[0].startswith("Is the best luck?  Of the best, on its path")
    assert "a.b=&lt;1&gt;" in page
    assert "SYNTHETIC" not in search_page.page(searched(), **ABOUT, is_synthetic=False)


def test_every_trial_has_its_point_and_the_best_so_far_never_falls():
    found = search_page.progress(searched())
    drawn = lines(found)
    assert drawn["whole"] == [0.2, 1.0, None]
    assert drawn["stopped"] == [None, None, -1.0]
    assert drawn["best so far"] == [0.2, 1.0, 1.0]
    assert found.across == "trial"
    assert found.unit == "Sharpe ratio, a year, after costs"
    assert found.chart.svg.count("h0") == 3  # a dot each
    assert "best</text>" in found.chart.svg


def test_a_trial_stands_where_its_value_lies_in_the_range():
    by_k, by_impact = search_page.slices(searched())
    points = by_k.chart.points
    assert points["x"] == [0.25, 0.5, pytest.approx(0.7465, abs=1e-3)]  # ratios of 0.25 to 4
    assert points["labels"] == [
        "consensus.k=0.5, trial 1",
        "consensus.k=1, trial 3",
        "consensus.k=1.98, trial 2",
    ]
    assert lines(by_k)["whole"] == [0.2, None, 1.0]
    assert by_k.across == "consensus.k, by ratio"
    assert all(f">{label}<" in by_k.chart.svg for label in ("0.25", "0.5", "1", "2", "4"))
    # choices have a strip each: spec on the left half, volatility on the right
    at = dict(zip(by_impact.chart.points["labels"], by_impact.chart.points["x"], strict=True))
    assert at["costs.impact=spec, trial 1"] < at["costs.impact=spec, trial 3"] < 0.5
    assert at["costs.impact=volatility, trial 2"] > 0.5


def test_choices_are_escaped():
    odd = TABLE.with_columns(pl.Series("costs.impact", ["<b>", "x", "<b>"]))
    drawn = search_page.slices(searched(odd))[1].chart.svg
    assert "<b>" not in drawn
    assert "&lt;b&gt;" in drawn


def test_paths_of_the_best_lie_beside_their_median():
    found = search_page.spread(searched())
    drawn = lines(found)
    assert drawn["path 1"] == [0.8, 0.3]
    assert drawn["path 2"] == [1.6, 0.4]
    assert drawn["median"] == [1.2, 0.35]
    assert drawn["objective"] == [1.0, 0.2]
    assert found.chart.points["labels"][0] == "1. consensus.k=1.98 costs.impact=volatility"


def test_what_is_not_known_is_said_and_not_drawn():
    none = TABLE.with_columns(
        pl.lit(None, pl.Float64).alias("objective"), pl.lit("scarce").alias("state")
    )
    found = searched(none, every=())
    for graph in (search_page.progress(found), *search_page.slices(found)):
        assert graph.chart.said.endswith("no trial has an objective")
    assert search_page.spread(found).chart.said.endswith("no paths were kept")
    assert "nan" not in search_page.page(found, **ABOUT, is_synthetic=False)


def test_one_trial_is_drawn_in_the_middle():
    found = search_page.progress(searched(TABLE[:1]))
    assert found.chart.points["x"] == [0.5]


def test_rows_beyond_the_most_are_counted(monkeypatch):
    monkeypatch.setattr(search_page, "MOST_ROWS", 1)
    table = search_page.listed(searched())
    assert [cell.text for cell in table.rows[0].cells][:3] == ["1.98", "volatility", "1.00"]
    assert "1 trial more: --csv has all." in table.note


def test_it_is_written_in_a_folder_and_its_points_are_read_by_the_script(tmp_path):
    place = search_page.write(searched(), tmp_path, **ABOUT, is_synthetic=False)
    assert place == tmp_path / "search.html"
    page = place.read_text(encoding="utf-8")
    found = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 4
    assert all(json.loads(each)["series"] for each in found)
    assert 'class="axis-name" aria-hidden="true">trial</p>' in page
