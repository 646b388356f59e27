"""How net profit changes with the size of the account, against the closed forms of the law."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.unit.report.building import build

from quorate.core.costs import Params
from quorate.core.costs.components import impact_bps
from quorate.core.types import MONEY_SCALE, Line
from quorate.report import capacity, graphs, reading
from quorate.report.formats import rounded


def fills(impact, share, value=1_000.0):
    n = len(impact)
    return capacity.Fills(np.array(impact), np.full(n, value), np.array(share))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("run"), n_trades=200))


def test_without_a_limit_impact_grows_with_the_power_of_three_halves():
    some = fills([1.0, 2.0], [1e-9, 1e-9])
    for m in (0.25, 1.0, 4.0, 100.0):
        assert capacity.net_usd(m, some, 10.0, 0.2) == pytest.approx(10.0 * m - 3.0 * m**1.5)


def test_the_curve_is_the_formula_at_every_size():
    draw = np.random.default_rng(2)
    share = np.concatenate([[0.0, 0.2, 0.7], draw.uniform(0.0, 0.4, 50)])
    some = capacity.Fills(draw.exponential(1.0, 53) * (share > 0), draw.uniform(1, 9, 53), share)
    grid = np.logspace(-2, 3, 101)
    again = [capacity.net_usd(float(m), some, 40.0, 0.2) for m in grid]
    assert capacity._net_over(grid, some, 40.0, 0.2) == pytest.approx(again)


def test_best_and_break_even_are_those_of_the_law():
    found = capacity.curve(fills([2.0], [1e-9]), 10.0, 1_000.0, 0.2)
    assert found.break_even_usd == pytest.approx(25.0 * 1_000.0, rel=1e-3)
    assert found.best_usd == pytest.approx(4.0 / 9.0 * 25.0 * 1_000.0, rel=1e-2)
    assert found.net_usd[-1] < 0.0 < found.best_net_usd
    assert not found.is_limited


def test_participation_is_clipped_as_the_cost_model_clips_it():
    share, at_one = 0.05, Params().impact_bps_at_one
    value = 10_000.0
    paid = impact_bps(share, 0.0, Params()) / 1e4 * value
    one = capacity.Fills(np.array([paid]), np.array([value]), np.array([share]))
    for m in (1.0, 3.0, 4.0, 8.0):
        law = impact_bps(m * share, 0.0, Params()) / 1e4 * value * m
        assert -capacity.net_usd(m, one, 0.0, 0.2) == pytest.approx(law)
    assert at_one * math.sqrt(0.2) / 1e4 * value * 8.0 == pytest.approx(
        -capacity.net_usd(8.0, one, 0.0, 0.2)
    )


def test_the_curve_ends_where_half_of_the_value_meets_the_limit():
    mixed = capacity.Fills(np.ones(3), np.array([10.0, 30.0, 60.0]), np.array([0.1, 0.02, 0.004]))
    found = capacity.curve(mixed, 1e9, 1_000.0, 0.2)
    assert found.limit_usd == pytest.approx(50.0 * 1_000.0)
    assert found.account_usd[-1] == pytest.approx(found.limit_usd)
    assert math.isnan(found.break_even_usd)
    assert found.is_limited


def test_passive_fills_never_meet_the_limit():
    mostly = capacity.Fills(np.array([1.0, 0.0]), np.array([1.0, 99.0]), np.array([0.1, 0.0]))
    assert math.isnan(capacity.curve(mostly, 5.0, 1.0, 0.2).limit_usd)


def test_what_loses_without_its_size_fits_no_account():
    found = capacity.curve(fills([1.0], [1e-6]), -5.0, 1_000.0, 0.2)
    assert math.isnan(found.best_usd)
    assert math.isnan(found.break_even_usd)
    assert np.all(found.net_usd < 0.0)
    assert np.all(np.isfinite(found.net_usd))


def test_the_curve_of_a_run_passes_through_its_result(run):
    found = capacity.capacity(run)
    i = int(np.argmin(np.abs(found.account_usd - 10_000.0)))
    assert found.account_usd[i] == pytest.approx(10_000.0)
    assert found.net_usd[i] == pytest.approx(run.net / MONEY_SCALE, abs=1e-4)


def test_the_share_of_a_fill_is_read_back_from_what_it_paid(run):
    found = capacity._fills(run, Params().impact_bps_at_one)
    again = np.array(
        [impact_bps(s, 0.0, Params()._replace(max_participation=1e9)) for s in found.share]
    )
    assert again / 1e4 * found.value_usd == pytest.approx(found.impact_usd)


@pytest.mark.parametrize(("gross", "why"), [(-5, "before any cost"), (5, "took all of gross")])
def test_why_no_account_would_have_earned(run, gross, why):
    poor = replace(run, lines=run.lines | {Line.GROSS: gross})
    assert why in graphs.room_sentence(poor, capacity.capacity(poor))


def test_without_fills_or_impact_the_reason_is_said(run):
    assert "kept no fills" in capacity.capacity(replace(run, fills=None)).why
    assert "nothing was filled" in capacity.capacity(replace(run, fills=run.fills.head(0))).why
    free = run.fills.with_columns(impact=0)
    found = capacity.capacity(replace(run, fills=free, lines=run.lines | {Line.IMPACT: 0}))
    assert "own size" in found.why
    assert graphs.room(run, found).chart.points == {}
    assert found.why in graphs.room_sentence(run, found)


def test_words_and_marks_name_the_accounts(run):
    found = capacity.capacity(replace(run, lines=run.lines | {Line.GROSS: 2 * run.costs}))
    assert f"about {rounded(found.best_usd)} USD" in graphs.room_sentence(run, found)
    svg = graphs.room(run, found).chart.svg
    assert "this account" in svg
    assert "limit of the volume" in svg
    calm = found._replace(is_limited=False, break_even_usd=4_000_000.0)
    assert "nothing with 4,000,000 USD" in graphs.room_sentence(run, calm)
    assert "earns the most" in graphs.room(run, calm).chart.svg
