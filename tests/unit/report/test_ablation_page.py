"""The page of an ablation: the evidence first, differences on one scale, adjusted p beside them."""

from __future__ import annotations

import json
import math
import re

import pytest
from tests.unit.report.test_ablations import IDLE, ROW, told

from quorate.report import ablation_page

WORSE = ROW | {
    "variant": "without ema_cross",
    "kind": "engine",
    "in_force": None,
    "difference": -1.0,
    "low": -1.5,
    "high": -0.5,
    "p_value": 0.001,
    "p_holm": 0.002,
    "is_discovered": True,
    "verdict": "worse",
}
CHARGED = ROW | {
    "variant": "costs.impact=volatility",
    "is_charged": True,
    "p_holm": math.nan,
    "verdict": "other costs",
}
ABOUT = {"data": "eight coins", "is_synthetic": True}


@pytest.fixture
def found():
    return told(WORSE, ROW, CHARGED, IDLE, n=2)


def test_the_evidence_comes_before_every_figure(found):
    page = ablation_page.page(found, **ABOUT)
    at = [page.index(word) for word in ("SYNTHETIC DATA</strong>", "Does anything differ?", "<svg")]
    assert at == sorted(at)
    assert "At a false-discovery rate of 5% without ema_cross is worse." in page
    assert "Sharpe ratio 0.60, net return 5.00%, 100 closed trades" in page
    none = ablation_page.page(told(ROW, IDLE), data="x", is_synthetic=False)
    assert "No evidence that anything should be other than it is." in none
    assert "SYNTHETIC" not in none


def test_every_known_difference_has_a_row_on_the_scale_of_its_kind(found):
    options, engines, charged = ablation_page.forests(found)
    assert [row.name for row in options.rows] == ["risk.kelly=cap"]
    assert [row.name for row in engines.rows] == ["without ema_cross"]
    assert [row.name for row in charged.rows] == ["costs.impact=volatility"]
    (row,) = engines.rows
    assert (row.interval, row.adjusted, row.verdict) == ("−1.50 to −0.50", "0.2%", "worse")
    assert row.is_sure
    assert "below 0 of without ema_cross" in engines.said
    assert ">−1.5<" in engines.axis
    assert ">0.0<" in engines.axis


def test_intervals_and_their_colours_follow_the_numbers(found):
    options, engines, _ = ablation_page.forests(found)
    # from -1.5 to 0: the interval begins at the left end, 0 is the right one
    assert 'class="reach down" d="M0.0 10H666.7' in engines.rows[0].bar
    assert 'class="middle down" d="M333.3 10h0"' in engines.rows[0].bar
    assert 'class="reach base"' in options.rows[0].bar
    assert 'class="zero"' in options.rows[0].bar
    above = told(ROW | {"low": 0.1})
    assert 'class="reach up"' in ablation_page.forests(above)[0].rows[0].bar


def test_what_was_not_counted_says_so(found):
    _, _, charged = ablation_page.forests(found)
    assert charged.rows[0].adjusted == "–"
    assert charged.rows[0].said.endswith("not counted")
    assert "40.0% with all counted (Holm)" in ablation_page.forests(found)[0].rows[0].said


def test_p_values_lie_beside_the_line_they_must_be_below(found):
    graph = ablation_page.p_values(found)
    p, line = graph.chart.points["series"]
    assert p["values"] == [0.1, 4.0]
    assert line["values"] == [2.5, 5.0]
    assert graph.chart.points["labels"] == ["without ema_cross", "risk.kelly=cap"]
    assert graph.chart.said.endswith("2 of 2 lie on or below it")
    alone = ablation_page.p_values(told(ROW))
    assert alone.chart.said.endswith("fewer than two were compared")


def test_every_variant_is_listed_with_why_it_was_not_compared(found):
    table = ablation_page.listed(found)
    assert len(table.rows) == 4
    idle = table.rows[-1].cells
    assert [cell.text for cell in idle[3:7]] == ["–", "–", "–", "–"]
    assert idle[-1].detail == "it changes nothing here"
    assert table.rows[0].css == "total"


def test_it_is_written_in_a_folder_and_reads_itself_aloud(found, tmp_path):
    place = ablation_page.write(found, tmp_path, **ABOUT)
    assert place == tmp_path / "ablate.html"
    page = place.read_text(encoding="utf-8")
    told_rows = [
        json.loads(each)["rows"]
        for each in re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
        if "rows" in json.loads(each)
    ]
    assert [len(rows) for rows in told_rows] == [1, 1, 1]
    (said,) = told_rows[1]
    assert said.startswith("without ema_cross: −1.00 a year, −1.50 to −0.50; p 0.1% by itself")
    assert "nan" not in page
    assert "risk.kelly=<wbr>cap" in page


def test_nothing_that_differs_is_said():
    page = ablation_page.page(told(IDLE, n=0), data="x", is_synthetic=False)
    assert "Nothing differed." in page
