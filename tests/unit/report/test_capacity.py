"""How net return changes with the size of the account, against the closed forms of the law."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.report.building import build

from quorate.core.types import MONEY_SCALE, Line
from quorate.report import capacity, graphs, reading
from quorate.report.formats import rounded
from quorate.report.scaling import Scaled


def episodes(impact, other, cap=math.inf, days=None):
    """Give one fill an episode."""
    n = len(impact)
    return Scaled(
        episode=np.arange(n),
        impact_usd=np.array(impact),
        room=np.full(n, math.inf),
        other_usd=np.array(other),
        cap=np.full(n, cap) if np.isscalar(cap) else np.array(cap),
        day=np.array(days if days is not None else range(n)),
    )


def of(run, **changes):
    given = {"fills": run.fills, "lines": run.lines} | changes
    settings = run.about["settings"]
    return capacity.capacity(given["fills"], run.positions, given["lines"], run.equity, settings)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    found = reading.read(build(tmp_path_factory.mktemp("run"), n_trades=200, outcome="won"))
    assert found.net > 0
    return found


def test_the_accounts_of_note_are_those_of_the_law():
    r"""Net is ``10 m - 2 m^1.5``: its return halves at 6.25, it is most at 11.1, nothing at 25."""
    found = capacity.curve(episodes([2.0], [10.0]), 1_000.0, 30)
    assert found.half_return_usd == pytest.approx(6_250.0, rel=1e-3)
    assert found.break_even_usd == pytest.approx(25_000.0, rel=1e-3)
    assert found.best_net_usd == pytest.approx(0.99 * 1_000.0 / 27.0, rel=2e-2)
    assert 8_000.0 < found.best_usd < 11_200.0
    assert found.net_usd[-1] < 0.0


def test_the_sharpe_ratio_is_half_where_it_is_half_of_that_without_size():
    """Two days of 10 and 6 that pay 2 and 0 for size: mean and spread by hand."""
    found = capacity.curve(episodes([2.0, 0.0], [10.0, 6.0]), 1_000.0, 4)

    def ratio(m):
        days = np.array([10.0 - 2.0 * math.sqrt(m), 6.0, 0.0, 0.0])
        return days.mean() / days.std()

    m = found.half_sharpe_usd / 1_000.0
    assert ratio(m) == pytest.approx(0.5 * ratio(0.0), rel=2e-2)


def test_what_meets_the_volume_earns_no_more_with_a_larger_account():
    found = capacity.curve(episodes([0.5, 0.5], [10.0, 10.0], cap=[4.0, 40.0]), 1_000.0, 30)
    grown = found.net_usd[found.account_usd >= 40_000.0]
    assert grown == pytest.approx(np.full(len(grown), grown[0]))
    assert found.best_usd == pytest.approx(40_000.0, rel=0.1)
    assert math.isnan(found.break_even_usd)


def test_money_that_finds_no_volume_halves_the_return():
    found = capacity.curve(episodes([1e-9], [10.0], cap=7.0), 1_000.0, 30)
    assert found.half_return_usd == pytest.approx(14_000.0, rel=1e-2)
    assert math.isnan(found.half_sharpe_usd)


def test_the_curve_of_a_run_passes_through_its_result(run):
    found = of(run)
    i = int(np.argmin(np.abs(found.account_usd - 10_000.0)))
    assert found.account_usd[i] == pytest.approx(10_000.0)
    assert found.net_usd[i] == pytest.approx(run.net / MONEY_SCALE, abs=1e-4)


@pytest.mark.parametrize(("gross", "why"), [(-5, "before any cost"), (5, "took all of gross")])
def test_what_does_not_earn_has_no_capacity_and_says_why(run, gross, why):
    poor = of(run, lines=run.lines | {Line.GROSS: gross})
    assert why in poor.why
    assert math.isnan(poor.half_return_usd)
    assert why in graphs.room_sentence(run, poor)
    assert graphs.room(run, poor).chart.points == {}


def test_without_fills_or_impact_the_reason_is_said(run):
    assert "kept no fills" in of(run, fills=None).why
    assert "nothing was filled" in of(run, fills=run.fills.head(0)).why
    assert "older version" in of(run, fills=run.fills.drop("closed")).why
    free = run.fills.with_columns(impact=0)
    assert "own size" in of(run, fills=free, lines=run.lines | {Line.IMPACT: 0}).why


def test_words_and_marks_name_the_accounts(run):
    found = of(run)
    assert f"about {rounded(found.half_return_usd)} USD" in graphs.room_sentence(run, found)
    svg = graphs.room(run, found).chart.svg
    assert "this account" in svg
    assert "half the return" in svg
    calm = found._replace(break_even_usd=4_000_000.0, half_return_usd=math.nan)
    assert "nothing with 4,000,000 USD" in graphs.room_sentence(run, calm)
    assert "does not fall to half" in graphs.room_sentence(run, calm)


def test_a_return_is_read_off_in_percent_of_the_account(run):
    found = of(run)
    (line,) = graphs.room(run, found).chart.points["series"]
    i = int(np.argmin(np.abs(found.account_usd - 10_000.0)))
    assert line["values"][i] == pytest.approx(100.0 * run.net / run.start, abs=1e-3)


def test_the_page_and_the_metrics_of_a_run_say_the_same(run):
    assert run.metrics["activity"]["capacity_usd"] == of(run).half_return_usd
