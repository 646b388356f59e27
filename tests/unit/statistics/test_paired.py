"""Is a difference luck? What a paired bootstrap of every metric must keep."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from quorate.statistics import ratios
from quorate.statistics.drawdowns import max_drawdown
from quorate.statistics.paired import MIN_DAYS, TESTED, closed_by_day, compare, holm
from quorate.statistics.trades import hits

T = np.arange(60)
A = (((13 * T + 5) % 29) - 12) / 1000
B = (((17 * T + 2) % 31) - 14) / 1000
EXACT = {
    "total_return": ratios.total_return,
    "cagr": ratios.cagr,
    "mean_day": lambda days: ratios.mean_return(days) / 365,
    "volatility": ratios.annual_volatility,
    "sharpe": ratios.sharpe,
    "sortino": ratios.sortino,
    "calmar": ratios.calmar,
    "max_drawdown": max_drawdown,
}


def noise(seed, n, correlation=0.0):
    """Return two series of daily returns with a correlation."""
    first, second = np.random.default_rng(seed).standard_normal((2, n)) * 0.01
    return first, correlation * first + math.sqrt(1.0 - correlation**2) * second


def sums(seed, n, shift=0.0):
    """Return three closed trades a day as money, and their sums by day."""
    usd = np.round(np.random.default_rng(seed).standard_normal((n, 3)) * 10 + shift, 2)
    won, lost = np.maximum(usd, 0.0), np.maximum(-usd, 0.0)
    columns = [(usd > 0).sum(1), (usd < 0).sum(1), won.sum(1), lost.sum(1), np.full(n, 3)]
    return usd, np.column_stack([*columns, usd.sum(1)])


def test_every_metric_is_that_of_the_report():
    first, second = noise(3, 400, 0.5)
    (usd_a, sums_a), (usd_b, sums_b) = sums(1, 400), sums(2, 400)
    found = compare(first, second, seed=1, closed=(sums_a, sums_b), n_samples=200).differences
    assert tuple(found) == TESTED
    for name, exact in EXACT.items():
        expected = exact(first), exact(second)
        assert (found[name].first, found[name].second) == pytest.approx(expected), name
        assert found[name].low < found[name].value < found[name].high
    for usd, side in ((usd_a, "first"), (usd_b, "second")):
        counted = hits((usd.ravel() * 1e8).round().astype(np.int64))
        assert getattr(found["hit_rate"], side) == pytest.approx(counted.hit_rate)
        assert getattr(found["profit_factor"], side) == pytest.approx(counted.profit_factor)
        assert getattr(found["average_trade_usd"], side) == pytest.approx(usd.mean())


def test_swapping_the_runs_turns_the_sign_only():
    first, second = noise(4, 400, 0.6)
    closed = sums(1, 400)[1], sums(2, 400)[1]
    one = compare(first, second, seed=1, closed=closed).differences
    other = compare(second, first, seed=1, closed=closed[::-1]).differences
    for name in TESTED:
        assert one[name].value == pytest.approx(-other[name].value)
        assert one[name].low == pytest.approx(-other[name].high)
        assert one[name].p_value == other[name].p_value


def test_the_interval_and_the_p_value_agree():
    for seed in range(6):
        first, second = noise(seed, 120, 0.5)
        found = compare(first + 0.0015, second, seed=seed, n_samples=999)
        for each in found.differences.values():
            if not each.why and abs(each.p_value - 0.05) > 0.001:
                assert (each.low > 0.0 or each.high < 0.0) == (each.p_value < 0.05)


def test_pairing_tells_apart_what_shares_its_days():
    first, second = noise(5, 300)
    _, close = noise(5, 300, 0.99)
    apart = compare(first + 0.0005, second, seed=1)
    paired = compare(first + 0.0005, close, seed=1)
    assert paired.correlation > 0.98
    for name in ("sharpe", "sortino", "max_drawdown", "volatility", "total_return"):
        one, other = paired.differences[name], apart.differences[name]
        assert one.high - one.low < 0.4 * (other.high - other.low), name


def test_under_no_difference_few_are_found():
    """Of 60 pairs without a difference about 3 have p below 0.05; 9 would be strange."""
    n_found = dict.fromkeys(TESTED, 0)
    for i in range(60):
        closed = sums(2 * i, 120)[1], sums(2 * i + 1, 120)[1]
        found = compare(*noise(100 + i, 120, 0.5), seed=i, closed=closed, n_samples=300)
        for name, each in found.differences.items():
            n_found[name] += each.p_value < 0.05
    assert all(count <= 9 for count in n_found.values()), n_found
    assert sum(n_found.values()) > 0


def test_a_real_difference_is_found():
    first, second = noise(6, 365, 0.8)
    closed = sums(1, 365, 4.0)[1], sums(2, 365)[1]
    found = compare(first + 0.002, second, seed=1, closed=closed).differences
    for name in ("sharpe", "mean_day", "total_return", "cagr", "sortino", *TESTED[-3:]):
        assert found[name].p_value < 0.05, name
        assert found[name].low > 0.0
    assert compare(2.0 * first, second, seed=1).differences["volatility"].p_value < 0.01


def test_the_same_seed_gives_the_same_answer():
    first, second = noise(7, 100)
    one = compare(first, second, seed=3).differences["sharpe"]
    assert one == compare(first, second, seed=3).differences["sharpe"]
    assert one != compare(first, second, seed=4).differences["sharpe"]


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (A[: MIN_DAYS - 1], B[: MIN_DAYS - 1], "fewer than 10"),
        (A, A, "the same"),
        (A, np.zeros(60), "never traded"),
        (np.zeros(0), np.zeros(0), "fewer"),
    ],
)
def test_what_cannot_be_said_says_why(first, second, why):
    found = compare(first, second, seed=1)
    assert why in found.why
    assert found.differences == {}


def test_below_a_year_nothing_is_extrapolated_to_one():
    short = compare(A, B, seed=1).differences
    for name in ("cagr", "calmar"):
        assert "60 common days are fewer than 365" in short[name].why
        assert math.isnan(short[name].p_value)
    assert short["total_return"].why == ""
    assert compare(*noise(1, 365), seed=1, n_samples=50).differences["calmar"].why == ""


def test_a_metric_that_one_run_or_most_draws_lack_says_so():
    won = np.abs(A) + 0.001
    assert "one of the two has none" in compare(won, B, seed=1).differences["sortino"].why
    once = won.copy()
    once[30] = -0.01
    assert "too few" in compare(once, B, seed=1).differences["sortino"].why
    none = np.zeros((60, 6))
    found = compare(A, B, seed=1, closed=(none, none)).differences
    assert "one of the two has none" in found["hit_rate"].why


def test_days_that_one_of_them_lacks_are_left_out():
    first, second = noise(8, 100)
    closed = sums(1, 100)[1], sums(2, 100)[1]
    holed = first.copy()
    holed[10:20] = np.nan
    found = compare(holed, second, seed=1, closed=closed)
    assert found.n_days == 90
    kept = np.isfinite(holed)
    same = compare(first[kept], second[kept], seed=1, closed=(closed[0][kept], closed[1][kept]))
    assert found.differences["sharpe"] == same.differences["sharpe"]
    assert found.differences["hit_rate"] == same.differences["hit_rate"]


def test_trades_count_on_the_day_that_ends_with_them():
    midnight = datetime(2025, 1, 2, tzinfo=UTC)
    trades = pl.DataFrame(
        {
            "closed_at": [midnight, midnight + timedelta(hours=1), midnight + timedelta(days=9)],
            "net_pnl": [500_000_000, -200_000_000, 100_000_000],
        }
    )
    first = (midnight - datetime(1970, 1, 1, tzinfo=UTC)).days - 1
    found = closed_by_day(trades, np.array([first, first + 1, first + 2]))
    assert found[0].tolist() == [1.0, 0.0, 5.0, 0.0, 1.0, 5.0]
    assert found[1].tolist() == [0.0, 1.0, 0.0, 2.0, 1.0, -2.0]
    assert not found[2].any()
    assert closed_by_day(trades, np.zeros(0, np.int64)).shape == (0, 6)


def test_holm_counts_the_tests_and_keeps_their_order():
    p = np.array([0.04, 0.001, np.nan, 0.02])
    assert holm(p)[[0, 1, 3]].tolist() == pytest.approx([0.04, 0.003, 0.04])
    assert np.isnan(holm(p)[2])
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]
    assert holm(np.zeros(0)).tolist() == []


def test_holm_keeps_luck_at_five_percent():
    draws = np.random.default_rng(1).random((2_000, 10))
    assert np.mean([holm(row).min() < 0.05 for row in draws]) < 0.07
    assert np.mean([row.min() < 0.05 for row in draws]) > 0.3


def test_a_level_outside_its_bounds_is_refused():
    with pytest.raises(ValueError, match="level"):
        compare(A, B, seed=1, level=1.0)
