"""A spread that is estimated is never below one price step of the venue."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from quorate.backtest.spreads import estimate, fill, init
from quorate.core import features
from quorate.core.features.table import index
from quorate.lake.synthetic import synthetic

NAN = float("nan")


def test_a_spread_is_at_least_a_tick_unless_a_quote_says_so():
    close = np.array([[[100.0, 0.005, NAN]]])
    quoted = np.array([[[NAN, NAN, NAN]]])
    tick = np.array([[0.01, 1e-6, 0.01]])
    last = np.array([20.0, 20.0, 20.0])
    market = SimpleNamespace(close=close, spread_bps=quoted)
    found = fill(market, tick, np.array([[2.5, 0.5, 3.0]]), last)
    np.testing.assert_allclose(found[0, 0], [2.5, 2.0, 3.0])
    told = SimpleNamespace(close=close, spread_bps=np.array([[[0.3, 0.3, 0.3]]]))
    np.testing.assert_allclose(
        fill(told, tick, np.array([[2.5, 0.5, 3.0]]), last)[0, 0], [0.3, 0.3, 0.3]
    )


def test_the_estimate_alone_is_the_feature_to_the_byte_in_any_blocks():
    panel = synthetic(n_coins=3, days=4)
    panel.bars.spread_bps[:] = NAN
    wanted = features.params(panel.bar_minutes)
    values = features.build(panel.bars, panel.k0, features.init(3, wanted), wanted).values
    state, found = init(3, panel.bars_per_hour), np.zeros(panel.bars.close.shape)
    for t in range(0, panel.n_bars, 100):
        rows = slice(t, t + 100)
        bars = type(panel.bars)._make(array[rows] for array in panel.bars)
        estimate(bars, panel.k0 + t, panel.bars_per_hour, state, found[rows])
    np.testing.assert_array_equal(found, values[:, index("spread_bps")])
