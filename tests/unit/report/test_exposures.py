"""What was held and at risk as charts: sides, limits, and where a share has no meaning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.report import exposures, reading

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("run"), n_bars=24 * 40))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("quiet"), n_trades=0, n_bars=100))


def held(run, **columns):
    """Give a run whose equity stands still at 10,000 USD, with columns of one value a bar."""
    n = run.equity.height
    still = {"equity": 10_000 * 10**8, "gross_equity": 10_000 * 10**8, "flow": 0}
    frame = run.equity.with_columns(**{name: pl.lit(each) for name, each in still.items()})
    given = {name: pl.Series(np.resize(np.array(v, float), n)) for name, v in columns.items()}
    return replace(run, equity=frame.with_columns(**given))


def lines(graph):
    return {line["name"]: line["values"] for line in graph.chart.points["series"]}


def test_long_and_short_are_told_apart(run):
    """5,000 USD long and 2,000 short on every bar: gross 7,000, net 3,000."""
    both = held(run, gross_usd=[7_000], net_usd=[3_000])
    found = lines(exposures.exposure(both, reading.curves(both.equity)))
    assert set(found["long, mean"]) == {50.0}
    assert set(found["short, mean"]) == {-20.0}
    assert set(found["net"]) == {30.0}


def test_a_day_shows_its_mean_and_its_extremes(run):
    """Long on every other bar: half of it on average, all of it at most."""
    swings = held(run, gross_usd=[0, 4_000], net_usd=[0, 4_000])
    found = lines(exposures.exposure(swings, reading.curves(swings.equity)))
    assert found["long, mean"][5] == 20.0
    assert found["most long of the day"][5] == 40.0
    assert found["most short of the day"][5] == 0.0


def test_the_limit_is_what_is_open_and_what_is_left(run):
    """The run keeps what is left of the limit, which is nothing once all of it is open."""
    near = held(run, open_risk_usd=[100, 250], risk_budget_usd=[150, -10])
    found = lines(exposures.risk(near, reading.curves(near.equity)))
    assert found["open risk"][5] == 2.5
    assert found["limit"][5] == pytest.approx(2.4)


def test_the_moment_before_the_first_bar_has_no_limit(run):
    near = held(run, open_risk_usd=[100], risk_budget_usd=[150])
    found = lines(exposures.risk(near, reading.curves(near.equity)))
    assert found["limit"][0] is None
    assert found["limit"][1] == pytest.approx(2.5)


def test_a_share_of_next_to_nothing_is_not_drawn(run):
    falling = np.linspace(10_000, -1_000, run.equity.height) * 1e8
    gone = run.equity.with_columns(
        equity=pl.Series(falling.astype(np.int64)), flow=0, net_usd=100.0, gross_usd=100.0
    )
    lost = replace(run, equity=gone)
    graph = exposures.exposure(lost, reading.curves(gone))
    known = [value for value in lines(graph)["most long of the day"] if value is not None]
    assert max(known) <= 10.0
    assert "90% of the highest equity was lost" in graph.unit
    assert "account lost" in graph.chart.svg
    assert "was lost" not in exposures.exposure(run, reading.curves(run.equity)).unit


def test_what_held_nothing_says_so(quiet):
    found = reading.curves(quiet.equity)
    for graph in (exposures.exposure(quiet, found), exposures.risk(quiet, found)):
        assert "nothing was held" in graph.chart.svg
        assert graph.chart.points == {}


@pytest.mark.parametrize(("days", "name"), [(30, "day"), (5, "hour"), (1, "bar")])
def test_a_shorter_run_is_shown_more_finely(days, name):
    times = np.arange(0, days * DAY_MS + 1, DAY_MS // 48)
    found = exposures.spans(times)
    assert found.name == name
    assert (found.ends[0], found.ends[-1]) == (times[0], times[-1])
    assert np.all(np.diff(found.ends) > 0)
    assert len(found.number) == len(times)


def test_one_moment_is_one_span():
    assert exposures.spans(np.array([5])).ends.tolist() == [5]
