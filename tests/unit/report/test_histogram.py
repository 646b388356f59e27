"""A histogram counts every value once, on round edges, and can be read off."""

from __future__ import annotations

import re

import numpy as np
import pytest

from quorate.report import histogram as made
from quorate.report.histogram import FEWEST, histogram

DRAW = np.random.default_rng(5)


def bars(values, unit="%"):
    return histogram(values, title="Daily returns", unit=unit, noun="day").points


def numbers(points):
    return [
        int(re.search(r", ([\d,]+) days?$", label)[1].replace(",", ""))
        for label in points["labels"]
    ]


@pytest.mark.parametrize(
    "values",
    [
        DRAW.normal(0.0, 1.0, 300),
        DRAW.standard_t(2, 5_000) * 30.0,
        np.abs(DRAW.normal(0.0, 1.0, 100)),
        -np.abs(DRAW.normal(0.0, 1.0, 100)),
        np.full(50, 0.25),
        np.zeros(50),
        np.tile([-0.5, 0.5], 40),
    ],
)
def test_every_value_is_in_one_bar(values):
    points = bars(values)
    assert sum(numbers(points)) == len(values)
    (share,) = points["series"]
    assert sum(share["values"]) == pytest.approx(100.0, abs=0.3)
    assert len(share["values"]) == len(points["x"]) == len(points["labels"])


def test_zero_is_an_edge_so_that_no_bar_holds_losses_and_gains():
    values = DRAW.normal(0.4, 1.0, 500)
    edges = made._edges(values)
    assert 0.0 in edges
    counts = made._counts(values, edges)
    assert counts[edges[1:] <= 0.0].sum() == (values < 0.0).sum()


def test_a_value_on_an_edge_belongs_away_from_zero():
    edges = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert made._counts(np.array([-1.0, 0.0, 1.0]), edges).tolist() == [1, 0, 1, 1]


def test_one_far_value_does_not_hide_the_rest():
    values = np.append(DRAW.normal(0.0, 1.0, 999), 500.0)
    labels = bars(values)["labels"]
    assert len(labels) > 15
    assert labels[-1].startswith("above ")


def test_the_bars_stand_where_their_values_do():
    points = bars(DRAW.normal(0.0, 1.0, 300))
    n = len(points["x"])
    assert points["x"] == pytest.approx([(i + 0.5) / n for i in range(n)], abs=1e-5)
    assert "t" not in points


def test_losses_and_gains_have_their_colours():
    chart = histogram(DRAW.normal(0.0, 1.0, 300), title="Days", unit="bps", noun="day")
    assert 'class="area loss"' in chart.svg
    assert 'class="area net"' in chart.svg
    won = histogram(DRAW.uniform(1.0, 2.0, 300), title="Days", unit="bps", noun="day")
    assert 'class="area loss"' not in won.svg
    assert " bps</text>" in won.svg


def test_it_says_what_it_shows():
    values = np.concatenate((np.full(30, 0.11), [-0.75], np.linspace(0.2, 0.9, 9)))
    said = histogram(values, title="Daily returns", unit="%", noun="day").said
    assert said.startswith("Daily returns: 40 days from \N{MINUS SIGN}0.75% to 0.90%, most often")
    assert said.endswith("(30 days)")


def test_too_few_values_have_no_shape():
    few = histogram(np.ones(FEWEST - 1), title="Days", unit="%", noun="day")
    assert few.points == {}
    assert "needs 20 days; there are 19" in few.svg
    unknown = histogram(np.full(40, np.nan), title="Days", unit="%", noun="day")
    assert unknown.points == {}
