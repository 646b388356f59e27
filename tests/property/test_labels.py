"""Labels are those of a plain second form, and what comes after one's end changes nothing of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle import slow_labels
from tests.unit.research.markets import K0, cut, wander

from quorate.core.types import Bar
from quorate.research.barriers import Ended
from quorate.research.events import Events
from quorate.research.labels import triple_barrier

N_BARS, N_COINS = 40, 2
CASES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10**6),
        "horizon": st.integers(1, 12),
        "holes": st.sampled_from([0.0, 0.05, 0.2]),
        "gone": st.sampled_from([None, 5, 20, 30]),
        "pause": st.sampled_from([2, 3, 5, 40]),  # three bars are an end
    }
)


def made(case):
    """Return a market, an event on each bar and coin, and how they are bet."""
    prices = wander(case["seed"], N_BARS, N_COINS, holes=case["holes"], silent_hours=0.25)
    if case["gone"] is not None:
        last = case["gone"]
        prices.status[last + 1 : last + 1 + case["pause"], 1] = Bar.ABSENT
        for x in (prices.open, prices.high, prices.low, prices.close):
            x[last + 1 : last + 1 + case["pause"], 1] = np.nan
    k, coin = np.divmod(np.arange(N_BARS * N_COINS), N_COINS)
    rng = np.random.default_rng(case["seed"])
    n = len(k)
    bets = {
        "profit_frac": rng.choice([0.005, 0.02, 0.05, np.inf, np.nan], n),
        "stop_frac": rng.choice([0.005, 0.02, 0.05, np.inf], n),
        "side": rng.integers(-1, 2, n),
        "horizon": case["horizon"],
        "haircut": 0.05,
    }
    return prices, Events(K0 + k, coin), bets


def taken(events, bets, keep):
    """Return the events and bets of some rows."""
    fewer = {
        name: value[keep] if isinstance(value, np.ndarray) else value
        for name, value in bets.items()
    }
    return Events(events.k[keep], events.coin[keep]), fewer


def as_rows(labels, keep=slice(None)):
    """Return labels as comparable rows, every number to its last bit."""
    columns = [np.asarray(x)[keep] for x in labels[1:11]]
    return list(zip(*(x.tolist() for x in columns), strict=True))


@settings(max_examples=60, deadline=None)
@given(case=CASES)
def test_labels_are_those_of_a_plain_form(case):
    prices, events, bets = made(case)
    found = triple_barrier(prices, events, **bets)
    by_event = dict(zip(found.event.tolist(), range(found.n), strict=True))
    reasons = dict.fromkeys(found.left_out, 0)
    for i, (k, c) in enumerate(zip(events.k.tolist(), events.coin.tolist(), strict=True)):
        expected = slow_labels.follow(
            prices,
            k,
            c,
            int(bets["side"][i]),
            bets["profit_frac"][i],
            bets["stop_frac"][i],
            bets["horizon"],
            bets["haircut"],
        )
        if len(expected) == 1:
            assert i not in by_event
            reasons[Ended[expected[0]]] += 1
            continue
        j = by_event[i]
        here = (Ended(found.ended[j]).name, found.end_k[j], found.exit_k[j])
        assert here == expected[:3]
        assert found.gross[j] == pytest.approx(expected[3], abs=1e-12)
    assert reasons == found.left_out


@settings(max_examples=60, deadline=None)
@given(case=CASES, n=st.integers(2, N_BARS - 1))
def test_cut_short_a_history_has_the_labels_whose_horizon_was_over(case, n):
    """To the last bit, and no other: no label is made early because it ended early."""
    prices, events, bets = made(case)
    whole = triple_barrier(prices, events, **bets)
    early, fewer = taken(events, bets, events.k < K0 + n)
    found = triple_barrier(cut(prices, n), early, **fewer)
    over = np.maximum(whole.start_k + case["horizon"], whole.end_k) < K0 + n
    assert as_rows(found) == as_rows(whole, over)


@settings(max_examples=60, deadline=None)
@given(case=CASES, n=st.integers(2, N_BARS - 1))
def test_whatever_comes_later_a_label_that_has_ended_stays(case, n):
    """Bars after T are changed in price and in status: labels with end_k <= T are the same."""
    prices, events, bets = made(case)
    whole = triple_barrier(prices, events, **bets)
    other = wander(case["seed"] + 1, N_BARS, N_COINS, holes=0.3)
    keep = np.arange(N_BARS)[:, None] < n
    changed = {
        name: np.where(keep, getattr(prices, name), getattr(other, name))
        for name in ("open", "high", "low", "close", "status")
    }
    found = triple_barrier(prices._replace(**changed), events, **bets)
    assert as_rows(found, found.end_k < K0 + n) == as_rows(whole, whole.end_k < K0 + n)


@settings(max_examples=40, deadline=None)
@given(case=CASES)
def test_no_label_holds_a_bar_that_did_not_trade(case):
    prices, events, bets = made(case)
    found = triple_barrier(prices, events, **bets)
    for start, exit_, c in zip(found.start_k, found.exit_k, found.coin, strict=True):
        held = prices.status[start - K0 : exit_ - K0 + 1, c]
        assert np.all(held == Bar.TRADED)


@settings(max_examples=40, deadline=None)
@given(case=CASES)
def test_coins_do_not_meet(case):
    prices, events, bets = made(case)
    whole = triple_barrier(prices, events, **bets)
    alone, fewer = taken(events, bets, events.coin == 1)
    arrays = {
        name: np.ascontiguousarray(getattr(prices, name)[:, 1:])
        for name in ("open", "high", "low", "close", "status")
    }
    second = prices._replace(**arrays)
    found = triple_barrier(second, Events(alone.k, np.zeros_like(alone.coin)), **fewer)
    assert [row[1:] for row in as_rows(found)] == [
        row[1:] for row in as_rows(whole, whole.coin == 1)
    ]
