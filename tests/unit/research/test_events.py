"""Events: on the hour or after a move, never on a bar that did not trade, and from the past."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.research.markets import K0, cut, market, wander

from quorate.core.kernel import signatures
from quorate.core.types import Bar
from quorate.lake.synthetic import synthetic
from quorate.research import events
from quorate.research.events import cusum, hourly
from quorate.research.prices import of

A, T, M = Bar.ABSENT, Bar.TRADED, Bar.IMPUTED


def pairs(found):
    return list(zip(found.k.tolist(), found.coin.tolist(), strict=True))


def moves_by_hand(prices, threshold, restart_days=7):
    """Walk every coin bar by bar."""
    found = []
    for c in range(prices.n_coins):
        up = down = 0.0
        last = np.nan
        for t in range(prices.n_bars):
            close, is_absent = prices.close[t, c], prices.status[t, c] == A
            move = np.nan if is_absent else np.log(close / last)
            h = threshold[t, c]
            if np.isnan(move) or np.isnan(h):
                up = down = 0.0
            else:
                up, down = max(0.0, up + move), min(0.0, down + move)
            if prices.status[t, c] == T:
                if up > h:
                    up = 0.0
                    found.append((prices.k0 + t, c))
                elif down < -h:
                    down = 0.0
                    found.append((prices.k0 + t, c))
            last = np.nan if is_absent else close
            if (prices.k0 + t) * prices.bar_minutes % (restart_days * 1440) == 0:
                up = down = 0.0
    return sorted(found)


# -- one an hour


@pytest.mark.parametrize("k0", [K0, K0 + 1, K0 + 11])
def test_events_are_on_the_hour_whatever_the_first_bar(k0):
    found = hourly(wander(1, 30, 2, k0=k0))
    assert set(found.k % 12) == {0}
    assert pairs(found) == sorted(pairs(found))
    assert len(found.k) == 2 * len([k for k in range(k0, k0 + 30) if k % 12 == 0])


def test_an_hour_of_other_bars():
    found = hourly(wander(1, 9, 1, k0=4, bar_minutes=15))
    assert found.k.tolist() == [4, 8, 12]


def test_no_event_on_a_bar_that_did_not_trade_or_is_not_allowed():
    prices = wander(1, 37, 1)
    prices.status[12, 0], prices.status[24, 0] = M, A
    assert pairs(hourly(prices)) == [(K0, 0), (K0 + 36, 0)]
    allowed = np.ones((37, 1), np.int8)
    allowed[36] = 0
    assert pairs(hourly(prices, allowed=allowed)) == [(K0, 0)]
    with pytest.raises(ValueError, match="one flag a bar and coin"):
        hourly(prices, allowed=allowed[:3])


# -- after a move


def closes(*values, **more):
    return market([(v, v, v, v) for v in values], **more)


def test_a_move_is_summed_and_spent():
    # three steps of 1% pass 2.5%, then the sum begins again; down has a sum of its own
    prices = closes(100, 101, 102.01, 103.03, 104.06, 101.5, 100.9, 100.8)
    assert pairs(cusum(prices, 0.025)) == [(K0 + 3, 0), (K0 + 6, 0)]


def test_a_move_of_just_the_threshold_is_none():
    step = float(np.log(110.0 / 100.0))
    assert pairs(cusum(closes(100, 110), step)) == []
    assert pairs(cusum(closes(100, 110), np.nextafter(step, 0.0))) == [(K0 + 1, 0)]


def test_over_an_absent_bar_the_sums_begin_again():
    values = (100, 101.5, np.nan, 103, 104, 104)
    prices = closes(*values, status=[T, T, A, T, T, T])
    assert pairs(cusum(prices, 0.02)) == []
    assert pairs(cusum(closes(*values[:2], 103, 104), 0.02)) == [(K0 + 2, 0)]


def test_a_price_left_standing_in_an_absent_bar_is_none():
    prices = closes(100, 101.5, 101.5, 104, 104, status=[T, T, A, T, T])
    assert pairs(cusum(prices, 0.02)) == []


def test_an_imputed_bar_has_no_event_and_the_move_waits():
    prices = closes(100, 103, 103, 103, status=[T, M, T, T])
    assert pairs(cusum(prices, 0.02)) == [(K0 + 2, 0)]


def test_an_unknown_threshold_begins_again():
    prices = closes(100, 101.5, 101.5, 103, 105)
    limit = np.full((5, 1), 0.02)
    limit[2] = np.nan
    assert pairs(cusum(prices, limit)) == [(K0 + 4, 0)]


def test_what_came_before_a_restart_changes_nothing():
    day = 288
    prices = wander(3, 5 * day, 2, k0=day * 20 - 100, move=0.002)
    whole = pairs(cusum(prices, 0.01, restart_days=2))
    for begun in range(20, 24):
        if begun % 2:
            continue
        t = begun * day - prices.k0
        arrays = {x: getattr(prices, x)[t:].copy() for x in ("open", "high", "low", "close")}
        late = prices._replace(k0=prices.k0 + t, status=prices.status[t:].copy(), **arrays)
        found = pairs(cusum(late, 0.01, restart_days=2))
        assert len(found) > 20
        assert found == [pair for pair in whole if pair[0] > late.k0]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 60),
    holes=st.sampled_from([0.0, 0.2]),
    k0=st.integers(0, 700),
)
def test_moves_are_those_found_by_hand(seed, n, holes, k0):
    prices = wander(seed, n, 3, holes=holes, k0=k0)
    rng = np.random.default_rng(seed)
    threshold = rng.uniform(0.005, 0.03, (n, 3))
    threshold[rng.random((n, 3)) < 0.05] = np.nan
    found = pairs(cusum(prices, threshold, restart_days=1))
    assert found == moves_by_hand(prices, threshold, restart_days=1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 59))
def test_what_comes_later_changes_no_event(seed, n):
    prices = wander(seed, 60, 2, holes=0.1)
    early = cut(prices, n)
    for take in (hourly, lambda p: cusum(p, 0.015)):
        assert pairs(take(early)) == [pair for pair in pairs(take(prices)) if pair[0] < K0 + n]


def test_events_are_far_fewer_than_bars():
    prices = of(synthetic(n_coins=4, days=10, seed=1))
    n_bars = int(np.sum(prices.status == T))
    assert len(hourly(prices).k) < n_bars / 11
    sigma = np.array([0.01, 0.02, 0.02, 0.03])  # one a coin
    assert 0 < len(cusum(prices, sigma).k) < n_bars / 20


@pytest.mark.parametrize("threshold", [0.0, -0.01, [0.01, 0.0]])
def test_a_threshold_is_above_zero(threshold):
    with pytest.raises(ValueError, match="it must be above 0"):
        cusum(wander(1, 5, 2), np.array(threshold))


def test_a_restart_is_at_least_a_day_away():
    with pytest.raises(ValueError, match="restart_days is 0"):
        cusum(wander(1, 5, 2), 0.01, restart_days=0)


def test_one_signature():
    cusum(wander(1, 5, 2), 0.01)
    cusum(wander(1, 5, 2), np.array([1, 1]))
    assert signatures(events._moves) <= 1
