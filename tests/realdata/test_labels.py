"""Labels and splits of real bars, with their gaps and coins that went away."""

from __future__ import annotations

import numpy as np
import pytest
from tests.oracle import slow_labels

from quorate.core.types import Bar
from quorate.lake import NEVER, PanelSpec, Source, load
from quorate.research.barriers import Ended
from quorate.research.events import cusum, hourly
from quorate.research.labels import triple_barrier
from quorate.research.prices import of
from quorate.research.splits import combinatorial, overlaps, walk_forward
from quorate.research.weights import by_uniqueness, uniqueness_when_made

pytestmark = pytest.mark.realdata

DAY_MS = 86_400_000


@pytest.fixture(scope="module", params=["5m", "15m_delisted"])
def panel(request, data):
    """Return a panel with long gaps, and one of coins that went away."""
    folder = data / "ohlcv/binance_spot" / request.param
    return load(PanelSpec((Source(folder, "binance_spot", "spot"),)))


def test_labels_and_splits_of_a_real_market(panel):
    prices = of(panel)
    events = hourly(prices)
    horizon = 240 // panel.bar_minutes
    found = triple_barrier(
        prices, events, horizon=horizon, profit_frac=0.02, stop_frac=0.02, cost_bps=12.0
    )
    assert found.n + sum(found.left_out.values()) == len(events.k)
    assert found.n > 0.9 * len(events.k)
    assert not {Ended.NO_BARRIER, Ended.NO_SIDE} & set(found.left_out)
    assert np.isfinite(found.net).all()
    late = found.end_k - found.start_k > horizon
    assert (found.ended[late] == Ended.DELISTED).all()
    assert (found.end_k - found.exit_k)[late].max() < 2 * prices.silent_bars

    # nobody holds a bar that did not trade: counted by prefix sums, not by the path
    broken = np.cumsum(np.vstack((np.zeros(panel.n_coins), prices.status != Bar.TRADED)), axis=0)
    held = broken[found.exit_k - prices.k0 + 1, found.coin]
    assert (held - broken[found.start_k - prices.k0, found.coin] == 0).all()

    rng = np.random.default_rng(1)
    some = np.unique(np.concatenate((rng.integers(0, found.n, 60), _rare(found))))
    for i in some:
        k, c = int(found.start_k[i]), int(found.coin[i])
        t = k - prices.k0
        near = slice(t, min(t + horizon + 2 * prices.silent_bars, prices.n_bars))
        piece = [np.ascontiguousarray(x[near]) for x in prices[2:7]]
        part = prices._replace(
            k0=k, open=piece[0], high=piece[1], low=piece[2], close=piece[3], status=piece[4]
        )
        expected = slow_labels.follow(part, k, c, 1, 0.02, 0.02, horizon, 0.05)
        assert (Ended(found.ended[i]).name, found.end_k[i], found.exit_k[i]) == expected[:3]
        assert found.gross[i] == pytest.approx(expected[3], abs=1e-12)

    unique = by_uniqueness(found)
    assert ((unique > 0.0) & (unique <= 1.0)).all()
    assert uniqueness_when_made(found.first_k, found.exit_k, found.coin).min() >= 0.25

    walk = walk_forward(found.start_ms, found.end_ms, until_ms=panel.close_ms(panel.n_bars - 1))
    crossed = combinatorial(found.start_ms, found.end_ms)
    for split in (*walk, *crossed):
        assert overlaps(split, found.start_ms, found.end_ms) == 0
    gaps = [found.start_ms[s.test[0, 0]] - found.end_ms[s.train_rows].max() for s in walk]
    assert min(gaps) > 4 * DAY_MS


def _rare(labels):
    """Return the labels that a delisting ended."""
    return np.flatnonzero(labels.ended == Ended.DELISTED)[:20]


def test_coins_that_went_away_leave_labels(panel):
    gone = np.flatnonzero(panel.delisted_k != NEVER)
    prices = of(panel)
    found = triple_barrier(prices, hourly(prices), horizon=16, profit_frac=9.0, stop_frac=0.9)
    ended = np.flatnonzero(found.ended == Ended.DELISTED)
    assert set(gone) <= set(found.coin[ended])
    for k, c in zip(found.exit_k[ended] + 1 - panel.k0, found.coin[ended], strict=True):
        assert (panel.bars.status[k : k + prices.silent_bars, c] != Bar.TRADED).all()
    assert (found.gross[found.ended == Ended.DELISTED] < 0.2).all()


def test_moves_are_far_fewer_than_bars_and_on_bars_that_traded(panel):
    prices = of(panel)
    found = cusum(prices, 0.03)
    status = prices.status[found.k - prices.k0, found.coin]
    assert (status == Bar.TRADED).all()
    assert 0.001 < len(found.k) / np.sum(prices.status == Bar.TRADED) < 0.1
