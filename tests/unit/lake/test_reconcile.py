"""Vendors beside each other: swapped, shifted, spiked, outvoted."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from tests.unit.lake.builders import START_MS

from quorate.lake import clocks, reconcile
from quorate.lake.grid import take
from quorate.lake.sources import Series

BAR_MS = 300_000
N = 600


def series(close, first=0, volume=10.0):
    close = np.asarray(close, float)
    at = START_MS + (first + np.arange(close.size)) * BAR_MS
    amount = np.full(close.size, volume)
    return Series("f", at, close, close, close, close.copy(), amount, amount / 2)


def walk(seed=3, n=N, sigma=2e-3):
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, sigma, n)))


def noisy(close, bps=1.0, seed=8):
    return close * np.exp(np.random.default_rng(seed).normal(0.0, bps * 1e-4, close.size))


def merge(*closes, **how):
    vendors = [each if isinstance(each, Series) else series(each) for each in closes]
    return reconcile.merge(vendors, [1e-6] * len(vendors), ["spot"] * len(vendors), 5, **how)


def test_the_tolerance_is_ten_bps_three_medians_of_the_hour_or_a_tick():
    close = np.full(36, 100.0)
    other = close * np.exp(-1e-4 * np.r_[np.full(12, 1.0), np.full(12, 20.0), np.full(12, 1.0)])
    told = reconcile.compare(series(close), series(other), 1e-6, 5)
    assert told.tolerated_bps.tolist() == pytest.approx([10.0] * 12 + [60.0] * 12 + [10.0] * 12)
    told = reconcile.compare(series(close), series(other), 0.5, 5)
    assert told.tolerated_bps[0] == pytest.approx(1e4 * 0.5 / other[0])


def test_an_hour_of_one_bar_does_not_excuse_itself():
    close = walk(n=48)
    at = START_MS + np.arange(48) * 3_600_000
    other = close.copy()
    other[30] *= 1.01
    told = reconcile.compare(
        series(close)._replace(open_ms=at), series(other)._replace(open_ms=at), 1e-6, 60
    )
    assert np.flatnonzero(~told.agrees).tolist() == [30]


@pytest.mark.parametrize(("minutes", "factor"), [(5, 1.05), (5, 2.0), (15, 1.05), (1440, 1.5)])
def test_an_error_that_lasts_excuses_nothing(minutes, factor):
    close = walk(n=96)
    at = START_MS + np.arange(96) * minutes * 60_000
    one = series(close)._replace(open_ms=at)
    told = reconcile.compare(one, series(close * factor)._replace(open_ms=at), 1e-6, minutes)
    assert not told.agrees.any()
    assert reconcile.daily(told)["quarantined"].all()
    merged = reconcile.merge(
        [one, series(close * factor)._replace(open_ms=at)], [1e-6] * 2, ["spot"] * 2, minutes
    )
    assert merged.disputed.size == 96


def test_a_day_with_more_than_one_in_two_hundred_is_quarantined():
    close = walk(n=2 * 288)
    other = close.copy()
    other[[5, 300, 400]] *= 1.01
    days = reconcile.daily(reconcile.compare(series(close), series(other), 1e-6, 5))
    assert days.select("day", "n", "n_off", "quarantined").rows() == [
        (dt.date(2023, 2, 1), 288, 1, False),
        (dt.date(2023, 2, 2), 288, 2, True),
    ]


def test_a_swapped_vendor_disagrees_on_every_bar():
    told = reconcile.compare(series(walk(3)), series(2.0 * walk(4)), 1e-6, 5)
    assert not told.agrees.any()
    assert clocks.shift(series(walk(3)), series(2.0 * walk(4)), 5) is None


@pytest.mark.parametrize("bars", [0, 12, -12, 1])
def test_a_shifted_clock_is_found(bars):
    close = walk()
    late = series(noisy(close))
    late = late._replace(open_ms=late.open_ms + bars * BAR_MS)
    assert clocks.shift(series(close), late, 5) == bars


def test_too_few_returns_tell_no_shift():
    close = walk(n=100)
    assert clocks.shift(series(close), series(close), 5) is None


def test_two_that_agree_give_the_first():
    close = walk()
    got = merge(close, noisy(close))
    assert got.series.close.tolist() == close.tolist()
    assert (set(got.vendor), set(got.n_agree)) == ({0}, {2})
    assert got.disputed.size == 0


def test_two_that_disagree_give_nothing():
    close = walk()
    other = noisy(close)
    other[50] *= 1.05
    got = merge(close, other)
    assert got.disputed.tolist() == [START_MS + 50 * BAR_MS]
    assert got.series.close.size == N - 1


def test_a_third_breaks_the_tie():
    close = walk()
    wrong = close.copy()
    wrong[50] *= 1.05
    got = merge(wrong, noisy(close, seed=1), noisy(close, seed=2))
    assert np.flatnonzero(got.vendor != 0).tolist() == [50]
    assert got.vendor[50] == 1
    assert (got.n_agree[50], got.n_agree[49]) == (2, 3)
    assert got.disputed.size == 0


def test_a_bar_that_one_vendor_alone_has_is_left_out_and_counted():
    close = walk()
    first = take(series(close), np.arange(N) != 7)
    second = take(series(noisy(close)), np.arange(N) != 9)
    got = merge(first, second)
    assert got.series.open_ms.size == N - 2
    assert (got.short.tolist(), got.whose.tolist()) == (
        [START_MS + 7 * BAR_MS, START_MS + 9 * BAR_MS],
        [1, 0],
    )
    assert (got.n_agree.min(), got.disputed.size) == (2, 0)


def test_a_quorum_of_one_takes_it_and_says_so():
    close = walk()
    got = merge(take(series(close), np.arange(N) != 7), series(noisy(close)), quorum=1)
    assert (got.vendor[7], got.n_agree[7]) == (1, 1)
    assert (got.series.open_ms.size, got.short.size) == (N, 0)


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_a_bar_is_kept_where_a_count_by_hand_says_so(quorum):
    """Three vendors, each without some bars and with some wrong ones."""
    rng, close = np.random.default_rng(6), walk()
    there, right = rng.random((3, N)) > 0.2, rng.random((3, N)) > 0.1
    wrong = np.array([1.05, 1.1, 1.15])[:, None]  # no two are wrong alike
    prices = [
        take(series(noisy(close, 0.5, v) * np.where(right[v], 1.0, wrong[v])), there[v])
        for v in range(3)
    ]
    got = merge(*prices, quorum=quorum)
    n_right = (there & right).sum(axis=0)
    n_best = np.maximum(n_right, there.any(axis=0))
    is_disputed = (n_best == 1) & (there.sum(axis=0) > 1)
    is_kept = (n_best >= quorum) & ~is_disputed
    is_short = (n_best > 0) & (n_best < quorum) & ~is_disputed
    at = START_MS + np.arange(N) * BAR_MS
    for name, wanted in (("disputed", is_disputed), ("short", is_short)):
        assert getattr(got, name).tolist() == at[wanted].tolist()
    assert got.series.open_ms.tolist() == at[is_kept].tolist()
    assert got.n_agree.tolist() == n_best[is_kept].tolist()


def test_a_quorum_of_nobody_is_refused():
    with pytest.raises(ValueError, match="a quorum of 0 confirms nothing"):
        merge(walk(), walk(), quorum=0)


def test_values_of_a_bar_come_from_one_vendor():
    close = walk()
    first, second = series(close, volume=3.0), series(noisy(close), volume=7.0)
    got = merge(take(first, np.arange(N) != 7), second, quorum=1)
    assert got.series.volume.tolist() == [3.0] * 7 + [7.0] + [3.0] * (N - 8)
    assert got.series.taker_buy[7] == 3.5


def test_a_volume_is_its_venues_own_and_held_against_no_other():
    """However far volumes are apart, prices alone say who agrees; none is added to another."""
    close = walk()
    first = series(close, volume=3.0)
    likes = [merge(first, series(noisy(close), volume=each)) for each in (0.0, 3.0, 9e9)]
    for got in likes:
        assert (got.disputed.size, got.n_agree.min()) == (0, 2)
        assert set(got.series.volume) == {3.0}
    told = [reconcile.compare(first, each.series, 1e-6, 5) for each in likes]
    assert all(np.array_equal(each.bps, told[0].bps) for each in told)


def test_spot_and_perpetual_are_not_merged():
    close = series(walk())
    with pytest.raises(ValueError, match="the basis between them is a price"):
        reconcile.merge([close, close], [1e-6, 1e-6], ["spot", "perp"], 5)


def test_nothing_in_common_is_an_error_that_says_so():
    told = reconcile.compare(series(walk()), series(walk(), first=10_000), 1e-6, 5)
    with pytest.raises(ValueError, match="no bar in common"):
        reconcile.summary(told)
